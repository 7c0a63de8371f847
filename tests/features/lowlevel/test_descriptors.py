from __future__ import annotations

import warnings

import librosa
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from featser.audio import read_audio
from featser.errors import FeatureError
from featser.features.lowlevel.descriptor_families import (
    DESCRIPTORS,
    FAMILIES,
    contour_names,
    describe,
    descriptors_of,
)
from featser.features.lowlevel.descriptors import contrast_bands, delta
from featser.features.lowlevel.frame_settings import FrameSettings
from featser.features.lowlevel.spectrum import AMIN, Spectrum

RATE = 16_000
FRAMES = {"n_fft": 512, "hop_length": 160, "win_length": 400}
AT = {"sr": RATE, **FRAMES}
ZCR_RMS = {"frame_length": 400, "hop_length": 160}

LIBROSA = {
    "mfcc": lambda y: librosa.feature.mfcc(y=y, n_mfcc=20, n_mels=40, **AT),
    "mel": lambda y: librosa.feature.melspectrogram(y=y, n_mels=40, **AT),
    "logmel": lambda y: librosa.power_to_db(librosa.feature.melspectrogram(y=y, n_mels=40, **AT)),
    "zcr": lambda y: librosa.feature.zero_crossing_rate(y, **ZCR_RMS),
    "rms": lambda y: librosa.feature.rms(y=y, **ZCR_RMS),
    "chroma": lambda y: librosa.feature.chroma_stft(y=y, tuning=0, **AT),
    "centroid": lambda y: librosa.feature.spectral_centroid(y=y, **AT),
    "bandwidth": lambda y: librosa.feature.spectral_bandwidth(y=y, **AT),
    "rolloff": lambda y: librosa.feature.spectral_rolloff(y=y, **AT),
    "contrast": lambda y: librosa.feature.spectral_contrast(y=y, **AT),
    "flatness": lambda y: librosa.feature.spectral_flatness(y=y, **FRAMES),
}
IN_DECIBELS = {"mfcc", "logmel", "contrast"}
"""Their values cross zero, so the difference is relative to the descriptor's range."""


def compute(name: str, samples: np.ndarray) -> np.ndarray:
    return np.atleast_2d(DESCRIPTORS[name].compute(Spectrum(samples)))


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.corpora
@pytest.mark.parametrize("name", LIBROSA)
def test_a_descriptor_has_librosas_values_on_real_speech(name, real_recordings):
    worst = off_by_a_bin = frames = 0
    for file in real_recordings:
        samples = read_audio(file).samples
        ours, theirs = compute(name, samples), LIBROSA[name](samples)
        assert ours.shape == theirs.shape
        assert ours.dtype == np.float32
        frames += ours.shape[1]
        difference = np.abs(ours - theirs)
        if name == "rolloff":
            off_by_a_bin += np.count_nonzero(difference)
            assert difference.max() <= RATE / 512, f"{file.name}: more than one bin off"
            continue
        scale = np.ptp(theirs) if name in IN_DECIBELS else np.maximum(np.abs(theirs), 1e-30)
        worst = max(worst, float(np.max(difference / scale)))
    print(f"{name}: {worst:.1e} over {frames} frames, {off_by_a_bin} one bin off")
    assert worst <= 1e-5, f"{name} differs from librosa by {worst:.1e}"
    assert off_by_a_bin <= frames / 1000


@pytest.mark.corpora
def test_deltas_have_librosas_values_on_real_speech(real_recordings):
    for file in real_recordings[::5]:
        contours = compute("logmel", read_audio(file).samples)
        theirs = librosa.feature.delta(contours)
        assert np.max(np.abs(delta(contours) - theirs)) <= 1e-5 * np.ptp(contours)


@pytest.mark.parametrize("name", LIBROSA)
def test_a_silent_signal_and_silent_frames_have_librosas_values(name):
    for samples in (np.zeros(3200, np.float32), np.r_[np.zeros(3200), tone(440)].astype("f4")):
        ours, theirs = compute(name, samples), LIBROSA[name](samples)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * max(1, np.ptp(theirs)))


def test_a_sine_of_1_khz_has_its_centroid_and_rolloff_at_1_khz():
    spectrum = Spectrum(tone(1000))
    inside = slice(3, -3)
    np.testing.assert_allclose(DESCRIPTORS["centroid"].compute(spectrum)[inside], 1000, rtol=0.01)
    np.testing.assert_allclose(DESCRIPTORS["rolloff"].compute(spectrum)[inside], 1000, atol=63)
    assert np.all(DESCRIPTORS["bandwidth"].compute(spectrum)[inside] < 200)
    np.testing.assert_allclose(DESCRIPTORS["zcr"].compute(spectrum)[inside], 1 / 8, atol=1 / 200)
    np.testing.assert_allclose(
        DESCRIPTORS["rms"].compute(spectrum)[inside], 0.5 / np.sqrt(2), rtol=1e-3
    )


def test_the_note_a_lights_up_its_pitch_class():
    chroma = DESCRIPTORS["chroma"].compute(Spectrum(tone(440)))
    assert np.all(chroma[:, 3:-3].argmax(axis=0) == 9), "A is the tenth class from C"


def test_a_steady_tone_has_no_flux_and_a_change_of_tone_much():
    flux = DESCRIPTORS["flux"].compute(Spectrum(np.r_[tone(500, 0.5), tone(3000, 0.5)]))
    assert flux[10:40].max() < 1e-4
    assert flux[48:53].max() > 0.1
    assert flux[0] == flux[1]


def test_flux_is_the_norm_of_the_difference_of_normalised_magnitudes():
    spectrum = Spectrum(np.random.default_rng(0).standard_normal(3200).astype("f4") * 0.1)
    shares = spectrum.magnitude / spectrum.magnitude.sum(axis=1, keepdims=True)
    expected = np.linalg.norm(shares[1:] - shares[:-1], axis=1)
    np.testing.assert_allclose(DESCRIPTORS["flux"].compute(spectrum)[1:], expected, rtol=1e-4)


def test_flux_of_a_single_frame_is_undefined():
    assert np.isnan(DESCRIPTORS["flux"].compute(Spectrum(tone(440, 0.005)))).all()


def test_slope_is_that_of_a_line_through_the_levels():
    spectrum = Spectrum(np.random.default_rng(0).standard_normal(3200).astype("f4") * 0.1)
    kilohertz = np.arange(257) * RATE / 512 / 1000
    expected = np.polyfit(kilohertz, 10 * np.log10(spectrum.power.T.astype(float)), 1)[0]
    np.testing.assert_allclose(
        DESCRIPTORS["slope"].compute(spectrum), expected, rtol=1e-4, atol=1e-5
    )


def test_deltas_of_a_line_are_its_slope_and_of_few_frames_undefined():
    line = 3 * np.arange(20, dtype=np.float32)[None]
    np.testing.assert_allclose(delta(line), 3, rtol=1e-6)
    assert np.isnan(delta(line[:, :8])).all()


waves = npst.arrays(np.int16, st.integers(1600, 4000), elements=st.integers(-32768, 32767))


@settings(max_examples=30)
@given(waves)
def test_any_signal_of_100_ms_or_more_has_finite_values_without_a_warning(pcm):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = describe(Spectrum(pcm), FAMILIES)
    assert values.dtype == np.float32
    assert values.shape == (len(contour_names(FAMILIES)), 1 + len(pcm) // 160)
    assert np.isfinite(values).all()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.25, 0.125, 0.0625]))
@example(379914, 0.5)
def test_loudness_changes_neither_centroid_rolloff_zcr_chroma_flux_nor_slope(seed, gain):
    samples = np.random.default_rng(seed).uniform(-1, 1, 3200).astype(np.float32)
    loud, soft = Spectrum(samples), Spectrum(samples * np.float32(gain))
    for name in ("centroid", "bandwidth", "rolloff", "zcr", "chroma", "flux"):
        one = DESCRIPTORS[name].compute
        np.testing.assert_allclose(one(loud), one(soft), rtol=1e-5, err_msg=name)
    # Powers below the floor are raised to it; the first bin of noise is that weak now and then.
    above = soft.power.min(axis=1) > AMIN
    assert above.mean() > 0.8
    slope = DESCRIPTORS["slope"].compute
    np.testing.assert_allclose(slope(loud)[above], slope(soft)[above], atol=1e-3)
    rms = DESCRIPTORS["rms"].compute
    np.testing.assert_allclose(rms(soft), gain * rms(loud), rtol=1e-5)


@settings(max_examples=10)
@given(st.permutations(list(FAMILIES)))
def test_the_order_of_families_orders_the_rows_and_changes_no_value(families):
    spectrum = Spectrum(tone(700, 0.2))
    rows = dict(zip(contour_names(families), describe(spectrum, families), strict=True))
    for name, row in zip(contour_names(FAMILIES), describe(spectrum, FAMILIES), strict=True):
        np.testing.assert_array_equal(rows[name], row)


def test_names_are_numbered_from_0_with_as_many_digits_as_needed():
    assert contour_names(["mfcc"])[3] == "mfcc_03"
    assert contour_names(["zcr", "chroma"])[:2] == ("zcr", "chroma_00")
    assert "contrast_6" in contour_names(["spectral"])
    assert len(set(contour_names(FAMILIES))) == len(contour_names(FAMILIES)) == 127


def test_unknown_and_repeated_families_are_refused():
    with pytest.raises(FeatureError, match="did you mean 'mfcc'"):
        descriptors_of(["mfc"])
    with pytest.raises(FeatureError, match="'zcr' is named 2 times"):
        descriptors_of(["zcr", "zcr"])


def test_contrast_refuses_a_rate_without_its_highest_band():
    with pytest.raises(FeatureError, match=r"more than 12800 samples per second.*rate=8000"):
        contrast_bands(FrameSettings(rate=8000, n_fft=256, hop_length=80, win_length=200))


@pytest.mark.parametrize("rate", [16_000, 22_050, 25_600, 48_000])
def test_contrast_has_librosas_bands_at_other_rates(rate):
    frames = FrameSettings(rate=rate, n_fft=1024, hop_length=256, win_length=1024)
    samples = np.random.default_rng(rate).standard_normal(rate // 4).astype(np.float32) * 0.1
    theirs = librosa.feature.spectral_contrast(y=samples, sr=rate, n_fft=1024, hop_length=256)
    ours = DESCRIPTORS["contrast"].compute(Spectrum(samples, frames))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
