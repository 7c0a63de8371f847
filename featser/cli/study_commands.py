"""The commands that carry out studies: ``featser leakage`` and ``featser curve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featser.cli.console import say, say_notes, table
from featser.cli.generated_options import experiment_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featser.api.curve import Curve
    from featser.api.leakage import Leakage


@experiment_command
def leakage(result: Leakage) -> None:
    """Show how much a leak into the training set adds.

    The same features and model are evaluated on divisions that leak more and less: augmented before
    the split (altered copies of test recordings are in the training set: a common mistake), at
    random (test speakers are in the training set), by speaker, and by speaker and sentence. The
    amount by which a row exceeds the last one is due to the leak that the row names. The rows with
    augmented copies need a store that has some (`featser extract --augment`); rows that the data do
    not allow are left out, with the reason. `featser fit` cannot make the mistake of the first row.

    Writes leakage.csv, leakage.json, leakage.md and leakage.html.
    """
    from featser.reporting.numbers import estimate

    rows = [(row.name, row.leaks, estimate(row.accuracy), estimate(row.uar)) for row in result.rows]
    columns = [
        "division of the data",
        "test recordings in training",
        "accuracy [95 %]",
        "UAR [95 %]",
    ]
    table(f"{result.described['task']}: {result.described['model']}", columns, rows)
    for name, reason in result.left_out.items():
        say(f"left out: {name}: {reason}")
    _say_left_out(result.described)
    say_notes((*result.notes, *result.interval_notes), result.fits)
    say(f"table: {result.folder / 'leakage.html'}")


@experiment_command
def curve(result: Curve) -> None:
    """Show whether more training speakers would help.

    The table has the UAR by the number of training speakers.

    Each fold is tested as in `fit --protocol speaker-independent`, but its model is fitted on only
    2, 4, 8, … of the training speakers, which are drawn at random several times. If the curve still
    rises at its end, recordings of more speakers would help.

    Writes curve.csv, curve.json, curve.md, curve.html and the figure, curve.svg. Of a
    finished run (`featser curve RUN`), the report of the run gets the curve as a section.
    """
    from featser.reporting.numbers import estimate, number

    rows = [
        (point.speakers, point.draws, estimate(point.uar),
         f"{number(point.lowest)}–{number(point.highest)}", point.lacking)
        for point in result.points
    ]  # fmt: skip
    columns = ["speakers", "draws", "UAR [95 %]", "worst–best", "lacking a class"]
    title = f"{result.described['task']} by training speakers: {result.described['model']}"
    table(title, columns, rows)
    say(f"chance: {number(result.chance)}")
    _say_left_out(result.described)
    say_notes(result.interval_notes, result.fits)
    say(f"figure: {result.folder / 'curve.html'}")
    if result.report is not None:
        say(f"report: {result.report} (section Learning curve)")


def _say_left_out(described: Mapping[str, Any]) -> None:
    """Name what of a recipe a study does not use."""
    if names := described.get("auxiliary_left_out"):
        say(f"note: auxiliary corpora of the recipe are left out of studies: {', '.join(names)}")
