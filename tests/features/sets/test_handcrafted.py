from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.audio import Signal, read_audio
from featser.errors import FeatureError
from featser.features.lowlevel import spectrum
from featser.features.lowlevel.descriptor_families import FAMILIES, contour_names, describe
from featser.features.lowlevel.functionals import PRESETS
from featser.features.lowlevel.spectrum import Spectrum
from featser.features.sets.handcrafted import ALL_FAMILIES, Handcrafted


def speechlike(n: int = 16_000, seed: int = 0) -> Signal:
    samples = np.random.default_rng(seed).standard_normal(n) * np.hanning(n) * 0.2
    return Signal(samples.astype(np.float32), 16_000)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_name_has_one_finite_value(preset):
    extractor = Handcrafted(ALL_FAMILIES, preset)
    values = extractor(speechlike())
    assert values.dtype == np.float32
    assert values.shape == (len(extractor.names),)
    assert len(set(extractor.names)) == len(extractor.names)
    assert np.isfinite(values).all()


def test_all_families_and_the_standard_preset_give_1218_values():
    assert len(Handcrafted().names) == 1218
    assert len(Handcrafted(preset="basic").names) == 174
    assert len(Handcrafted(preset="full").names) == 1827


def test_a_named_value_is_that_statistic_of_that_descriptor():
    signal = speechlike()
    values = dict(zip(Handcrafted().names, Handcrafted()(signal), strict=True))
    contours = dict(
        zip(contour_names(FAMILIES), describe(Spectrum(signal.samples), FAMILIES), strict=True)
    )
    np.testing.assert_allclose(values["mfcc_03.mean"], contours["mfcc_03"].mean(), rtol=1e-4)
    np.testing.assert_allclose(
        values["logmel_17.p95"], np.percentile(contours["logmel_17"], 95), rtol=1e-5
    )
    np.testing.assert_allclose(values["centroid.max"], contours["centroid"].max(), rtol=1e-6)


def test_a_family_alone_has_the_values_it_has_among_all():
    signal = speechlike()
    among_all = dict(zip(Handcrafted().names, Handcrafted()(signal), strict=True))
    for family in ALL_FAMILIES:
        extractor = Handcrafted([family])
        for name, value in zip(extractor.names, extractor(signal), strict=True):
            assert among_all[name] == value, name


def test_extractors_on_one_signal_make_one_spectrum(monkeypatch):
    made = []

    class Counted(Spectrum):
        def __init__(self, *arguments):
            made.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(spectrum, "Spectrum", Counted)
    signal = speechlike()
    Handcrafted(["mfcc"])(signal)
    Handcrafted(["spectral"], "full")(signal)
    Handcrafted()(signal)
    assert len(made) == 1


@pytest.mark.corpora
def test_real_speech_has_finite_values_and_the_same_twice(real_recordings):
    extractor = Handcrafted(preset="full")
    names = np.array(extractor.names)
    for file in real_recordings[::4]:
        values = extractor(read_audio(file))
        undefined = names[np.isnan(values)]
        assert all(name.endswith((".skewness", ".kurtosis")) for name in undefined), file.name
        np.testing.assert_array_equal(values, extractor(read_audio(file)))


@settings(max_examples=25)
@given(st.integers(1600, 8000), st.integers(0, 2**32 - 1), st.floats(1e-4, 0.99))
def test_any_loudness_and_length_from_100_ms_has_values_without_a_warning(n, seed, peak):
    samples = np.random.default_rng(seed).uniform(-peak, peak, n).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = Handcrafted(preset="full")(Signal(samples, 16_000))
    names = np.array(Handcrafted(preset="full").names)
    assert all(name.endswith((".skewness", ".kurtosis")) for name in names[~np.isfinite(values)])


def test_a_click_in_100_ms_of_silence_raises_no_warning():
    samples = np.zeros(1600, np.float32)
    samples[800] = 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = Handcrafted(preset="standard")(Signal(samples, 16_000))
    assert np.isfinite(values).all()


def test_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"16000 Hz, this one has 8000 Hz.*resampled\(16000\)"):
        Handcrafted()(Signal(np.ones(800, np.float32), 8000))


def test_no_family_an_unknown_one_and_an_unknown_preset_are_refused():
    with pytest.raises(FeatureError, match="no descriptor family named"):
        Handcrafted([])
    with pytest.raises(FeatureError, match="did you mean 'chroma'"):
        Handcrafted(["chrome"])
    with pytest.raises(FeatureError, match="valid: basic, standard, full"):
        Handcrafted(["mfcc"], "huge")
