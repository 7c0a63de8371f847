"""A list of published folds: which fold tests each recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from featser.corpora.fold_lists.fold_json_lines import entries_of_folder, entries_of_lines
from featser.corpora.fold_lists.fold_table import columns_of_table, entries_of_table
from featser.corpora.fold_lists.list_entry import TEST, ListEntry
from featser.credentials import without_credentials
from featser.errors import ManifestError, ProtocolError, counted, shortened
from featser.io.location import is_remote, local_path, path_part
from featser.io.remote_files import local_copy

JSON_ENDINGS = (".jsonl", ".json")
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".parquet")
_EXAMPLES = 3


@dataclass(frozen=True)
class FoldList:
    """Which fold tests each recording, by the names of the source.

    Attributes
    ----------
    origin : str
        What the user named, for messages.
    fold_of : dict of str to str
        The name of each recording, and the name of the fold that tests it.
    notes : tuple of str
        Remarks for readers of the figures.
    """

    origin: str
    fold_of: dict[str, str]
    notes: tuple[str, ...] = ()


def read_fold_list(location: str | Path) -> FoldList:
    r"""Read published folds.

    Parameters
    ----------
    location : str or Path
        A table (``.csv``, ``.tsv``, ``.txt``, ``.parquet``) with the columns ``name`` or ``file``,
        ``fold``, and perhaps ``split``; JSON lines (``.jsonl``) with these fields; or a folder of
        JSON lines as EmoBox has them, such as ``fold_1/emodb_test_fold_1.jsonl``. A table or a
        file of JSON lines may be a URL.

    Returns
    -------
    FoldList

    Raises
    ------
    ManifestError
        If it cannot be read, or lacks names or folds.
    ProtocolError
        If two folds test a recording, or the test lists leave recordings out.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("folds.csv").write_text("name,fold\n03a01Fa,1\n03a01Nc,2\n")
    >>> read_fold_list("folds.csv").fold_of
    {'03a01Fa': '1', '03a01Nc': '2'}
    """
    origin = without_credentials(str(location))
    try:
        return fold_list_of(origin, list(_entries(location, origin)))
    except UnicodeDecodeError as error:
        raise ManifestError(f"{origin}: not UTF-8 text ({error}): save it as UTF-8") from error
    except OSError as error:
        raise ManifestError(f"{origin}: cannot be read: {error.strerror or error}") from error


def is_manifest_of_folds(location: str | Path) -> bool:
    """Return whether published folds are a table with a column ``file``, as manifests are.

    Examples
    --------
    >>> is_manifest_of_folds("folds.jsonl")
    False
    """
    if path_part(location).suffix.lower() not in TABLE_ENDINGS:
        return False
    with local_copy(location) as file:
        return "file" in columns_of_table(file, without_credentials(str(location)))


def _entries(location: str | Path, origin: str) -> Iterator[ListEntry]:
    if not is_remote(location) and local_path(location).is_dir():
        yield from entries_of_folder(local_path(location), origin)
        return
    ending = path_part(location).suffix.lower()
    if ending not in (*JSON_ENDINGS, *TABLE_ENDINGS):
        raise ManifestError(
            f"{origin}: folds are a table ({', '.join(TABLE_ENDINGS)}), JSON lines "
            f"({', '.join(JSON_ENDINGS)}) or a folder of JSON lines"
        )
    with local_copy(location) as file:
        if ending in JSON_ENDINGS:
            yield from entries_of_lines(file, origin)
        else:
            yield from entries_of_table(file, origin)


def fold_list_of(origin: str, entries: Iterable[ListEntry]) -> FoldList:
    """Return the fold that tests each recording.

    Parameters
    ----------
    origin : str
        What the user named, for messages.
    entries : iterable of ListEntry
        Of test lists, and perhaps of training and validation lists, by which the test lists are
        checked.

    Raises
    ------
    ManifestError
        If no entry is of a test list.
    ProtocolError
        If two folds test a recording, or the test lists leave out a recording of another list.

    Examples
    --------
    >>> entries = [ListEntry("a", "1", "test"), ListEntry("b", "2", "test")]
    >>> fold_list_of("folds.csv", entries).fold_of
    {'a': '1', 'b': '2'}
    """
    table = pd.DataFrame(entries, columns=ListEntry._fields).drop_duplicates()
    tested = table[table["split"] == TEST]
    if tested.empty:
        raise ManifestError(f"{origin}: names no recording with a fold that tests it")
    _refuse_overlap(origin, tested)
    _refuse_left_out(origin, table, tested)
    fold_of = dict(zip(tested["name"], tested["fold"], strict=True))
    return FoldList(origin, fold_of, tuple(_training_notes(table, tested)))


def _refuse_overlap(origin: str, tested: pd.DataFrame) -> None:
    """Refuse recordings that two folds test."""
    twice = tested[tested["name"].duplicated(keep=False)]
    if twice.empty:
        return
    by_name = twice.groupby("name", sort=False)["fold"]
    listed = [
        f"'{shortened(str(name))}' in folds {shortened(', '.join(folds))}"
        for name, folds in by_name
    ]
    have = "has" if len(listed) == 1 else "have"
    raise ProtocolError(
        f"{origin}: the test lists overlap: {counted(len(listed), 'recording')} {have} several "
        f"folds ({_some(listed)}); each recording is tested once: leave one fold of each"
    )


def _refuse_left_out(origin: str, table: pd.DataFrame, tested: pd.DataFrame) -> None:
    """Refuse test lists that do not name all recordings of the training lists."""
    names = table["name"]
    left_out = names[~names.isin(tested["name"])].drop_duplicates().tolist()
    if not left_out:
        return
    raise ProtocolError(
        f"{origin}: the test lists leave out {counted(len(left_out), 'recording')} of the training "
        f"lists ({_some([shortened(name) for name in left_out])}), and under the protocol 'folds' "
        f"each recording is tested once: for one training set and one test set use `--protocol "
        f"fixed-split` with the manifest's column `split`"
    )


def _training_notes(table: pd.DataFrame, tested: pd.DataFrame) -> Iterator[str]:
    """Yield where the source trains on fewer recordings than featser, which trains on all."""
    listed = table[table["split"] != TEST].groupby("fold")["name"].nunique()
    of_fold = tested.groupby("fold")["name"].nunique()
    others = len(tested) - of_fold.reindex(listed.index, fill_value=0)
    for fold in listed.index[listed < others]:
        yield (
            f"fold '{fold}': its lists name {listed[fold]} recordings for training; featser trains "
            f"on all {others[fold]} of the other folds"
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")
