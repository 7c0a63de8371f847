"""The commands about cards of one's own: ``featser card …``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featser.cli.console import SHOWN_VALUES, say, say_text, table
from featser.cli.display.corpus_results import show_scan, some_counts
from featser.cli.shared_options import bars_of
from featser.errors import InputError
from featser.io.escaping import for_terminal

if TYPE_CHECKING:
    from featser.corpora.proposal.card_proposal import CardProposal

NONE = "-"
"""The answer for a field that gives no column."""

card = typer.Typer(help="Cards of one's own corpora.", no_args_is_help=True)


@card.callback()
def _about_cards() -> None:
    """Write cards: descriptions of corpora, by which names of recordings are read."""


@card.command("new")
def card_new(
    folder: Annotated[Path, typer.Argument(help="The recordings: a folder or an archive.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The card to write: .yaml. [by the folder's name]"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Propose a card from the names of folders and recordings, ask about it, and write it.

    Names are parted into fields. Those that vary are shown with their values, and each is proposed
    as a column: emotion, speaker, gender, take. Without a terminal, or with --yes, the proposal is
    written as it is.

    Such as:

      featser card new recordings -o clinic.yaml

      featser scan recordings --corpus clinic.yaml
    """
    from featser.api.labels.new_card import new_card

    asks = not yes and sys.stdin.isatty()
    with bars_of(saved="nothing was written"):
        made = new_card(folder, output, correct=_ask if asks else _show_fields)
    show_scan(made.scan)
    for note in made.proposal.notes():
        say_text(f"note: {note}")
    say(f"card: {made.path}")
    say(f"next: {shlex.join(['featser', 'extract', str(folder), '--corpus', str(made.path)])}")


def _show_fields(proposal: CardProposal) -> None:
    rows = [
        (one.place, proposal.columns[one.place] or NONE, len(one.counts), some_counts(one.counts))
        for one in proposal.fields.varying
    ]
    table("Fields of the names", ["place", "column", "values", "recordings of each"], rows)


def _ask(proposal: CardProposal) -> None:
    """Ask which column each field is, what codes mean, and what the corpus is called."""
    _show_fields(proposal)
    say(f"An empty answer takes what stands in brackets; {NONE} stands for no column.")
    for one in proposal.fields.varying:
        proposed = proposal.columns[one.place] or NONE
        _until_valid(f"{one.place}: column", proposed, _renaming(proposal, one.place))
    if proposal.field_of(proposal.primary) is None and (labels := proposal.labels):
        _until_valid("label to predict", labels[0], proposal.lead_by)
    _ask_codes(proposal)
    _until_valid("name of the card", proposal.name, proposal.call)
    _until_valid("language (ISO 639-1, such as en)", NONE, proposal.speak)


def _renaming(proposal: CardProposal, place: str) -> Callable[[str], None]:
    return lambda answer: proposal.rename(place, "" if answer == NONE else answer)


def _ask_codes(proposal: CardProposal) -> None:
    """Ask what the values of the label mean, unless words for emotions say it."""
    codes = proposal.codes.get(proposal.primary, {})
    if len(codes) > SHOWN_VALUES * 2 or not proposal.has_bare_codes:
        return
    for value in codes:
        answer = typer.prompt(f"{proposal.primary} {for_terminal(value)} means", default=value)
        codes[value] = answer.strip()


def _until_valid(question: str, proposed: str, take: Callable[[str], None]) -> None:
    """Ask until the answer can be taken."""
    while True:
        try:
            take(typer.prompt(question, default=for_terminal(proposed)).strip())
        except InputError as error:
            say_text(error.problem)
        else:
            return
