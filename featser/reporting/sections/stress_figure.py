"""The figure of a stress test: one small panel for each condition, all with the same axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featser.reporting.numbers import number
from featser.reporting.svg import ACCENT, LINE, MUTED, house_style, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4


@dataclass(frozen=True)
class Curve:
    """A panel.

    Attributes
    ----------
    title : str
    labels : list of str
        Of the levels.
    figures : list of dict
        ``value``, ``low`` and ``high`` of each level; NaN bounds draw no interval.
    is_joined : bool
        Whether a line joins the levels: they are graded.
    """

    title: str
    labels: list[str]
    figures: list[dict[str, Any]]
    is_joined: bool = True


def stress_figure(
    curves: Sequence[Curve], clean: Mapping[str, Any], chance: float, axis: str
) -> str:
    """Draw small multiples: the clean figure first, then each level; chance as a line.

    Parameters
    ----------
    curves : sequence of Curve
        One or more.
    clean : mapping
        ``value``, ``low`` and ``high`` of the unaltered recordings.
    chance : float
    axis : str
        What the vertical axis shows.

    Returns
    -------
    str
        SVG markup.
    """
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, len(curves))
    rows = math.ceil(len(curves) / columns)
    with house_style():
        figure = Figure(figsize=(max(1.9 * columns, 2.6), 2.3 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for place, panel in enumerate(panels):
            if place < len(curves):
                _draw(panel, curves[place], clean, chance)
                if place % columns == 0:
                    panel.set_ylabel(axis)
            else:
                panel.set_visible(False)
        panels[0].set_ylim(*_limits(curves, clean, chance))
        described = "; ".join(
            f"{curve.title} {label} {number(figure['value'])}"
            for curve in curves
            for label, figure in zip(curve.labels, curve.figures, strict=True)
        )
        text = f"{axis}: clean {number(clean['value'])}; {described}; chance {number(chance)}."
        return inline_svg(figure, "stress", text)


def _draw(axes: Axes, curve: Curve, clean: Mapping[str, Any], chance: float) -> None:
    axes.axhline(chance, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(clean["value"], color=LINE, linewidth=0.8)
    figures = [clean, *curve.figures]
    for at, figure in enumerate(figures):
        if np.isfinite([figure["low"], figure["high"]]).all():
            ends = [figure["low"], figure["high"]]
            axes.plot([at, at], ends, color=ACCENT, linewidth=2, alpha=0.55)
    values = [figure["value"] for figure in figures]
    axes.plot(
        range(len(values)),
        values,
        "o-" if curve.is_joined else "o",
        color=ACCENT,
        linewidth=1,
        markersize=4,
    )
    axes.set_title(curve.title, fontsize=9)
    axes.set_xticks(range(len(values)), ["clean", *curve.labels], rotation=45, ha="right")
    axes.set_xlim(-0.4, len(values) - 0.6)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)


def _limits(
    curves: Sequence[Curve], clean: Mapping[str, Any], chance: float
) -> tuple[float, float]:
    """Return the ends of the vertical axis: 0 and 1, or what lies outside."""
    figures = [clean, *(figure for curve in curves for figure in curve.figures)]
    ends = [figure[end] for figure in figures for end in ("value", "low", "high")]
    finite = [float(end) for end in (0.0, 1.0, chance, *ends) if math.isfinite(end)]
    return min(finite), max(finite)
