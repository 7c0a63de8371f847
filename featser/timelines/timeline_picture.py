"""A timeline as a picture: waveform, probabilities as stacked areas, numbers as curves.

Colours are those of Okabe and Ito, which people with any colour vision tell apart; from the ninth
class on areas are hatched as well. Where the sound is unlike the training recordings, all panels
are pale and cross-hatched. matplotlib's objects are used without pyplot, and a user's own settings
of matplotlib neither enter nor change.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featser.reporting.svg import label
from featser.tasks import Task
from featser.timelines.marks.frame_marks import marked_stretches
from featser.timelines.recording_timeline import RecordingTimeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE_ENDINGS = (".svg", ".png", ".pdf")
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#F0E442", "#CC79A7", "#999999",
)  # fmt: skip
HATCHES = ("", "///", "...")
MOST_COLUMNS = 1500
"""More columns than this are averaged: a picture has no more."""
MINUTES_FROM_S = 180.0
_INK, _MUTED, _WAVE = "#1a1a1a", "#555555", "#777777"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "featser",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": _INK,
    "text.parse_math": False,
    "axes.edgecolor": _MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.5,
    "savefig.facecolor": "white",
}

Doubles = NDArray[np.float64]


def write_picture(timeline: RecordingTimeline, path: Path, title: str) -> None:
    """Draw a timeline into a file.

    Parameters
    ----------
    timeline : RecordingTimeline
        What to draw.
    path : Path
        One of :data:`PICTURE_ENDINGS`; the same timeline makes the same bytes.
    title : str
        Stands above the picture.
    """
    import warnings

    from matplotlib import style
    from matplotlib.figure import Figure

    classes = [task for task in timeline.tasks if task.categorical]
    numbers = [task for task in timeline.tasks if not task.categorical]
    heights = [0.8, *(1.5 for _ in classes), *([1.3] if numbers else [])]
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(10.0, 0.9 + sum(heights)), layout="constrained")
        panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)
        waveform, *others = panels[:, 0]
        waveform.set_title(label(title, 80), loc="left", fontsize=10)
        _draw_waveform(waveform, timeline)
        for axes, task in zip(others, classes, strict=False):
            _draw_probabilities(axes, timeline, task)
        if numbers:
            _draw_numbers(others[-1], timeline, numbers)
        for axes in panels[:, 0]:
            _draw_marks(axes, timeline)
        _label_time(panels[-1, 0], timeline.duration_s)
        date = {"Date": None} if path.suffix.lower() == ".svg" else {}
        if path.suffix.lower() == ".pdf":
            date = {"CreationDate": None}
        figure.savefig(path, dpi=150, metadata=date)


def _draw_waveform(axes: Axes, timeline: RecordingTimeline) -> None:
    low, high = timeline.envelope.astype(np.float64)
    step = -(-len(low) // MOST_COLUMNS)
    edges = np.arange(0, len(low), step)
    low, high = np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)
    times = (edges + step / 2) * timeline.duration_s / (edges[-1] + step)
    axes.fill_between(times, low, high, color=_WAVE, linewidth=0)
    peak = max(float(np.abs(timeline.envelope).max()), 1e-3)
    axes.set_ylim(-peak, peak)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("waveform")


def _draw_marks(axes: Axes, timeline: RecordingTimeline) -> None:
    """Hatch what is unlike the training recordings; the waveform's legend says so."""
    marked = marked_stretches(timeline.table)
    if marked.empty:
        return
    starts, ends = marked["start"].to_numpy(), marked["end"].to_numpy()
    axes.broken_barh(
        list(zip(starts, ends - starts, strict=True)), (0, 1), label="unlike\ntraining",
        transform=axes.get_xaxis_transform(), **_MARK,
    )  # fmt: skip
    if not axes.get_legend():
        axes.legend(**_LEGEND)


def _draw_probabilities(axes: Axes, timeline: RecordingTimeline, task: Task) -> None:
    names = [f"{task.name}.p[{name}]" for name in task.classes]
    times, values = _steps(timeline, names)
    top = np.vstack([np.zeros(len(times)), np.cumsum(np.nan_to_num(values.T), axis=0)])
    for code, name in enumerate(task.classes):
        axes.fill_between(
            times, top[code], top[code + 1], label=label(name), linewidth=0, **_look(code)
        )
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel(label(task.name))
    # The first class lies at the bottom of the areas, and so of the legend.
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], **_LEGEND)


def _draw_numbers(axes: Axes, timeline: RecordingTimeline, tasks: Sequence[Task]) -> None:
    for code, task in enumerate(tasks):
        times, values = _steps(timeline, [f"{task.name}.pred"])
        style = ("-", "--", ":", "-.")[code % 4]
        axes.plot(
            times, values[:, 0], style, color=PALETTE[code % len(PALETTE)], label=label(task.name)
        )
    axes.set_ylabel("predicted value")
    axes.legend(**_LEGEND)


_MARK: dict[str, Any] = {
    "facecolor": (1.0, 1.0, 1.0, 0.55), "edgecolor": _INK, "hatch": "xxx", "linewidth": 0.0,
}  # fmt: skip
"""Over the colours of classes, which stay visible."""
_LEGEND: dict[str, Any] = {
    "loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False, "handlelength": 1.2,
}  # fmt: skip


def _look(code: int) -> dict[str, Any]:
    """Return the colour and the hatching of a class."""
    hatch = HATCHES[code // len(PALETTE) % len(HATCHES)]
    return {"facecolor": PALETTE[code % len(PALETTE)], "hatch": hatch, "edgecolor": _INK}


def _steps(timeline: RecordingTimeline, names: Sequence[str]) -> tuple[Doubles, Doubles]:
    """Return the edges of rows and their values twice, so that a line through them has steps.

    Where rows are many, several are averaged; where nothing was predicted, values are NaN.
    """
    table = timeline.table
    frames = table[["start", "end"]].to_numpy(dtype=np.float64)
    values = table[list(names)].to_numpy(dtype=np.float64)
    group = np.arange(len(frames)) // -(-len(frames) // MOST_COLUMNS)
    edges = np.flatnonzero(np.diff(group, prepend=-1))
    present = np.isfinite(values)
    counts = np.add.reduceat(present, edges, axis=0)
    sums = np.add.reduceat(np.where(present, values, 0.0), edges, axis=0)
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    last = np.append(edges[1:], len(frames)) - 1
    times = np.column_stack([frames[edges, 0], frames[last, 1]]).ravel()
    return times, np.repeat(means, 2, axis=0)


def _label_time(axes: Axes, duration_s: float) -> None:
    axes.set_xlim(0, duration_s)
    if duration_s < MINUTES_FROM_S:
        axes.set_xlabel("time in seconds")
        return
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 1.2, 1.5, 2, 3, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _clock(value)))
    axes.set_xlabel("time in minutes and seconds")


def _clock(seconds: float) -> str:
    """Write seconds as minutes and seconds.

    Examples
    --------
    >>> _clock(75.0)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
