"""The figure of a learning curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featser.reporting.numbers import number
from featser.reporting.svg import ACCENT, MUTED, house_style, inline_svg


def drawn(
    speakers: Sequence[int], figures: Sequence[Mapping[str, Any]], chance: float, axis: str
) -> str:
    """Draw a metric with its interval against the number of speakers, whose axis doubles.

    Parameters
    ----------
    speakers : sequence of int
        Numbers of training speakers, ascending.
    figures : sequence of mapping
        ``value``, ``low`` and ``high`` for each; NaN bounds draw no interval.
    chance : float
        Drawn as a line.
    axis : str
        What the vertical axis shows.

    Returns
    -------
    str
        SVG markup.
    """
    from matplotlib.figure import Figure

    value, low, high = (
        np.array([figure[end] for figure in figures], dtype=float)
        for end in ("value", "low", "high")
    )
    with house_style():
        figure = Figure(figsize=(5.6, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log", base=2)
        axes.axhline(chance, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        for at, bottom, top in zip(speakers, low, high, strict=True):
            if np.isfinite([bottom, top]).all():
                axes.plot([at, at], [bottom, top], color=ACCENT, linewidth=2, alpha=0.55)
        axes.plot(speakers, value, "o-", color=ACCENT, linewidth=1, markersize=5.5)
        axes.set_xticks(list(speakers), [str(count) for count in speakers])
        axes.minorticks_off()
        axes.set_xlim(speakers[0] / 1.15, speakers[-1] * 1.15)
        axes.set_ylim(0, 1)
        axes.grid(visible=True, axis="y")
        axes.set_axisbelow(True)
        axes.set_xlabel("training speakers")
        axes.set_ylabel(axis)
        described = "; ".join(
            f"{count} speakers {number(at)}" for count, at in zip(speakers, value, strict=True)
        )
        return inline_svg(figure, "curve", f"{axis}: {described}; chance {number(chance)}.")
