from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.errors import FeatureError
from featser.features.sets.modulation import EDGES, N_BANDS, SUMMARIES, Modulation

RATE = 16_000
SHARES = len(EDGES) - 1


def noise(n: int = RATE, seed: int = 0) -> Signal:
    samples = np.random.default_rng(seed).standard_normal(n) * 0.1
    return Signal(samples.astype(np.float32), RATE)


def table(signal: Signal) -> np.ndarray:
    return Modulation()(signal).reshape(N_BANDS, SHARES + len(SUMMARIES))


@pytest.mark.parametrize(("hertz", "octave"), [(1.5, 1), (3, 2), (6, 3), (12, 4)])
def test_a_modulation_peaks_in_its_octave_in_every_band(hertz, octave):
    sound = noise(2 * RATE)
    wave = 10 ** (np.sin(2 * np.pi * hertz * np.arange(2 * RATE) / RATE) - 1)
    values = table(Signal((sound.samples * wave).astype(np.float32), RATE))
    assert (values[:, :SHARES].argmax(axis=1) == octave).all()
    assert (values[:, octave] > -1.5).all()
    np.testing.assert_allclose(values[:, SHARES], np.log2(hertz), atol=0.6)


def test_the_power_is_the_variance_of_the_level():
    sound = noise(2 * RATE)
    wave = 10 ** (np.sin(2 * np.pi * 4.1 * np.arange(2 * RATE) / RATE) - 1)
    values = table(Signal((sound.samples * wave).astype(np.float32), RATE))
    # 20 dB of amplitude up and down: a variance of 200 dB², some of it lost to the frames' width.
    np.testing.assert_allclose(values[-5:, -1], 10 * np.log10(200), atol=1)


def test_shares_add_up_to_one():
    shares = 10 ** (table(noise(2 * RATE))[:, :SHARES] / 10)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-3)


def test_names_are_unique_stable_and_in_the_order_of_the_values():
    names = Modulation().names
    assert len(set(names)) == len(names) == 180
    assert names[:2] == ("modulation.band_00.0.5-1Hz", "modulation.band_00.1-2Hz")
    assert names[-1] == "modulation.band_19.power"


def test_gain_changes_nothing():
    loud = noise()
    quiet = Signal(loud.samples / 4, RATE)
    np.testing.assert_allclose(Modulation()(quiet), Modulation()(loud), atol=1e-3, equal_nan=True)


def test_an_octave_without_a_whole_period_is_undefined_and_everything_else_is_not():
    undefined = np.isnan(table(noise(RATE // 4 + 400)))
    np.testing.assert_array_equal(undefined.all(axis=0), undefined.any(axis=0))
    assert undefined[0].tolist() == [True] * 3 + [False] * 6
    assert np.isfinite(table(noise(2 * RATE))).all()


def test_any_length_and_silence_have_values():
    for n in (1, 800, 20 * RATE):
        assert np.isfinite(table(noise(n))[:, SHARES:]).all()
    assert np.isfinite(table(Signal(np.zeros(2 * RATE, np.float32), RATE))).all()


def test_two_calls_have_equal_bits():
    np.testing.assert_array_equal(Modulation()(noise()), Modulation()(noise()))


def test_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"resampled\(16000\)"):
        Modulation()(Signal(np.ones(800, np.float32), 8000))
