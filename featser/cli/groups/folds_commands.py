"""The commands about published folds: ``featser folds …``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featser.cli.console import SHOWN, say, say_text, table
from featser.cli.shared_options import Corpus, PathPattern, bars_of
from featser.errors import InputError, counted

if TYPE_CHECKING:
    from featser.audit.folds_check import FoldsCheck

folds = typer.Typer(help="About published folds.", no_args_is_help=True)


@folds.callback()
def _about_folds() -> None:
    """Check published folds."""


@folds.command("check")
def folds_check(
    file: Annotated[
        str,
        typer.Argument(
            help="The folds: a table with `name` (or `file`) and `fold`, JSON lines, or a folder "
            "of them."
        ),
    ],
    folder: Annotated[str | None, typer.Argument(help="The corpus folder, with --corpus.")] = None,
    manifest: Annotated[
        str | None,
        typer.Option("--manifest", metavar="FILE", help="A manifest, in place of a corpus folder."),
    ] = None,
    corpus: Corpus = None,
    pattern: PathPattern = None,
    primary: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="The label whose classes are counted."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the result: .json.")
    ] = None,
) -> None:
    """Check whether folds share speakers or recordings.

    The exit code is 0 if they share neither, 1 if they share some or it could not be checked, and
    2 if the folds or the recordings cannot be read.
    """
    from featser.api.audit import check_folds

    if folder is not None and manifest is not None:
        raise InputError("cannot be combined with a corpus folder: name one of them", "manifest")
    with bars_of():
        result = check_folds(
            file,
            manifest or folder,
            corpus=corpus,
            pattern=pattern,
            primary=primary,
            output=output,
        )
    _show(result)
    if output is not None:
        say(f"result: {output}")
    if not result.is_disjoint:
        raise typer.Exit(1)


def _show(result: FoldsCheck) -> None:
    """Print the folds, what they share, and what is in only one of folds and recordings."""
    shown = result.display()
    table("Folds", shown.columns, shown.rows)
    _show_rows("Speakers in several folds", result.speakers)
    _show_rows("Recordings in several folds", result.recordings)
    _show_names("name", "without a recording", result.unmatched_names)
    _show_names("recording", "without a fold", result.without_fold)
    for note in result.notes:
        say_text(f"note: {note}")
    for reason in result.not_checked:
        say_text(f"not checked: {reason}")
    say_text(shown.text)


def _show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    table(title, list(rows[0]), [list(row.values()) for row in rows[:SHOWN]])
    if len(rows) > SHOWN:
        say(f"  … and {len(rows) - SHOWN} more")


def _show_names(what: str, lack: str, names: Sequence[str]) -> None:
    if not names:
        return
    more = f", … and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    say_text(f"{counted(len(names), what)} {lack}: {', '.join(names[:SHOWN])}{more}")
