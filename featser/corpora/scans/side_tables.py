"""Side tables: labels that a corpus keeps in a table or list beside its recordings."""

from __future__ import annotations

import csv
import io
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from statistics import stdev
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from featser.audio.conversion import CONVERTIBLE
from featser.corpora.card import Card
from featser.corpora.card_schema import AUDIO_ENDINGS, fill
from featser.corpora.patterns import Pattern
from featser.corpora.side_table_schema import Names, SideTable
from featser.errors import CardError, counted, shortened
from featser.io.remote_files import local_copy
from featser.ratings.rating_columns import cell_of, ratings_column

Values = dict[str, Any]
_ENDINGS = (*AUDIO_ENDINGS, *CONVERTIBLE)
"""A table may name recordings by the endings that they had before they were converted."""


@dataclass
class _Row:
    """What a table says of one recording: its cells by column, and each rater's by group."""

    where: str
    key: str
    cells: dict[str, str]
    ratings: list[dict[str, str]] = field(default_factory=list)


def join_tables(
    card: Card,
    folder: Path,
    table: pd.DataFrame,
    names: list[str],
    groups: list[dict[str, str]],
    notes: list[str],
) -> pd.DataFrame:
    """Add the columns of a card's side tables.

    Parameters
    ----------
    card : Card
        The corpus.
    folder : Path
        Its folder; a side table lies there or in the folder above.
    table : DataFrame
        One row for each recording.
    names : list of str
        Each recording's path below the folder, without its ending.
    groups : list of dict
        The groups of each recording's name.
    notes : list of str
        Receives a sentence for each table that is not there, for recordings without a row, and
        for lines and numbers that are not used.

    Returns
    -------
    DataFrame
        With a column for each of the tables' columns, float for numbers and ratings; missing
        where the table says nothing.

    Raises
    ------
    CardError
        If a table cannot be read, lacks a column, names a recording twice, holds no number where
        one is due, or a text that is none of its codes.
    """
    table = table.copy()
    for side in card.tables:
        paths = _find(side, folder)
        values_by_key: dict[str, Values] = {}
        for path in paths:
            for key, values in read_side_table(side, path, notes).items():
                if key in values_by_key:
                    raise CardError(f"{path}: '{key}' is in another table already: remove one")
                values_by_key[key] = values
        keys = _keys(side, names, groups)
        for column in side.columns:
            matches = [values_by_key.get(key, {}).get(column) for key in keys]
            is_text = column in side.texts or column in side.rated
            table[column] = pd.Series(matches, dtype="str" if is_text else "float64")
        _note_gaps(side, folder, paths, [key for key in keys if key not in values_by_key], notes)
    return table


def side_table_files(card: Card, files: Iterable[str]) -> list[str]:
    """Return which of the files below a corpus's folder may be side tables of its card."""
    patterns = [name.removeprefix("**/") for side in card.tables for name in side.file]
    return [file for file in files if any(PurePosixPath(file).match(p) for p in patterns)]


@contextmanager
def side_table_copies(card: Card, listed: Mapping[str, str]) -> Iterator[Path]:
    """Give copies of the side tables among files elsewhere, for the length of the block.

    Parameters
    ----------
    card : Card
        The corpus.
    listed : mapping of str to str
        The locations of all files, by their paths below the corpus's folder.

    Yields
    ------
    Path
        A folder that stands for the corpus's.
    """
    with TemporaryDirectory() as copies:
        # A folder of its own: side tables may lie above the corpus.
        tables = Path(copies, "corpus")
        tables.mkdir()
        for name in side_table_files(card, listed):
            copy = tables / name
            if not copy.resolve().is_relative_to(tables.resolve()):
                raise CardError(f"the side table {shortened(name)!r} lies outside the corpus")
            copy.parent.mkdir(parents=True, exist_ok=True)
            with local_copy(listed[name]) as held:
                copy.write_bytes(held.read_bytes())
        yield tables


def read_side_table(side: SideTable, path: Path, notes: list[str]) -> dict[str, Values]:
    """Read a side table: the manifest's columns for each recording's name."""
    try:
        text = unicodedata.normalize("NFC", path.read_bytes().decode(side.encoding))
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: cannot be read as {side.encoding}: {error}") from error
    rows = _rows_of_table(side, path, text) if side.lines is None else []
    if side.lines is not None:
        rows = _rows_of_lines(side, path, text, notes)
    values_by_key: dict[str, Values] = {}
    outside: list[str] = []
    for row in rows:
        if row.key in values_by_key:
            raise CardError(f"{row.where}: '{row.key}' occurs twice: remove one")
        values_by_key[row.key] = _values(side, row, outside)
    if outside and side.bounds is not None:
        notes.append(
            f"{len(outside)} values lie outside {side.bounds[0]:g} to {side.bounds[1]:g} and are "
            f"taken as missing, such as {outside[0]}"
        )
    return values_by_key


def _find(side: SideTable, folder: Path) -> list[Path]:
    for name in side.file:
        if "*" in name:
            try:
                matches = [p for p in sorted(folder.glob(name)) if not p.name.startswith(".")]
            except (ValueError, NotImplementedError) as error:
                raise CardError(
                    f"`tables.file` '{name}' is not a relative pattern: {error}"
                ) from error
        else:
            places = (folder, folder.absolute().parent)
            matches = [place / name for place in places if (place / name).is_file()][:1]
        if matches:
            return matches
    return []


def _keys(side: SideTable, names: list[str], groups: list[dict[str, str]]) -> list[str]:
    """Return what each recording is looked up by."""
    if side.join_on is not None:
        return [fill(side.join_on, each) for each in groups]
    return names if side.matches == "path" else [PurePosixPath(name).name for name in names]


def _note_gaps(
    side: SideTable, folder: Path, paths: list[Path], lost: list[str], notes: list[str]
) -> None:
    if not paths:
        names, columns = " or ".join(side.file), side.columns
        notes.append(
            f"{names} was not found in {folder} or the folders above it: {', '.join(columns)} "
            f"{'is' if len(columns) == 1 else 'are'} empty"
        )
    elif lost:
        where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files such as {paths[0]}"
        verb = "has" if len(paths) == 1 else "have"
        notes.append(
            f"{where} {verb} no row for {counted(len(lost), 'recording')}, such as {lost[0]}"
        )


def _rows_of_table(side: SideTable, path: Path, text: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=side.separator)
    header = [cell.strip() for cell in next(reader, [])]
    counted_columns = [(name,) for names in side.counts.values() for name in names.values()]
    fitting = {name: Pattern(text) for name, text in side.rows.items()}
    for names in (
        side.key, *side.numbers.values(), *side.texts.values(), *counted_columns,
        *((name,) for name in fitting),
    ):  # fmt: skip
        if not set(names) & set(header):
            alternatives = "' or '".join(names)
            raise CardError(f"{path}: no column '{alternatives}'; columns: {', '.join(header)}")
    for line in reader:
        cells = dict(zip(header, (cell.strip() for cell in line), strict=False))
        if any(one.groups_of(cells.get(name, "")) is None for name, one in fitting.items()):
            continue
        key = _without_ending(_cell(cells, side.key)[1])
        if key:
            yield _Row(f"{path}, line {reader.line_num}", key, cells)


def _rows_of_lines(side: SideTable, path: Path, content: str, notes: list[str]) -> list[_Row]:
    assert side.lines is not None
    row, ratings, other = side.lines.regexes
    rows: list[_Row] = []
    strange: list[str] = []
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip()
        if (matches := row.groups_of(text)) is not None:
            cells = _stripped(matches)
            key = _without_ending(fill(side.key[0], cells))
            rows.append(_Row(f"{path}, line {number}", key, cells))
        elif rows and (matches := _first_match(ratings, text)) is not None:
            rating_cells = _stripped(matches)
            if rating_cells not in rows[-1].ratings:
                rows[-1].ratings.append(rating_cells)
        elif text and (other is None or other.groups_of(text) is None):
            strange.append(f"line {number}, '{text[:60]}'")
    if strange:
        notes.append(f"{path}: {len(strange)} lines cannot be parsed, such as {strange[0]}")
    return rows


def _first_match(patterns: Iterable[Pattern], text: str) -> dict[str, str | None] | None:
    matches = (pattern.groups_of(text) for pattern in patterns)
    return next((groups for groups in matches if groups is not None), None)


def _stripped(groups: Mapping[str, str | None]) -> dict[str, str]:
    return {name: (text or "").strip() for name, text in groups.items()}


def _values(side: SideTable, row: _Row, outside: list[str]) -> Values:
    values: Values = {}
    for column, names in side.numbers.items():
        name, text = _cell(row.cells, names)
        values[column] = _number(side, text, f"{row.where}: `{name}`", outside)
    for column, names in side.texts.items():
        name, text = _cell(row.cells, names)
        values[column] = _meaning(side.codes.get(column), text, f"{row.where}: `{name}`")
    for column, group in side.ratings.items():
        where = f"{row.where}: a rating of `{group}`"
        given = [
            (cells.get("rater", ""), _number(side, cells.get(group, ""), where, outside))
            for cells in row.ratings
        ]
        held = [(rater, number) for rater, number in given if number is not None]
        values[f"{column}_raters"] = float(len(held))
        values[f"{column}_sd"] = stdev([n for _, n in held]) if len(held) > 1 else None
        values[ratings_column(column)] = cell_of(held)
    for label, group in side.votes.items():
        codes = side.codes.get(ratings_column(label), {})
        votes = [(cells.get("rater", ""), codes.get(cells.get(group, ""))) for cells in row.ratings]
        values[ratings_column(label)] = cell_of([(r, vote) for r, vote in votes if vote])
    for label, columns in side.counts.items():
        values[ratings_column(label)] = cell_of(_counted_votes(columns, row))
    return values


def _counted_votes(columns: Mapping[str, str], row: _Row) -> list[tuple[str, str]]:
    votes: list[tuple[str, str]] = []
    for name, column in columns.items():
        text = row.cells.get(column, "")
        if text and not (text.isascii() and text.isdigit()):
            raise CardError(
                f"{row.where}: `{column}` is '{shortened(text)}', no number of votes: correct it "
                f"or leave it empty"
            )
        votes += [("", name)] * int(text or 0)
    return votes


def _cell(cells: Mapping[str, str], names: Names) -> tuple[str, str]:
    """Return the first of the alternative columns that is there, and its text."""
    name = next((name for name in names if name in cells), names[0])
    return name, cells.get(name, "")


def _meaning(codes: Mapping[str, str] | None, text: str, where: str) -> str | None:
    if codes is None or not text:
        return text or None
    if text not in codes:
        raise CardError(
            f"{where} is '{text}', not one of the codes {', '.join(codes)}: correct it or "
            f"leave it empty"
        )
    return codes[text] or None


def _without_ending(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    return str(path.with_suffix("")) if path.suffix.lower() in _ENDINGS else name


def _number(side: SideTable, text: str, where: str, outside: list[str]) -> float | None:
    if not text:
        return None
    try:
        number = float(text.replace(side.decimal, "."))
    except ValueError as error:
        raise CardError(
            f"{where} is '{text}', not a number: correct it or leave it empty"
        ) from error
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise CardError(f"{where} is '{text}', not a number: correct it or leave it empty")
    if side.bounds is not None and not side.bounds[0] <= number <= side.bounds[1]:
        outside.append(f"'{text}' ({where})")
        return None
    return number
