"""The commands that look after a feature store: ``featser store …``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say
from featser.cli.display.store_results import show_holdings, show_waste
from featser.errors import counted

Store = Annotated[Path, typer.Option("--store", help="The feature store.", rich_help_panel="Data")]
DEFAULT_STORE = Path("featser-store")

stores = typer.Typer(help="Look after a feature store.", no_args_is_help=True)


@stores.command("info")
def store_info(store: Store = DEFAULT_STORE) -> None:
    """Show the extractors in a store, their rows and their size."""
    from featser.api.stored.store import info as run

    show_holdings(run(store))


@stores.command("verify")
def store_verify(store: Store = DEFAULT_STORE) -> None:
    """Read everything in a store and compare checksums; exits with 1 if something is wrong."""
    from featser.api.stored.store import verification as run

    verified = run(store)
    for line in verified.faults:
        say(line)
    for line in verified.notes:
        say(f"note: {line}")
    count = counted(len(verified.faults), "fault")
    say(count if verified.faults else "no faults: every file can be read")
    if verified.faults:
        raise typer.Exit(1)


@stores.command("compact")
def store_compact(store: Store = DEFAULT_STORE) -> None:
    """Merge many small files into few, with equal values. A kill loses nothing."""
    from featser.api.stored.store import compact as run

    for folder, (before, after) in run(store).items():
        say(f"{folder}: {counted(before, 'part file')} became {after}")


@stores.command("gc")
def store_gc(
    store: Store = DEFAULT_STORE,
    unnamed: Annotated[
        bool,
        typer.Option(
            "--unnamed", help="Also rows that the last extraction's manifest does not name."
        ),
    ] = False,
    fits: Annotated[
        bool,
        typer.Option("--fits", help="Also finished fits, which `fit` would read instead of doing."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without, only look.")] = False,
) -> None:
    """Remove unfinished files, and features and fits that this version of featser does not make."""
    from featser.api.stored.store import gc as run

    show_waste(run(store, unnamed, yes, fits), unnamed, yes, fits)
