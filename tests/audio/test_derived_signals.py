"""Derived signals are computed once and shared by all extractors of a signal."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from featser.audio import Signal


@pytest.fixture
def signal() -> Signal:
    return Signal(np.array([0.5, -0.25, 0.125], np.float32), 16_000)


def test_derived_computes_once_per_key(signal):
    calls = []

    def make() -> list[int]:
        calls.append(1)
        return calls

    assert signal.derived("calls", make) is signal.derived("calls", make)
    assert calls == [1]
    assert signal.derived(("calls", 2), lambda: 7) == 7
    assert signal.derived("calls", make) == [1]


def test_derived_none_is_a_value_too(signal):
    assert signal.derived("nothing", lambda: None) is None
    assert signal.derived("nothing", lambda: 1) is None


def test_derived_that_fails_is_computed_again(signal):
    with pytest.raises(ZeroDivisionError):
        signal.derived("ratio", lambda: 1 / 0)
    assert signal.derived("ratio", lambda: 2.0) == 2.0


def test_derived_gives_threads_the_same_object(signal):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: signal.derived("list", list), range(200)))
    assert all(one is made[0] for one in made)


@pytest.mark.parametrize(
    "changed",
    [
        lambda signal: signal.cut(0.0),
        lambda signal: signal.resampled(16_000),
        lambda signal: replace(signal, samples=signal.samples * 2),
        lambda signal: pickle.loads(pickle.dumps(signal)),
        copy.copy,
        copy.deepcopy,
    ],
)
def test_other_signals_share_nothing(signal, changed):
    """A changed signal with the derived signals of the first would give wrong features."""
    signal.derived("peak", lambda: 0.5)
    assert changed(signal).derived("peak", lambda: 0.75) == 0.75
