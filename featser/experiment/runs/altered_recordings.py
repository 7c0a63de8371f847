"""Which recordings of a run's test sets a stress test alters, in which ways, and what that costs.

Altered recordings are stored as augmented copies are, under keys of their own, and nothing lists
them: no recipe names them and no manifest of the store has them, so no fit reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.augmentation.copy_plan import Sound, plan_copies
from featser.corpora.utterances import Utterance
from featser.errors import RunError, counted
from featser.experiment.runs.reopened_run import ReopenedRun
from featser.extraction.extraction_forecast import lengths
from featser.extraction.recording_needs import TYPICAL_SECONDS
from featser.robustness.balanced_sample import balanced_order
from featser.robustness.conditions import Condition, Level
from featser.store.feature_store import Store
from featser.tasks import Task

BUDGET_CORE_S = 600.0
"""By default as many recordings are altered as this many seconds on one core allow."""

FEWEST = 50
"""But so many at least."""

_MEASURED = 200
"""From the length of so many recordings the cost of one is estimated."""


@dataclass(frozen=True, eq=False)
class AlteredLevel:
    """A level with what is altered for it.

    Attributes
    ----------
    condition : Condition
    level : Level
    rows : ndarray of int, shape (m,)
        Rows of the run's data.
    keys : list of str, m of them
        What their altered features are stored under.
    """

    condition: Condition
    level: Level
    rows: NDArray[np.intp]
    keys: list[str]


@dataclass(frozen=True, eq=False)
class StressPlan:
    """What a stress test alters.

    Attributes
    ----------
    sample : ndarray of int, shape (n,)
        Rows of the run's data that are predicted, ascending.
    n_available : int
        Utterances with a label in all test sets.
    levels : list of AlteredLevel
    utterances : list of Utterance
        What to compute, each once.
    notes : list of str
        What limits the sample or a level.
    """

    sample: NDArray[np.intp]
    n_available: int
    levels: list[AlteredLevel]
    utterances: list[Utterance]
    notes: list[str]


@dataclass(frozen=True)
class StressForecast:
    """What a stress test costs before its models predict.

    Attributes
    ----------
    n_utterances, n_available : int
        In the sample, and in all test sets.
    n_levels : int
        Of all conditions.
    n_altered, n_missing : int
        Altered recordings, and those of them that the store lacks.
    seconds : float
        For those, on the cores; at most, as extractors share work.
    bytes : int
        For those, in the store.
    n_cores : int
    n_folds : int
        Models that are read from the cache or fitted again.
    """

    n_utterances: int
    n_available: int
    n_levels: int
    n_altered: int
    n_missing: int
    seconds: float
    bytes: int
    n_cores: int
    n_folds: int


def plan_stress(
    run: ReopenedRun, task: Task, conditions: Sequence[Condition], utterances: int | str | None
) -> StressPlan:
    """Decide which recordings are altered, and how.

    Parameters
    ----------
    run : ReopenedRun
    task : Task
        Whose labels the utterances have.
    conditions : sequence of Condition
    utterances : int, "all" or None
        How many; None for what :data:`BUDGET_CORE_S` allows. The number does not depend on the
        machine.

    Raises
    ------
    RunError
        If the run's features cannot be computed of altered recordings, or need them all.
    """
    _refuse_unread(run)
    is_used = (run.plan.folds.test >= 0) & run.plan.labels[task.name].notna().to_numpy()
    available = np.flatnonzero(is_used)
    order = available[_order(run, task, available)]
    levels = [(condition, level) for condition in conditions for level in condition.levels]
    count, notes = _count(run, order, [level for _, level in levels], utterances)
    sample = np.sort(order[:count])
    rows = np.arange(len(run.data.table)) if _by_speaker(run) else sample
    planned, short, copies = _planned(run, rows, levels)
    return StressPlan(sample, len(available), planned, copies, [*notes, *short])


def forecast_stress(run: ReopenedRun, plan: StressPlan, n_jobs: int) -> StressForecast:
    """Say what a stress test would compute, and roughly what it would cost."""
    import joblib

    cores = joblib.effective_n_jobs(n_jobs)
    store, extractors = Store(run.store), run.data.extractors
    keys = [key for level in plan.levels for key in level.keys]
    rows = np.concatenate([level.rows for level in plan.levels]) if plan.levels else plan.sample
    costs = np.concatenate([[one.level.cost_s] * len(one.keys) for one in plan.levels] or [[]])
    length = seconds_of(run, np.unique(rows)) / TYPICAL_SECONDS
    relative = length[np.searchsorted(np.unique(rows), rows)]
    is_missing, seconds, size = np.zeros(len(keys), dtype=bool), 0.0, 0
    for extractor in extractors:
        lacks = ~store.has(extractor, keys)
        is_missing |= lacks
        seconds += float(relative[lacks].sum()) * extractor.cost_ms / 1000
        size += 4 * extractor.dimension * int(lacks.sum())
    seconds += float((relative * costs)[is_missing].sum())
    return StressForecast(
        len(plan.sample), plan.n_available, len(plan.levels), len(keys), int(is_missing.sum()),
        seconds / cores, size, cores, run.plan.folds.count,
    )  # fmt: skip


def _refuse_unread(run: ReopenedRun) -> None:
    for extractor in run.data.extractors:
        if not extractor.reads_signal:
            raise RunError(
                f"{run.folder}: the features {extractor.spec} are read from a table and cannot be "
                f"computed of altered recordings. Fit a run without them"
            )


def _by_speaker(run: ReopenedRun) -> bool:
    return run.experiment.speaker_norm == "transductive"


def _order(run: ReopenedRun, task: Task, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    keys = run.data.table["key"].iloc[rows].astype(str).tolist()
    labels = run.plan.labels[task.name].iloc[rows]
    classes = labels.astype(str).tolist() if task.categorical else [""] * len(rows)
    return balanced_order(keys, run.data.speaker[rows], classes, run.experiment.seed)


def _count(
    run: ReopenedRun,
    order: NDArray[np.intp],
    levels: Sequence[Level],
    utterances: int | str | None,
) -> tuple[int, list[str]]:
    """Return how many utterances are altered, and the notes on that."""
    whole = len(order)
    if _by_speaker(run):
        if isinstance(utterances, int) and utterances < whole:
            raise RunError(
                f"{run.folder}: its speakers are normalised by all their recordings "
                f"(--speaker-norm transductive), so all must be altered: use --utterances all"
            )
        return whole, []
    if utterances == "all":
        return whole, []
    if isinstance(utterances, int):
        count = min(utterances, whole)
    else:
        count = min(max(_affordable(run, order, levels), FEWEST), whole)
    if count == whole:
        return whole, []
    return count, [
        f"a sample of {count} of {counted(whole, 'utterance')}, balanced over speakers; "
        f"--utterances all takes all, {whole / count:.1f} times as long"
    ]


def _affordable(run: ReopenedRun, order: NDArray[np.intp], levels: Sequence[Level]) -> int:
    """Return how many utterances cost :data:`BUDGET_CORE_S`, rounded down to tens."""
    extraction_s = sum(extractor.cost_ms for extractor in run.data.extractors) / 1000
    each_s = sum(level.cost_s + extraction_s for level in levels)
    length = float(seconds_of(run, order[:_MEASURED]).mean()) / TYPICAL_SECONDS
    return int(BUDGET_CORE_S / max(each_s * length, 1e-9)) // 10 * 10


def seconds_of(run: ReopenedRun, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the seconds of some utterances of a run, shape (rows,)."""
    places = [run.places[row] for row in rows]
    table = pd.DataFrame(places, columns=["file", "start", "end", "channel"])
    return lengths(table.astype({"start": float, "end": float}))


def _planned(
    run: ReopenedRun, rows: NDArray[np.intp], levels: Sequence[tuple[Condition, Level]]
) -> tuple[list[AlteredLevel], list[str], list[Utterance]]:
    """Return each level with its rows, what falls short, and what is to be computed."""
    keys = run.data.table["key"].astype(str).to_numpy()
    sounds = [
        Sound(place, key, speaker)
        for place, key, speaker in zip(
            run.places, keys.tolist(), run.data.speaker.tolist(), strict=True
        )
    ]
    augmentations = [level.augmentation for _, level in levels]
    plan = plan_copies(sounds, augmentations, keys[rows].tolist())
    key_of = {
        (source, name): key
        for key, source, name in zip(
            plan.table["key"], plan.table["source"], plan.table["augmentation"], strict=True
        )
    }
    planned: list[AlteredLevel] = []
    notes: list[str] = []
    for condition, level in levels:
        definition = level.augmentation.definition
        chosen = [row for row in rows.tolist() if (keys[row], definition) in key_of]
        notes += _short(condition, level, len(rows) - len(chosen))
        if chosen:
            own = [key_of[keys[row], definition] for row in chosen]
            planned.append(AlteredLevel(condition, level, np.array(chosen, dtype=np.intp), own))
    return planned, notes, plan.utterances


def _short(condition: Condition, level: Level, n_without: int) -> Iterator[str]:
    if n_without:
        yield (
            f"{condition.title} {level.label}: {counted(n_without, 'utterance')} cannot be "
            f"altered: there are too few others to mix in"
        )
