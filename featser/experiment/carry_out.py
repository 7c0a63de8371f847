"""An experiment carried out: from the rows of a source to a finished run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.checks.fold_checks import overlap_findings
from featser.audit.finding import Finding, by_severity
from featser.evaluation.cross_fit import CrossFit, cross_fit
from featser.evaluation.protocols.folding import fold_table
from featser.experiment.audited import (
    CachedAudit,
    Examined,
    by_bytes,
    content_of,
    examined,
    findings_of_protocols,
    revealing_features,
)
from featser.experiment.loading.data import Data, load_data
from featser.experiment.loading.sources.source import Source
from featser.experiment.plan import Plan, described_rows, inner_units, left_out_inside, plans_of
from featser.experiment.runs.fit_cache import Fits
from featser.experiment.runs.reproduction import Reproduction
from featser.experiment.runs.run_files import (
    PUBLISHED_FOLD,
    Metrics,
    Run,
    run_folder,
    write_run,
)
from featser.experiment.schema import Experiment
from featser.experiment.scoring import (
    add_fold_scores,
    add_gaps,
    described_predictions,
    metrics_of,
    with_duration,
)
from featser.experiment.unfitted_model import unfitted_model
from featser.experiment.variants.enrolled_fit import (
    curve_notes,
    curve_of,
    enrolled_speakers,
    one_each,
    who_enrols,
)
from featser.experiment.variants.fused_streams import refuse_fusion
from featser.experiment.variants.language_first import (
    first_pass_notes,
    language_of,
    refuse_two_pass,
    two_pass_notes,
)
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.chosen import describe_choices
from featser.models.registry import members_of
from featser.progress import stage
from featser.reporting.wording import CHOSEN_ON
from featser.store.feature_store import Store


@dataclass(frozen=True)
class Execution:
    """How an experiment is carried out, which does not change its result.

    Attributes
    ----------
    store : str or Path
        Where the features are.
    output : str, Path or None
        The run's folder; None for a new one under ``runs/``.
    n_jobs : int
        Folds at once; -1 for one per core.
    cache : bool
        Whether finished folds are kept beside the store and read again.
    command : str
        What the user typed, for the report.
    audit : CachedAudit or None
        A finished audit of the same rows.
    """

    store: str | Path
    output: str | Path | None = None
    n_jobs: int = -1
    cache: bool = True
    command: str = ""
    audit: CachedAudit | None = None


@dataclass
class _Evaluated:
    """What the protocols gave."""

    results: list[CrossFit] = field(default_factory=list)
    metrics: Metrics = field(default_factory=dict)
    predictions: list[pd.DataFrame] = field(default_factory=list)
    folds: list[pd.DataFrame] = field(default_factory=list)
    enrolled: list[pd.DataFrame] = field(default_factory=list)


@dataclass
class _WithoutFits:
    """What needs no fit, computed while others fit: with the fits of an odd fold a core is idle."""

    experiment: Experiment
    data: Data
    audited: Examined
    domain: TrainingDomain | None = None

    def compute(self) -> None:
        """Add findings about single features to the audit, and describe the training set, once."""
        if self.domain is not None:
            return
        data, audited = self.data, self.audited
        audited.findings.extend(
            revealing_features(data, data.tasks[0], audited.sound, self.experiment.seed)
        )
        self.domain = TrainingDomain.of(data.X, data.extractors, data.speaker, audited.facts)


def carry_out(
    experiment: Experiment, source: Source, unusable: pd.DataFrame, execution: Execution
) -> Run:
    """Load, audit, plan, cross-fit, score, fit the final model, and write the run.

    Parameters
    ----------
    experiment : Experiment
    source : Source
        Its rows, with their keys.
    unusable : DataFrame
        Recordings without features: ``file`` and ``reason``.
    execution : Execution

    Returns
    -------
    Run
        With all its files written.

    Raises
    ------
    FeatserError
        If features are missing, a task is not supported by the labels, a protocol is not
        possible, or memory would not suffice.
    """
    began = time.monotonic()
    data = load_data(source, unusable, Store(execution.store), experiment, execution.n_jobs)
    refuse_two_pass(data, experiment)
    refuse_fusion(data, experiment)
    # What the data do not allow is refused before their recordings are looked at.
    plans_of(data, experiment, content_of(data.table["key"]))
    audited = _audit(experiment, source, data, execution)
    plans = plans_of(data, experiment, audited.sound)
    data.notes += [note for plan in plans for note in plan.notes]
    fits = Fits(execution.store) if execution.cache else None
    evaluated = _Evaluated()
    without_fits = _WithoutFits(experiment, data, audited)
    for plan in plans:
        _evaluate(
            experiment, data, plan, audited, execution.n_jobs, fits, evaluated, without_fits.compute
        )
    run = _run_of(experiment, source, data, audited, plans, evaluated, fits, execution)
    run.domain = without_fits.domain
    run.seconds = time.monotonic() - began
    write_run(run)
    return run


def _audit(experiment: Experiment, source: Source, data: Data, execution: Execution) -> Examined:
    """Audit the recordings, or tell them apart by their bytes."""
    if experiment.audit:
        audited = examined(
            data.table,
            experiment.primary,
            execution.n_jobs,
            experiment.seed,
            stage("Examining recordings"),
            source.cards,
            execution.audit,
            protocols=experiment.protocols,
        )
    else:
        audited = by_bytes(data.table, experiment.protocols)
    data.forget_credentials()
    data.notes += audited.notes
    if experiment.two_pass != "none":
        data.notes += two_pass_notes(data.table)
    return audited


def _evaluate(
    experiment: Experiment,
    data: Data,
    plan: Plan,
    audited: Examined,
    n_jobs: int,
    fits: Fits | None,
    evaluated: _Evaluated,
    meanwhile: Callable[[], None],
) -> None:
    """Cross-fit and score under one protocol."""
    adapt = enrolled_speakers(data, experiment, plan, audited.sound)
    result = _cross_fit(experiment, data, plan, audited.sound, n_jobs, fits, adapt, meanwhile)
    data.notes += first_pass_notes(data, experiment, plan.protocol, result.identified)
    curve: dict[str, Any] = {}
    if adapt is not None:
        curve = curve_of(adapt, plan.tasks[0], result.predictions)
        data.notes += curve_notes(adapt, plan, curve)
        evaluated.enrolled.append(who_enrols(adapt, data.table, plan.protocol))
        result.predictions = one_each(result.predictions, adapt.enrolments[0])
    result.predictions = with_duration(result.predictions, plan, audited)
    metrics = metrics_of(data, plan.tasks, result.predictions)
    metrics[plan.tasks[0].name] |= curve
    add_fold_scores(metrics, data, plan, result.predictions)
    described = described_predictions(plan.protocol, data.table, result.predictions)
    add_gaps(metrics, data, plan.tasks, described, result.predictions.index)
    evaluated.metrics[plan.protocol] = metrics
    evaluated.predictions.append(described)
    evaluated.folds.append(_fold_table(plan, data))
    evaluated.results.append(result)


def _fold_table(plan: Plan, data: Data) -> pd.DataFrame:
    """Return which utterance each fold tests, of published folds with the names of the source."""
    table = fold_table(plan.folds, data.table).assign(protocol=plan.protocol)
    if plan.overlap is not None:
        names = [plan.folds.names[number] for number in table["fold"]]
        table.insert(1, PUBLISHED_FOLD, names)
    return table


def _cross_fit(
    experiment: Experiment,
    data: Data,
    plan: Plan,
    sound: NDArray[np.str_],
    n_jobs: int,
    fits: Fits | None,
    adapt: Any,
    meanwhile: Callable[[], None],
) -> CrossFit:
    auxiliary = None
    if data.auxiliary is not None:
        auxiliary, notes = data.auxiliary.matched(plan.tasks, data.table)
        data.notes += notes
    progress = stage("Fitting (folds × tasks × members)")
    each = len(plan.tasks) * len(members_of(experiment.model))
    return cross_fit(
        unfitted_model(data, experiment, plan.tasks),
        data.X,
        plan.labels,
        plan.folds,
        inner_units(plan.protocol, data, sound),
        plan.tasks,
        n_jobs,
        lambda done, total: progress(done * each, total * each),
        data.copies,
        fits,
        adapt=adapt,
        language=None if experiment.two_pass == "none" else language_of(data.table),
        auxiliary=auxiliary,
        meanwhile=meanwhile,
    )


def _run_of(
    experiment: Experiment,
    source: Source,
    data: Data,
    audited: Examined,
    plans: Sequence[Plan],
    evaluated: _Evaluated,
    fits: Fits | None,
    execution: Execution,
) -> Run:
    results = evaluated.results
    enrolled = evaluated.enrolled
    of_audit = findings_of_protocols(audited.findings, experiment.protocols)
    return Run(
        folder=run_folder(execution.output, data.table, experiment.model),
        experiment=experiment,
        data=data,
        metrics=evaluated.metrics,
        predictions=pd.concat(evaluated.predictions, ignore_index=True),
        folds=pd.concat(evaluated.folds, ignore_index=True),
        model=results[0].model,
        notes=list(dict.fromkeys([*data.notes, *_notes(results, plans, data)])),
        origin=source.origin,
        command=execution.command,
        seconds=0.0,
        findings=by_severity([*of_audit, *_fold_findings(data, plans, audited)]),
        augmentations=source.augmentations,
        fits=[] if fits is None else [_reused(results, plans), *fits.notes],
        normalizer=results[0].normalizer,
        enrolled=pd.concat(enrolled, ignore_index=True) if enrolled else None,
        chosen={p.protocol: r.chosen for p, r in zip(plans, results, strict=True) if r.chosen},
        rows=described_rows(data.table, plans[0]),
        cards=source.cards,
        reproduction=Reproduction(source.locations, execution.store),
        shared={plan.protocol: plan.overlap.phrases for plan in plans if plan.overlap is not None},
    )


def _fold_findings(data: Data, plans: Sequence[Plan], audited: Examined) -> list[Finding]:
    """Return what the folds share that are carried out as given."""
    return [
        finding
        for plan in plans
        if plan.overlap is not None
        for finding in overlap_findings(
            plan.protocol, data.table, plan.folds, plan.overlap, data.speaker, audited.sound
        )
    ]


def _notes(results: Sequence[CrossFit], plans: Sequence[Plan], data: Data) -> list[str]:
    """Return what a reader must know of the fits, and what the models chose."""
    chosen = [
        f"{CHOSEN_ON}{left_out_inside(plan.protocol, data)}: {choice}"
        for result, plan in zip(results, plans, strict=True)
        for choice in describe_choices(result.chosen)
    ]
    return [note for result in results for note in result.notes] + chosen


def _reused(results: Sequence[CrossFit], plans: Sequence[Plan]) -> str:
    """Say how many fits were read instead of done."""
    folds = sum(plan.folds.count for plan in plans)
    reused = sum(result.reused for result in results)
    total = folds + len(plans)
    return f"{reused} of {total} fits reused from the cache, {total - reused} computed"
