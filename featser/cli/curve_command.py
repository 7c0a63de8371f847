"""The command that draws a learning curve: ``featser curve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featser.cli.console import say, table
from featser.cli.generated_options import experiment_command

if TYPE_CHECKING:
    from featser.api.curve import Curve


@experiment_command
def curve(result: Curve) -> None:
    """Show whether more speakers would help: UAR by how many speakers are learnt from.

    Each fold is tested as `fit --protocol speaker-independent` tests it, but its model learns
    from 2, 4, 8, … of the training speakers alone, chosen at random, several times. A curve that
    still rises at its end says that recording more speakers would help.

    Writes curve.csv, curve.json, curve.md, curve.html and the figure, curve.svg.
    """
    from featser.reporting.numbers import estimate, number

    rows = [
        (point.speakers, point.draws, estimate(point.uar), number(point.lowest),
         number(point.highest), point.lacking)
        for point in result.points
    ]  # fmt: skip
    columns = [
        "training speakers", "draws", "UAR [95 %]", "worst draw", "best draw",
        "fits without a class",
    ]  # fmt: skip
    table(f"{result.described['task']}: {result.described['model']}", columns, rows)
    say(f"chance: {number(result.chance)}")
    for line in result.fits:
        say(line)
    say(f"figure: {result.folder / 'curve.html'}")
