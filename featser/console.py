"""What the terminal shows: progress, tables, and the end of a run."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from featser.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from featser.audit.run import Audit
    from featser.corpora.scan import ScanResult
    from featser.features.extraction import Extraction
    from featser.features.upkeep import Holding, Waste
    from featser.verbs.results import Run

SHOWN = 20


class Bars:
    """Progress bars with rate and time left, on the error stream, one for each step.

    Examples
    --------
    >>> with Bars() as bars:  # doctest: +SKIP
    ...     extract(source, progress=bars("Extracting features"))
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        self._shown = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )

    def __enter__(self) -> Bars:
        self._shown.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shown.stop()

    def __call__(self, step: str) -> Progress:
        """Return what a step calls with the units done and in all; its bar is there from then."""
        task = self._shown.add_task(step, total=None, rate="", start=False, visible=False)

        def update(done: int, total: int) -> None:
            if not self._shown.tasks[task].started:
                self._shown.start_task(task)
            speed = self._shown.tasks[task].speed
            rate = f"{speed:.1f}/s" if speed else ""
            self._shown.update(task, completed=done, total=total, rate=rate, visible=True)

        return update


def say(text: str) -> None:
    """Print a line as it is."""
    print(text, flush=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; text columns to the left, numbers to the right."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    lines = [[("" if cell is None else cell) for cell in row] for row in rows]
    shown = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="bold"
    )
    for position, name in enumerate(columns):
        numbers = bool(lines) and all(isinstance(line[position], int | float) for line in lines)
        shown.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for line in lines:
        shown.add_row(*(escape(str(cell)) for cell in line))
    Console().print(shown)


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
    say(f"{len(result.manifest)} utterances")
    for title, counts in (("By class", result.by_class), ("By speaker", result.by_speaker)):
        if len(counts):
            _show_counts(title, counts)
    for title, names in (
        ("with names that do not fit the card (not used)", result.unmatched),
        ("that the card expects, not found", result.missing),
    ):
        if names:
            say(f"{len(names)} file{'s' if len(names) > 1 else ''} {title}:")
            _show_some(names)
    for note in result.notes:
        say(f"note: {note}")
    if result.tasks:
        described = (f"{task.name} ({task.kind})" for task in result.tasks)
        say(f"tasks: {', '.join(described)}")
    for name, reason in result.refused.items():
        say(f"no task '{name}': {reason}")


def show_audit(result: Audit) -> None:
    """Print every finding with the first rows of its table, and how many there are."""
    for finding in result.findings:
        say(f"{finding.severity}: {finding.kind}: {finding.message}")
        if finding.table:
            columns = list(finding.table[0])
            rows = [[row[name] for name in columns] for row in finding.table[:SHOWN]]
            table("", columns, rows)
        if len(finding.table) > SHOWN:
            say(f"  … and {len(finding.table) - SHOWN} more")
    if result.folder:
        say(f"files are in {result.folder}")
    counts = result.to_dict()["counts"]
    told = ", ".join(f"{n} {name}{'s' * (n != 1)}" for name, n in counts.items())
    say(f"{len(result.facts)} recordings: {told}")


def show_extraction(result: Extraction, store: str) -> None:
    """Print what an extraction did, and every refusal."""
    for note in result.notes:
        say(f"note: {note}")
    for file, remark in list(result.remarks.items())[:SHOWN]:
        say(f"note: {file}: {remark}")
    if len(result.remarks) > SHOWN:
        say(f"  … and {len(result.remarks) - SHOWN} more such recordings (`featser audit`)")
    if len(result.unusable):
        rows = [
            (row["file"], _span(row["start"], row["end"]), row["extractor"], row["reason"])
            for row in result.unusable.to_dict("records")
        ]
        table("Unusable", ["file", "segment", "extractor", "reason"], rows)
    refused = result.unusable["file"].nunique()
    copies = f", {result.copies} copies of others" if result.copies else ""
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
        say(
            f"{len(result.scaled)} recordings were scaled to keep their peaks inside "
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
            "yes" if held.current else "no",
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
        say(f"{damaged} part files are damaged: `featser store verify` names them")
    say(f"{_size(sum(held.bytes for held in holdings))} in all")


def show_waste(found: Waste, unnamed: bool, really: bool, fits: bool = False) -> None:
    """Print what was, or would be, thrown away."""
    lines = [f"{found.unfinished} unfinished files of stopped runs"] * bool(found.unfinished)
    lines += [
        f"{held.spec} {held.fingerprint}: {held.rows} rows, {_size(held.bytes)}: this version of "
        f"featser does not make them"
        for held in found.outdated
    ]
    others = [
        f"{spec}: {count} rows that the last extraction's manifest does not name"
        for spec, count in found.unnamed.items()
    ]
    if unnamed:
        lines += others
    kept = f"{found.fits} finished fits of folds and models, {_size(found.fits_bytes)}"
    if found.outdated_fits:
        lines.append(f"{found.outdated_fits} fits that this version of featser does not make")
    if found.fits and fits:
        lines.append(kept)
    for line in lines:
        say(f"{'removed' if really else 'would remove'}: {line}")
    for line in () if unnamed else others:
        say(f"kept: {line} (--unnamed removes them)")
    if found.fits and not fits:
        say(f"kept: {kept} (--fits removes them)")
    if not lines:
        say("nothing to remove")
    elif not really:
        say("nothing was removed yet: --yes does it")


def show_run(run: Run) -> None:
    """Print the figures of a run and where its files are."""
    from featser.reporting.wording import metric_title, optimistic

    for protocol, by_task in run.metrics.items():
        rows = [
            (task, metric_title(metric), _figure(figure))
            for task, metrics in by_task.items()
            for metric, figure in metrics.items()
            if not metric.startswith("recall")
        ]
        marked = (
            " (OPTIMISTIC: speakers are in both training and test)" if optimistic(protocol) else ""
        )
        norm = run.settings.speaker_norm
        named = f", speaker normalisation: {norm}" if norm != "none" else ""
        say(f"{protocol}{marked}{named}")
        table("", ["task", "metric", "value [95 % interval]"], rows)
    for note in run.notes:
        say(f"note: {note}")
    for finding in run.findings:
        if finding.severity != "note":
            say(f"audit: {finding.severity}: {finding.kind}: {finding.message}")
    for name, reason in run.data.refused_tasks.items():
        say(f"no task '{name}': {reason}")
    if len(run.data.unusable):
        say(f"{len(run.data.unusable)} utterances could not be used; the report lists them")
    for line in run.fits:
        say(line)
    say(f"model: {run.bundle}")
    say(f"report: {run.report}")


def show_predictions(predictions: pd.DataFrame) -> None:
    """Print a line for each recording: its predictions, or why it has none; notes beside them."""
    for note in predictions.attrs["notes"]:
        print(f"featser: note: {note}", file=sys.stderr)
    names = [str(name) for name in predictions]
    tasks = [name.removesuffix(".pred") for name in names if name.endswith(".pred")]
    for row in predictions.to_dict("records"):
        if row["error"]:
            say(f"{row['file']}\tunusable: {row['error']}")
            continue
        parts = [f"{task}={_predicted(row, task)}" for task in tasks]
        say("\t".join([str(row["file"]), *parts]))


def _predicted(row: Mapping[Any, Any], task: str) -> str:
    value = row[f"{task}.pred"]
    if isinstance(value, str):
        return f"{value} ({row[f'{task}.p[{value}]']:.2f})"
    return f"{value:.3g}"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def _figure(figure: Mapping[str, Any]) -> str:
    value, low, high = (_known(figure.get(part)) for part in ("value", "low", "high"))
    if value is None:
        return "undefined"
    if low is None or high is None or low == high:
        return f"{value:.3f}"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _known(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else number


def _span(start: float, end: float) -> str:
    first, last = _known(start), _known(end)
    if first is None and last is None:
        return ""
    return f"{first or 0:g}–{'end' if last is None else f'{last:g}'} s"


def _show_counts(title: str, counts: pd.DataFrame) -> None:
    known = counts["expected"].to_numpy(dtype=float, na_value=math.nan)
    expected = ["" if math.isnan(count) else int(count) for count in known]
    found = [int(count) for count in counts["found"]]
    rows = list(zip(map(str, counts.index), found, expected, strict=True))
    differing = [row for row in rows if row[2] != "" and row[1] != row[2]]
    if len(rows) > 2 * SHOWN:
        say(f"{title}: {len(rows)}, {len(differing)} of them unlike the card's expectation")
        rows = differing
    if rows:
        table(title, [title.removeprefix("By "), "found", "expected"], rows)


def _show_some(names: Sequence[str]) -> None:
    for name in names[:SHOWN]:
        say(f"  {name}")
    if len(names) > SHOWN:
        say(f"  … and {len(names) - SHOWN} more")
