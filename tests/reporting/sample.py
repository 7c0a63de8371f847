"""A run made up from random predictions, for tests of the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from featser.evaluation.group_gaps import gap_figures
from featser.evaluation.protocols.groups import speaker_ids
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.reporting.summary import RunSummary
from featser.tasks import Task

EMOTIONS = ("anger", "happiness", "neutral", "sadness", "surprise")
LEVELS = ("low", "mid", "high")


def sample_run(
    rows: int = 400,
    speakers: int = 10,
    classes: tuple[str, ...] = EMOTIONS,
    *,
    protocol: str = "speaker-independent",
    all_tasks: bool = True,
    seed: int = 0,
    **changes: Any,
) -> RunSummary:
    """Make up a run: speakers who differ, classes that differ, some labels missing."""
    random = np.random.default_rng(seed)
    who = random.integers(0, speakers, rows)
    skill = np.clip(0.55 + 0.2 * random.normal(size=speakers), 0.1, 0.95)[who]
    table = pd.DataFrame(
        {
            "file": [f"clips/{i:05d}.wav" for i in range(rows)],
            "start": np.nan,
            "end": np.nan,
            "speaker": [f"spk{i:03d}" for i in who],
            "corpus": np.where(who % 3 == 0, "made-up-a", "made-up-b"),
            "language": "bn",
            "gender": np.where(who % 2 == 0, "female", "male"),
            "fold": who % 6,
        }
    )
    tasks = [Task("emotion", classes=classes, role="primary")]
    _add_classes(table, tasks[0], skill, random)
    if all_tasks:
        tasks += [
            Task("intensity", kind="ordinal", classes=LEVELS),
            Task("arousal", kind="regression"),
        ]
        _add_classes(table, tasks[1], np.full(rows, 0.5), random)
        table.loc[table.index % 5 == 0, "intensity.true"] = np.nan
        table["arousal.true"] = random.normal(3, 1, rows).round(2)
        table["arousal.pred"] = 1.2 + 0.6 * table["arousal.true"] + random.normal(0, 0.5, rows)
    folds = table.groupby(["fold", "speaker"]).size().reset_index(name="n")
    run = RunSummary(
        title="Made-up emotions",
        command="featser fit made-up.csv --task emotion",
        protocol=protocol,
        speaker_norm="none",
        seed=seed,
        tasks=tasks,
        metrics={protocol: figures(table, tasks)},
        predictions=table,
        folds=folds,
        unusable=pd.DataFrame(
            {
                "file": ["clips/broken.wav", "clips/empty.wav"],
                "reason": ["the file ends before its header does", "0 samples"],
            }
        ),
        refused_tasks={"statement": "it has one value, '01'"},
        notes=["The language is also the recording condition."],
        features=pd.DataFrame(
            {
                "extractor": ["bangla166", "egemaps"],
                "families": ["spectral, cepstral", "prosody, voice quality"],
                "dimension": [166, 88],
                "fingerprint": ["3f1c9a0b", "77d0e2c4"],
            }
        ),
        model="vote(svm, logistic, xgboost), equal weights",
        environment={"python": "3.11", "numpy": "2.4"},
        reproduce=["featser scan made-up", "featser fit made-up.csv --task emotion --seed 0"],
        seconds=192.4,
    )
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def figures(table: pd.DataFrame, tasks: list[Task]) -> dict[str, Any]:
    """The metrics of all tasks, with the baselines of one training set, and gaps of groups."""
    metrics = {}
    for task in tasks:
        true, pred = table[f"{task.name}.true"], table[f"{task.name}.pred"]
        rows = (true.notna() & pred.notna()).to_numpy()
        baseline: Any = np.full(rows.sum(), task.classes[0] if task.categorical else 3.0)
        if task.categorical:
            baseline = baseline.astype(object)
        speaker = table["speaker"][rows] if "speaker" in table else None
        metrics[task.name] = evaluate_with_intervals(
            task, true[rows], pred[rows], speaker, baseline
        )
        metrics[task.name] |= gap_figures(task, table, speaker_ids(table))
    return metrics


def _add_classes(
    table: pd.DataFrame, task: Task, skill: np.ndarray, random: np.random.Generator
) -> None:
    k, n = len(task.classes), len(table)
    true = random.integers(0, k, n)
    near = np.clip(true + random.choice([-1, 1, 2], n), 0, k - 1)
    pred = np.where(random.random(n) < skill, true, near)
    names = np.array(task.classes, dtype=object)
    table[f"{task.name}.true"], table[f"{task.name}.pred"] = names[true], names[pred]
    for i, name in enumerate(task.classes):
        table[f"{task.name}.p[{name}]"] = np.where(pred == i, 0.6, 0.4 / max(k - 1, 1))
