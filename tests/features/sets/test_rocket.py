"""Random convolution kernels: exact responses, and what they do and do not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from featser.audio import Signal
from featser.errors import FeatureError, UnusableAudio
from featser.features.registry import make_extractor
from featser.features.sets.rocket import (
    CONTOURS,
    DILATIONS,
    LENGTH,
    N_SETS,
    POOLINGS,
    Kernels,
    kernels_of,
    responses,
    scaled_contours,
)
from tests.features.family_cases import ODD, assert_shared_contours_change_nothing, odd_signals
from tests.features.gemaps_signals import RATE, noisy, pulses, vowel


def expected_responses(contours: NDArray[np.float32], kernels: Kernels) -> NDArray[np.float64]:
    """The definition, kernel by kernel, by numpy's convolution in double precision."""
    result = np.empty((*kernels.bias.shape, len(POOLINGS)))
    for group, step in enumerate(kernels.dilation):
        chosen = kernels.contours[group, : kernels.n_contours[group]]
        total = contours[chosen].astype(np.float64).sum(axis=0)
        padded = np.pad(total, 4 * step, mode="edge")
        for pattern, twos in enumerate(kernels.twos[group]):
            weights = np.full(LENGTH, -1.0)
            weights[twos] = 2.0
            spread = np.zeros((LENGTH - 1) * step + 1)
            spread[::step] = weights
            response = np.correlate(padded, spread, mode="valid")
            excess = response - kernels.bias[group, pattern]
            result[group, pattern] = pooled(excess)
    return result


def pooled(excess: NDArray[np.float64]) -> tuple[float, float, float, float]:
    above = excess > 0
    if not above.any():
        return 0.0, 0.0, 0.5, 0.0
    position = (np.flatnonzero(above).mean() + 0.5) / len(above)
    runs = np.split(above, np.flatnonzero(np.diff(above)) + 1)
    longest = max(len(run) for run in runs if run[0])
    return above.mean(), excess[above].mean(), position, np.log1p(longest)


def contours(frames: int, seed: int = 0) -> NDArray[np.float32]:
    steps = np.random.default_rng(seed).normal(size=(len(CONTOURS), frames))
    return np.cumsum(steps, axis=1).astype(np.float32) / 4


def part(kernels: Kernels, groups: int) -> Kernels:
    return Kernels(
        kernels.dilation[:groups],
        kernels.n_contours[:groups],
        kernels.contours[:groups],
        kernels.twos[:groups],
        kernels.bias[:groups],
    )


@pytest.mark.parametrize("frames", [1, 2, 9, 60, 300])
def test_responses_are_those_of_the_definition(frames: int) -> None:
    kernels = part(kernels_of(1), 24)
    values = contours(frames)
    np.testing.assert_allclose(
        responses(values, kernels), expected_responses(values, kernels), rtol=2e-3, atol=2e-3
    )


@settings(max_examples=20)
@given(offset=st.integers(-40, 40), seed=st.integers(0, 99))
def test_a_constant_offset_of_the_contours_changes_nothing(offset: int, seed: int) -> None:
    """The weights sum to 0; offsets of whole numbers leave no rounding."""
    values = np.round(contours(50, seed) * 8) / 8
    kernels = part(kernels_of(0), 16)
    np.testing.assert_array_equal(
        responses(values + np.float32(offset), kernels), responses(values, kernels)
    )


def test_a_gain_of_the_recording_hardly_changes_the_features() -> None:
    samples = noisy(vowel(pulses(140.0, 1.0)), 20).astype(np.float32)
    extractor = make_extractor("rocket")
    loud, quiet = (extractor(Signal(samples * np.float32(gain), RATE)) for gain in (0.9, 0.3))
    share = [name.endswith(".share") for name in extractor.names]
    assert np.mean(np.abs(loud - quiet)[share]) < 0.03


def test_the_order_of_frames_matters() -> None:
    values = contours(120)
    shuffled = values[:, np.random.default_rng(0).permutation(120)]
    difference = np.abs(responses(values, kernels_of(0)) - responses(shuffled, kernels_of(0)))
    assert difference[..., 0].mean() > 0.1


def test_kernels_sum_to_zero_and_sets_differ() -> None:
    for number in range(N_SETS):
        kernels = kernels_of(number)
        assert (np.diff(kernels.twos, axis=2) > 0).all()
        assert set(kernels.dilation.tolist()) == set(DILATIONS)
        assert kernels.contours.max() < len(CONTOURS)
        for group, count in enumerate(kernels.n_contours):
            chosen = kernels.contours[group, :count].tolist()
            assert len(set(chosen)) == count
    assert not np.array_equal(kernels_of(0).twos, kernels_of(1).twos)


def test_biases_divide_the_responses_to_speech(voiced: Signal) -> None:
    """Most kernels respond in some frames and not in all, so that their shares differ."""
    share = responses(scaled_contours(voiced), kernels_of(0))[..., 0]
    assert 0.3 < np.median(share) < 0.7
    assert np.mean((share > 0) & (share < 1)) > 0.6


@pytest.fixture
def voiced() -> Signal:
    samples = np.concatenate(
        [noisy(vowel(pulses(hertz, 0.4)), 20) for hertz in (110.0, 160.0, 130.0)]
    )
    return Signal(samples.astype(np.float32), RATE)


@pytest.mark.parametrize("name", ODD)
def test_odd_signals_have_finite_values(name: str) -> None:
    samples = np.asarray(odd_signals()[name], np.float32)
    values = make_extractor("rocket")(Signal(samples, RATE))
    assert values.dtype == np.float32
    assert np.isfinite(values).all()


def test_shared_contours_change_nothing() -> None:
    assert_shared_contours_change_nothing("rocket")


def test_names_and_blocks_follow_the_values() -> None:
    extractor = make_extractor("rocket")
    assert len(set(extractor.names)) == extractor.dimension == sum(extractor.blocks)
    first = kernels_of(0)
    twos = "".join(map(str, first.twos[0, 0]))
    assert extractor.names[0] == f"rocket.0.0.d{first.dilation[0]}.{twos}.share"
    assert extractor.names[extractor.blocks[0]].startswith("rocket.1.0.")
    assert make_extractor("trim:rocket").blocks == extractor.blocks


def test_short_signals_and_other_rates_are_refused() -> None:
    extractor = make_extractor("rocket")
    with pytest.raises(UnusableAudio, match="rocket"):
        extractor(Signal(np.zeros(900, np.float32), RATE))
    with pytest.raises(FeatureError, match="16000"):
        extractor(Signal(np.zeros(8000, np.float32), 8000))
