"""The command that calibrates a run for windows: ``featser calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say, say_notes, say_text, table
from featser.cli.shared_options import Jobs, bars_of


def calibrate(
    run: Annotated[Path, typer.Argument(help="A folder that `fit` or `run` wrote.")],
    window: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="The length of windows, as `predict` takes it. [2]"),
    ] = None,
    hop: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="The step from a window to the next. [0.5]"),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Where the features are [where the run had them].")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Calibrate a run's model for windows of long recordings.

    Afterwards `featser predict RUN long.wav --timeline` compares the features of windows with those
    of the training recordings, and takes --coverage. Utterances of the test sets are joined to long
    recordings, and the models that were not fitted on their speaker predict the windows: the models
    of the folds are read from the cache or fitted again.

    Changes model.featser in the run's folder.
    """
    from featser.api.finished.calibrate import calibrate as run_calibrate

    given = {"window": window, "hop": hop}
    with bars_of(store):
        result = run_calibrate(
            run,
            store=store,
            n_jobs=jobs,
            **{name: value for name, value in given.items() if value is not None},
        )
    content = result.display()
    table(f"Calibration by class ({result.protocol})", content.columns, content.rows)
    for sentence in result.sentences:
        say_text(sentence)
    say_notes(result.notes, result.fits)
    say(f"calibrated in {result.seconds:.1f} s")
