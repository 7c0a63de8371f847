"""The command that compares runs: ``featser compare``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featser.console import say, table

if TYPE_CHECKING:
    from featser.verbs.compare import Comparison, Pair


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two folders or more that `fit` wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the comparison: .json.")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="Whose predictions [the first run's first one that all runs have]."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap and the permutations.")] = 0,
) -> None:
    """Compare runs on the utterances that all of them predicted, pair by pair and paired.

    For each task the difference of the headline metric (UAR, or CCC) with a 95 % interval by
    bootstrap over speakers; p by permutation over speakers; McNemar's exact p of accuracy; each
    p also corrected for there being several (Holm).
    """
    from featser.verbs.compare import compare as run

    _show(run(runs, output, protocol, seed))
    if output is not None:
        say(f"comparison: {output}")


def _show(found: Comparison) -> None:
    rows = [
        (
            compared.name,
            compared.protocol,
            compared.described.get("model", "not known"),
            ", ".join(compared.described.get("features", ())) or "not known",
            compared.described.get("speaker_norm", "not known"),
            len(compared.predictions),
        )
        for compared in found.runs
    ]
    columns = ["run", "protocol", "model", "features", "speaker norm", "utterances"]
    table("Runs", columns, rows)
    say(f"{found.common} utterances are in all runs")
    columns = ["task", "metric", "A", "B", "of A", "of B", "B − A [95 %]", "p", "p Holm"]
    table("Differences", columns, [_line(pair) for pair in found.pairs])
    counted = [
        (p.task, p.a, p.b, p.found.only_a, p.found.only_b, _p(p.found.mcnemar), _p(p.mcnemar_holm))
        for p in found.pairs
        if not math.isnan(p.found.mcnemar)
    ]
    if counted:
        columns = ["task", "A", "B", "only A right", "only B right", "p", "p Holm"]
        table("Accuracy, by McNemar's exact test (as if utterances were independent)",
              columns, counted)  # fmt: skip
    for pair in {pair.found.permutation.exact: pair for pair in found.pairs}.values():
        told = pair.found.permutation
        ways = f"all {told.swaps} ways" if told.exact else f"{told.swaps} ways drawn at random"
        say(f"p ({pair.task}): speakers' predictions swapped between the runs, {ways}")
    for note in found.notes:
        say(f"note: {note}")


def _line(pair: Pair) -> tuple[object, ...]:
    found = pair.found
    low, high = found.difference.low, found.difference.high
    interval = "" if math.isnan(low) else f" [{low:+.3f}, {high:+.3f}]"
    return (
        pair.task,
        found.metric.upper(),
        pair.a,
        pair.b,
        f"{found.a:.3f}",
        f"{found.b:.3f}",
        f"{found.difference.value:+.3f}{interval}",
        _p(found.permutation.p),
        _p(pair.p_holm),
    )


def _p(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
