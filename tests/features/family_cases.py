"""Signals that every family over gemaps' contours must accept, and the checks on them."""

from __future__ import annotations

import warnings

import numpy as np

from featser.audio import Signal
from featser.features.registry import make_extractor
from tests.features.gemaps_signals import RATE, noisy, pulses, vowel


def odd_signals() -> dict[str, np.ndarray]:
    click = np.zeros(RATE // 2, np.float32)
    click[RATE // 4] = 0.9
    return {
        "unvoiced only": np.random.default_rng(0).standard_normal(RATE // 2) * 0.1,
        "silence with one click": click,
        "zeros": np.zeros(RATE // 2),
        "200 ms": vowel(pulses(150.0, 0.3))[:3200],
        "60 ms": vowel(pulses(150.0, 0.3))[:960],
        "full-scale square wave": np.where(np.arange(RATE // 2) % 100 < 50, -1.0, 0.999),
        "constant": np.full(RATE // 2, 0.5),
    }


ODD = tuple(odd_signals())


def values_of(name: str, samples: np.ndarray) -> dict[str, float]:
    """Return the values by name, without the extractor's prefix; any warning fails."""
    extractor = make_extractor(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = extractor(Signal(np.asarray(samples, np.float32), RATE))
    assert values.dtype == np.float32
    assert not np.isinf(values).any()
    names = (each.split(".", 1)[1] for each in extractor.names)
    return dict(zip(names, values.tolist(), strict=True))


def assert_shared_contours_change_nothing(name: str) -> None:
    """Whether gemaps comes first, last or not at all, both extractors give the same bits."""
    samples = noisy(vowel(pulses(140.0, 0.5)), 20)
    gemaps, extractor = make_extractor("gemaps"), make_extractor(name)
    alone, other = Signal(samples, RATE), Signal(samples, RATE)
    first, eighty_eight = extractor(alone), gemaps(other)
    np.testing.assert_array_equal(extractor(other), first)
    np.testing.assert_array_equal(extractor(alone), first)
    np.testing.assert_array_equal(gemaps(alone), eighty_eight)
