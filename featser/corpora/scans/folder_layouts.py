"""Which layouts a bare folder of recordings may have, and which of them is certain."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from featser.corpora.audformat_io import is_database
from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.file_paths import resolve
from featser.corpora.label_columns import tasks_from
from featser.corpora.labelling.emotion_words import are_classes
from featser.corpora.labelling.pattern_suggestion import suggested_pattern
from featser.corpora.manifest import read_manifest
from featser.corpora.scans.file_listing import TABLE_ENDINGS, audio_below
from featser.corpora.scans.published_corpus import names_outside_design
from featser.errors import CardError, FeatserError, shortened
from featser.io.nested_files import is_archive, is_there

FOLDERS, BY_SPEAKER, BY_CLASS = "folders", "folders-by-speaker", "folders-by-class"
SAMPLE = 200
"""How many recordings are compared with the grammars of cards."""

_SETS = frozenset(("train", "training", "test", "testing", "dev", "val", "valid", "validation"))


@dataclass(frozen=True)
class Layout:
    """A way to read a folder.

    Attributes
    ----------
    description : str
        What was recognised.
    command : str
        The command that reads the folder in this way.
    card : str
        The card to read it by; empty if it is read by a table.
    table : Path or None
        The manifest that lies in it.
    is_complete : bool
        Whether a manifest names every recording of the folder.
    """

    description: str
    command: str
    card: str = ""
    table: Path | None = None
    is_complete: bool = False


@dataclass(frozen=True)
class _Recognised:
    """The layouts of a folder, and why tables in it are no manifests of it."""

    layouts: list[Layout] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


def layout_of(folder: str | Path) -> tuple[Layout, list[str]]:
    """Find the layout of a folder of recordings that no card was named for.

    Parameters
    ----------
    folder : str or Path
        A folder, or a zip or tar archive, of this machine. Tables and annotation in an archive are
        not looked for.

    Returns
    -------
    layout : Layout
        The one that is certain: an audformat database; a manifest that names all recordings; the
        corpus whose card reads all names; a folder for each class of emotion, perhaps in or above a
        folder for each speaker.
    notes : list of str
        What was recognised, what it is read as, and what else is possible.

    Raises
    ------
    CardError
        If no layout is recognised, or none is certain; with the command for each.
    """
    folder = Path(folder)
    files = audio_below(folder, lambda _: True)
    recognised = _recognised(folder, files)
    layouts = recognised.layouts
    certain = _certain(layouts)
    if certain is None:
        raise CardError(_refusal(folder, files, recognised))
    notes = [f"{folder}: {certain.description}; the same as `{certain.command}`"]
    others = [
        f"{layout.description}: `{layout.command}`" for layout in layouts if layout != certain
    ]
    if others:
        notes.append(f"other ways to read {folder}: {'; '.join(others)}")
    return certain, notes + recognised.passed


def reading_cards(folder: Path) -> list[str]:
    """Return the corpora whose cards read the names of all recordings of a folder."""
    files = audio_below(folder, lambda _: True)
    return [layout.card for layout in _by_cards(folder, files)] if files else []


def with_card(folder: Path, card: str) -> str:
    """Return, as code, the command that extracts features of a folder by a card."""
    return f"`{_by_card(folder, '', card).command}`"


def _certain(layouts: Sequence[Layout]) -> Layout | None:
    """Return the layout to use: a whole manifest before a card before folders."""
    tables = [layout for layout in layouts if layout.table is not None]
    corpora = [layout for layout in layouts if layout.card not in ("", *_OF_FOLDERS)]
    if tables:
        whole = [layout for layout in tables if layout.is_complete]
        return tables[0] if len(tables) == 1 and (whole or len(layouts) == 1) else None
    if corpora:
        return corpora[0] if len(corpora) == 1 else None
    return layouts[0] if len(layouts) == 1 and layouts[0].is_complete else None


_OF_FOLDERS = (FOLDERS, BY_SPEAKER, BY_CLASS)


def _recognised(folder: Path, files: Sequence[PurePath]) -> _Recognised:
    is_folder = not is_archive(folder)
    if is_folder and is_database(folder):
        return _Recognised([_by_card(folder, "an audformat database", "audformat")])
    result = _Recognised()
    if is_folder:
        _add_tables(folder, files, result)
    if files:
        result.layouts.extend(_by_cards(folder, files))
        result.layouts.extend(_by_folders(folder, files))
    return result


def _by_card(folder: Path, description: str, card: str, is_certain: bool = True) -> Layout:
    command = shlex.join(["featser", "extract", str(folder), "--corpus", card])
    return Layout(description, command, card, is_complete=is_certain)


def _add_tables(folder: Path, files: Sequence[PurePath], result: _Recognised) -> None:
    """Add the manifests that lie in the folder itself and name recordings that exist."""
    beside = {
        name for card in (load_card(FOLDERS),) for table in card.tables for name in table.file
    }
    recordings = {str(folder.resolve() / file) for file in files}
    for path in sorted(folder.iterdir()):
        is_hidden = path.name.startswith(".") or path.name in beside
        if is_hidden or path.suffix.lower() not in TABLE_ENDINGS or not path.is_file():
            continue
        try:
            table = read_manifest(path)
        except FeatserError as error:
            result.passed.append(f"{path.name} is not read as a manifest: {error}")
            continue
        named = set(resolve(table, folder))
        labels, _ = tasks_from(table)
        if not labels or not any(is_there(file) for file in sorted(named)[:SAMPLE]):
            why = "its recordings do not exist" if labels else "it has no label to predict"
            result.passed.append(f"{path.name} is not read as a manifest: {why}")
            continue
        names = ", ".join(shortened(task.name) for task in labels[:3])
        result.layouts.append(
            Layout(
                f"the manifest {path.name} with {names}",
                shlex.join(["featser", "extract", str(path)]),
                table=path,
                is_complete=recordings <= named,
            )
        )


def _by_cards(folder: Path, files: Sequence[PurePath]) -> list[Layout]:
    """Return the corpora whose cards read the names of all recordings, or of a sample.

    Where several do, those go before whose published recordings have all of these names.
    """
    names = [file.with_suffix("").as_posix() for file in files[:: -(-len(files) // SAMPLE)]]
    readings = {
        card.name: (card, groups)
        for card in map(load_card, list_cards())
        if card.name not in _OF_FOLDERS
        and card.grammar is not None
        and card.primary in card.labels
        and (groups := _read_names(card, names)) is not None
    }
    published = [
        name
        for name, (card, groups) in readings.items()
        if not names_outside_design(card, names, groups)
    ]
    return [
        _by_card(folder, f"names like those of the corpus {name}", name)
        for name in published or readings
    ]


def _read_names(card: Card, names: Sequence[str]) -> list[dict[str, str]] | None:
    """Return the groups of each name, or None if the card cannot read one of them."""
    assert card.grammar is not None
    groups_of_names = []
    for name in names:
        text = name if card.grammar.matches == "path" else name.rpartition("/")[2]
        groups = card.grammar.groups(text)
        if groups is None:
            return None
        try:
            card.row(groups)
        except ValueError:
            return None
        groups_of_names.append(groups)
    return groups_of_names


def _by_folders(folder: Path, files: Sequence[PurePath]) -> list[Layout]:
    """Return what the names of folders may mean: classes, or speakers and classes."""
    if any(len(file.parts) < 2 for file in files):
        return []
    inner = {file.parts[-2] for file in files}
    outer = {file.parts[-3] for file in files if len(file.parts) > 2}
    is_nested = len(outer) > 1 and all(len(file.parts) > 2 for file in files)
    are_sets = {name.casefold() for name in outer} <= _SETS
    if are_classes(inner):
        if is_nested and not are_sets:
            text = f"a folder for each speaker ({_some(outer)}), in it one for each class"
            return [_by_card(folder, f"{text} ({_some(inner)})", BY_SPEAKER)]
        return [_by_card(folder, f"a folder for each class ({_some(inner)})", FOLDERS)]
    if is_nested and are_classes(outer):
        text = f"a folder for each class ({_some(outer)}), in it one for each speaker"
        return [_by_card(folder, f"{text} ({_some(inner)})", BY_CLASS)]
    if len(inner) < 2:
        return []
    text = f"a folder for each class, if {_some(inner)} are classes"
    layouts = [_by_card(folder, text, FOLDERS, is_certain=False)]
    if is_nested:
        for card, speakers, classes in ((BY_SPEAKER, outer, inner), (BY_CLASS, inner, outer)):
            text = f"speakers and classes, if {_some(speakers)} are speakers and {_some(classes)}"
            layouts.append(_by_card(folder, f"{text} classes", card, is_certain=False))
    return layouts


def _some(names: Iterable[str]) -> str:
    listed = [shortened(name) for name in sorted(names)]
    return ", ".join(listed[:3]) + (", …" if len(listed) > 3 else "")


def _has_annotation(folder: Path, files: Sequence[PurePath]) -> bool:
    """Whether files of Praat or ELAN lie beside recordings."""
    folders = {(folder / file).parent for file in files}
    endings = (".textgrid", ".eaf")
    return any(path.suffix.lower() in endings for one in folders for path in one.iterdir())


def _refusal(folder: Path, files: Sequence[PurePath], recognised: _Recognised) -> str:
    """Say why a folder is not read, with a line for each way to read it and one for its command."""
    if not files and not recognised.layouts:
        return (
            f"{folder}: holds no recordings; a folder needs --corpus CARD to say how its files are "
            f"named; `featser corpora` lists the cards"
        )
    ways = [(one.description, f"`{one.command}`") for one in recognised.layouts]
    if files:
        command = shlex.join(
            ["featser", "scan", str(folder), "--pattern", suggested_pattern(files)]
        )
        example = shortened(files[0].as_posix())
        ways.append(
            (
                f"speakers or classes in names of files, with a pattern that describes names such "
                f"as '{example}'",
                f"`{command} -o manifest.csv`",
            )
        )
        if not is_archive(folder) and _has_annotation(folder, files):
            command = shlex.join(["featser", "scan", str(folder), "--annotation", "TIER"])
            ways.append(
                (
                    "labelled intervals in files beside the recordings",
                    f"`{command} -o manifest.csv`",
                )
            )
    if recognised.layouts:
        begin = "its layout is not certain: choose one of these commands"
    else:
        begin = (
            "no layout is recognised: name its card with --corpus CARD (`featser corpora` lists "
            "the cards), or adapt this command"
        )
    lines = [f"{folder}: {begin}"]
    for description, command in ways:
        lines += [f"  {description}:", f"    {command}"]
    return "\n".join(lines + [f"  {shortened(why)}" for why in recognised.passed])
