"""Write reports/transfer/transfer.md and .json: what a large corpus is worth to a small one.

Run ``python reports/transfer.py CORPORA``, where CORPORA holds ``ravdess/`` and ``emodb/``. What is
written are tables: no audio, nothing about single utterances.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import get_args

import numpy as np
from common import Row, report_parser, table_lines, with_interval, write_report
from continued import ContinuedClassifier, Kind
from material import Material, material
from sklearn.base import clone

from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.tasks import Task

LARGE, SMALL = "ravdess", "emodb"
EMOTION = Task(
    "emotion", classes=("angry", "disgust", "fearful", "happy", "neutral", "sad"), role="primary"
)
COUNTS = (50, 100, 200)
TREES, EPOCHS = (200, 100), (60, 60)
"""Rounds of the first fit, and as many again when it is continued."""
SEED = 0


def main() -> None:
    """Measure the curve of every kind of model on the same folds and draws."""
    began = time.monotonic()
    arguments = report_parser(__doc__, "transfer", "ravdess/ and emodb/").parse_args()
    large, small = (
        common(material(arguments.corpora, arguments.work, [name])) for name in (LARGE, SMALL)
    )
    results: Row = {
        "large": LARGE, "small": SMALL, "classes": list(EMOTION.classes), "seed": SEED,
        "utterances": {LARGE: len(large.X), SMALL: len(small.X)},
        "speakers": {LARGE: len(set(large.speaker)), SMALL: len(set(small.speaker))},
        "features": list(small.blocks), "rows": [],
    }  # fmt: skip
    for kind in get_args(Kind):
        results["rows"] += curve(kind, large, small)
        results["seconds"] = time.monotonic() - began
        write_report("transfer", "transfer", results, page(results))
        print(f"{results['seconds']:.0f} s: {kind}", flush=True)


def common(data: Material) -> Material:
    """Return the utterances of the emotions that both corpora have."""
    return data.part(data.table["emotion"].isin(EMOTION.classes).to_numpy())


def curve(kind: Kind, large: Material, small: Material) -> Iterator[Row]:
    """Yield a row for each number of utterances, continued and from scratch."""
    rounds, more = TREES if kind == "xgboost" else EPOCHS
    first = ContinuedClassifier(kind, rounds, more, random_state=SEED)
    first.fit(large.X, large.table["emotion"])
    folds = small.folds(SEED)
    y = small.table["emotion"].to_numpy(dtype=object)
    for count in (0, *COUNTS):
        predictions = {"continued": np.empty(len(y), object), "scratch": np.empty(len(y), object)}
        for number, (train, test) in enumerate(folds.splits()):
            if count == 0:
                # Standardised by the training speakers' unlabelled recordings, as later on.
                predictions["continued"][test] = unlabelled(first, small.X[train]).predict(
                    small.X[test]
                )
                continue
            few = drawn(y[train], count, number)
            X, label = small.X[train][few], y[train][few]
            scratch = ContinuedClassifier(kind, rounds + more, random_state=SEED).fit(X, label)
            predictions["continued"][test] = first.continued(X, label).predict(small.X[test])
            predictions["scratch"][test] = scratch.predict(small.X[test])
        for how, predicted in predictions.items():
            if count or how == "continued":
                metrics = evaluate_with_intervals(EMOTION, y, predicted, small.unit)
                yield {"kind": kind, "count": count, "how": how, "uar": metrics["uar"]}


def unlabelled(first: ContinuedClassifier, X: np.ndarray) -> ContinuedClassifier:
    """Return the model of the large corpus, its features standardised by another's."""
    moved = copy.copy(first)
    moved.preparation_ = clone(first.preparation_).fit(X)
    return moved


def drawn(y: np.ndarray, count: int, fold: int) -> np.ndarray:
    """Draw utterances, of each class as many as may be."""
    rng = np.random.default_rng([SEED, fold])
    order = rng.permutation(len(y))
    turn = np.zeros(len(y), dtype=int)
    for name in np.unique(y):
        own = order[y[order] == name]
        turn[own] = np.arange(len(own))
    return order[np.argsort(turn[order], kind="stable")][:count]


def page(results: Row) -> list[str]:
    """Write the page."""
    kinds = list(dict.fromkeys(row["kind"] for row in results["rows"]))
    rows = []
    for kind in kinds:
        for how in ("continued", "scratch"):
            of = {
                row["count"]: row
                for row in results["rows"]
                if (row["kind"], row["how"]) == (kind, how)
            }
            cells = [
                with_interval(of[count]["uar"]) if count in of else "" for count in (0, *COUNTS)
            ]
            rows.append([kind, how, *cells])
    large, small = results["large"], results["small"]
    utterances, speakers = results["utterances"], results["speakers"]
    return [
        f"# From {large} to {small}",
        "",
        f"What {large} ({utterances[large]} utterances, English) is worth to {small} "
        f"({utterances[small]}, German), emotions {', '.join(results['classes'])}. Models fitted "
        f"on {large} are continued on the given number of labelled utterances of {small}'s "
        f"training speakers, drawn once a fold, with classes as balanced as possible; `scratch`: "
        f"fitted only on these, with as many rounds in all. UAR on the left-out speaker, of "
        f"{speakers[small]}; 95 % intervals over speakers. Features: "
        f"{' and '.join(results['features'])}; standardised again on the utterances of the "
        f"continued fit, at 0 on all of the training speakers' recordings, unlabelled.",
        "",
        *table_lines(["model", "how", *(f"{count} utterances" for count in (0, *COUNTS))], rows),
        "",
        "```sh",
        "python reports/transfer.py FOLDER",
        "```",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
