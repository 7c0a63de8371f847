"""The command to correct labels: ``featser relabel``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say, say_text
from featser.cli.shared_options import bars_of
from featser.errors import counted


def relabel(
    run: Annotated[Path, typer.Argument(help="A folder that `fit` or `run` wrote.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The table (.csv, .xlsx) or manifest (.csv, .tsv, .parquet) to write "
            "[relabel.csv or manifest.csv in the run's folder].",
        ),
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option("--apply", help="The edited table: write a manifest with its labels."),
    ] = None,
    task: Annotated[str | None, typer.Option(help="A task with classes [the primary one].")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol whose predictions are used [the leading one].")
    ] = None,
    most: Annotated[
        int,
        typer.Option(
            "--most", "-n", help="Confident mistakes in the table, beside likely label errors."
        ),
    ] = 20,
    store: Annotated[
        Path | None,
        typer.Option(help="With --apply: the store of the run [where the run had it]."),
    ] = None,
) -> None:
    """Write a table of doubtful labels to edit, and apply it.

    Listen to the recordings (`featser explore` makes a page for that), and write the right class
    into the column new_label; an empty cell leaves the label as it is. The manifest has all
    recordings of the run, and the labels before the change in a column of their own.
    """
    from featser.api.finished.relabel import relabel as run_relabel

    with bars_of(store):
        result = run_relabel(
            run, output=output, apply=apply, task=task, protocol=protocol, most=most, store=store
        )
    if not result.is_manifest:
        say(f"{counted(len(result.table), 'recording')} to look at: {result.output}")
        command = shlex.join(["featser", "relabel", str(run), "--apply", str(result.output)])
        say(f"fill in new_label, then: {command}")
        return
    for note in result.notes:
        say_text(f"note: {note}")
    n_rows = counted(len(result.table), "utterance")
    say(f"{counted(len(result.changed), 'label')} of {result.task} changed, {n_rows}")
    say(f"manifest: {result.output}")
