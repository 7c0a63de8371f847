"""The command that draws a learning curve: ``featser curve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featser.cli_options import (
    Cache,
    Corpus,
    DataOption,
    Features,
    Jobs,
    Seed,
    bars_of,
    typed,
    what_is_kept,
)
from featser.cli_store import DEFAULT_STORE, Store
from featser.console import say, table

if TYPE_CHECKING:
    from featser.verbs.curve import Curve


def curve(
    source: Annotated[str | None, typer.Argument(help="As for `fit`.")] = None,
    store: Store = DEFAULT_STORE,
    primary: Annotated[
        str | None, typer.Option(help="The label to predict [the card's, or emotion].")
    ] = None,
    model: Annotated[str | None, typer.Option(help="As for `fit`.")] = None,
    features: Features = None,
    corpus: Corpus = None,
    data: DataOption = None,
    draws: Annotated[
        int, typer.Option(help="Choices of training speakers, of each number of them.")
    ] = 5,
    seed: Seed = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The folder to write [a new one in runs/]."),
    ] = None,
    audit: Annotated[
        bool, typer.Option(help="Audit recordings first; keep altered copies in one fold.")
    ] = True,
    cache: Cache = True,
    jobs: Jobs = -1,
) -> None:
    """Show whether more speakers would help: UAR by how many speakers are learnt from.

    Each fold is tested as `fit --protocol speaker-independent` tests it, but its model learns
    from 2, 4, 8, … of the training speakers alone, chosen at random, several times. A curve that
    still rises at its end says that recording more speakers would help.

    Writes curve.csv, curve.json, curve.md, curve.html and the figure, curve.svg.
    """
    from featser.verbs.curve import curve as run
    from featser.verbs.source import parse_data

    with bars_of(kept=what_is_kept(cache)) as bars:
        result = run(
            source,
            store,
            primary=primary,
            model=model,
            features=features or (),
            corpus=corpus,
            data=parse_data(data or []),
            seed=seed,
            output=output,
            jobs=jobs,
            draws=draws,
            audit=audit,
            cache=cache,
            command=typed(),
            examining=bars("Examining recordings"),
            progress=bars("Fitting folds"),
        )
    _show(result)


def _show(found: Curve) -> None:
    from featser.reporting.numbers import estimate, number

    rows = [
        (point.speakers, point.draws, estimate(point.uar), number(point.lowest),
         number(point.highest), point.lacking)
        for point in found.points
    ]  # fmt: skip
    columns = [
        "speakers learnt from", "draws", "UAR [95 %]", "worst draw", "best draw",
        "fits without a class",
    ]  # fmt: skip
    table(f"{found.described['task']}: {found.described['model']}", columns, rows)
    say(f"chance: {number(found.chance)}")
    for line in found.fits:
        say(line)
    say(f"figure: {found.folder / 'curve.html'}")
