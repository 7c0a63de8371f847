"""``featser card new``: a card for a folder of one's own, from the names in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from featser.corpora.card import parse_card
from featser.corpora.proposal.card_proposal import CardProposal, propose
from featser.corpora.scans.folder_layouts import reading_cards, with_card
from featser.corpora.scans.scanning import ScanResult, scan
from featser.errors import InputError
from featser.io.atomic_write import write_text
from featser.progress import announce


@dataclass(frozen=True)
class NewCard:
    """A card that was written.

    Attributes
    ----------
    path : Path
        Its file.
    proposal : CardProposal
        What it was made from.
    scan : ScanResult
        The folder, read by the card.
    """

    path: Path
    proposal: CardProposal
    scan: ScanResult


def new_card(
    folder: str | Path,
    output: str | Path | None = None,
    *,
    correct: Callable[[CardProposal], None] | None = None,
) -> NewCard:
    """Propose a card for a folder by the names of its folders and recordings, and write it.

    Parameters
    ----------
    folder : str or Path
        A folder, or a zip or tar archive, of this machine.
    output : str or Path, optional
        The file to write, ``.yaml``; by default the card's name in the current folder.
    correct : callable, optional
        Changes the proposal before it is written, such as by questions.

    Returns
    -------
    NewCard
        The file, the proposal, and what the card reads in the folder.

    Raises
    ------
    InputError
        If the file exists, or has another ending.
    CardError
        If the folder holds no recordings, their names have no common structure, or no field is a
        label.
    """
    if output is not None:
        _refuse_output(Path(output))
    proposal = propose(folder)
    for note in _existing_cards(Path(folder), proposal, output):
        announce(f"note: {note}")
    if correct is not None:
        correct(proposal)
    path = Path(f"{proposal.name}.yaml") if output is None else Path(output)
    _refuse_output(path)
    text = proposal.to_yaml()
    result = scan(parse_card(text, str(path)), folder)
    write_text(path, text)
    return NewCard(path, proposal, result)


def _existing_cards(
    folder: Path, proposal: CardProposal, output: str | Path | None
) -> Iterator[str]:
    """Say which cards there are for a folder already."""
    if folder.is_dir():
        for name in reading_cards(folder):
            yield f"the card {name} reads these names already: {with_card(folder, name)}"
    path = Path(f"{proposal.name}.yaml")
    if output is None and path.exists():
        yield (
            f"'{path}' exists already: {with_card(folder, str(path))} uses it; for a second card "
            f"give another name"
        )


def _refuse_output(path: Path) -> None:
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"'{path}' has another ending than .yaml: a card is a YAML file", "output")
    if path.exists():
        raise InputError(f"'{path}' exists already: name another file with -o", "output")
