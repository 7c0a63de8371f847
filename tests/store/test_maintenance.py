"""Maintenance of a store loses nothing that is needed, and reports what it removes."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.api.extract import extract
from featser.api.stored.store import compact, gc, info, verify
from featser.errors import StoreError
from featser.features.embeddings.table_embedding import table_keys
from featser.store import maintenance
from featser.store.feature_store import Store
from featser.store.part_files import part_names, read_keys
from featser.store.row_index import Index
from tests.features.corpus import MFCC, bits, flip, manifest, stored_keys, values
from tests.flow import featser_here


def many_parts(folder: Path, parts: int = 7) -> tuple[list[str], np.ndarray]:
    keys = [f"{number:03d}" for number in range(3 * parts)]
    rows = values(len(keys))
    store = Store(folder)
    for first in range(0, len(keys), 3):
        store.add(MFCC, keys[first : first + 3], rows[first : first + 3])
    store.flush(MFCC)
    return keys, rows


def test_merging_leaves_few_parts_and_equal_values(tmp_path: Path) -> None:
    keys, rows = many_parts(tmp_path)
    opened = Store(tmp_path)
    assert opened.has(MFCC, keys).all()
    shown = featser_here("store", "compact", "--store", tmp_path)
    assert "7 part files became 1" in shown.stdout
    shown = featser_here("store", "info", "--store", tmp_path)
    assert MFCC.fingerprint() in shown.stdout
    assert featser_here("store", "verify", "--store", tmp_path).returncode == 0
    assert maintenance.verify(Store(tmp_path)) == []
    # Also in a store that was opened before the merging.
    for store in (Store(tmp_path), opened):
        assert np.array_equal(store.read(MFCC, keys), rows)
    merged = bits(tmp_path)
    assert list(maintenance.compact(Store(tmp_path)).values()) == [(1, 1)]
    assert bits(tmp_path) == merged
    opened.add(MFCC, [keys[0], "new"], values(2))
    assert sorted(*stored_keys(tmp_path).values()) == sorted([*keys, "new"])


def test_parts_are_merged_up_to_a_size(tmp_path: Path) -> None:
    keys, rows = many_parts(tmp_path)
    size = max(part.stat().st_size for part in tmp_path.rglob("part-*.arrow"))
    assert list(maintenance.compact(Store(tmp_path), limit=3 * size).values()) == [(7, 3)]
    assert np.array_equal(Store(tmp_path).read(MFCC, keys), rows)


def test_a_merging_that_is_killed_loses_nothing_and_the_next_one_finishes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, rows = many_parts(tmp_path)
    remove = Path.unlink
    removed = []

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.name.startswith("part-"):
            removed.append(path)
            if len(removed) == 3:
                raise KeyboardInterrupt
        remove(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        maintenance.compact(Store(tmp_path))
    monkeypatch.undo()
    assert maintenance.verify(Store(tmp_path)) == []
    assert np.array_equal(Store(tmp_path).read(MFCC, keys), rows)
    [(_, after)] = maintenance.compact(Store(tmp_path)).values()
    assert after == 1
    assert [sorted(stored) for stored in stored_keys(tmp_path).values()] == [keys]


def test_verify_names_every_fault(tmp_path: Path) -> None:
    many_parts(tmp_path)
    parts = sorted(tmp_path.rglob("part-*.arrow"))
    flip(parts[0])
    parts[1].write_bytes(parts[1].read_bytes()[:50])
    for name in ("nameless", "empty"):
        (tmp_path / "features" / name).mkdir()
    shutil.copy(parts[2], tmp_path / "features" / "nameless")
    shown = featser_here("store", "verify", "--store", tmp_path)
    assert shown.returncode == 1
    for name in (parts[0].name, parts[1].name, "nameless: has no extractor.json"):
        assert name in shown.stdout
    assert "3 faults" in shown.stdout


def test_verify_compares_the_index_with_the_parts(tmp_path: Path) -> None:
    keys, _ = many_parts(tmp_path)
    folder = Store(tmp_path).folder_of(MFCC)
    index = Index()
    for part in sorted(part_names(folder)):
        held = read_keys(folder / part)
        index.add(part, held[::-1] if keys[0] in held else held)
    index.write(folder)
    [fault] = maintenance.verify(Store(tmp_path))
    assert "the index does not match the part files" in fault


def test_gc_shows_what_it_would_remove_and_removes_it_on_demand(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for table in (manifest(tmp_path, 6, 0, 6), manifest(tmp_path, 6, 0, 4)):
        extract(table, store=store, features=["mfcc:basic"])
    old = store / "features" / "mfcc_basic-0123456789abcdef"
    shutil.copytree(Store(store).folder_of(MFCC), old)
    text = (old / "extractor.json").read_text(encoding="utf-8")
    text = text.replace(MFCC.fingerprint(), "0123456789abcdef")
    (old / "extractor.json").write_text(text, encoding="utf-8")
    (store / "features" / ".writing-old.arrow").write_bytes(b"")
    (old / ".writing-left.arrow").write_bytes(b"half")
    assert [held.current for held in info(store)] == [False, True]
    before = bits(store)
    looked = featser_here("store", "gc", "--store", store).stdout
    assert "would remove: 2 unfinished files" in looked
    assert "would remove: mfcc:basic 0123456789abcdef: 6 rows" in looked
    assert "kept: mfcc:basic: 2 rows that the last extraction's manifest does not name" in looked
    assert "--yes does it" in looked
    assert bits(store) == before

    gc(store, really=True)
    assert not old.exists()
    assert [len(keys) for keys in stored_keys(store).values()] == [6]
    shown = featser_here("store", "gc", "--store", store, "--unnamed", "--yes").stdout
    assert "removed: mfcc:basic: 2 rows" in shown
    assert [len(keys) for keys in stored_keys(store).values()] == [4]
    assert maintenance.verify(Store(store)) == []
    assert extract(tmp_path / "0-4.csv", store=store, features=["mfcc:basic"]).done == 0
    assert "nothing to remove" in featser_here("store", "gc", "--store", store).stdout


@pytest.mark.slow
def test_gc_never_removes_features_that_might_not_be_recomputable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An embedding whose file has moved, been changed, or of a newer version of featser."""
    table, store = manifest(tmp_path, 3), tmp_path / "store"
    keys = table_keys(pd.read_csv(table))["key"]
    file = tmp_path / "embeddings.parquet"
    pd.DataFrame({"key": keys, "e0": [1.0, 2.0, 3.0]}).to_parquet(file)
    extract(table, store=store, features=[f"table-embedding:{file}"])
    extract(
        manifest(tmp_path, 3, 0, 2), store=store, features=["rms:basic"]
    )  # which names two of the three
    folder = next(store.glob("features/table-embedding-*"))
    before = bits(store)

    file.rename(tmp_path / "moved.parquet")
    held = {one.folder: one for one in info(store)}[folder]
    assert held.current is None
    looked = featser_here("store", "gc", "--store", store).stdout
    assert "kept: table-embedding:" in looked
    assert "3 rows" in looked
    assert "cannot tell whether they can still be made" in looked
    assert str(folder) in looked
    assert "cannot tell" in featser_here("store", "info", "--store", store).stdout
    for options in ([], ["--unnamed"]):
        assert featser_here("store", "gc", "--store", store, "--yes", *options).returncode == 0
        assert bits(store) == before

    pd.DataFrame({"key": keys, "e0": [4.0, 5.0, 6.0]}).to_parquet(file)  # another under its name
    gc(store, unnamed=True, really=True)
    assert bits(store) == before

    described = folder / "extractor.json"
    text = json.loads(described.read_text(encoding="utf-8"))
    described.write_text(json.dumps(text | {"spec": "embedding-of-tomorrow"}), encoding="utf-8")
    gc(store, unnamed=True, really=True)
    assert folder.is_dir()

    described.write_text(json.dumps(text), encoding="utf-8")
    shutil.move(tmp_path / "moved.parquet", file)
    assert {one.folder: one for one in info(store)}[folder].current is True
    gc(store, unnamed=True, really=True)
    assert sorted(len(rows) for rows in stored_keys(store).values()) == [2, 2]


def test_gc_keeps_features_of_a_package_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_parts(tmp_path)

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("featser.features.extractor.version", absent)
    [held] = maintenance.info(Store(tmp_path))
    assert held.current is None
    assert held.doubt == "numpy is not installed"
    maintenance.collect(Store(tmp_path))
    assert held.folder.is_dir()


def test_augmented_copies_of_named_recordings_are_named(tmp_path: Path) -> None:
    Store(tmp_path).add(MFCC, ["a", "a+noise-1", "b+noise-1"], values(3))
    assert maintenance.waste(Store(tmp_path), {"a"}).unnamed == {"mfcc:basic": 1}
    maintenance.collect(Store(tmp_path), {"a"})
    assert Store(tmp_path).has(MFCC, ["a", "a+noise-1", "b+noise-1"]).tolist() == [
        True,
        True,
        False,
    ]


def test_a_missing_store_is_reported_as_missing(tmp_path: Path) -> None:
    for verb in (info, verify, compact, gc):
        with pytest.raises(StoreError, match="nowhere: no such store"):
            verb(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="no extraction into this store was finished"):
        gc(tmp_path, unnamed=True)


def test_gc_removes_nothing_whose_description_is_that_of_another_extractor(tmp_path: Path) -> None:
    many_parts(tmp_path)
    described = Store(tmp_path).folder_of(MFCC) / "extractor.json"
    text = described.read_text(encoding="utf-8").replace(MFCC.fingerprint(), "0123456789abcdef")
    described.write_text(text, encoding="utf-8")
    [held] = maintenance.info(Store(tmp_path))
    assert held.current is None
    maintenance.collect(Store(tmp_path), {"000"})
    assert [len(keys) for keys in stored_keys(tmp_path).values()] == [21]
    [fault] = maintenance.verify(Store(tmp_path))
    assert (
        "belongs to the extractor mfcc:basic 0123456789abcdef, not to the extractor of its folder"
        in fault
    )
    Store(tmp_path).prepare([MFCC])
    assert maintenance.verify(Store(tmp_path)) == []
