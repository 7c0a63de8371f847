"""The signals that extractors get: what the demo voice and NumPy generate today."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden import signals

STEPS = 2
"""How many of the 65,536 steps of a sample may differ: the filters' rounding."""


def test_regenerated_signals_equal_the_stored_ones() -> None:
    """Extractors' values are pinned for the stored ones, so they do not test the generator."""
    made, pinned = signals.make_signals(), signals.stored_samples()
    assert list(made) == list(pinned)
    for name, samples in pinned.items():
        same = len(made[name]) == len(samples)
        off = np.abs(made[name].astype(int) - samples).max() if same else np.inf
        if off > STEPS:
            pytest.fail(
                f"the signal '{name}' changed by {off} steps: the demo voice (or NumPy's random "
                f"generator) changed, not an extractor. The pinned values still hold for the kept "
                f"signals. If that is meant, run `make golden FORCE='signals extractors/* "
                f"augmentations/* audio'`",
                pytrace=False,
            )


def test_signals_exercise_what_extractors_distinguish() -> None:
    samples = signals.stored_signals()
    assert (samples["speech"][:1920] == 0).all()
    assert np.abs(samples["loud"]).max() > 0.95
    assert len(samples["short"]) == 3200
    assert 0 < np.abs(samples["silent"]).max() < 1e-4
    assert len(set(map(len, samples.values()))) == len(samples)
