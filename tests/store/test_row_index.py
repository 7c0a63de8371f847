"""The index of part files locates their rows although files appear and disappear."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings

from featser.store.feature_store import Store
from featser.store.part_files import names_of, read_table
from featser.store.row_index import Index
from tests.features.corpus import MFCC, values

KEYS = st.lists(st.sampled_from("abcdefgh"), max_size=5, unique=True)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), KEYS),
        st.tuples(st.just("add all"), st.lists(KEYS, max_size=3)),
        st.tuples(st.just("drop"), st.integers(0, 9)),
        st.tuples(st.just("replace"), st.integers(0, 9)),
        st.tuples(st.just("save"), st.none()),
    ),
    max_size=12,
)


def saved(index: Index) -> Index:
    """The index as it is after it was written and read."""
    with tempfile.TemporaryDirectory() as folder:
        index.write(Path(folder))
        [name] = names_of(Path(folder), "index-")
        again = Index.of_table(read_table(Path(folder) / name))
    assert again is not None
    return again


def places(parts: dict[str, list[str]]) -> dict[str, tuple[str, int]]:
    """Where each key is: in the part file that was added last of those that have it."""
    return {key: (name, row) for name, keys in parts.items() for row, key in enumerate(keys)}


def places_in(index: Index) -> dict[str, tuple[str, int]]:
    numbers, rows = index.find("abcdefgh")
    return {
        key: (index.names[number], int(row))
        for key, number, row in zip("abcdefgh", numbers, rows, strict=True)
        if number >= 0
    }


@settings(max_examples=40)
@given(STEPS)
def test_index_finds_what_the_parts_that_are_left_hold(steps: list[tuple[str, object]]) -> None:
    index, parts = Index(), {}
    for count, (step, what) in enumerate(steps):
        before = places(parts)
        if step == "add":
            parts[f"p{count}"] = what
            index.add(f"p{count}", what)
        elif step == "add all":
            added = {f"p{count}-{number}": keys for number, keys in enumerate(what)}
            parts |= added
            index.add_all(added.items())
        elif step == "drop" and parts:
            gone = list(parts)[what % len(parts) :][:2]
            for name in gone:
                del parts[name]
            assert index.drop(gone) == len(before.keys() - places(parts).keys())
        elif step == "replace" and parts:
            gone = list(parts)[what % len(parts) :][:2]
            moved = list(dict.fromkeys(key for name in gone for key in parts[name]))
            for name in gone:
                del parts[name]
            parts[f"p{count}"] = moved
            index.replace(gone, f"p{count}", moved)
        elif step == "save":
            index = saved(index)
        assert places_in(index) == places(parts)
        assert index.parts == set(parts)
        assert len(index) == len(places(parts))


def test_store_finds_a_row_in_the_older_part_when_the_newer_is_gone(tmp_path: Path) -> None:
    """As after a merging on a disk without locks whose new part file is then removed by hand."""
    store = Store(tmp_path)
    store.add(MFCC, ["a"], values(1))
    folder = store.folder_of(MFCC)
    older = next(folder.glob("part-*"))
    content = older.read_bytes()
    older.unlink()
    other = Store(tmp_path)
    other.add(MFCC, ["b", "a", "c"], values(3)[[1, 0, 2]])
    newer = next(folder.glob("part-*"))
    older.write_bytes(content)
    another = Store(tmp_path)
    assert another.has(MFCC, ["a", "b"]).all()
    newer.rename(tmp_path / "away")
    another.add(MFCC, ["b", "c"], values(3)[1:])
    assert another.has(MFCC, ["a", "b", "c"]).all()
    assert (another.read(MFCC, ["a", "b", "c"]) == values(3)).all()
