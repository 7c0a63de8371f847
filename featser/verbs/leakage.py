"""``featser leakage``: how much the same pipeline flatters itself under each way to divide data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from featser.errors import ProtocolError
from featser.evaluation.copies import Copies
from featser.evaluation.folds import Folds
from featser.evaluation.protocols import make_folds
from featser.evaluation.uncertainty import evaluate_with_intervals, to_json
from featser.files import whole, write_text
from featser.progress import Progress, silent
from featser.reporting.numbers import estimate
from featser.reporting.study import write_study
from featser.reporting.tables import Table
from featser.verbs.deliberate_leak import predict_having_heard_copies_of_the_test_part
from featser.verbs.results import run_folder
from featser.verbs.source import STORE
from featser.verbs.study import Study, in_memory, study

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
        Whether augmented copies are learnt from: those of training recordings alone, or, by the
        deliberate mistake, any.
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


@dataclass
class Leakage:
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
    """

    folder: Path
    rows: list[Leak] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fits: list[str] = field(default_factory=list)


def leakage(
    source: str | Path | None = None,
    store: str | Path = STORE,
    primary: str | None = None,
    model: str | None = None,
    features: Sequence[str] = (),
    corpus: str | None = None,
    data: Mapping[str, str | Path] | None = None,
    seed: int | None = None,
    output: str | Path | None = None,
    jobs: int = -1,
    audit: bool = True,
    cache: bool = True,
    command: str = "",
    progress: Callable[[str], Progress] = lambda step: silent,
) -> Leakage:
    """Evaluate one model under ways to divide data that leak more and less, and write the table.

    Parameters
    ----------
    source, store, primary, model, features, corpus, data, seed, jobs, audit, cache
        As :func:`featser.fit` has them.
    output : str or Path, optional
        The folder to write; a new one under ``runs/`` by default.
    command : str
        What the user typed.
    progress : callable
        Given a step's name, returns what is called with the units done and in all.

    Returns
    -------
    Leakage
        A row for each of :data:`WAYS` that the data allow.

    Raises
    ------
    FeatserError
        As :func:`featser.fit`; ways that the data do not allow are left out, with the reason.
    """
    found = study(
        source, store, primary, model, features, corpus, data, seed, jobs, audit, cache,
        progress("Examining recordings"),
    )  # fmt: skip
    result = Leakage(run_folder(output, found.data.table, "leakage"), described=found.described())
    for way in WAYS:
        copies = found.data.copies
        if way.copies != "none" and copies is None:
            result.left_out[way.name] = NO_COPIES
            continue
        try:
            folds = _folds(found, way.protocol)
        except ProtocolError as error:
            result.left_out[way.name] = str(error)
            continue
        predicted, notes = _predicted(found, way, folds, copies, jobs, progress(way.name))
        result.rows.append(_scored(found, way, folds, predicted))
        result.notes += [f"{way.name}: {note}" for note in (*folds.notes, *notes)]
    result.fits = found.told()
    _write(result, command)
    return result


def _folds(found: Study, protocol: str) -> Folds:
    seed = found.settings.seed
    return make_folds(protocol, found.data.table, found.label, found.sound, seed)


def _predicted(
    found: Study, way: Way, folds: Folds, copies: Copies | None, jobs: int, progress: Progress
) -> tuple[pd.DataFrame, list[str]]:
    """Return out-of-fold predictions, and what a reader must know of them."""
    if way.copies == "anywhere" and copies is not None:
        held = Copies(in_memory(copies.X), copies.made_of)
        leaky = predict_having_heard_copies_of_the_test_part(
            found.model, found.features, found.label, folds, found.task, held,
            found.settings.seed, jobs, progress,
        )  # fmt: skip
        return leaky, []
    honest = found.predict(
        way.protocol, folds, copies if way.copies == "training" else None, jobs, progress
    )
    return honest.predictions, honest.notes


def _scored(found: Study, way: Way, folds: Folds, predicted: pd.DataFrame) -> Leak:
    task = found.task
    known = predicted[predicted[f"{task.name}.true"].notna()]
    speaker = found.data.speaker[known.index.to_numpy()]
    figures = evaluate_with_intervals(
        task, known[f"{task.name}.true"].to_numpy(), known[f"{task.name}.pred"].to_numpy(),
        speaker if (found.data.speaker != "").all() else None, seed=found.settings.seed,
    )  # fmt: skip
    return Leak(
        **asdict(way),
        folds=folds.count,
        utterances=len(known),
        accuracy=figures["accuracy"],
        uar=figures["uar"],
    )


def _write(result: Leakage, command: str) -> None:
    folder = result.folder
    kept = {
        **result.described,
        "rows": [asdict(row) for row in result.rows],
        "left_out": result.left_out,
        "notes": result.notes,
    }
    text = json.dumps(to_json(kept), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / "leakage.json", text)
    with whole(folder / "leakage.csv") as temporary:
        pd.DataFrame(map(_flat, result.rows)).to_csv(temporary, index=False)
    notes = [f"{name}: left out: {reason}." for name, reason in result.left_out.items()]
    notes += [f"{note}." for note in result.notes]
    table = Table(
        f"Recognising {result.described['task']} under ways to divide the data",
        ["divided", "in training of the test part", "accuracy", "UAR", "folds"],
        [
            [row.name, row.leaks, estimate(row.accuracy), estimate(row.uar), str(row.folds)]
            for row in result.rows
        ],
        {0, 1},
        notes=notes,
    )
    sentences = [
        "The same recordings, features and model: only what is learnt from and tested differs. "
        "What a row has above the last one, it owes to what leaks. All figures are of recordings "
        "as they are; intervals are by bootstrap over speakers.",
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
