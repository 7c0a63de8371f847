"""``featser fit``: what it adds to the options that the experiment declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featser.cli.display.run_results import show_run
from featser.cli.generated_options import experiment_command

if TYPE_CHECKING:
    from featser.experiment.runs.run_files import Run


@experiment_command
def fit(result: Run) -> None:
    """Evaluate a model out of fold, fit it on all data, report.

    After Ctrl-C or a kill the same command continues: finished folds are kept beside the store.
    """
    show_run(result)
