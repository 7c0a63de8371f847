from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal, read_audio
from featser.errors import FeatureError
from featser.features.sets.contrasts import Contrasts

RATE = 16_000


def noise(n: int = RATE // 2, peak: float = 0.2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-peak, peak, n).astype(np.float32)


def contrasts(samples: np.ndarray) -> dict[str, float]:
    values = Contrasts()(Signal(samples.astype(np.float32), RATE))
    return {
        name.removeprefix("contrasts."): float(value)
        for name, value in zip(Contrasts().names, values, strict=True)
    }


def test_names_are_unique_stable_and_in_the_order_of_the_values():
    names = Contrasts().names
    assert len(set(names)) == len(names) == 145
    assert names[0] == "contrasts.loud-quiet.mfcc_00"
    assert names[41] == "contrasts.loud-medium.mfcc_00"
    assert names[-1] == "contrasts.end.zcr"


def test_three_levels_in_turn_are_measured_as_loud_less_quiet_and_as_thirds():
    values = contrasts(np.concatenate([noise(peak=0.05), noise(peak=0.5), noise(peak=0.1)]))
    assert values["loud-quiet.level"] == pytest.approx(20, abs=0.5)
    assert values["loud-medium.level"] == pytest.approx(20 * np.log10(5), abs=0.5)
    assert values["loud-quiet.logmel_10"] == pytest.approx(20, abs=1.5)
    overall = 20 * np.log10([0.05, 0.5, 0.1]).mean()
    for which, peak in (("start", 0.05), ("middle", 0.5), ("end", 0.1)):
        assert values[f"{which}.level"] == pytest.approx(20 * np.log10(peak) - overall, abs=0.6)


def test_a_brighter_end_has_a_higher_centroid_in_the_last_third():
    dark = np.convolve(noise(2 * RATE // 3), np.ones(8) / 8, mode="same")
    values = contrasts(np.concatenate([dark, noise(RATE // 3, peak=0.07)]))
    assert values["end.centroid"] > 1000
    assert values["start.centroid"] < -400


def test_the_thirds_of_the_time_add_up_to_nothing():
    values = contrasts(noise(RATE))
    total = values["start.slope"] + values["middle.slope"] + values["end.slope"]
    assert abs(total) < 0.02


def test_gain_changes_nothing():
    samples = noise(RATE) * (1.2 + np.sin(np.arange(RATE) / 500))
    quiet, loud = contrasts(samples / 16), contrasts(samples / 2)
    np.testing.assert_allclose(list(quiet.values()), list(loud.values()), rtol=1e-3, atol=2e-2)


def test_silence_around_the_sound_changes_little():
    samples = np.concatenate([noise(peak=0.05), noise(peak=0.5), noise(peak=0.1)])
    alone, padded = contrasts(samples), contrasts(np.pad(samples, RATE))
    assert padded["loud-quiet.level"] == pytest.approx(alone["loud-quiet.level"], abs=0.5)
    assert padded["middle.level"] == pytest.approx(alone["middle.level"], abs=0.5)


def test_any_length_and_silence_have_values():
    assert np.isnan(list(contrasts(noise(100)).values())).all()
    for n in (800, RATE // 4, 10 * RATE):
        assert np.isfinite(list(contrasts(noise(n)).values())).all()
    np.testing.assert_allclose(list(contrasts(np.zeros(RATE)).values()), 0, atol=1e-3)


def test_two_calls_have_equal_bits():
    assert contrasts(noise()) == contrasts(noise())


def test_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"resampled\(16000\)"):
        Contrasts()(Signal(np.ones(800, np.float32), 8000))


@pytest.mark.corpora
def test_real_speech_has_finite_values(real_recordings):
    assert np.isfinite(Contrasts()(read_audio(real_recordings[0]))).all()
