"""New recordings are measured as those of the training set were, long ones from the beginning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.models.abstention import new_recordings
from featser.models.abstention.new_recordings import unlike_training
from featser.models.abstention.reason import in_words
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.abstention.training_ranges import TrainingRanges

RATE = 16_000


@pytest.fixture
def long_recording(tmp_path: Path) -> Path:
    """Ten seconds: a second of noise and a second of silence in turn, then loud noise."""
    samples = 0.01 * np.random.default_rng(0).standard_normal(10 * RATE)
    samples *= np.arange(10 * RATE) // RATE % 2 == 0
    samples[8 * RATE :] = 0.5
    path = tmp_path / "long.wav"
    soundfile.write(path, samples, RATE)
    return path


def reasons(file: Path, ranges: dict[str, tuple[float, float]], **segment: float) -> str:
    table = pd.DataFrame(
        {"file": [str(file)], "start": [np.nan], "end": [np.nan], "channel": ["mix"]}
    ).assign(**segment)
    domain = TrainingDomain(TrainingRanges(ranges))
    return in_words(unlike_training(domain, table, np.empty((1, 0)))[0])


def test_the_beginning_of_a_long_recording_is_measured(
    long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = {"level": (-50.0, -45.0)}
    assert reasons(long_recording, quiet).startswith("level -")
    monkeypatch.setattr(new_recordings, "MOST_SECONDS", 4.0)
    assert reasons(long_recording, {"level": (-46.0, -40.0)}) == ""
    assert reasons(long_recording, {"length": (1.0, 2.0)}) == "length 10.0 s; training 1.0 to 2.0 s"
    # Two of the four seconds are silent.
    assert reasons(long_recording, {"silence": (0.45, 0.55)}) == ""
    assert reasons(long_recording, {"silence": (0.0, 0.1)}) == "silence 50 %; training 0 to 10 %"


def test_a_long_segment_is_measured_from_its_start(
    long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_recordings, "MOST_SECONDS", 1.0)
    loud = {"level": (-7.0, -5.0)}
    assert reasons(long_recording, loud, start=8.0) == ""
    assert reasons(long_recording, loud, start=2.0, end=9.0).startswith("level -")
    length = {"length": (0.5, 1.0)}
    assert reasons(long_recording, length, start=2.0, end=9.0).startswith("length 7.0 s")
    assert reasons(long_recording, length, start=4.0).startswith("length 6.0 s")


def test_a_recording_that_has_vanished_has_no_reasons(long_recording: Path) -> None:
    long_recording.unlink()
    assert reasons(long_recording, {"level": (-7.0, -5.0)}) == ""
