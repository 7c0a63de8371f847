from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.errors import UnusableAudio
from featser.features.gemaps.gemaps_descriptors import contours_of
from featser.features.registry import make_extractor
from tests.features.family_cases import (
    ODD,
    assert_shared_contours_change_nothing,
    odd_signals,
    values_of,
)
from tests.features.gemaps_signals import RATE, pulses, vowel


def test_names_are_stable():
    names = make_extractor("gemaps-contours").names
    assert len(names) == len(set(names)) == 735
    assert names[0] == "gemaps.Loudness.all.mean"
    assert names[-1] == "gemaps.F3amplitudeLogRelF0.voiced.fall_time"


def test_means_of_voice_are_those_of_gemaps():
    samples = vowel(pulses(150.0, 0.5))
    values = values_of("gemaps-contours", samples)
    gemaps = values_of("gemaps", samples)
    for name in ("HNRdBACF", "F1frequency", "logRelF0-H1-A3"):
        assert values[f"{name}.voiced.mean"] == pytest.approx(
            gemaps[f"{name}_sma3nz_amean"], rel=1e-4
        )


def test_contours_are_computed_once_for_a_signal():
    signal = Signal(vowel(pulses(150.0, 0.3)), RATE)
    assert contours_of(signal) is contours_of(signal)
    assert_shared_contours_change_nothing("gemaps-contours")


@pytest.mark.parametrize("case", ODD)
def test_only_what_is_of_voice_is_undefined_without_it(case):
    values = values_of("gemaps-contours", odd_signals()[case])
    assert len(values) == 735
    assert np.isfinite([v for n, v in values.items() if n.endswith(".all.mean")]).all()
    if case in ("unvoiced only", "zeros", "constant"):
        assert np.isnan([v for n, v in values.items() if ".voiced." in n]).all()


def test_less_than_60_ms_is_refused():
    with pytest.raises(UnusableAudio, match="too short for gemaps-contours: 50 ms"):
        make_extractor("gemaps-contours")(Signal(np.zeros(800, np.float32), RATE))
