"""Fetching: licence before download, resumed downloads, checksum before unpacking."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from featser.api.fetch import RECORD, fetch
from featser.cli.fetch_command import fetch as command
from featser.corpora import download as downloading
from featser.corpora.card import list_cards, load_card
from featser.errors import CardError, DownloadError
from tests.server import Site, serving

NAMES = ("03a01Fa.wav", "03a01Wa.wav", "08a01Na.wav")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "sleep", lambda seconds: None)


def zipped(*names: str, padding: int = 0) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, b"RIFF" + bytes(padding))
    return held.getvalue()


def md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content).hexdigest()}"


def card(folder: Path, *files: dict[str, object], name: str = "small") -> str:
    """A card like EmoDB's whose corpus can be downloaded from the files."""
    listed = "".join(
        "    - {" + ", ".join(f"{key}: '{value}'" for key, value in file.items()) + "}\n"
        for file in files
    )
    text = textwrap.dedent(
        f"""
        name: {name}
        title: A small corpus
        licence: CC0
        citation: A. Author
        source: https://example.org/small
        grammar: {{pattern: '(?P<speaker>[0-9]+)a01(?P<emotion>[FWN])a', example: 03a01Fa}}
        labels:
          speaker: '{{speaker}}'
          emotion: {{value: '{{emotion}}', codes: {{F: happy, W: angry, N: neutral}}}}
        tasks:
          emotion: {{kind: classification}}
        """
    )
    if files:
        text += f"download:\n  terms: https://example.org/cc0\n  files:\n{listed}"
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return str(path)


def held(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_corpus_is_downloaded_compared_unpacked_and_scanned_and_a_second_run_does_nothing(
    site: Site, tmp_path: Path
) -> None:
    content = zipped(*NAMES)
    site.files["all.zip"] = content
    small = card(tmp_path, {"url": site.url("all.zip"), "checksum": md5(content)})
    first = fetch(small, tmp_path / "to", accept_licence=True)
    assert first.new
    assert held(tmp_path / "to") == {f"small/{name}" for name in (*NAMES, RECORD)}
    assert first.checksums == {site.url("all.zip"): f"{md5(content)} (compared)"}
    assert len(first.scan.manifest) == 3
    second = fetch(small, tmp_path / "to")
    assert not second.new
    assert len(second.scan.manifest) == 3
    assert site.gets("all.zip") == [""]


def test_without_a_checksum_in_the_card_the_computed_one_is_shown(
    site: Site, tmp_path: Path
) -> None:
    held_bytes = io.BytesIO()
    with tarfile.open(fileobj=held_bytes, mode="w:gz") as tarred:
        for name in NAMES:
            tarred.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    site.files["all.tar.gz"] = held_bytes.getvalue()
    small = card(tmp_path, {"url": site.url("all.tar.gz"), "unpack": "tar"})
    result = fetch(small, tmp_path, accept_licence=True)
    sha256 = hashlib.sha256(site.files["all.tar.gz"]).hexdigest()
    assert list(result.checksums.values()) == [f"sha256:{sha256} (none to compare with)"]
    assert len(result.scan.manifest) == 3


def test_without_the_licence_accepted_nothing_is_downloaded(site: Site, tmp_path: Path) -> None:
    site.files["all.zip"] = zipped(*NAMES)
    small = card(tmp_path, {"url": site.url("all.zip")})
    with pytest.raises(DownloadError, match=r"CC0 .*not accepted.*--accept-licence"):
        fetch(small, tmp_path / "to")
    typed = [sys.executable, "-m", "featser", "fetch", small, "--to", str(tmp_path / "to")]
    refused = subprocess.run(
        typed, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert "licence: CC0 (https://example.org/cc0)\ncite: A. Author" in refused.stdout
    assert "--accept-licence" in refused.stderr
    assert not (tmp_path / "to").exists()
    assert site.asked == []
    accepted = subprocess.run(
        [*typed, "--accept-licence"], check=False, capture_output=True, text=True
    )
    assert accepted.returncode == 0, accepted.stderr
    assert "3 utterances" in accepted.stdout


def test_on_a_terminal_the_licence_is_asked_for(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    site.files["all.zip"] = zipped(*NAMES)
    small = card(tmp_path, {"url": site.url("all.zip")})
    monkeypatch.setattr(sys, "stdin", Terminal("n\ny\n"))
    with pytest.raises(DownloadError, match="was not accepted"):
        command(small, tmp_path / "to")
    assert site.asked == []
    command(small, tmp_path / "to")
    assert (tmp_path / "to" / "small" / NAMES[0]).is_file()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_cut_half_way_is_taken_up_again(
    site: Site, tmp_path: Path, ranges: bool
) -> None:
    content = zipped(*NAMES, padding=400_000)
    site.files["all.zip"], site.cuts, site.ranges = content, [500_000], ranges
    small = card(tmp_path, {"url": site.url("all.zip"), "checksum": md5(content)})
    fetch(small, tmp_path, accept_licence=True)
    assert held(tmp_path / "small") == {*NAMES, RECORD}
    spans = site.gets("all.zip")
    assert spans[0] == ""
    assert len(spans) == 2
    assert spans[1].startswith("bytes=")
    assert 0 < int(spans[1][6:-1]) <= 500_000


def test_after_a_dead_server_the_next_run_requests_only_the_rest(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zipped(*NAMES, padding=400_000)
    site.files["all.zip"], site.cuts = content, [600_000]
    small = card(tmp_path, {"url": site.url("all.zip"), "checksum": md5(content)})
    monkeypatch.setattr(downloading, "sleep", lambda seconds: site.statuses.append(503))
    with pytest.raises(DownloadError, match=r"all.zip: the server answers 503.* MB are saved in"):
        fetch(small, tmp_path, accept_licence=True)
    assert not (tmp_path / "small").exists()
    part = tmp_path / ".small.fetching" / "all.zip.part"
    saved_bytes = part.stat().st_size
    assert saved_bytes > 0
    site.asked = []
    fetch(small, tmp_path, accept_licence=True)
    assert site.gets("all.zip") == [f"bytes={saved_bytes}-"]
    assert not part.parent.exists()


def test_a_killed_download_is_continued(site: Site, tmp_path: Path) -> None:
    content = zipped(*NAMES, padding=8_000_000)
    site.files["all.zip"] = content
    small = card(tmp_path, {"url": site.url("all.zip"), "checksum": md5(content)})
    code = (
        "import os, signal, sys; from featser.api.fetch import fetch\n"
        "from featser.progress import shown_by\n"
        "def bar(name):\n"
        "    return lambda done, total: done > total / 3 and os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with shown_by(bar):\n    fetch({small!r}, {str(tmp_path)!r}, True)"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    saved_bytes = (tmp_path / ".small.fetching" / "all.zip.part").stat().st_size
    assert saved_bytes > len(content) / 3
    fetch(small, tmp_path, accept_licence=True)
    assert site.gets("all.zip") == ["", f"bytes={saved_bytes}-"]
    assert held(tmp_path / "small") == {*NAMES, RECORD}


def test_two_versions_of_a_file_are_never_mixed(site: Site, tmp_path: Path) -> None:
    old, new = zipped(*NAMES, padding=400_000), zipped(*NAMES, padding=500_000)
    work = tmp_path / ".small.fetching"
    work.mkdir()
    (work / "all.zip.part").write_bytes(old[:700_000])
    (work / "all.zip.part.version").write_text('"of the old one"')
    site.files["all.zip"] = new
    small = card(tmp_path, {"url": site.url("all.zip")})
    fetch(small, tmp_path, accept_licence=True)
    assert (tmp_path / "small" / NAMES[0]).stat().st_size == 500_004


def test_a_wrong_checksum_is_reported_before_unpacking_and_the_file_is_removed(
    site: Site, tmp_path: Path
) -> None:
    site.files["all.zip"] = zipped(*NAMES)
    wrong = md5(b"another")
    small = card(tmp_path, {"url": site.url("all.zip"), "checksum": wrong})
    with pytest.raises(
        DownloadError, match=rf"a different checksum from the card's .{wrong}.*removed"
    ):
        fetch(small, tmp_path / "to", accept_licence=True)
    assert held(tmp_path / "to") == {".small.fetching/lock"}


@pytest.mark.parametrize("member", ["../evil.wav", "/evil.wav", "a/../../evil.wav", "..\\evil.wav"])
def test_an_archive_whose_member_leads_out_is_not_unpacked_at_all(
    site: Site, tmp_path: Path, member: str
) -> None:
    site.files["all.zip"] = zipped(NAMES[0], member)
    small = card(tmp_path, {"url": site.url("all.zip")})
    with pytest.raises(DownloadError, match="points outside the folder"):
        fetch(small, tmp_path / "in" / "to", accept_licence=True)
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "in" / "to" / "small").exists()


def test_of_two_archives_one_damaged_the_folder_does_not_appear(site: Site, tmp_path: Path) -> None:
    site.files |= {"a.zip": zipped(*NAMES), "b.zip": b"no archive"}
    small = card(tmp_path, {"url": site.url("a.zip")}, {"url": site.url("b.zip")})
    with pytest.raises(DownloadError, match=r"b\.zip: not a zip archive"):
        fetch(small, tmp_path, accept_licence=True)
    assert not (tmp_path / "small").exists()


def test_a_missing_file_names_its_url_the_status_and_where_to_look(
    site: Site, tmp_path: Path
) -> None:
    small = card(tmp_path, {"url": site.url("gone.zip")})
    message = r"/gone\.zip: the server answers 404 Not Found: .*https://example\.org/small"
    with pytest.raises(DownloadError, match=message):
        fetch(small, tmp_path, accept_licence=True)


def test_a_server_out_of_reach_is_named_with_the_reason(tmp_path: Path) -> None:
    small = card(tmp_path, {"url": "http://127.0.0.1:9/all.zip"})
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:9/all.zip: cannot be reached.*refused"):
        fetch(small, tmp_path, accept_licence=True)


def test_a_folder_with_other_things_is_left_alone(site: Site, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "mine.txt").touch()
    small = card(tmp_path, {"url": site.url("all.zip")})
    with pytest.raises(DownloadError, match="holds something else"):
        fetch(small, tmp_path, accept_licence=True)
    assert held(tmp_path / "small") == {"mine.txt"}


def test_restricted_corpora_say_where_to_ask(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"restricted.*https://sail\.usc\.edu/iemocap"):
        fetch("iemocap", tmp_path, accept_licence=True)
    assert not list(tmp_path.iterdir())


def test_a_card_with_a_wrong_download_names_the_field(tmp_path: Path) -> None:
    wrong = card(tmp_path, {"url": "https://example.org/a.zip", "checksum": "md5:12"})
    with pytest.raises(CardError, match=r"line \d+: `download\.files\.0`: `checksum` is 'md5:12'"):
        load_card(wrong)
    unknown = card(tmp_path, {"url": "https://example.org/a.zip", "hash": "12"}, name="other")
    with pytest.raises(CardError, match=r"unknown field 'hash'.*checksum"):
        load_card(unknown)


def test_cards_that_can_be_fetched_name_an_open_licence_and_what_was_not_verified() -> None:
    fetched = [fetchable for name in list_cards() if (fetchable := load_card(name)).download]
    assert {fetchable.name for fetchable in fetched} >= {"ravdess", "emodb", "banglaser"}
    for fetchable in fetched:
        assert fetchable.licence.startswith("CC"), fetchable.name
        assert fetchable.download is not None
        assert fetchable.download.unverified, fetchable.name
