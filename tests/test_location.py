"""Paths and URLs are distinguished, joined and shortened without damage to either."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.file_paths import resolve
from featser.corpora.manifest import read_manifest, write_manifest
from featser.io.location import (
    absolute,
    below,
    common_folder,
    is_remote,
    join,
    local_path,
    parent,
    path_part,
    placed,
)


@pytest.mark.parametrize(
    ("location", "remote"),
    [
        ("https://example.org/a.wav", True),
        ("s3://bucket/a.wav", True),
        ("file:///a/b.wav", False),
        ("/a/b.wav", False),
        ("C://a.wav", False),
        ("a/b.wav", False),
    ],
)
def test_a_scheme_of_two_letters_makes_a_url(location: str, remote: bool) -> None:
    assert is_remote(location) is remote
    assert placed(location) == (location if remote else local_path(location))


def test_a_file_url_is_the_path_in_it() -> None:
    assert local_path("file:///a%20b/c.wav") == Path("/a b/c.wav")


def test_names_and_folders_of_urls_are_those_of_their_paths() -> None:
    signed = "https://example.org/a%20b/c.wav?signature=x/y.csv#z"
    assert path_part(signed).suffix == ".wav"
    assert path_part("s3://bucket/a?b/c.wav").name == "c.wav"
    assert parent(signed) == "https://example.org/a%20b"
    assert join("s3://bucket/a/", "b/c.wav") == "s3://bucket/a/b/c.wav"
    assert join("/a", "b/c.wav") == "/a/b/c.wav"
    assert join("/a", "https://example.org/c.wav") == "https://example.org/c.wav"


def test_the_common_folder_of_urls_is_one_of_their_server() -> None:
    urls = ["s3://bucket/x/a/1.wav", "s3://bucket/x/ab/2.wav"]
    assert common_folder(urls) == "s3://bucket/x"
    assert below(urls[0], "s3://bucket/x") == "a/1.wav"
    assert common_folder(["s3://one/a.wav", "s3://two/a.wav"]) == ""
    assert common_folder(["/a/b.wav", "s3://two/a.wav"]) == ""
    assert common_folder(["/a/b.wav", "/a/c/d.wav"]) == "/a"
    assert common_folder([]) == ""


def test_a_manifest_keeps_urls_and_resolves_beside_itself(tmp_path: Path) -> None:
    files = [
        "https://example.org/a/1.wav",
        "s3://b//2.wav",
        f"file://{tmp_path}/3.wav",
        "x/../4.wav",
    ]
    write_manifest(pd.DataFrame({"file": files}), tmp_path / "m.csv")
    table = read_manifest(tmp_path / "m.csv")
    assert list(table["file"]) == files
    resolved = [files[0], files[1], str(tmp_path / "3.wav"), str(tmp_path / "4.wav")]
    assert list(resolve(table, tmp_path)) == resolved
    assert list(resolve(table, "s3://c/d"))[3] == "s3://c/d/x/../4.wav"


def test_an_absolute_path_has_no_dots_and_follows_links_before_them(tmp_path: Path) -> None:
    """The folder above a linked folder is that above the link's target."""
    (tmp_path / "disk" / "voices").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk" / "voices")
    assert absolute(tmp_path / "x" / ".." / "a.wav") == str(tmp_path.resolve() / "a.wav")
    assert absolute(link / ".." / "a.wav") == str(tmp_path.resolve() / "disk" / "a.wav")
    assert absolute(link / "a.wav") == str(link / "a.wav")
