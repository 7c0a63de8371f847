from __future__ import annotations

import gc
import subprocess
import sys
import warnings
import weakref

import librosa
import numpy as np
import pytest

from featser.audio import Signal, read_audio
from featser.errors import FeatureError
from featser.features.lowlevel.filterbanks import chroma_filterbank, mel_filterbank
from featser.features.lowlevel.frame_settings import FrameSettings
from featser.features.lowlevel.spectrum import Spectrum, decibels, spectrum_of

SETTINGS = [
    FrameSettings(),
    FrameSettings(n_fft=400),
    FrameSettings(rate=22_050, n_fft=2048, hop_length=512, win_length=2048),
    FrameSettings(rate=8_000, n_fft=256, hop_length=80, win_length=200),
]


def noise(n: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("n", [1, 159, 160, 1600, 5121, 16_000, 40_000])
def test_magnitudes_are_those_of_librosas_stft(settings, n):
    samples = noise(n)
    ours = Spectrum(samples, settings).magnitude
    # librosa warns where the signal is shorter than its FFT; the frames are the same.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        theirs = np.abs(
            librosa.stft(
                samples,
                n_fft=settings.n_fft,
                hop_length=settings.hop_length,
                win_length=settings.win_length,
            )
        )
    assert ours.dtype == np.float32
    assert ours.shape == theirs.T.shape == (1 + n // settings.hop_length, settings.bins)
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-5, atol=1e-6)


@pytest.mark.corpora
def test_magnitudes_of_real_speech_are_librosas_in_every_bin(real_recordings):
    worst = 0.0
    for file in real_recordings[::5]:
        samples = read_audio(file).samples
        theirs = np.abs(librosa.stft(samples, n_fft=512, hop_length=160, win_length=400)).T
        ours = Spectrum(samples).magnitude
        worst = max(worst, float(np.max(np.abs(ours - theirs) / np.maximum(theirs, 1e-9))))
    assert worst < 1e-5


@pytest.mark.parametrize("settings", SETTINGS)
def test_mel_bands_equal_librosas(settings):
    ours = mel_filterbank(settings, 20)
    theirs = librosa.filters.mel(sr=settings.rate, n_fft=settings.n_fft, n_mels=20)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("settings", SETTINGS)
def test_chroma_bands_equal_librosas(settings):
    ours = chroma_filterbank(settings)
    theirs = librosa.filters.chroma(sr=settings.rate, n_fft=settings.n_fft, tuning=0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_decibels_equal_librosas_with_floor_and_range():
    power = np.array([0, 1e-12, 1e-10, 1e-7, 1e-3, 1, 30], np.float32)
    np.testing.assert_allclose(decibels(power), librosa.power_to_db(power), rtol=1e-6)


def test_filterbanks_cannot_be_changed_by_a_caller():
    with pytest.raises(ValueError, match="read-only"):
        mel_filterbank(FrameSettings(), 40)[0, 0] = 1


def test_more_mel_bands_than_the_fft_resolves_are_refused():
    with pytest.raises(FeatureError, match="400 mel bands: too many for an FFT of 512 points"):
        mel_filterbank(FrameSettings(), 400)


def test_integers_and_floats_give_equal_spectra():
    pcm = (noise(4000) * 32768).astype(np.int16)
    as_floats = (pcm / 32768).astype(np.float32)
    np.testing.assert_array_equal(Spectrum(pcm).power, Spectrum(as_floats).power)
    np.testing.assert_array_equal(
        Spectrum(as_floats.astype(np.float64)).power, Spectrum(as_floats).power
    )


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 100), np.float32), r"samples of shape \(2, 100\)"),
        (np.zeros(0, np.float32), r"samples of shape \(0,\)"),
        (np.array([0, np.nan], np.float32), "NaN or infinite"),
        (np.zeros(100, np.uint8), "samples of type uint8"),
    ],
)
def test_what_is_not_a_waveform_is_refused(samples, message):
    with pytest.raises(FeatureError, match=message):
        Spectrum(samples)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hop_length": 0}, "hop_length=0: must be 1 or more"),
        ({"win_length": 401}, "win_length=401: must be even"),
        ({"win_length": 600}, "win_length=600: must not exceed n_fft=512"),
    ],
)
def test_impossible_frames_are_refused(settings, message):
    with pytest.raises(FeatureError, match=message):
        FrameSettings(**settings)


def test_all_callers_of_one_signal_share_its_spectrum():
    signal = Signal(noise(1600), 16_000)
    assert spectrum_of(signal) is spectrum_of(signal)
    assert spectrum_of(signal) is not spectrum_of(Signal(signal.samples, 16_000))
    assert spectrum_of(signal) is not spectrum_of(signal, FrameSettings(hop_length=80))


def test_a_spectrum_goes_with_its_signal():
    signal = Signal(noise(1600), 16_000)
    spectrum = weakref.ref(spectrum_of(signal))
    assert spectrum() is not None
    del signal
    gc.collect()
    assert spectrum() is None


def test_a_signal_at_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"signal at 8000 Hz.*signal.resampled\(16000\)"):
        spectrum_of(Signal(noise(800), 8_000))


def test_importing_and_computing_need_no_heavy_library():
    code = """
import sys
import numpy as np
from featser.audio import Signal
from featser.features import registry
for info in registry.list_extractors():
    assert info.dimension > 0
assert {f'featser.features.sets.{n}' for n in ('bangla166', 'opensmile_sets')} < set(sys.modules)
values = registry.make_extractor("handcrafted:full")(Signal(np.ones(1600, np.float32), 16000))
heavy = {"sklearn", "xgboost", "opensmile", "numba", "matplotlib", "librosa", "scipy", "pandas"}
sys.exit(", ".join(heavy & set(sys.modules)) or None)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"imported: {done.stderr}"
