"""``featser curve``: how the figure grows with the number of training speakers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.api.arguments.path_rules import written_folder
from featser.api.validation import validated
from featser.errors import ProtocolError
from featser.evaluation.cross_fit import CrossFit
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.statistics.intervals import mean_uar_with_interval, to_json
from featser.experiment.loading.sources.source import STORE
from featser.experiment.recipe import RECIPE
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.invocation import typed_command
from featser.experiment.runs.reopened_run import data_of_run, store_of_run
from featser.experiment.runs.report_links import REPORT, changing_report
from featser.experiment.runs.run_files import RUNS, run_folder
from featser.io.atomic_write import refuse_unwritable, whole, write_text
from featser.io.escaping import for_csv
from featser.io.result_display import Display, ShownResult
from featser.progress import stage
from featser.progress_bars import showing_progress
from featser.reporting.curve_figure import drawn
from featser.reporting.numbers import estimate, number
from featser.reporting.sections.curve_section import add_curve
from featser.reporting.study_page import write_study
from featser.reporting.tables import Table
from featser.reporting.wording import as_sentence
from featser.studies.study import Study, study

PROTOCOL = "speaker-independent"
DRAWS = 5
FEWEST = 2


@dataclass(frozen=True)
class Point:
    """The result with a number of training speakers.

    Attributes
    ----------
    speakers : int
        Training speakers of each fold.
    draws : int
        Random choices of these speakers.
    uar : dict
        The mean over the draws, with ``low`` and ``high``.
    lowest, highest : float
        UAR of the worst and the best draw.
    utterances : float
        Mean number of training utterances per fold.
    lacking : int
        Number of fits whose training set lacks a class of the test set.
    """

    speakers: int
    draws: int
    uar: dict[str, Any]
    lowest: float
    highest: float
    utterances: float
    lacking: int


@dataclass(repr=False)
class Curve(ShownResult):
    """The curve, and where it was written.

    Attributes
    ----------
    folder : Path
        Holds ``curve.csv``, ``curve.json``, ``curve.md``, ``curve.html`` and ``curve.svg``.
    points : list of Point
        From few to many speakers.
    chance : float
    described : dict
        What was studied.
    fits : list of str
        Which kept fits were damaged, or what could not be kept.
    report : Path or None
        The report of a run that got the section "Learning curve".
    """

    folder: Path
    points: list[Point]
    chance: float
    described: dict[str, Any]
    fits: list[str] = field(default_factory=list)
    report: Path | None = None

    @property
    def interval_notes(self) -> list[str]:
        """What limits the intervals, each note once."""
        figures = [point.uar for point in self.points]
        return list(dict.fromkeys(figure["note"] for figure in figures if "note" in figure))

    def display(self) -> Display:
        """Return the UAR for each number of training speakers."""
        rows = [[point.speakers, point.draws, estimate(point.uar)] for point in self.points]
        ends = [self.points[at] for at in dict.fromkeys((0, len(rows) - 1)) if rows]
        parts = [
            f"{number(point.uar['value'])} with {point.speakers} training speakers"
            for point in ends
        ]
        text = (
            f"UAR of {self.described.get('task')}: "
            f"{'; '.join([*parts, f'chance {number(self.chance)}'])}; files in {self.folder}"
        )
        return Display(text, ["training speakers", "draws", "UAR [95 % interval]"], rows)


@validated(output=written_folder)
@showing_progress
def curve(
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
) -> Curve:
    """Fit on 2, 4, 8, … training speakers, test the same folds, and write the curve.

    Parameters
    ----------
    source, store, n_jobs, data, corpus, cache
        As :func:`featser.fit` has them. Of the folder of a finished run, or its ``recipe.yaml``,
        the report of the run also gets the section "Learning curve", and ``data`` and ``store`` are
        where the run had them.
    output : str or Path, optional
        The folder to write; a new one under ``runs/`` by default.
    **fields
        Fields of :class:`~featser.experiment.schema.Experiment`.

    Returns
    -------
    Curve
        A point for each number of speakers.

    Raises
    ------
    ProtocolError
        If there are too few speakers.
    FeatserError
        As :func:`featser.fit`.
    """
    run = _run_of(source)
    if run is not None:
        source = run / RECIPE
    if run is not None and not data and corpus is None:
        data = data_of_run(run)
    if run is not None and Path(store) == Path(STORE):
        store = store_of_run(run, store)
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
    folds = make_folds(
        PROTOCOL, loaded.data.table, loaded.label, loaded.sound, loaded.experiment.seed
    )
    plan = _plan(loaded.unit(PROTOCOL), folds, loaded.experiment.draws, loaded.experiment.seed)
    progress = stage("Fitting (draws × folds)")
    done, total = 0, folds.count * sum(map(len, plan.values()))
    points = []
    for speakers, chosen in plan.items():
        predicted = []
        for part in chosen:
            base = done
            predicted.append(
                loaded.predict(
                    PROTOCOL,
                    part,
                    loaded.data.copies,
                    n_jobs,
                    lambda at, _, base=base: progress(base + at, total),
                )
            )
            done += part.count
        points.append(_point(loaded, speakers, chosen, predicted))
    chance = 1 / loaded.label.dropna().nunique()
    folder = run_folder(output, loaded.data.table, "curve")
    result = Curve(folder, points, chance, loaded.described(), loaded.cache_notes)
    _write(result, typed_command())
    if run is not None:
        _add_to_report(result, run / REPORT)
    return result


def levels(most: int) -> list[int]:
    """Return the numbers of training speakers: 2, 4, 8, … and as many as there are."""
    doubled = [FEWEST * 2**step for step in range(most) if FEWEST * 2**step < most]
    return [*doubled, most]


def _plan(unit: NDArray[np.str_], folds: Folds, draws: int, seed: int) -> dict[int, list[Folds]]:
    """Choose the training speakers of each fold in every draw; those of few are among the many."""
    trains = [np.unique(unit[folds.train(k)]) for k in range(folds.count)]
    most = min(map(len, trains))
    if most < FEWEST:
        raise ProtocolError(f"a fold has {most} training speaker: a curve needs {FEWEST}")
    random = np.random.default_rng(seed)
    orders = [[random.permutation(names) for names in trains] for _ in range(draws)]
    plan: dict[int, list[Folds]] = {}
    for speakers in levels(most):
        chosen = [[order[:speakers] for order in draw] for draw in orders]
        everybody = all(speakers == len(names) for names in trains)
        plan[speakers] = [
            Folds(folds.test, _excluded(unit, folds, draw))
            for draw in chosen[: 1 if everybody else None]
        ]
    return plan


def _excluded(
    unit: NDArray[np.str_], folds: Folds, chosen: Sequence[NDArray[np.str_]]
) -> NDArray[np.bool_]:
    """Return, for each fold, the rows that are neither in its training set nor in its test set."""
    rows = [~np.isin(unit, who) & (folds.test != k) for k, who in enumerate(chosen)]
    return np.array(rows, dtype=bool)


def _point(
    loaded: Study, speakers: int, chosen: Sequence[Folds], fitted: Sequence[CrossFit]
) -> Point:
    task = loaded.task
    tables = [result.predictions for result in fitted]
    labelled = [table[table[f"{task.name}.true"].notna()] for table in tables]
    who = loaded.data.speaker[labelled[0].index.to_numpy()]
    figure, each = mean_uar_with_interval(
        task,
        labelled[0][f"{task.name}.true"].to_numpy(),
        [table[f"{task.name}.pred"].to_numpy() for table in labelled],
        who,
    )
    sizes = [len(part.train(k)) for part in chosen for k in range(part.count)]
    lacking = sum(len(result.notes) for result in fitted)
    return Point(
        speakers, len(chosen), figure, min(each), max(each), float(np.mean(sizes)), lacking
    )


def _write(result: Curve, command: str) -> None:
    folder = result.folder
    described = {
        **result.described,
        "chance": result.chance,
        "points": [asdict(point) for point in result.points],
    }
    text = json.dumps(to_json(described), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / "curve.json", text)
    with whole(folder / "curve.csv") as temporary:
        for_csv(pd.DataFrame(map(_flat, result.points))).to_csv(temporary, index=False)
    shown = _shown(result)
    write_study(
        folder / "curve",
        "Learning curve",
        shown.sentences,
        shown.table,
        result.described,
        command,
        shown.plot,
    )


@dataclass(frozen=True)
class _Shown:
    """What pages show of a curve."""

    sentences: list[str]
    table: Table
    plot: str


def _shown(result: Curve) -> _Shown:
    task = result.described["task"]
    table = Table(
        f"UAR of {task} by the number of training speakers",
        [
            "speakers",
            "utterances",
            "draws",
            "UAR",
            "worst draw",
            "best draw",
            "fits without a class",
        ],
        [
            [
                str(point.speakers),
                f"{point.utterances:.0f}",
                str(point.draws),
                estimate(point.uar),
                number(point.lowest),
                number(point.highest),
                str(point.lacking),
            ]
            for point in result.points
        ],
        notes=[as_sentence(note) for note in result.interval_notes],
    )
    sentences = [
        "Each fold of the speaker-independent protocol is tested as ever, but its model learns "
        "from so many speakers alone, chosen at random; UAR is the mean over several choices, its "
        "95 % interval over the test speakers. A curve that still rises at its end says "
        "that more speakers would help; one that is flat, that they would not.",
        f"Chance: {number(result.chance)}.",
    ]
    plot = drawn(
        [point.speakers for point in result.points],
        [point.uar for point in result.points],
        result.chance,
        f"UAR of {task}",
    )
    return _Shown(sentences, table, plot)


def _run_of(source: str | Path | None) -> Path | None:
    """Return the folder of the run that the source is, or whose recipe it is."""
    named = Path("" if source is None else source)
    folder = named.parent if named.name == RECIPE else named
    is_run = source is not None and (folder / RECIPE).is_file() and (folder / REPORT).is_file()
    return folder if is_run else None


def _add_to_report(result: Curve, report: Path) -> None:
    """Put the section into the report of a run."""
    shown = _shown(result)
    with only_writer(report.parent), changing_report(report.parent):
        has_place = add_curve(report, PROTOCOL, shown.sentences, shown.plot, shown.table)
    if has_place:
        result.report = report
    else:
        result.fits.append(
            f"{report} is damaged or of an earlier version, and has no place for the curve: run "
            f"`featser fit` again"
        )


def _flat(point: Point) -> dict[str, Any]:
    flat = {name: value for name, value in asdict(point).items() if name != "uar"}
    figure = point.uar
    return flat | {"uar": figure["value"], "uar_low": figure["low"], "uar_high": figure["high"]}
