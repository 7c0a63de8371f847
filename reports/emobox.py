"""Write reports/emobox/emobox.md and .json: featser on EmoBox's folds, beside ten networks.

Run ``make emobox CORPORA=FOLDER FOLDS=FOLDER``, where CORPORA holds ``emodb/`` and ``ravdess/``,
and FOLDS the published lists: EmoBox's folder ``data`` with ``emodb/`` and ``ravdess/``, or tables
``emodb.csv`` and ``ravdess.csv`` with columns ``name`` and ``fold``. Features and runs stay in a
working folder (``--work``), so that finished steps are not repeated. The figures of the networks
are published ones (``reports/emobox_networks.py``). This script writes tables only: no audio,
nothing about single utterances.
"""

from __future__ import annotations

import io
import json
import platform
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from common import REPORTS, TIMEOUT, Row, report_parser, write_report, write_section
from emobox_networks import CITATION, NETWORKS
from emobox_page import MARKS, page, section
from threadpoolctl import threadpool_limits

import featser
from featser.api.predict import rebuild_extractors
from featser.api.run import Outcome
from featser.evaluation.prediction_tables import prediction_table
from featser.experiment.recipe import load_recipe
from featser.features.file_features import file_features

RECIPES = {"emodb": "emobox-emodb", "ravdess": "emobox-ravdess"}
"""Corpus → recipe."""
SEEDS = (0, 1, 2)
PROTOCOL = "folds"
TASK = "emotion"
SECONDS = 3.7
"""How long the timed recordings are: the median of RAVDESS."""
NEAR = 0.05
"""Seconds by which a timed recording may be longer or shorter."""
TIMED = 24
"""How many recordings are timed."""


def main() -> None:
    """Carry out the recipes with each seed, and write the page after each run."""
    parser = report_parser(__doc__, "emobox", "emodb/, ravdess/")
    parser.add_argument("folds", type=Path, help="holds emodb and ravdess: folders or tables")
    parser.add_argument("--seed", type=int, action="append", help="repeatable; 0, 1 and 2 without")
    parser.add_argument("--jobs", type=int, default=-1)
    arguments = parser.parse_args()
    lists = {corpus: fold_list(arguments.folds, corpus) for corpus in RECIPES}
    timed = timed_recordings(arguments.corpora / "ravdess")
    results = empty_results(timed)
    for seed in arguments.seed or SEEDS:
        for corpus, folds in lists.items():
            outcome = carry_out(corpus, seed, folds, arguments)
            if corpus not in results["corpora"]:
                cost = costs(outcome.bundle, timed)
                results["corpora"][corpus] = described(corpus, outcome) | {"cost": cost}
            results["corpora"][corpus]["seeds"][str(seed)] = figures_of(outcome.metrics)
        write(results)


def fold_list(folder: Path, corpus: str) -> Path:
    """Return where the published folds of a corpus are."""
    places = (folder / corpus, folder / f"{corpus}.csv")
    for place in places:
        if place.exists():
            return place
    sys.exit(f"{folder}: there is neither {places[0].name}/ nor {places[1].name}")


def carry_out(corpus: str, seed: int, folds: Path, arguments: Any) -> Outcome:
    """Run a recipe with a seed as far as it is not done."""
    print(f"{corpus}, seed {seed}:", flush=True)
    return featser.run(
        load_recipe(RECIPES[corpus]),
        data={corpus: arguments.corpora / corpus},
        output=arguments.work / f"{corpus}-{seed}",
        store=arguments.work / f"store-{corpus}",
        timeout=TIMEOUT,
        n_jobs=arguments.jobs,
        folds=folds,
        seed=seed,
    )


def empty_results(timed: Sequence[str]) -> Row:
    """Return results without any run: what is published, and which recordings are timed."""
    seconds = [soundfile.info(file).duration for file in timed]
    return {
        "source": CITATION,
        "networks": [network._asdict() for network in NETWORKS],
        "timed": {
            "recordings": len(timed),
            "seconds": float(np.median(seconds)),
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
        },
        "corpora": {},
    }


def described(corpus: str, outcome: Outcome) -> Row:
    """Return what a run was carried out on, and the command that does so."""
    predictions = pd.read_parquet(outcome.folder / "predictions.parquet")
    predictions = predictions[predictions["protocol"] == PROTOCOL]
    run = json.loads((outcome.folder / "run.json").read_text(encoding="utf-8"))
    return {
        "recipe": RECIPES[corpus],
        "extractors": list(run["features"]),
        "model": run["model"],
        "utterances": len(predictions),
        "speakers": predictions["speaker"].nunique(),
        "folds": predictions["fold"].nunique(),
        "shared": run["shared"].get(PROTOCOL, []),
        "seeds": {},
    }


def figures_of(metrics: Mapping[str, Any]) -> Row:
    """Return UAR as the mean over folds, which EmoBox reports, and the figures of all rows."""
    figures = metrics[PROTOCOL][TASK]
    return {
        "fold_mean": figures["fold_mean.uar"],
        "uar": figures["uar"],
        "accuracy": figures["accuracy"],
    }


def timed_recordings(folder: Path) -> list[str]:
    """Return recordings of RAVDESS of about :data:`SECONDS`, spread over its speakers.

    Raises
    ------
    ValueError
        If there are fewer than :data:`TIMED`.
    """
    files = featser.scan("ravdess", folder).manifest["file"]
    near = [file for file in files if abs(soundfile.info(file).duration - SECONDS) <= NEAR]
    if len(near) < TIMED:
        raise ValueError(f"{folder}: {len(near)} recordings of {SECONDS} s; {TIMED} are needed")
    return [near[i] for i in np.linspace(0, len(near) - 1, TIMED).astype(int)]


def costs(file: Path, recordings: Sequence[str]) -> Row:
    """Measure what a model costs: its size, and the CPU time of each step for one recording."""
    bundle = featser.load_model(file)
    extractors = rebuild_extractors(bundle, file)

    def compute(recording: str) -> np.ndarray:
        values, errors = file_features(recording, extractors, bundle.channel)
        if errors:
            raise ValueError(f"{recording}: {errors}")
        return values

    def predict(values: np.ndarray) -> pd.DataFrame:
        return prediction_table(bundle.model, values[np.newaxis], bundle.tasks)

    with threadpool_limits(1):
        predict(compute(recordings[0]))  # what is built at first use is no cost of a recording
        rows, features_ms = milliseconds(compute, recordings)
        _, prediction_ms = milliseconds(predict, rows)
    return {
        "features": sum(extractor.dimension for extractor in extractors),
        "classes": sum(len(task.classes) for task in bundle.tasks),
        "values": stored_values(file),
        "megabytes": file.stat().st_size / 1e6,
        "features_ms": features_ms,
        "prediction_ms": prediction_ms,
    }


def milliseconds(step: Callable[[Any], Any], inputs: Sequence[Any]) -> tuple[list[Any], float]:
    """Return the outputs of a step, and the median of its CPU time."""
    outputs, times = [], []
    for one in inputs:
        start = time.process_time()
        outputs.append(step(one))
        times.append(time.process_time() - start)
    return outputs, 1000 * float(np.median(times))


def stored_values(file: Path) -> int:
    """Count the numbers in the arrays of a bundle's model.

    Raises
    ------
    ValueError
        If the model has members that are no arrays, such as boosted trees: they are not counted.
    """
    with zipfile.ZipFile(file) as bundle:
        data = io.BytesIO(bundle.read("estimators.skops"))
    count = 0
    with zipfile.ZipFile(data) as estimators:
        for name in estimators.namelist():
            if name == "schema.json":
                continue
            if not name.endswith(".npy"):
                raise ValueError(f"{file}: {name} is no array, so its values cannot be counted")
            array = np.load(io.BytesIO(estimators.read(name)), allow_pickle=False)
            count += prod(array.shape)
    return count


def write(results: Row) -> None:
    """Write the figures, their page, and the section of reports/README.md."""
    write_report("emobox", "emobox", results, page(results))
    write_section(REPORTS / "README.md", MARKS, section(results))


if __name__ == "__main__":
    main()
