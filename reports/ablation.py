"""Write reports/ablation.md and .json: what each family, the vote and couplings are worth.

Run ``make ablation CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``. Features and finished fits go to a working folder (``--work``), so a run that was
interrupted goes on where it was; what is written here are tables: no audio, nothing about single
utterances. The page is written by ``reports/ablation_page.py``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ablation_page import BASE, page
from common import (
    CORPORA,
    PROTOCOL,
    REPORTS,
    Row,
    averaged,
    report_parser,
    write_figures,
)

import featser
from featser.audio import Signal, read_audio
from featser.evaluation.cross_fit import CrossFit, cross_fit
from featser.evaluation.protocols.folding import independent_units
from featser.evaluation.statistics.comparison import compare_task
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.experiment.audited import examined
from featser.experiment.loading.data import Data, load_data
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.plan import Plan, plans_of
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.schema import Experiment
from featser.experiment.unfitted_model import unfitted_model
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.coupling.couplers import pair_of
from featser.models.registry import members_of
from featser.speakers.normalization import SpeakerNormalizer
from featser.store.feature_store import Store
from featser.studies.study import in_memory
from featser.tasks import Task

NORMS = ("none", "transductive")
SEED = 0
QUICK = "kernel"
RIVAL = "egemaps"
RIVALLED = ("emodb",)
"""Where openSMILE's functionals are tried, which cost more than all other features together."""
LEFT_OUT = ("mlp",)
"""Models that were tried in the default vote, and are not in it."""

INNER = ("emodb",)
"""Where weights from inner folds are tried: every member is fitted four times more."""
COUPLED = {"ravdess": "intensity", "emodb": "naturalness"}
COUPLINGS = ("independent", "chain", "powerset", "stacked", "auto")
TIMED = 48
"""Recordings that costs are measured on."""


@dataclass
class Case:
    """A corpus under one speaker normalisation, with all features in memory.

    Attributes
    ----------
    corpus, norm : str
    data : Data
        Rows, all features, tasks.
    settings : Experiment
        The model and the seed.
    plan : Plan
        Folds and labels.
    unit : ndarray of str, shape (n,)
        What must not be divided: speakers, joined where they share a recording.
    fits : Fits
        Where finished fits are cached.
    """

    corpus: str
    norm: str
    data: Data
    settings: Experiment
    plan: Plan
    unit: np.ndarray
    fits: Fits

    @property
    def emotion(self) -> Task:
        """The primary task."""
        return self.plan.tasks[0]

    @cached_property
    def described(self) -> Row:
        """What every row of the tables says."""
        return {"corpus": self.corpus, "norm": self.norm}

    def part(self, specs: Sequence[str]) -> Data:
        """Return the data with the features of some extractors alone."""
        X, first, columns, chosen = in_memory(self.data.X), 0, [], []
        for spec, extractor in zip(self.settings.features, self.data.extractors, strict=True):
            if spec in specs:
                columns.append(np.arange(first, first + extractor.dimension))
                chosen.append(extractor)
            first += extractor.dimension
        if len(chosen) < len(specs):
            raise ValueError(f"{specs} are not all among the features {self.settings.features}")
        return replace(self.data, X=X[:, np.concatenate(columns)], extractors=chosen)

    def predicted(
        self, specs: Sequence[str], tasks: Sequence[Task] = (), **changed: Any
    ) -> CrossFit:
        """Predict out of fold with some extractors, and settings changed as named."""
        data, tasks = self.part(specs), list(tasks) or [self.emotion]
        model = unfitted_model(data, self.settings.model_copy(update=changed), tasks)
        labels = self.plan.labels[[task.name for task in tasks]]
        return cross_fit(
            model, in_memory(data.X), labels, self.plan.folds, self.unit, tasks,
            cache=self.fits, final=False,
        )  # fmt: skip

    def figure(self, predictions: pd.DataFrame, task: Task | None = None) -> Row:
        """Return a task's headline metric with its interval."""
        task = task or self.emotion
        labelled = predictions[predictions[f"{task.name}.true"].notna()]
        metrics = evaluate_with_intervals(
            task,
            labelled[f"{task.name}.true"].to_numpy(),
            labelled[f"{task.name}.pred"].to_numpy(),
            self.data.speaker[labelled.index],
        )
        return next(iter(metrics.values()))

    def gain(self, from_: pd.DataFrame, to: pd.DataFrame, task: Task | None = None) -> Row:
        """Return by how much the second predictions are better, with its interval."""
        task = task or self.emotion
        labelled = from_[f"{task.name}.true"].notna()
        a, b = from_[labelled], to[labelled]
        comparison = compare_task(
            task,
            a[f"{task.name}.true"].to_numpy(),
            a[f"{task.name}.pred"].to_numpy(),
            b[f"{task.name}.pred"].to_numpy(),
            self.data.speaker[a.index],
        )
        return comparison.difference.to_dict()


Measure = Callable[[Case], Iterator[Row]]


def main() -> None:
    """Measure on every corpus; what is finished is written as it comes."""
    began = time.monotonic()
    arguments = report_parser(__doc__, "ablation").parse_args()
    cases = {name: list(cases_of(name, arguments.corpora, arguments.work)) for name in CORPORA}
    results: Row = {
        "seed": SEED, "protocol": PROTOCOL, "model": QUICK,
        "features": list(DEFAULT_FEATURES), "members": list(members_of("vote")),
        "corpora": {name: about(of[0]) for name, of in cases.items()},
        "families": [], "votes": [], "couplings": [],
    }  # fmt: skip
    files = [
        file
        for of in cases.values()
        for file in spread(of[0].data.table["file"].tolist(), TIMED // len(cases))
    ]
    results["costs"] = costs([read_audio(file) for file in files])
    planned = list(steps(cases))
    for done, (part, measure, case) in enumerate(planned, start=1):
        results[part] += [case.described | row for row in measure(case)]
        results["seconds"] = time.monotonic() - began
        results["unfinished"] = [
            f"{m.__name__} of {c.corpus}, {c.norm}" for _, m, c in planned[done:]
        ]
        print(f"{results['seconds']:.0f} s: {case.corpus} {case.norm} {part}", flush=True)
        write(results)


def steps(cases: Mapping[str, Sequence[Case]]) -> Iterator[tuple[str, Measure, Case]]:
    """Yield all steps, the most important first."""
    for norm in range(len(NORMS)):
        for part, measure in (("families", families), ("votes", votes)):
            yield from ((part, measure, of[norm]) for of in cases.values())
    for name in COUPLED:
        yield from (("couplings", couplings, case) for case in cases[name])
    for name in INNER:
        yield from (("votes", inner_vote, case) for case in cases[name])


def write(results: Row) -> None:
    """Write the figures and the page, in the order of corpora, whatever was measured first."""
    order = list(results["corpora"])
    ordered = dict(results)
    for part in ("families", "votes", "couplings"):
        ordered[part] = sorted(
            results[part], key=lambda row: (order.index(row["corpus"]), row["norm"])
        )
    write_figures(REPORTS / "ablation.json", ordered)
    (REPORTS / "ablation.md").write_text(page(ordered), encoding="utf-8")


def cases_of(name: str, corpora: Path, work: Path) -> Iterator[Case]:
    """Extract and audit a corpus once, and yield it under each speaker normalisation."""
    store = work / f"store-{name}"
    specs = (*DEFAULT_FEATURES, *((RIVAL,) if name in RIVALLED else ()))
    featser.extract(name, store=store, features=specs, data={name: corpora / name})
    source, unusable = read_rows(None, store, None, None)
    settings = Experiment(
        features=specs,
        primary=source.primary,
        model=QUICK,
        protocols=(PROTOCOL,),
        seed=SEED,
        batches=False,
    )
    data = load_data(source, unusable, Store(store), settings)
    sound = examined(data.table, settings.primary, seed=SEED, cards=source.cards).sound
    (plan,) = plans_of(data, settings, sound)
    unit, fits = independent_units(data.speaker, sound), Fits(store)
    for norm in NORMS:
        X = in_memory(data.X)
        if norm == "transductive":
            X = SpeakerNormalizer().fit(X).transform(X, speaker=data.speaker)
        yield Case(name, norm, replace(data, X=X), settings, plan, unit, fits)


def about(case: Case) -> Row:
    """Describe a corpus."""
    return {
        "utterances": len(case.data.table),
        "speakers": len(set(case.data.speaker)),
        "classes": len(case.emotion.classes),
        "folds": case.plan.folds.count,
        "refused": {
            name: case.data.refused_tasks[name]
            for name in COUPLED.values()
            if name in case.data.refused_tasks
        },
    }


def feature_sets(specs: Sequence[str], rival: bool) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, name and extractors of every set that is tried, all of them first."""
    yield "all", "all", tuple(specs)
    for spec in specs:
        yield "without", spec, tuple(other for other in specs if other != spec)
    yield "base", " + ".join(BASE), BASE
    for spec in specs:
        if spec not in BASE:
            yield "plus", spec, (*BASE, spec)
    if rival:
        yield "rival", RIVAL, tuple(RIVAL if spec == "gemaps" else spec for spec in specs)


def families(case: Case) -> Iterator[Row]:
    """Yield a row for each set of extractors."""
    whole = base = None
    for kind, name, specs in feature_sets(DEFAULT_FEATURES, case.corpus in RIVALLED):
        predictions = case.predicted(specs).predictions
        whole = predictions if whole is None else whole
        base = predictions if kind == "base" else base
        yield {
            "kind": kind,
            "name": name,
            "values": sum(one.dimension for one in case.part(specs).extractors),
            "uar": case.figure(predictions),
            "to_all": case.gain(whole, predictions),
            "to_base": case.gain(base, predictions) if kind == "plus" else None,
        }


def votes(case: Case) -> Iterator[Row]:
    """Yield a row for the vote with equal weights, for its members, and for what it is without."""
    members, others = predictions_of(case), predictions_of(case, LEFT_OUT)
    vote = averaged(case.emotion, list(members.values()))
    more = {
        f"vote, with {name}": averaged(case.emotion, [*members.values(), other])
        for name, other in others.items()
    }
    for name, predictions in {"vote": vote, **members, **others, **more}.items():
        yield vote_row(case, name, predictions, vote) | {"member": name in members}


def inner_vote(case: Case) -> Iterator[Row]:
    """Yield a row for the vote with weights from inner folds."""
    vote = averaged(case.emotion, list(predictions_of(case).values()))
    weighted = case.predicted(DEFAULT_FEATURES, model="vote", weights="inner").predictions
    yield vote_row(case, "vote, weights inner", weighted, vote) | {"member": False}


def predictions_of(
    case: Case, names: Sequence[str] = members_of("vote")
) -> dict[str, pd.DataFrame]:
    """Return what each of some models predicts, by default the members of the vote."""
    return {name: case.predicted(DEFAULT_FEATURES, model=name).predictions for name in names}


def vote_row(case: Case, name: str, predictions: pd.DataFrame, vote: pd.DataFrame) -> Row:
    """Set a model's figure beside how much better the vote is."""
    return {
        "name": name,
        "uar": case.figure(predictions),
        "vote_less": case.gain(predictions, vote),
    }


def couplings(case: Case) -> Iterator[Row]:
    """Yield a row for each task under each coupling that applies."""
    other = COUPLED[case.corpus]
    tasks = [case.emotion, next(task for task in case.plan.tasks if task.name == other)]
    alone = None
    for coupling in COUPLINGS:
        if coupling == "powerset" and pair_of(tasks, case.plan.labels) is None:
            continue
        predicted = case.predicted(DEFAULT_FEATURES, tasks, coupling=coupling)
        predictions = predicted.predictions
        alone = predictions if alone is None else alone
        for task in tasks:
            yield {
                "coupling": coupling,
                "task": task.name,
                "metric": "UAR" if task.categorical else "CCC",
                "figure": case.figure(predictions, task),
                "to_independent": case.gain(alone, predictions, task),
                "chosen": choices(predicted.notes, case.plan.folds.count),
            }


def choices(notes: Sequence[str], folds: int) -> dict[str, int]:
    """Count in how many folds `auto` chose what, from what the folds' models noted."""
    counts: dict[str, int] = {}
    for note in notes:
        match = re.search(r"coupling auto chose (\w+)", note)
        if match:
            of_folds = len(re.findall(r"fold \d+", note[: match.start()])) or folds
            counts[match[1]] = counts.get(match[1], 0) + of_folds
    return counts


def spread(items: Sequence[str], count: int) -> list[str]:
    """Return so many items, evenly over the whole."""
    return [items[i] for i in np.linspace(0, len(items) - 1, count).astype(int)]


def costs(signals: Sequence[Signal]) -> Row:
    """Measure what each extractor costs: CPU time in ms, the median over recordings."""
    from threadpoolctl import threadpool_limits

    made = {spec: make_extractor(spec) for spec in (*DEFAULT_FEATURES, RIVAL)}
    default = [made[spec] for spec in DEFAULT_FEATURES]
    rows: list[Row] = []
    with threadpool_limits(1):
        for spec, extractor in made.items():
            extractor(signals[0])  # what is built at first use is no cost of a recording
            others = [one for one in default if one is not extractor]
            after = None if spec == RIVAL else milliseconds([extractor], signals, others)
            alone = milliseconds([extractor], signals, [])
            rows.append(
                {"name": spec, "values": extractor.dimension, "alone": alone, "after": after}
            )
        together = milliseconds(default, signals, [])
    seconds = float(np.median([signal.seconds for signal in signals]))
    return {"recordings": len(signals), "seconds": seconds, "together": together, "each": rows}


def milliseconds(
    timed: Sequence[Extractor], signals: Sequence[Signal], before: Sequence[Extractor]
) -> float:
    """Return the median CPU time of extractors, each signal fresh but for what went before."""
    times = []
    for signal in signals:
        fresh = Signal(signal.samples, signal.rate)
        for extractor in before:
            extractor(fresh)
        start = time.process_time()
        for extractor in timed:
            extractor(fresh)
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times))


if __name__ == "__main__":
    main()
