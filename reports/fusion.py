"""Write reports/fusion/fusion.md and .json: what streams of features are worth put together.

Run ``python reports/fusion.py CORPORA``, where CORPORA holds ``banglaser/`` and ``ravdess/``. What
is written are tables: no audio, nothing about single utterances.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from material import Material, Row, lines, material, signed, told, write

from featser.models.columns import OnColumns, columns_of_blocks
from featser.models.estimators import make_estimator
from featser.models.fusion import disagreement, make_aligned, make_gated, pooled_members
from featser.tasks import Task

CORPORA = ("banglaser", "ravdess")
STREAMS = ("handcrafted", "gemaps")
MODEL = "kernel"
NOISE = "noise"
SEED = 0


def main() -> None:
    """Measure aligned streams and pooled members on both corpora."""
    began = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="holds banglaser/ and ravdess/")
    parser.add_argument("--work", type=Path, default=Path("runs/fusion"))
    arguments = parser.parse_args()
    found: Row = {"model": MODEL, "seed": SEED, "streams": list(STREAMS), "corpora": {}}
    for measure in (pooled, streams):
        for name in CORPORA:
            specs = STREAMS if measure is streams else ("handcrafted", "gemaps-contours")
            data = material(arguments.corpora, arguments.work, [name], specs)
            row = found["corpora"].setdefault(name, {"utterances": len(data.X)})
            row[measure.__name__] = measure(data)
            found["seconds"] = time.monotonic() - began
            write("fusion", "fusion", found, page(found))
            print(f"{found['seconds']:.0f} s: {name} {measure.__name__}", flush=True)


def streams(data: Material) -> list[Row]:
    """Return a row for each way to put two streams together, and for noise in place of one."""
    task, folds = emotion(data), data.folds(SEED)
    blocks = list(data.blocks.values())
    one, two = columns_of_blocks(blocks)
    alone = {
        name: data.predict(OnColumns(make_estimator(MODEL, task, SEED), columns), task, folds)
        for name, columns in zip(data.blocks, (one, two), strict=True)
    }
    best = max(alone, key=lambda name: data.figure(alone[name], task, SEED)["value"])
    deaf = noisy(data, best)
    said = {
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
        row | {"best": best, "to_best": data.gain(alone[best], said[row["name"]], task, SEED)}
        for row in figures(data, said, task)
    ]


def noisy(data: Material, kept: str) -> Material:
    """Return the same utterances with pure noise in place of all streams but one."""
    rng = np.random.default_rng(SEED)
    widths = {name: width if name == kept else 88 for name, width in data.blocks.items()}
    columns = dict(zip(data.blocks, columns_of_blocks(list(data.blocks.values())), strict=True))
    parts = [
        data.X[:, columns[name]] if name == kept else rng.normal(size=(len(data.X), width))
        for name, width in widths.items()
    ]
    blocks = {name if name == kept else NOISE: width for name, width in widths.items()}
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
    better = max(votes, key=lambda name: data.figure(votes[name], task, SEED)["value"])
    said = {**members, **votes, "vote of all six": every}
    return {
        "rows": figures(data, said, task),
        "better": better,
        "gain": data.gain(votes[better], every, task, SEED),
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


def averaged(task: Task, members: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Average the probabilities of members on the same rows, and decide anew."""
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    mean = np.mean([table[columns].to_numpy(dtype=float) for table in members], axis=0)
    decided = np.asarray(task.classes, dtype=object)[mean.argmax(axis=1)]
    return members[0].assign(**{f"{task.name}.pred": decided})


def figures(data: Material, said: Mapping[str, pd.DataFrame], task: Task) -> list[Row]:
    """Return a row for each table of predictions."""
    return [{"name": name, "uar": data.figure(table, task, SEED)} for name, table in said.items()]


def page(found: Row) -> list[str]:
    """Write the page."""
    corpora: Mapping[str, Any] = found["corpora"]
    text = [
        "# Streams of features put together",
        "",
        f"UAR of emotion, folds by speaker, nothing known of the test speaker; 95 % intervals by "
        f"bootstrap over speakers, seed {found['seed']}. Every model is `{found['model']}`.",
    ]
    for name, row in corpora.items():
        if "streams" in row:
            text += ["", f"## Two streams, {name}", "", *_streams(row["streams"])]
    for name, row in corpora.items():
        if "pooled" in row:
            text += ["", f"## Six members, {name}", "", *_pooled(row["pooled"])]
    return [*text, "", "```sh", "python reports/fusion.py FOLDER", "```"]


def _streams(rows: Sequence[Row]) -> list[str]:
    cells = [[row["name"], told(row["uar"]), signed(row["to_best"])] for row in rows]
    return [
        "Aligned by partial least squares in the fold, 16 directions; the gate is made of UAR on "
        "speakers left out inside the training part. Noise: 88 values that nothing is in.",
        "",
        *lines(["what", "UAR", f"more than {rows[0]['best']} alone"], cells),
    ]


def _pooled(row: Row) -> list[str]:
    return [
        f"Each sees the maximum or the mean over time of one kind of descriptor. All six have "
        f"{signed(row['gain'])} more than the {row['better']}; two members differ on "
        f"{row['disagreement']:.3f} of the utterances.",
        "",
        *lines(["what", "UAR"], [[one["name"], told(one["uar"])] for one in row["rows"]]),
    ]


if __name__ == "__main__":
    main()
