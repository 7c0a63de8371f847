"""The 166 values of a published Bangla system: means of librosa's descriptors at its defaults.

At 22,050 Hz, ``n_fft=2048``, ``hop_length=512``, of the recording from 0.6 s to 3.1 s: the vector
in the public application by the first author of a Bangla multi-stream fusion system (2025).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from featser.audio import Signal
from featser.errors import UnusableAudio
from featser.features.extractor import Extractor
from featser.features.lowlevel.frame_settings import Floats

N_FFT = 2048
HOP_LENGTH = 512
N_MELS = 128
N_MFCC = 20


class Bangla166(Extractor):
    """Means over frames: ZCR, chroma, four spectral shapes, MFCC, RMS, mel power.

    Values are librosa's own, its tuning estimate for chroma included, and chroma is taken from
    the magnitude, not the power, as published. They are means over frames, and for contrast over
    the bands too.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("librosa", "numpy", "scipy", "soundfile", "soxr")

    def __init__(self) -> None:
        self.name = "bangla166"
        self.rate = 22_050
        self.offset = 0.6
        self.duration = 2.5
        self.cost_ms = 10.0
        self.units = "crossings/sample, 1, Hz, dB, full scale, power"
        self.description = (
            "means of librosa's descriptors from 0.6 s to 3.1 s, as published in 2025"
        )

    @property
    def params(self) -> dict[str, Any]:
        """FFT length, hop and numbers of coefficients."""
        return {"n_fft": N_FFT, "hop_length": HOP_LENGTH, "n_mels": N_MELS, "n_mfcc": N_MFCC}

    @property
    def families(self) -> tuple[str, ...]:
        """The families of descriptors, in the published order."""
        return ("zcr", "chroma", "spectral", "mfcc", "rms", "mel")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Descriptor and ``mean``, prefixed ``bangla166.``, in the published order."""
        contours = [
            "zcr",
            *(f"chroma_{index:02}" for index in range(12)),
            *("centroid", "rolloff", "contrast", "flatness"),
            *(f"mfcc_{index:02}" for index in range(N_MFCC)),
            "rms",
            *(f"mel_{index:03}" for index in range(N_MELS)),
        ]
        return tuple(f"bangla166.{contour}.mean" for contour in contours)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the 166 means of a signal that has been cut to 0.6–3.1 s already.

        Raises
        ------
        UnusableAudio
            If there is less than one FFT of samples (93 ms) after the first 0.6 s.
        """
        self._check_rate(signal)
        if len(signal.samples) < N_FFT:
            raise UnusableAudio(
                "signal",
                f"too short for bangla166: {1000 * signal.seconds:.0f} ms after the first "
                f"{self.offset:g} s, {1000 * N_FFT / self.rate:.0f} ms are needed",
            )
        return _means(np.asarray(signal.samples, np.float32), self.rate)


def _means(samples: Floats, rate: int) -> Floats:
    from featser.workers.compilation import use_compilation_cache

    use_compilation_cache()
    import librosa
    from librosa import feature

    # One transform for all: librosa's functions give the same values from it as from samples.
    magnitude = np.abs(librosa.stft(samples, n_fft=N_FFT, hop_length=HOP_LENGTH))
    mel = feature.melspectrogram(S=magnitude**2, sr=rate, n_mels=N_MELS)
    contours = [
        feature.zero_crossing_rate(samples, frame_length=N_FFT, hop_length=HOP_LENGTH),
        feature.chroma_stft(S=magnitude, sr=rate),
        feature.spectral_centroid(S=magnitude, sr=rate),
        feature.spectral_rolloff(S=magnitude, sr=rate),
        feature.spectral_contrast(S=magnitude, sr=rate).mean(axis=0, keepdims=True),
        feature.spectral_flatness(S=magnitude),
        feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=N_MFCC),
        feature.rms(y=samples, frame_length=N_FFT, hop_length=HOP_LENGTH),
        mel,
    ]
    return np.concatenate([contour.mean(axis=1) for contour in contours]).astype(np.float32)
