"""Manifests as spreadsheets and other people write them are read, and notes say how."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.file_paths import resolve
from featser.corpora.manifest import notes_of, read_manifest
from featser.corpora.manifest_stream import ManifestFile
from featser.errors import ManifestError


def both(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a manifest as a whole and in blocks; both must be equal."""
    table, file = read_manifest(path), ManifestFile(path)
    notes = notes_of(table)
    assert file.notes == notes
    blocks = pd.concat(file.blocks(), ignore_index=True)
    pd.testing.assert_frame_equal(
        blocks.drop(columns="file"), table.drop(columns="file"), check_column_type=False
    )
    assert blocks["file"].tolist() == resolve(table, path.parent).tolist()
    return table, notes


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "m.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("path,label", ["file", "label"]),
        ("File Name,Begin,Stop,Actor ID,class", ["file", "start", "end", "speaker", "class"]),
        ("wav_path,onset,offset,spk", ["file", "start", "end", "speaker"]),
        ("Audio,Emotion,Lang", ["file", "emotion", "language"]),
        ("filepath,offset", ["file", "offset"]),
        ("file,path,audio,speaker,actor,subject", None),
        ("file,start,end,speaker,language,corpus,onset,class", None),
    ],
)
def test_columns_are_found_by_usual_names_and_canonical_ones_are_left_alone(
    tmp_path: Path, header: str, names: list[str] | None
) -> None:
    count = len(header.split(","))
    cells = ["a.wav", *(str(n) for n in range(1, count))]
    table, notes = both(written(tmp_path, f"{header}\n{','.join(cells)}\n"))
    expected = header.split(",") if names is None else names
    assert set(table.columns) == {"file", "start", "end", "speaker", "language", "corpus"} | set(
        expected
    )
    renamed = [
        f"column `{old}` is read as `{new}`"
        for old, new in zip(header.split(","), expected, strict=True)
        if old != new
    ]
    assert sorted(notes) == sorted(renamed)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "path,filename,label",
            "`path` and `filename` may each be the column `file`: .*--map",
        ),
        ("file,actor,subject", "`actor` and `subject` may each be the column `speaker`"),
        ("file,onset,stop,offset", "`stop` and `offset` may each be the column `end`"),
        ("file,onset,duration", "have a `onset` and a `duration`, but no end"),
        ("label,who", "no column `file`; columns: label, who"),
    ],
)
def test_two_columns_of_one_meaning_are_refused_with_the_fix(
    tmp_path: Path, header: str, message: str
) -> None:
    path = written(tmp_path, f"{header}\n{','.join('abcd'[: len(header.split(','))])}\n")
    for read in (read_manifest, ManifestFile):
        with pytest.raises(ManifestError, match=message):
            read(path)


def test_a_mapped_column_decides_between_two(tmp_path: Path) -> None:
    path = written(tmp_path, "path,filename,label\nx/a.wav,a.wav,sad\n")
    table = read_manifest(path, columns={"path": "file", "label": "emotion"})
    assert table[["file", "filename", "emotion"]].iloc[0].tolist() == ["x/a.wav", "a.wav", "sad"]
    for columns, message in [
        ({"pth": "file"}, "--map pth=file: unknown column 'pth'.*path"),
        ({"path": "label"}, "there is a column `label` already"),
    ]:
        with pytest.raises(ManifestError, match=message):
            read_manifest(path, columns=columns)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_that_are_certain_need_no_note(tmp_path: Path, encoding: str) -> None:
    table, notes = both(written(tmp_path, "file;emotion\nä.wav;মন\n", encoding))
    assert table[["file", "emotion"]].iloc[0].tolist() == ["ä.wav", "মন"]
    assert notes == []


def test_latin_1_is_read_with_a_note_and_damaged_utf_8_is_refused(tmp_path: Path) -> None:
    table, notes = both(written(tmp_path, "file,emotion\na.wav,wütend\n", "latin-1"))
    assert table["emotion"].tolist() == ["wütend"]
    assert "was read as Windows-1252 (Latin-1), with words such as 'a.wav,wütend'" in notes[0]
    path = tmp_path / "m.csv"
    for content in ("file\nরাগ.wav\n".encode()[:-7] + b"\n", b"file\n\xff\x00\n", b"file\n\x81\n"):
        path.write_bytes(content)
        with pytest.raises(ManifestError, match="not UTF-8 text"):
            read_manifest(path)


def test_decimal_commas_are_numbers_only_where_all_of_a_column_are(tmp_path: Path) -> None:
    lines = [
        "file;begin;end;arousal;text;speaker",
        "1,5.wav;0,25;1;3,5;1,5;1,5",
        "b.wav;1;2,75;NA;a,b;2,5",
        "c.wav;;;-1;2,5;3",
    ]
    table, notes = both(written(tmp_path, "\n".join(lines)))
    assert table["start"].tolist()[:2] == [0.25, 1.0]
    assert table["end"].tolist()[:2] == [1.0, 2.75]
    assert table["arousal"].fillna(0).tolist() == [3.5, 0.0, -1.0]
    assert table["text"].tolist() == ["1,5", "a,b", "2,5"]
    assert table["speaker"].tolist() == ["1,5", "2,5", "3"]
    assert table["file"].iloc[0] == "1,5.wav"
    assert "numbers with a decimal comma: `start`, `end`, `arousal`" in notes


def test_errors_name_file_line_and_the_column_as_it_is_written(tmp_path: Path) -> None:
    text = 'path,onset,text\na.wav,0,"two\nlines"\n\nb.wav,1:30,x\n'
    with pytest.raises(ManifestError, match=r"m\.csv, line 5: `onset` is '1:30', not a number"):
        read_manifest(written(tmp_path, text))
    twice = 'path,text\na.wav,"two\nlines"\n\nb.wav,x\na.wav,y\n'
    for read in (read_manifest, ManifestFile):
        with pytest.raises(ManifestError, match=r"line 6: 'a.wav' is in line 2 already"):
            read(written(tmp_path, twice))
    with pytest.raises(ManifestError, match=r"line 3: 3 fields, the header has 2 \(`path`, `a`\)"):
        read_manifest(written(tmp_path, "path,a\nx,y\nx,y,z\n"))
    with pytest.raises(ManifestError, match=r"line 3: a double quote is opened here and not"):
        read_manifest(written(tmp_path, 'path,a\nx,y\n"z,y\n'))


def test_back_slashes_are_slashes_unless_a_file_has_that_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.wav").touch()
    (tmp_path / "sub\\b.wav").touch()
    table, notes = both(written(tmp_path, "file\nsub\\a.wav\nsub\\b.wav\n"))
    assert table["file"].tolist() == ["sub/a.wav", "sub\\b.wav"]
    assert notes == ["1 path with back-slashes (Windows) read with slashes"]


def test_blanks_around_a_path_are_removed_unless_a_file_has_that_name(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", " b.wav", "d.wav"):
        (tmp_path / name).touch()
    text = "emotion, file\nsad, a.wav\nsad, b.wav\nsad, c.wav\nsad,.\\d.wav\u00a0\n"
    table, notes = both(written(tmp_path, text))
    assert table["file"].tolist() == ["a.wav", " b.wav", " c.wav", "./d.wav"]
    assert notes == [
        "1 path with back-slashes (Windows) read with slashes",
        "2 paths with blanks at the ends read without them",
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_without_text_and_a_stated_separator_are_passed_over(
    tmp_path: Path, separator: str, end: str
) -> None:
    """Spreadsheets leave such rows where cells were emptied, and Excel reads ``sep=``."""
    lines = ["file,emotion,text", "a.wav,sad,x", ",,", "   ", "", "b.wav,angry,y", " ,,", ",,"]
    rows = [line.replace(",", separator) for line in lines]
    for before in ([], ["", "  "], [f"sep={separator}"], [f"SEP={separator}", ""]):
        table, notes = both(written(tmp_path, end.join([*before, *rows])))
        assert table["file"].tolist() == ["a.wav", "b.wav"]
        assert table["text"].tolist() == ["x", "y"]
        assert notes == []
        wrong = end.join([*before, *rows, f"c.wav{separator}sad"])
        message = rf"line {len(before) + 9}: 2 fields, the header has 3"
        with pytest.raises(ManifestError, match=message):
            read_manifest(written(tmp_path, wrong))


@pytest.mark.parametrize(("disk", "table"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accented_names_are_found_in_either_form(tmp_path: Path, disk: str, table: str) -> None:
    name = "frö/é.wav"
    on_disk = tmp_path / unicodedata.normalize(disk, name)
    on_disk.parent.mkdir()
    on_disk.touch()
    path = written(tmp_path, f"file\n{unicodedata.normalize(table, name)}\n")
    (file,) = resolve(read_manifest(path), tmp_path)
    assert Path(file).is_file()
    (tmp_path / "späte.wav").touch()  # a name that comes later is found as well
    late = pd.DataFrame({"file": [unicodedata.normalize("NFD", "späte.wav")]})
    assert os.path.realpath(resolve(late, tmp_path).iloc[0]) == os.path.realpath(
        tmp_path / "späte.wav"
    )
