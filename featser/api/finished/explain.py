"""``featser explain``: which groups of features the models of a run rely on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.api.arguments.path_rules import output_file
from featser.api.finished.finished_result import FinishedResult
from featser.api.validation import validated
from featser.evaluation.metrics.registry import title_of
from featser.evaluation.statistics.resampling import FEWEST_SPEAKERS
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.fold_models import Answers, ask_fold_models
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.interpretable_values import interpretable_values
from featser.experiment.runs.reopened_run import ReopenedRun, reopen_run
from featser.experiment.runs.report_links import changing_report
from featser.experiment.runs.run_reading import read_findings
from featser.explanation.class_differences import (
    ClassDifference,
    class_differences,
    difference_frame,
    difference_sentences,
    difference_table,
)
from featser.explanation.correlated_groups import joined_groups
from featser.explanation.feature_groups import CORRELATED, FeatureGroup, feature_groups
from featser.explanation.importance import (
    REPETITIONS,
    HeldOutFold,
    Importance,
    PermutedFold,
    importance_of,
    permuted_predictions,
)
from featser.explanation.importance_table import (
    importance_dict,
    importance_frame,
    importance_marks,
    importance_sentences,
    importance_table,
)
from featser.explanation.named_shortcuts import UNTESTED, named_shortcuts, were_tested
from featser.features.interpretable_features import INTERPRETABLE
from featser.io.atomic_write import write_text
from featser.io.result_display import Display
from featser.io.result_tables import write_table
from featser.progress import stage
from featser.progress_bars import showing_progress
from featser.reporting.sections.explanation_section import ExplanationPart, add_explanation
from featser.tasks import Task

NAME = "explanation"
DIFFERENCES = "class_differences"


@dataclass(repr=False)
class Explanation(FinishedResult):
    """What the models of a run rely on.

    The folder of the run gets ``explanation.json``, ``explanation.csv``, ``class_differences.csv``
    and a section of ``report.html``.

    Attributes
    ----------
    folder, protocol, notes, fits, seconds
        As :class:`~featser.api.finished.finished_result.FinishedResult` has them.
    importance : Importance
        Of groups of features, on test sets.
    by : str
        How features are grouped.
    repetitions : int
        How often each group was permuted.
    shortcuts : list of str
        Properties of the recordings that the audit of the run names as shortcuts.
    differences : list of ClassDifference
        What goes with each class; empty for dimensions, and without interpretable features.
    report : Path or None
        The report of the run, if it got the section "Explanation".
    """

    importance: Importance
    by: str
    repetitions: int
    shortcuts: list[str] = field(default_factory=list)
    differences: list[ClassDifference] = field(default_factory=list)
    report: Path | None = None

    @property
    def sentences(self) -> list[str]:
        """What the model relies on, in words; shortcuts first."""
        return [*self.shortcuts, *importance_sentences(self.importance)]

    @property
    def class_sentences(self) -> list[str]:
        """What goes with each class, in words; empty where nothing was compared."""
        classes = self.importance.task.classes
        return difference_sentences(self.differences, classes) if self.differences else []

    def display(self) -> Display:
        """Return the groups with the fall of the metric."""
        table = importance_table(self.importance)
        return Display(importance_sentences(self.importance)[0], table.columns, table.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        return {
            "protocol": self.protocol,
            "by": self.by,
            "repetitions": self.repetitions,
            **importance_dict(self.importance),
            "sentences": self.sentences,
            "class_sentences": self.class_sentences,
            "notes": self.notes,
        }


@validated(output=output_file(".csv", ".json"))
@showing_progress
def explain(
    run: str | Path,
    /,
    *,
    output: str | Path | None = None,
    task: str | None = None,
    protocol: str | None = None,
    by: str = "descriptor",
    repetitions: int = REPETITIONS,
    store: str | Path | None = None,
    n_jobs: int = -1,
) -> Explanation:
    """Explain a run: how much its figure falls without each group of features, and its classes.

    Each group is permuted within the speakers of each test set, and predicted by the model that
    was not fitted on that test set. The models of the folds are read from the cache beside the
    store, or fitted again as the run fitted them. Of each class, the interpretable features that
    differ from those of the other classes within speakers are stated.

    Parameters
    ----------
    run : str or Path
        A folder that :func:`~featser.api.fit.fit` or :func:`~featser.api.run.run` wrote.
    output : str or Path, optional
        Another file to write the result to: a table (``.csv``), or all of it (``.json``).
    task : str, optional
        Which task; the primary one by default.
    protocol : str, optional
        Whose test sets; the leading one by default.
    by : str
        How features are grouped: ``descriptor``, ``correlated`` (descriptors that vary together
        are permuted together), ``functional`` or ``extractor``.
    repetitions : int
        How often each group is permuted; the figures are means.
    store : str or Path, optional
        Where the features are; by default where they were when the run was made.
    n_jobs : int
        Folds at once; -1 for one per core.

    Returns
    -------
    Explanation

    Raises
    ------
    FeatserError
        If the folder is no run, its data are no longer those of the run, it has no such task or
        protocol, or another command is writing into it.

    Examples
    --------
    >>> explain("run", by="functional")  # doctest: +SKIP
    """
    began = time.monotonic()
    folder = Path(run)
    with only_writer(folder if folder.is_dir() else None):
        opened = reopen_run(folder, store, protocol, n_jobs)
        chosen = opened.task(task)
        groups = _groups(opened, by)
        fits = Fits(opened.store)
        answers = _asked(opened, chosen, groups, repetitions, fits, n_jobs)
        speaker, labels = opened.data.speaker, _labels(opened, chosen)
        importance = importance_of(chosen, labels, speaker, answers.results, groups)
        differences, note = _class_differences(opened, chosen)
        shortcuts, untested = _shortcuts(opened, chosen)
        result = Explanation(
            folder, opened.plan.protocol, importance, by, repetitions, shortcuts, differences,
            notes=[*untested, *note, *importance.notes], fits=_reused(answers, fits),
        )  # fmt: skip
        result.notes += _differences(opened, chosen, answers.results)
        _write(result, output)
    result.seconds = time.monotonic() - began
    return result


def _groups(opened: ReopenedRun, by: str) -> list[FeatureGroup]:
    """Return the groups of a run's features."""
    groups = feature_groups(opened.data.extractors, by)
    if by != CORRELATED:
        return groups
    return joined_groups(groups, opened.features, opened.data.speaker, opened.experiment.seed)


def _asked(
    opened: ReopenedRun,
    task: Task,
    groups: list[FeatureGroup],
    repetitions: int,
    fits: Fits,
    n_jobs: int,
) -> Answers:
    question = partial(
        _permuted, task, _labels(opened, task), opened.data.speaker, groups, repetitions,
        opened.experiment.seed,
    )  # fmt: skip
    progress = stage("Permuting groups of features (folds)")
    return ask_fold_models(opened, task, question, fits, n_jobs, progress)


def _permuted(
    task: Task,
    labels: NDArray[Any],
    speaker: NDArray[np.str_],
    groups: list[FeatureGroup],
    repetitions: int,
    seed: int,
    number: int,
    model: Any,
    X: NDArray[Any],
    rows: NDArray[np.intp],
) -> PermutedFold:
    """Return the permuted predictions of a fold; runs in a worker process."""
    fold = HeldOutFold(model, X, rows)
    return permuted_predictions(task, labels, speaker, fold, groups, repetitions, [seed, number])


def _labels(opened: ReopenedRun, task: Task) -> NDArray[Any]:
    labels = opened.plan.labels[task.name]
    return labels.to_numpy(dtype=object if task.categorical else float)


def _differences(opened: ReopenedRun, task: Task, parts: list[PermutedFold]) -> list[str]:
    """Say how many predictions are not those of the run, such as with other libraries."""
    rows = np.concatenate([part.rows for part in parts])
    plain = np.concatenate([part.plain for part in parts])
    former = opened.predictions.loc[rows, f"{task.name}.pred"].to_numpy()
    if task.categorical:
        differs = plain.astype(str) != former.astype(str)
    else:
        differs = ~np.isclose(plain.astype(float), former.astype(float), rtol=1e-3, atol=1e-3)
    if not differs.any():
        return []
    return [
        f"{int(differs.sum())} of {len(rows)} predictions differ from those of the run: its "
        f"features or libraries have changed. The figures are of the models fitted now"
    ]


def _shortcuts(opened: ReopenedRun, task: Task) -> tuple[list[str], list[str]]:
    """Return a sentence for each shortcut that the run's audit names, and why there are none."""
    if task.name != opened.plan.tasks[0].name or not task.categorical:
        return [], []
    findings = read_findings(opened.folder)
    if not were_tested(findings):
        return [], [UNTESTED]
    return named_shortcuts(findings), []


def _class_differences(opened: ReopenedRun, task: Task) -> tuple[list[ClassDifference], list[str]]:
    """Compare the classes of a task; return the differences, and why there are none."""
    if not task.categorical:
        return [], []
    features, values = interpretable_values(opened)
    if not features:
        need = ", ".join(INTERPRETABLE)
        return [], [f"what goes with a class needs one of the features {need} in the run"]
    compared = class_differences(
        values, features, _labels(opened, task), opened.data.speaker, task.classes
    )
    if not compared:
        reason = f"fewer than {FEWEST_SPEAKERS} speakers have a class and another one"
        return [], [f"what goes with a class is not stated: {reason}"]
    return compared, []


def _reused(answers: Answers, fits: Fits) -> list[str]:
    total = len(answers.results)
    n_fitted = total - answers.n_cached
    line = f"{answers.n_cached} of {total} models read from the cache, {n_fitted} fitted"
    return [line, *fits.notes]


def _write(result: Explanation, output: str | Path | None) -> None:
    folder, frame = result.folder, importance_frame(result.importance)
    text = json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / f"{NAME}.json", text)
    write_table(frame, folder / f"{NAME}.csv")
    if result.differences:
        write_table(difference_frame(result.differences), folder / f"{DIFFERENCES}.csv")
    if output is not None and Path(output).suffix.lower() == ".json":
        write_text(output, text)
    elif output is not None:
        write_table(frame, output)
    _add_to_report(result)


def _add_to_report(result: Explanation) -> None:
    """Put the section into the run's report, and its new checksum into the state of the run."""
    report = result.folder / "report.html"
    if not report.is_file():
        return
    table = importance_table(result.importance)
    table.notes = [f"{note}." for note in result.notes]
    axis = f"fall of {title_of(result.importance.metric)}"
    importance = ExplanationPart(
        f"What the model relies on: groups by {result.by}",
        result.sentences,
        table,
        importance_marks(result.importance),
        axis,
    )
    parts = [importance, *_difference_part(result)]
    with changing_report(result.folder):
        has_place = add_explanation(report, parts, result.protocol)
    if has_place:
        result.report = report
    else:
        result.notes.append(
            "report.html is damaged or of an earlier version, and has no place for explanations: "
            "run `featser fit` again"
        )


def _difference_part(result: Explanation) -> list[ExplanationPart]:
    """Return the part of the section on what goes with each class, if it was compared."""
    if not result.differences:
        return []
    table = difference_table(result.differences, result.importance.task.classes)
    table.notes = [
        "Differences within speakers, from the mean over the other classes; p values are adjusted "
        f"for all classes and features (Benjamini and Hochberg). {DIFFERENCES}.csv has all."
    ]
    return [ExplanationPart("What goes with a class", result.class_sentences, table)]
