from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.errors import FeatureError, UnusableAudio
from featser.features.registry import make_extractor

RATE = 8000


def noise(n: int = RATE) -> Signal:
    return Signal(np.random.default_rng(0).uniform(-0.2, 0.2, n).astype(np.float32), RATE)


def values_of(signal: Signal, spec: str = "tarma") -> dict[str, float]:
    extractor = make_extractor(spec)
    return dict(zip(extractor.names, extractor(signal).tolist(), strict=True))


@pytest.mark.parametrize(("spec", "contours"), [("tarma", 47), ("tar", 35), ("static-ar", 12)])
def test_names_are_those_of_coefficients_levels_and_movement(spec, contours):
    names = make_extractor(spec).names
    assert len(names) == 14 * contours
    assert names[0] == f"{spec}.a01_0.mean"
    assert (f"{spec}.movement.mean" in names) == (spec != "static-ar")
    assert (f"{spec}.c04_2.std" in names) == (spec == "tarma")


def test_a_gain_moves_the_residual_and_nothing_else():
    loud = noise()
    high, low = values_of(loud), values_of(Signal(loud.samples / 10, RATE))
    assert high["tarma.residual.mean"] - low["tarma.residual.mean"] == pytest.approx(20, abs=0.01)
    for name in ("tarma.a01_0.mean", "tarma.c01_0.mean", "tarma.gain.mean", "tarma.movement.mean"):
        assert high[name] == pytest.approx(low[name], abs=1e-3)


def test_silence_around_the_speech_does_not_sound():
    hushed = np.concatenate([np.zeros(RATE // 2), noise().samples, np.zeros(RATE // 2)])
    alone, among = values_of(noise()), values_of(Signal(hushed.astype(np.float32), RATE))
    assert among["tarma.a01_0.mean"] == pytest.approx(alone["tarma.a01_0.mean"], abs=0.1)
    assert among["tarma.residual.min"] > -60


def test_few_windows_have_no_statistics_of_change_and_all_else():
    values = values_of(noise(RATE // 2))
    missing = {name.split(".", 2)[2] for name, value in values.items() if np.isnan(value)}
    assert missing == {"delta.mean", "delta.std", "delta.min", "delta.max"}


@pytest.mark.parametrize("spec", ["tarma", "tar", "static-ar"])
def test_what_can_be_predicted_wholly_has_finite_values(spec):
    time = np.arange(RATE) / RATE
    click = np.zeros(RATE)
    click[RATE // 2] = 0.9
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    square = np.where(time * 100 % 1 < 0.5, -1.0, 0.999)
    for samples in (np.zeros(RATE), np.full(RATE, 0.5), click, tone, square):
        values = values_of(Signal(samples.astype(np.float32), RATE), spec)
        finite = [value for name, value in values.items() if ".delta." not in name]
        assert np.isfinite(finite).all()
        assert np.abs(finite).max() < 1000


def test_less_than_a_window_is_refused_with_what_is_needed():
    with pytest.raises(UnusableAudio, match="too short for tarma: 120 ms, 123 ms are needed"):
        make_extractor("tarma")(noise(960))


def test_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"resampled\(8000\)"):
        make_extractor("tarma")(Signal(np.ones(3200, np.float32), 16_000))
