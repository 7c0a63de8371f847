"""The command that tests a run on altered recordings: ``featser stress``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say, say_notes, say_text, table
from featser.cli.shared_options import Jobs, bars_of


def stress(
    run: Annotated[Path, typer.Argument(help="A folder that `fit` or `run` wrote.")],
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,…",
            help="noise, babble, telephone, mp3, reverb, clipping, gain, far [all].",
        ),
    ] = None,
    utterances: Annotated[
        str | None,
        typer.Option(
            metavar="N|all",
            help="How many recordings are altered, balanced over speakers [what ten minutes on one "
            "core allow, but 50 at least].",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Also write the table (.csv) or everything (.json)."),
    ] = None,
    task: Annotated[str | None, typer.Option(help="The task [the primary one].")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol whose test sets are used [the leading one].")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            help="Where features are, and those of altered recordings go [where the run had them]."
        ),
    ] = None,
    jobs: Jobs = -1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, and what it costs.")
    ] = False,
) -> None:
    """Test a run's models on altered recordings.

    Kinds are noise, telephone, reverberation and others.

    Recordings of the test sets are altered, their features are extracted anew, and the models that
    were not fitted on these recordings predict them. Shown are UAR (or CCC) at each level, its
    difference to the unaltered recordings, and 95 % intervals over speakers. Nothing altered enters
    a training set. After a kill, run the same command again: what is extracted stays in the store.

    Writes stress.json and stress.csv into the run's folder, and a section of report.html.
    """
    from featser.api.finished.stress import stress as run_stress
    from featser.experiment.runs.run_reading import read_description
    from featser.robustness.stress_tables import stress_overview

    with bars_of(store):
        result = run_stress(
            run,
            conditions=condition or (),
            utterances=utterances,
            output=output,
            task=task,
            protocol=protocol,
            store=store,
            n_jobs=jobs,
            dry_run=dry_run,
        )
    if result.curves is not None:
        content = stress_overview(result.curves)
        table(f"{content.caption} ({result.protocol})", content.columns, content.rows)
    for sentence in result.sentences:
        say_text(sentence)
    say_notes(result.notes, result.fits)
    if result.curves is None:
        say("nothing was written: this was --dry-run")
        return
    say(f"tested in {result.seconds:.1f} s: {result.folder / 'stress.json'}")
    if output is not None:
        say(f"table: {output}")
    if not read_description(result.folder).get("augmented_copies"):
        say_text(
            f"next: {_extract_copies(run, store)} (then fit: models learn from such copies too)"
        )


def _extract_copies(run: Path, store: Path | None) -> str:
    """Return the command that extracts altered copies of a run's recordings."""
    from featser.experiment.loading.sources.source import STORE
    from featser.experiment.recipe import RECIPE
    from featser.experiment.runs.reopened_run import data_of_run, store_of_run

    data = [f"{name}={place}" for name, place in data_of_run(run).items()]
    words = ["featser", "extract", str(run / RECIPE)]
    words += [word for pair in data for word in ("--data", pair)]
    words += ["--store", str(store or store_of_run(run, STORE)), "--augment", "field"]
    return shlex.join(words)
