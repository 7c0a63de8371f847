"""Part files name the extractor of their rows; a file or an index in a wrong place is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from featser.errors import DamagedPart, MisplacedPart, StoreError
from featser.extraction.extraction import extract_manifest
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor
from featser.store import maintenance
from featser.store.feature_store import Store
from featser.store.part_files import open_part, part_names, read_keys, read_table, write_table
from featser.store.part_origin import FIELD, fingerprint_in, origin_of
from featser.store.row_index import Index
from featser.store.verification import verification_of
from tests.features.corpus import MFCC, bits, recordings, values
from tests.flow import featser_here

RMS, ZCR = make_extractor("rms:basic"), make_extractor("zcr:basic")
"""Two extractors with equally many values."""


@pytest.fixture
def two(tmp_path: Path) -> tuple[Store, dict[str, np.ndarray]]:
    """A store with four rows of each of two extractors, in two part files each, and an index."""
    store = Store(tmp_path / "store")
    rows = {}
    for seed, extractor in enumerate((RMS, ZCR)):
        shape = (4, len(extractor.names))
        rows[extractor.spec] = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        store.add(extractor, ["a", "b"], rows[extractor.spec][:2])
        store.add(extractor, ["c", "d"], rows[extractor.spec][2:])
        store.flush(extractor)
    return store, rows


def exchange(store: Store) -> list[str]:
    """Put one part file of each extractor into the folder of the other; return their names."""
    folders = [store.folder_of(extractor) for extractor in (RMS, ZCR)]
    parts = [sorted(folder.glob("part-*"))[0] for folder in folders]
    for part, folder in zip(parts, reversed(folders), strict=True):
        part.rename(folder / part.name)
    return [part.name for part in parts]


def without_origin(folder: Path) -> None:
    """Rewrite an extractor's part files and index as older versions wrote them."""
    names = {}
    for name in part_names(folder):
        table = read_table(folder / name).replace_schema_metadata(None)
        (folder / name).unlink()
        names[write_table(folder, "part", table)] = table.column("key").to_pylist()
    index = Index()
    index.add_all(sorted(names.items()))
    index.write(folder)


def assert_rows(store: Store, rows: dict[str, np.ndarray], keys: str = "dcba") -> None:
    for extractor in (RMS, ZCR):
        expected = [rows[extractor.spec]["abcd".index(key)] for key in keys]
        assert np.array_equal(store.read(extractor, list(keys)), np.stack(expected))


def test_a_part_file_names_extractor_columns_and_type(two: tuple[Store, object]) -> None:
    store, _ = two
    for part in store.folder_of(RMS).glob("part-*"):
        held = read_table(part).schema.metadata[FIELD]
        assert held == origin_of(RMS).metadata
        assert RMS.fingerprint() == fingerprint_in(held)
        for name in (b"columns", b"n_columns", b"float32"):
            assert name in held


def test_exchanged_parts_of_equal_width_are_named_on_reading_and_by_verify(
    two: tuple[Store, dict[str, np.ndarray]],
) -> None:
    store, _ = two
    names = exchange(store)
    for extractor in (RMS, ZCR):
        with pytest.raises(MisplacedPart, match=r"holds rows of the extractor .*run `feat"):
            Store(store.folder).read(extractor, list("abcd"))
    faults = maintenance.verify(Store(store.folder))
    assert all(any(name in fault for fault in faults) for name in names)
    shown = featser_here("store", "verify", "--store", store.folder)
    assert shown.returncode == 1
    with pytest.raises(MisplacedPart):
        maintenance.compact(Store(store.folder))


def test_exchanged_parts_are_put_back_by_the_next_extraction(
    two: tuple[Store, dict[str, np.ndarray]],
) -> None:
    store, rows = two
    before = bits(store.folder)
    exchange(store)
    again = Store(store.folder)
    notes = again.prepare([RMS, ZCR])
    assert len(notes) == 2
    assert all("it was moved to" in note for note in notes)
    for extractor in (RMS, ZCR):
        assert again.has(extractor, list("abcd")).all(), "nothing is recomputed"
        again.flush(extractor)
    assert bits(store.folder) == before
    assert_rows(again, rows)


@pytest.mark.slow
def test_a_part_of_an_extractor_that_the_store_lacks_is_removed_and_recomputed(
    tmp_path: Path,
) -> None:
    table = recordings(tmp_path / "corpus", [4800] * 3)
    here, other = Store(tmp_path / "here"), Store(tmp_path / "other")
    extract_manifest(table, ["rms:basic"], here, n_jobs=1)
    extract_manifest(table, ["zcr:basic"], other, n_jobs=1)
    before = bits(here.folder)
    [mine], [theirs] = (
        list(store.folder_of(extractor).glob("part-*"))
        for store, extractor in ((here, RMS), (other, ZCR))
    )
    mine.unlink()
    shutil.copy(theirs, mine.parent)
    result = extract_manifest(table, ["rms:basic"], Store(here.folder), n_jobs=1)
    assert (result.done, result.reused) == (3, 0)
    assert "of an extractor that is not in this store: it was removed" in result.notes[0]
    assert bits(here.folder) == before


def test_columns_in_another_order_are_another_origin(two: tuple[Store, object]) -> None:
    class Turned(Extractor):
        name = "turned"
        params = RMS.params
        families = RMS.families
        names = RMS.names[::-1]

        def fingerprint(self) -> str:
            return RMS.fingerprint()

        def __call__(self, signal: object) -> np.ndarray:
            raise TypeError

    store, _ = two
    part = next(store.folder_of(RMS).glob("part-*"))
    with pytest.raises(MisplacedPart, match="its columns are not those of the extractor"):
        open_part(part, origin_of(Turned()))


def test_parts_of_older_versions_are_read_and_verify_says_that_they_record_less(
    two: tuple[Store, dict[str, np.ndarray]],
) -> None:
    store, rows = two
    for extractor in (RMS, ZCR):
        without_origin(store.folder_of(extractor))
    assert_rows(Store(store.folder), rows)
    verification = verification_of(Store(store.folder))
    assert verification.faults == []
    assert len(verification.notes) == 2
    for note in verification.notes:
        assert "2 part files do not say which extractor made the rows" in note
        assert "the folder's index names 2 of them" in note
    shown = featser_here("store", "verify", "--store", store.folder)
    assert shown.returncode == 0
    assert "note: " in shown.stdout
    assert "no faults" in shown.stdout


def test_compact_writes_the_extractor_into_parts_of_older_versions(
    two: tuple[Store, dict[str, np.ndarray]],
) -> None:
    store, rows = two
    for extractor in (RMS, ZCR):
        without_origin(store.folder_of(extractor))
    maintenance.compact(Store(store.folder))
    verification = verification_of(Store(store.folder))
    assert (verification.faults, verification.notes) == ([], [])
    assert_rows(Store(store.folder), rows)
    for extractor in (RMS, ZCR):
        [part] = store.folder_of(extractor).glob("part-*")
        assert open_part(part, origin_of(extractor)).has_origin


@pytest.mark.parametrize("upgrade", [False, True])
def test_exchanged_parts_of_older_versions_are_detected_by_the_indexes(
    two: tuple[Store, dict[str, np.ndarray]], upgrade: bool
) -> None:
    """They do not name their extractor, but the index of the folder that they come from does."""
    store, rows = two
    for extractor in (RMS, ZCR):
        without_origin(store.folder_of(extractor))
    names = exchange(store)
    faults = maintenance.verify(Store(store.folder))
    assert len(faults) == 2
    assert all(any(name in fault for fault in faults) for name in names)
    with pytest.raises(MisplacedPart, match="whose index lists it"):
        Store(store.folder).read(RMS, list("abcd"))
    if upgrade:  # what is wrong is not made permanent
        with pytest.raises(MisplacedPart):
            maintenance.compact(Store(store.folder))
    again = Store(store.folder)
    assert len(again.prepare([RMS, ZCR])) == 2
    assert_rows(again, rows)


def test_a_part_of_another_width_is_refused_even_where_it_names_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(MFCC, ["a"], values(1))
    store.add(RMS, ["a"], np.ones((1, len(RMS.names)), np.float32))
    folder = store.folder_of(RMS)
    without_origin(store.folder_of(MFCC))
    for part in folder.glob("part-*"):
        part.unlink()
    for part in store.folder_of(MFCC).glob("part-*"):
        shutil.copy(part, folder)
    with pytest.raises(MisplacedPart, match=f"has {len(MFCC.names)} values a row"):
        Store(tmp_path).read(RMS, ["a"])
    assert len(maintenance.verify(Store(tmp_path))) == 1


ODD = {
    "other columns": {"name": ["a"], "value": [1.0]},
    "doubles": {"key": ["a"], "values": pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))},
    "lists of any length": {"key": ["a"], "values": pa.array([[1.0]], pa.list_(pa.float32()))},
    "no key": {
        "key": pa.array([None], pa.string()),
        "values": pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)),
    },
    "one column": {"key": ["a"]},
}


@pytest.mark.parametrize("what", ODD)
def test_a_part_of_another_form_is_an_error_and_not_a_traceback(tmp_path: Path, what: str) -> None:
    store = Store(tmp_path)
    store.add(RMS, ["b"], np.ones((1, len(RMS.names)), np.float32))
    name = write_table(store.folder_of(RMS), "part", pa.table(ODD[what]))
    with pytest.raises(DamagedPart, match=name):
        Store(tmp_path).read(RMS, ["a"])
    [fault] = maintenance.verify(Store(tmp_path))
    assert name in fault
    [note] = Store(tmp_path).prepare([RMS])
    assert name in note
    assert maintenance.verify(Store(tmp_path)) == []


def reversed_index(folder: Path) -> None:
    """Write an index that has each part file's rows in reverse, its checksum right."""
    index = Index()
    index.add_all((name, read_keys(folder / name)[::-1]) for name in sorted(part_names(folder)))
    index.write(folder)


def test_an_index_with_reversed_rows_is_not_believed(
    two: tuple[Store, dict[str, np.ndarray]],
) -> None:
    store, rows = two
    before = bits(store.folder)
    for extractor in (RMS, ZCR):
        reversed_index(store.folder_of(extractor))
    assert_rows(Store(store.folder), rows)
    batches = Store(store.folder).batches(RMS, list("dacb"), 3)
    assert np.array_equal(np.concatenate(list(batches)), rows["rms:basic"][[3, 0, 2, 1]])
    faults = maintenance.verify(Store(store.folder))
    assert len(faults) == 2
    assert all("the index does not match the part files" in fault for fault in faults)

    again = Store(store.folder)
    assert again.prepare([RMS, ZCR]) == []
    for extractor in (RMS, ZCR):
        again.flush(extractor)
    assert bits(store.folder) == before


def test_merging_by_an_index_with_reversed_rows_keeps_every_row_right(
    two: tuple[Store, dict[str, np.ndarray]],
) -> None:
    store, rows = two
    for extractor in (RMS, ZCR):
        reversed_index(store.folder_of(extractor))
    again = Store(store.folder)
    for extractor in (RMS, ZCR):
        again.merge(extractor, list("abcd"))
        again.merge(extractor, list("abcd"))
        assert len(part_names(store.folder_of(extractor))) == 1
    assert_rows(again, rows)


def test_an_index_that_has_more_or_fewer_keys_than_the_parts_is_set_right_by_an_extraction(
    tmp_path: Path,
) -> None:
    table = recordings(tmp_path / "corpus", [4800] * 3)
    store = Store(tmp_path / "store")
    keys = [str(key) for key in extract_manifest(table, ["rms:basic"], store, n_jobs=1).keys]
    before = bits(store.folder)
    folder = store.folder_of(RMS)
    [name] = part_names(folder)
    for held in (["x", "y", "z"], [*read_keys(folder / name), "more"], keys[:1]):
        index = Index()
        index.add(name, held)
        index.write(folder)
        if held != keys[:1]:
            with pytest.raises(StoreError, match="have no 'rms:basic' features"):
                Store(store.folder).read(RMS, ["more"])
        result = extract_manifest(table, ["rms:basic"], Store(store.folder), n_jobs=1)
        assert (result.done, result.reused) == (0, 3)
        assert bits(store.folder) == before


@pytest.mark.parametrize(
    "names", ['["a", "a"]', '{"a": 1}', "nonsense", '["part-0.arrow"]', "[1]", "[]"]
)
def test_an_index_of_a_wrong_form_is_rebuilt(tmp_path: Path, names: str) -> None:
    store = Store(tmp_path)
    store.add(RMS, ["a"], np.ones((1, len(RMS.names)), np.float32))
    columns = {
        "digest": pa.array([b"0" * 16], pa.binary(16)),
        "part": pa.array([7], pa.int32()),
        "row": pa.array([0], pa.int32()),
    }
    table = pa.table(columns).replace_schema_metadata({b"parts": names.encode()})
    write_table(store.folder_of(RMS), "index", table)
    assert Store(tmp_path).has(RMS, ["a", "b"]).tolist() == [True, False]
