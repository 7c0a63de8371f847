"""Write reports/abstention/: coverage of prediction sets, and which recordings are marked.

Run ``python reports/abstention.py CORPORA``, where CORPORA holds a folder for each corpus. With
``--only emodb`` it measures one of them; ``--store`` names a store that has features already. It
writes tables only: no audio, nothing about single utterances.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import (
    CORPORA,
    PROTOCOL,
    REPORTS,
    Row,
    report_parser,
    table_lines,
    write_report,
    write_section,
)
from foreign_sounds import RATE, write_sounds

import featser
from featser.audit.measure.examination import examine_all, facts_table
from featser.evaluation.statistics.intervals import interval_by_speaker
from featser.evaluation.statistics.set_coverage import ALL_CLASSES
from featser.experiment.runs.run_files import Run
from featser.models.abstention.training_domain import TrainingDomain
from featser.reporting.sections.coverage_section import coverage_frame

TASK = "emotion"
SEED = 0
EACH = 20
"""Foreign sounds of each kind."""
OTHERS = 120
"""Recordings of each other corpus."""
COVERAGE = 0.9
DISTANCE = "feature distance"
PAGE = REPORTS.parent / "docs" / "abstention.md"
MARKS = ("<!-- figures of reports/abstention.py -->", "<!-- end of the figures -->")


def main() -> None:
    """Measure each corpus, and write the figures after each."""
    began = time.monotonic()
    parser = report_parser(__doc__, "abstention")
    parser.add_argument("--store", type=Path, help="of features; in the working folder by default")
    parser.add_argument("--only", nargs="+", choices=CORPORA, default=list(CORPORA))
    arguments = parser.parse_args()
    store = arguments.store or arguments.work / "store"
    results: Row = {"seed": SEED, "coverage": COVERAGE, "corpora": {}}
    for name in arguments.only:
        results["corpora"][name] = measured(name, arguments.corpora, arguments.work, store)
        results["seconds"] = time.monotonic() - began
        print(f"{results['seconds']:.0f} s: {name}", flush=True)
    write_report("abstention", "abstention", results, page(results))
    write_section(PAGE, MARKS, tables(results))


def measured(name: str, corpora: Path, work: Path, store: Path) -> Row:
    """Fit a corpus, and return the coverage of its sets and the shares of marked recordings."""
    data = {name: corpora / name}
    featser.extract(name, store=store, data=data)
    run = featser.fit(
        name, store=store, data=data, output=work / name, tasks=[TASK], protocols=[PROTOCOL],
        seed=SEED,
    )  # fmt: skip
    files = [str(file) for file in run.data.table["file"]]
    foreign = write_sounds(work / f"{name}-foreign", samples_of(files), SEED)
    for other in CORPORA:
        if other != name:
            recordings = sorted((corpora / other).rglob("*.flac"))
            foreign[other] = recordings[:: max(1, len(recordings) // OTHERS)]
    return {
        "utterances": len(files),
        "speakers": len(set(run.data.speaker)),
        "sets": coverage_frame(run.summary).to_dict("records"),
        "ordinary": ordinary(run),
        "foreign": {kind: shares(run.bundle, paths) for kind, paths in foreign.items()},
    }


def samples_of(files: Sequence[str]) -> list[np.ndarray]:
    """Return the samples of some recordings of a corpus, evenly spaced."""
    chosen = files[:: max(1, len(files) // EACH)][:EACH]
    return [featser.read_audio(file, rate=RATE).samples.astype(float) for file in chosen]


def ordinary(run: Run) -> Row:
    """Return the share of test recordings that the training set of their fold marks."""
    data, folds = run.data, run.predictions["fold"].to_numpy()
    assert run.predictions["file"].tolist() == data.table["file"].tolist()
    segments = [(str(file), None, None, "mix") for file in data.table["file"]]
    facts = facts_table(examine_all(segments), data.table.index)
    X = np.asarray(data.X)
    marks = pd.Series("", index=data.table.index)
    for number in np.unique(folds):
        train, test = folds != number, folds == number
        domain = TrainingDomain.of(X[train], data.extractors, data.speaker[train], facts[train])
        marks[test] = domain.unlike(facts[test], X[test])
    marked = (marks != "").to_numpy(dtype=float)
    by_fold = pd.Series(marked).groupby(folds).mean()
    interval = interval_by_speaker(
        lambda share, _: float(np.mean(share)), marked, marked, data.speaker
    )
    return interval.to_dict() | {"worst_fold": float(by_fold.max())} | by_reason(marks)


def shares(model: Path, files: Sequence[Path]) -> Row:
    """Return which share of recordings a model marks, and of which it abstains."""
    table = featser.predict(model, files, n_jobs=-1)
    sets = featser.prediction_sets(model, table, coverage=COVERAGE)
    usable = sets[sets["error"] == ""]
    if not len(usable):
        return {"n": len(sets), "unusable": len(sets)}
    return {
        "n": len(sets),
        "unusable": len(sets) - len(usable),
        "value": float((usable["unlike"] != "").mean()),
        "abstains": float(usable[f"{TASK}.abstains"].astype(bool).mean()),
        **by_reason(usable["unlike"]),
    }


def by_reason(marks: pd.Series[Any]) -> Row:
    """Return the shares that are marked by their measures, and by the feature distance."""
    reasons = marks.str.split("; also ")
    is_far = reasons.map(lambda one: any(text.startswith(DISTANCE) for text in one))
    is_outside = reasons.map(lambda one: any(t and not t.startswith(DISTANCE) for t in one))
    return {"by_measures": float(is_outside.mean()), "by_distance": float(is_far.mean())}


def page(results: Row) -> list[str]:
    """Write the page."""
    return [
        "# When a model should not answer",
        "",
        f"Default features and model, task `{TASK}`, protocol `{PROTOCOL}`, seed "
        f"{results['seed']}. [docs/abstention.md](../../docs/abstention.md) explains the terms.",
        "",
        *tables(results),
        "",
        *classes(results),
        "",
        "```sh",
        "python reports/abstention.py FOLDER",
        "```",
    ]


def tables(results: Row) -> list[str]:
    """Write coverage and marked shares."""
    return [*_coverage(results), "", *_marked(results), "", *_foreign(results)]


def _coverage(results: Row) -> list[str]:
    rows = [
        [name, one["speakers"], f"{row['coverage']:g}", *_set_cells(row)]
        for name, one in results["corpora"].items()
        for row in one["sets"]
        if row["class"] == ALL_CLASSES
    ]
    return [
        "Prediction sets of test speakers, out of fold, each speaker with the same weight; 95 % "
        "intervals over speakers:",
        "",
        *table_lines(
            ["corpus", "speakers", "coverage", "covered", "classes in the set", "one class",
             "right of these"], rows,
        ),
    ]  # fmt: skip


def _set_cells(row: Row) -> list[str]:
    cells = [_interval(row, name) for name in ("covered", "set_size", "answered")]
    right = row["right"]
    return [*cells, "–" if right is None or not np.isfinite(right) else f"{right:.3f}"]


def _interval(row: Row, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or not np.isfinite(low):
        return f"{row[name]:.3f}"
    return f"{row[name]:.3f} [{low:.3f}, {high:.3f}]"


def _marked(results: Row) -> list[str]:
    rows = []
    for name, one in results["corpora"].items():
        row = one["ordinary"]
        span = f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        parts = (row["by_measures"], row["by_distance"], row["worst_fold"])
        rows.append([name, span, *(f"{part:.3f}" for part in parts)])
    return [
        "Share of ordinary test recordings that are marked as unlike the training recordings of "
        "their fold:",
        "",
        *table_lines(
            ["corpus", "marked", "by measures", "by feature distance", "worst fold"], rows
        ),
    ]


def _foreign(results: Row) -> list[str]:
    names = list(results["corpora"])
    kinds = dict.fromkeys(kind for name in names for kind in results["corpora"][name]["foreign"])
    rows = [
        [kind, *(_share(results["corpora"][name]["foreign"].get(kind)) for name in names)]
        for kind in kinds
    ]
    return [
        "Share of foreign recordings that a model of all recordings of a corpus marks (in brackets "
        f"the share of which it abstains at coverage {results['coverage']:g}):",
        "",
        *table_lines(["kind", *(f"model of {name}" for name in names)], rows),
    ]


def _share(row: Row | None) -> str:
    if row is None:
        return "–"
    if "value" not in row:
        return "cannot be used"
    return f"{row['value']:.2f} ({row['abstains']:.2f})"


def classes(results: Row) -> list[str]:
    """Write the coverage of each class."""
    rows = [
        [name, row["class"], f"{row['coverage']:g}", row["speakers"], *_set_cells(row)]
        for name, one in results["corpora"].items()
        for row in one["sets"]
        if row["class"] != ALL_CLASSES
    ]
    header = ["corpus", "class", "coverage", "speakers", "covered", "classes in the set"]
    return ["By class:", "", *table_lines([*header, "one class", "right of these"], rows)]


if __name__ == "__main__":
    main()
