"""Videos with several audio streams, from the folder over the manifest to the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.api.audit import audit
from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from featser.corpora.utterances import places
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.extraction.extraction import extract_manifest
from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from tests.flow import featser_here
from tests.media_files import RATE, voice, write_media

pytestmark = pytest.mark.extras
pytest.importorskip("av")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder for each class with recordings in several formats; a video has two streams."""
    for number, emotion in enumerate(("angry", "sad")):
        folder = tmp_path / "corpus" / emotion
        folder.mkdir(parents=True)
        write_media(folder / "a.m4a", voice(number))
        write_media(folder / "b.webm", voice(number + 10))
        write_media(folder / "c.mkv", voice(number + 20), voice(number + 30), with_video=True)
        soundfile.write(folder / "d.wav", voice(number + 40), RATE)
    return tmp_path


def test_media_are_scanned_and_extracted_like_wav_files(work: Path) -> None:
    shown = featser_here("scan", "folders", "corpus", "-o", "m.csv", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert len(pd.read_csv(work / "m.csv")) == 8
    shown = featser_here("extract", "m.csv", "-f", "mfcc:basic", "-j", "1", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert "it has 2 audio streams, and stream 1 is used" in " ".join(
        (shown.stdout + shown.stderr).split()
    )


def test_rows_of_a_manifest_choose_audio_streams(work: Path) -> None:
    rows = ["file,stream,channel,emotion", "corpus/sad/c.mkv,1,,sad", "corpus/sad/c.mkv,2,1,sad"]
    (work / "m.csv").write_text("\n".join(rows) + "\n")
    for number, stream in enumerate((21, 31), 1):
        soundfile.write(work / f"{number}.wav", voice(stream), RATE)
    table = scan(load_card("table"), work / "m.csv").manifest
    assert "stream" not in table
    assert [place[-1] for place in places(table)] == ["1/mix", "2/1"]
    store = Store(work / "store")
    extractor = make_extractor("mfcc:basic")
    result = extract_manifest(table, ["mfcc:basic"], store, n_jobs=1)
    assert not result.remarks
    plain = pd.DataFrame({"file": [str(work / "1.wav"), str(work / "2.wav")]})
    other = extract_manifest(plain, ["mfcc:basic"], store, n_jobs=1)
    ours, expected = (store.read(extractor, list(one.keys)) for one in (result, other))
    assert np.allclose(ours, expected, rtol=0.01, atol=0.01)
    assert not np.allclose(ours[0], ours[1], atol=0.1)


def test_a_channel_for_all_rows_keeps_the_stream_of_a_row() -> None:
    table = pd.DataFrame({"file": ["a", "b", "c"], "channel": ["2/", np.nan, "3/1"]})
    assert with_channel(table, "left")["channel"].to_list() == ["2/1", "1", "3/1"]
    assert with_channel(table, "4/left")["channel"].to_list() == ["2/1", "4/1", "3/1"]


def test_the_audit_finds_recordings_with_several_streams(work: Path) -> None:
    findings = audit(work / "corpus", corpus="folders", n_jobs=1).findings
    [finding] = [one for one in findings if one.kind == "several audio streams"]
    assert len(finding.table) == 2
    assert finding.message.startswith("2 of 8 recordings have several audio streams")
