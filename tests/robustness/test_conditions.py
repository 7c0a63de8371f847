"""The conditions of a stress test are declared once, and each level alters in one way."""

from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.augmentation.devices.clipping import clip_peaks
from featser.augmentation.spec import parse_augmentation
from featser.errors import InputError
from featser.robustness.conditions import CONDITIONS, chosen_conditions
from tests.flow import featser_here

LEVELS = [level for condition in CONDITIONS.values() for level in condition.levels]


def test_every_level_is_one_copy_whose_parameters_have_single_values() -> None:
    definitions = [level.augmentation.definition for level in LEVELS]
    assert len(set(definitions)) == len(definitions) == 24
    for level in LEVELS:
        assert level.augmentation.copies == 1
        assert not level.augmentation.varies
        assert level.cost_s > 0
    for condition in CONDITIONS.values():
        labels = [level.label for level in condition.levels]
        assert len(set(labels)) == len(labels) >= 2


def test_conditions_are_those_asked_for_in_the_order_of_the_table() -> None:
    assert [one.name for one in chosen_conditions(())] == list(CONDITIONS)
    assert [one.name for one in chosen_conditions(("gain, noise", "far"))] == [
        "noise",
        "gain",
        "far",
    ]


@pytest.mark.parametrize("text", ["nois", "noise,", ""])
def test_an_unknown_condition_is_refused_with_the_valid_ones(text: str) -> None:
    with pytest.raises(InputError, match=r"^conditions: unknown condition .*babble, telephone"):
        chosen_conditions((text,))


def test_help_names_every_condition() -> None:
    shown = featser_here("stress", "--help")
    assert ", ".join(CONDITIONS) in " ".join(shown.stdout.split())


def test_clipping_cuts_what_is_above_the_limit_and_leaves_the_rest() -> None:
    samples = np.sin(np.arange(16_000) / 20).astype(np.float32) * np.float32(0.5)
    clipped = clip_peaks(Signal(samples, 16_000), 12).samples
    limit = np.float32(0.5 * 10 ** (-12 / 20))
    assert np.abs(clipped).max() == pytest.approx(limit, rel=1e-4)
    below = np.abs(samples) < 0.99 * limit
    np.testing.assert_array_equal(clipped[below], samples[below])
    quiet = clip_peaks(Signal(samples / 10, 16_000), 12).samples
    np.testing.assert_allclose(quiet, clipped / 10, rtol=1e-5)
    silence = np.zeros(100, np.float32)
    np.testing.assert_array_equal(clip_peaks(Signal(silence, 16_000), 12).samples, silence)


def test_a_far_microphone_is_quieter_and_noisier_the_farther_it_is() -> None:
    random = np.random.default_rng(1)
    speech = random.standard_normal(16_000).astype(np.float32) * np.float32(0.05)
    speech[8_000:] = 0
    tails, levels = [], []
    for level in CONDITIONS["far"].levels:
        altered = parse_augmentation(level.spec).apply(Signal(speech, 16_000), "x", 0).samples
        assert len(altered) == len(speech)
        power = float(np.square(altered[:8_000]).mean())
        levels.append(power)
        tails.append(float(np.square(altered[14_000:]).mean()) / power)
    assert levels == sorted(levels, reverse=True)
    assert tails == sorted(tails)
