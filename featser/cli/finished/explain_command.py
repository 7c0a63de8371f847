"""The command that explains a run: ``featser explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say, say_notes, say_text, table
from featser.cli.shared_options import Jobs, bars_of


def explain(
    run: Annotated[Path, typer.Argument(help="A folder that `fit` or `run` wrote.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Also write the table (.csv) or everything (.json)."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="How features are grouped: descriptor (pitch, loudness, MFCC …), correlated "
            "(descriptors that vary together, joined), functional (level, spread, change …) or "
            "extractor."
        ),
    ] = "descriptor",
    task: Annotated[str | None, typer.Option(help="The task [the primary one].")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol whose test sets are used [the leading one].")
    ] = None,
    repetitions: Annotated[int, typer.Option(help="How often each group is permuted.")] = 10,
    store: Annotated[
        Path | None, typer.Option(help="Where the features are [where the run had them].")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Show which groups of features a run's models rely on.

    Each group is permuted among the utterances of a speaker in each test set, and predicted by the
    model that was not fitted on that test set. The fall of UAR (or CCC) and of the recall of each
    class is shown, with a 95 % interval over speakers. What a group shares with other groups is not
    lost when it is permuted alone, so a group without a fall can still be informative.

    Of each class, the features of `gemaps` and `rhythm` that differ most from the other classes
    within speakers are named, in standard deviations and in their units.

    Writes explanation.json, explanation.csv and class_differences.csv into the run's folder, and a
    section of report.html.
    """
    from featser.api.finished.explain import explain as run_explain
    from featser.explanation.importance_table import importance_overview

    with bars_of(store):
        result = run_explain(
            run,
            output=output,
            task=task,
            protocol=protocol,
            by=by,
            repetitions=repetitions,
            store=store,
            n_jobs=jobs,
        )
    content = importance_overview(result.importance)
    table(f"{content.caption} ({result.protocol})", content.columns, content.rows)
    for sentence in result.sentences:
        say_text(sentence)
    if result.class_sentences:
        say("What goes with a class (differences within speakers):")
    for sentence in result.class_sentences:
        say_text(sentence)
    say_notes(result.notes, result.fits)
    if result.importance.task.categorical:
        say("explanation.csv has the fall of each class's recall")
    say(f"explained in {result.seconds:.1f} s: {result.folder / 'explanation.json'}")
    if result.report is not None:
        say(f"report: {result.report} (section Explanation)")
    if output is not None:
        say(f"table: {output}")
