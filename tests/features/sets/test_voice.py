from __future__ import annotations

import numpy as np
import pytest

from featser.features.gemaps.intonation import NAMES, intonation
from featser.features.gemaps.phonation import cepstral_prominence, harmonic_tilt, harmonics_of
from featser.features.registry import make_extractor
from tests.features.family_cases import (
    ODD,
    assert_shared_contours_change_nothing,
    odd_signals,
    values_of,
)
from tests.features.gemaps.test_gemaps import long_power
from tests.features.gemaps_signals import RATE, noisy, pulses, vowel


def sung(semitones: np.ndarray, tilt_db: float = -6.0) -> np.ndarray:
    """Harmonics up to 4 kHz that fall by ``tilt_db`` an octave, pitch in semitones re 27.5 Hz."""
    phase = 2 * np.pi * np.cumsum(27.5 * 2 ** (semitones / 12)) / RATE
    samples = sum(
        10 ** (tilt_db / 20 * np.log2(n)) * np.sin(n * phase + n * n) for n in range(1, 21)
    )
    return 0.5 * samples / np.abs(samples).max()


def test_names_are_stable():
    names = make_extractor("voice").names
    assert len(names) == len(set(names)) == 350
    assert names[0] == "voice.f0.median"
    assert names[-1] == "voice.F3/F2.with_loudness"


@pytest.mark.parametrize("rise", [-10.0, 8.0])
def test_a_glide_has_the_slope_that_it_was_sung_with(rise):
    time = np.arange(RATE) / RATE
    values = values_of("voice", sung(30 + rise * (time - 0.5)))
    assert values["f0.median"] == pytest.approx(30, abs=0.2)
    assert values["f0.slope"] == pytest.approx(rise, rel=0.05)
    assert values["f0.slope_last"] == pytest.approx(rise, rel=0.1)
    assert values["f0.range_90"] == pytest.approx(0.9 * 0.94 * abs(rise), rel=0.1)
    assert values["f0.step_rising"] == pytest.approx(float(rise > 0), abs=0.1)
    assert np.sign(values["F0semitoneFrom27.5Hz.end-start"]) == np.sign(rise)


def test_a_parabola_is_the_second_legendre_polynomial():
    u = np.linspace(-1, 1, 101)
    table = intonation(40 + 3 * u + 2 * (3 * u**2 - 1) / 2, np.ones(101, bool))
    assert table["legendre_1"] == pytest.approx(3, abs=0.01)
    assert table["legendre_2"] == pytest.approx(2, abs=0.01)
    assert table["legendre_3"] == pytest.approx(0, abs=0.01)


def test_two_waves_of_pitch_are_two_rises_and_two_falls_about():
    time = np.arange(100) / 100
    table = intonation(40 - 3 * np.cos(4 * np.pi * time), np.ones(100, bool))
    assert table["rise_rate"] == pytest.approx(2 / 0.99)
    assert table["fall_rate"] == pytest.approx(2 / 0.99)
    assert table["rise_max"] == pytest.approx(6, abs=0.1)
    assert set(table) == set(NAMES)


def test_noise_takes_the_cepstral_peak_away():
    clean = vowel(pulses(180.0, 0.4))
    levels = [
        np.median(cepstral_prominence(np.sqrt(long_power(noisy(clean, snr)))))
        for snr in (30, 10, 0, -20)
    ]
    assert np.all(np.diff(levels) < 0)


@pytest.mark.parametrize("hertz", [110.0, 250.0])
def test_harmonics_have_the_levels_that_they_were_made_with(hertz):
    samples = sung(np.full(RATE // 2, 12 * np.log2(hertz / 27.5)), tilt_db=-12.0)
    magnitude = np.sqrt(long_power(np.asarray(samples, np.float32)))
    harmonics = harmonics_of(magnitude, np.full(len(magnitude), hertz))
    np.testing.assert_allclose(harmonics.level[:, 0] - harmonics.level[:, 3], 24, atol=0.3)
    np.testing.assert_allclose(harmonics.deviation[:, :8], 0, atol=0.02)
    np.testing.assert_allclose(harmonic_tilt(harmonics.level), -12, atol=0.2)


def test_harmonics_beyond_the_spectrum_are_undefined():
    hertz = np.linspace(55, 1000, 200)
    harmonics = harmonics_of(np.ones((200, 513), np.float32), hertz)
    within = hertz[:, None] * np.arange(1, 21) < 7900
    assert np.isfinite(harmonics.level[within]).all()
    assert np.isnan(harmonics.level[hertz[:, None] * np.arange(1, 21) > 8000]).all()
    assert np.isfinite(harmonic_tilt(harmonics.level)).all()


def test_pitch_that_rises_with_loudness_correlates_with_it():
    time = np.arange(RATE) / RATE
    samples = sung(30 + 6 * time) * 10 ** (time - 1)
    values = values_of("voice", samples)
    assert values["Loudness.with_f0"] > 0.95
    assert values["F0semitoneFrom27.5Hz.loud-soft"] > 2
    assert values["Loudness.end-start"] > 0


def test_contours_are_shared_with_gemaps():
    assert_shared_contours_change_nothing("voice")


@pytest.mark.parametrize("case", ODD)
def test_odd_signals_give_finite_values_or_the_nan_that_is_documented(case):
    values = values_of("voice", odd_signals()[case])
    if case in ("unvoiced only", "zeros", "constant"):
        assert np.isnan(list(values.values())).all()
    if case == "200 ms":
        assert np.isfinite(list(values.values())).all()
