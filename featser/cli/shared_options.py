"""Options that several commands share, and progress bars that an interruption ends well."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from featser.cli.display.store_results import show_extraction
from featser.credentials import without_credentials
from featser.errors import RecipeError
from featser.progress import shown_by
from featser.progress_bars import Bars
from featser.workers.interrupts import EXIT_CODE, tell

Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; -1: one per core.")]
Features = Annotated[
    list[str] | None,
    typer.Option(
        "--features",
        "-f",
        metavar="NAME[:PRESET]",
        help="An extractor, such as handcrafted, gemaps or mfcc:basic, or default for the default "
        "ones; repeat for several. `featser features` lists them.",
    ),
]
Corpus = Annotated[
    str | None,
    typer.Option(
        "--corpus",
        metavar="CARD",
        help="The card of a corpus folder (see `corpora`). [by its layout]",
        rich_help_panel="Data",
    ),
]
PathPattern = Annotated[
    str | None,
    typer.Option(
        "--pattern",
        metavar="PATTERN",
        help="How paths in the folder are read: '{speaker}/*/{emotion}_{take:d}.wav'.",
        rich_help_panel="Data",
    ),
]
LabelNames = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=NAME",
        help="Rename a column (label=emotion) or class (emotion.ang=angry); repeatable.",
        rich_help_panel="Data",
    ),
]
DataOption = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="CORPUS=FOLDER",
        help="Where a corpus of the recipe is; without a source, a card and its folder; repeat "
        "for several.",
        rich_help_panel="Data",
    ),
]
Cache = Annotated[
    bool,
    typer.Option(help="Keep finished folds and reuse them."),
]


RunFolder = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The folder to write [default: a new one in runs/]."),
]


def typed() -> str:
    """Return the command as the user typed it."""
    return shlex.join(["featser", *sys.argv[1:]])


def cache_message(cache: bool) -> str:
    """Say what an interrupted fit leaves."""
    return "finished folds are kept" if cache else "with --no-cache no fold is kept"


def named_in(pairs: Sequence[str] | None) -> dict[str, Any]:
    """Return what ``--map`` names, as the arguments that functions have for it."""
    from featser.corpora.labelling.label_map import parse_map

    names = parse_map(pairs or ())
    return {"columns": names.columns, "labels": names.classes} if names else {}


@contextmanager
def bars_of(store: Path | None = None, saved: str = "finished work is saved") -> Iterator[Bars]:
    """Show progress; an interruption ends with what was done and the exit code 130."""
    try:
        with Bars() as bars, shown_by(bars):
            yield bars
    except KeyboardInterrupt as stop:
        done = getattr(stop, "so_far", None)  # an extraction's Interrupted
        if done is not None and store is not None:
            show_extraction(done, str(store), is_recorded=False)
        tell(f"interrupted; {saved}: run the same command again")
        sys.exit(EXIT_CODE)


def parse_data(pairs: Sequence[str]) -> dict[str, str | Path]:
    """Read ``CORPUS=FOLDER`` pairs.

    Raises
    ------
    RecipeError
        If a pair has no ``=``, or a corpus has two folders.
    """
    from featser.io.location import is_remote, local_path

    places: dict[str, str | Path] = {}
    for pair in pairs:
        name, equals, folder = pair.partition("=")
        if not equals or not name or not folder:
            raise RecipeError(f"--data '{pair}': write CORPUS=FOLDER, such as ravdess=~/ravdess")
        place = folder if is_remote(folder) else local_path(folder).expanduser()
        if name in places:
            raise RecipeError(
                f"--data: '{name}' is given twice ({without_credentials(str(places[name]))} and "
                f"{without_credentials(str(place))}): remove one"
            )
        places[name] = place
    return places
