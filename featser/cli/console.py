"""What the terminal shows: progress, tables, and the end of a run."""

from __future__ import annotations

import math
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featser.errors import counted
from featser.io.escaping import for_terminal

if TYPE_CHECKING:
    import pandas as pd

    from featser.audit.audit_manifest import Audit
    from featser.corpora.scans.scanning import ScanResult
    from featser.extraction.extraction import Extraction
    from featser.store.maintenance import Holding, Waste

SHOWN = 20
SHOWN_VALUES = 8
EXAMPLES = 3
_ABSENT = "no such file"
"""Why a recording that does not exist is unusable."""
_CODE = re.compile(r"`[^`]+`")
_BLANK = "\0"
"""Stands for a blank inside a command while text is wrapped; no text for a terminal has it."""
_NARROWEST = 40
"""Sentences are not wrapped to fewer characters than this."""


def say(*cells: object) -> None:
    """Print a line, its cells with tabs between; what could control the terminal is escaped."""
    print(*map(for_terminal, cells), sep="\t", flush=True)


def say_text(text: str) -> None:
    """Print a sentence, wrapped between words to the width of the terminal.

    Output to a file or a pipe is not wrapped, unless ``COLUMNS`` asks for it.
    """
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        say(text)
        return
    for line in _wrapped(text):
        say(line)


def _wrapped(text: str) -> list[str]:
    """Return the lines of a sentence, wrapped between words to the width of the terminal.

    A command between back-quotes stays on one line, so that it can be copied.
    """
    from rich.console import Console

    lines = textwrap.wrap(
        _CODE.sub(lambda code: code[0].replace(" ", _BLANK), for_terminal(text)),
        max(Console().width, _NARROWEST),
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_BLANK, " ") for line in lines]


def _note_aside(text: str) -> None:
    """Print a note on the error stream, so that the output has predictions alone."""
    note = f"featser: note: {text}"
    for line in _wrapped(note) if sys.stderr.isatty() else [note]:
        print(for_terminal(line), file=sys.stderr)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; text columns to the left, numbers to the right.

    Cells are wrapped between words. A word is broken only if the terminal is too narrow for the
    longest words of all columns together.
    """
    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

    def cell_text(value: object, style: str = "") -> Text:
        return Text(for_terminal(value), style)  # a Text has no markup: `[/]` stays `[/]`

    lines = [[("" if cell is None else cell) for cell in row] for row in rows]
    grid = Table(header_style="bold")
    texts = [[for_terminal(cell) for cell in line] for line in [columns, *lines]]
    widths = column_widths(texts, Console().width)
    for position, name in enumerate(columns):
        numbers = bool(lines) and all(isinstance(line[position], int | float) for line in lines)
        grid.add_column(
            cell_text(name),
            justify="right" if numbers else "left",
            overflow="fold",
            width=widths[position] if widths else None,
        )
    for line in lines:
        grid.add_row(*map(cell_text, line))
    shown = Group(cell_text(title, "bold"), grid) if title else grid
    Console().print(shown)


def column_widths(texts: Sequence[Sequence[str]], available: int) -> list[int]:
    """Return the widths of a table's columns such that no word is broken.

    Parameters
    ----------
    texts : sequence of sequence of str
        The rows, the header among them.
    available : int
        The width of the terminal, in characters.

    Returns
    -------
    list of int
        Empty if the longest words of the columns do not fit beside each other.

    Examples
    --------
    >>> column_widths([["task", "metric"], ["emotion", "Accuracy (WA)"]], 80)
    [7, 13]
    >>> column_widths([["task", "metric"], ["emotion", "Accuracy (WA)"]], 24)
    [7, 10]
    >>> column_widths([["task", "metric"], ["emotion", "Accuracy (WA)"]], 20)
    []
    """
    from rich.cells import cell_len

    columns = list(zip(*texts, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    longest = [
        max((cell_len(word) for text in column for word in text.split()), default=0)
        for column in columns
    ]
    # Each column has a border and two spaces.
    excess = sum(widths) + 3 * len(widths) + 1 - available
    while excess > 0:
        spare = [at for at, width in enumerate(widths) if width > longest[at]]
        if not spare:
            return []
        widths[max(spare, key=widths.__getitem__)] -= 1
        excess -= 1
    return widths


def show_card(sections: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> None:
    """Print what a card knows: a title, then its lines, indented."""
    for position, (title, lines) in enumerate(sections):
        if position:
            say("")
        say(title)
        for name, text in lines:
            say(f"  {f'{name}: ' if name else '- '}{text}")


def show_scan(result: ScanResult) -> None:
    """Print what a scan found beside what the card expects."""
    say(counted(len(result.manifest), "utterance"))
    if result.fields:
        rows = [[name, len(counts), some_counts(counts)] for name, counts in result.fields.items()]
        table("Fields", ["field", "values", "recordings of each"], rows)
    for title, counts in (("By class", result.by_class), ("By speaker", result.by_speaker)):
        if len(counts):
            _show_counts(title, counts)
    if result.unmatched:
        n_unmatched = counted(len(result.unmatched), "file")
        say(f"{n_unmatched} with names that do not fit the card (not used):")
        _show_some(result.unmatched)
    if result.missing:
        examples = ", ".join(result.missing[:EXAMPLES])
        more = ", such as" if len(result.missing) > EXAMPLES else ":"
        n_missing = counted(len(result.missing), "file")
        say(f"{n_missing} that the card expects, not found{more} {examples}")
    for note in result.notes:
        say_text(f"note: {note}")
    if result.tasks:
        described = (f"{task.name} ({task.kind})" for task in result.tasks)
        say(f"tasks: {', '.join(described)}")
    for name, reason in result.refused.items():
        say(f"no task '{name}': {reason}")


def some_counts(counts: Mapping[str, int]) -> str:
    """Return the first values with their counts."""
    listed = ", ".join(f"{value} {count}" for value, count in list(counts.items())[:SHOWN_VALUES])
    return f"{listed}, …" if len(counts) > SHOWN_VALUES else listed


def show_audit(result: Audit) -> None:
    """Print every finding with the first rows of its table, and how many there are."""
    from featser.audit.checks.shortcuts import PROBED

    for finding in result.findings:
        say_text(f"{finding.severity}: {finding.kind}: {finding.message}")
        if finding.table:
            columns = list(finding.table[0])
            rows = [[row[name] for name in columns] for row in finding.table[:SHOWN]]
            if columns[0] == "fact":  # a property of recordings, which verdicts have names for
                columns[0] = "property"
                rows = [[PROBED[row[0]].name, *row[1:]] for row in rows]
            table("", columns, rows)
        if len(finding.table) > SHOWN:
            say(f"  … and {len(finding.table) - SHOWN} more")
    if result.folder:
        say(f"files are in {result.folder}")
    say(result.display().text)


def show_extraction(result: Extraction, store: str, *, is_recorded: bool = True) -> None:
    """Print what an extraction did, and the first refusals; the store may have all of them."""
    for note in result.notes:
        say_text(f"note: {note}")
    for file, remark in list(result.remarks.items())[:SHOWN]:
        say(f"note: {file}: {remark}")
    if len(result.remarks) > SHOWN:
        say(f"  … and {len(result.remarks) - SHOWN} more such recordings (`featser audit`)")
    if len(result.unusable):
        rows = [
            (row["file"], _span(row["start"], row["end"]), row["extractor"], row["reason"])
            for row in result.unusable.head(SHOWN).to_dict("records")
        ]
        table("Unusable", ["file", "segment", "extractor", "reason"], rows)
        if len(result.unusable) > SHOWN:
            place = f"; all: {Path(store) / 'unusable.csv'}" if is_recorded else ""
            say(f"  … and {len(result.unusable) - SHOWN} more{place}")
        if (result.unusable["reason"] == _ABSENT).all() and not result.done + result.reused:
            say("no recording was found: paths in a table begin at the folder of the table")
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


def show_predictions(predictions: pd.DataFrame) -> None:
    """Print a line for each recording or segment: its predictions, or why it has none."""
    from featser.explanation.prediction_explanation_table import explanation_sentences

    for note in predictions.attrs["notes"]:
        _note_aside(note)
    names = [str(name) for name in predictions]
    tasks = [name.removesuffix(".pred") for name in names if name.endswith(".pred")]
    for row in predictions.to_dict("records"):
        span = _span(row["start"], row["end"])
        where = [row["file"], span] if span else [row["file"]]
        if row["error"]:
            say(*where, f"unusable: {row['error']}")
            continue
        parts = [f"{task}={_predicted(row, task)}" for task in tasks]
        if row.get("unlike"):
            parts.append(f"unlike training: {row['unlike']}")
        say(*where, *parts)
        for sentence in explanation_sentences(row):
            say_text(f"  {sentence}")


def show_timeline(predictions: pd.DataFrame) -> None:
    """Print what every task says in the first stretches of each recording, or why it has none."""
    for note in predictions.attrs["notes"]:
        _note_aside(note)
    from featser.timelines.label_intervals import task_stretches

    for file, rows in predictions.groupby("file", sort=False):
        if not rows["speech"].any():
            say(file, f"unusable: {rows['reason'].iloc[0]}")
            continue
        stretches, count = task_stretches(rows, SHOWN)
        tasks = list(stretches.columns[2:])
        lines = [
            [_span(row["start"], row["end"]), *(row[task] for task in tasks)]
            for row in stretches.to_dict("records")
        ]
        table(str(file), ["time", *map(str, tasks)], lines)
        if count > SHOWN:
            say(file, f"… and {count - SHOWN} more stretches: write them with -o FILE")


def _predicted(row: Mapping[Any, Any], task: str) -> str:
    value = row[f"{task}.pred"]
    if not isinstance(value, str):
        return f"{value:.3g}"
    text = f"{value} ({row[f'{task}.p[{value}]']:.2f})"
    if f"{task}.set" not in row:
        return text
    classes = row[f"{task}.set"] or "no class"
    abstains = "abstains: " * bool(row[f"{task}.abstains"])
    return f"{text} [{abstains}{classes}]"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def _finite(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else number


def _span(start: float, end: float) -> str:
    first, last = _finite(start), _finite(end)
    if first is None and last is None:
        return ""
    return f"{first or 0:g}–{'end' if last is None else f'{last:g}'} s"


def _show_counts(title: str, counts: pd.DataFrame) -> None:
    n_expected = counts["expected"].to_numpy(dtype=float, na_value=math.nan)
    expected = ["" if math.isnan(count) else int(count) for count in n_expected]
    n_files = [int(count) for count in counts["found"]]
    rows = list(zip(map(str, counts.index), n_files, expected, strict=True))
    absent = [row[0] for row in rows if row[1] == 0]
    if len(absent) > SHOWN_VALUES:
        say(f"{title}: {len(absent)} of {len(rows)} have no recordings: {', '.join(absent)}")
        rows = [row for row in rows if row[1] > 0]
    differing = [row for row in rows if row[2] != "" and row[1] != row[2]]
    if len(rows) > 2 * SHOWN:
        say(f"{title}: {len(rows)}, {len(differing)} of them unlike the card's expectation")
        rows = differing
    if rows:
        columns = [title.removeprefix("By "), "found", "expected"]
        n_columns = 2 if all(row[2] == "" for row in rows) else 3
        table(title, columns[:n_columns], [row[:n_columns] for row in rows])


def _show_some(names: Sequence[str]) -> None:
    for name in names[:SHOWN]:
        say(f"  {name}")
    if len(names) > SHOWN:
        say(f"  … and {len(names) - SHOWN} more")
