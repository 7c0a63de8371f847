"""Options that several commands share, and progress bars that an interruption ends well."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from featser.console import Bars, show_extraction

Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes; -1: one a core.")]
Timeout = Annotated[
    float,
    typer.Option(
        help="Seconds after which decoding, or one extractor, is given up on a recording; a "
        "third of that more for each second of audio."
    ),
]
Features = Annotated[
    list[str] | None,
    typer.Option(
        "--features",
        "-f",
        metavar="NAME[:PRESET]",
        help="An extractor, such as handcrafted, gemaps or mfcc:basic; repeat for several. "
        "`featser features` lists them.",
    ),
]
Corpus = Annotated[
    str | None,
    typer.Option("--corpus", metavar="CARD", help="The card of a corpus folder: see `corpora`."),
]
DataOption = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="CORPUS=FOLDER", help="Where a corpus of the recipe is."),
]
Seed = Annotated[int | None, typer.Option(help="Of folds, estimators and intervals.")]
Cache = Annotated[
    bool,
    typer.Option(help="Read finished fits that nothing has changed for, and keep those done."),
]


def typed() -> str:
    """Return the command as the user typed it."""
    return shlex.join(["featser", *sys.argv[1:]])


def what_is_kept(cache: bool) -> str:
    """Say what an interrupted fit leaves."""
    return "finished folds are kept" if cache else "with --no-cache no fold is kept"


@contextmanager
def bars_of(store: Path | None = None, kept: str = "what was finished is kept") -> Iterator[Bars]:
    """Show progress; an interruption ends with what was done and the exit code 130."""
    try:
        with Bars() as bars:
            yield bars
    except KeyboardInterrupt as stop:
        if (done := getattr(stop, "so_far", None)) is not None:  # an extraction's Interrupted
            show_extraction(done, str(store))
        message = f"interrupted; {kept}: run the same command again"
        print(f"\nfeatser: {message}", file=sys.stderr)
        sys.exit(130)
