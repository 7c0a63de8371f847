"""Recordings that are not read are listed by ending, with their number and how to read them."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from featser.audio.conversion import conversion_command
from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from featser.errors import CardError
from tests.corpora.scans.test_scan import touch

DECODED = ("a.wav", "b.WAVE", "c.mp3", "d.sph", "e.flac", "f.opus")
MEDIA = ("g.webm", "h.m4a", "i.aac", "j.WMA", "k.mp4", "l.mka", "m.3gp", "n.spx", "o.m4a")
UNSUPPORTED = ("p.dss", "q.mpc")


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)


@pytest.fixture
def with_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("av")
    module.__spec__ = ModuleSpec("av", None)
    monkeypatch.setitem(sys.modules, "av", module)


@pytest.mark.usefixtures("without_pyav")
def test_scan_lists_what_needs_pyav_and_what_must_be_converted(tmp_path: Path) -> None:
    touch(tmp_path / "angry", [*DECODED, *MEDIA, *UNSUPPORTED])
    result = scan(load_card("folders"), tmp_path)
    assert [Path(file).name for file in result.manifest["file"]] == list(DECODED)
    [media] = [note for note in result.notes if "PyAV" in note]
    assert media.startswith(
        "9 files are left out because their format needs PyAV: 1 3GP (.3gp), 1 AAC"
    )
    assert "2 MPEG-4 audio (.m4a)" in media
    assert "`pip install 'featser[media]'`" in media
    assert media.endswith("for example with `ffmpeg -i angry/g.webm angry/g.wav`")
    [unsupported] = [note for note in result.notes if "not supported" in note]
    assert unsupported.startswith("2 files are left out")
    assert "1 DSS (.dss), 1 Musepack (.mpc); convert them" in unsupported


@pytest.mark.usefixtures("with_pyav")
def test_scan_takes_what_pyav_reads_where_it_is_installed(tmp_path: Path) -> None:
    touch(tmp_path / "angry", [*DECODED, *MEDIA, *UNSUPPORTED])
    result = scan(load_card("folders"), tmp_path)
    assert [Path(f).name for f in result.manifest["file"]] == [*DECODED, *MEDIA]
    assert not [note for note in result.notes if "PyAV" in note]
    assert [note for note in result.notes if "2 files are left out because their format" in note]


def test_scan_counts_other_files_by_ending_and_says_how_to_read_them(tmp_path: Path) -> None:
    others = ["a.Docx", "b.docx", "c.raw", "README", "d.strange-ending", "e.\udce9"]
    touch(tmp_path / "angry", ["a.wav", "b.wav", *others, "notes.txt", "labels.csv"])
    result = scan(load_card("folders"), tmp_path)
    [note] = [note for note in result.notes if "ending" in note]
    assert note == (
        "6 files are left out because of the ending: 2 .docx, 1 .raw, 3 with another ending "
        "or none; to read one that is a recording, rename it, or list its ending under `endings` "
        "in the card's grammar"
    )


@pytest.mark.usefixtures("with_pyav")
def test_scan_says_that_a_card_does_not_list_an_ending(tmp_path: Path) -> None:
    card = load_card("enterface05")
    touch(tmp_path, ["subject 1/anger/s1_an_1.avi", "subject 1/anger/s1_an_2.webm"])
    result = scan(card, tmp_path)
    assert [Path(file).name for file in result.manifest["file"]] == ["s1_an_1.avi"]
    assert [note for note in result.notes if "because of the ending: 1 .webm; to read" in note]


@pytest.mark.parametrize("pyav", ["with_pyav", "without_pyav"])
def test_scan_passes_over_what_has_been_converted(
    tmp_path: Path, pyav: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(pyav)
    touch(tmp_path / "angry", ["a.wav", "a.m4a", "b.flac", "b.webm", "b.dss"])
    result = scan(load_card("folders"), tmp_path)
    assert [Path(file).name for file in result.manifest["file"]] == ["a.wav", "b.flac"]
    assert not [note for note in result.notes if "left out" in note]


@pytest.mark.usefixtures("without_pyav")
def test_scan_of_nothing_but_media_says_what_to_install(tmp_path: Path) -> None:
    touch(tmp_path / "angry", ["g g.m4a"])
    with pytest.raises(CardError) as caught:
        scan(load_card("folders"), tmp_path)
    assert "1 file is left out" in str(caught.value)
    assert "pip install 'featser[media]'" in str(caught.value)
    assert "`ffmpeg -i 'angry/g g.m4a' 'angry/g g.wav'`" in str(caught.value)


def test_conversion_command_is_one_that_a_shell_takes_as_it_is() -> None:
    assert conversion_command("it's.aac") == """ffmpeg -i 'it'"'"'s.aac' 'it'"'"'s.wav'"""
