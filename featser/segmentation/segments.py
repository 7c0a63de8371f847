"""The segments of a recording, decoded block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from featser.audio import decode_blocks
from featser.audio.channels import MIX
from featser.audio.signal import Signal
from featser.progress import Progress, silent
from featser.segmentation.length_rules import LengthRules
from featser.segmentation.segment_methods import DEFAULT, parse_method

BLOCK_S = 30.0
"""Seconds that are decoded at a time; segments do not depend on it."""


def find_segments(
    file: str | Path,
    method: str = DEFAULT,
    rules: LengthRules | None = None,
    channel: str = MIX,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Find the speech of a recording.

    Parameters
    ----------
    file : str or Path
        The recording, or its URL.
    method : str
        As :func:`~featser.segmentation.segment_methods.parse_method` reads it.
    rules : LengthRules, optional
        Lengths and padding; the default ones by default.
    channel : str
        As :func:`featser.audio.read_audio` takes it.
    progress : callable
        Called with the seconds that are done, and 0 because the length is not known.

    Returns
    -------
    DataFrame
        ``start`` and ``end`` in seconds, and ``kind``: ``speech`` (or ``window``), or why a part is
        left out: ``silence``, ``too short``, ``noise`` (or ``between windows``). In order of time,
        and together the whole recording.

    Raises
    ------
    UnusableAudio
        If the recording cannot be used.
    InputError
        If there is no such method.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> samples = np.random.default_rng(0).normal(0, 0.001, 48_000)
    >>> samples[16_000:32_000] += np.sin(np.arange(16_000) / 5) * 0.1
    >>> soundfile.write("beep.wav", samples, 16_000)
    >>> find_segments("beep.wav", rules=LengthRules(pad_s=0.0))["kind"].tolist()
    ['silence', 'speech', 'silence']
    """
    _, segmenter = parse_method(method)
    blocks = _watched(decode_blocks(file, BLOCK_S, channel), progress)
    parts = segmenter.segments(blocks, rules or LengthRules())
    rows = [(part.start, part.end, part.kind) for part in parts]
    return pd.DataFrame(rows, columns=["start", "end", "kind"])


def _watched(blocks: Iterator[Signal], progress: Progress) -> Iterator[Signal]:
    seconds = 0.0
    for block in blocks:
        yield block
        seconds += block.seconds
        progress(round(seconds), 0)
