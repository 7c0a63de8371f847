"""audformat databases: read as manifests, and manifests written as databases.

audformat (https://audeering.github.io/audformat) keeps a database as a header ``db.yaml`` and one
file for each table. A table is filewise or segmented, may belong to a split, and each of its
columns may have a scheme, which says what its values mean.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from featser.corpora.file_paths import relative_to, resolve
from featser.corpora.label_columns import cards_of, is_text_only
from featser.corpora.manifest import check_manifest
from featser.errors import FeatserError, ManifestError, shortened
from featser.io.atomic_write import output_errors
from featser.io.yaml_loading import HEADERS, load_yaml, read_yaml_text
from featser.tasks import MAX_CLASSES

if TYPE_CHECKING:
    import audformat

HEADER = "db.yaml"
TABLE = "utterances"

Key = tuple[str, float | None, float | None]
"""An utterance: its file, and its first and last second, both empty for the whole file."""


def is_database(folder: str | Path) -> bool:
    """Whether a folder holds an audformat database."""
    return (Path(folder) / HEADER).is_file()


def read_audformat(folder: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """Read an audformat database as a manifest.

    Rows of segmented tables are utterances; one from 0 to an open end is the whole file. So are
    files of which no segmented table has a row; elsewhere, labels of a file are those of each of
    its segments. A table's split becomes the column ``split``; what a scheme knows of its labels
    (the gender of a speaker, say) becomes columns of its own.

    Parameters
    ----------
    folder : str or Path
        Where ``db.yaml`` lies.

    Returns
    -------
    table : DataFrame
        The manifest, with absolute paths. Integers and floats of a scheme without labels are
        numbers, all else text. ``corpus`` is the database's name, and ``language`` its language
        (ISO 639-1 where there is such a code), unless columns say them.
    notes : list of str
        What was left out, and columns that two tables fill differently: the second one is then
        named ``TABLE.COLUMN`` (``TABLE.split_id`` for a split).

    Raises
    ------
    ManifestError
        If there is no database, or it cannot be read.
    """
    folder = Path(folder)
    db = _load(folder)
    notes: list[str] = []
    columns = [(table, *column) for table in db.tables for column in _columns(db, table, notes)]
    keys = _utterances(db)
    if not keys:
        raise ManifestError(f"{folder / HEADER}: its tables have no rows: add utterances")
    # The split leads the labels, whichever table names one first.
    values: dict[str, dict[Key, Any]] = {"split": {}} if db.splits else {}
    numbers = {"start", "end"}
    for table, column, series in columns:
        values_of = _spread(series, keys)
        name = column
        before = values.setdefault(name, {})
        if any(before.get(key, value) != value for key, value in values_of.items()):
            # A second split is no label: columns that end with _id are never predicted.
            name = f"{table}.{'split_id' if column == 'split' else column}"
            notes.append(
                f"two tables have different values; those of the second table are in `{name}`"
            )
            before = values.setdefault(name, {})
        before.update(values_of)
        if types.is_float_dtype(series):
            numbers.add(name)
    base = dict(zip(("file", "start", "end"), zip(*keys, strict=True), strict=True))
    filled = {name: [values_of.get(key) for key in keys] for name, values_of in values.items()}
    manifest = pd.DataFrame(
        {
            name: pd.Series(held, dtype="float64" if name in numbers else "object")
            for name, held in (base | filled).items()
        }
    )
    if "corpus" not in manifest:
        manifest["corpus"] = db.name
    if "language" not in manifest:
        manifest["language"] = _language(db, notes)
    manifest = check_manifest(manifest, str(folder / HEADER), {}, guess=False)
    manifest["file"] = resolve(manifest, folder)
    return manifest, notes


def write_audformat(table: pd.DataFrame, folder: str | Path) -> Path:
    """Write a manifest as an audformat database; no audio is copied.

    Parameters
    ----------
    table : DataFrame
        A manifest. Each split becomes a table ``utterances.SPLIT``, rows without one the table
        ``utterances``. Times are kept to the nanosecond.
    folder : str or Path
        A folder that does not exist yet, or is empty. Files are named relative to it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ManifestError
        If the folder holds something, or the table is no valid manifest.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ManifestError(f"{folder}: is not empty: name a new or an empty folder")
    table = check_manifest(table, f"the table for {folder}", {}, guess=False)
    if table.empty:
        raise ManifestError(f"the table for {folder} has no rows: a database needs utterances")
    table["file"] = pd.Series([relative_to(f, folder) for f in table["file"]], dtype="str")
    db = _database(table)
    with output_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder.parent) as temporary:
            whole = Path(temporary) / folder.name
            db.save(str(whole))
            whole.replace(folder)
    return folder


def _load(folder: Path) -> audformat.Database:
    """Read a database without running anything that it holds.

    audformat's own loader builds whatever Python objects a header names, and prefers pickled
    tables; either runs code. So the header is read as plain values, and pickled tables are not
    read.
    """
    import audformat

    if not is_database(folder):
        raise ManifestError(f"{folder}: contains no {HEADER}: give the folder of a database")
    header = folder / HEADER
    try:
        data = load_yaml(read_yaml_text(header, HEADERS), HEADERS)
        db = audformat.Database.load_header_from_yaml(data)
        with tempfile.TemporaryDirectory() as copies:
            for table_id in [*db.misc_tables, *db.tables]:
                db[table_id].load(str(_without_pickle(folder, table_id, Path(copies))))
    except FeatserError as error:
        raise ManifestError(f"{header}: {error}") from error
    except Exception as error:  # the header may hold anything, and so may its tables
        raise ManifestError(
            f"{header}: audformat cannot read it: {shortened(str(error))}"
        ) from error
    return db


def _without_pickle(folder: Path, table_id: str, copies: Path) -> Path:
    """Return where audformat finds a table as CSV or Parquet, without the ending."""
    name = f"{Path(HEADER).stem}.{table_id}"
    if Path(name).name != name or "\\" in name:
        raise ManifestError(f"the table '{shortened(table_id)}' lies outside the folder: rename it")
    if not (folder / f"{name}.pkl").exists():
        return folder / name
    plain = [file for end in ("parquet", "csv") if (file := folder / f"{name}.{end}").is_file()]
    if not plain:
        raise ManifestError(
            f"the table '{table_id}' exists only as a pickle, which may run code: save it as "
            f"CSV or Parquet (audformat's `storage_format`)"
        )
    shutil.copyfile(plain[0], copies / plain[0].name)
    return copies / name


def _columns(
    db: audformat.Database, table_id: str, notes: list[str]
) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Yield a table's columns, the labels of its schemes' labels, and its split."""
    table = db.tables[table_id]
    if table.split_id is not None:
        yield "split", pd.Series(table.split_id, table.index)
    for name, column in table.columns.items():
        scheme = None if column.scheme_id is None else db.schemes[column.scheme_id]
        if scheme is not None and scheme.dtype in ("time", "date"):
            notes.append(
                f"column `{name}` of table `{table_id}` contains times instead of labels: left out"
            )
            continue
        yield name, _plain(column.get(), name, labelled=scheme is not None and scheme.labels)
        for extra in _extras(db, scheme):
            if extra not in table.columns:
                yield extra, _plain(column.get(map=extra), extra, labelled=False)


def _extras(db: audformat.Database, scheme: Any) -> list[str]:
    """Names of what a scheme knows of its labels."""
    labels = None if scheme is None else scheme.labels
    if isinstance(labels, str):
        return list(db.misc_tables[labels].columns)
    if not isinstance(labels, dict):
        return []
    dictionaries = [values_of for values_of in labels.values() if isinstance(values_of, dict)]
    return list(dict.fromkeys(name for values_of in dictionaries for name in values_of))


def _plain(series: pd.Series[Any], name: str, *, labelled: Any) -> pd.Series[Any]:
    """Return numbers as float, all else as text, without what is missing."""
    series = series.dropna()
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    number = types.is_numeric_dtype(kind) and not types.is_bool_dtype(kind)
    if number and not labelled and not is_text_only(name):
        return series.astype("float64")
    return series.astype("object").map(str)


def _utterances(db: audformat.Database) -> list[Key]:
    """Return the segments of all tables, and the files that have none."""
    segments = dict.fromkeys(
        key for table in db.tables.values() if table.is_segmented for key in _keys(table.index)
    )
    cut = {file for file, _, _ in segments}
    files = dict.fromkeys(
        file for table in db.tables.values() if table.is_filewise for file in table.index
    )
    return [*segments, *((file, None, None) for file in files if file not in cut)]


def _keys(index: pd.Index[Any]) -> list[Key]:
    """Return a segmented index in seconds; from 0 to an open end is the whole file."""
    times = (
        pd.TimedeltaIndex(index.get_level_values(name)).total_seconds() for name in ("start", "end")
    )
    rows = zip(index.get_level_values("file"), *times, strict=True)
    keys: list[Key] = []
    for file, start, end in rows:
        last = None if np.isnan(end) else float(end)
        keys.append((file, None if last is None and start == 0 else float(start), last))
    return keys


def _spread(series: pd.Series[Any], keys: list[Key]) -> dict[Key, Any]:
    """Return a column's values by utterance; those of a file go to each of its segments."""
    if isinstance(series.index, pd.MultiIndex):
        return dict(zip(_keys(series.index), series.tolist(), strict=True))
    values_of = dict(zip(series.index, series.tolist(), strict=True))
    return {key: values_of[key[0]] for key in keys if key[0] in values_of}


def _language(db: audformat.Database, notes: list[str]) -> str | None:
    """Return the database's language, by its two-letter code where it has one."""
    import iso639

    languages = list(db.languages)
    if len(languages) > 1:
        notes.append(
            f"the database has several languages ({', '.join(languages)}): `language` is empty"
        )
    if len(languages) != 1:
        return None
    try:
        return str(iso639.Lang(languages[0]).pt1 or languages[0])
    except iso639.exceptions.InvalidLanguageValue:
        return str(languages[0])


def _database(table: pd.DataFrame) -> audformat.Database:
    """Return a manifest as a database in memory."""
    import audformat

    corpora = [str(name) for name in table["corpus"].dropna().unique()]
    cards = cards_of(table["corpus"])
    db = audformat.Database(
        "-".join(corpora) or "manifest",
        source="; ".join(dict.fromkeys(card.source for card in cards)),
        usage=audformat.define.Usage.OTHER,
        languages=_language_names(table["language"]),
        license="; ".join(dict.fromkeys(card.licence for card in cards if card.licence)) or None,
        description="A manifest of featser: its labels, without audio.",
    )
    labels = [name for name in table.columns if name not in ("file", "start", "end", "split")]
    for name in labels:
        db.schemes[name] = _scheme(table[name], name)
    # One segment makes all tables segmented: a filewise row of a file that is cut elsewhere would
    # be read as labels of its segments.
    whole = bool(table[["start", "end"]].isna().all(axis=None))
    parts = table.get("split", pd.Series(np.nan, table.index))
    for split, rows in table.groupby(parts, dropna=False):
        dictionaries = not pd.isna(split)
        if dictionaries:
            kinds = ("train", "dev", "test")
            db.splits[split] = audformat.Split(str(split) if split in kinds else "other")
        made = db[_table_id(db, str(split) if dictionaries else "")] = audformat.Table(
            _index(rows, whole=whole), split_id=str(split) if dictionaries else None
        )
        for name in labels:
            made[name] = audformat.Column(scheme_id=name)
            made[name].set(rows[name].tolist())
    return db


def _scheme(values: pd.Series[Any], name: str) -> audformat.Scheme:
    import audformat

    if types.is_float_dtype(values):
        return audformat.Scheme(audformat.define.DataType.FLOAT)
    classes = sorted(values.dropna().unique())
    if is_text_only(name) or not 0 < len(classes) <= MAX_CLASSES:
        return audformat.Scheme(audformat.define.DataType.STRING)
    return audformat.Scheme(labels=classes)


def _index(rows: pd.DataFrame, *, whole: bool) -> Any:
    """Return a filewise index of whole files, or a segmented one."""
    import audformat

    files = rows["file"].tolist()
    if whole:
        return audformat.filewise_index(files)
    starts, ends = (
        [pd.NaT if np.isnan(t) else pd.Timedelta(round(t * 1e9), unit="ns") for t in times]
        for times in (rows["start"].fillna(0.0), rows["end"])
    )
    return audformat.segmented_index(files, starts, ends)


def _table_id(db: audformat.Database, split: str) -> str:
    """Return a name for a split's table that no other table has and any file system takes."""
    table_id = f"{TABLE}.{re.sub(r'[^A-Za-z0-9_-]', '_', split)}" if split else TABLE
    names = [table_id, *(f"{table_id}.{n}" for n in range(2, len(db.tables) + 3))]
    return next(name for name in names if name not in db.tables)


def _language_names(values: pd.Series[Any]) -> list[str]:
    """Return the languages that ISO 639 knows; the column keeps all of them."""
    import iso639

    return [str(name) for name in values.dropna().unique() if iso639.is_language(str(name))]
