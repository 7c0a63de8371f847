"""Voices that count as long recordings, and how far two computations of features are apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import featser.audio.signal as signal_module
from featser.audio import RATE, Signal
from featser.corpora.synthetic.demo_corpus import demo_utterances
from featser.features.lowlevel import blocks

Floats = NDArray[Any]
_LEAST = 1e-4


def voices(n_utterances: int, seed: int = 0) -> Floats:
    """Utterances of the demo corpus one after the other, about 1.4 s each."""
    spoken = islice(demo_utterances(seed), n_utterances)
    return np.concatenate([utterance.samples for _, utterance in spoken])


@contextmanager
def short_blocks(long_s: float = 1.0, frames: int = 97, values: int = 1000) -> Iterator[None]:
    """Let recordings of more than a second be long, and blocks short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal_module, "LONG_S", long_s)
        patch.setattr(blocks, "BLOCK_FRAMES", frames)
        patch.setattr(blocks, "GROUP_VALUES", values)
        yield


def of_samples(samples: Floats) -> Signal:
    """A signal that shares nothing with another one of the same samples."""
    return Signal(samples, RATE)


def relative_differences(names: Sequence[str], values: Floats, expected: Floats) -> Floats:
    """Differences over the size of the expected values.

    The size is the value's own; or, where that is more, the median of its like, whose names differ
    in numbers alone (``mfcc_03.std`` and ``mfcc_04.std``), or a ten thousandth of the greatest
    value of the same contour: what is zero but for rounding has no size of its own.
    """
    assert np.array_equal(np.isnan(values), np.isnan(expected))
    own = np.abs(np.nan_to_num(expected)).astype(np.float64)
    like = _by_group([re.sub(r"\d+", "0", name) for name in names], own, np.median)
    contour = _by_group([name.rpartition(".")[0] for name in names], own, np.max)
    size = np.maximum.reduce([own, like, _LEAST * contour])
    apart = np.abs(np.nan_to_num(values).astype(np.float64) - np.nan_to_num(expected))
    return np.divide(apart, size, out=np.zeros_like(apart), where=apart > 0)


def _by_group(
    groups: Sequence[str], values: Floats, statistic: Callable[[Floats], float]
) -> Floats:
    result = np.empty_like(values)
    labels = np.array(groups)
    for group in np.unique(labels):
        result[labels == group] = statistic(values[labels == group])
    return result
