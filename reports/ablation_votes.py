"""The default vote, its members and its calibration, all of one fit for each fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from ablation_cases import Case
from common import Row
from joblib import delayed

from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.cross_fit import fit_fold
from featser.evaluation.fit_identity import identities
from featser.evaluation.metrics.pairs import class_pairs
from featser.evaluation.statistics.comparison import difference_of
from featser.evaluation.statistics.jackknife import leave_one_out, standard_error
from featser.evaluation.statistics.reliability import SCORES, calibration_sums, reliability
from featser.evaluation.statistics.resampling import resampling_units
from featser.evaluation.training_copies import Copies
from featser.experiment.loading.auxiliary_data import AuxiliaryData
from featser.one_thread import one_thread
from featser.studies.study import in_memory
from featser.tasks import Task
from featser.workers.joblib_workers import parallel

VOTE, UNCALIBRATED, EQUAL = "vote", "vote, not calibrated", "vote, equal weights"
CHOSEN = "chosen"


@dataclass(frozen=True, eq=False)
class Votes:
    """What the vote and everything in it predicts out of fold.

    Attributes
    ----------
    predictions : dict of str to DataFrame
        For the vote, the vote without calibration, the vote with equal weights and each member:
        columns as :class:`featser.evaluation.cross_fit.CrossFit` has them, in the order of the
        data's rows.
    chosen : list of dict
        What the vote of each fold chose: see :func:`choices_of`.
    """

    predictions: dict[str, pd.DataFrame]
    chosen: list[Row]

    @property
    def vote(self) -> pd.DataFrame:
        """The predictions of the calibrated vote."""
        return self.predictions[VOTE]

    @property
    def members(self) -> list[str]:
        """The names of the members."""
        return [name for name in self.predictions if name not in (VOTE, UNCALIBRATED, EQUAL)]


def fit_votes(
    case: Case,
    copies: Copies | None = None,
    auxiliary: tuple[AuxiliaryData, AuxiliaryRows] | None = None,
) -> Votes:
    """Fit the default vote on each training set; what is cached is not fitted again."""
    task, folds = case.emotion, case.plan.folds
    loaded, rows = auxiliary or (None, None)
    data = replace(case.data, auxiliary=loaded)
    model, labels = case.model(data, [task], model="vote"), case.plan.labels[[task.name]]
    X, numbers = in_memory(case.data.X), range(folds.count)
    identity_of = {
        number: f"{identity}-members"
        for number, identity in identities(
            model, X, labels, folds, case.unit, [task], numbers, copies, auxiliary=rows
        ).items()
    }
    tables = {number: case.fits.fold(identity) for number, identity in identity_of.items()}
    missing = [number for number, table in tables.items() if table is None]
    jobs = (
        delayed(predict_fold)(model, X, labels, folds, case.unit, task, number, copies, rows)
        for number in missing
    )
    workers = parallel(case.n_jobs, return_as="generator", batch_size=1)
    for number, table in zip(missing, workers(jobs), strict=True):
        case.fits.keep_fold(identity_of[number], table)
        tables[number] = table
    whole = pd.concat([tables[number] for number in numbers], ignore_index=True)
    whole.index = pd.Index(np.concatenate([folds.tested(number) for number in numbers]))
    predictions = split_variants(task, whole.sort_index(), labels[task.name])
    return Votes(predictions, [tables[number].attrs[CHOSEN] for number in numbers])


def predict_fold(
    model: Any,
    X: np.ndarray,
    labels: pd.DataFrame,
    folds: Any,
    unit: np.ndarray,
    task: Task,
    number: int,
    copies: Copies | None,
    auxiliary: AuxiliaryRows | None,
) -> pd.DataFrame:
    """Fit the vote of a fold; return the probabilities of it and its members, side by side."""
    # As in a fit: one thread a fold, so that sums have one order everywhere.
    with one_thread():
        fitted, _ = fit_fold(model, X, labels, folds, unit, number, copies, None, None, auxiliary)
        pipeline = fitted.estimators_[task.name]
        values = pipeline[:-1].transform(X[folds.tested(number)])
        weighted = pipeline[-1]
        vote = getattr(weighted, "estimator_", weighted)
        by_member = {
            name: vote.by_class(member, member.predict_proba(values))
            for (name, _), member in zip(vote.members, vote.members_, strict=True)
        }
    stacked = np.stack(list(by_member.values()))
    variants = {
        VOTE: vote.pooled(stacked),
        UNCALIBRATED: np.average(stacked, axis=0, weights=vote.weights_),
        EQUAL: stacked.mean(axis=0),
        **by_member,
    }
    names = [task.classes[int(code)] for code in vote.classes_]
    table = pd.DataFrame(
        {
            f"{variant}: {name}": probabilities[:, column]
            for variant, probabilities in variants.items()
            for column, name in enumerate(names)
        }
    )
    table.attrs[CHOSEN] = choices_of(vote, weighted)
    return table


def choices_of(vote: Any, weighted: Any) -> Row:
    """Return what a fitted vote chose, as plain data.

    Weights of the members, the power of calibration, the share of random convolutions in
    ``kernel``, and the weight of auxiliary corpora, 0 without any.
    """
    names = [name for name, _ in vote.members]
    shares = [getattr(member, "share_", None) for member in vote.members_]
    return {
        "weights": dict(zip(names, vote.weights_.tolist(), strict=True)),
        "power": vote.power_,
        "share": next((share for share in shares if share is not None), None),
        "auxiliary": getattr(weighted, "weight_", 0.0),
    }


def split_variants(task: Task, whole: pd.DataFrame, true: pd.Series) -> dict[str, pd.DataFrame]:
    """Return a table of predictions for each variant; a class that training lacked has 0."""
    variants = dict.fromkeys(column.rpartition(": ")[0] for column in whole)
    tables = {}
    for variant in variants:
        columns = [f"{variant}: {name}" for name in task.classes]
        p = whole.reindex(columns=columns).fillna(0.0).to_numpy()
        predicted = np.asarray(task.classes, dtype=object)[p.argmax(axis=1)]
        table = pd.DataFrame(
            {f"{task.name}.p[{name}]": p[:, column] for column, name in enumerate(task.classes)},
            index=whole.index,
        )
        table.insert(0, f"{task.name}.pred", predicted)
        table.insert(0, f"{task.name}.true", true.loc[whole.index].to_numpy())
        tables[variant] = table
    return tables


def calibration(case: Case, predictions: pd.DataFrame) -> Row:
    """Return ECE and log loss of predictions, with their intervals."""
    truth, p, speaker = _labelled(case, predictions)
    figures = reliability(truth, p, case.emotion.classes, speaker).figures
    return {name: figures[name] for name in ("ece", "log_loss")}


def loss_gain(case: Case, from_: pd.DataFrame, to: pd.DataFrame) -> Row:
    """Return the second predictions' log loss less the first ones', paired, with its interval."""
    truth, first, speaker = _labelled(case, from_)
    _, second, _ = _labelled(case, to)
    codes, _ = class_pairs(truth, truth, case.emotion.classes)
    units = resampling_units(speaker, len(codes))
    sums = [calibration_sums(codes, p, units.of_row, units.count) for p in (first, second)]
    loss = SCORES["log_loss"]
    without = [loss(leave_one_out(side)) for side in sums]
    values = [float(loss(side.sum(axis=0))) for side in sums]
    error = float(standard_error(without[1] - without[0]))
    interval, _ = difference_of(values[1] - values[0], error, units.effective - 1, units, 0.95)
    return interval.to_dict()


def _labelled(case: Case, predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    task = case.emotion
    rows = predictions[predictions[f"{task.name}.true"].notna()]
    p = rows[[f"{task.name}.p[{name}]" for name in task.classes]].to_numpy(dtype=float)
    return rows[f"{task.name}.true"].to_numpy(), p, case.data.speaker[rows.index]


def vote_rows(case: Case, votes: Votes) -> Iterator[Row]:
    """Yield a row for the vote, for its members, and for the vote with equal weights."""
    for name in (VOTE, *votes.members, EQUAL):
        predictions = votes.predictions[name]
        yield {
            "name": name,
            "member": name in votes.members,
            "uar": case.figure(predictions),
            "vote_less": case.gain(predictions, votes.vote),
            "chosen": summary(votes.chosen) if name == VOTE else None,
        }


def calibration_row(case: Case, votes: Votes) -> Row:
    """Return calibration figures of the vote without and with its power, and of its members."""
    without = votes.predictions[UNCALIBRATED]
    return {
        "without": calibration(case, without),
        "with": calibration(case, votes.vote),
        "loss_gain": loss_gain(case, without, votes.vote),
        "powers": summary(votes.chosen)["power"],
        "members": {name: calibration(case, votes.predictions[name]) for name in votes.members},
    }


def summary(chosen: list[Mapping[str, Any]]) -> Row:
    """Return the range of weights and powers, and how often each share and weight was chosen."""
    weights: dict[str, list[float]] = {}
    for choice in chosen:
        for name, weight in choice["weights"].items():
            weights.setdefault(name, []).append(weight)
    return {
        "weights": {name: _range(values) for name, values in weights.items()},
        "power": _range([choice["power"] for choice in chosen]),
        "share": _counted([choice["share"] for choice in chosen]),
        "auxiliary": _counted([choice["auxiliary"] for choice in chosen]),
    }


def _range(values: list[float]) -> Row:
    return {"mean": float(np.mean(values)), "low": min(values), "high": max(values)}


def _counted(values: list[float | None]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in sorted(values, key=lambda one: -1.0 if one is None else one):
        counts[f"{value:g}" if value is not None else "none"] = values.count(value)
    return counts
