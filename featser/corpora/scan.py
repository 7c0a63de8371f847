"""Scanning: from a corpus's folder and its card to a manifest, and what is odd about the folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from featser.corpora.card import Card
from featser.corpora.labels import task_notes, tasks_from
from featser.corpora.manifest import COLUMNS, as_text, read_manifest, resolve
from featser.corpora.schema import AUDIO_ENDINGS, Grammar, fill
from featser.corpora.sidetable import join_tables
from featser.errors import CardError
from featser.tasks import Task

SHOWN = 3


@dataclass(frozen=True, eq=False)
class ScanResult:
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
    """

    manifest: pd.DataFrame
    unmatched: list[str]
    missing: list[str]
    by_class: pd.DataFrame
    by_speaker: pd.DataFrame
    notes: list[str]
    tasks: list[Task]
    refused: dict[str, str]


@dataclass
class _Found:
    """Recordings that fit: their rows, the groups of their names, their paths without ending."""

    rows: list[dict[str, str]] = field(default_factory=list)
    groups: list[dict[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scan(card: Card, folder: str | Path) -> ScanResult:
    """Read a corpus's folder by its card.

    Hidden files and folders (macOS's ``._x`` among them) are passed over; so is whatever does
    not end like audio. Each folder is entered once, however many links lead to it.

    Parameters
    ----------
    card : Card
        The corpus.
    folder : str or Path
        Where its recordings are. For a card of ``layout: manifest``, the table itself, or a folder
        that holds one; for ``layout: audformat``, the database's folder.

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
    folder = Path(folder)
    if not folder.exists():
        raise CardError(f"{folder}: no such folder: give the folder that holds {card.title}")
    if card.layout == "audformat":
        return _scan_database(card, folder)
    if card.grammar is None:
        return _scan_table(card, folder)
    if not folder.is_dir():
        raise CardError(f"{folder}: not a folder: give the folder that holds {card.title}")
    notes: list[str] = []
    files = audio_files(folder, card.grammar, notes)
    if not files:
        raise CardError(
            f"{folder}: holds no audio ({', '.join(card.grammar.endings)}): give the folder of "
            f"{card.title}; it is to be had from {card.source}"
        )
    found = _match(card, folder, files, notes)
    if not found.rows:
        raise CardError(
            f"{folder}: none of {len(files)} names fits the card '{card.name}', such as "
            f"'{files[0].relative_to(folder).as_posix()}'. It expects names like "
            f"'{card.grammar.example}', by the grammar {card.grammar.pattern}"
        )
    table = pd.DataFrame(found.rows)
    _settle_contradictions(card, table, notes)
    table = join_tables(card, folder, table, found.names, found.groups, notes)
    manifest = _manifest(card, table)
    return _result(card, manifest, _missing(card, found), found)


def audio_files(folder: Path, grammar: Grammar | None, notes: list[str]) -> list[Path]:
    """Return the audio files below a folder, sorted; what could not be entered goes to the notes.

    Parameters
    ----------
    folder : Path
        Where to look.
    grammar : Grammar, optional
        Says which endings count, and which folders hold other material.
    notes : list of str
        Receives a sentence for each folder that cannot be read and each broken link.
    """
    endings = AUDIO_ENDINGS if grammar is None else grammar.endings
    ignored = {folder / name for name in (grammar.ignore if grammar else ())}
    files: list[Path] = []
    entered: set[tuple[int, int]] = set()
    # Links wait until all real folders are done, so that a recording bears its real path.
    waiting, links = [folder], list[Path]()
    while waiting or links:
        here = waiting.pop() if waiting else links.pop(0)
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            notes.append(f"{here} cannot be read ({error.strerror}): its recordings are left out")
            continue
        for entry in entries:
            path = here / entry.name
            if entry.name.startswith(".") or path in ignored:
                continue
            if entry.is_dir():
                (links if entry.is_symlink() else waiting).append(path)
            elif path.suffix.lower() in endings:
                if entry.is_file():
                    files.append(path)
                else:
                    notes.append(f"{path} is no file (a broken link?): left out")
    return sorted(files)


def _match(card: Card, folder: Path, files: list[Path], notes: list[str]) -> _Found:
    assert card.grammar is not None
    found = _Found(notes=notes)
    stems: dict[str, list[str]] = {}
    unknown: Counter[str] = Counter()
    left_out: dict[str, list[str]] = {}
    for file in _preferred(files, card.grammar, notes):
        below = file.relative_to(folder)
        name = below.with_suffix("").as_posix()
        pattern = _excluded_by(card, name)
        if pattern is not None:
            left_out.setdefault(pattern, []).append(below.as_posix())
            continue
        groups = card.grammar.groups(below.stem if card.grammar.matches == "stem" else name)
        if groups is None or not _is_text(str(file)):
            found.unmatched.append(below.as_posix().encode("utf-8", "backslashreplace").decode())
            continue
        try:
            row = card.row(groups)
        except ValueError as error:
            unknown[str(error)] += 1
            found.unmatched.append(below.as_posix())
            continue
        found.rows.append({"file": file.absolute().as_posix()} | row)
        if card.grammar.ignore_case:
            groups = {key: value.upper() for key, value in groups.items()}
        found.groups.append(groups)
        found.names.append(name)
        key = below.stem if card.grammar.matches == "stem" else name
        stems.setdefault(key.casefold() if card.grammar.ignore_case else key, []).append(str(below))
    found.notes += [f"{n} of the unmatched: {why}" for why, n in unknown.items()]
    for pattern, paths in left_out.items():
        many = f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else paths[0]
        found.notes.append(f"left out by the card: {many} ({card.excluded[pattern]})")
    twice = [paths for paths in stems.values() if len(paths) > 1]
    if twice:
        found.notes.append(
            f"{len(twice)} names occur more than once, such as {' and '.join(twice[0][:2])}: "
            f"does the folder hold the corpus twice? All of them are in the manifest"
        )
    return found


def _preferred(files: list[Path], grammar: Grammar, notes: list[str]) -> list[Path]:
    """Of files that differ in their endings alone, keep that whose ending the grammar prefers."""
    chosen: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: grammar.endings.index(file.suffix.lower())):
        chosen.setdefault(file.with_suffix(""), file)
    passed = sorted(set(files) - set(chosen.values()))
    if passed:
        notes.append(
            f"{len(passed)} files are passed over, because another file beside them differs in "
            f"its ending alone, such as {passed[0].name} ({chosen[passed[0].with_suffix('')].name})"
        )
    return sorted(chosen.values())


def _excluded_by(card: Card, name: str) -> str | None:
    """Return the pattern of the card's ``excluded`` that a recording's path fits."""
    inside = f"/{name}"
    return next((p for p in card.excluded if fnmatchcase(inside, f"*/{p}")), None)


def _settle_contradictions(card: Card, table: pd.DataFrame, notes: list[str]) -> None:
    """Empty a label for whom the names contradict that it is the same throughout."""
    for name, label in card.labels.items():
        if label.same_for is None:
            continue
        values = table[name].where(table[name] != "").groupby(table[label.same_for]).nunique()
        torn = sorted(values.index[values > 1])
        if torn:
            table.loc[table[label.same_for].isin(torn), name] = ""
            notes.append(
                f"`{name}` contradicts itself for {len(torn)} values of `{label.same_for}` "
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


def _missing(card: Card, found: _Found) -> list[str]:
    """Name the recordings of the card's design that were not found."""
    if card.design is None:
        return []
    keys = card.design.keys
    ignore_case = card.grammar is not None and card.grammar.ignore_case

    def cell(groups: Mapping[str, str]) -> tuple[str, ...]:
        values = (groups[key] for key in keys)
        return tuple(value.upper() if ignore_case else value for value in values)

    seen = Counter(cell(groups) for groups in found.groups)
    cells = {cell(groups): groups for groups in card.design.cells(found.groups)}
    missing = [fill(card.design.name, groups) for key, groups in cells.items() if key not in seen]
    missing = [name for name in missing if _excluded_by(card, name) is None]
    pairs = zip(found.names, found.groups, strict=True)
    outside = [name for name, groups in pairs if cell(groups) not in cells]
    if outside:
        found.notes.append(
            f"{len(outside)} recordings fit the grammar but are not in the card's design, such as "
            f"{outside[0]}; they are in the manifest"
        )
    known = sorted(set(missing) & set(card.known_missing))
    if known:
        found.notes.append(f"missing from the published corpus as well: {', '.join(known)}")
    return sorted(missing)


def _result(card: Card, manifest: pd.DataFrame, missing: list[str], found: _Found) -> ScanResult:
    notes = found.notes
    tasks, refused = tasks_from(manifest, () if card.grammar is None else (card,), card.primary)
    wanted = card.expected.utterances
    speakers = manifest["speaker"].nunique()
    if wanted is not None and wanted != len(manifest):
        notes.append(f"{len(manifest)} utterances; the published corpus has {wanted}")
    if card.expected.speakers not in (None, speakers):
        notes.append(f"{speakers} speakers; the published corpus has {card.expected.speakers}")
    if manifest["speaker"].isna().any():
        notes.append(
            f"{int(manifest['speaker'].isna().sum())} utterances have no speaker: "
            f"speaker-independent folds need one for each"
        )
    notes += task_notes(manifest, tasks)
    notes += card.cautions
    return ScanResult(
        manifest=manifest,
        unmatched=found.unmatched,
        missing=missing,
        by_class=_counts(manifest, card.primary, card.expected.classes),
        by_speaker=_counts(manifest, "speaker", _expected_by_speaker(card, found.groups)),
        notes=notes,
        tasks=tasks,
        refused=refused,
    )


def _counts(table: pd.DataFrame, column: str, expected: Mapping[str, int]) -> pd.DataFrame:
    found = (
        Counter(str(value) for value in table[column].dropna()) if column in table else Counter()
    )
    names = sorted({*found, *expected})
    data: dict[str, Any] = {
        "found": [found[name] for name in names],
        "expected": [expected.get(name, pd.NA) for name in names],
    }
    return pd.DataFrame(data, index=pd.Index(names, name=column, dtype="str"), dtype="Int64")


def _expected_by_speaker(card: Card, groups: list[dict[str, str]]) -> dict[str, int]:
    """Count the recordings of each speaker in the card's design."""
    label = card.labels.get("speaker")
    if card.design is None or label is None or not set(label.groups) <= set(card.design.keys):
        return {}
    return dict(Counter(label.of(cell) for cell in card.design.cells(groups)))


def _scan_table(card: Card, path: Path) -> ScanResult:
    """Read a manifest; what is missing are the recordings that it names and that do not exist."""
    if path.is_dir():
        tables = [
            p for p in sorted(path.iterdir()) if p.suffix.lower() in (".csv", ".tsv", ".parquet")
        ]
        named = [p for p in tables if p.stem == "manifest"] or tables
        if len(named) != 1:
            what = ", ".join(p.name for p in tables[:SHOWN]) or "none"
            raise CardError(f"{path}: needs one table (.csv, .tsv, .parquet), has {what}: name it")
        path = named[0]
    table = read_manifest(path)
    table["file"] = resolve(table, path.parent)
    if table.empty:
        raise CardError(f"{path}: the table has no rows: add a row for each utterance")
    table["corpus"] = table["corpus"].fillna(card.name)
    return _result(card, *_in_order(table), _Found())


def _scan_database(card: Card, folder: Path) -> ScanResult:
    from featser.corpora.audformat_io import read_audformat

    table, notes = read_audformat(folder)
    return _result(card, *_in_order(table), _Found(notes=notes))


def _in_order(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Sort a manifest, and name the recordings of it that do not exist."""
    table = table.sort_values(["file", "start", "end"], ignore_index=True, na_position="first")
    return table, sorted(file for file in set(table["file"]) if not Path(file).is_file())
