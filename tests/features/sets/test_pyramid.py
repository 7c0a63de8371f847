from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import firwin, lfilter
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from featser.audio import Signal
from featser.errors import FeatureError
from featser.features.registry import make_extractor
from featser.features.sets.pyramid import STATISTICS, pyramid, statistics, windows_of

RATE = 16_000
LONG = 3 * RATE // 2
HALF = 12 * RATE // 100


def noise(n: int = RATE, seed: int = 0) -> Signal:
    samples = np.random.default_rng(seed).standard_normal(n) * 0.05
    return Signal(samples.astype(np.float32), RATE)


def with_burst(together: bool, seed: int) -> Signal:
    """1.5 s of noise in which 1 to 2 kHz is louder for 240 ms: at once, or in two halves."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal(LONG) * 0.05
    band = lfilter(firwin(129, [1000, 2000], pass_zero=False, fs=RATE), 1, sound)
    first = rng.integers(LONG // 2 - 2 * HALF)
    second = first + HALF if together else rng.integers(LONG // 2 + HALF, LONG - HALF)
    for start in (first, second):
        sound[start : start + HALF] += rng.uniform(1, 4) * band[start : start + HALF]
    return Signal(sound.astype(np.float32), RATE)


def uar(X: np.ndarray, y: np.ndarray) -> float:
    model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=10.0))
    return float(balanced_accuracy_score(y, cross_val_predict(model, X, y, cv=4)))


def test_a_burst_in_one_band_and_window_is_classified_where_means_are_at_chance():
    y = np.arange(80) % 2
    extractor = make_extractor("pyramid")
    X = np.array([extractor(with_burst(bool(one), seed)) for seed, one in enumerate(y)])
    whole = [name.endswith("whole.mean") for name in extractor.names]
    assert uar(X, y) >= 0.9
    assert uar(X[:, whole], y) <= 0.65


def test_statistics_within_a_window_are_numpys():
    values = np.random.default_rng(0).standard_normal((3, 60)).astype(np.float32)
    windows = windows_of(values, 25)
    by_statistic = dict(zip(STATISTICS, np.moveaxis(statistics(windows), 2, 0), strict=True))
    np.testing.assert_allclose(by_statistic["mean"], windows.mean(axis=2), atol=1e-6)
    np.testing.assert_allclose(by_statistic["std"], windows.std(axis=2), rtol=1e-5)
    np.testing.assert_allclose(by_statistic["p95"], np.quantile(windows, 0.95, axis=2), rtol=1e-5)
    line = np.polyfit(np.arange(25) / 100, windows[1, 2], 1)[0]
    assert by_statistic["slope"][1, 2] == pytest.approx(line, rel=1e-5)


@pytest.mark.parametrize(
    ("frames", "starts"), [(60, [0, 12, 24, 35]), (49, [0, 12, 24]), (25, [0])]
)
def test_windows_overlap_by_half_and_cover_every_frame(frames, starts):
    contours = np.arange(frames, dtype=np.float32)[None]
    assert windows_of(contours, 25)[0, :, 0].tolist() == starts
    assert windows_of(contours, 25)[0, -1, -1] == frames - 1


def test_a_segment_shorter_than_a_window_is_that_window():
    short = np.random.default_rng(1).standard_normal((2, 30)).astype(np.float32)
    values = pyramid(short).reshape(2, 7, 5)
    np.testing.assert_array_equal(values[:, 2], values[:, 6])
    np.testing.assert_array_equal(values[:, 5], values[:, 6])


def test_names_are_unique_and_few_enough():
    names = make_extractor("pyramid").names
    assert len(set(names)) == len(names) == 1085
    assert names[0] == "pyramid.mfcc_00.0.25s.mean.mean"
    assert names[-1] == "pyramid.band_125-8000Hz.whole.p95"
    assert "pyramid.band_500-2000Hz.1s.std.max" in names


def test_any_length_and_silence_have_values():
    for n in (400, 4000, 6 * RATE):
        assert np.isfinite(make_extractor("pyramid")(noise(n))).all()
    silence = Signal(np.zeros(RATE, np.float32), RATE)
    assert np.isfinite(make_extractor("pyramid")(silence)).all()


def test_a_single_frame_has_no_slope_and_all_else():
    extractor = make_extractor("pyramid")
    within = [name.split(".", 2)[2] for name in extractor.names]
    missing = np.isnan(extractor(noise(80)))
    np.testing.assert_array_equal(missing, ["slope" in name for name in within])


def test_another_rate_is_refused_with_the_fix():
    with pytest.raises(FeatureError, match=r"resampled\(16000\)"):
        make_extractor("pyramid")(Signal(np.ones(800, np.float32), 8000))
