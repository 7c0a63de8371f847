"""The command that shows what leaks: ``featser leakage``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featser.cli.console import say, table
from featser.cli.generated_options import experiment_command

if TYPE_CHECKING:
    from featser.api.leakage import Leakage


@experiment_command
def leakage(result: Leakage) -> None:
    """Show how much the same pipeline flatters itself when test recordings leak into training.

    The same features and model, divided in ways that leak more and less: augmented before the
    split (altered copies of test recordings are learnt from: a common mistake), at random (test
    speakers are learnt from), by speaker, and by speaker and sentence. What a row has above the
    last one, it owes to the leak that the row names. The rows with augmented copies need a store
    that has some (`featser extract --augment`); rows that the data do not allow are left out,
    with the reason. `featser fit` cannot make the mistake of the first row.

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
    for note in result.notes:
        say(f"note: {note}")
    for line in result.fits:
        say(line)
    say(f"table: {result.folder / 'leakage.html'}")
