"""Tables are looked up by name: shipped ones, the user's own, or a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from featser.auxiliary import auxiliary_lookup
from featser.auxiliary.auxiliary_files import write_auxiliary
from featser.auxiliary.auxiliary_lookup import checked_name, find_auxiliary, list_auxiliary
from featser.errors import AuxiliaryError
from tests.auxiliary.small_tables import small_table


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A folder of shipped tables `first` and `second`, and a user's folder without tables."""
    shipped, user = tmp_path / "shipped", tmp_path / "cache" / "auxiliary"
    for name in ("second", "first"):
        write_auxiliary(
            replace(small_table(specs=("rhythm",)), name=name), shipped / f"{name}.parquet"
        )
    (shipped / "README.md").write_text("licences")
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(auxiliary_lookup, "shipped_folder", lambda: shipped)
    return shipped, user


def test_shipped_tables_looked_up_by_name(folders: tuple[Path, Path]) -> None:
    assert [(one.name, one.is_shipped) for one in list_auxiliary()] == [
        ("first", True),
        ("second", True),
    ]
    assert [table.name for table in find_auxiliary("second", "first")] == ["second", "first"]


def test_open_stands_for_shipped_tables_and_each_is_read_once(folders: tuple[Path, Path]) -> None:
    _, user = folders
    write_auxiliary(small_table(), user / "own.parquet")
    assert [table.name for table in find_auxiliary("open")] == ["first", "second"]
    names = [table.name for table in find_auxiliary("own", "open", "first", "own")]
    assert names == ["own", "first", "second"]


def test_own_table_stands_for_shipped_one_but_not_in_open(folders: tuple[Path, Path]) -> None:
    _, user = folders
    write_auxiliary(replace(small_table(), name="first", licence="mine"), user / "first.parquet")
    assert [(one.name, one.is_shipped) for one in list_auxiliary()] == [
        ("first", False),
        ("second", True),
    ]
    assert find_auxiliary("first")[0].licence == "mine"
    assert {table.licence for table in find_auxiliary("open")} == {"CC0"}


def test_path_of_a_file_read(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, _ = folders
    monkeypatch.chdir(shipped)
    assert [table.name for table in find_auxiliary("first.parquet", "./first.parquet")] == ["first"]
    with pytest.raises(AuxiliaryError, match=r"none\.parquet: no such file"):
        find_auxiliary("none.parquet")


def test_unknown_name_gets_the_nearest_and_what_to_do(folders: tuple[Path, Path]) -> None:
    with pytest.raises(AuxiliaryError) as caught:
        find_auxiliary("secnd")
    assert str(caught.value) == (
        "unknown auxiliary corpus 'secnd'; did you mean 'second'? valid: first, second, open; "
        "`featser aux add` adds one, or name a .parquet file"
    )


def test_open_without_shipped_tables_says_what_to_do(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auxiliary_lookup, "shipped_folder", lambda: None)
    with pytest.raises(AuxiliaryError, match="brings no auxiliary corpora: add one with"):
        find_auxiliary("open")


@pytest.mark.parametrize("name", ["", "Open", "../x", "a b", "x" * 65, "-x", "open", "a\nb"])
def test_name_that_cannot_be_a_file_refused(name: str) -> None:
    with pytest.raises(AuxiliaryError, match="name"):
        checked_name(name)
