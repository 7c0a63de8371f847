"""Links to recordings: encoded, relative where that survives moving, or refused in words."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.reporting.exploration.recording_links import recording_link

HOSTILE = [
    "a b.wav", "50%.wav", "#1?x=2.wav", '"><script>.wav', "javascript:alert(1).wav", "রাগ.wav",
    "\x1b[31m.wav", "a&amp;b.wav", "'x'.wav",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_link_leads_to_the_file_whatever_its_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    beside = recording_link(str(tmp_path / name), tmp_path / "run")
    assert beside.href.startswith("../")
    assert unquote_to_bytes(beside.href[3:]).decode() == name
    elsewhere = recording_link(str(tmp_path / name), tmp_path / "other" / "runs" / "run")
    assert elsewhere.href.startswith("file:///")
    assert unquote_to_bytes(urlsplit(elsewhere.href).path) == os.fsencode(tmp_path / name)
    for link in (beside, elsewhere):
        assert not set(link.href) & set("\"'<>& \x1b")


def test_a_name_that_is_no_utf8_is_encoded_byte_by_byte(tmp_path: Path) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/\xe9.wav")
    Path(file).write_bytes(b"x")
    assert recording_link(file, tmp_path / "run").href == "../%E9.wav"


def test_a_segment_becomes_a_media_fragment(tmp_path: Path) -> None:
    file = tmp_path / "a.flac"
    file.write_bytes(b"x")
    nan = float("nan")
    hrefs = [
        recording_link(str(file), tmp_path, *part).href
        for part in ((nan, nan), (1.5, nan), (nan, 2.0), (0.25, 2.0))
    ]
    assert hrefs == ["a.flac", "a.flac#t=1.5", "a.flac#t=0,2", "a.flac#t=0.25,2"]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("https://example.org/a.wav", "at a URL"),
        ("s3://bucket/a.wav", "at a URL"),
        ("corpus.zip::a.wav", "inside an archive"),
        ("/nowhere/a.wav", "no longer at its place"),
    ],
)
def test_what_a_page_cannot_play_is_said(file: str, problem: str, tmp_path: Path) -> None:
    link = recording_link(file, tmp_path)
    assert link.href == ""
    assert problem in link.problem


def test_formats_that_browsers_do_not_play_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.amr").write_bytes(b"x")
    assert "Browsers do not play .amr" in recording_link(str(tmp_path / "a.amr"), tmp_path).problem


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1))
def test_any_name_is_encoded_such_that_it_can_be_decoded(name: str) -> None:
    from featser.reporting.exploration.recording_links import _quoted

    encoded = _quoted(Path("/x") / name) if name not in (".", "..") else "/x"
    assert encoded.isascii()
    if name not in (".", ".."):
        assert unquote_to_bytes(encoded).decode() == f"/x/{name}"
