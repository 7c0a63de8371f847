"""What the terminal shows at the end of a fit: the verdict, tables, notes, and where files are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from featser.cli.console import say, say_text, table
from featser.cli.display.corpus_results import refused_lines
from featser.cli.finished.next_steps import next_steps
from featser.errors import counted
from featser.io.escaping import for_terminal

if TYPE_CHECKING:
    from featser.experiment.runs.run_files import Run
    from featser.reporting.summary import RunSummary
    from featser.reporting.tables import Table


def show_run(run: Run) -> None:
    """Print the results of a run, then its verdict, and where its files are."""
    from featser.reporting.statements.verdict_box import verdict_lines

    summary = run.summary
    for protocol in summary.protocols:
        _show_protocol(summary, protocol)
        say("")
    _show_notes(summary)
    for line in run.fits:
        say_text(line)
    if run.replaced:
        say_text(run.replaced)
    say("")
    for line in verdict_lines(summary):
        say_text(line)
    say(f"model: {run.bundle}")
    say(f"report: {run.report}")
    for line in next_steps(summary, for_terminal(run.report.parent)):
        say_text(line)


def _show_protocol(summary: RunSummary, protocol: str) -> None:
    """Print the tables of a protocol, with what limits its figures."""
    from featser.reporting.sections.fold_section import fold_table
    from featser.reporting.statements.overview import (
        baseline_table,
        rater_table,
        recall_table,
        task_table,
    )
    from featser.reporting.wording import optimistic_because

    why = optimistic_because(summary, protocol)
    marked = f" (OPTIMISTIC: {why})" if why else ""
    norm = summary.speaker_norm
    named = f", speaker normalisation: {norm}" if norm != "none" else ""
    say_text(f"{protocol}{marked}{named}")
    _show_table(task_table(summary, protocol))
    if protocol == summary.protocol:
        _show_table(recall_table(summary))
    _show_table(fold_table(summary, protocol))
    _show_table(baseline_table(summary, protocol))
    _show_table(rater_table(summary, protocol))
    for note, tasks in _notes_on(summary.metrics[protocol]).items():
        say_text(f"note on {', '.join(tasks)}: {note}")


def _show_table(content: Table | None) -> None:
    if content is not None:
        table(content.caption, content.columns, content.rows)


def _show_notes(summary: RunSummary) -> None:
    from featser.models.chosen import AUXILIARY
    from featser.reporting.wording import CHOSEN_ON

    choices = [note for note in summary.notes if note.startswith(CHOSEN_ON)]
    listed = [note for note in choices if f": {AUXILIARY}: " not in note]
    for note in summary.notes:
        if note not in listed:
            say_text(f"note: {note}")
    if listed:
        on = listed[0].partition(":")[0]
        say_text(f"{counted(len(listed), 'setting')} {on}: the report lists them (Settings)")
    for finding in summary.findings:
        if finding["severity"] != "note":
            say_text(f"audit: {finding['severity']}: {finding['kind']}: {finding['message']}")
    for line in refused_lines(summary.refused_tasks):
        say_text(line)
    if len(summary.unusable):
        n_unusable = counted(len(summary.unusable), "utterance")
        by_reason = summary.unusable["reason"].value_counts()
        say_text(
            f"warning: {n_unusable} could not be used; the report lists them. The most frequent "
            f"reason ({by_reason.iloc[0]}): {by_reason.index[0]}"
        )


def _notes_on(by_task: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, list[str]]:
    """Return the notes on the figures shown, and the tasks that each concerns."""
    from featser.reporting import baselines
    from featser.reporting.tables import notes_on_figures

    tasks_by_note: dict[str, list[str]] = {}
    for task, figures in by_task.items():
        for note in dict.fromkeys([*notes_on_figures(figures), *baselines.left_out(figures)]):
            tasks_by_note.setdefault(note, []).append(task)
    return tasks_by_note
