"""The first sheet of a workbook is a manifest; damaged and hostile workbooks are refused."""

from __future__ import annotations

import datetime
import re
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.manifest import notes_of, read_manifest
from featser.corpora.manifest_stream import streams
from featser.corpora.tables import excel_table
from featser.errors import ManifestError, ResourceError

pytestmark = pytest.mark.extras


def workbook(path: Path, *sheets: list[list[object]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def changed(path: Path, old: str, new: str) -> None:
    """Replace text in the workbook's first sheet."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    text = members[name].decode()
    assert re.search(old, text)
    members[name] = re.sub(old, new, text, count=1).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def test_the_first_sheet_is_read_and_notes_say_what_is_not(tmp_path: Path) -> None:
    day = datetime.datetime(2026, 11, 30)
    rows: list[list[object]] = [
        ["Path", "onset", "stop", "Speaker", "label", "day"],
        ["a.wav", 0.5, 2, 1.0, "sad", day],
        [None] * 6,
        ["b.wav", None, None, 2, " happy ", None],
    ]
    path = workbook(tmp_path / "m.xlsx", rows, [["x"]])
    table = read_manifest(path)
    assert table["file"].tolist() == ["a.wav", "b.wav"]
    assert (table["start"][0], table["end"][0]) == (0.5, 2.0)
    assert table["speaker"].tolist() == ["1", "2"]
    assert table["label"].tolist() == ["sad", "happy"]
    assert table["day"].iloc[0] == "2026-11-30"
    assert notes_of(table)[0] == "sheet 'S1' was read; not: S2"
    assert not streams(path)


def test_the_first_sheet_with_recordings_is_read(tmp_path: Path) -> None:
    notes: list[list[object]] = [["Corpus of 2026"], ["see the next sheet"]]
    rows: list[list[object]] = [[" "], ["file", "label"], ["a.wav", "sad"], [" "] * 30]
    path = workbook(tmp_path / "m.xlsx", notes, [], rows, [["file"], ["x.wav"]])
    table = read_manifest(path)
    assert table["file"].tolist() == ["a.wav"]
    assert notes_of(table)[0] == "sheet 'S3' was read; not: S1, S2, S4"
    with pytest.raises(ManifestError, match="columns: Corpus of 2026"):
        read_manifest(workbook(path, notes))


def test_what_cells_do_not_show_is_read_and_noted(tmp_path: Path) -> None:
    """The value of merged cells is in the first one; formulas may have been saved without one."""
    import openpyxl

    path = tmp_path / "m.xlsx"
    rows: list[list[object]] = [["file", "speaker", "emotion"]]
    rows += [[f"{n}.wav", f"s{n % 2}", "sad"] for n in range(6)]
    workbook(path, rows)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet.merge_cells("B2:B4")
    sheet.merge_cells("B5:B7")
    sheet.merge_cells("E2:E7")
    sheet.row_dimensions[3].hidden = True
    sheet["C6"], sheet["C7"] = '="an"&"gry"', "=C6"
    book.save(path)
    table = read_manifest(path)
    assert table["speaker"].tolist() == ["s0"] * 3 + ["s1"] * 3
    assert table["emotion"].isna().tolist() == [False] * 4 + [True] * 2
    assert notes_of(table) == [
        "4 cells read with the value of merged cells",
        "1 hidden row read like the others",
        "2 formulas without a value read as empty: open the workbook in a spreadsheet program and "
        "save it",
    ]


def test_an_old_workbook_or_one_with_a_password_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000))
    with pytest.raises(ManifestError, match=r"an old workbook \(\.xls\), or one with a password"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "m.xlsx: empty"),
        ([["file", "a"], ["x", 1, 2]], "row 2: 3 cells, the header in row 1 has 2"),
        ([["file", "start"], ["x", 1], ["y", "soon"]], "m.xlsx, row 3: `start` is 'soon'"),
        ([["file", "start"], ["x", 1], [], ["x", 1]], "row 4: 'x' is in row 2 already"),
    ],
)
def test_faults_are_named_by_the_sheets_rows(
    tmp_path: Path, rows: list[list[object]], message: str
) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(workbook(tmp_path / "m.xlsx", rows))


def test_damaged_and_hostile_workbooks_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.xlsx"
    path.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(ManifestError, match=r"m\.xlsx: not an Excel workbook"):
        read_manifest(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(ManifestError, match=r"m\.xlsx: not an Excel workbook that can be read"):
        read_manifest(path)
    rows: list[list[object]] = [["file"], ["a.wav"]]
    changed(workbook(path, rows), 'r="2"', 'r="999999999999"')
    with pytest.raises(ManifestError, match="a sheet has at most 1,048,576 rows"):
        read_manifest(path)
    changed(workbook(path, rows), 'r="A2"', 'r="XFD2"')
    with pytest.raises(ManifestError, match="row 2: a sheet has at most"):
        read_manifest(path)
    pairs = zip("abcdefghi", "bcdefghij", strict=True)
    entities = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairs)
    bomb = f'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">{entities}]><worksheet '
    changed(workbook(path, rows), "<worksheet ", bomb)
    changed(path, "<sheetData>", "<x>&j;</x><sheetData>")
    with pytest.raises(ManifestError, match="not an Excel workbook that can be read"):
        read_manifest(path)
    monkeypatch.setattr(excel_table, "MAX_BYTES", 1000)
    with pytest.raises(ManifestError, match="MB when unpacked"):
        read_manifest(workbook(path, rows))


def test_without_openpyxl_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pd.DataFrame({"file": ["a"]}).to_excel(tmp_path / "m.xlsx", index=False)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ResourceError, match=r"pip install 'featser\[excel\]'"):
        read_manifest(tmp_path / "m.xlsx")
