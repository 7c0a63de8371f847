"""``featser run``: its options, and how its plan is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featser.cli.console import say, say_text, table
from featser.cli.display.corpus_results import say_where_found
from featser.cli.display.run_results import show_run
from featser.cli.display.store_results import show_extraction
from featser.cli.generated_options import with_extraction_options
from featser.cli.shared_options import DataOption, Jobs, bars_of
from featser.cli.store_commands import DEFAULT_STORE, Store
from featser.errors import counted

if TYPE_CHECKING:
    from featser.experiment.forecast import Forecast
    from featser.extraction.extraction_forecast import (
        ExtractionForecast,
        ExtractorPlan,
        RecordingNeeds,
    )

_SHOWN = 10
"""Long recordings in a table."""


@with_extraction_options
def run(
    recipe: Annotated[
        str, typer.Argument(help="A recipe that comes with featser, or your own .yaml.")
    ],
    data: DataOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run's folder [runs/RECIPE].")
    ] = None,
    store: Store = DEFAULT_STORE,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Another value for a field of the recipe, such as model=svm, "
            "'features=[mfcc, rhythm]' or labels.emotion.calm=neutral; repeat for several.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Fit again, and replace the results in the folder."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, and what it costs.")
    ] = False,
    jobs: Jobs = -1,
    **options: Any,
) -> None:
    """Carry out a recipe: scan, audit, extract, fit, report.

    Steps that are done already are not repeated.

    The run's folder holds what `fit` writes and recipe.yaml, the recipe as it was carried out.
    After Ctrl-C or a kill the same command goes on where it was.
    """
    from featser.experiment.recipe import load_recipe

    experiment = load_recipe(recipe, change or ())  # first, since the modules below load slowly

    from featser.api.run import run as carry_out
    from featser.cli.shared_options import parse_data

    with bars_of(store):
        outcome = carry_out(
            experiment,
            data=parse_data(data or []),
            output=output,
            store=store,
            n_jobs=jobs,
            **options,
            mode="dry-run" if dry_run else "again" if again else "continue",
        )
    if outcome.forecast is not None:
        show_forecast(outcome.forecast)
        return
    if outcome.extraction is not None and len(outcome.extraction.unusable):
        show_extraction(outcome.extraction, str(store))
    if outcome.run is not None:
        show_run(outcome.run)


def show_forecast(plan: Forecast) -> None:
    """Print what a run would do, and roughly what it would cost."""
    table(
        "Corpora",
        ["corpus", "utterances", "speakers", "minutes of sound"],
        [(one.name, one.utterances, one.speakers, round(one.seconds / 60)) for one in plan.corpora],
    )
    if plan.copies:
        say(f"augmented copies, for training sets only: {plan.copies}")
    _show_extractors(plan.extractors)
    _show_long(plan.long)
    cores = counted(plan.cores, "core")
    say(
        f"audit: {_time(plan.audit_seconds)}; extraction: {_time(plan.extract_seconds)} on {cores} "
        f"(less where extractors share spectra and contours); disk: {plan.bytes / 1e6:.1f} MB more"
    )
    folds = ", ".join(f"{name} ({counted(count, 'fold')})" for name, count in plan.folds.items())
    say(f"protocols: {folds}; each model once more on all data")
    say(
        f"tasks: {', '.join(plan.tasks)}; models: {', '.join(plan.members)}; "
        f"{plan.rounds} × {plan.models} × {len(plan.members)} = {plan.fits} fits"
    )
    if plan.fit_seconds is None:
        say("fitting: how long these models take is not known")
    else:
        more = f"; several times that with {', '.join(plan.slower)}" if plan.slower else ""
        say(f"fitting: very roughly {_time(plan.fit_seconds)} on {cores}{more}")
    say("nothing was written: this was --dry-run")


def show_extraction_forecast(plan: ExtractionForecast, notes: Sequence[str]) -> None:
    """Print what an extraction would compute, and roughly what it would cost."""
    from featser.audio.content import ABSENT

    for note in notes:
        say(f"note: {note}")
    _show_extractors(plan.extractors)
    _show_long(plan.long)
    if plan.unusable:
        file, reason = plan.unusable[0]
        say_text(
            f"{len(plan.unusable)} of {counted(plan.utterances, 'utterance')} cannot be read, such "
            f"as {file}: {reason}"
        )
        if len(plan.unusable) == plan.utterances and reason == ABSENT:
            say_where_found([file for file, _ in plan.unusable])
    say(
        f"{counted(plan.utterances, 'utterance')}, {_time(plan.seconds)} of sound; extraction: "
        f"{_time(plan.core_seconds)} on {counted(plan.cores, 'core')} (less where extractors share "
        f"spectra and contours); disk: {plan.bytes / 1e6:.1f} MB more"
    )
    say("nothing was written: this was --dry-run")


def _show_extractors(plans: Sequence[ExtractorPlan]) -> None:
    table(
        "Features",
        ["extractor", "values", "not in the store", "MB", "seconds"],
        [
            (one.spec, one.values, one.missing, round(one.bytes / 1e6, 1), round(one.seconds))
            for one in plans
        ],
    )


def _show_long(long: Sequence[RecordingNeeds]) -> None:
    """Print the longest recordings, and what they need: nothing where none is long."""
    if not long:
        return
    rows = [
        (
            one.file,
            round(one.seconds / 60),
            round(one.memory_bytes / 1e6),
            round(one.core_seconds),
            ", ".join(one.refused) or "–",
        )
        for one in long[:_SHOWN]
    ]
    table("Long recordings", ["file", "minutes", "MB of memory", "seconds", "refused by"], rows)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
