"""Scanning: from a corpus's folder and its card to a manifest, and what is odd about the folder."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

import pandas as pd

from featser.corpora.card import Card, load_card
from featser.corpora.card_schema import Grammar
from featser.corpora.cleaning import as_text
from featser.corpora.file_paths import resolve
from featser.corpora.label_columns import task_notes, tasks_from
from featser.corpora.labelling.label_map import LabelMap, with_classes, with_counts
from featser.corpora.labelling.pattern_suggestion import pattern_with_speaker
from featser.corpora.labelling.renamed_card import with_columns
from featser.corpora.manifest import COLUMNS, notes_of, read_manifest
from featser.corpora.scans.file_listing import (
    archive_notes,
    audio_files,
    files_elsewhere,
    files_in_archive,
    has_ending,
    passed_over,
    preferred_files,
    readable_endings,
    table_file,
    with_unicode_names,
)
from featser.corpora.scans.published_corpus import (
    differences_from_published,
    excluded_by,
    expected_by_speaker,
    found_and_expected,
    missing_of_design,
)
from featser.corpora.scans.side_tables import join_tables, side_table_copies
from featser.corpora.tables.column_names import named_columns
from featser.errors import CardError, counted, shortened
from featser.io.location import absolute, is_remote, join, local_path, parent
from featser.io.nested_files import is_archive, is_there
from featser.io.result_display import Display, ShownResult
from featser.tasks import Task


@dataclass(frozen=True, eq=False, repr=False)
class ScanResult(ShownResult):
    """What a folder holds.

    Parameters
    ----------
    manifest : DataFrame
        One row for each recording whose name fits, sorted by ``file`` (absolute paths).
    unmatched : list of str
        Audio files below the folder whose names do not fit the grammar, or hold a code that the
        card does not know. Nothing is guessed about them.
    missing : list of str
        Names of recordings that should exist by the card's design, or by the table, and do not.
    by_class, by_speaker : DataFrame
        Columns ``found`` and ``expected`` (missing where the card does not know), one row for
        each class of the card's main label, and for each speaker.
    notes : list of str
        What else a person should know, as sentences.
    tasks : list of Task
        Labels that can be predicted.
    refused : dict of str
        Labels that cannot, each with the reason.
    fields : dict of dict
        Field of a pattern → value → how many recordings have it, the most frequent first.
    """

    manifest: pd.DataFrame
    unmatched: list[str]
    missing: list[str]
    by_class: pd.DataFrame
    by_speaker: pd.DataFrame
    notes: list[str]
    tasks: list[Task]
    refused: dict[str, str]
    fields: dict[str, dict[str, int]] = field(default_factory=dict)

    def display(self) -> Display:
        """Return counts of utterances, of files that do not fit, and of each class."""
        table = self.by_class.astype(object).where(self.by_class.notna(), "")
        rows = [[str(name), *counts] for name, *counts in table.itertuples()]
        speakers = self.manifest.get("speaker", pd.Series(dtype=object))
        text = (
            f"{counted(len(self.manifest), 'utterance')}, "
            f"{counted(speakers.nunique(), 'speaker')}, "
            f"{counted(len(self.unmatched), 'unmatched file')}, "
            f"{counted(len(self.missing), 'missing file')}"
        )
        return Display(text, ["class", *map(str, table.columns)], rows)


@dataclass
class _MatchedFiles:
    """Recordings that fit: their rows, the groups of their names, their paths without ending."""

    rows: list[dict[str, str]] = field(default_factory=list)
    groups: list[dict[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scan(card: Card, folder: str | Path, label_map: LabelMap | None = None) -> ScanResult:
    """Read a corpus's folder by its card.

    Hidden files and folders (macOS's ``._x`` among them) are passed over; so is whatever does
    not end like audio. Each folder is entered once, however many links lead to it.

    Parameters
    ----------
    card : Card
        The corpus.
    folder : str or Path
        Where its recordings are: a folder of this machine, a zip or tar archive, or the URL of a
        folder elsewhere, whose side tables are fetched as well. For a card of ``layout: manifest``,
        the table itself, or a folder that holds one; for ``layout: audformat``, the database's
        folder, here.
    label_map : LabelMap, optional
        Other names for columns and classes.

    Returns
    -------
    ScanResult
        The manifest, and what is odd.

    Raises
    ------
    CardError
        If the folder does not exist, holds no audio, or none of its names fits.
    ManifestError
        If the table of a ``layout: manifest`` or a database is not valid.
    """
    names = label_map or LabelMap()
    if card.grammar is not None:
        card = with_columns(card, names.columns)
    if is_remote(folder):
        return _scan_elsewhere(card, str(folder), names)
    folder = local_path(folder)
    if not folder.exists():
        raise CardError(f"{folder}: no such folder: give the folder that holds {card.title}")
    if card.layout == "audformat":
        return _scan_database(card, folder, names)
    if card.grammar is None:
        return _scan_table(card, folder, names)
    if is_archive(folder):
        return _scan_archive(card, folder, names)
    if not folder.is_dir():
        raise CardError(
            f"{folder}: not a folder or an archive (.zip, .tar, .tar.gz): give the folder that "
            f"holds {card.title}"
        )
    notes: list[str] = []
    files = [file.relative_to(folder) for file in audio_files(folder, card.grammar, notes)]
    return _scan_files(card, folder, files, folder, notes, names)


def _scan_elsewhere(card: Card, folder: str, names: LabelMap) -> ScanResult:
    """Read a remote folder; names are as people write them, the manifest's URLs as servers do."""
    if card.layout == "audformat":
        raise CardError(f"{folder}: an audformat database is read from a folder of this machine")
    if card.grammar is None:
        return _scan_table(card, folder, names)
    listed = files_elsewhere(folder, card.grammar)
    endings = readable_endings(card.grammar)
    files = sorted(PurePosixPath(name) for name in listed if has_ending(name, endings))
    notes = passed_over(files, map(PurePosixPath, listed), card.grammar)
    with side_table_copies(card, {name: join(folder, listed[name]) for name in listed}) as tables:
        return _scan_files(card, folder, files, tables, notes, names, listed)


def _scan_archive(card: Card, archive: Path, names: LabelMap) -> ScanResult:
    """Read the names of an archive's members, below the one folder that holds all of them."""
    assert card.grammar is not None
    grammar = card.grammar
    listed = files_in_archive(archive, grammar, lambda path: _fits(grammar, path))
    endings = readable_endings(card.grammar)
    files = sorted(PurePosixPath(name) for name in listed if has_ending(name, endings))
    notes: list[str] = []
    files = with_unicode_names(files, notes)
    notes += passed_over(files, map(PurePosixPath, listed), grammar)
    notes += archive_notes(archive, grammar)
    with side_table_copies(card, listed) as tables:
        return _scan_files(card, archive, files, tables, notes, names, listed)


def _fits(grammar: Grammar, path: str) -> bool:
    """Whether a card reads paths, and this one."""
    return grammar.matches == "path" and grammar.groups(path) is not None


def _scan_files(
    card: Card,
    folder: str | Path,
    files: Sequence[PurePath],
    tables: Path,
    notes: list[str],
    names: LabelMap,
    listed: Mapping[str, str] | None = None,
) -> ScanResult:
    """Read the names of files below a folder, and the side tables, which lie in ``tables``."""
    assert card.grammar is not None
    if not files:
        raise CardError(
            f"{folder}: holds no audio ({', '.join(readable_endings(card.grammar))}): give the "
            f"folder of {card.title}; it is available from {card.source}"
            + "".join(f". {note}" for note in notes)
        )
    matched = _match(card, folder, files, notes, listed or {})
    if not matched.rows:
        raise CardError(
            f"{folder}: none of {len(files)} names matches the card '{card.name}', such as "
            f"'{files[0].as_posix()}'. It expects names like "
            f"'{card.grammar.example}', by the grammar {card.grammar.pattern}"
        )
    table = pd.DataFrame(matched.rows)
    _settle_contradictions(card, table, notes)
    table = join_tables(card, tables, table, matched.names, matched.groups, notes)
    notes[:] = [note.replace(str(tables), str(folder)) for note in notes]  # of temporary copies
    manifest = _manifest(card, table)
    missing = missing_of_design(card, matched.names, matched.groups, notes)
    return _result(card, manifest, missing, matched, names)


def _match(
    card: Card,
    folder: str | Path,
    files: Sequence[PurePath],
    notes: list[str],
    listed: Mapping[str, str],
) -> _MatchedFiles:
    base = folder if is_remote(folder) else absolute(folder)
    assert card.grammar is not None
    matched = _MatchedFiles(notes=notes)
    stems: dict[str, list[str]] = {}
    unknown: Counter[str] = Counter()
    left_out: dict[str, list[str]] = {}
    for below in preferred_files(files, card.grammar, notes):
        file = join(base, listed.get(below.as_posix(), below.as_posix()))
        name = unicodedata.normalize("NFC", below.with_suffix("").as_posix())
        stem = PurePosixPath(name).name
        pattern = excluded_by(card, name)
        if pattern is not None:
            left_out.setdefault(pattern, []).append(below.as_posix())
            continue
        groups = card.grammar.groups(stem if card.grammar.matches == "stem" else name)
        if groups is None or not _is_text(file):
            matched.unmatched.append(below.as_posix().encode("utf-8", "backslashreplace").decode())
            continue
        try:
            row = card.row(groups)
        except ValueError as error:
            unknown[str(error)] += 1
            matched.unmatched.append(below.as_posix())
            continue
        matched.rows.append({"file": file} | row)
        if card.grammar.ignore_case:
            groups = {key: value.upper() for key, value in groups.items()}
        matched.groups.append(groups)
        matched.names.append(name)
        key = stem if card.grammar.matches == "stem" else name
        stems.setdefault(key.casefold() if card.grammar.ignore_case else key, []).append(str(below))
    matched.notes += [f"{n} of the unmatched: {why}" for why, n in unknown.items()]
    for pattern, paths in left_out.items():
        many = f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else paths[0]
        matched.notes.append(f"left out by the card: {many} ({card.excluded[pattern]})")
    twice = [paths for paths in stems.values() if len(paths) > 1]
    if twice:
        matched.notes.append(
            f"{len(twice)} names occur more than once, such as {' and '.join(twice[0][:2])}: "
            f"does the folder contain the corpus twice? All of them are in the manifest"
        )
    return matched


def _settle_contradictions(card: Card, table: pd.DataFrame, notes: list[str]) -> None:
    """Empty a label where names give several values of it that must be equal."""
    for name, label in card.labels.items():
        if label.same_for is None:
            continue
        values = table[name].where(table[name] != "").groupby(table[label.same_for]).nunique()
        torn = sorted(values.index[values > 1])
        if torn:
            table.loc[table[label.same_for].isin(torn), name] = ""
            notes.append(
                f"`{name}` has several values for the same `{label.same_for}` "
                f"({', '.join(torn)}) and is empty there"
            )


def _is_text(name: str) -> bool:
    """Whether a name is valid UTF-8: others cannot be written to a manifest."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _manifest(card: Card, table: pd.DataFrame) -> pd.DataFrame:
    """Order the columns and add those that every manifest has."""
    table = table.assign(corpus=card.name, language=card.language, start=float("nan"))
    table["end"] = table["start"]
    if "speaker" not in table:
        table["speaker"] = ""
    ordered = [*COLUMNS, *(name for name in table.columns if name not in COLUMNS)]
    result = table[ordered].sort_values("file", ignore_index=True)
    for name in result.columns:
        if not pd.api.types.is_float_dtype(result[name]):
            result[name] = as_text(result[name])
    return result


def _result(
    card: Card,
    manifest: pd.DataFrame,
    missing: list[str],
    matched: _MatchedFiles,
    names: LabelMap,
) -> ScanResult:
    notes = matched.notes
    manifest = with_classes(manifest, names.classes, "--map")
    expected_classes = with_counts(card.expected.classes, names.classes.get(card.primary, {}))
    tasks, refused = tasks_from(manifest, () if card.grammar is None else (card,), card.primary)
    expected_speakers = expected_by_speaker(card, matched.groups)
    notes += differences_from_published(card, manifest, expected_speakers)
    if manifest["speaker"].isna().any():
        notes.append(
            f"{counted(int(manifest['speaker'].isna().sum()), 'utterance')} without a speaker: "
            f"speaker-independent folds need one for each{_speaker_fix(card, matched.names)}"
        )
    notes += task_notes(manifest, tasks)
    notes += card.cautions
    return ScanResult(
        manifest=manifest,
        unmatched=matched.unmatched,
        missing=missing,
        by_class=found_and_expected(manifest, card.primary, expected_classes),
        by_speaker=found_and_expected(manifest, "speaker", expected_speakers),
        notes=notes,
        tasks=tasks,
        refused=refused,
    )


def _scan_table(card: Card, path: str | Path, names: LabelMap) -> ScanResult:
    """Read a manifest; what is missing are the recordings that it names and that do not exist."""
    path = table_file(path)
    table = read_manifest(path, columns=names.columns)
    matched = _MatchedFiles(notes=notes_of(table))
    table["file"] = resolve(table, parent(path))
    if table.empty:
        raise CardError(f"{path}: the table has no rows: add a row for each utterance")
    table["corpus"] = table["corpus"].fillna(card.name)
    return _result(card, *_in_order(table), matched, names)


def result_of_table(manifest: pd.DataFrame, notes: list[str], names: LabelMap) -> ScanResult:
    """Return a manifest that has been read elsewhere as the result of a scan.

    Parameters
    ----------
    manifest : DataFrame
        With absolute paths.
    notes : list of str
        How it was read.
    names : LabelMap
        Other names for classes.
    """
    card = load_card("table")
    return _result(card, *_in_order(manifest), _MatchedFiles(notes=notes), names)


def _scan_database(card: Card, folder: Path, names: LabelMap) -> ScanResult:
    from featser.corpora.audformat_io import read_audformat

    table, notes = read_audformat(folder)
    named = named_columns(list(table.columns), str(folder), names.columns)
    table = table.set_axis(named.names, axis="columns")
    return _result(card, *_in_order(table), _MatchedFiles(notes=notes + named.notes), names)


def _in_order(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Sort a manifest, and name the recordings of it that do not exist.

    Whether remote ones exist shows when they are read: asking for each would take long.
    """
    table = table.sort_values(["file", "start", "end"], ignore_index=True, na_position="first")
    here = [file for file in set(table["file"]) if not is_remote(file)]
    return table, sorted(file for file in here if not is_there(file))


def _speaker_fix(card: Card, names: Sequence[str]) -> str:
    """Say how speakers are named, where the card of folders of classes left them out."""
    if card.name != "folders":
        return ""
    pattern = pattern_with_speaker(names)
    example = shortened(names[0])
    by_names = f"; or, if '{example}' begins with the speaker, use `--pattern '{pattern}'`"
    return f". Write speakers.csv: columns file ({example}) and speaker{by_names * bool(pattern)}"
