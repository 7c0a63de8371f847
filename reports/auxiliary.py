"""Write reports/auxiliary/auxiliary.md and .json: what training on other corpora adds.

Run ``make auxiliary CORPORA=FOLDER FOLDS=FOLDER``: as ``make emobox`` has them. It compares fits
with and without ``--aux`` on the same folds: six speakers of a corpus alone, EmoBox's folds of
RAVDESS, and auxiliary corpora whose labels are wrong. Features and runs stay in a working folder
(``--work``), that of ``make reports``. This script writes tables only: no audio, nothing about
single utterances.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import (
    CORPORA,
    PROTOCOL,
    Row,
    report_parser,
    signed,
    table_lines,
    with_interval,
    write_report,
)
from emobox import fold_list

import featser
from featser.api.stored.auxiliary import add_auxiliary
from featser.auxiliary.auxiliary_files import write_auxiliary
from featser.auxiliary.auxiliary_lookup import find_auxiliary
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.evaluation.statistics.comparison import compare_task
from featser.evaluation.statistics.reliability import SCORES, calibration_sums
from featser.experiment.loading.last_extraction import recall
from featser.tasks import Task

SPEAKERS = 6
DRAWS = (0, 1, 2)
SIMULATED = 1000
TASK = "emotion"


@dataclass(frozen=True)
class Case:
    """Two fits of the same rows: without and with auxiliary corpora."""

    name: str
    corpus: str
    auxiliary: tuple[str, ...]
    speakers: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


def main() -> None:
    """Carry out every case as far as it is not done, and write the page after each."""
    parser = report_parser(__doc__, "baselines")
    parser.add_argument("folds", type=Path, help="holds emodb and ravdess: folders or tables")
    parser.add_argument("--jobs", type=int, default=-1)
    arguments = parser.parse_args()
    work = arguments.work
    os.environ["FEATSER_CACHE"] = str(work.resolve() / "cache")
    for name in CORPORA:
        data = {name: arguments.corpora / name}
        featser.extract(name, store=work / f"store-{name}", data=data, n_jobs=arguments.jobs)
        add_auxiliary(name, store=work / f"store-{name}", data=data, n_jobs=arguments.jobs)
    rows: list[Row] = []
    for case in cases(work, arguments.folds):
        rows.append(carry_out(case, work, arguments.jobs))
        write_report("auxiliary", "auxiliary", {"cases": rows}, page(rows))


def cases(work: Path, folds: Path) -> Iterator[Case]:
    """Yield what is compared."""
    emobox = (("protocols", "folds"), ("folds", str(fold_list(folds, "ravdess"))))
    yield Case("EmoBox's folds of ravdess", "ravdess", others("ravdess"), options=emobox)
    for kind in ("shuffled", "swapped"):
        files = tuple(str(hostile(work, name, kind)) for name in others("emodb"))
        yield Case(f"emodb, labels of the others {kind}", "emodb", files)
    for name in reversed(CORPORA):
        speakers = sorted(set(manifest_of(work, name)["speaker"]))
        for draw in DRAWS:
            chosen = np.random.default_rng(draw).choice(speakers, SPEAKERS, replace=False)
            title = f"{SPEAKERS} speakers of {name}, draw {draw}"
            yield Case(title, name, others(name), tuple(sorted(chosen.tolist())))


def others(name: str) -> tuple[str, ...]:
    """Return the other corpora."""
    return tuple(other for other in CORPORA if other != name)


def hostile(work: Path, name: str, kind: str) -> Path:
    """Write a table whose emotions are in random order, or each another one."""
    (table,) = find_auxiliary(name)
    emotion = table.rows[TASK]
    if kind == "shuffled":
        wrong = np.random.default_rng(0).permutation(emotion.to_numpy())
    else:
        classes = sorted(set(emotion.dropna()))
        wrong = emotion.map(dict(zip(classes, np.roll(classes, 1), strict=True))).to_numpy()
    changed: AuxiliaryTable = replace(table, rows=table.rows.assign(**{TASK: wrong}))
    return write_auxiliary(changed, work / f"{kind}-{name}.parquet")


def manifest_of(work: Path, name: str) -> pd.DataFrame:
    """Return the rows of a corpus, with absolute paths."""
    source, _ = recall(work / f"store-{name}")
    return source.table


def carry_out(case: Case, work: Path, jobs: int) -> Row:
    """Fit without and with auxiliary corpora, and compare."""
    runs = {}
    for kind, auxiliary in (("without", ()), ("with", case.auxiliary)):
        folder = work / f"auxiliary-{case.name.replace(' ', '-').replace(',', '')}-{kind}"
        if not (folder / "report.html").exists():  # the last file that a fit writes
            _fit(case, auxiliary, folder, work, jobs)
        runs[kind] = folder
    return _compared(case, runs)


def _fit(case: Case, auxiliary: tuple[str, ...], folder: Path, work: Path, jobs: int) -> None:
    rows = manifest_of(work, case.corpus).drop(columns="key", errors="ignore")
    if case.speakers:
        rows = rows[rows["speaker"].isin(case.speakers)]
    file = work / f"{folder.name}.csv"
    rows.to_csv(file, index=False)
    options: dict[str, Any] = {"protocols": PROTOCOL, **dict(case.options)}
    featser.fit(
        file,
        store=work / f"store-{case.corpus}",
        output=folder,
        n_jobs=jobs,
        tasks=(TASK,),
        aux=auxiliary,
        **options,
    )


def _compared(case: Case, runs: Mapping[str, Path]) -> Row:
    tables = {
        kind: pd.read_parquet(folder / "predictions.parquet") for kind, folder in runs.items()
    }
    described = json.loads((runs["with"] / "run.json").read_text(encoding="utf-8"))
    task = Task(TASK, classes=tuple(described["tasks"][0]["classes"]))
    metrics = {
        kind: _figures(folder) | {"calibrated": calibrated_ece(tables[kind], task)}
        for kind, folder in runs.items()
    }
    first, second = tables["without"], tables["with"]
    if not first["file"].equals(second["file"]):
        raise ValueError(f"{case.name}: the two runs tested different rows")
    compared = compare_task(
        task,
        first[f"{TASK}.true"].to_numpy(),
        first[f"{TASK}.pred"].to_numpy(),
        second[f"{TASK}.pred"].to_numpy(),
        first["speaker"].to_numpy(),
    )
    chosen = next(iter(described["chosen"].values()))
    weights = Counter(
        str(tasks[TASK]["auxiliary corpora"]["weight"])
        for fold, tasks in chosen.items()
        if fold != "all"
    )
    return {
        "name": case.name,
        "utterances": len(first),
        "speakers": int(first["speaker"].nunique()),
        "without": metrics["without"],
        "with": metrics["with"],
        "difference": compared.difference.to_dict(),
        "weights": dict(sorted(weights.items())),
    }


def _figures(folder: Path) -> Row:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    figures = next(iter(metrics.values()))[TASK]
    return {name: figures[name] for name in ("uar", "ece") if name in figures}


def calibrated_ece(table: pd.DataFrame, task: Task) -> Row:
    """Return the ECE that the probabilities of a run have where they are right, by simulation.

    Classes are drawn with the probabilities, :data:`SIMULATED` times: their ECE is that of a
    calibrated model with as many utterances.
    """
    columns = [f"{task.name}.p[{one}]" for one in task.classes]
    p = table[columns].to_numpy(dtype=float)
    p = p / p.sum(axis=1, keepdims=True)
    random = np.random.default_rng(0)
    unit = np.zeros(len(p), dtype=np.intp)
    values = []
    for _ in range(SIMULATED):
        drawn = (p.cumsum(axis=1) < random.random((len(p), 1))).sum(axis=1)
        truth = np.minimum(drawn, p.shape[1] - 1)
        values.append(float(SCORES["ece"](calibration_sums(truth, p, unit, 1)[0])))
    return {"mean": float(np.mean(values)), "most": float(np.quantile(values, 0.95))}


def calibration(figures: Row) -> list[str]:
    """Return the cells of an ECE and of that of a calibrated model."""
    expected = figures["calibrated"]
    return [f"{figures['ece']['value']:.3f}", f"{expected['mean']:.3f} ({expected['most']:.3f})"]


def page(rows: list[Row]) -> list[str]:
    """Write reports/auxiliary/auxiliary.md."""
    heads = [
        "rows", "utterances", "UAR without", "UAR with", "difference", "ECE without",
        "of a calibrated model", "ECE with", "of a calibrated model", "weights chosen (folds)",
    ]  # fmt: skip
    cells = [
        [
            row["name"],
            row["utterances"],
            with_interval(row["without"]["uar"]),
            with_interval(row["with"]["uar"]),
            signed(row["difference"]),
            *calibration(row["without"]),
            *calibration(row["with"]),
            ", ".join(f"{weight} ({count})" for weight, count in row["weights"].items()),
        ]
        for row in rows
    ]
    return [
        "# Training on other corpora (`--aux`)",
        "",
        "The same rows and folds, without and with the other two of BanglaSER, RAVDESS and EmoDB "
        "as auxiliary corpora. The default features and model, no speaker normalisation, seed 0. "
        "Draws of six speakers are left out one speaker at a time; seeds 0, 1 and 2 draw them. "
        "With wrong labels (in random order, or each class called as another) a weight of 0 is "
        "right, and UAR must not fall. 95 % intervals over speakers. *Of a calibrated model*: the "
        "mean ECE, and the one that 95 of 100 do not exceed, where classes are drawn with the "
        "stated probabilities; ECE is not 0 then, since utterances are few. Written by "
        "`make auxiliary CORPORA=FOLDER FOLDS=FOLDER`.",
        "",
        *table_lines(heads, cells),
    ]


if __name__ == "__main__":
    main()
