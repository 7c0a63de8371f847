"""Write reports/active-order: what the order of annotation by uncertainty gains on RAVDESS.

Run ``make active-order CORPORA=FOLDER STORE=STORE``, where CORPORA holds ``ravdess/`` and STORE its
features (``featser extract FOLDER/ravdess --corpus ravdess --store STORE``). The acted emotion
stands for the votes of a rater. The model, its features and the order are those of the page
"Annotate" of ``featser serve --store``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import REPORTS, Row, table_lines, write_report, write_section
from numpy.typing import NDArray

from featser.serve.annotating.clip_orders import entropy
from featser.serve.annotating.queue_jobs import QueueSource
from featser.serve.queue_work.manifest_queue import annotated_source
from featser.serve.queue_work.refitting import features_of_queue, fitted_probabilities

SEEDS = range(5)
N_TEST_SPEAKERS = 6
FIRST, STEP = 24, 24
SHOWN = (24, 48, 96, 144, 192, 288, 384)
"""Numbers of annotated recordings in the table."""
ORDERS = ("random", "uncertainty")
LABEL = "emotion"
MARKS = ("<!-- figures of reports/active_order.py -->", "<!-- end of figures -->")
DOCS = REPORTS.parent / "docs" / "serve.md"


def main() -> None:
    """Simulate, and write figures, page and section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="holds ravdess/")
    parser.add_argument("store", type=Path, help="has the features of ravdess/")
    given = parser.parse_args()
    queue = QueueSource("annotate", str(given.corpora / "ravdess"), "unused.csv", "ravdess")
    table = annotated_source(queue).table
    X = features_of_queue(queue, str(given.store))
    labels = table[LABEL].to_numpy(object)
    speakers = table["speaker"].to_numpy(object)
    runs = [run for seed in SEEDS for run in simulated(X, labels, speakers, seed)]
    results: Row = {"recordings": len(X), "test_speakers": N_TEST_SPEAKERS, "runs": runs}
    write_report("active-order", "active-order", results, page(results))
    write_section(DOCS, MARKS, section(results))


def simulated(
    X: NDArray[np.float32], labels: NDArray[Any], speakers: NDArray[Any], seed: int
) -> Iterator[Row]:
    """Yield, of both orders, UAR on new speakers by the number of annotated recordings.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features.
    labels, speakers : ndarray of str, shape (n,)
        Of each recording.
    seed : int
        Of the test speakers, and of the random order, with which both begin.
    """
    random = np.random.default_rng(seed)
    tested = random.choice(np.unique(speakers), N_TEST_SPEAKERS, replace=False)
    is_test = np.isin(speakers, tested)
    test, pool = np.flatnonzero(is_test), random.permutation(np.flatnonzero(~is_test))
    for order in ORDERS:
        chosen, uar = pool[:FIRST], {}
        for count in range(FIRST, max(SHOWN) + 1, STEP):
            waiting = pool[~np.isin(pool, chosen)]
            if order == "uncertainty" or count in SHOWN:
                asked = np.concatenate([test, waiting])
                shares = fitted_probabilities(X, chosen, labels[chosen], LABEL, asked)
                waiting = waiting[_uncertain_first(shares[len(test) :], order)]
            if count in SHOWN:
                classes = np.unique(labels[chosen].astype(str))
                predictions = classes[shares[: len(test)].argmax(axis=1)]
                uar[str(count)] = average_recall(labels[test], predictions)
            chosen = np.concatenate([chosen, waiting[:STEP]])
        yield {"seed": seed, "order": order, "uar": uar}


def _uncertain_first(shares: NDArray[np.float64], order: str) -> NDArray[np.intp]:
    """Return in which order rows with these probabilities are annotated."""
    if order == "random":
        return np.arange(len(shares))
    scores = np.array([entropy(row.tolist()) for row in shares])
    return np.argsort(-scores, kind="stable")


def average_recall(labels: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the recall averaged over classes."""
    recalls = [
        (predictions[labels == name] == name).mean() for name in np.unique(labels.astype(str))
    ]
    return float(np.mean(recalls))


def values_of(results: Mapping[str, Any], order: str, count: int) -> list[float]:
    """Return the UAR of all seeds with an order, after a number of recordings."""
    return [run["uar"][str(count)] for run in results["runs"] if run["order"] == order]


def section(results: Mapping[str, Any]) -> list[str]:
    """Return the section for the guide."""
    rows: list[Sequence[Any]] = []
    for count in SHOWN:
        random, active = (np.array(values_of(results, order, count)) for order in ORDERS)
        gain = active - random
        rows.append(
            [
                count,
                f"{random.mean():.3f}",
                f"{active.mean():.3f}",
                f"{gain.mean():+.3f}",
                f"{gain.min():+.3f} to {gain.max():+.3f}",
                f"{int((gain > 0).sum())} of {len(gain)}",
            ]
        )
    seeds = len({run["seed"] for run in results["runs"]})
    return [
        f"UAR of the emotions of RAVDESS on {results['test_speakers']} speakers who are not "
        f"annotated, by the number of annotated recordings of the other 18; the mean of {seeds} "
        f"choices of speakers. The model of `--store` is fitted again after every {STEP} "
        f"recordings; both orders begin with the same {FIRST} random ones:",
        "",
        *table_lines(
            ["annotated", "random", "uncertainty", "gain", "range of gains", "gain above 0"], rows
        ),
    ]


def page(results: Mapping[str, Any]) -> list[str]:
    """Return the page of the report."""
    return [
        "# Annotation in the order of uncertainty",
        "",
        "By `make active-order CORPORA=FOLDER STORE=STORE`. The acted emotion stands for the votes "
        "of a rater, who never errs; people may err more on the recordings that a model is "
        "uncertain of, so the gain with people may be smaller.",
        "",
        *section(results),
    ]


if __name__ == "__main__":
    main()
