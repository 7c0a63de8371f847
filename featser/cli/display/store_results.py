"""Features on the terminal: what an extraction did, and what a store holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from featser.cli.console import SHOWN, say, say_text, span_text, table
from featser.cli.display.corpus_results import say_where_found
from featser.errors import counted

if TYPE_CHECKING:
    from featser.extraction.extraction import Extraction
    from featser.store.maintenance import Holding, Waste


def show_extraction(result: Extraction, store: str, *, is_recorded: bool = True) -> None:
    """Print what an extraction did, and the first refusals; the store may have all of them."""
    from featser.audio.content import ABSENT

    for note in result.notes:
        say_text(f"note: {note}")
    for file, remark in list(result.remarks.items())[:SHOWN]:
        say(f"note: {file}: {remark}")
    if len(result.remarks) > SHOWN:
        say(f"  … and {len(result.remarks) - SHOWN} more such recordings (`featser audit`)")
    if len(result.unusable):
        rows = [
            (row["file"], span_text(row["start"], row["end"]), row["extractor"], row["reason"])
            for row in result.unusable.head(SHOWN).to_dict("records")
        ]
        table("Unusable", ["file", "segment", "extractor", "reason"], rows)
        if len(result.unusable) > SHOWN:
            place = f"; all: {Path(store) / 'unusable.csv'}" if is_recorded else ""
            say(f"  … and {len(result.unusable) - SHOWN} more{place}")
        if (result.unusable["reason"] == ABSENT).all() and not result.done + result.reused:
            say("no recording was found: paths in a table begin at the folder of the table")
            say_where_found(result.unusable["file"].tolist())
    refused = result.unusable["file"].nunique()
    noun = "copy" if result.copies == 1 else "copies"
    copies = f", {result.copies} {noun} of others" if result.copies else ""
    say(f"{result.done} done, {result.reused} reused{copies}, {refused} unusable; store: {store}")
    if result.altered is not None:
        altered = result.altered
        say(
            f"augmented copies: {altered.done} done, {altered.reused} reused, "
            f"{len(altered.unusable)} could not be made"
        )
        for row in altered.unusable.head(SHOWN).to_dict("records"):
            say(f"  {row['file']}: {row['reason']}")
    if result.scaled:
        least = min(result.scaled.values())
        was = "was" if len(result.scaled) == 1 else "were"
        say(
            f"{counted(len(result.scaled), 'recording')} {was} scaled to keep the peak inside "
            f"[-1, 32767/32768] (the most: by {least:.4f})"
        )


def show_holdings(holdings: Sequence[Holding]) -> None:
    """Print what a store holds of each extractor."""
    rows = [
        (
            held.spec,
            held.fingerprint,
            held.rows,
            held.values,
            held.parts,
            _size(held.bytes),
            {True: "yes", False: "no", None: "cannot tell"}[held.current],
        )
        for held in holdings
    ]
    columns = [
        "extractor",
        "fingerprint",
        "rows",
        "values",
        "parts",
        "size",
        "made here",
    ]
    table("Features", columns, rows)
    damaged = sum(held.damaged for held in holdings)
    if damaged:
        are = "is" if damaged == 1 else "are"
        say(f"{counted(damaged, 'part file')} {are} damaged: `featser store verify` names them")
    say(f"{_size(sum(held.bytes for held in holdings))} in all")


def _holding(held: Holding) -> str:
    return f"{held.spec} {held.fingerprint}: {counted(held.rows, 'row')}, {_size(held.bytes)}"


def show_waste(waste: Waste, unnamed: bool, really: bool, fits: bool = False) -> None:
    """Print what was, or would be, deleted."""
    lines = []
    if waste.unfinished:
        lines.append(f"{counted(waste.unfinished, 'unfinished file')} of stopped runs")
    lines += [
        f"{_holding(held)}: this version of featser does not make them" for held in waste.outdated
    ]
    others = [
        f"{spec}: {counted(count, 'row')} that the last extraction's manifest does not name"
        for spec, count in waste.unnamed.items()
    ]
    if unnamed:
        lines += others
    finished = f"{waste.fits} finished fits of folds and models, {_size(waste.fits_bytes)}"
    if waste.outdated_fits:
        lines.append(
            f"{counted(waste.outdated_fits, 'fit')} that this version of featser does not make"
        )
    if waste.fits and fits:
        lines.append(finished)
    for line in lines:
        say(f"{'removed' if really else 'would remove'}: {line}")
    for held in waste.doubtful:
        say(
            f"kept: {_holding(held)}: cannot tell whether they can still be made ({held.doubt}); "
            f"if they are not needed, delete {held.folder}"
        )
    for line in () if unnamed else others:
        say(f"kept: {line} (--unnamed removes them)")
    if waste.fits and not fits:
        say(f"kept: {finished} (--fits removes them)")
    if not lines:
        say("nothing to remove")
    elif not really:
        say("nothing was removed yet: --yes does it")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"
