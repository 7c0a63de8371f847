"""Corpora and audits on the terminal: cards, scans, findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from featser.cli.console import SHOWN, SHOWN_VALUES, say, say_text, table
from featser.errors import counted

if TYPE_CHECKING:
    import pandas as pd

    from featser.audit.audit_manifest import Audit
    from featser.corpora.scans.scanning import ScanResult

EXAMPLES = 3


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
        say_text(f"{n_unmatched} with names that do not fit the card (not used):")
        _show_some(result.unmatched)
    if result.missing:
        examples = ", ".join(result.missing[:EXAMPLES])
        more = ", such as" if len(result.missing) > EXAMPLES else ":"
        n_missing = counted(len(result.missing), "file")
        say_text(f"{n_missing} that the card or the table names, not found{more} {examples}")
        if set(result.missing) == set(result.manifest["file"]):  # all rows of a table
            say_where_found(result.missing)
    for note in result.notes:
        say_text(f"note: {note}")
    if result.tasks:
        described = (f"{task.name} ({task.kind})" for task in result.tasks)
        say(f"tasks: {', '.join(described)}")
    for line in refused_lines(result.refused):
        say_text(line)


def refused_lines(refused: Mapping[str, str]) -> list[str]:
    """Return a line for each label that is no task, but `language`, which is rarely meant as one.

    Examples
    --------
    >>> refused_lines({"intensity": "only one value: 'normal'", "language": "missing in every row"})
    ["no task 'intensity': only one value: 'normal'"]
    """
    return [f"no task '{name}': {reason}" for name, reason in refused.items() if name != "language"]


def some_counts(counts: Mapping[str, int]) -> str:
    """Return the first values with their counts."""
    listed = ", ".join(f"{value} {count}" for value, count in list(counts.items())[:SHOWN_VALUES])
    return f"{listed}, …" if len(counts) > SHOWN_VALUES else listed


def show_audit(result: Audit) -> None:
    """Print every finding with the first rows of its table, and how many there are."""
    from featser.audio.content import ABSENT
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
    if (result.facts["reason"] == ABSENT).all():
        say_where_found([str(Path(result.folder, name)) for name in result.names])
    say(result.display().text)


def say_where_found(files: Sequence[str]) -> None:
    """Print where the recordings of a table are of which none was found, if they are elsewhere."""
    from featser.corpora.scans.absent_recordings import found_elsewhere

    if where := found_elsewhere(files):
        say_text(where)


def _show_counts(title: str, counts: pd.DataFrame) -> None:
    n_expected = counts["expected"].to_numpy(dtype=float, na_value=math.nan)
    expected = ["" if math.isnan(count) else int(count) for count in n_expected]
    n_files = [int(count) for count in counts["found"]]
    rows = list(zip(map(str, counts.index), n_files, expected, strict=True))
    absent = [row[0] for row in rows if row[1] == 0]
    if len(absent) > SHOWN_VALUES:
        shown = ", ".join(absent[:SHOWN_VALUES])
        say_text(f"{title}: {len(absent)} of {len(rows)} have no recordings: {shown}, …")
        rows = [row for row in rows if row[1] > 0]
    differing = [row for row in rows if row[2] != "" and row[1] != row[2]]
    if len(rows) > 2 * SHOWN and any(row[2] != "" for row in rows):
        say(f"{title}: {len(rows)}, {len(differing)} of them unlike the card's expectation")
        rows = differing
    elif len(rows) > 2 * SHOWN:
        say(f"{title}: {len(rows)}")
        rows = []
    if rows:
        columns = [title.removeprefix("By "), "found", "expected"]
        n_columns = 2 if all(row[2] == "" for row in rows) else 3
        table(title, columns[:n_columns], [row[:n_columns] for row in rows])


def _show_some(names: Sequence[str]) -> None:
    for name in names[:SHOWN]:
        say(f"  {name}")
    if len(names) > SHOWN:
        say(f"  … and {len(names) - SHOWN} more")
