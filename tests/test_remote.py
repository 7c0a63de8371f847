"""Remote recordings are read as local ones are, downloaded once, never stale, never silent."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.audio import content_hash, decode
from featser.audit.run import audit_manifest
from featser.corpora.card import load_card
from featser.corpora.scan import scan
from featser.errors import FeatserError, UnusableAudio
from featser.features.extraction import extract_features
from featser.features.extractor import make_extractor
from featser.features.store import Store
from featser.remote import access
from featser.verbs.extract import extract
from tests.remote_sounds import emodb, sound
from tests.server import Site, serving

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(access, "PAUSE_SECONDS", 0.0)
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


def test_where_a_server_tells_no_version_nothing_is_kept(site: Site, cache: Path) -> None:
    site.versions = False
    site.files["a.wav"] = sound(100)
    old = content_hash(site.url("a.wav"))
    site.files["a.wav"] = sound(150)
    assert content_hash(site.url("a.wav")) != old
    decode(site.url("a.wav"))
    assert list(cache.iterdir()) == []


def test_the_hash_outlives_the_copy(site: Site, cache: Path) -> None:
    site.files["a.wav"] = sound(100)
    found = content_hash(site.url("a.wav"))
    for copy in cache.glob("*.copy"):
        copy.unlink()
    assert content_hash(site.url("a.wav")) == found
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


def test_what_is_not_there_is_said_at_once_with_the_reason(site: Site) -> None:
    with pytest.raises(UnusableAudio, match=r"/none\.wav: the server answers 404 Not Found$"):
        content_hash(site.url("none.wav"))
    assert len(site.asked) == 2  # HEAD and GET of a single try
    with pytest.raises(UnusableAudio, match=r"127\.0\.0\.1:9/a\.wav: cannot be read: .*3 tries"):
        content_hash("http://127.0.0.1:9/a.wav")
    site.files |= {"empty.wav": b"", "text.wav": b"no sound"}
    with pytest.raises(UnusableAudio, match=r"/empty\.wav: empty file"):
        content_hash(site.url("empty.wav"))
    with pytest.raises(UnusableAudio, match=r"^http.*/text\.wav: not decodable audio"):
        decode(site.url("text.wav"))


def test_without_the_packages_the_error_names_the_extra(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(FeatserError, match=r"pip install 'featser\[remote\]'"):
        content_hash(site.url("a.wav"))


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(FeatserError, match=r"nonsense://a/b\.wav: .*nonsense"):
        content_hash("nonsense://a/b.wav")


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
    result = extract(site.url("c/m.csv"), store, ["mfcc:basic"], jobs=2)
    assert result.done == len(names)
    assert result.unusable["reason"].tolist() == ["the server answers 404 Not Found"]
    assert all(len(site.gets(name)) == 1 for name in names)
    local = pd.DataFrame({"file": [str(here / name) for name in names]})
    again = extract_features(local, ["mfcc:basic"], Store(store), 1)
    assert (again.done, again.reused) == (0, len(names))
    fresh = Store(tmp_path / "other")
    extract_features(local, ["mfcc:basic"], fresh, 1)
    made = make_extractor("mfcc:basic")
    keys = [key for key in again.keys if key is not None]
    assert np.array_equal(Store(store).read(made, keys), fresh.read(made, keys))


def test_the_audit_names_remote_recordings_below_their_common_folder(site: Site) -> None:
    site.files = emodb("c/wav")
    site.files["c/wav/03a01Na.wav"] = site.files["c/wav/03a01Fa.wav"]
    table = pd.DataFrame({"file": [site.url(name) for name in sorted(site.files)]})
    table["emotion"] = table["file"].str[-6]
    found = audit_manifest(table, jobs=1)
    assert found.folder == site.url("c/wav")
    told = str([finding.table for finding in found.findings])
    assert "'03a01Na.wav" in told
    assert site.address not in told
