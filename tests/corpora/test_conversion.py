"""Recordings in formats that are not decoded are listed, with their number and a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from featser.audio.conversion import conversion_command
from featser.corpora.card import load_card
from featser.corpora.scanning import scan
from featser.errors import CardError
from tests.corpora.test_scan import touch

DECODED = ("a.wav", "b.WAVE", "c.mp3", "d.sph", "e.flac", "f.opus")
OTHERS = ("g.webm", "h.m4a", "i.aac", "j.WMA", "k.mp4", "l.mka", "m.3gp", "n.spx", "o.m4a")


def test_scan_lists_what_must_be_converted_and_takes_the_rest(tmp_path: Path) -> None:
    touch(tmp_path / "angry", [*DECODED, *OTHERS, "notes.txt"])
    result = scan(load_card("folders"), tmp_path)
    assert [Path(file).name for file in result.manifest["file"]] == list(DECODED)
    note = next(note for note in result.notes if "format" in note)
    assert note.startswith(
        "9 files are left out because their format is not supported: 1 3GP (.3gp), 1 AAC"
    )
    assert "2 MPEG-4 audio (.m4a)" in note
    assert note.endswith("for example with `ffmpeg -i angry/g.webm angry/g.wav`")


def test_scan_passes_over_what_has_been_converted(tmp_path: Path) -> None:
    touch(tmp_path / "angry", ["a.wav", "a.m4a", "b.flac", "b.webm"])
    result = scan(load_card("folders"), tmp_path)
    assert len(result.manifest) == 2
    assert not [note for note in result.notes if "format" in note]


def test_scan_of_nothing_but_convertible_files_says_how_to_convert_them(tmp_path: Path) -> None:
    touch(tmp_path / "angry", ["g g.m4a"])
    with pytest.raises(CardError) as caught:
        scan(load_card("folders"), tmp_path)
    assert "1 file is left out" in str(caught.value)
    assert "`ffmpeg -i 'angry/g g.m4a' 'angry/g g.wav'`" in str(caught.value)


def test_conversion_command_is_one_that_a_shell_takes_as_it_is() -> None:
    assert conversion_command("it's.aac") == """ffmpeg -i 'it'"'"'s.aac' 'it'"'"'s.wav'"""
