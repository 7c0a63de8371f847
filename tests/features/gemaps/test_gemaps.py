from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.polynomial import polynomial

from featser.audio import Signal, decode, read_audio
from featser.errors import FeatureError, UnusableAudio
from featser.features.gemaps import (
    formants,
    framing,
    gemaps_functionals,
    harmonics,
    loudness,
    names,
    periods,
    pitch,
    spectral_balance,
    tracking,
)
from featser.features.gemaps.gemaps_descriptors import contours
from featser.features.registry import make_extractor
from tests.features.gemaps_signals import RATE, noisy, pulses, vowel


def short_spectrum(samples: np.ndarray) -> np.ndarray:
    return framing.transform(samples, framing.SHORT, framing.hamming(), framing.SHORT_FFT)


def long_power(samples: np.ndarray) -> np.ndarray:
    whole = framing.transform(samples, framing.LONG, framing.gauss(), framing.LONG_FFT)
    return framing.power_of(whole)


def value(name: str, samples: np.ndarray) -> float:
    signal = Signal(np.asarray(samples, np.float32), RATE)
    return float(make_extractor("gemaps")(signal)[names.FUNCTIONALS.index(name)])


def voiced_hertz(samples: np.ndarray) -> np.ndarray:
    power = long_power(samples)
    sums = pitch.subharmonic_sums(np.sqrt(power), np.zeros(len(power), bool))
    hertz = tracking.track(*pitch.pitch_candidates(sums))
    assert (hertz > 0).mean() > 0.9
    return hertz


@pytest.mark.parametrize("hertz", [80.0, 120.0, 220.0, 330.0])
def test_the_pitch_of_a_vowel_is_that_of_its_pulses(hertz):
    f0_hz = voiced_hertz(vowel(pulses(hertz)))
    assert np.median(f0_hz[f0_hz > 0]) == pytest.approx(hertz, rel=0.005)


def test_noise_has_no_pitch_and_silence_neither():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    assert contours(framing.as_pcm(noise)).voiced.mean() < 0.1
    assert not contours(np.zeros(RATE, np.float32)).voiced.any()


@pytest.mark.parametrize("hertz", [110.0, 220.0])
@pytest.mark.parametrize("jitter", [0.01, 0.03])
def test_jitter_is_what_the_pulses_were_given_to_a_fifth(hertz, jitter):
    source = pulses(hertz, jitter=jitter, chance=np.random.default_rng(0))
    samples = vowel(source, bandwidths=(300, 300, 300, 300))
    measured, _ = periods.jitter_and_shimmer(samples, np.full(140, hertz))
    assert np.mean(measured[20:120]) == pytest.approx(jitter, rel=0.2)


def test_a_regular_vowel_has_hardly_jitter_or_shimmer():
    samples = vowel(pulses(160.0))
    jitter, shimmer = periods.jitter_and_shimmer(samples, np.full(120, 160.0))
    assert np.median(jitter[10:]) < 0.002
    assert np.median(shimmer[10:]) < 0.05


@pytest.mark.parametrize("shimmer", [0.5, 1.5])
def test_shimmer_is_what_the_pulses_were_given(shimmer):
    samples = vowel(pulses(150.0, shimmer_db=shimmer), bandwidths=(400, 400, 400, 400))
    _, measured = periods.jitter_and_shimmer(samples, np.full(120, 150.0))
    assert np.median(measured[10:]) == pytest.approx(shimmer, rel=0.2)


def test_a_frame_without_a_period_of_its_own_keeps_the_shimmer_and_has_no_jitter():
    samples = vowel(pulses(70.0, jitter=0.02, shimmer_db=1.0))
    jitter, shimmer = periods.jitter_and_shimmer(samples, np.full(120, 70.0))
    held = np.flatnonzero(np.diff(shimmer[20:]) == 0) + 21
    # Periods of 14.3 ms begin in two frames of three.
    assert 0.2 < len(held) / len(shimmer[20:]) < 0.4
    assert np.all(jitter[held] == 0)
    assert np.all(shimmer[20:] > 0)


def test_a_whisper_that_is_called_voiced_has_no_more_jitter_and_shimmer_than_the_limits():
    whisper = vowel(np.random.default_rng(0).standard_normal(RATE))
    whisper[RATE // 2 :] *= 0.01
    jitter, shimmer = periods.jitter_and_shimmer(whisper, np.full(97, 150.0))
    assert 0 < jitter.max() <= periods.LIMIT
    assert 3 < shimmer.max() <= 9.55


def test_more_noise_is_less_harmonics_to_noise():
    clean = vowel(pulses(200.0))
    levels = []
    for snr in (20, 10, 5, 0):
        power = long_power(noisy(clean, snr))
        hertz = np.full(len(power), 200.0)
        levels.append(np.median(harmonics.harmonics_to_noise(power, hertz)))
    assert np.all(np.diff(levels) < 0)
    assert levels[-1] == pytest.approx(0, abs=2)


@pytest.mark.parametrize("centres", [(700.0, 1200.0, 2600.0), (300.0, 2200.0, 3000.0)])
def test_textbook_formants_are_the_poles_that_the_vowel_was_made_with(centres):
    source = np.random.default_rng(0).standard_normal(2 * RATE)
    samples = vowel(source, (*centres, 3800.0), (60.0, 80.0, 100.0, 150.0))
    samples = np.append(samples[0], samples[1:] - 0.9 * samples[:-1])
    spectrum = short_spectrum(samples.astype(np.float32))
    taps = formants.predictor(formants.resampled(spectrum, formants.TEXTBOOK))
    hertz, _ = formants.formants(taps, formants.TEXTBOOK)
    # The prediction has more poles than needed; where the others lie does not matter.
    for centre in centres[:2]:
        nearest = hertz[np.arange(len(hertz)), np.abs(hertz - centre).argmin(axis=1)]
        assert np.median(nearest) == pytest.approx(centre, rel=0.05)


def test_resonances_are_the_roots_of_the_prediction_polynomial():
    taps = formants.predictor(formants.resampled(short_spectrum(vowel(pulses(130.0)))))
    hertz, width = formants.formants(taps)
    for row, resonances, wide in zip(taps[::9], hertz[::9], width[::9], strict=True):
        roots = polynomial.polyroots([*row[::-1], 1.0])
        roots = roots[roots.imag > 1e-7]
        roots = roots[np.argsort(np.angle(roots))]
        centre = np.angle(roots) * formants.LPC_RATE / (2 * np.pi)
        roots, centre = roots[centre >= formants.MIN_HZ][:3], centre[centre >= formants.MIN_HZ][:3]
        np.testing.assert_allclose(resonances[: len(centre)], centre, rtol=1e-4)
        expected = -np.log(np.abs(roots)) * formants.LPC_RATE / np.pi
        np.testing.assert_allclose(wide[: len(centre)], expected, rtol=1e-3, atol=0.1)


def test_the_predictor_solves_the_normal_equations():
    from scipy.linalg import solve_toeplitz

    samples = formants.resampled(short_spectrum(vowel(pulses(130.0))))
    for row, taps in zip(samples[::9], formants.predictor(samples)[::9], strict=True):
        lags = np.array([row[: len(row) - k] @ row[k:] for k in range(12)], np.float64)
        np.testing.assert_allclose(taps, solve_toeplitz(lags[:11], lags[1:]), atol=2e-2)


def test_harmonic_levels_are_those_of_the_sines_that_were_added():
    time = np.arange(RATE) / RATE
    level = {1: 0.2, 2: 0.1, 3: 0.05, 4: 0.02, 5: 0.04}
    samples = sum(a * np.sin(2 * np.pi * 250 * n * time) for n, a in level.items())
    magnitude = np.sqrt(long_power(np.asarray(samples, np.float32)))
    hertz = np.full(len(magnitude), 250.0)
    centre = np.tile(np.float32([500, 750, 1250]), (len(magnitude), 1))
    first, third, levels = harmonics.harmonic_levels(magnitude, hertz, centre)
    np.testing.assert_allclose(first, 20 * np.log10(0.1 / 0.05), atol=0.2)
    np.testing.assert_allclose(third, 20 * np.log10(0.1 / 0.04), atol=0.3)
    expected = 20 * np.log10(np.array([0.1, 0.05, 0.04]) / 0.2)
    np.testing.assert_allclose(levels, np.tile(expected, (len(levels), 1)), atol=0.3)


def test_spectral_descriptors_of_two_sines_are_their_levels():
    time = np.arange(RATE) / RATE
    samples = 0.2 * np.sin(2 * np.pi * 500 * time) + 0.02 * np.sin(2 * np.pi * 3000 * time)
    power = framing.power_of(short_spectrum(samples.astype(np.float32)))
    np.testing.assert_allclose(spectral_balance.alpha_ratio(power), -20, atol=0.2)
    np.testing.assert_allclose(spectral_balance.hammarberg_index(power), 20, atol=0.2)


def test_the_slope_of_a_line_is_exact_with_the_reference_s_count():
    hertz = np.arange(16, 49) * spectral_balance.BIN_HZ
    line = -0.02 * (hertz - hertz.mean())
    levels = np.zeros((1, 49), np.float32)
    levels[0, 16:] = line
    squares, total = hertz @ hertz, hertz.sum()
    steeper = (32 / (32 * squares - total**2)) / (33 / (33 * squares - total**2))
    assert spectral_balance.slope(levels, 16, 48)[0] == pytest.approx(-0.02 * steeper, rel=1e-4)
    assert spectral_balance.slopes(np.zeros((1, 257), np.float32))[0][0] == pytest.approx(
        0.112, rel=1e-4
    )


def test_flux_is_0_for_what_stays_and_positive_for_what_changes():
    magnitude = np.ones((3, 257), np.float32)
    magnitude[2] = 3
    np.testing.assert_allclose(spectral_balance.spectral_flux(magnitude), [0, 0, 2])


def test_ten_decibels_double_loudness_roughly_as_the_exponent_says():
    bands = np.full((1, 26), 1e-4, np.float32)
    louder = loudness.loudness(10 * bands) / loudness.loudness(bands)
    assert louder[0] == pytest.approx(10**0.33, rel=1e-5)


def test_mfcc_are_htk_s():
    bands = np.random.default_rng(0).uniform(1e-6, 1e-2, (4, 26)).astype(np.float32)
    logs = np.log(bands.astype(float) * 32768.0**2)
    for n in range(1, 5):
        cosine = np.cos(np.pi * n / 26 * (np.arange(26) + 0.5))
        lifter = 1 + 11 * np.sin(np.pi * n / 22)
        expected = np.sqrt(2 / 26) * logs @ cosine * lifter
        np.testing.assert_allclose(loudness.mfcc(bands)[:, n - 1], expected, rtol=1e-3, atol=1e-3)


def test_smoothing_averages_three_frames_and_leaves_gaps():
    contour = np.float32([[3], [6], [0], [0], [9]])
    np.testing.assert_allclose(gemaps_functionals.smoothed(contour)[:, 0], [4, 3, 2, 3, 6])
    present = gemaps_functionals.smoothed_where_present(contour)[:, 0]
    np.testing.assert_allclose(present, [4, 4.5, 0, 0, 9])


def test_turning_points_pass_over_small_changes():
    contour = np.float32([20, 22, 24, 50, 48, 49, 20, 10, 12, 11, 40, 0, 0])
    at, peaks = gemaps_functionals.turning_points(contour)
    assert at.tolist() == [3, 7, 10]
    assert peaks.tolist() == [True, False, True]


def test_slopes_of_one_rise_and_one_fall():
    statistics = gemaps_functionals.contour_statistics(np.float32([0, 10, 20, 30, 20, 10, 0]))
    assert statistics[6] == pytest.approx(1000)
    assert statistics[8] == pytest.approx(-1000)


def test_segments_pass_over_single_frames():
    voiced = np.array([0] * 10 + [1] * 6 + [0] + [1] * 6 + [0] * 8, bool)
    of_voice, of_rest = gemaps_functionals.segment_lengths(voiced)
    np.testing.assert_allclose(of_voice, [0.12])
    np.testing.assert_allclose(of_rest, [0.09, 0.06])


def test_the_sound_level_is_the_mean_power_in_decibels():
    time = np.arange(RATE) / RATE
    sine = 0.5 * np.sin(2 * np.pi * 200 * time)
    assert value("equivalentSoundLevel_dBp", sine) == pytest.approx(-9.03, abs=0.02)


@pytest.mark.corpora
def test_most_values_follow_opensmile_on_real_speech(real_recordings):
    ours, theirs = make_extractor("gemaps"), make_extractor("egemaps")
    assert [n.split(".", 1)[1] for n in ours.names] == [n.split(".", 1)[1] for n in theirs.names]
    signals = [read_audio(file) for file in real_recordings[::2]]
    mine = np.array([ours(signal) for signal in signals], float)
    other = np.array([theirs(signal) for signal in signals], float)
    r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(mine.T, other.T, strict=True)])
    assert (r >= 0.98).sum() >= 60
    assert (r >= 0.90).sum() >= 75


def edge_cases() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 0.9
    square = np.where(np.arange(RATE) % 100 < 50, -1.0, 32767 / 32768)
    return {
        "unvoiced only": generator.standard_normal(RATE) * 0.1,
        "silence with one click": click,
        "zeros": np.zeros(RATE),
        "200 ms": vowel(pulses(150.0, 0.3))[:3200],
        "60 ms": vowel(pulses(150.0, 0.3))[:960],
        "full-scale square wave": square,
        "constant": np.full(RATE, 0.5),
        "60 s": np.tile(vowel(pulses(150.0, 1.0)), 60),
    }


@pytest.mark.parametrize("case", list(edge_cases()))
def test_odd_signals_give_finite_values_or_the_nan_that_is_documented(case):
    signal = Signal(np.asarray(edge_cases()[case], np.float32), RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = make_extractor("gemaps")(signal)
    assert values.shape == (88,)
    assert not np.isinf(values).any()
    voiced = contours(framing.as_pcm(signal.samples)).voiced.any()
    table = dict(zip(names.FUNCTIONALS, values.tolist(), strict=True))
    undefined = {name for name, one in table.items() if np.isnan(one)}
    for name in undefined:
        mean = name.replace("stddevNorm", "amean")
        without_voice = not voiced and name not in names.FUNCTIONALS[10:30]
        assert "UV" in name or table[mean] == 0 or without_voice or case == "zeros", name
    if not voiced:
        assert "F0semitoneFrom27.5Hz_sma3nz_amean" in undefined
        assert "loudness_sma3_amean" not in undefined


@pytest.mark.corpora
def test_a_recording_from_8_khz_has_all_values(real_recordings):
    signal = decode(real_recordings[0]).resampled(8000).resampled(RATE)
    assert np.isfinite(make_extractor("gemaps")(signal)).all()


@pytest.mark.slow
@pytest.mark.parametrize("prefer", ["processes", "threads"])
def test_many_workers_give_the_bits_of_one(prefer):
    extractor = make_extractor("gemaps")
    signals = [Signal(noisy(vowel(pulses(100.0 + 40 * n)), 15, n), RATE) for n in range(4)]
    alone = [extractor(signal) for signal in signals]
    together = Parallel(n_jobs=2, prefer=prefer)(delayed(extractor)(signal) for signal in signals)
    np.testing.assert_array_equal(alone, together)


def test_a_signal_has_the_same_bits_after_a_longer_one():
    extractor = make_extractor("gemaps")
    short, long = (Signal(vowel(pulses(150.0, seconds)), RATE) for seconds in (0.4, 1.2))
    before = extractor(short)
    extractor(long)
    np.testing.assert_array_equal(extractor(short), before)


def test_descriptors_are_25_a_frame():
    signal = Signal(vowel(pulses(150.0)), RATE)
    descriptors = make_extractor("gemaps").descriptors(signal)
    assert descriptors.shape == (1 + (len(signal.samples) - 960) // 160, 25)
    assert len(names.DESCRIPTORS) == 25
    assert np.isfinite(descriptors).all()


def test_what_cannot_be_used_is_refused():
    extractor = make_extractor("gemaps")
    with pytest.raises(UnusableAudio, match=r"too short for gemaps: 50 ms, 60 ms are needed"):
        extractor(Signal(np.zeros(800, np.float32), RATE))
    with pytest.raises(FeatureError, match="takes signals at 16000 Hz"):
        extractor(Signal(np.zeros(8000, np.float32), 8000))


def test_naming_the_extractor_loads_no_compiler():
    code = (
        "import sys\n"
        "from featser.features.registry import make_extractor\n"
        "assert len(make_extractor('gemaps').names) == 88\n"
        "assert not {'numba', 'scipy', 'opensmile'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
