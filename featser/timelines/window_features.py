"""The features of a block's windows: what a worker computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.audio.silence import trim_silence
from featser.errors import UnusableAudio
from featser.extraction.supervision import prepared_extractor
from featser.features.extractor import Extractor
from featser.features.file_features import checked_values, signal_part
from featser.one_thread import one_thread
from featser.timelines.marks.window_facts import FACTS, window_facts
from featser.workers.task import Step, failed

SILENT = "silent"
_LEAST_RANGE = 1 / 32768
"""Samples of a window that vary by less are silence, as in a whole recording."""


@dataclass(frozen=True, eq=False)
class WindowJob:
    """Windows of a stretch of sound.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        The stretch.
    rate : int
        Its sampling rate.
    starts_s : tuple of float
        Where in it the windows begin.
    window_s : float
        Their length.
    specs : tuple of str
        The extractors.
    is_measured : bool
        Whether the windows are also measured, to compare them with training recordings.
    """

    samples: NDArray[np.float32]
    rate: int
    starts_s: tuple[float, ...]
    window_s: float
    specs: tuple[str, ...]
    is_measured: bool = False


@dataclass(frozen=True, eq=False)
class WindowValues:
    """What came of a :class:`WindowJob`.

    Attributes
    ----------
    X : ndarray of float32, shape (windows, d)
        The features; NaN where there is a reason.
    reasons : list of str
        Why a window has no features; empty if it has.
    facts : ndarray, shape (windows, 3)
        As :func:`~featser.timelines.marks.window_facts.window_facts` has them; NaN where there is a
        reason, or nothing is measured.
    """

    X: NDArray[np.float32]
    reasons: list[str]
    facts: NDArray[np.float64]


def compute_windows(job: WindowJob, begin: Step) -> WindowValues:
    """Compute the features of windows: a :data:`featser.workers.task.Task`.

    Extractors that take recordings as they are share the frames of the stretch
    (:meth:`featser.audio.Signal.windows`).
    """
    extractors = [prepared_extractor(spec, begin) for spec in job.specs]
    begin(" ".join(job.specs), job.window_s * len(job.starts_s))
    width = sum(extractor.dimension for extractor in extractors)
    X = np.full((len(job.starts_s), width), np.nan, np.float32)
    facts = np.full((len(X), len(FACTS)), np.nan)
    reasons = []
    with one_thread():
        for row, windows in enumerate(_windows(job, extractors)):
            reasons.append(_fill(X[row], windows, extractors))
            if reasons[-1]:
                X[row] = np.nan
            elif job.is_measured:
                facts[row] = window_facts(windows[0])
    return WindowValues(X, reasons, facts)


Cuts = tuple[Signal, dict[int, Signal]]
"""A window at the recording's own rate, and by rate the windows that share frames."""


def _windows(job: WindowJob, extractors: Sequence[Extractor]) -> Iterator[Cuts]:
    whole = Signal(job.samples, job.rate)
    rates = sorted({extractor.rate for extractor in extractors})
    shared = [
        whole.resampled(rate).windows(
            [round(start * rate) for start in job.starts_s], round(job.window_s * rate)
        )
        for rate in rates
    ]
    for start, *windows in zip(job.starts_s, *shared, strict=True):
        own = whole.cut(start, job.window_s)
        yield own, dict(zip(rates, windows, strict=True))


def _fill(row: NDArray[np.float32], cuts: Cuts, extractors: Sequence[Extractor]) -> str:
    """Compute the features of one window; return why it has none."""
    own, shared = cuts
    if not len(own.samples) or np.ptp(own.samples) < _LEAST_RANGE:
        return SILENT
    last = 0
    for extractor in extractors:
        first, last = last, last + extractor.dimension
        try:
            row[first:last] = checked_values(extractor, _part(own, shared, extractor))
        except UnusableAudio as error:
            return error.reason
        except Exception as error:  # a window never ends a run: it is listed with the cause
            return f"the extractor {extractor.spec} {failed(error)}"
    return ""


def _part(own: Signal, shared: dict[int, Signal], extractor: Extractor) -> Signal:
    """Return what an extractor takes of a window."""
    is_whole = extractor.offset is None and extractor.duration is None
    if is_whole and not extractor.trims:
        return shared[extractor.rate]
    return signal_part(trim_silence(own) if extractor.trims else own, extractor, "window")
