"""Frame descriptors: librosa's log-mel bands, packed into one row an utterance."""

from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.features.packed_frames import cepstra, packed, unpacked
from featser.features.registry import make_extractor
from featser.features.sets.frame_descriptors import MOST

RATE = 16_000


def sound(seconds: float) -> Signal:
    random = np.random.default_rng(0)
    return Signal((0.1 * random.normal(size=int(RATE * seconds))).astype(np.float32), RATE)


def test_frames_are_every_second_log_mel_frame_and_nan_beyond_the_end() -> None:
    import librosa

    signal = sound(1.0)
    extractor = make_extractor("frames")
    values = extractor(signal)
    assert values.shape == (extractor.dimension,) == (MOST * 40,)
    mel = librosa.feature.melspectrogram(
        y=signal.samples, sr=RATE, n_fft=512, hop_length=160, win_length=400,
        pad_mode="constant", n_mels=40,
    )  # fmt: skip
    expected = librosa.power_to_db(mel)[:, ::2].T
    frames, present = unpacked(values[None], 40)
    assert present.sum() == len(expected) == 51
    np.testing.assert_allclose(frames[0, :51], expected, atol=1e-3)


def test_a_recording_of_any_length_is_described_as_a_whole() -> None:
    values = make_extractor("frames")(sound(21.0))
    _, present = unpacked(values[None], 40)
    assert present.sum() == -(-2101 // 6)  # every sixth: 60 ms


def test_packing_is_undone_by_unpacking() -> None:
    random = np.random.default_rng(1)
    frames = random.normal(size=(3, 5, 2)).astype(np.float32)
    present = np.arange(5) < np.array([[5], [1], [3]])
    again, is_present = unpacked(packed(frames, present), 2)
    np.testing.assert_array_equal(is_present, present)
    np.testing.assert_array_equal(again, np.where(present[:, :, None], frames, 0))


def test_rows_that_hold_no_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="do not hold frames of 4"):
        unpacked(np.zeros((2, 10)), 4)
    with pytest.raises(ValueError, match="row 1 has no frame"):
        unpacked(np.array([[1.0, 2.0], [np.nan, 1.0]]), 2)


def test_cepstra_of_frames_are_mfccs() -> None:
    signal = sound(0.5)
    frames, present = unpacked(make_extractor("frames")(signal)[None], 40)
    from featser.features.lowlevel.descriptors import mfcc
    from featser.features.lowlevel.spectrum import spectrum_of

    expected = mfcc(spectrum_of(signal))[:, ::2].T
    np.testing.assert_allclose(
        cepstra(frames, 20)[0, present[0]], expected[:, :20], rtol=1e-4, atol=1e-3
    )
    with pytest.raises(ValueError, match="41 cepstra"):
        cepstra(frames, 41)
