"""What long recordings need is forecast; what does not fit is refused before it is tried."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.corpora.utterances import Utterance
from featser.extraction import extraction_forecast, recording_needs
from featser.extraction.compute import compute
from featser.extraction.extraction_forecast import (
    forecast_extraction,
    lengths,
    long_recordings,
    notes_before,
)
from featser.extraction.recording_needs import core_seconds, memory_bytes
from featser.features.registry import make_extractors
from featser.store.feature_store import Store
from tests.features.long_signals import short_blocks

RATE = 4_000
DEFAULT = make_extractors(["default"])
WHOLE = make_extractors(["tarma"])


def recording(path: Path, seconds: float, rate: int = RATE) -> str:
    noise = np.random.default_rng(0).normal(0, 0.1, int(seconds * rate))
    soundfile.write(path, noise, rate)
    return str(path)


def test_an_hour_of_the_default_features_needs_less_than_400_mb_and_other_extractors_more() -> None:
    assert memory_bytes(DEFAULT, 3600) < 400e6
    assert memory_bytes([*DEFAULT, *WHOLE], 3600) > 2e9
    assert memory_bytes(make_extractors(["bangla166"]), 3600) < 200e6  # of 2.5 s alone
    assert memory_bytes(make_extractors(["trim:mfcc"]), 3600) < 400e6


def test_time_grows_with_the_length() -> None:
    assert core_seconds(DEFAULT, 3600) == pytest.approx(6 * core_seconds(DEFAULT, 600))


def test_a_recording_that_does_not_fit_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the extractors that need too much: the others compute it."""
    file = recording(tmp_path / "a.wav", 2.0, 16_000)
    monkeypatch.setattr(recording_needs, "memory_limit", lambda: int(345e6))
    monkeypatch.setattr(recording_needs, "_WHOLE_BYTES_PER_S", 1e9)
    extractors = [*make_extractors(["rms:basic"]), *WHOLE]
    with short_blocks():
        computed = compute(Utterance(file, "key"), extractors)
    assert list(computed.values) == ["rms:basic"]
    [refusal] = computed.refusals
    assert refusal[3] == "tarma"
    assert refusal[4] == (
        "too long: it needs about 2.2 GB of memory, and a worker may use 345 MB; give its segments "
        "in columns `start` and `end` of the manifest; `featser segment` finds them"
    )
    assert not compute(Utterance(file, "key"), extractors).refusals  # it is not long


def test_a_full_disk_is_a_reason_that_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = recording(tmp_path / "a.wav", 2.0, 16_000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with short_blocks():
        [refusal] = compute(Utterance(file, "key"), make_extractors(["rms:basic"])).refusals
    assert refusal[4].startswith(f"{tmp_path / 'absent'}: no temporary file can be written")


def test_long_recordings_are_named_the_longest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction_forecast, "LONG_S", 3.0)
    files = [recording(tmp_path / f"{n}.wav", n) for n in (2, 3, 5)]
    table = pd.DataFrame({"file": [*files, files[2]], "start": [np.nan] * 3 + [0.0]})
    table["end"] = [np.nan] * 3 + [4.0]
    seconds = lengths(table)
    assert seconds.tolist() == [2, 3, 5, 4]
    needs = long_recordings(table, seconds, DEFAULT)
    assert [one.seconds for one in needs] == [5, 4, 3]
    assert needs[0].file == files[2]


def test_only_large_files_are_opened_for_a_warning(tmp_path: Path) -> None:
    small, large = recording(tmp_path / "s.wav", 100), recording(tmp_path / "l.wav", 700)
    table = pd.DataFrame({"file": [small, large, str(tmp_path / "absent.wav")]})
    [note] = notes_before([table], DEFAULT)
    assert note.startswith(f"1 recording lasts 10 min or longer: the longest, {large} (12 min)")
    assert notes_before([table[:1]], DEFAULT) == []


def test_extractors_that_do_not_fit_are_named_before_the_extraction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction_forecast, "memory_limit", lambda: int(400e6))
    table = pd.DataFrame({"file": [recording(tmp_path / "l.wav", 700)]})
    notes = notes_before([table], [*DEFAULT, *WHOLE])
    assert notes[1].startswith("tarma: too long for the memory that a worker may use")
    assert "`featser segment`" in notes[1]


def test_a_forecast_counts_what_the_store_lacks(tmp_path: Path) -> None:
    table = pd.DataFrame({"file": [recording(tmp_path / "a.wav", 7.0)]})
    plan = forecast_extraction(table, DEFAULT, Store(tmp_path / "store"), n_jobs=1)
    assert (plan.utterances, plan.seconds, plan.cores, plan.long) == (1, 7.0, 1, [])
    assert plan.core_seconds == pytest.approx(core_seconds(DEFAULT, 7.0))
    assert plan.bytes == 4 * sum(one.dimension for one in DEFAULT)
    assert not (tmp_path / "store").exists()
