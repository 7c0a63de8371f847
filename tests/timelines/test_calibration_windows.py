"""What a model is calibrated on for windows: joined utterances, frames and their classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.experiment.windows.joined_recordings import PAUSE_S, joined_recording
from featser.experiment.windows.speaker_windows import SpeakerWindows
from featser.experiment.windows.window_calibration_of import calibration_of_task, frame_means
from featser.tasks import Task
from featser.timelines.sound_outline import SoundOutline
from featser.timelines.window_plan import WindowPlan
from tests.timelines.recordings import RATE

Places = list[tuple[str, None, None, str]]


def places(folder: Path, room: float, count: int = 3) -> Places:
    """Tones of 1 s, with 0.5 s of noise before and after them."""
    random = np.random.default_rng(0)
    for number in range(count):
        samples = random.normal(0, room, 2 * RATE)
        samples[RATE // 2 : 3 * RATE // 2] += 0.3 * np.sin(np.arange(RATE) * 0.1 * (number + 1))
        soundfile.write(folder / f"{number}.wav", samples, RATE, "FLOAT")
    return [(str(folder / f"{number}.wav"), None, None, "mix") for number in range(count)]


def test_utterances_follow_each_other_with_the_noise_of_their_room(tmp_path: Path) -> None:
    room = 1e-3
    joined = joined_recording(places(tmp_path, room), np.arange(3), np.random.default_rng(1))
    assert joined is not None
    assert sorted(joined.rows) == [0, 1, 2]
    lengths = joined.spans[:, 1] - joined.spans[:, 0]
    np.testing.assert_allclose(lengths, 1.0, atol=0.05)
    pauses = joined.spans[1:, 0] - joined.spans[:-1, 1]
    assert ((pauses >= PAUSE_S[0] - 1e-3) & (pauses <= PAUSE_S[1] + 1e-3)).all()
    for start, end in zip(joined.spans[:-1, 1], joined.spans[1:, 0], strict=True):
        pause = joined.samples[round(start * RATE) + 400 : round(end * RATE) - 400]
        assert pause.std() == pytest.approx(room, rel=0.2)


def test_the_same_seed_gives_the_same_recording(tmp_path: Path) -> None:
    given = places(tmp_path, 1e-3)
    one, two = (joined_recording(given, np.arange(3), np.random.default_rng(5)) for _ in range(2))
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.samples, two.samples)


def test_utterances_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    given = places(tmp_path, 1e-3)
    soundfile.write(tmp_path / "1.wav", np.zeros(RATE), RATE)
    given[2] = (str(tmp_path / "none.wav"), None, None, "mix")
    joined = joined_recording(given, np.arange(3), np.random.default_rng(0))
    assert joined is not None
    assert joined.rows.tolist() == [0]
    assert joined_recording(given, np.array([1, 2]), np.random.default_rng(0)) is None


def group(speaker: str, rows: list[int]) -> SpeakerWindows:
    """Two utterances of 2 s with a pause of 1 s between, and windows of 1 s."""
    starts = np.arange(5.0)
    table = pd.DataFrame({"start": starts, "end": starts + 1, "reason": ""})
    spans = np.array([[0.0, 2.0], [3.0, 5.0]])
    active = np.ones(500, dtype=bool)
    outline = SoundOutline(5.0, active, np.zeros((2, 500), np.float32), "")
    return SpeakerWindows(speaker, 0, np.array(rows), spans, table, outline, np.arange(5))


def test_a_frame_has_the_class_of_its_utterance_and_pauses_have_none() -> None:
    task, plan = Task("mood", classes=("good", "low")), WindowPlan(1.0, 1.0)
    probabilities = np.column_stack([[0.9, 0.8, 0.5, 0.3, 0.2], [0.1, 0.2, 0.5, 0.7, 0.8]])
    frames, means = frame_means(task, group("anna", [0, 1]), probabilities, plan)
    assert frames.tolist() == [[at, at + 1] for at in np.arange(5.0).tolist()]
    np.testing.assert_allclose(means, probabilities, atol=1e-6)
    labels = np.array(["good", "low"], dtype=object)
    joined = calibration_of_task(task, [group("anna", [0, 1])], [probabilities], labels, plan)
    assert joined.scores["good"] == [pytest.approx([0.1, 0.2], abs=1e-6)]
    assert joined.scores["low"] == [pytest.approx([0.3, 0.2], abs=1e-6)]


def test_frames_without_a_label_calibrate_nothing() -> None:
    task, plan = Task("mood", classes=("good", "low")), WindowPlan(1.0, 1.0)
    probabilities = np.full((5, 2), 0.5)
    labels = np.array(["good", None], dtype=object)
    joined = calibration_of_task(task, [group("anna", [0, 1])], [probabilities], labels, plan)
    assert joined.n_speakers == {"good": 1, "low": 0}
