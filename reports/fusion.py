"""Write reports/fusion/fusion.md and .json: the gain of combining streams of features.

Run ``python reports/fusion.py CORPORA``, where CORPORA holds ``banglaser/`` and ``ravdess/``. It
writes tables only: no audio, nothing about single utterances.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from common import Row, averaged, report_parser, signed, table_lines, with_interval, write_report
from material import Material, material
from numpy.typing import ArrayLike

from featser.models.building import make_estimator
from featser.models.fusion.columns import OnColumns, columns_of_blocks
from featser.models.fusion.gated_vote import make_aligned, make_gated, pooled_members
from featser.tasks import Task

CORPORA = ("banglaser", "ravdess")
STREAMS = ("handcrafted", "gemaps")
MODEL = "kernel"
NOISE = "noise"
SEED = 0


def main() -> None:
    """Measure aligned streams and pooled members on both corpora."""
    began = time.monotonic()
    arguments = report_parser(__doc__, "fusion", "banglaser/ and ravdess/").parse_args()
    results: Row = {"model": MODEL, "seed": SEED, "streams": list(STREAMS), "corpora": {}}
    for measure in (pooled, streams):
        for name in CORPORA:
            specs = STREAMS if measure is streams else ("handcrafted", "gemaps-contours")
            data = material(arguments.corpora, arguments.work, [name], specs)
            row = results["corpora"].setdefault(name, {"utterances": len(data.X)})
            row[measure.__name__] = measure(data)
            results["seconds"] = time.monotonic() - began
            write_report("fusion", "fusion", results, page(results))
            print(f"{results['seconds']:.0f} s: {name} {measure.__name__}", flush=True)


def streams(data: Material) -> list[Row]:
    """Return a row for each way to put two streams together, and for noise in place of one."""
    task, folds = emotion(data), data.folds(SEED)
    blocks = list(data.blocks.values())
    one, two = columns_of_blocks(blocks)
    alone = {
        name: data.predict(OnColumns(make_estimator(MODEL, task, SEED), columns), task, folds)
        for name, columns in zip(data.blocks, (one, two), strict=True)
    }
    best = max(alone, key=lambda name: data.figure(alone[name], task)["value"])
    deaf = noisy(data, best)
    predictions = {
        **alone,
        "side by side": data.predict(make_estimator(MODEL, task, SEED, blocks=blocks), task, folds),
        "aligned, beside the blocks": data.predict(
            make_aligned(MODEL, task, blocks, SEED), task, folds
        ),
        "aligned alone": data.predict(
            make_aligned(MODEL, task, blocks, SEED, alone=True), task, folds
        ),
        "gated vote of blocks and aligned": data.predict(
            make_gated(MODEL, task, data.blocks, SEED), task, folds
        ),
        f"gated vote, {best} with {NOISE}": deaf.predict(
            make_gated(MODEL, task, deaf.blocks, SEED), task, folds
        ),
    }
    return [
        row | {"best": best, "to_best": data.gain(alone[best], predictions[row["name"]], task)}
        for row in figures(data, predictions, task)
    ]


def noisy(data: Material, informative: str) -> Material:
    """Return the same utterances with pure noise in place of all streams but one."""
    rng = np.random.default_rng(SEED)
    widths = {name: width if name == informative else 88 for name, width in data.blocks.items()}
    columns = dict(zip(data.blocks, columns_of_blocks(list(data.blocks.values())), strict=True))
    parts = [
        data.X[:, columns[name]] if name == informative else rng.normal(size=(len(data.X), width))
        for name, width in widths.items()
    ]
    blocks = {name if name == informative else NOISE: width for name, width in widths.items()}
    X = np.hstack(parts).astype(np.float32)
    return Material(data.table, X, blocks, data.names, data.speaker, data.sound, data.unit)


def pooled(data: Material) -> Row:
    """Return the figures of six members, of the votes of one pooling, and of all."""
    task, folds = emotion(data), data.folds(SEED)
    columns, named = reordered(data)
    data = Material(data.table, data.X[:, columns], {}, [], data.speaker, data.sound, data.unit)
    members = {
        name: data.predict(estimator, task, folds)
        for name, estimator in pooled_members([MODEL], task, named, SEED)
    }
    votes = {
        f"vote of {how}": averaged(task, [t for name, t in members.items() if name.endswith(how)])
        for how in ("max", "mean")
    }
    every = averaged(task, list(members.values()))
    better = max(votes, key=lambda name: data.figure(votes[name], task)["value"])
    predictions = {**members, **votes, "vote of all six": every}
    return {
        "rows": figures(data, predictions, task),
        "better": better,
        "gain": data.gain(votes[better], every, task),
        "disagreement": disagreement([t["emotion.pred"] for t in members.values()]),
    }


def reordered(data: Material) -> tuple[list[int], Mapping[str, Sequence[str]]]:
    """Return three blocks side by side: cepstra, what else the spectrum says, and prosody."""
    width = data.blocks["handcrafted"]
    cepstra = [i for i in range(width) if data.names[i].startswith("mfcc")]
    spectrum = [i for i in range(width) if not data.names[i].startswith("mfcc")]
    prosody = list(range(width, len(data.names)))
    blocks = {"cepstra": cepstra, "spectrum": spectrum, "prosody": prosody}
    named = {name: [data.names[i] for i in columns] for name, columns in blocks.items()}
    return [i for columns in blocks.values() for i in columns], named


def emotion(data: Material) -> Task:
    """Return the task, with the classes that the corpus has."""
    return Task("emotion", classes=tuple(sorted(data.table["emotion"].unique())), role="primary")


def figures(data: Material, predictions: Mapping[str, pd.DataFrame], task: Task) -> list[Row]:
    """Return a row for each table of predictions."""
    return [{"name": name, "uar": data.figure(table, task)} for name, table in predictions.items()]


def page(results: Row) -> list[str]:
    """Write the page."""
    corpora: Mapping[str, Any] = results["corpora"]
    text = [
        "# Streams of features put together",
        "",
        f"UAR of emotion, folds by speaker, nothing known of the test speaker; 95 % intervals "
        f"over speakers, seed {results['seed']}. Every model is `{results['model']}`.",
    ]
    for name, row in corpora.items():
        if "streams" in row:
            text += ["", f"## Two streams, {name}", "", *_streams(row["streams"])]
    for name, row in corpora.items():
        if "pooled" in row:
            text += ["", f"## Six members, {name}", "", *_pooled(row["pooled"])]
    return [*text, "", "```sh", "python reports/fusion.py FOLDER", "```"]


def _streams(rows: Sequence[Row]) -> list[str]:
    cells = [[row["name"], with_interval(row["uar"]), signed(row["to_best"])] for row in rows]
    return [
        "Aligned by partial least squares in the fold, 16 directions; the gate is made of UAR on "
        "speakers left out inside the training set. Noise: 88 values that nothing is in.",
        "",
        *table_lines(["what", "UAR", f"more than {rows[0]['best']} alone"], cells),
    ]


def _pooled(row: Row) -> list[str]:
    cells = [[one["name"], with_interval(one["uar"])] for one in row["rows"]]
    return [
        f"Each sees the maximum or the mean over time of one kind of descriptor. All six have "
        f"{signed(row['gain'])} more than the {row['better']}; two members differ on "
        f"{row['disagreement']:.3f} of the utterances.",
        "",
        *table_lines(["what", "UAR"], cells),
    ]


def disagreement(predictions: Sequence[ArrayLike]) -> float:
    """Return in which share of utterances two members differ, the mean over all pairs.

    Parameters
    ----------
    predictions : sequence of array-like, each of shape (n,)
        The classes that each member predicts; two members or more.
    """
    classes = [np.asarray(one) for one in predictions]
    return float(np.mean([np.mean(a != b) for a, b in combinations(classes, 2)]))


if __name__ == "__main__":
    main()
