"""The command that compares runs: ``featser compare``."""

from __future__ import annotations

import math
from pathlib import Path
from string import ascii_uppercase
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
    letters = dict(zip([run.name for run in found.runs], _letters(len(found.runs)), strict=True))
    rows = [
        (
            letters[compared.name],
            compared.name,
            compared.protocol,
            compared.described.get("model", "not known"),
            ", ".join(compared.described.get("features", ())) or "not known",
            compared.described.get("speaker_norm", "not known"),
        )
        for compared in found.runs
    ]
    table("Runs", ["", "run", "protocol", "model", "features", "speaker norm"], rows)
    say(f"{found.common} utterances are in all runs")
    columns = ["metric", "runs", "values", "difference [95 %]", "p", "p Holm"]
    table("Differences", columns, [_line(pair, letters) for pair in found.pairs])
    say("p: permutation, speakers' predictions swapped between the runs; exact: in all ways")
    counted = [
        (
            pair.task,
            f"{letters[pair.a]}, {letters[pair.b]}",
            f"{pair.found.only_a}, {pair.found.only_b}",
            _p(pair.found.mcnemar),
            _p(pair.mcnemar_holm),
        )
        for pair in found.pairs
        if not math.isnan(pair.found.mcnemar)
    ]
    if counted:
        title = "Accuracy, by McNemar's exact test (as if utterances were independent)"
        table(title, ["task", "runs", "alone right", "p", "p Holm"], counted)
    for note in found.notes:
        say(f"note: {note}")


def _letters(count: int) -> list[str]:
    return [ascii_uppercase[n] if n < len(ascii_uppercase) else str(n + 1) for n in range(count)]


def _line(pair: Pair, letters: dict[str, str]) -> tuple[str, ...]:
    found = pair.found
    low, high = found.difference.low, found.difference.high
    interval = "" if math.isnan(low) else f" [{low:+.3f}, {high:+.3f}]"
    return (
        f"{pair.task}: {found.metric.upper()}",
        f"{letters[pair.a]} → {letters[pair.b]}",
        f"{found.a:.3f} → {found.b:.3f}",
        f"{found.difference.value:+.3f}{interval}",
        f"{_p(found.permutation.p)}{' (exact)' if found.permutation.exact else ''}",
        _p(pair.p_holm),
    )


def _p(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
