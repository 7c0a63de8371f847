"""What is deleted by hand before or while a store is used is reported, never taken for done."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.api import extract as extracting
from featser.api.extract import extract
from featser.api.stored.export import export
from featser.api.stored.store import verify
from featser.errors import StoreError
from featser.extraction.chunks import CHUNK
from featser.extraction.extraction import extract_manifest
from featser.io.lock import exclusive
from featser.progress import Progress, shown_by, silent
from featser.store import maintenance
from featser.store.feature_store import Store
from featser.store.part_files import Part, open_part, write_part
from featser.store.part_origin import Origin
from tests.features.corpus import MFCC, ROOT, manifest, recordings, start_extract, values, wait_for
from tests.flow import featser_here

pytestmark = pytest.mark.slow


def remove(folder: Path) -> None:
    """Delete a folder that another process may be writing into."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def whole_store(store: Path) -> None:
    remove(store)


def all_features(store: Path) -> None:
    remove(store / "features")


def extractors_folder(store: Path) -> None:
    remove(next(store.glob("features/*")))


def one_part(store: Path) -> None:
    next(store.rglob("part-*.arrow")).unlink()


def moved_away(store: Path) -> None:
    store.rename(store.with_name("elsewhere"))


def replaced(store: Path) -> None:
    moved_away(store)
    store.mkdir()


DELETIONS = [whole_store, all_features, extractors_folder, one_part, moved_away, replaced]


SLOW = [pytest.param(delete, marks=pytest.mark.slow) for delete in DELETIONS[1:]]


@pytest.mark.slow
@pytest.mark.parametrize("delete", [whole_store, *SLOW])
def test_extract_whose_store_is_deleted_meanwhile_ends_with_an_error(
    tmp_path: Path, delete: Callable[[Path], None]
) -> None:
    table, store = manifest(tmp_path, 12 * CHUNK), tmp_path / "store"
    process = start_extract(table, store, "-f", "mfcc:basic", "-j", "1")
    wait_for(lambda: list(store.rglob("part-*.arrow")))
    delete(store)
    shown, errors = process.communicate(timeout=120)
    assert process.returncode == 1, shown + errors
    assert "done" not in shown
    assert "Traceback" not in errors
    assert "run the same command again" in errors.replace("\n", " ")
    assert extract(table, store=store, features=["mfcc:basic"], n_jobs=1).unusable.empty
    assert verify(store) == []


@pytest.mark.parametrize("delete", DELETIONS)
@pytest.mark.parametrize("done", [0, 3])
def test_extraction_notices_a_deletion_after_its_last_write(
    tmp_path: Path, delete: Callable[[Path], None], done: int
) -> None:
    """Nothing more is computed; with ``done`` zero all rows were there from the beginning."""
    table, store = recordings(tmp_path / "corpus", [4800] * 3), tmp_path / "store"
    if not done:
        extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1)
    counts = []

    def progress(count: int, total: int) -> None:
        counts.append(count)
        if count == total and not (tmp_path / "deleted").exists():
            (tmp_path / "deleted").touch()
            delete(store)

    with pytest.raises(StoreError, match="run the same command again"):
        extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1, progress=progress)
    assert counts[-1] == 3


def test_extract_whose_store_is_deleted_at_the_very_end_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = extracting.remember

    def deleted_before(*arguments: object) -> None:
        whole_store(tmp_path / "store")
        remember(*arguments)

    monkeypatch.setattr(extracting, "remember", deleted_before)
    with pytest.raises(StoreError, match="was deleted, moved or replaced"):
        extract(manifest(tmp_path, 2), store=tmp_path / "store", features=["mfcc:basic"], n_jobs=1)
    assert not (tmp_path / "store").exists(), "no empty store is created"


def test_extraction_of_copies_notices_that_what_they_are_of_has_gone(tmp_path: Path) -> None:
    table, store = manifest(tmp_path, 2), tmp_path / "store"

    def progress(count: int, total: int) -> None:
        if count == total:
            for part in store.rglob("part-*.arrow"):
                part.unlink()

    class Display:
        def __call__(self, step: str) -> Progress:
            return progress if "copies" in step else silent

        def say(self, line: str) -> None:
            del line

    with (
        pytest.raises(StoreError, match=r"features of \d+ utterances have disappeared"),
        shown_by(Display()),
    ):
        extract(table, store=store, features=["rms:basic"], n_jobs=1, augment=["gain:db=-6"])


def test_rows_of_others_that_are_collected_meanwhile_do_not_stop_an_extraction(
    tmp_path: Path,
) -> None:
    """As when ``featser store gc --unnamed`` removes what another corpus has left."""
    table, store = recordings(tmp_path / "corpus", [4800] * 3), tmp_path / "store"
    Store(store).add(MFCC, ["a", "b"], values(2))

    def progress(count: int, total: int) -> None:
        if count == total:
            maintenance.collect(Store(store), set(keys))

    keys = [str(key) for key in extract_manifest(table, ["rms:basic"], Store(store), 1).keys]
    result = extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1, progress=progress)
    assert result.done == 3
    assert Store(store).has(MFCC, [*keys, "a"]).tolist() == [True, True, True, False]


def test_writer_waits_for_the_lock_of_a_recreated_store(tmp_path: Path) -> None:
    """The lock file is deleted while it is held: a waiting process must not get the old one."""
    lock, order = tmp_path / ".lock", []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with exclusive(lock):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(lock):
        thread.start()
        begun.wait()
        thread.join(0.1)
        lock.unlink()
        with exclusive(lock):  # a third locks the new file
            order.append("third")
    thread.join()
    assert order == ["third", "second"]
    with exclusive(lock) as alone:
        assert alone


@pytest.fixture
def extracted(tmp_path: Path) -> Path:
    """A store of 40 recordings, of which one is no audio and one too short, and a manifest."""
    lengths = [4800] * 38
    files = list(recordings(tmp_path / "corpus", lengths)["file"])
    (tmp_path / "corpus" / "broken.wav").write_bytes(b"no audio at all")
    recordings(tmp_path / "short", [1])
    rows = [*files, tmp_path / "corpus" / "broken.wav", tmp_path / "short" / "000.wav"]
    speakers = [f"s{number % 4}" for number in range(40)]
    emotions = [("angry", "sad")[number // 4 % 2] for number in range(40)]
    table = pd.DataFrame({"file": map(str, rows), "speaker": speakers, "emotion": emotions})
    table.to_csv(tmp_path / "m.csv", index=False)
    result = extract(
        tmp_path / "m.csv", store=tmp_path / "store", features=["mfcc:basic"], n_jobs=1
    )
    assert set(result.unusable["file"].map(lambda file: Path(file).name)) == {
        "broken.wav",
        "000.wav",
    }
    return tmp_path


def test_export_after_a_part_was_deleted_by_hand_is_an_error(extracted: Path) -> None:
    store = extracted / "store"
    assert export(extracted / "before.csv", store)[0] == 38
    one_part(store)
    shown = featser_here("export", extracted / "after.csv", "--store", store)
    assert shown.returncode == 1
    assert "of the 40 utterances of the last extraction have no 'mfcc:basic'" in shown.stderr
    assert "part files were removed" in shown.stderr
    assert not (extracted / "after.csv").exists()
    [fault] = verify(store)
    assert "have no 'mfcc:basic' features any more" in fault

    extract(extracted / "m.csv", store=store, features=["mfcc:basic"], n_jobs=1)
    assert export(extracted / "after.csv", store)[0] == 38
    assert (extracted / "after.csv").read_bytes() == (extracted / "before.csv").read_bytes()
    assert verify(store) == []


def test_fit_after_a_part_was_deleted_by_hand_is_an_error(extracted: Path) -> None:
    one_part(extracted / "store")
    shown = featser_here("fit", "--store", extracted / "store", "--model", "lda", "-o", "run")
    assert shown.returncode == 1
    assert "of the 40 utterances of the last extraction have no 'mfcc:basic'" in shown.stderr


def test_recordings_that_could_not_be_used_are_not_missed_wherever_the_project_moves(
    extracted: Path,
) -> None:
    moved = extracted.with_name(f"{extracted.name}-moved")
    extracted.rename(moved)
    assert export(moved / "table.csv", moved / "store")[0] == 38
    assert verify(moved / "store") == []
    # As older versions have written it: without keys.
    unusable = pd.read_csv(moved / "store" / "unusable.csv").drop(columns="key")
    unusable.to_csv(moved / "store" / "unusable.csv", index=False)
    assert export(moved / "table.csv", moved / "store")[0] == 38


def test_export_of_features_that_were_not_extracted_last_leaves_rows_out(extracted: Path) -> None:
    """Nothing guarantees that all utterances have them."""
    some = pd.read_csv(extracted / "m.csv").head(5)
    some.to_csv(extracted / "some.csv", index=False)
    extract(extracted / "some.csv", store=extracted / "store", features=["rms:basic"], n_jobs=1)
    extract(extracted / "m.csv", store=extracted / "store", features=["mfcc:basic"], n_jobs=1)
    assert export(extracted / "table.csv", extracted / "store", ["rms:basic"])[0] == 5


COMPACTING = """
import itertools, os, sys
from pathlib import Path
from featser.store import maintenance
from featser.store.feature_store import Store
from tests.features.corpus import MFCC, values
for number in itertools.count():
    Store(sys.argv[1]).add(MFCC, [f"more-{number}"], values(1, number))
    maintenance.compact(Store(sys.argv[1]))
    Path(sys.argv[1], "rounds.new").write_text(str(number))
    os.replace(Path(sys.argv[1], "rounds.new"), Path(sys.argv[1], "rounds"))
"""


def test_reading_loop_beside_a_compacting_loop_reads_every_row(tmp_path: Path) -> None:
    """The part files that an index names are gone again and again before they are read."""
    keys, rows = [f"{number:03d}" for number in range(60)], values(60)
    for first in range(0, 60, 5):
        Store(tmp_path).add(MFCC, keys[first : first + 5], rows[first : first + 5])
    command = [sys.executable, "-c", COMPACTING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT) as compacting:
        try:
            wait_for(lambda: (tmp_path / "rounds").exists() or compacting.poll() is not None)
            end = time.monotonic() + 1
            while time.monotonic() < end or int((tmp_path / "rounds").read_text()) <= 5:
                assert compacting.poll() is None
                assert np.array_equal(Store(tmp_path).read(MFCC, keys), rows)
                assert Store(tmp_path).has(MFCC, keys).all()
        finally:
            compacting.kill()


def test_reading_goes_on_where_part_files_went_away_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part file disappears after every part that is read, so that one retry is not enough."""
    keys, rows = [f"{number:03d}" for number in range(60)], values(60)
    store = Store(tmp_path)
    for first in range(0, 60, 2):
        store.add(MFCC, keys[first : first + 2], rows[first : first + 2])
    folder = store.folder_of(MFCC)
    opened = []

    def rewriting(path: Path, origin: Origin) -> Part:
        part = open_part(path, origin)
        opened.append(path)
        left = sorted(folder.glob("part-*"))
        held = [open_part(one, origin) for one in left[-2:]]
        for one in left[-2:]:
            one.unlink()
        for one in held:
            row_keys = one.keys.to_pylist()
            write_part(folder, row_keys[::-1], one.values[::-1], origin)
        return part

    monkeypatch.setattr("featser.store.reading.open_part", rewriting)
    assert np.array_equal(Store(tmp_path).read(MFCC, keys), rows)
    assert len(opened) >= 30


def test_reader_makes_others_wait_where_part_files_are_replaced_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = Store(tmp_path), values(4)
    store.add(MFCC, list("abcd"), rows)
    folder = store.folder_of(MFCC)
    calls = []

    def replaced_unless_locked(path: Path, origin: Origin) -> Part:
        calls.append(path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fcntl, "LOCK_EX", fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                with exclusive(tmp_path / ".lock"):
                    part = open_part(path, origin)
                    path.unlink()
                    row_keys = part.keys.to_pylist()
                    order = np.roll(np.arange(4), 1)
                    turned = [row_keys[row] for row in order]
                    write_part(folder, turned, part.values[order], origin)
            except BlockingIOError:  # the reader holds the lock
                return open_part(path, origin)
        raise FileNotFoundError(path)

    monkeypatch.setattr("featser.store.reading.open_part", replaced_unless_locked)
    assert np.array_equal(Store(tmp_path).read(MFCC, list("abcd")), rows)
    assert len(calls) == 21


def test_reader_of_a_read_only_store_says_that_others_replace_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path).add(MFCC, ["a"], values(1))

    def gone(path: Path, origin: Origin) -> Part:
        raise FileNotFoundError(path)

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("featser.store.reading.open_part", gone)
    monkeypatch.setattr("featser.store.extractor_indexes.exclusive", refused)
    with pytest.raises(StoreError, match=r"replace its part files continuously.*Permission denied"):
        Store(tmp_path).read(MFCC, ["a"])
