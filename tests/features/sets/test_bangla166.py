from __future__ import annotations

import librosa
import numpy as np
import pytest

from featser.audio import Signal, decode
from featser.errors import FeatureError, UnusableAudio
from featser.features.sets.bangla166 import Bangla166

RATE = 22_050


def published(file) -> np.ndarray:
    """The public application's vector, function by function at librosa's defaults."""
    y, sr = librosa.load(file, offset=0.6, duration=2.5)
    feature = librosa.feature
    stft = np.abs(librosa.stft(y))
    return np.hstack(
        [
            np.mean(feature.zero_crossing_rate(y=y).T, axis=0),
            np.mean(feature.chroma_stft(S=stft, sr=sr).T, axis=0),
            np.mean(feature.spectral_centroid(y=y, sr=sr)),
            np.mean(feature.spectral_rolloff(y=y, sr=sr)),
            np.mean(feature.spectral_contrast(y=y, sr=sr)),
            np.mean(feature.spectral_flatness(y=y)),
            np.mean(feature.mfcc(y=y, sr=sr).T, axis=0),
            np.mean(feature.rms(y=y).T, axis=0),
            np.mean(feature.melspectrogram(y=y, sr=sr).T, axis=0),
        ]
    )


@pytest.mark.corpora
def test_the_vector_is_the_published_scripts(real_recordings):
    extractor = Bangla166()
    compared = 0
    for file in real_recordings[::6]:
        whole = decode(file)
        end = min(extractor.offset + extractor.duration, whole.seconds)
        signal = decode(file, start=extractor.offset, end=end).resampled(RATE)
        if signal.gain != 1:
            continue  # scaled to keep its peaks in range, which librosa.load does not do
        values, expected = extractor(signal), published(file)
        assert values.shape == expected.shape == (166,)
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6, err_msg=file.name)
        compared += 1
    assert compared >= 5


def test_names_follow_the_published_order():
    names = Bangla166().names
    assert len(names) == len(set(names)) == 166
    at = [0, 1, 12, 13, 14, 15, 16, 17, 36, 37, 38, 165]
    kinds = (
        "zcr chroma_00 chroma_11 centroid rolloff contrast flatness mfcc_00 mfcc_19 rms "
        "mel_000 mel_127"
    )
    assert [names[i] for i in at] == [f"bangla166.{kind}.mean" for kind in kinds.split()]


def test_the_input_is_2_and_a_half_seconds_from_600_ms_at_22050_hz():
    extractor = Bangla166()
    assert (extractor.rate, extractor.offset, extractor.duration) == (22_050, 0.6, 2.5)


@pytest.mark.parametrize("n", [1, 1000, 2047])
def test_a_recording_that_ends_too_soon_is_refused_not_padded(n):
    with pytest.raises(UnusableAudio, match=r"too short for bangla166: \d+ ms after the first 0.6"):
        Bangla166()(Signal(np.full(n, 0.1, np.float32), RATE))


def test_one_fft_of_samples_is_enough():
    samples = np.random.default_rng(0).standard_normal(2048).astype(np.float32) * 0.1
    assert np.isfinite(Bangla166()(Signal(samples, RATE))).all()


def test_another_rate_is_refused():
    with pytest.raises(FeatureError, match="takes signals at 22050 Hz"):
        Bangla166()(Signal(np.ones(16_000, np.float32), 16_000))
