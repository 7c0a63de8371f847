"""``featser leakage``: how much the same pipeline flatters itself under each way to divide data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from featser.api.arguments.path_rules import written_folder
from featser.api.validation import validated
from featser.errors import ProtocolError, counted
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.statistics.intervals import evaluate_with_intervals, to_json
from featser.evaluation.statistics.resampling import resampling_units
from featser.evaluation.training_copies import Copies
from featser.experiment.loading.sources.source import STORE
from featser.experiment.runs.invocation import typed_command
from featser.experiment.runs.run_files import RUNS, run_folder
from featser.io.atomic_write import refuse_unwritable, whole, write_text
from featser.io.escaping import for_csv
from featser.io.result_display import Display, ShownResult
from featser.progress import Progress, stage
from featser.progress_bars import showing_progress
from featser.reporting.numbers import estimate
from featser.reporting.study_page import write_study
from featser.reporting.tables import Table
from featser.reporting.wording import as_sentence
from featser.studies.deliberate_leak import predict_with_test_copies_in_training
from featser.studies.study import Study, in_memory, study

METRICS = ("accuracy", "uar")
NO_COPIES = "the store has no augmented copies of these recordings: `featser extract … --augment`"


@dataclass(frozen=True)
class Way:
    """A way to divide data, and what leaks under it.

    Attributes
    ----------
    name, leaks : str
        What it is called, and what of the test part is in training.
    protocol : str
        How the utterances are divided.
    copies : {'none', 'training', 'anywhere'}
        Whether augmented copies are in the training set: those of training recordings only, or, as
        the deliberate mistake, those of all recordings.
    """

    name: str
    leaks: str
    protocol: str
    copies: str = "none"


WAYS = (
    Way(
        "augmented, then split at random",
        "altered copies of the test recordings themselves, and the test speakers: means nothing",
        "random",
        "anywhere",
    ),
    Way(
        "random, training recordings augmented",
        "the test speakers: how they sound, and where they were recorded",
        "random",
        "training",
    ),
    Way("random", "the test speakers: how they sound, and where they were recorded", "random"),
    Way(
        "by speaker, training recordings augmented",
        "no speaker; the test sentences, where all speakers read the same",
        "speaker-independent",
        "training",
    ),
    Way(
        "by speaker",
        "no speaker; the test sentences, where all speakers read the same",
        "speaker-independent",
    ),
    Way(
        "by speaker and sentence",
        "neither speaker nor sentence: new speakers who say something new",
        "speaker-and-sentence-independent",
    ),
)
"""From the one that leaks most to the one that leaks least."""
_WITHOUT_SPEAKERS = {
    WAYS[0].name: "altered copies of the test recordings themselves: means nothing",
    WAYS[1].name: "perhaps the test speakers: the data do not say who speaks",
    WAYS[2].name: "perhaps the test speakers: the data do not say who speaks",
}
"""What leaks where no speaker is known."""


@dataclass(frozen=True)
class Leak:
    """What one way gave.

    Attributes
    ----------
    name, leaks, protocol, copies : str
        As :class:`Way` has them.
    folds, utterances : int
        How many, of those that were tested.
    accuracy, uar : dict
        Each with ``value``, ``low`` and ``high``.
    """

    name: str
    leaks: str
    protocol: str
    copies: str
    folds: int
    utterances: int
    accuracy: dict[str, Any]
    uar: dict[str, Any]


@dataclass(repr=False)
class Leakage(ShownResult):
    """The table, and where it was written.

    Attributes
    ----------
    folder : Path
        Holds ``leakage.csv``, ``leakage.json``, ``leakage.md`` and ``leakage.html``.
    rows : list of Leak
    left_out : dict of str to str
        Ways that the data do not allow, and why.
    described : dict
        What was studied.
    notes : list of str
        What a reader must know, such as a class that a training part lacked.
    fits : list of str
        Which kept fits were damaged, or what could not be kept.
    resampled : str
        What intervals are over: speakers, or utterances.
    """

    folder: Path
    rows: list[Leak] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fits: list[str] = field(default_factory=list)
    resampled: str = "speakers"

    @property
    def interval_notes(self) -> list[str]:
        """What limits the intervals, each note once."""
        figures = [figure for row in self.rows for figure in (row.accuracy, row.uar)]
        return list(dict.fromkeys(figure["note"] for figure in figures if "note" in figure))

    def display(self) -> Display:
        """Return the ways to divide the data, with their figures."""
        rows = [[row.name, estimate(row.accuracy), estimate(row.uar)] for row in self.rows]
        text = (
            f"{self.described.get('task')} under {counted(len(rows), 'way')} to divide the data, "
            f"{len(self.left_out)} left out; files in {self.folder}"
        )
        return Display(text, ["divided", "accuracy [95 % interval]", "UAR [95 % interval]"], rows)


@validated(output=written_folder)
@showing_progress
def leakage(
    source: str | Path | None = None,
    /,
    *,
    store: str | Path = STORE,
    output: str | Path | None = None,
    n_jobs: int = -1,
    data: Mapping[str, str | Path] | None = None,
    corpus: str | None = None,
    cache: bool = True,
    **fields: Any,
) -> Leakage:
    """Evaluate one model under ways to divide data that leak more and less, and write the table.

    Parameters
    ----------
    source, store, n_jobs, data, corpus, cache
        As :func:`featser.fit` has them.
    output : str or Path, optional
        The folder to write; a new one under ``runs/`` by default.
    **fields
        Fields of :class:`~featser.experiment.schema.Experiment`.

    Returns
    -------
    Leakage
        A row for each of :data:`WAYS` that the data allow.

    Raises
    ------
    FeatserError
        As :func:`featser.fit`; ways that the data do not allow are left out, with the reason.
    """
    if output is None:
        refuse_unwritable(RUNS)
    loaded = study(
        source,
        store=store,
        data=data,
        corpus=corpus,
        n_jobs=n_jobs,
        cache=cache,
        **fields,
    )
    result = Leakage(
        run_folder(output, loaded.data.table, "leakage"),
        described=loaded.described(),
        resampled=resampling_units(loaded.data.speaker, len(loaded.data.table)).words,
    )
    for way in WAYS:
        copies = loaded.data.copies
        if way.copies != "none" and copies is None:
            result.left_out[way.name] = NO_COPIES
            continue
        try:
            folds = _folds(loaded, way.protocol)
        except ProtocolError as error:
            result.left_out[way.name] = str(error)
            continue
        predicted, notes = _predicted(loaded, way, folds, copies, n_jobs, stage(way.name))
        result.rows.append(_scored(loaded, way, folds, predicted))
        result.notes += [f"{way.name}: {note}" for note in (*folds.notes, *notes)]
    result.fits = loaded.cache_notes
    _write(result, typed_command())
    return result


def _folds(loaded: Study, protocol: str) -> Folds:
    seed = loaded.experiment.seed
    return make_folds(protocol, loaded.data.table, loaded.label, loaded.sound, seed)


def _predicted(
    loaded: Study, way: Way, folds: Folds, copies: Copies | None, jobs: int, progress: Progress
) -> tuple[pd.DataFrame, list[str]]:
    """Return out-of-fold predictions, and what a reader must know of them."""
    if way.copies == "anywhere" and copies is not None:
        held = Copies(in_memory(copies.X), copies.made_of)
        leaky = predict_with_test_copies_in_training(
            loaded.model, loaded.features, loaded.label, folds, loaded.task, held,
            loaded.experiment.seed, jobs, progress,
        )  # fmt: skip
        return leaky, []
    honest = loaded.predict(
        way.protocol, folds, copies if way.copies == "training" else None, jobs, progress
    )
    return honest.predictions, honest.notes


def _scored(loaded: Study, way: Way, folds: Folds, predicted: pd.DataFrame) -> Leak:
    task = loaded.task
    labelled = predicted[predicted[f"{task.name}.true"].notna()]
    speaker = loaded.data.speaker[labelled.index.to_numpy()]
    figures = evaluate_with_intervals(
        task, labelled[f"{task.name}.true"].to_numpy(), labelled[f"{task.name}.pred"].to_numpy(),
        speaker,
    )  # fmt: skip
    leaks = way.leaks if loaded.has_speakers else _WITHOUT_SPEAKERS.get(way.name, way.leaks)
    return Leak(
        **{**asdict(way), "leaks": leaks},
        folds=folds.count,
        utterances=len(labelled),
        accuracy=figures["accuracy"],
        uar=figures["uar"],
    )


def _write(result: Leakage, command: str) -> None:
    folder = result.folder
    described = {
        **result.described,
        "rows": [asdict(row) for row in result.rows],
        "left_out": result.left_out,
        "notes": result.notes,
    }
    text = json.dumps(to_json(described), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / "leakage.json", text)
    with whole(folder / "leakage.csv") as temporary:
        for_csv(pd.DataFrame(map(_flat, result.rows))).to_csv(temporary, index=False)
    notes = [f"{name}: left out: {reason}." for name, reason in result.left_out.items()]
    notes += [f"{note}." for note in result.notes]
    notes += [as_sentence(note) for note in result.interval_notes]
    table = Table(
        f"Recognising {result.described['task']} under ways to divide the data",
        ["division of the data", "test recordings in training", "accuracy", "UAR", "folds"],
        [
            [row.name, row.leaks, estimate(row.accuracy), estimate(row.uar), str(row.folds)]
            for row in result.rows
        ],
        {0, 1},
        notes=notes,
    )
    sentences = [
        "The same recordings, features and model: only the training sets and test sets differ. "
        "What a row has above the last one, it owes to what leaks. All figures are of recordings "
        f"as they are; 95 % intervals over {result.resampled}.",
    ]
    write_study(folder / "leakage", "What leaks", sentences, table, result.described, command)


def _flat(row: Leak) -> dict[str, Any]:
    flat = {name: value for name, value in asdict(row).items() if name not in METRICS}
    for metric in METRICS:
        figure = getattr(row, metric)
        flat |= {
            metric: figure["value"],
            f"{metric}_low": figure["low"],
            f"{metric}_high": figure["high"],
        }
    return flat
