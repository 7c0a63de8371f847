"""Folders, links and manifests as they should not be: each ends in a result or in one line."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

import featser
from featser.corpora.scans.file_listing import audio_files
from featser.errors import FeatserError, InputError
from featser.experiment.loading.enrolment_recordings import enrolment_table
from featser.experiment.loading.named_recordings import named_recordings
from featser.experiment.loading.sources.source import STORE
from featser.io.location import is_local_file, local_path
from tests.flow import featser_here

LATIN_1 = os.fsdecode(b"caf\xe9.flac")


@pytest.fixture
def model(fitted: Path) -> Path:
    return fitted / "model.featser"


@pytest.fixture
def clip(voices: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sorted(voices.glob("*.flac"))[0], tmp_path / "clip.flac"))


@pytest.fixture
def latin_1(clip: Path) -> Path:
    """A recording whose name is not UTF-8."""
    try:
        return Path(shutil.copy(clip, clip.with_name(LATIN_1)))
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")


@pytest.mark.parametrize("command", ["predict", "segment"])
def test_a_name_that_is_not_utf8_is_left_out_with_its_reason(
    command: str, model: Path, latin_1: Path
) -> None:
    arguments = [model] if command == "predict" else []
    shown = featser_here(command, *arguments, ".", "-o", "t.csv", cwd=latin_1.parent)
    assert shown.returncode == 0, shown.stderr
    text = shown.stdout + shown.stderr
    assert "1 file left out because the path is not UTF-8 text" in text
    assert r"(caf\udce9.flac)" in text
    assert pd.read_csv(latin_1.parent / "t.csv")["file"].str.endswith("clip.flac").all()


@pytest.mark.parametrize("command", ["predict", "segment"])
def test_a_named_file_that_is_not_utf8_is_refused_in_one_line(
    command: str, model: Path, latin_1: Path
) -> None:
    arguments = [model] if command == "predict" else []
    shown = featser_here(command, *arguments, LATIN_1, cwd=latin_1.parent)
    assert shown.returncode == 2
    assert len(shown.stderr.splitlines()) == 1
    assert r"'caf\udce9.flac' is not UTF-8 text" in shown.stderr


def test_a_folder_without_a_usable_name_says_why(latin_1: Path, clip: Path) -> None:
    clip.unlink()
    with pytest.raises(FeatserError, match=r"no recording .*; 1 file left out because the path"):
        featser.segment(latin_1.parent)


def test_enrolment_leaves_out_names_that_are_not_utf8(latin_1: Path, clip: Path) -> None:
    table, notes = enrolment_table(latin_1.parent)
    assert table["file"].tolist() == [str(clip)]
    assert "not UTF-8" in notes[0]


def test_links_that_lead_to_themselves_are_left_out_with_a_note(clip: Path, model: Path) -> None:
    (clip.parent / "a.flac").symlink_to("b.flac")
    (clip.parent / "b.flac").symlink_to("a.flac")
    (clip.parent / "folder").symlink_to("folder")
    notes: list[str] = []
    assert audio_files(clip.parent, None, notes) == [clip]
    assert [note.endswith("): left out") for note in notes] == [True] * 3
    assert featser.predict(model, [clip.parent])["error"].tolist() == [""]
    assert len(featser.segment(clip.parent).notes) == 3


def test_an_entry_without_permission_is_left_out_with_a_note(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link into a folder that may not be entered cannot be looked at, whoever runs the test."""

    class Locked:
        name = "locked.flac"

        def is_dir(self) -> bool:
            raise PermissionError(13, "Permission denied")

    class Listing(list[Locked]):
        def __enter__(self) -> Listing:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(
        "featser.corpora.scans.file_listing.os.scandir", lambda _: Listing([Locked()])
    )
    notes: list[str] = []
    assert audio_files(clip.parent, None, notes) == []
    assert notes == [f"{clip.parent / 'locked.flac'} cannot be read (Permission denied): left out"]


@pytest.mark.parametrize(
    "arguments", [["predict", "MODEL"], ["predict", "MODEL", "--timeline"], ["segment"]]
)
def test_a_manifest_without_rows_is_refused(
    arguments: list[str], model: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.csv").write_text("file,speaker\n", encoding="utf-8")
    command, *rest = [str(model) if one == "MODEL" else one for one in arguments]
    shown = featser_here(command, *rest, "m.csv", cwd=tmp_path)
    assert shown.returncode == 2
    assert shown.stderr == "featser: m.csv: has no row: list recordings in its column `file`\n"


def test_manifests_and_recordings_are_predicted_together(
    model: Path, clip: Path, voices: Path
) -> None:
    other = sorted(voices.glob("*.flac"))[-1]
    manifest = clip.parent / "m.csv"
    pd.DataFrame({"file": [other], "start": [0.1], "end": [0.9]}).to_csv(manifest, index=False)
    table = featser.predict(model, [manifest, clip])
    assert table["file"].tolist() == [str(other), str(clip)]
    assert table["start"].fillna(-1).tolist() == [0.1, -1]
    assert table["error"].tolist() == ["", ""]
    alone = [featser.predict(model, [one]) for one in (manifest, clip)]
    assert table["emotion.pred"].tolist() == [one["emotion.pred"].iloc[0] for one in alone]


def test_a_path_that_is_too_long_is_refused_in_one_line(model: Path) -> None:
    assert not is_local_file(Path("a" * 5_000))
    shown = featser_here("predict", model, "a" * 5_000 + ".wav")
    assert shown.returncode == 1
    assert "unusable" in shown.stdout


def test_hash_and_question_mark_belong_to_the_path_of_a_file_url(clip: Path) -> None:
    odd = Path(shutil.copy(clip, clip.with_name("take #1?.flac")))
    assert local_path(f"file://{odd}") == odd
    assert local_path(odd.as_uri()) == odd
    with named_recordings([f"file://{odd}"]) as named:
        assert named.table["file"].tolist() == [str(odd)]


@pytest.mark.parametrize("sources", [["m.csv", "clip.flac"], ["m.csv"]])
def test_an_output_does_not_replace_a_source(sources: list[str], model: Path, clip: Path) -> None:
    manifest = clip.parent / "m.csv"
    pd.DataFrame({"file": ["clip.flac"]}).to_csv(manifest, index=False)
    before = manifest.read_bytes()
    for command in (["predict", model], ["segment"]):
        shown = featser_here(*command, *sources, "-o", "./m.csv", cwd=clip.parent)
        assert shown.returncode == 2
        assert "is read by this command: name another file" in shown.stderr
    with pytest.raises(InputError, match="is read by this command"):
        featser.timeline(model, [clip], segments=manifest, output=manifest)
    assert manifest.read_bytes() == before


@pytest.mark.parametrize(
    "command",
    [
        ["audit", "m.csv", "-o", "m.csv"],
        ["audit", ".", "-o", "m.csv"],
        ["scan", "table", "m.csv", "-o", "./m.csv"],
        ["scan", "table", ".", "-o", "m.csv"],
        ["scan", ".", "-o", "m.csv"],
        ["export", "m.csv"],
    ],
    ids=" ".join,
)
def test_no_command_replaces_the_table_of_labels_that_it_reads(
    command: list[str], clip: Path
) -> None:
    """The labels were typed by hand, and nothing else has them."""
    table = pd.DataFrame({"file": ["clip.flac", "copy.flac"], "emotion": ["happy", "sad"]})
    shutil.copy(clip, clip.with_name("copy.flac"))
    table.to_csv(clip.with_name("m.csv"), index=False)
    before = clip.with_name("m.csv").read_bytes()
    if command[0] == "export":
        featser.extract(clip.with_name("m.csv"), features=["rms"], store=clip.parent / STORE)
    shown = featser_here(*command, cwd=clip.parent)
    assert clip.with_name("m.csv").read_bytes() == before
    assert shown.returncode == 2
    assert "is read by this command: name another file" in shown.stderr


@pytest.mark.parametrize(("start", "end"), [(0, 1e308), (1e308, 1.7e308)])
def test_a_segment_at_a_time_that_no_recording_has_is_unusable(
    start: float, end: float, model: Path, clip: Path
) -> None:
    manifest = clip.parent / "m.csv"
    pd.DataFrame({"file": [clip], "start": [start], "end": [end]}).to_csv(manifest, index=False)
    (error,) = featser.predict(model, [manifest])["error"]
    assert "lies outside the recording" in error
