"""What the reports on languages, fusion and transfer have in common: recordings and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import PROTOCOL, Row

import featser
from featser.corpora.card import Card
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.protocols.folding import independent_units, make_folds
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.statistics.comparison import compare_task
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.experiment.audited import examined
from featser.experiment.loading.data import load_data
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.schema import Experiment
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.multitask import MultiTaskEstimator
from featser.store.feature_store import Store
from featser.studies.study import in_memory
from featser.tasks import Task


@dataclass
class Material:
    """Utterances of one or several corpora, with features.

    Attributes
    ----------
    table : DataFrame, n rows
    X : ndarray of float32, shape (n, d)
    blocks : dict of str to int
        How many features each extractor has, by the name it was asked for, in order of columns.
    names : list of str
        Of the features.
    speaker, sound, unit : ndarray of str, shape (n,)
        The speaker, the group of identical recordings, and the group that is never divided:
        speakers, joined where they share a recording.
    """

    table: pd.DataFrame
    X: np.ndarray
    blocks: dict[str, int]
    names: list[str]
    speaker: np.ndarray
    sound: np.ndarray
    unit: np.ndarray

    def part(self, selected: np.ndarray) -> Material:
        """Return some of the rows."""
        rows = np.flatnonzero(selected)
        return replace(
            self,
            table=self.table.iloc[rows].reset_index(drop=True),
            **{name: getattr(self, name)[rows] for name in ("X", "speaker", "sound", "unit")},
        )

    def folds(self, seed: int) -> Folds:
        """Divide the speakers, by emotion and corpus."""
        label = self.table["corpus"].astype(str) + " " + self.table["emotion"]
        named = self.table.assign(speaker=self.speaker)
        return make_folds(PROTOCOL, named, label, self.sound, seed)

    def predict(
        self, estimator: Any, task: Task, folds: Folds, language: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Predict a task out of fold."""
        model = MultiTaskEstimator([task], {task.name: estimator})
        return cross_fit(
            model, self.X, self.table[[task.name]], folds, self.unit, [task], 1, final=False,
            language=language,
        ).predictions  # fmt: skip

    def figure(self, predictions: pd.DataFrame, task: Task) -> Row:
        """Return UAR with its interval over speakers."""
        true, predicted = (
            predictions[f"{task.name}.{part}"].to_numpy() for part in ("true", "pred")
        )
        return evaluate_with_intervals(task, true, predicted, self.unit)["uar"]

    def gain(self, from_: pd.DataFrame, to: pd.DataFrame, task: Task) -> Row:
        """Return by how much the second predictions are better, with its interval."""
        comparison = compare_task(
            task,
            from_[f"{task.name}.true"].to_numpy(),
            from_[f"{task.name}.pred"].to_numpy(),
            to[f"{task.name}.pred"].to_numpy(),
            self.unit,
        )
        return comparison.difference.to_dict()


def material(
    corpora: Path,
    work: Path,
    names: Sequence[str],
    specs: Sequence[str] = ("handcrafted", "gemaps"),
) -> Material:
    """Extract and audit corpora once, and put them together.

    Parameters
    ----------
    corpora : Path
        Holds a folder for each.
    work : Path
        The folder of features and of audit results.
    names : sequence of str
        The corpora's cards.
    specs : sequence of str
        Extractors.
    """
    parts = [_one(corpora / name, work / name, name, tuple(specs)) for name in names]
    together = {
        key: np.concatenate([getattr(part, key) for part in parts])
        for key in ("X", "speaker", "sound", "unit")
    }
    table = pd.concat([part.table for part in parts], ignore_index=True)
    return replace(parts[0], table=table, **together)


def _one(folder: Path, store: Path, name: str, specs: tuple[str, ...]) -> Material:
    featser.extract(name, store=store, features=DEFAULT_FEATURES, data={name: folder})
    source, unusable = read_rows(None, store, None, None)
    settings = Experiment(
        features=specs,
        primary=source.primary,
        model="kernel",
        protocols=(PROTOCOL,),
        batches=False,
    )
    data = load_data(source, unusable, Store(store), settings)
    sound = _sound(store / "sound.csv", data.table, settings.primary, source.cards)
    unit = independent_units(data.speaker, sound)
    return Material(
        data.table.drop(columns="key"),
        in_memory(data.X),
        {spec: one.dimension for spec, one in zip(specs, data.extractors, strict=True)},
        [value for extractor in data.extractors for value in extractor.names],
        *(np.char.add(f"{name} ", column.astype(str)) for column in (data.speaker, sound, unit)),
    )


def _sound(file: Path, table: pd.DataFrame, primary: str, cards: Sequence[Card]) -> np.ndarray:
    """Return what the audit says of which recordings sound the same; it is asked once."""
    if file.exists():
        before = pd.read_csv(file, dtype=str)
        if before["key"].tolist() == table["key"].tolist():
            return before["sound"].to_numpy(dtype=np.str_)
    sound = examined(table, primary, cards=cards).sound
    pd.DataFrame({"key": table["key"], "sound": sound}).to_csv(file, index=False)
    return sound
