from __future__ import annotations

import numpy as np
import pytest

from featser.features.lowlevel.envelope import envelope_of, pauses
from featser.features.registry import make_extractor
from featser.features.sets.rhythm import NAMES, stretches
from tests.features.family_cases import (
    ODD,
    assert_shared_contours_change_nothing,
    odd_signals,
    values_of,
)
from tests.features.gemaps_signals import RATE


def bursts(rate: float, seconds: float = 2.0) -> np.ndarray:
    """Noise whose loudness comes and goes ``rate`` times a second."""
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, len(time))
    return noise * (0.02 + 0.98 * np.sin(np.pi * rate * time) ** 4)


def test_names_are_stable():
    names = make_extractor("rhythm").names
    assert len(names) == len(set(names)) == len(NAMES) == 61
    assert names[0] == "rhythm.seconds"
    assert names[-1] == "rhythm.level_slope"


@pytest.mark.parametrize("rate", [3.0, 4.0, 5.0, 7.0])
def test_bursts_are_beats(rate):
    values = values_of("rhythm", bursts(rate))
    assert values["beat_rate"] == pytest.approx(rate, abs=0.01)
    assert values["beat_interval"] == pytest.approx(1 / rate, rel=0.05)
    assert values["beat_variation"] < 0.1
    assert values["beat_npvi"] < 10
    band = {3.0: "2-4", 5.0: "4-6", 7.0: "6-8"}.get(rate)
    bands = {name: value for name, value in values.items() if name.startswith("modulation_")}
    del bands["modulation_centroid"]
    if band:
        assert max(bands, key=bands.__getitem__) == f"modulation_{band}"


def test_a_pause_is_as_long_as_it_is():
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, RATE)
    samples[: RATE // 10] = 0
    samples[RATE // 2 : 7 * RATE // 10] = 0
    table = pauses(envelope_of(samples.astype(np.float32)))
    assert table["onset"] == pytest.approx(0.1)
    assert table["sounding"] == pytest.approx(0.9)
    assert table["pause_rate"] == pytest.approx(1 / 0.9)
    assert table["pause_max"] == table["pause_mean"] == pytest.approx(0.2 / 0.9)


def test_attack_and_decay_are_the_slopes_of_the_level():
    time = np.arange(RATE) / RATE
    level = np.where(time < 0.25, 80 * time - 20, -(80 / 3) * (time - 0.25))
    samples = 0.5 * np.sin(2 * np.pi * 1000 * time) * 10 ** (level / 20)
    values = values_of("rhythm", samples)
    assert values["attack_mean"] == pytest.approx(80, rel=0.1)
    assert values["decay_mean"] == pytest.approx(80 / 3, rel=0.1)
    assert values["energy_peak"] == pytest.approx(0.25, abs=0.01)


def test_stretches_of_voice_are_counted_and_measured():
    voiced = np.zeros(100, bool)
    voiced[10:30] = voiced[50:90] = voiced[95:97] = True
    table = stretches(voiced, 1.0)
    assert table["voiced_rate"] == 2
    assert table["voiced_mean"] == pytest.approx(0.3)
    assert table["unvoiced_max"] == pytest.approx(0.2)


def test_a_softer_recording_has_the_same_rhythm():
    loud = values_of("rhythm", bursts(4.0))
    soft = values_of("rhythm", 0.25 * bursts(4.0))
    np.testing.assert_allclose(list(soft.values()), list(loud.values()), rtol=1e-4, atol=1e-4)


def test_contours_are_shared_with_gemaps():
    assert_shared_contours_change_nothing("rhythm")


@pytest.mark.parametrize("case", ODD)
def test_odd_signals_give_finite_values_or_the_nan_that_is_documented(case):
    values = values_of("rhythm", odd_signals()[case])
    assert values["seconds"] > 0
    if case == "zeros":
        assert {name for name in values if np.isfinite(values[name])} == {
            "seconds",
            "voiced_rate",
            "voiced_share",
        }
    if case == "constant":
        assert values["beat_rate"] == values["pause_share"] == 0
