"""Write reports/dimensions/dimensions.md and .json: dimensions together, each alone, and in tails.

Run ``python reports/dimensions.py CORPORA``, where CORPORA holds ``emodb/``; ``make studies`` calls
it. Two corpora are synthetic and written by ``reports/rated_corpora.py``: laid out as IEMOCAP and
MSP-IMPROV, which are available only from their owners. Features and runs stay in a working
folder (``--work``), so that finished steps are not repeated; runs that need networks are left out
where ``featser[streams]`` is not installed, and their former figures stay. This script writes
tables only: no audio, nothing about single utterances.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from common import PROTOCOL, REPORTS, TIMEOUT, Row, report_parser, write_report
from dimensions_page import key_of, page
from dimensions_rows import ATTENDING, COMPARED, RUNS, SYNTHETIC, Compared, Run
from rated_corpora import write_corpora, write_iemocap
from tails import SHARE, in_tails, tail_ccc, tail_reach

import featser
from featser.corpora.utterances import Utterance
from featser.evaluation.metrics.metrics import ccc, uar
from featser.evaluation.metrics.scales import FISHER, IDENTITY, LOGIT
from featser.evaluation.statistics.intervals import interval_by_speaker
from featser.experiment.recipe import load_recipe
from featser.extraction.in_memory import compute_all
from featser.features.lowlevel.frame_settings import DEFAULT
from featser.features.sets.frame_descriptors import STEP
from featser.models.bundle import load_bundle

SEED = 0
STRIDE = 4
"""Frames that one step of the attention stands for."""

NEW = 10
"""Utterances of each new speaker on which attention is examined."""

Metric = Callable[[np.ndarray, np.ndarray], float]
METRICS: dict[str, Metric] = {"ccc": ccc, "tail_ccc": tail_ccc, "tail_reach": tail_reach}
"""Of a dimension. Tails are those of the rows that are left when a speaker is left out."""
SCALES = {"ccc": FISHER, "tail_ccc": FISHER, "uar": LOGIT}
"""The scales of intervals; other metrics have no limited range."""


def main() -> None:
    """Carry out all possible runs, and write the page after each."""
    parser = report_parser(__doc__, "dimensions", "emodb/")
    parser.add_argument("--only", action="append", metavar="LABEL")
    parser.add_argument("--jobs", type=int, default=-1)
    arguments = parser.parse_args()
    synthetic = written(arguments.work)
    places = {name: synthetic / name for name in SYNTHETIC}
    places["emodb"] = arguments.corpora / "emodb"
    results = stored_results(REPORTS / "dimensions" / "dimensions.json")
    predictions: dict[str, pd.DataFrame] = {}
    for run in possible(arguments.only):
        predictions[run.label] = carry_out(run, places[run.corpus], arguments.work, arguments.jobs)
        results["corpora"][run.corpus] = counted(predictions[run.label])
        results["runs"][run.label] = {
            "command": run.command,
            "figures": figures(predictions[run.label]),
        }
        for pair in due(run, predictions):
            results["differences"][key_of(pair)] = gains(
                predictions[pair.without], predictions[pair.with_it]
            )
        if run.label in ATTENDING:
            results["attention"][run.label] = attended(run, arguments.work)
        write_report("dimensions", "dimensions", results, page(results))


def written(work: Path) -> Path:
    """Write the synthetic corpora that do not exist yet, whole or not at all.

    After a change of how they are made, remove the working folder.
    """
    folder, part = work / "corpora", work / "corpora.part"
    if not folder.is_dir():
        shutil.rmtree(part, ignore_errors=True)
        write_corpora(part)
        part.rename(folder)
    return folder


def stored_results(file: Path) -> Row:
    """Return the stored results, so that a run which is left out keeps its figures."""
    if file.exists():
        before: Row = json.loads(file.read_text(encoding="utf-8"))
        return before
    empty: Row = {name: {} for name in ("corpora", "runs", "differences", "attention")}
    return {"seed": SEED, "share": SHARE, **empty}


def possible(names: Sequence[str] | None) -> list[Run]:
    """Return the runs that are asked for, without networks where there are none."""
    networks = find_spec("skorch") is not None
    chosen = [run for run in RUNS if names is None or run.label in names]
    for run in chosen:
        if run.networks and not networks:
            print(f"{run.label}: left out: networks need `featser[streams]`", flush=True)
    return [run for run in chosen if networks or not run.networks]


def carry_out(run: Run, place: Path, work: Path, jobs: int) -> pd.DataFrame:
    """Run a recipe as far as it is not done, and return its predictions."""
    print(f"{run.label}:", flush=True)
    outcome = featser.run(
        load_recipe(run.recipe, run.changes),
        data={run.corpus: place},
        output=work / run.label,
        store=work / f"store-{run.corpus}",
        timeout=TIMEOUT,
        n_jobs=jobs,
    )
    table = pd.read_parquet(outcome.folder / "predictions.parquet")
    return table[table["protocol"] == PROTOCOL].set_index("file").sort_index()


def due(run: Run, predictions: Mapping[str, pd.DataFrame]) -> list[Compared]:
    """Return the comparisons that a run makes possible."""
    return [
        pair
        for pair in COMPARED
        if run.label in (pair.with_it, pair.without)
        and {pair.with_it, pair.without} <= set(predictions)
    ]


def tasks_of(table: pd.DataFrame) -> list[str]:
    """Return the tasks that were predicted, in their order."""
    return [name.removesuffix(".true") for name in table if name.endswith(".true")]


def labelled(table: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return the rows that have a label of a task."""
    return table[table[f"{task}.true"].notna()]


def numeric(table: pd.DataFrame, task: str) -> bool:
    """Say whether a task is a dimension and no set of classes."""
    return pd.api.types.is_numeric_dtype(table[f"{task}.true"])


def counted(table: pd.DataFrame) -> Row:
    """Return how much there is of each task, and how much of it in the tails."""
    tasks = {}
    for task in tasks_of(table):
        rows = labelled(table, task)
        tasks[task] = {"labelled": len(rows), "missing": len(table) - len(rows)}
        if numeric(table, task):
            tail = in_tails(rows[f"{task}.true"].to_numpy(dtype=float))
            tasks[task] |= {"low": int((tail < 0).sum()), "high": int((tail > 0).sum())}
    return {"utterances": len(table), "speakers": table["speaker"].nunique(), "tasks": tasks}


def metrics_of(table: pd.DataFrame, task: str) -> Mapping[str, Metric]:
    """Return the metrics of a task."""
    if numeric(table, task):
        return METRICS
    classes = sorted(labelled(table, task)[f"{task}.true"].unique())
    return {"uar": lambda true, pred: uar(true, pred, classes)}


def figures(table: pd.DataFrame) -> Row:
    """Return for each task each metric with its interval over speakers."""
    by_task: Row = {}
    for task in tasks_of(table):
        rows = labelled(table, task)
        true, pred = (rows[f"{task}.{part}"].to_numpy() for part in ("true", "pred"))
        by_task[task] = {
            name: interval_by_speaker(
                metric, true, pred, rows["speaker"], scale=SCALES.get(name, IDENTITY)
            ).to_dict()
            for name, metric in metrics_of(table, task).items()
        }
    return by_task


def gains(without: pd.DataFrame, with_it: pd.DataFrame) -> Row:
    """Return for each task by how much each metric is higher with an idea than without.

    Raises
    ------
    ValueError
        If the runs did not predict the same utterances.
    """
    if not without.index.equals(with_it.index):
        raise ValueError("the runs did not predict the same utterances: repeat both runs")
    by_task: Row = {}
    for task in tasks_of(with_it):
        one, two = labelled(without, task), labelled(with_it, task)
        both = np.stack([one[f"{task}.pred"], two[f"{task}.pred"]], axis=1)
        true = two[f"{task}.true"].to_numpy()
        by_task[task] = {
            name: interval_by_speaker(more_by(metric), true, both, two["speaker"]).to_dict()
            for name, metric in metrics_of(with_it, task).items()
        }
    return by_task


def more_by(metric: Metric) -> Metric:
    """Return how much more a metric is of the second column of predictions than of the first."""
    return lambda true, both: metric(true, both[:, 1]) - metric(true, both[:, 0])


def attended(run: Run, work: Path) -> Row:
    """Return how much of each task's attention falls on the first part of new speakers' utterances.

    The model is the one fitted on all of the corpus; the speakers are others. Arousal is
    audible in the first part only, valence in the second only.
    """
    folder = work / "iemocap-new"
    ratings = write_iemocap(folder, per_speaker=NEW, seed=SEED + 1)
    files = {file.stem: file for file in folder.rglob("*.wav")}
    utterances = [Utterance(str(files[name]), name) for name in ratings["name"]]
    frames, _, _ = compute_all(utterances, ["frames"], 1)
    X = np.stack([frames["frames"][name] for name in ratings["name"]])
    shares: dict[str, float] = {}
    for task, model in load_bundle(work / run.label / "model.featser").model.estimators_.items():
        network, place = model.head.network, model.head.position
        attention = network.attention(model.preparation.transform(X))[:, place]
        shares[task] = float(before(attention, ratings["turn"].to_numpy()).mean())
    whole = float((ratings["turn"] / ratings["seconds"]).mean())
    return {"utterances": len(ratings), "first_part": whole, "shares": shares}


def before(attention: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return the part of each utterance's attention, shape (n, t), that falls before a time (s)."""
    seconds = STRIDE * STEP * DEFAULT.hop_length / DEFAULT.rate
    middle = (np.arange(attention.shape[1]) + 0.5) * seconds
    return np.asarray((attention * (middle < turn[:, None])).sum(axis=1))


if __name__ == "__main__":
    main()
