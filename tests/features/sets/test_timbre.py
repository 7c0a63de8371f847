from __future__ import annotations

import numpy as np
import pytest

from featser.features.lowlevel.spectral_shape import SHAPE, shape
from featser.features.lowlevel.spectrum import Spectrum
from featser.features.registry import make_extractor
from featser.features.sets.timbre import HARMONIC, harmonic_balance
from tests.features.family_cases import (
    ODD,
    assert_shared_contours_change_nothing,
    odd_signals,
    values_of,
)
from tests.features.gemaps.test_gemaps import long_power
from tests.features.gemaps_signals import RATE, noisy, pulses, vowel


def shape_of(samples: np.ndarray) -> dict[str, float]:
    """Median over the inner frames of each contour."""
    spectrum = Spectrum(np.asarray(samples, np.float32))
    values = shape(spectrum, np.arange(5, spectrum.n_frames - 5))
    return dict(zip(SHAPE, np.median(values, axis=1).tolist(), strict=True))


def tones(levels: dict[int, float], hertz: float = 200.0) -> dict[str, float]:
    time = np.arange(RATE // 2) / RATE
    samples = sum(a * np.sin(2 * np.pi * n * hertz * time) for n, a in levels.items())
    magnitude = np.sqrt(long_power(np.asarray(samples, np.float32)))
    balance = harmonic_balance(magnitude, np.full(len(magnitude), hertz))
    return dict(zip(HARMONIC, np.median(balance, axis=1).tolist(), strict=True))


def test_names_are_stable():
    names = make_extractor("timbre").names
    assert len(names) == len(set(names)) == (len(SHAPE) + len(HARMONIC)) * 14
    assert names[0] == "timbre.centroid.mean"
    assert names[-1] == "timbre.harmonic_centroid.delta.max"


def test_a_tone_is_narrow_and_noise_is_wide_and_flat():
    time = np.arange(RATE // 2) / RATE
    tone = shape_of(0.5 * np.sin(2 * np.pi * 1000 * time))
    noise = shape_of(np.random.default_rng(0).uniform(-0.5, 0.5, RATE // 2))
    assert tone["centroid"] == pytest.approx(np.log2(1050), abs=0.01)
    assert tone["rolloff_50"] == pytest.approx(np.log2(1050), abs=0.05)
    assert tone["spread"] < 0.1
    assert noise["spread"] == pytest.approx(8 / np.sqrt(12), rel=0.05)
    assert noise["skewness"] == pytest.approx(0, abs=0.2)
    assert noise["kurtosis"] == pytest.approx(1.8, abs=0.2)
    assert noise["entropy"] > 0.85
    assert tone["entropy"] < 0.5
    assert noise["octave_slope"] == pytest.approx(0, abs=1)
    assert noise["share_1000-2000"] == pytest.approx(10 * np.log10(1 / 8), abs=0.7)
    assert tone["likeness"] > 0.99 > noise["likeness"]


def test_the_slope_of_a_band_is_that_of_the_spectrum():
    noise = np.random.default_rng(0).standard_normal(RATE)
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(RATE, 1 / RATE)
    tilted = np.fft.irfft(spectrum * 10 ** (-6 * hertz / 1000 / 20))
    sloped, flat = shape_of(0.1 * tilted), shape_of(0.1 * noise)
    for band in ("1000-4000", "2500-5000"):
        difference = sloped[f"slope_{band}"] - flat[f"slope_{band}"]
        assert difference == pytest.approx(-6, abs=0.5)


def test_harmonic_balance_is_that_of_the_sines_that_were_added():
    values = tones({1: 0.2, 2: 0.1, 3: 0.1, 5: 0.05})
    power = 0.04 + 0.01 + 0.01 + 0.0025
    assert values["tristimulus_1"] == pytest.approx(10 * np.log10(0.04 / power), abs=0.1)
    assert values["tristimulus_2"] == pytest.approx(10 * np.log10(0.02 / power), abs=0.1)
    assert values["tristimulus_3"] == pytest.approx(10 * np.log10(0.0025 / power), abs=0.1)
    assert values["odd_even"] == pytest.approx(10 * np.log10(0.0125 / 0.01), abs=0.1)
    assert values["inharmonicity"] < 0.01
    centroid = (0.04 + 2 * 0.01 + 3 * 0.01 + 5 * 0.0025) / power
    assert values["harmonic_centroid"] == pytest.approx(np.log(centroid), abs=0.02)


def test_partials_beside_the_multiples_are_inharmonic():
    assert tones({1: 0.2, 2.06: 0.2})["inharmonicity"] == pytest.approx(0.03, rel=0.1)


def test_a_softer_recording_has_the_same_timbre():
    samples = noisy(vowel(pulses(150.0, 0.4)), 30)
    loud = values_of("timbre", samples)
    soft = values_of("timbre", 0.25 * samples)
    np.testing.assert_allclose(list(soft.values()), list(loud.values()), rtol=2e-3, atol=2e-2)


def test_contours_are_shared_with_gemaps():
    assert_shared_contours_change_nothing("timbre")


@pytest.mark.parametrize("case", ODD)
def test_odd_signals_give_finite_values_or_the_nan_that_is_documented(case):
    values = values_of("timbre", odd_signals()[case])
    if case in ("unvoiced only", "zeros", "constant"):
        assert np.isnan(list(values.values())).all()
    if case == "200 ms":
        assert np.isfinite(list(values.values())).all()
