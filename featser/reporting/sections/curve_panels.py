"""A figure of small panels with one curve each, written as SVG without matplotlib.

Many panels of the same axes are drawn in milliseconds, and their markup is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from featser.io.escaping import for_svg
from featser.reporting.svg import label

_SIDE, _LEFT, _TOP, _BOTTOM, _GAP = 124.0, 40.0, 34.0, 34.0, 12.0
_COLUMNS = 2
_STEP = 0.5
"""Points of a curve that are fewer pixels apart are drawn as one."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel: a curve in the unit square.

    Attributes
    ----------
    title, note : str
        The lines above it.
    x, y : ndarray of float, shape (m,)
        From 0 to 1, where 1 is right and above.
    dot : tuple of float, optional
        A point on the curve that is marked.
    """

    title: str
    note: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    dot: tuple[float, float] | None = None


@dataclass(frozen=True)
class Axes:
    """The axes that all panels have.

    Attributes
    ----------
    x, y : str
        The titles.
    ticks : sequence of tuple of float and str
        Places from 0 to 1 on both axes, and what stands there.
    chance : tuple of float
        The ends of the line of chance: x, y, x, y.
    """

    x: str
    y: str
    ticks: Sequence[tuple[float, str]]
    chance: tuple[float, float, float, float]


def curve_panels(panels: Sequence[Panel], axes: Axes, name: str, description: str) -> str:
    """Draw panels in rows of two; the curve of the first is thin in all others.

    Parameters
    ----------
    panels : sequence of Panel
        The first is what the others are compared with, such as their mean.
    axes : Axes
    name, description : str
        As in :func:`featser.reporting.svg.inline_svg`.

    Returns
    -------
    str
        SVG markup.
    """
    wide, high = _LEFT + _SIDE + _GAP, _TOP + _SIDE + _BOTTOM
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    parts = [
        f'<g transform="translate({_LEFT + wide * (at % columns):g} '
        f'{_TOP + high * (at // columns):g})">{_panel(panel, panels[0], axes)}</g>'
        for at, panel in enumerate(panels)
    ]
    width, height = wide * columns, high * rows
    return (
        f'<svg role="img" aria-label="{for_svg(description)}" data-name="{name}" '
        f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
        f'font-size="10">{"".join(parts)}</svg>'
    )


def _panel(panel: Panel, mean: Panel, axes: Axes) -> str:
    lines = []
    for place, text in axes.ticks:
        at, down = place * _SIDE, (1 - place) * _SIDE
        lines += [
            f'<path d="M{at:.1f} 0V{_SIDE:g}M0 {down:.1f}H{_SIDE:g}" stroke="var(--line)" '
            'stroke-width=".6"/>',
            _text(at, _SIDE + 12, text, "middle"),
            _text(-4, down + 3.5, text, "end"),
        ]
    x0, y0, x1, y1 = axes.chance
    ends = _path(np.array([x0, x1]), np.array([y0, y1]))
    lines += [
        f'<path d="{ends}" stroke="var(--ink)" stroke-width=".8" stroke-dasharray="4 3"/>',
        _text(_SIDE / 2, _SIDE + 26, axes.x, "middle"),
        f'<g transform="translate(-30 {_SIDE / 2:g}) rotate(-90)">{_text(0, 0, axes.y, "middle")}'
        "</g>",
        _text(0, -18, label(panel.title), "start", "var(--ink)", ' font-weight="600"'),
        _text(0, -6, panel.note, "start"),
    ]
    if panel is not mean:
        thin = _path(mean.x, mean.y)
        lines.append(f'<path d="{thin}" fill="none" stroke="var(--muted)" stroke-width=".8"/>')
    curve = _path(panel.x, panel.y)
    lines.append(f'<path d="{curve}" fill="none" stroke="var(--accent)" stroke-width="1.8"/>')
    if panel.dot is not None:
        x, y = panel.dot
        lines.append(
            f'<circle cx="{x * _SIDE:.1f}" cy="{(1 - y) * _SIDE:.1f}" r="3" fill="var(--paper)" '
            'stroke="var(--accent)" stroke-width="1.5"/>'
        )
    return "".join(lines)


def _text(
    x: float, y: float, text: str, anchor: str, fill: str = "var(--muted)", more: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{more}>'
        f"{for_svg(text)}</text>"
    )


def _path(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> str:
    places = np.stack([x * _SIDE, (1 - y) * _SIDE], axis=1)
    coarse = np.round(places / _STEP) * _STEP
    moved = np.append(True, (np.diff(coarse, axis=0) != 0).any(axis=1))
    points = coarse[moved]
    # Inside a straight horizontal or vertical line, only the ends are needed.
    same = (np.diff(points, axis=0) == 0).astype(int)
    inner = (same[1:] & same[:-1]).any(axis=1)
    corners = points[np.concatenate([[True], ~inner, [True]])] if len(points) > 2 else points
    return "M" + "L".join(f"{across:g} {down:g}" for across, down in corners)
