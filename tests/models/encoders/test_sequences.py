from __future__ import annotations

import numpy as np
import pytest

from featser.features.packed_frames import unpacked
from featser.models.encoders.gmm import DiagonalGMM
from featser.models.encoders.sequences import sequences, slopes
from featser.models.encoders.statistics import joined, statistics
from tests.models.encoders.frames import WIDTH, made


def test_the_slope_of_a_ramp_is_its_rise_and_does_not_cross_utterances() -> None:
    ramp = np.concatenate([3 * np.arange(8.0), 100 - np.arange(6.0)])[:, None].astype(np.float32)
    slope = slopes(ramp, np.array([0, 8, 14]))[:, 0]
    np.testing.assert_allclose(slope[2:6], 3, rtol=1e-6)
    np.testing.assert_allclose(slope[10:12], -1, rtol=1e-5)
    # At an end its frame is repeated: (1·(3 − 0) + 2·(6 − 0)) / 10.
    assert slope[0] == pytest.approx(1.5)
    assert slope[8] == pytest.approx(-0.5)


def test_pauses_are_left_out_whatever_the_level_of_the_recording() -> None:
    X, _ = made()
    whole, spoken = (sequences(X, WIDTH, 3, silence=s) for s in (None, 35.0))
    pauses = 6
    assert (np.diff(whole.bounds) == unpacked(X, WIDTH)[1].sum(axis=1)).all()
    assert (np.diff(whole.bounds) - np.diff(spoken.bounds) == pauses).all()
    np.testing.assert_array_equal(sequences(X + 20, WIDTH, 3).bounds, spoken.bounds)


def test_every_utterance_keeps_a_frame_even_with_no_tolerance() -> None:
    X, _ = made()
    assert np.diff(sequences(X, WIDTH, 3, silence=0.0).bounds).min() >= 1
    with pytest.raises(ValueError, match="not -1"):
        sequences(X, WIDTH, 3, silence=-1.0)


def test_statistics_are_the_sums_over_frames_that_their_definition_says() -> None:
    X, _ = made(5)
    spoken = sequences(X, WIDTH, 3)
    model = DiagonalGMM(4).fit(spoken.values)
    sums = statistics(model, spoken, squares=True)
    posterior = model.posteriors(spoken.values).astype(float)
    for row in range(5):
        own = slice(*spoken.bounds[row : row + 2])
        z = spoken.values[own, None].astype(float) - model.means_
        z /= np.sqrt(model.variances_)
        share = posterior[own, :, None]
        np.testing.assert_allclose(sums.zeroth[row], share[:, :, 0].sum(axis=0), rtol=1e-4)
        np.testing.assert_allclose(sums.first[row], (share * z).sum(axis=0), atol=2e-3)
        np.testing.assert_allclose(sums.second[row], (share * z * z).sum(axis=0), atol=5e-3)
    np.testing.assert_allclose(sums.zeroth.sum(axis=1), np.diff(spoken.bounds), rtol=1e-5)


def test_utterances_in_batches_give_the_statistics_of_all_at_once() -> None:
    X, _ = made(7)
    spoken = sequences(X, WIDTH, 3)
    model = DiagonalGMM(4).fit(spoken.values)
    whole = statistics(model, spoken)
    parts = [statistics(model, sequences(X[rows], WIDTH, 3)) for rows in (slice(0, 3), slice(3, 7))]
    np.testing.assert_allclose(joined(parts).first, whole.first, atol=1e-4)
    np.testing.assert_allclose(joined(parts).zeroth, whole.zeroth, atol=1e-4)
    assert joined(parts).second is None
