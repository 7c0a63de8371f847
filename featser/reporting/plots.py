"""The report's figures, made with matplotlib's objects (no pyplot, no shared state).

Each function draws one figure and returns it as markup for the page. Marks differ in shape as
well as colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from featser.reporting.svg import (
    ACCENT,
    FILL,
    INK,
    LINE,
    MUTED,
    PAPER,
    WARN,
    house_style,
    inline_svg,
    label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

SPEAKERS_PER_PANEL = 35
MOST_SPEAKERS = 3 * SPEAKERS_PER_PANEL
MOST_POINTS = 2000
_WIDTH = 5.2  # inches; legible when shrunk to a small screen


@dataclass(frozen=True)
class Mark:
    """One row of a dot plot.

    Attributes
    ----------
    name : str
        The label at the left.
    value, low, high : float
        The dot and its interval; NaN bounds draw no interval.
    baseline : float
        A tick to compare with; NaN for none.
    hollow : bool
        Whether the dot is drawn hollow and in the warning colour.
    aside : str
        Text after the name.
    spread : tuple of float
        Values of the units, such as speakers: small dots below the interval.
    """

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    baseline: float = float("nan")
    hollow: bool = False
    aside: str = ""
    spread: tuple[float, ...] = ()


def dots(
    marks: Sequence[Mark],
    axis: str,
    name: str,
    description: str,
    limits: tuple[float, float] | None = None,
) -> str:
    """Draw values with intervals, one row each, from top to bottom.

    Parameters
    ----------
    marks : sequence of Mark
        The rows.
    axis : str
        The title of the horizontal axis.
    name, description : str
        As in :func:`featser.reporting.svg.inline_svg`.
    limits : tuple of float, optional
        The ends of the axis; by default it holds 0, 1 and all values.

    Returns
    -------
    str
        SVG markup.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(_WIDTH, 0.75 + 0.3 * len(marks)), layout="constrained")
        axes = figure.subplots()
        _draw_marks(axes, marks)
        names = [f"{label(mark.name)} {mark.aside}".strip() for mark in marks]
        axes.set_yticks(range(len(marks)), names)
        axes.set_xlim(*(limits or _limits(marks)))
        axes.set_xlabel(axis)
        return inline_svg(figure, name, description)


def speakers(marks: Sequence[Mark], pooled: float, axis: str, name: str, description: str) -> str:
    """Draw one dot for each speaker, in columns of :data:`SPEAKERS_PER_PANEL`.

    Parameters
    ----------
    marks : sequence of Mark
        The speakers, sorted, at most :data:`MOST_SPEAKERS`.
    pooled : float
        The metric on all rows, drawn as a line.
    axis, name, description : str
        As in :func:`dots`.

    Returns
    -------
    str
        SVG markup.
    """
    from matplotlib.figure import Figure

    panels = -(-len(marks) // SPEAKERS_PER_PANEL)
    rows = -(-len(marks) // panels)
    with house_style():
        figure = Figure(
            figsize=(_WIDTH if panels == 1 else 9.4, 0.75 + 0.2 * rows), layout="constrained"
        )
        for panel, axes in enumerate(figure.subplots(1, panels, squeeze=False)[0]):
            part = marks[panel * rows : (panel + 1) * rows]
            _draw_marks(axes, part)
            axes.axvline(pooled, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
            size = 8 if panels == 1 else 7
            limit = 28 if panels == 1 else 20
            names = [f"{label(mark.name, limit)} {mark.aside}" for mark in part]
            axes.set_yticks(range(len(part)), names, fontsize=size)
            axes.set_ylim(rows - 0.4, -0.6)
            axes.set_xlim(*_limits(marks))
            axes.set_xlabel(axis)
        return inline_svg(figure, name, description)


def confusion(
    counts: npt.NDArray[np.int64],
    classes: Sequence[str],
    name: str,
    description: str,
    *,
    normalised: bool,
) -> str:
    """Draw a confusion matrix, shaded by the share of each row.

    Parameters
    ----------
    counts : ndarray of int, shape (K, K)
        The matrix; rows are the truth.
    classes : sequence of str
        The classes.
    name, description : str
        As in :func:`featser.reporting.svg.inline_svg`.
    normalised : bool
        Whether cells show the row's share (the diagonal is the recall) instead of the count.

    Returns
    -------
    str
        SVG markup.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    k = len(classes)
    rows = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(rows, 1)
    with house_style():
        side = 1.1 + (0.46 * k if k <= 12 else 0.34 * k)
        figure = Figure(figsize=(side + 0.3, side), layout="constrained")
        axes = figure.subplots()
        axes.set_xlim(-0.5, k - 0.5)
        axes.set_ylim(k - 0.5, -0.5)
        axes.set_aspect("equal")
        for (i, j), n in np.ndenumerate(counts):
            cell = Rectangle((j - 0.5, i - 0.5), 1, 1, edgecolor=LINE, linewidth=0.5, fill=False)
            axes.add_patch(cell)
            if not n:
                continue
            cell.set(fill=True, facecolor=_shade(share[i, j]))
            text = f"{share[i, j]:.2f}" if normalised else str(n)
            size = (8 if k <= 12 else 6.5) - 1.2 * (len(text) > 4)
            put = axes.text(j, i, text, ha="center", va="center", fontsize=size)
            put.set_in_layout(False)
        names = [label(name, 16) for name in classes]
        axes.set_xticks(range(k), names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(k), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        return inline_svg(figure, name, description)


def scatter(true: Array, pred: Array, name: str, description: str) -> str:
    """Draw predictions against truth, with the line where they are equal.

    Parameters
    ----------
    true, pred : ndarray of float, shape (n,)
        At most :data:`MOST_POINTS`, see :func:`thinned`.
    name, description : str
        As in :func:`featser.reporting.svg.inline_svg`.

    Returns
    -------
    str
        SVG markup.
    """
    from matplotlib.figure import Figure

    ends = [min(true.min(), pred.min()), max(true.max(), pred.max())]
    margin = 0.04 * (ends[1] - ends[0]) or 1.0
    with house_style():
        figure = Figure(figsize=(4.4, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot(ends, ends, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
        alpha = float(np.clip(30 / np.sqrt(len(true)) / 2, 0.25, 0.8))
        axes.plot(
            true, pred, "o", color=ACCENT, alpha=alpha, markersize=3.5, markeredgewidth=0, zorder=2
        )
        axes.set_xlim(ends[0] - margin, ends[1] + margin)
        axes.set_ylim(ends[0] - margin, ends[1] + margin)
        axes.set_aspect("equal")
        axes.grid(visible=True)
        axes.set_axisbelow(True)
        axes.set_xlabel("true")
        axes.set_ylabel("predicted")
        return inline_svg(figure, name, description)


def thinned(n: int) -> npt.NDArray[np.int64]:
    """Return which of ``n`` points are drawn: all, or a seeded choice of :data:`MOST_POINTS`."""
    if n <= MOST_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MOST_POINTS, replace=False))


def _draw_marks(axes: Axes, marks: Sequence[Mark]) -> None:
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    for row, mark in enumerate(marks):
        colour = WARN if mark.hollow else ACCENT
        if np.isfinite([mark.low, mark.high]).all():
            axes.plot([mark.low, mark.high], [row, row], color=colour, linewidth=2, alpha=0.55)
        if mark.spread:
            below = np.full(len(mark.spread), row + 0.26)
            axes.plot(
                mark.spread, below, "o", color=MUTED, alpha=0.45, markersize=2.6, markeredgewidth=0
            )
        if np.isfinite(mark.baseline):
            axes.plot([mark.baseline], [row], "|", color=MUTED, markersize=12, markeredgewidth=1.5)
        face = PAPER if mark.hollow else colour
        shape = "D" if mark.hollow else "o"
        axes.plot(
            [mark.value], [row], shape, color=colour, markerfacecolor=face, markersize=5.5, zorder=4
        )
    axes.set_ylim(len(marks) - 0.4, -0.6)


def _limits(marks: Sequence[Mark]) -> tuple[float, float]:
    values = np.array([[m.value, m.low, m.high, m.baseline] for m in marks])
    lowest = float(np.nanmin(values, initial=0.0))
    highest = float(np.nanmax(values, initial=1.0))
    return lowest - 0.02 * (highest - lowest), highest + 0.02 * (highest - lowest)


def _shade(share: float) -> tuple[str, float]:
    # Never so dark that the page's ink could not be read on it.
    return (FILL, float(0.06 + 0.69 * share))
