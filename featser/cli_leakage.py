"""The command that shows what leaks: ``featser leakage``."""

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
    from featser.verbs.leakage import Leakage


def leakage(
    source: Annotated[str | None, typer.Argument(help="As for `fit`.")] = None,
    store: Store = DEFAULT_STORE,
    primary: Annotated[
        str | None, typer.Option(help="The label to predict [the card's, or emotion].")
    ] = None,
    model: Annotated[str | None, typer.Option(help="As for `fit`.")] = None,
    features: Features = None,
    corpus: Corpus = None,
    data: DataOption = None,
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
    """Show how much the same pipeline flatters itself when test recordings leak into training.

    The same features and model, divided in ways that leak more and less: augmented before the
    split (altered copies of test recordings are learnt from: a common mistake), at random (test
    speakers are learnt from), by speaker, and by speaker and sentence. What a row has above the
    last one, it owes to the leak that the row names. The rows with augmented copies need a store
    that has some (`featser extract --augment`); rows that the data do not allow are left out,
    with the reason. `featser fit` cannot make the mistake of the first row.

    Writes leakage.csv, leakage.json, leakage.md and leakage.html.
    """
    from featser.verbs.leakage import leakage as run
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
            audit=audit,
            cache=cache,
            command=typed(),
            progress=bars,
        )
    _show(result)


def _show(found: Leakage) -> None:
    from featser.reporting.numbers import estimate

    rows = [(row.name, row.leaks, estimate(row.accuracy), estimate(row.uar)) for row in found.rows]
    columns = ["divided", "in training of the test part", "accuracy [95 %]", "UAR [95 %]"]
    table(f"{found.described['task']}: {found.described['model']}", columns, rows)
    for name, reason in found.left_out.items():
        say(f"left out: {name}: {reason}")
    for note in found.notes:
        say(f"note: {note}")
    for line in found.fits:
        say(line)
    say(f"table: {found.folder / 'leakage.html'}")
