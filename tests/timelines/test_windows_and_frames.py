"""Windows, frames, what they share, and which of them are loud enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.audio import decode
from featser.errors import InputError, UnusableAudio
from featser.timelines import window_blocks as blocks_module
from featser.timelines.frame_evidence import FrameGrid
from featser.timelines.smoothing import parse_smoothing
from featser.timelines.speech_activity import active_shares, is_active, powers_of
from featser.timelines.window_blocks import window_blocks
from featser.timelines.window_features import WindowJob, compute_windows
from featser.timelines.window_plan import WindowPlan, overlaps
from featser.workers.task import unobserved
from tests.timelines.recordings import RATE, pause


@pytest.mark.slow
@settings(max_examples=200)
@given(duration=st.floats(0.1, 200), window=st.floats(0.1, 20), hop=st.integers(1, 500))
def test_windows_and_frames_cover_the_recording(duration: float, window: float, hop: int) -> None:
    hop_s = min(hop / 100, np.floor(window * 100) / 100)
    plan = WindowPlan(window, hop_s)
    starts, frames = plan.starts(duration), plan.frames(duration)
    assert starts[0] == 0
    assert (np.diff(starts) > 0).all()
    assert np.diff(starts).max(initial=0) <= hop_s + 1e-6
    assert (starts + window <= duration + 1e-6).all() or len(starts) == 1
    assert duration - (starts[-1] + window) < 0.02
    assert frames[0, 0] == 0
    assert frames[-1, 1] == duration
    assert (frames[1:, 0] == frames[:-1, 1]).all()
    windows = np.column_stack([starts, np.minimum(starts + window, duration)])
    seconds = overlaps(windows, frames)
    np.testing.assert_allclose(
        np.asarray(seconds.sum(axis=0)).ravel(), windows[:, 1] - windows[:, 0], atol=1e-5
    )
    assert (np.asarray(seconds.sum(axis=1)).ravel() > 0).all()


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("seconds", [0.5, 3.2, 17.0, 40.03])
def test_blocks_have_all_windows_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: int, seconds: float
) -> None:
    monkeypatch.setattr(blocks_module, "BLOCK_S", 10.0)
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * rate))
    soundfile.write(tmp_path / "a.wav", samples, rate)
    whole = decode(tmp_path / "a.wav").samples
    plan = WindowPlan(2.0, 0.5)
    blocks = list(window_blocks(tmp_path / "a.wav", plan))
    starts = np.concatenate([block.starts_s for block in blocks])
    np.testing.assert_array_equal(starts, plan.starts(len(whole) / rate))
    np.testing.assert_array_equal(
        np.concatenate([block.samples[block.own] for block in blocks]), whole
    )
    for block in blocks:
        for start in block.starts_s:
            at = round((start - block.first_s) * rate)
            first = round(start * rate)
            np.testing.assert_array_equal(
                block.samples[at : at + 2 * rate], whole[first : first + 2 * rate]
            )


def test_a_frame_is_the_weighted_mean_of_its_windows() -> None:
    """Windows of 2 s each second: the frame 1–2 s lies in both."""
    windows = np.array([[0.0, 2.0], [1.0, 3.0]])
    grid = FrameGrid.of(WindowPlan(2.0, 1.0), 3.0, windows, np.array([1.0, 1.0, 0.05]), 0.1)
    assert grid.is_speech.tolist() == [True, True, False]
    evidence = grid.evidence(np.array([[0.8, 0.2], [0.4, 0.6]]))
    np.testing.assert_allclose(evidence.mean, [[0.8, 0.2], [0.6, 0.4], [np.nan, np.nan]])
    ratios = np.log([[1.6, 0.4], [0.8, 1.2]])
    expected = [ratios[0], ratios.mean(axis=0), [0, 0]]
    np.testing.assert_allclose(evidence.log_likelihood, expected)


def test_smoothing_leaves_frames_without_speech_empty() -> None:
    windows = np.array([[float(at), at + 2.0] for at in range(9)])
    shares = np.ones(10)
    shares[4] = 0
    grid = FrameGrid.of(WindowPlan(2.0, 1.0), 10.0, windows, shares, 0.1)
    probabilities = np.tile([0.9, 0.1], (9, 1))
    probabilities[5:] = [0.2, 0.8]
    evidence = grid.evidence(probabilities)
    numbers = grid.evidence(np.arange(9.0)[:, None])
    for name in ("none", "hmm", "hmm:0.1", "mean", "mean:5"):
        smoothing = parse_smoothing(name)
        smoothed = smoothing.classes(evidence)
        missing = np.isnan(smoothed.probabilities).any(axis=1)
        assert missing.tolist() == [False] * 4 + [True] + [False] * 5
        np.testing.assert_allclose(smoothed.probabilities[~missing].sum(axis=1), 1)
        assert smoothed.codes[[0, 9]].tolist() == [0, 1]
        level = smoothing.numbers(numbers)
        assert np.isnan(level).tolist() == missing.tolist()
        assert (np.diff(level[~missing]) >= 0).all()


def test_windows_that_no_extractor_accepts_have_the_reason() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype(np.float32)
    noise[: 2 * RATE] = 0
    job = WindowJob(noise, RATE, (0.0, 1.99, 3.96), 2.0, ("mfcc:basic", "gemaps"))
    values = compute_windows(job, unobserved)
    assert values.reasons[0] == "silent"
    assert values.reasons[1] == ""
    assert values.reasons[2].startswith("too short for gemaps: 40 ms")
    assert np.isnan(values.X[[0, 2]]).all()


def test_quiet_moments_are_not_active() -> None:
    tone = np.sin(np.arange(3 * RATE) * 0.1)
    samples = np.concatenate([0.3 * tone, 0.3 * pause(2), 0.01 * tone]).astype(np.float32)
    active = is_active(powers_of(samples, RATE))
    assert len(active) == 800
    shares = active_shares(active, np.array([[0, 3], [3, 5], [5, 8]], dtype=float))
    assert shares.tolist() == [1, 0, 1]


def test_a_constant_offset_is_no_sound() -> None:
    samples = np.full(RATE, 0.5, np.float32)
    assert not is_active(powers_of(samples, RATE)).any()


def test_powers_of_odd_rates_do_not_drift() -> None:
    assert len(powers_of(np.ones(11_025 * 60, np.float32), 11_025)) == 6000


@pytest.mark.parametrize(("window", "hop"), [(61, 1), (0.01, 0.01), (2, 2.5), (2, 0.005)])
def test_windows_that_cannot_be_are_refused(window: float, hop: float) -> None:
    with pytest.raises(InputError):
        WindowPlan(window, hop)


def test_a_missing_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableAudio):
        list(window_blocks(tmp_path / "absent.wav", WindowPlan()))
