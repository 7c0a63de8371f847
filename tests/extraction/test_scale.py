"""With any number of utterances: few part files, little memory, and the same guarantees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.errors import StoreError
from featser.extraction import chunks, planner
from featser.extraction.extraction import extract_blocks, extract_manifest
from featser.store import maintenance
from featser.store.digests import Table, digests_of
from featser.store.feature_store import Store
from featser.store.part_files import write_table
from tests.features.corpus import MFCC, bits, recordings, stored_keys, values

CHUNK = 4
GROUP = 3 * CHUNK


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks, groups and blocks of few utterances."""
    for module in (chunks, planner):
        monkeypatch.setattr(module, "CHUNK", CHUNK)
        monkeypatch.setattr(module, "GROUP", GROUP)
    monkeypatch.setattr(planner, "BLOCK", 10)


def corpus(folder: Path, count: int) -> pd.DataFrame:
    return recordings(folder, [2400 + number for number in range(count)])


def once(store: Path, count: int) -> bool:
    [keys] = stored_keys(store).values()
    return len(keys) == len(set(keys)) == count and maintenance.verify(Store(store)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_parts_of_a_group_become_one_with_equal_bits_whatever_the_workers_and_the_run(
    tmp_path: Path,
) -> None:
    table = corpus(tmp_path / "corpus", 2 * GROUP + CHUNK + 2)
    results = {}
    for jobs in (1, 2):
        results[jobs] = extract_manifest(table, ["zcr:basic"], Store(tmp_path / str(jobs)), jobs)
    assert len(list((tmp_path / "1").rglob("part-*.arrow"))) == 2 + 2
    assert results[1].keys == results[2].keys
    # Resumed: the stored rows are not those that a group needs first.
    extract_manifest(table.iloc[: GROUP + CHUNK], ["zcr:basic"], Store(tmp_path / "3"), 1)
    extract_manifest(table, ["zcr:basic"], Store(tmp_path / "3"), 2)
    assert bits(tmp_path / "1") == bits(tmp_path / "2") == bits(tmp_path / "3")
    assert once(tmp_path / "1", len(table))


@pytest.mark.slow
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("removed", [0, pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_kill_while_parts_become_one_leaves_nothing_behind_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    table = corpus(tmp_path / "corpus", GROUP + CHUNK)
    extract_manifest(table, ["zcr:basic"], Store(tmp_path / "whole"), 1)
    remove, left = Path.unlink, [removed]

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("part-"):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        remove(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        extract_manifest(table, ["zcr:basic"], Store(tmp_path / "killed"), 1)
    monkeypatch.undo()
    monkeypatch.setattr(planner, "CHUNK", CHUNK)
    monkeypatch.setattr(planner, "GROUP", GROUP)
    [keys] = stored_keys(tmp_path / "killed").values()
    assert len(keys) == 2 * GROUP - removed * CHUNK  # some rows are stored twice
    extract_manifest(table, ["zcr:basic"], Store(tmp_path / "killed"), 1)
    assert once(tmp_path / "killed", len(table))
    assert bits(tmp_path / "killed") == bits(tmp_path / "whole")


@pytest.mark.usefixtures("small")
def test_a_grown_corpus_and_copies_in_other_blocks_are_stored_once(tmp_path: Path) -> None:
    table = corpus(tmp_path / "corpus", 3 * GROUP)
    store = tmp_path / "store"
    extract_manifest(table.iloc[::2], ["zcr:basic"], Store(store), 1)
    twice = pd.concat([table, table.assign(start=0.0), table], ignore_index=True)
    result = extract_manifest(twice, ["zcr:basic"], Store(store), 2)
    assert (result.reused, result.done, result.copies) == (18, 18 + 36, 36)
    assert once(store, 72)
    assert result.keys[:36] == result.keys[72:]


@pytest.mark.usefixtures("small")
def test_rows_are_read_from_the_manifest_only_as_workers_become_free(
    tmp_path: Path,
) -> None:
    table = corpus(tmp_path / "corpus", 60)
    store = Store(tmp_path / "store")
    ahead = []
    taken = 0

    def blocks() -> object:
        nonlocal taken
        for block in planner.blocks_of(table):
            taken += len(block)
            yield block

    def progress(done: int, total: int) -> None:
        assert total == len(table)
        ahead.append(taken - done)

    result = extract_blocks(blocks(), 60, ["zcr:basic"], store, 1, progress)  # type: ignore[arg-type]
    assert result.done == 60
    assert max(ahead) <= 10 + 3 * CHUNK
    assert ahead[-1] == 0


def test_batches_are_the_rows_in_any_order_also_of_parts_that_are_merged_meanwhile(
    tmp_path: Path,
) -> None:
    store, rows = Store(tmp_path), values(30)
    keys = [f"{number:02d}" for number in range(30)]
    for first in range(0, 30, 5):
        store.add(MFCC, keys[first : first + 5], rows[first : first + 5])
    order = np.random.default_rng(0).permutation(60) % 30
    batches = store.batches(MFCC, (keys[row] for row in order), 7)
    got = [next(batches)]
    maintenance.compact(Store(tmp_path))
    got += batches
    assert [len(batch) for batch in got] == [7] * 8 + [4]
    assert np.array_equal(np.concatenate(got), rows[order])
    with pytest.raises(StoreError, match="1 of 2 utterances have no 'mfcc:basic' features"):
        list(store.batches(MFCC, ["00", "absent"]))
    assert list(store.batches(MFCC, [])) == []


def test_an_index_of_an_older_form_is_rebuilt(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(MFCC, ["a", "b"], values(2))
    folder = store.folder_of(MFCC)
    part = next(folder.glob("part-*")).name
    old = {"key": ["a", "b"], "part": [part, part], "row": [0, 1]}
    name = write_table(folder, "index", pa.table(old))
    fresh = Store(tmp_path)
    assert np.array_equal(fresh.read(MFCC, ["b", "a"]), values(2)[::-1])
    fresh.flush(MFCC)
    assert name not in {path.name for path in folder.iterdir()}
    assert Store(tmp_path).has(MFCC, ["a", "b", "c"]).tolist() == [True, True, False]


@given(st.lists(st.lists(st.text("ab", max_size=4), max_size=9), max_size=9))
def test_a_table_says_what_a_dictionary_says(batches: list[list[str]]) -> None:
    table, expected = Table(), {}
    for number, keys in enumerate(batches):
        rows = np.arange(len(keys), dtype=np.int32)
        table = table.plus(digests_of(keys), np.full(len(keys), number, np.int32), rows)
        expected |= {key: (number, row) for row, key in enumerate(keys)}
    asked = [*expected, "never"]
    first, second = table.find(digests_of(asked))
    assert list(zip(first, second, strict=True)) == [*expected.values(), (-1, -1)]
    assert len(table) == len(expected)
    even = table.where(np.arange(len(batches)) % 2 == 0) if batches else table
    assert len(even) == sum(number % 2 == 0 for number, _ in expected.values())
