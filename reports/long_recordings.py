"""Synthetic long recordings: clips of one speaker in random order, with known borders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from featser.audio import RATE, decode
from featser.audio.silence import trim_silence
from featser.evaluation.timelines.labelled_time import LabelledInterval

SEED = 0
PAUSE_S = (0.2, 0.6)
NOISE_DB = -80.0
"""The level of pauses: a quiet room, not digital silence."""


@dataclass(frozen=True, eq=False)
class LongRecording:
    """A recording made of clips.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        Mono.
    rate : int
        Samples per second.
    intervals : list of LabelledInterval
        The clips, in order.
    rows : ndarray of int, shape (clips,)
        Which rows of the table they are.
    """

    samples: np.ndarray
    rate: int
    intervals: list[LabelledInterval]
    rows: np.ndarray

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.rate


def long_recording(table: pd.DataFrame, label: str, seed: int) -> LongRecording:
    """Put the clips of a table one after the other.

    Parameters
    ----------
    table : DataFrame
        ``file``, the label, and ``row``.
    label : str
        The column whose values the intervals have.
    seed : int
        Decides the order and the pauses.
    """
    random = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    intervals: list[LabelledInterval] = []
    rows: list[int] = []
    at = 0
    for position in random.permutation(len(table)):
        clip = table.iloc[position]
        samples = _clip(str(clip["file"]))
        pause = _pause(random)
        first, at = at + len(pause), at + len(pause) + len(samples)
        parts += [pause, samples]
        intervals.append(LabelledInterval(first / RATE, at / RATE, str(clip[label])))
        rows.append(int(clip["row"]))
    parts.append(_pause(random))
    return LongRecording(np.concatenate(parts), RATE, intervals, np.array(rows))


def _clip(file: str) -> np.ndarray:
    """Read a clip without the silence around it."""
    return trim_silence(decode(file), file).resampled(RATE).samples


def _pause(random: np.random.Generator) -> np.ndarray:
    count = round(random.uniform(*PAUSE_S) * RATE)
    return random.normal(0, 10 ** (NOISE_DB / 20), count).astype(np.float32)
