from __future__ import annotations

import numpy as np
import pytest

from featser.audio import Signal
from featser.features.lowlevel import descriptors
from featser.features.lowlevel.contours import (
    LEVEL,
    SPREADS,
    TRACK_NAMES,
    TRACKS,
    sounding,
    tracks_of,
)
from featser.features.lowlevel.spectrum import spectrum_of

RATE = 16_000


def noise(n: int = RATE) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.2, 0.2, n).astype(np.float32)


def tracks_in(samples: np.ndarray) -> np.ndarray:
    return tracks_of(Signal(samples.astype(np.float32), RATE))


def test_tracks_are_the_descriptors_under_their_names():
    signal = Signal(noise(), RATE)
    spectrum = spectrum_of(signal)
    tracks = dict(zip(TRACK_NAMES, tracks_of(signal), strict=True))
    mfcc = descriptors.mfcc(spectrum)
    np.testing.assert_array_equal([tracks["mfcc_00"], tracks["mfcc_12"]], mfcc[[0, 12]])
    np.testing.assert_allclose(tracks["level"], 20 * np.log10(descriptors.rms(spectrum)), rtol=1e-5)
    np.testing.assert_allclose(10 ** tracks["log_flux"], descriptors.flux(spectrum), rtol=1e-4)
    np.testing.assert_array_equal(tracks["zcr"], descriptors.zcr(spectrum))


def test_each_of_21_tracks_has_a_unit_and_a_spread():
    assert len(set(TRACK_NAMES)) == len(TRACKS) == len(SPREADS) == 21
    assert TRACK_NAMES[LEVEL] == "level"
    assert all(track.unit and track.spread > 0 for track in TRACKS)


def test_tracks_are_computed_once_for_a_signal_and_cannot_be_changed():
    signal = Signal(noise(), RATE)
    assert tracks_of(signal) is tracks_of(signal)
    with pytest.raises(ValueError, match="read-only"):
        tracks_of(signal)[0, 0] = 1


def test_one_frame_has_values():
    assert np.isfinite(tracks_in(noise(80))).all()


def test_silence_does_not_sound_and_what_is_quieter_by_40_db_neither():
    signal = np.concatenate([np.zeros(RATE), noise(), noise() / 50, noise() / 200])
    is_sounding = sounding(tracks_in(signal))
    assert not is_sounding[:99].any()
    assert is_sounding[100:300].all()
    assert not is_sounding[302:].any()
