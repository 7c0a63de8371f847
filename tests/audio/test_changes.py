"""A recording that changes while a command runs is never stored under its former hash."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.audio import content_hash, decode, source
from featser.audio.libsndfile import Sound
from featser.audit.measure.examination import examine
from featser.corpora.utterances import Alteration, Utterance, content_of, utterance_key
from featser.errors import UnusableAudio
from featser.extraction import planner
from featser.extraction.compute import compute
from featser.extraction.extraction import extract_manifest
from featser.features.registry import make_extractor, make_extractors
from featser.store.feature_store import Store

RATE = 16_000
SPEC = "rms:basic"


def noise(path: Path, level: float, seconds: float = 0.5) -> Path:
    samples = np.random.default_rng(0).normal(0, level, int(seconds * RATE))
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
def test_bytes_that_are_hashed_are_those_that_are_decoded(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, RATE), RATE, format=form)
    for start, end in ((None, None), (0.2, 0.6), (0.3, None)):
        facts = decode(path, start, end).facts
        assert facts is not None
        assert facts.content == content_hash(path)


def test_recording_that_changes_between_hashing_and_decoding_is_refused_and_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is rewritten with equal size and date as soon as its hash has been read."""
    path = noise(tmp_path / "a.wav", 0.1)
    other = noise(tmp_path / "b.wav", 0.05)
    before = content_hash(path)
    status = path.stat()

    def hash_then_change(file: str) -> str:
        digest = content_hash(file)
        if Path(file) == path:
            noise(path, 0.01)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return digest

    monkeypatch.setattr(planner, "content_hash", hash_then_change)
    table = pd.DataFrame({"file": [str(path), str(other)]})
    store = Store(tmp_path / "store")
    result = extract_manifest(table, [SPEC], store, n_jobs=1)
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert result.done == 1
    reason = "the file changed while the command ran: run the command again"
    assert result.unusable["reason"].tolist() == [reason]
    keys = [utterance_key(before), utterance_key(content_hash(path))]
    assert not store.has(make_extractor(SPEC), keys).any()

    monkeypatch.undo()
    again = extract_manifest(table, [SPEC], Store(tmp_path / "store"), n_jobs=1)
    assert (again.done, len(again.unusable)) == (1, 0)
    assert Store(tmp_path / "store").has(make_extractor(SPEC), keys).tolist() == [False, True]


def test_altered_copy_whose_source_or_donor_has_changed_is_refused(tmp_path: Path) -> None:
    path, donor = noise(tmp_path / "a.wav", 0.1), noise(tmp_path / "b.wav", 0.05)
    made = make_extractors([SPEC])
    places = ((str(donor), None, None),)

    def copy(content: str, donor_content: str) -> Utterance:
        alteration = Alteration("babble:talkers=1", 0, content, places, (donor_content,))
        return Utterance(str(path), "key", alteration=alteration, content=content)

    good = compute(copy(content_hash(path), content_hash(donor)), made)
    assert not good.refusals
    for stale in (copy("0" * 32, content_hash(donor)), copy(content_hash(path), "0" * 32)):
        outcome = compute(stale, made)
        assert not outcome.values
        assert "changed while the command ran" in outcome.refusals[0][-1]


def test_key_names_the_content_that_it_was_made_of() -> None:
    audio = "0f" * 16
    for key in (
        utterance_key(audio),
        utterance_key(audio, 0.5),
        utterance_key(audio, 0.5, 1.25, "noise:snr=10"),
    ):
        assert content_of(key) == audio


def test_large_recording_that_changes_while_it_is_decoded_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LARGE_BYTES", 1000)
    path = noise(tmp_path / "a.wav", 0.1)
    facts = decode(path).facts
    assert facts is not None
    assert facts.content == content_hash(path)
    read_frames = Sound.read_frames

    def read_then_change(sound: Sound, count: int | None) -> np.ndarray:
        samples = read_frames(sound, count)
        noise(path, 0.02, 0.4)
        return samples

    monkeypatch.setattr(Sound, "read_frames", read_then_change)
    with pytest.raises(UnusableAudio, match="changed while it was read"):
        decode(path)


def test_next_segment_of_a_recording_that_has_changed_is_of_the_new_bytes(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.wav", 0.1)
    decode(path, 0.0, 0.2)
    noise(path, 0.01, 0.4)
    facts = decode(path, 0.0, 0.2).facts
    assert facts is not None
    assert facts.content == content_hash(path)


def test_audit_identifies_a_recording_by_the_bytes_that_it_measured(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.wav", 0.1)
    assert examine(str(path)).content == f"{content_hash(path)}:None:None:mix"
    path.write_bytes(path.read_bytes()[:5000])
    facts = examine(str(path))
    assert "truncated" in facts.reason
    assert facts.content == f"{content_hash(path)}:None:None:mix"
