"""The command that compares runs: ``featser compare``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featser.cli.console import say, say_text, table
from featser.errors import counted

if TYPE_CHECKING:
    from featser.api.compare import Comparison, Pair
    from featser.experiment.compared.compared_runs import Compared


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two folders or more that `fit` wrote.")],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", help="Write the comparison: a page (.html) or .json; repeatable."
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="Protocol whose predictions are compared [the first run's first one that all "
            "runs have]."
        ),
    ] = None,
    labels_of: Annotated[
        str | None,
        typer.Option(
            help="Whose labels all runs are scored against: A, B, … or a run's folder, or a "
            "manifest [each its own, which must be the same]."
        ),
    ] = None,
) -> None:
    """Compare runs on the utterances that all of them predicted.

    For each task the difference of the headline metric (UAR, or CCC) with a 95 % interval over
    speakers, its p value, and p corrected for the number of comparisons (Holm). The interval
    excludes 0 exactly where p is below 0.05. A sentence for each task and pair of runs says which
    run is better, or how large a difference could be missed. The page (-o compare.html) also has
    the differences by class and speaker, and the utterances with another prediction.
    """
    from featser.api.compare import compare as run

    comparison = run(runs, output, protocol, labels_of)
    _show(comparison)
    for file in output or ():
        say(f"comparison: {file}")
    _conclude(comparison)


def _show(comparison: Comparison) -> None:
    from featser.reporting.comparison.compared_pair import run_letter

    letters = {run.name: run_letter(number) for number, run in enumerate(comparison.runs)}
    columns = ["protocol", "model", "features", "speaker norm"]
    rows = [_described(compared) for compared in comparison.runs]
    differing = [at for at in range(len(columns)) if len({row[at] for row in rows}) > 1]
    table(
        "Runs",
        ["", "run", *(columns[at] for at in differing)],
        [
            (letters[compared.name], compared.name, *(row[at] for at in differing))
            for compared, row in zip(comparison.runs, rows, strict=True)
        ],
    )
    for at, name in enumerate(columns):
        if at not in differing:
            say_text(f"{name} of all runs: {rows[0][at]}")
    are = "is" if comparison.common == 1 else "are"
    say(f"{counted(comparison.common, 'utterance')} {are} in all runs")
    columns = ["metric", "runs", "values", "difference [95 %]", "p", "p Holm"]
    table("Differences", columns, [_line(pair, letters) for pair in comparison.pairs])
    units = " or ".join(dict.fromkeys(pair.unit for pair in comparison.pairs)) or "speaker"
    say_text(f"p: t-test by leaving out one {units} at a time in both runs (jackknife)")
    for note in comparison.notes:
        say_text(f"note: {note}")


def _described(compared: Compared) -> tuple[str, str, str, str]:
    """Return what the table of runs says of one: protocol, model, features, normalisation."""
    described = compared.described
    return (
        compared.protocol,
        described.get("model", "not known"),
        ", ".join(described.get("features", ())) or "not known",
        described.get("speaker_norm", "not known"),
    )


def _conclude(comparison: Comparison) -> None:
    say("")
    say("Conclusion" if len(comparison.pairs) == 1 else "Conclusions")
    for pair in comparison.pairs:
        say_text(pair.conclusion)


def _line(pair: Pair, letters: dict[str, str]) -> tuple[str, ...]:
    result = pair.result
    low, high = result.difference.low, result.difference.high
    interval = "" if math.isnan(low) else f" [{low:+.3f}, {high:+.3f}]"
    return (
        f"{pair.task}: {result.metric.upper()}",
        f"{letters[pair.a]}→{letters[pair.b]}",
        f"{result.a:.3f}→{result.b:.3f}",
        f"{result.difference.value:+.3f}{interval}",
        _p(result.p),
        _p(pair.p_holm),
    )


def _p(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
