"""Two writers, a kill, a full disk, a bad disk, a read-only store: nothing twice, torn or lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.api.extract import extract
from featser.errors import DamagedPart
from featser.extraction.extraction import CHUNK, extract_manifest
from featser.io.lock import exclusive
from featser.store import maintenance
from featser.store.feature_store import Store
from tests.features.corpus import (
    MFCC,
    bits,
    flip,
    manifest,
    recordings,
    start_extract,
    stored_keys,
    values,
    wait_for,
)
from tests.flow import PYTHON, without_roots_rights

SPECS = ("-f", "handcrafted:full", "-f", "mfcc:basic")


def test_two_extractions_at_once_both_finish_and_nothing_is_stored_twice(tmp_path: Path) -> None:
    count = 6 * CHUNK
    # Their chunks are cut at different places, so that no two parts have the same rows.
    tables = [manifest(tmp_path, count, 0, count - 5), manifest(tmp_path, count, 5, count)]
    store = tmp_path / "store"
    started = [start_extract(table, store, *SPECS, "--jobs", "1") for table in tables]
    for process in started:
        shown, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "unusable; store" in shown
    stored = stored_keys(store)
    assert len(stored) == 2
    for keys in stored.values():
        assert len(keys) == len(set(keys)) == count
    assert maintenance.verify(Store(store)) == []
    assert not list(store.rglob(".writing-*"))


def test_rows_that_another_writer_added_meanwhile_are_not_added_again(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    rows = values(4)
    assert not other.has(MFCC, ["a"]).any()
    one.add(MFCC, ["a", "b"], rows[:2])
    other.add(MFCC, ["b", "c"], rows[1:3])
    one.add(MFCC, ["a", "b", "c", "d"], rows)
    other.add(MFCC, ["d"], rows[3:])
    [keys] = stored_keys(tmp_path).values()
    assert sorted(keys) == ["a", "b", "c", "d"]
    for store in (one, other, Store(tmp_path)):
        assert np.array_equal(store.read(MFCC, ["a", "b", "c"]), rows[:3])


def test_many_writers_in_one_process_keep_every_row_once(tmp_path: Path) -> None:
    keys = [f"{number:02d}" for number in range(40)]
    rows = values(len(keys))

    def write(first: int) -> None:
        store = Store(tmp_path)
        for begin in range(first, len(keys), 3):
            store.add(MFCC, keys[begin : begin + 4], rows[begin : begin + 4])

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 1, 2, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [stored] = stored_keys(tmp_path).values()
    assert sorted(stored) == keys
    assert np.array_equal(Store(tmp_path).read(MFCC, keys), rows)


def test_a_writer_waits_for_the_one_that_has_the_lock(tmp_path: Path) -> None:
    order = []

    def add() -> None:
        Store(tmp_path).add(MFCC, ["a"], values(1))
        order.append("added")

    thread = threading.Thread(target=add)
    with exclusive(tmp_path / ".lock") as alone:
        assert alone
        thread.start()
        thread.join(0.2)
        order.append("released")
    thread.join()
    assert order == ["released", "added"]


def test_without_locks_rows_may_be_stored_twice_but_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def no_locks(handle: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr("featser.io.lock.NO_LOCKS", (37,))
    store = Store(tmp_path)
    store.add(MFCC, ["a"], values(1))
    left = tmp_path / "features" / ".writing-x.arrow"
    left.write_bytes(b"another writer's, for all we know")
    assert store.prepare([MFCC]) == []
    assert left.exists()
    assert np.array_equal(store.read(MFCC, ["a"]), values(1))


@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_kills_at_any_moment_lose_nothing_and_the_finished_store_has_equal_bits(
    tmp_path: Path, kills: int
) -> None:
    table = manifest(tmp_path, (4 + 4 * kills) * CHUNK)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    extract(table, store=whole, features=["handcrafted:full", "mfcc:basic"])
    moments = random.Random(4)
    for _ in range(kills):
        before = set(killed.rglob("part-*.arrow"))
        process = start_extract(table, killed, *SPECS)
        wait_for(
            lambda: set(killed.rglob("part-*.arrow")) - before or process.poll() is not None  # noqa: B023
        )
        time.sleep(moments.uniform(0, 0.05))
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert before <= set(killed.rglob("part-*.arrow"))
        assert maintenance.verify(Store(killed)) == []
    left = next(killed.rglob("part-*.arrow")).parent / ".writing-left.arrow"
    left.write_bytes(b"half a fi")
    shown, _ = start_extract(table, killed, *SPECS).communicate()
    assert "unfinished files of a stopped run were removed" in shown
    assert bits(killed) == bits(whole)


def a_while(store: Path, moments: random.Random) -> None:
    """Somewhere from the start of Python to the first part files."""
    del store
    time.sleep(moments.uniform(0, 1.2))


def a_part_is_complete(store: Path, moments: random.Random) -> None:
    """Shortly after one more part file is whole: the next ones are computed."""
    before = set(store.rglob("part-*.arrow"))
    wait_for(lambda: set(store.rglob("part-*.arrow")) - before)
    time.sleep(moments.uniform(0, 0.05))


def a_part_is_written(store: Path, moments: random.Random) -> None:
    """As soon as a part file is begun; it may be whole by then."""
    del moments
    left = set(store.rglob(".writing-*"))
    deadline = time.monotonic() + 60
    while not set(store.rglob(".writing-*")) - left:
        assert time.monotonic() < deadline, "nothing was written"


@pytest.mark.slow
def test_twenty_kills_at_random_moments_tear_nothing_and_store_nothing_twice(
    tmp_path: Path,
) -> None:
    count = 60 * CHUNK
    table = manifest(tmp_path, count)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    extract(table, store=whole, features=["handcrafted:full", "mfcc:basic"])
    moments = random.Random(0)
    whens = [*[a_while] * 8, *[a_part_is_complete] * 6, *[a_part_is_written] * 6]
    moments.shuffle(whens)
    for when in whens:
        before = {part: part.read_bytes() for part in killed.rglob("part-*.arrow")}
        process = start_extract(table, killed, *SPECS)
        when(killed, moments)
        assert process.poll() is None, "it ended before it was killed: give it more to do"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert before.items() <= {p: p.read_bytes() for p in killed.rglob("part-*.arrow")}.items()
        assert maintenance.verify(Store(killed)) == []
    shown, errors = start_extract(table, killed, *SPECS).communicate()
    assert f"0 unusable; store: {killed}" in shown, errors
    assert maintenance.verify(Store(killed)) == []
    assert not list(killed.rglob(".writing-*"))
    for keys in stored_keys(killed).values():
        assert len(keys) == len(set(keys)) == count
    assert bits(killed) == bits(whole)


@pytest.mark.parametrize("kilobytes", [16, pytest.param(48, marks=pytest.mark.slow)])
def test_a_disk_that_takes_no_more_is_a_clear_error_and_the_store_goes_on_where_it_was(
    tmp_path: Path, kilobytes: int
) -> None:
    table = manifest(tmp_path, 2 * CHUNK)
    # Whatever mfcc:basic needs fits; the description of handcrafted:full, or its parts, do not.
    # Coverage is not measured: its own file would not fit.
    shell = f'unset COVERAGE_PROCESS_CONFIG; ulimit -f {kilobytes}; exec "$@"'
    limited = ["bash", "-c", shell, "bash"]
    specs = ("-f", "mfcc:basic", "-f", "handcrafted:full")
    process = start_extract(table, tmp_path / "store", *specs, prefix=limited)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cannot write (File too large). What was stored before is complete; raise" in errors
    assert "Traceback" not in errors
    assert "Warning" not in errors
    assert not list(tmp_path.rglob(".writing-*"))
    assert maintenance.verify(Store(tmp_path / "store")) == []
    description = list(tmp_path.rglob("handcrafted*/extractor.json"))
    assert len(description) == (0 if kilobytes == 16 else 1)
    [folder] = stored_keys(tmp_path / "store")
    assert folder.startswith("mfcc")

    for store in ("store", "other"):
        extract(table, store=tmp_path / store, features=["mfcc:basic", "handcrafted:full"])
    assert bits(tmp_path / "store") == bits(tmp_path / "other")


@pytest.mark.parametrize("where", [0, -200, -1])
def test_a_damaged_part_is_detected_on_reading_and_recomputed_by_the_next_extraction(
    tmp_path: Path, where: int
) -> None:
    table = recordings(tmp_path / "corpus", [4800] * (CHUNK + 2))
    store = tmp_path / "store"
    result = extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1)
    before = bits(store)
    part = max(store.rglob("part-*.arrow"), key=lambda path: path.stat().st_size)
    flip(part, where)
    with pytest.raises(DamagedPart, match=f"{part.name}.*damaged.*run `featser extract` again"):
        Store(store).read(MFCC, [str(key) for key in result.keys])
    again = extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1)
    assert (again.done, again.reused) == (CHUNK, 2)
    [note] = again.notes
    assert part.name in note
    assert "was damaged" in note
    assert bits(store) == before


def test_a_damaged_index_or_description_is_rebuilt(tmp_path: Path) -> None:
    table = recordings(tmp_path / "corpus", [4800])
    store = tmp_path / "store"
    extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1)
    before = bits(store)
    for name in ("index-*.arrow", "extractor.json"):
        file = next(store.rglob(name))
        flip(file, 0)
        assert len(maintenance.verify(Store(store))) == 1
        again = extract_manifest(table, ["mfcc:basic"], Store(store), n_jobs=1)
        assert (again.done, again.reused) == (0, 1)
        assert bits(store) == before


def test_a_read_only_store_is_read_and_refused_for_extracting_before_anything_is_computed(
    tmp_path: Path,
) -> None:
    table = manifest(tmp_path, 2)
    store = tmp_path / "store"
    extract(table, store=store, features=["mfcc:basic"])
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    folders = [store, *(path for path in store.rglob("*") if path.is_dir())]
    prefix = without_roots_rights()
    for folder in folders:
        folder.chmod(0o555)
    try:
        process = start_extract(table, store, "-f", "mfcc:basic", "-f", "zcr", prefix=prefix)
        shown, errors = process.communicate(timeout=60)
        exported = subprocess.run(
            [*prefix, *PYTHON, "export", "--store", store, tmp_path / "table.csv"], check=False
        )
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert process.returncode == 1
    assert "cannot write (Permission denied)" in errors
    assert "make it writable, or choose another place with --store" in errors
    assert "Traceback" not in errors
    assert "done" not in shown
    assert exported.returncode == 0
    assert len(pd.read_csv(tmp_path / "table.csv")) == 2
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before
