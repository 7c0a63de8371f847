"""The report's ROC and DET curves: each class as a detector, by its out-of-fold probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.evaluation.statistics.detection import DetectionCurve, detection_curves
from featser.reporting.numbers import count, estimate, number
from featser.reporting.sections.curve_panels import Axes, Panel, curve_panels
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table, pairs
from featser.reporting.wording import as_sentence
from featser.tasks import Task

SENTENCE = (
    "Each class against all others, by its probability. AUC is the area below the ROC curve, 0.5 "
    "by chance; EER is the error rate where misses and false alarms are equal (the dot on the DET "
    "curve). The figures do not depend on the decision for one class, so they may be high where "
    "recall is low."
)
_MEAN = "mean over classes"
_RATES = (0.01, 0.1, 0.4, 0.8)
"""Ticks of the DET curve."""
_ENDS = (0.004, 0.9)
"""Ends of the axes of the DET curve; smaller and larger rates are drawn there."""
_ROC = Axes(
    "false-alarm rate", "recall", [(n / 4, f"{n / 4:g}") for n in range(5)], (0.0, 0.0, 1.0, 1.0)
)


@dataclass(frozen=True)
class DetectionSection:
    """The curves of a task: markup of the figures, and a table."""

    roc: str
    det: str
    table: Table


def detection_section(run: RunSummary, index: int, task: Task) -> DetectionSection | None:
    """Make the section; None without probabilities of all classes.

    Parameters
    ----------
    run : RunSummary
    index : int
        The number of the task on the page.
    task : Task
        One with classes.
    """
    from markupsafe import Markup

    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    if not set(columns) <= set(run.predictions):
        return None
    p = run.predictions[columns].to_numpy(dtype=float)
    rows = run.scored(task) & np.asarray(np.isfinite(p).all(axis=1))
    if not rows.any():
        return None
    truth = pairs(run, task, rows)[0]
    curves = detection_curves(truth, p[rows], task.classes, run.speakers()[rows])
    if not curves:
        return None
    areas = "; ".join(f"{_title(curve)} {number(curve.auc.value)}" for curve in curves)
    roc = curve_panels(
        [_roc_panel(curve) for curve in curves],
        _ROC,
        f"roc-{index}",
        f"ROC curves of {task.name}. AUC: {areas}.",
    )
    errors = "; ".join(f"{_title(curve)} {number(curve.eer)}" for curve in curves)
    det = curve_panels(
        [_det_panel(curve) for curve in curves],
        _det_axes(),
        f"det-{index}",
        f"DET curves of {task.name}. EER: {errors}.",
    )
    return DetectionSection(Markup(roc), Markup(det), _table(task, curves))


def _title(curve: DetectionCurve) -> str:
    return curve.name or _MEAN


def _roc_panel(curve: DetectionCurve) -> Panel:
    note = f"AUC {number(curve.auc.value)}"
    return Panel(_title(curve), note, curve.false_alarms, curve.recall)


def _det_panel(curve: DetectionCurve) -> Panel:
    x, y = _place(curve.false_alarms), _place(1 - curve.recall)
    at = float(_place(np.array([curve.eer]))[0])
    dot = (at, at) if curve.name else None  # the mean of EERs is not on the mean curve
    return Panel(_title(curve), f"EER {number(curve.eer)}", x, y, dot)


def _det_axes() -> Axes:
    ticks = list(zip(_place(np.array(_RATES)).tolist(), map("{:g}".format, _RATES), strict=True))
    # Where a detector guesses, misses are 1 less the false alarms.
    low, high = _place(np.array([1 - _ENDS[1], _ENDS[1]])).tolist()
    return Axes("false-alarm rate", "miss rate", ticks, (low, high, high, low))


def _place(rate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where a rate is on an axis of normal quantiles."""
    from scipy.special import ndtri

    low, high = ndtri(np.array(_ENDS))
    place: npt.NDArray[np.float64] = (ndtri(np.clip(rate, *_ENDS)) - low) / (high - low)
    return place


def _table(task: Task, curves: Sequence[DetectionCurve]) -> Table:
    mean, *classes = curves
    rows = [
        [curve.name, count(curve.n), estimate(curve.auc.to_dict()), number(curve.eer)]
        for curve in classes
    ]
    n_rows = count(sum(curve.n for curve in classes))
    last = [_MEAN, n_rows, estimate(mean.auc.to_dict()), number(mean.eer)]
    notes = [as_sentence(mean.auc.note)] if mean.auc.note else []
    return Table(
        f"Each class of {task.name} as a detector",
        ["class", "utterances", "AUC", "EER"],
        [*rows, last],
        notes=notes,
        n_totals=1,
    )
