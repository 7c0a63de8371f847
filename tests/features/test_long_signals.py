"""Features of long recordings are computed in blocks, and are those of the whole recording.

Here blocks have 97 frames and a recording is long from a second on, so that a few seconds have
many blocks, and contours that lie on the disk.
"""

from __future__ import annotations

import numpy as np
import pytest

from featser.audio import RATE
from featser.features.extractor import Extractor
from featser.features.gemaps import tracking
from featser.features.gemaps.gemaps_descriptors import contours_of
from featser.features.gemaps.tracking import track
from featser.features.registry import make_extractor, make_extractors
from tests.features.gemaps_signals import noisy, pulses, vowel
from tests.features.long_signals import (
    Floats,
    of_samples,
    relative_differences,
    short_blocks,
    voices,
)

TOLERANCES = {"pyramid": 1e-4}
TOLERANCE = 1e-5
"""Of a value, or of its like: docs/features.md states it, and 1e-4 for ``pyramid``."""
SHARE = 0.9
"""Of the values that are within it. On some kinds of CPU, linear algebra rounds by the shape of
matrices, which blocks change, and a few values lie at a limit."""
LARGEST = 1e-3

SPECS = ["default", "handcrafted:full", "mel", "pyramid", "frames"]
EXTRACTORS = make_extractors(SPECS)


def in_blocks(extractor: Extractor, samples: Floats) -> Floats:
    with short_blocks():
        signal = of_samples(samples)
        assert signal.is_long
        return extractor(signal)


def assert_equal(extractor: Extractor, samples: Floats) -> None:
    whole = extractor(of_samples(samples))
    apart = relative_differences(extractor.names, in_blocks(extractor, samples), whole)
    worst = int(apart.argmax())
    tolerance = TOLERANCES.get(extractor.name, TOLERANCE)
    assert np.mean(apart <= tolerance) >= SHARE, extractor.spec
    assert apart[worst] <= LARGEST, f"{extractor.names[worst]}: {apart[worst]:.1e}"


@pytest.fixture(scope="module")
def speech() -> Floats:
    """Six utterances, with a second of silence between the third and the fourth."""
    return np.concatenate((voices(3), np.zeros(RATE, np.float32), voices(6)[-4 * RATE :]))


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.spec)
def test_blocks_give_the_values_of_the_whole(extractor: Extractor, speech: Floats) -> None:
    assert_equal(extractor, speech)


@pytest.mark.parametrize("spec", ["handcrafted", "gemaps", "timbre", "rhythm"])
@pytest.mark.parametrize("extra", [0, 1, 159, 160, 480, 800])
def test_the_last_block_may_have_any_length(spec: str, speech: Floats, extra: int) -> None:
    """From one that has no 60 ms frame of its own on."""
    assert_equal(make_extractor(spec), speech[: 97 * 2 * 160 + extra])


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.spec)
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(2 * RATE, np.float32),
        np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32),
        noisy(vowel(pulses(150.0, seconds=3.0, jitter=0.02, shimmer_db=0.5)), snr_db=30.0),
    ],
    ids=["silence", "noise without voice", "a voice without a pause"],
)
def test_what_is_no_speech_has_the_same_values(extractor: Extractor, samples: Floats) -> None:
    assert_equal(extractor, samples)


def test_a_loud_block_sets_the_floor_of_quiet_ones() -> None:
    """Levels end 80 dB below the loudest frame, which may be in another block."""
    quiet = np.random.default_rng(0).normal(0, 1e-6, 2 * RATE).astype(np.float32)
    samples = np.concatenate((quiet, np.full(160, 0.9, np.float32), quiet))
    for spec in ("mfcc", "logmel", "spectral", "modulation", "contrasts"):
        assert_equal(make_extractor(spec), samples)


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.spec)
def test_up_to_the_limit_all_is_computed_at_once(extractor: Extractor, speech: Floats) -> None:
    """Bit for bit, whatever the size of blocks."""
    samples = speech[: 3 * RATE]
    expected = extractor(of_samples(samples))
    with short_blocks(long_s=3.0, values=1 << 21):
        signal = of_samples(samples)
        assert not signal.is_long
        assert np.array_equal(extractor(signal), expected, equal_nan=True)
        assert of_samples(speech[: 3 * RATE + 1]).is_long


def test_extractors_on_one_signal_share_its_contours(speech: Floats) -> None:
    alone = [in_blocks(extractor, speech) for extractor in EXTRACTORS]
    with short_blocks():
        signal = of_samples(speech)
        together = [extractor(signal) for extractor in EXTRACTORS]
    for extractor, one, other in zip(EXTRACTORS, alone, together, strict=True):
        assert np.array_equal(one, other, equal_nan=True), extractor.spec


def test_candidates_of_pitch_are_found_in_silence_near_sound_of_another_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The path is sought among the candidates of the whole signal, up to 200 ms into silence."""
    candidates = []

    def recorded(hertz: Floats, voicing: Floats) -> Floats:
        candidates.append((hertz.copy(), voicing.copy()))
        return track(hertz, voicing)

    monkeypatch.setattr(tracking, "track", recorded)
    level = 10 ** (-1.9 - 0.9 * np.sin(np.arange(8 * RATE) * (2 * np.pi * 1.3 / RATE)))
    samples = noisy(vowel(pulses(150.0, seconds=8.0)), snr_db=20.0) * level.astype(np.float32)
    contours_of(of_samples(samples))
    with short_blocks():
        contours_of(of_samples(samples))
    whole, in_parts = candidates
    assert (whole[0] == 0).all(axis=1).any()
    assert np.array_equal(whole[0], in_parts[0])
    assert np.array_equal(whole[1], in_parts[1])
