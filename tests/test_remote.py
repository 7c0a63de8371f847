"""Remote recordings are read as local ones are, downloaded once, never stale, never silent."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import numpy as np
import pandas as pd
import pytest

from featser.api.extract import extract
from featser.audio import content_hash, decode
from featser.audit.audit_manifest import audit_manifest
from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from featser.errors import FeatserError, UnusableAudio
from featser.extraction.extraction import extract_manifest
from featser.features.registry import make_extractor
from featser.io import remote_access, remote_limits
from featser.store.feature_store import Store
from tests.remote_sounds import emodb, sound
from tests.server import Site, serving

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")

pytestmark = pytest.mark.extras


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remote_access, "PAUSE_SECONDS", 0.0)
    return tmp_path / "cache" / "remote"


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_remote_recording_gives_the_hash_and_the_samples_of_a_local_one_from_one_download(
    site: Site, tmp_path: Path
) -> None:
    site.files["a b.wav"] = sound(100)
    local = written(tmp_path, site.files) / "a b.wav"
    url = site.url("a b.wav")
    assert content_hash(url) == content_hash(local)
    for span in ((None, None), (0.1, 0.3)):
        assert np.array_equal(decode(url, *span).samples, decode(local, *span).samples)
    assert len(site.gets("a b.wav")) == 1
    assert content_hash(f"file://{local.as_posix().replace(' ', '%20')}") == content_hash(local)


def test_a_changed_recording_is_never_read_from_an_old_copy(site: Site) -> None:
    site.files["a.wav"] = sound(100)
    old = content_hash(site.url("a.wav")), decode(site.url("a.wav")).samples
    site.files["a.wav"] = sound(150)  # of the same length
    assert content_hash(site.url("a.wav")) != old[0]
    assert not np.array_equal(decode(site.url("a.wav")).samples, old[1])


def test_where_a_server_states_no_version_nothing_is_cached(site: Site, cache: Path) -> None:
    site.versions = False
    site.files["a.wav"] = sound(100)
    old = content_hash(site.url("a.wav"))
    site.files["a.wav"] = sound(150)
    assert content_hash(site.url("a.wav")) != old
    decode(site.url("a.wav"))
    assert list(cache.iterdir()) == []


def test_the_hash_outlives_the_copy(site: Site, cache: Path) -> None:
    site.files["a.wav"] = sound(100)
    expected = content_hash(site.url("a.wav"))
    for copy in cache.glob("*.copy"):
        copy.unlink()
    assert content_hash(site.url("a.wav")) == expected
    assert len(site.gets("a.wav")) == 1


def test_copies_that_were_not_used_for_longest_make_room(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files = {f"{n}.wav": sound(100 + n) for n in range(3)}
    monkeypatch.setenv("FEATSER_CACHE_BYTES", str(2 * len(site.files["0.wav"])))
    for n in range(3):
        decode(site.url(f"{n}.wav"))
        for copy in cache.glob("*.copy"):
            used = copy.stat().st_mtime
            os.utime(copy, (used - 1000, used - 1000))
    assert len(list(cache.glob("*.copy"))) == 2
    decode(site.url("2.wav"))
    decode(site.url("0.wav"))
    assert [len(site.gets(f"{n}.wav")) for n in range(3)] == [2, 1, 1]


def test_a_fault_that_passes_is_tried_again_and_one_that_stays_is_a_reason(site: Site) -> None:
    site.files["a.wav"] = sound(100)
    site.statuses = [503, 503]  # HEAD and, since that failed, GET
    assert content_hash(site.url("a.wav"))
    site.files["b.wav"], site.cuts = sound(120), [700]
    decode(site.url("b.wav"))
    assert len(site.gets("b.wav")) == 2
    site.statuses = [500] * 6
    with pytest.raises(UnusableAudio, match=r"/a\.wav: the server answers 500 .*\(3 tries\)"):
        decode(site.url("a.wav"))
    assert site.statuses == []


def test_a_missing_file_is_reported_at_once_with_the_reason(site: Site) -> None:
    with pytest.raises(UnusableAudio, match=r"/none\.wav: the server answers 404 Not Found$"):
        content_hash(site.url("none.wav"))
    assert len(site.asked) == 2  # HEAD and GET of a single try
    with pytest.raises(UnusableAudio, match=r"127\.0\.0\.1:9/a\.wav: cannot be read: .*3 tries"):
        content_hash("http://127.0.0.1:9/a.wav")
    site.files |= {"empty.wav": b"", "text.wav": b"no sound"}
    with pytest.raises(UnusableAudio, match=r"/empty\.wav: empty file"):
        content_hash(site.url("empty.wav"))
    with pytest.raises(UnusableAudio, match=r"^http.*/text\.wav: cannot be decoded as audio"):
        decode(site.url("text.wav"))


def test_without_the_packages_the_error_names_the_extra(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(FeatserError, match=r"pip install 'featser\[remote\]'"):
        content_hash(site.url("a.wav"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense://a/b.wav", "cannot be read: .*nonsense"),
        ("ftp://127.0.0.1:9/b.wav", "cannot be read: ConnectionRefusedError"),
        ("zip://b.wav", "'zip' is not a server address: give one"),
        ("zip://b.wav::http://127.0.0.1:9/a.zip", "'zip' is not a server address"),
        ("http://127.0.0.1:9/a.zip::zip://b", "'::' is not a server address"),
        ("reference://b.wav", "'reference' is not a server address"),
        ("local:///etc/hostname", "'local' is not a server address"),
        ("simplecache::http://127.0.0.1:9/b.wav", "no such file"),
        ("http://", "cannot be read"),
        ("http://[::1", "cannot be read|is not a server address"),
        ("s3://", "not installed|cannot be read|Parameter validation|folder"),
    ],
)
def test_content_hash_address_that_cannot_be_read_is_an_unusable_recording(
    url: str, reason: str
) -> None:
    with pytest.raises(UnusableAudio, match=reason) as caught:
        content_hash(url)
    assert "\n" not in str(caught.value)


def test_extract_bad_addresses_are_unusable_recordings_and_the_rest_is_done(
    site: Site, tmp_path: Path
) -> None:
    site.files["a.wav"] = sound(100)
    bad = ["ftp://127.0.0.1:9/b.wav", "zip://c.wav", "reference://d.wav", "nonsense://e.wav"]
    (tmp_path / "m.csv").write_text("\n".join(["file", site.url("a.wav"), *bad]) + "\n")
    result = extract(
        tmp_path / "m.csv", store=tmp_path / "store", features=["mfcc:basic"], n_jobs=1
    )
    assert result.done == 1
    assert sorted(result.unusable["file"]) == sorted(bad)
    assert (result.unusable["reason"] != "").all()


def test_content_hash_slow_server_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files["a.wav"], site.slow = sound(100), {"a.wav"}
    monkeypatch.setattr(remote_limits, "SLOW_SECONDS", 0.3)
    with pytest.raises(UnusableAudio, match=r"a\.wav: the server is too slow: [\d,]+ bytes in"):
        content_hash(site.url("a.wav"))
    assert len(site.gets("a.wav")) == 1


def test_content_hash_file_that_takes_too_long_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files["a.wav"], site.slow, site.pause = sound(100), {"a.wav"}, 0.1
    monkeypatch.setenv("FEATSER_REMOTE_SECONDS", "0.5")
    began = monotonic()
    with pytest.raises(UnusableAudio, match=r"more than 0\.5 s \(FEATSER_REMOTE_SECONDS sets"):
        content_hash(site.url("a.wav"))
    assert monotonic() - began < 5


@pytest.mark.parametrize("setting", ["FEATSER_REMOTE_BYTES", "FEATSER_CACHE_BYTES"])
def test_content_hash_endless_answer_stops_at_the_limit(
    setting: str, site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.endless = {"a.wav"}
    monkeypatch.setenv(setting, "3000000")
    with pytest.raises(UnusableAudio, match=r"sends more bytes, more than the 3,000,000 that one"):
        content_hash(site.url("a.wav"))
    assert sum(file.stat().st_size for file in cache.iterdir()) == 0


def test_content_hash_announced_size_beyond_the_limit_is_not_downloaded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files["a.wav"] = sound(100)
    monkeypatch.setenv("FEATSER_REMOTE_BYTES", "1000")
    with pytest.raises(UnusableAudio, match="has 12,844 bytes, more than the 1,000"):
        content_hash(site.url("a.wav"))
    assert not site.gets("a.wav")


def test_downloads_under_way_stay_within_the_size_of_the_cache(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.endless = {"a.wav"}
    cache.mkdir(parents=True)
    (cache / ".writing-other").write_bytes(bytes(900_000))  # of another process
    monkeypatch.setenv("FEATSER_CACHE_BYTES", "1000000")
    monkeypatch.setattr(remote_limits, "LOOK_BYTES", 150_000)
    with pytest.raises(UnusableAudio, match="downloads under way are larger than 1,000,000 bytes"):
        content_hash(site.url("a.wav"))


def test_a_limit_that_is_no_number_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATSER_CACHE_BYTES", "5 GB")
    with pytest.raises(FeatserError, match="FEATSER_CACHE_BYTES is '5 GB': write a number"):
        content_hash(site.url("a.wav"))


def test_a_remote_folder_is_scanned_with_its_side_tables_as_a_local_one_is(
    site: Site, tmp_path: Path
) -> None:
    site.files = emodb("corpus/wav") | {"corpus/wav/._03a01Fa.wav": b"", "corpus/notes.txt": b""}
    card = load_card("emodb")
    table = "Satz\terkannt\tnatuerlich\n03a01Fa.wav\t90,5\t80\n"
    site.files["corpus/erkennung.txt"] = table.encode("latin-1")
    local = scan(card, written(tmp_path, site.files) / "corpus")
    remote = scan(card, site.url("corpus"))
    start = len(site.url("corpus/"))
    files = [file[start:] for file in remote.manifest["file"]]
    assert files == [
        Path(f).relative_to(tmp_path / "corpus").as_posix() for f in local.manifest["file"]
    ]
    pd.testing.assert_frame_equal(
        remote.manifest.drop(columns="file"), local.manifest.drop(columns="file")
    )
    assert remote.manifest["recognition"].max() == 90.5


def test_a_folder_without_a_listing_says_what_to_do(site: Site) -> None:
    site.listing = False
    with pytest.raises(FeatserError, match=r"/corpus: cannot be listed: no such .* manifest"):
        scan(load_card("emodb"), site.url("corpus"))


def test_workers_extract_from_a_web_server_what_they_extract_here_and_the_run_goes_on(
    site: Site, tmp_path: Path
) -> None:
    site.files = emodb("c")
    here = written(tmp_path, site.files)
    names = sorted(site.files)
    manifest = "file,emotion\n" + "".join(f"{name[2:]},x\n" for name in [*names, "c/none.wav"])
    site.files["c/m.csv"] = manifest.encode()
    store = tmp_path / "store"
    result = extract(site.url("c/m.csv"), store=store, features=["mfcc:basic"], n_jobs=2)
    assert result.done == len(names)
    assert result.unusable["reason"].tolist() == ["the server answers 404 Not Found"]
    assert all(len(site.gets(name)) == 1 for name in names)
    local = pd.DataFrame({"file": [str(here / name) for name in names]})
    again = extract_manifest(local, ["mfcc:basic"], Store(store), 1)
    assert (again.done, again.reused) == (0, len(names))
    fresh = Store(tmp_path / "other")
    extract_manifest(local, ["mfcc:basic"], fresh, 1)
    made = make_extractor("mfcc:basic")
    keys = [key for key in again.keys if key is not None]
    assert np.array_equal(Store(store).read(made, keys), fresh.read(made, keys))


def test_the_audit_names_remote_recordings_below_their_common_folder(site: Site) -> None:
    site.files = emodb("c/wav")
    site.files["c/wav/03a01Na.wav"] = site.files["c/wav/03a01Fa.wav"]
    table = pd.DataFrame({"file": [site.url(name) for name in sorted(site.files)]})
    table["emotion"] = table["file"].str[-6]
    result = audit_manifest(table, jobs=1)
    assert result.folder == site.url("c/wav")
    tables = str([finding.table for finding in result.findings])
    assert "'03a01Na.wav" in tables
    assert site.address not in tables
