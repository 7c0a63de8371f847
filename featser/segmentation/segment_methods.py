"""The registry of methods that cut recordings into segments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from featser.errors import InputError, unknown
from featser.segmentation.length_rules import SPEECH, LengthRules, Segment

if TYPE_CHECKING:
    from featser.audio.signal import Signal
    from featser.segmentation.activity import Activity


class Detector(Protocol):
    """Finds the frames of a recording that hold speech."""

    def detect(self, blocks: Iterable[Signal]) -> Activity:
        """Return the activity of a recording whose blocks come in order."""


class Segmenter(Protocol):
    """Cuts a recording into segments."""

    def segments(self, blocks: Iterable[Signal], rules: LengthRules) -> list[Segment]:
        """Return the parts of a recording whose blocks come in order."""


@dataclass(frozen=True)
class SegmentMethod:
    """A method.

    Attributes
    ----------
    name : str
        As users type it.
    summary : str
        What it does, for the help.
    make : callable
        Makes a segmenter of its parameters.
    parameters : tuple of str
        Names of its parameters, all of which are numbers that must be given.
    label : str
        What the segments are called that it finds.
    """

    name: str
    summary: str
    make: Callable[..., Segmenter]
    parameters: tuple[str, ...] = ()
    label: str = SPEECH

    @property
    def usage(self) -> str:
        """How it is typed."""
        return f"{self.name}:{','.join(self.parameters)}" if self.parameters else self.name


@dataclass(frozen=True)
class _Detected:
    """A detector, whose frames become segments by rules of length."""

    detector: Detector

    def segments(self, blocks: Iterable[Signal], rules: LengthRules) -> list[Segment]:
        from featser.segmentation.speech_segments import segments_of

        return segments_of(self.detector.detect(blocks), rules)


def _energy() -> Segmenter:
    from featser.segmentation.energy_detector import EnergyDetector

    return _Detected(EnergyDetector())


def _silero() -> Segmenter:
    from featser.segmentation.silero_detector import SileroDetector

    return _Detected(SileroDetector())


def _fixed(window_s: float, hop_s: float) -> Segmenter:
    from featser.segmentation.fixed_windows import FixedWindows

    return FixedWindows(window_s, hop_s)


METHODS = (
    SegmentMethod("energy", "speech by its level above a noise that is tracked", _energy),
    SegmentMethod("silero", "speech by Silero's network (extra `silero`)", _silero),
    SegmentMethod(
        "fixed",
        "windows of WINDOW seconds each HOP seconds",
        _fixed,
        ("WINDOW", "HOP"),
        label="window",
    ),
)
DEFAULT = METHODS[0].name


def parse_method(spec: str) -> tuple[SegmentMethod, Segmenter]:
    """Return the method that a text names, and its segmenter.

    Raises
    ------
    InputError
        If there is no such method, or its parameters are not valid.

    Examples
    --------
    >>> parse_method("fixed:2,0.5")[0].name
    'fixed'
    >>> parse_method("fixed:2")
    Traceback (most recent call last):
    featser.errors.InputError: method: 'fixed:2': write fixed:WINDOW,HOP with numbers of seconds
    """
    name, _, text = spec.partition(":")
    rows = {row.name: row for row in METHODS}
    if name not in rows:
        raise InputError(unknown("method", name, [row.usage for row in METHODS]), "method")
    row = rows[name]
    texts = text.split(",") if text else []
    try:
        values = [float(value) for value in texts]
    except ValueError:
        values = []
    if len(values) != len(row.parameters) or len(texts) != len(values):
        fix = f"write {row.usage}" + " with numbers of seconds" * bool(row.parameters)
        raise InputError(f"'{spec}': {fix}", "method")
    return row, row.make(*values)
