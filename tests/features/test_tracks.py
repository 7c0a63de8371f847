from __future__ import annotations

import numpy as np
import pytest

from featser.features import descriptors
from featser.features.spectrum import Spectrum
from featser.features.tracks import LEVEL, SPREADS, TRACK_NAMES, TRACKS, sounding, tracks_of

RATE = 16_000


def noise(n: int = RATE) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.2, 0.2, n).astype(np.float32)


def test_tracks_are_the_descriptors_under_their_names():
    spectrum = Spectrum(noise())
    tracks = dict(zip(TRACK_NAMES, tracks_of(spectrum), strict=True))
    mfcc = descriptors.mfcc(spectrum)
    np.testing.assert_array_equal([tracks["mfcc_00"], tracks["mfcc_12"]], mfcc[[0, 12]])
    np.testing.assert_allclose(tracks["level"], 20 * np.log10(descriptors.rms(spectrum)), rtol=1e-5)
    np.testing.assert_allclose(10 ** tracks["log_flux"], descriptors.flux(spectrum), rtol=1e-4)
    np.testing.assert_array_equal(tracks["zcr"], descriptors.zcr(spectrum))


def test_there_are_21_each_with_a_unit_and_a_spread():
    assert len(set(TRACK_NAMES)) == len(TRACKS) == len(SPREADS) == 21
    assert TRACK_NAMES[LEVEL] == "level"
    assert all(track.unit and track.spread > 0 for track in TRACKS)


def test_tracks_are_computed_once_for_a_spectrum_and_cannot_be_changed():
    spectrum = Spectrum(noise())
    assert tracks_of(spectrum) is tracks_of(spectrum)
    with pytest.raises(ValueError, match="read-only"):
        tracks_of(spectrum)[0, 0] = 1


def test_one_frame_has_values():
    assert np.isfinite(tracks_of(Spectrum(noise(80)))).all()


def test_silence_does_not_sound_and_what_is_quieter_by_40_db_neither():
    signal = np.concatenate([np.zeros(RATE), noise(), noise() / 50, noise() / 200])
    heard = sounding(tracks_of(Spectrum(signal.astype(np.float32))))
    assert not heard[:99].any()
    assert heard[100:300].all()
    assert not heard[302:].any()
