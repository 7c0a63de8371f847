"""How far the raters of a queue agree, while they annotate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from featser.ratings.agreement.agreement import agreement_of
from featser.ratings.ratings import Ratings
from featser.serve.annotating.queue_jobs import QueueJob
from featser.workers.task import Step


def agreement(job: QueueJob, begin: Step) -> list[dict[str, Any]]:
    """Measure how far raters agree: the leading coefficient of each label with two raters."""
    begin("measuring agreement", 0.0, 120.0)
    measured = []
    for label, is_scale, values, votes in job.options["labels"]:
        raters = tuple(dict.fromkeys(rater for rater, _, _ in votes))
        ratings = Ratings(
            np.array([place for _, place, _ in votes], dtype=np.intp),
            np.array([raters.index(rater) for rater, _, _ in votes], dtype=np.intp),
            np.array(
                [float(value) if is_scale else values.index(value) for _, _, value in votes],
                dtype=float,
            ),
            int(job.options["n_clips"]),
            raters,
            () if is_scale else tuple(values),
        )
        result = agreement_of(ratings, label, "regression" if is_scale else "classification")
        figure = result.figures[0]
        measured.append(
            {
                "label": label,
                "title": figure.title,
                "value": _finite(figure.value),
                "low": _finite(figure.low),
                "high": _finite(figure.high),
                "recordings": figure.n_items,
                "raters": len(raters),
            }
        )
    return measured


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
