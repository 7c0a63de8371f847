"""The synthetic voice has the fundamental frequency and the formants that it declares."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from featser.corpora.synthetic.synthesizer import RATE, Speaker, Style, synthesise

STEADY = Style(range=0.3)


def autocorrelation_f0(samples: NDArray[np.float32], low: float, high: float) -> float:
    """F0 by the highest peak of the autocorrelation, refined by a parabola."""
    windowed = samples * np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(windowed, 4 * len(samples))) ** 2
    correlation = np.fft.irfft(spectrum)
    first = int(RATE / high)
    lag = first + int(np.argmax(correlation[first : int(RATE / low)]))
    left, here, right = correlation[lag - 1 : lag + 2]
    return RATE / (lag + 0.5 * (left - right) / (left - 2 * here + right))


def lpc_formants(samples: NDArray[np.float32], order: int = 10) -> NDArray[np.float64]:
    """Frequencies of the poles of linear prediction (autocorrelation method), in Hz.

    The lips' radiation is undone first, which leaves an all-pole tract where the source is noise.
    """
    flow = lfilter([1], [1, -0.97], samples)
    r = np.array([flow[: len(flow) - lag] @ flow[lag:] for lag in range(order + 1)])
    poles = np.roots(np.r_[1, -solve_toeplitz(r[:-1], r[1:])])
    return np.sort(np.angle(poles[poles.imag > 0]) * RATE / (2 * np.pi))


@pytest.mark.parametrize("f0", [95.0, 130.0, 180.0, 240.0, 310.0])
def test_autocorrelation_finds_the_declared_f0(f0: float) -> None:
    speaker = Speaker(f0=f0, rate=3)
    utterance = synthesise(
        speaker, STEADY, np.random.default_rng(1), seconds=1.6, snr=40, vowels=(0, 1)
    )
    errors = []
    for frame in range(4, len(utterance.f0) - 4, 3):
        around = utterance.f0[frame - 3 : frame + 4]
        if not np.isnan(around).any():
            part = utterance.samples[(frame - 2) * 160 : (frame + 3) * 160]
            errors.append(autocorrelation_f0(part, 0.6 * f0, 1.7 * f0) / np.mean(around) - 1)
    assert len(errors) > 20
    assert np.median(np.abs(errors)) < 0.01
    assert abs(utterance.mean_f0 / f0 - 1) < 0.02


@pytest.mark.parametrize("vowel", [0, 1, 2, 3])
@pytest.mark.parametrize("tract", [0.85, 1.0])
def test_linear_prediction_finds_the_declared_formants(vowel: int, tract: float) -> None:
    # Whispered: harmonics would pull the poles of linear prediction towards themselves.
    speaker = Speaker(f0=100, tract=tract, rate=2, tilt=0.0, breath=100)
    rng = np.random.default_rng(2)
    utterance = synthesise(speaker, STEADY, rng, seconds=2, snr=70, vowels=(vowel,))
    formants = lpc_formants(utterance.samples)
    declared = utterance.formants[:, :3]
    assert np.ptp(declared, axis=0).max() == 0
    for formant in declared[0]:
        assert np.min(np.abs(formants / formant - 1)) < 0.04, (formant, formants)


def test_a_longer_tract_lowers_every_formant() -> None:
    short, long = (
        synthesise(Speaker(120, tract=t), STEADY, np.random.default_rng(0), vowels=(0,)).formants
        for t in (0.85, 1.0)
    )
    assert np.allclose(short[:, :3], long[:, :3] / 0.85)


def test_the_same_seed_gives_the_same_samples_and_another_gives_others() -> None:
    one, same, other = (
        synthesise(Speaker(120), Style(), np.random.default_rng(seed)).samples for seed in (5, 5, 6)
    )
    assert one.dtype == np.float32
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_frames_join_without_clicks() -> None:
    rng = np.random.default_rng(3)
    utterance = synthesise(Speaker(110, breath=0), Style(), rng, snr=60, jitter=0, shimmer=0)
    jumps = np.abs(np.diff(utterance.samples, 3))
    at_joints = np.concatenate([jumps[k::160] for k in (157, 158, 159)])
    assert at_joints.max() < 1.5 * np.delete(jumps, np.arange(157, len(jumps), 160)).max()


@pytest.mark.parametrize("snr", [10.0, 25.0])
def test_the_background_noise_has_the_declared_level(snr: float) -> None:
    clean, noisy = (
        synthesise(Speaker(120), Style(), np.random.default_rng(4), snr=level).samples.astype(float)
        for level in (120.0, snr)
    )
    measured = 10 * np.log10(np.mean(clean**2) / np.mean((noisy - clean) ** 2))
    assert measured == pytest.approx(snr, abs=0.1)


def test_extreme_voices_stay_finite_and_in_range() -> None:
    for f0, style in (
        (50, Style(range=20, tilt=2)),
        (500, Style(f0=2, energy=60, breath=30, rate=4)),
    ):
        for seconds in (0.3, 2.0):
            u = synthesise(Speaker(f0), style, np.random.default_rng(0), seconds=seconds)
            assert np.isfinite(u.samples).all()
            assert np.abs(u.samples).max() <= 1
            assert len(u.samples) == u.seconds * RATE == len(u.f0) * 160


def test_an_utterance_too_short_for_a_syllable_is_refused() -> None:
    with pytest.raises(ValueError, match=r"seconds is 0.1: an utterance needs 0.3 or more"):
        synthesise(Speaker(120), Style(), np.random.default_rng(0), seconds=0.1)
