"""``featser fit``: from the store to honest figures, a model bundle and a report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.crossval import CrossFit, cross_fit
from featser.evaluation.duration import duration_only
from featser.evaluation.protocols import Sides, fold_table
from featser.evaluation.reliability import reliability
from featser.evaluation.uncertainty import evaluate_with_intervals
from featser.features.store import Store
from featser.models.chosen import told_choices
from featser.models.coupling import CoupledEstimator
from featser.models.encoders import make_encoder
from featser.models.enrolled import EnrolledSpeakers
from featser.models.estimators import make_batched, make_estimator, members_of
from featser.models.joint import JointNetwork
from featser.models.multitask import MultiTaskEstimator
from featser.models.voting import Weights
from featser.progress import Progress, silent
from featser.tasks import Coupling, Fusion, Joint, Task, TwoPass
from featser.verbs.data import Data, load_data, read_rows
from featser.verbs.enrolled import curve_notes, curve_of, enrolled_speakers, one_each, who_enrols
from featser.verbs.examined import Examined, Known, by_bytes, content_of, examined
from featser.verbs.fits import Fits
from featser.verbs.fused import fused, refuse_fusion
from featser.verbs.planned import Plan, inner_units, plans_of
from featser.verbs.results import Metrics, Run, run_folder, write_run
from featser.verbs.settings import Settings, settings_of
from featser.verbs.source import STORE
from featser.verbs.two_pass import (
    first_pass_notes,
    language_of,
    refuse_two_pass,
    routed,
    two_pass_notes,
)


def fit(
    source: str | Path | None = None,
    store: str | Path = STORE,
    tasks: Sequence[str] = (),
    primary: str | None = None,
    model: str | None = None,
    weights: Weights | Sequence[float] | None = None,
    protocols: Sequence[str] = (),
    speaker_norm: str | None = None,
    features: Sequence[str] = (),
    corpus: str | None = None,
    data: Mapping[str, str | Path] | None = None,
    seed: int | None = None,
    output: str | Path | None = None,
    jobs: int = -1,
    command: str = "",
    progress: Progress = silent,
    audit: bool | Known = True,
    examining: Progress = silent,
    augmented: bool = True,
    sides: Sides | None = None,
    batches: bool | None = None,
    cache: bool = True,
    enrolment_curve: bool = False,
    coupling: Coupling | None = None,
    select: str | None = None,
    tune: bool | None = None,
    two_pass: TwoPass | None = None,
    encode: str | None = None,
    joint: Joint | None = None,
    fusion: Fusion | None = None,
) -> Run:
    """Evaluate a multi-task model out of fold, fit it on all, and write both with a report.

    Parameters
    ----------
    source : str or Path, optional
        A recipe, a manifest, or a corpus folder with ``corpus``; when omitted, what was last
        extracted into the store.
    store : str or Path
        Where the features are.
    tasks : sequence of str
        Labels to predict; when empty, the primary one and every other that the data support.
    primary : str, optional
        The task that folds are balanced by and the report begins with; by default the recipe's or
        the card's, else ``emotion``.
    model : str, optional
        An estimator's name, several with commas between, or ``vote``, the default.
    weights : {'equal', 'inner', 'stacked'} or sequence of float, optional
        Of a vote's members.
    protocols : sequence of str
        ``speaker-independent`` by default.
    speaker_norm : str, optional
        Normalise each speaker's features by that speaker's own unlabelled recordings:
        ``transductive``, by all of them; ``enrol`` or ``enrol:N``, by N (8) that are given
        beforehand, as :mod:`featser.evaluation.enrolment` draws them, and not scored. ``none`` is
        the default.
    features : sequence of str
        Extractors; when empty, those that the source was extracted with.
    corpus : str, optional
        The card of a corpus folder.
    data : mapping of str to path, optional
        Where a recipe's corpora are.
    seed : int, optional
        Of folds, estimators and intervals.
    output : str or Path, optional
        The folder to write; a new one under ``runs/`` by default.
    jobs : int
        Folds at once; −1 for one a core.
    command : str
        What the user typed, for the report.
    progress : callable
        Called with the fits done and in all: each member of a vote counts, for each task in each
        fold.
    audit : bool or Known
        Whether to audit the recordings first, so that altered copies are kept in one fold and the
        report tells what was found, or a finished audit of the same rows. Without it only copies
        byte for byte are kept together.
    examining : callable
        Called with the recordings audited and in all.
    augmented : bool
        Whether training parts have the augmented copies that were extracted, if there are any.
    sides : Sides, optional
        The corpora of ``cross-corpus``, and what becomes of ``dev`` in a ``fixed-split``; by
        default the recipe's, else none are named and ``dev`` is learnt from.
    batches : bool, optional
        Whether features are read from the store in batches, and never all in memory, which
        ``xgboost`` alone can; by default where they take a gigabyte or more and the model can.
    cache : bool
        Whether each fold that is fitted is kept beside the store, and read instead of fitted
        where nothing that it depends on has changed: an interrupted run goes on where it was.
    enrolment_curve : bool
        With ``enrol``: whether the primary task's headline metric is also computed for 0, 1, 2,
        4, 8 and 16 enrolled recordings.
    coupling : {'independent', 'chain', 'powerset', 'stacked', 'auto'}, optional
        How tasks learn from each other (:class:`~featser.models.coupling.CoupledEstimator`);
        not at all by default.
    select : str, optional
        Which features models see, chosen in the fold: ``anova``, ``mutual``, ``speakers``,
        ``stability``, each with ``:NUMBER`` if need be
        (:func:`~featser.models.selection.make_selector`); ``none`` by default, which is all.
    tune : bool, optional
        Whether every estimator chooses its setting on speakers that are left out inside the
        training part (:mod:`featser.models.grids`); by default the recipe's, else it has its own.
    two_pass : {'none', 'common', 'hard', 'soft', 'weighted'}, optional
        Whether each language has a model of its own for each task with classes, and how they are
        chosen (:class:`~featser.models.language.LanguageRouted`); by default the recipe's, else
        there is one model for all and nobody asks for the language.
    encode : str, optional
        What models see of the features ``frames``, learnt in the fold: ``fisher``, ``supervector``,
        ``ivector``, ``bag``, each with ``:NUMBER`` if need be
        (:func:`~featser.models.encoders.make_encoder`); ``none`` by default.
    joint : str, optional
        One of :data:`featser.tasks.Joint`: one network for all tasks, whose losses are weighted so
        (:class:`~featser.models.joint.JointNetwork`); ``none`` by default: one for each task.
    fusion : {'none', 'aligned', 'gated', 'pooled'}, optional
        How extractors are put together (:mod:`featser.verbs.fused`); side by side by default.

    Returns
    -------
    Run
        Metrics, predictions, folds, the model bundle and the paths written.

    Raises
    ------
    FeatserError
        If features are missing, a task is not supported by the labels, a protocol is not
        possible, or memory would not suffice; with the mend.
    """
    began = time.monotonic()
    found, unusable = read_rows(source, store, corpus, data)
    settings = settings_of(
        found,
        features=features,
        tasks=tasks,
        primary=primary,
        model=model,
        weights=weights,
        protocols=protocols,
        speaker_norm=speaker_norm,
        seed=seed,
        augmented=augmented,
        sides=sides,
        batches=batches,
        enrolment_curve=enrolment_curve,
        coupling=coupling,
        select=select,
        tune=tune,
        two_pass=two_pass,
        encode=encode,
        joint=joint,
        fusion=fusion,
    )
    material = load_data(found, unusable, Store(store), settings, jobs)
    refuse_two_pass(material, settings)
    refuse_fusion(material, settings)
    # What the data do not allow is refused before their recordings are looked at.
    plans_of(material, settings, content_of(material.table["key"]))
    seen = (
        examined(
            material.table, settings.primary, jobs, settings.seed, examining, found.cards,
            audit if isinstance(audit, Known) else None,
        )
        if audit
        else by_bytes(material.table)
    )  # fmt: skip
    material.notes += seen.notes
    if settings.two_pass != "none":
        material.notes += two_pass_notes(material.table)
    predictions, folds, enrolled, metrics = [], [], [], Metrics()
    fits = Fits(store) if cache else None
    results: list[CrossFit] = []
    plans = plans_of(material, settings, seen.sound)
    material.notes += [note for plan in plans for note in plan.notes]
    for plan in plans:
        adapt = enrolled_speakers(material, settings, plan, seen.sound)
        result = _cross_fit(material, settings, plan, seen.sound, jobs, progress, fits, adapt)
        material.notes += first_pass_notes(material, settings, plan.protocol, result.identified)
        curve = {}
        if adapt is not None:
            curve = curve_of(adapt, plan.tasks[0], result.predictions, settings.seed)
            material.notes += curve_notes(adapt, plan, curve)
            enrolled.append(who_enrols(adapt, material.table, plan.protocol))
            result.predictions = one_each(result.predictions, adapt.enrolments[0])
        result.predictions = _with_duration(result.predictions, plan, seen)
        metrics[plan.protocol] = _metrics(material, plan.tasks, result.predictions, settings.seed)
        metrics[plan.protocol][plan.tasks[0].name] |= curve
        predictions.append(_labelled(plan.protocol, material.table, result.predictions))
        folds.append(fold_table(plan.folds, material.table).assign(protocol=plan.protocol))
        results.append(result)
    chosen = {plan.protocol: r.chosen for plan, r in zip(plans, results, strict=True) if r.chosen}
    told = [] if fits is None else [_reused(results, plans), *fits.notes]
    run = Run(
        folder=run_folder(output, material.table, settings.model),
        settings=settings,
        data=material,
        metrics=metrics,
        predictions=pd.concat(predictions, ignore_index=True),
        folds=pd.concat(folds, ignore_index=True),
        model=results[0].model,
        notes=list(dict.fromkeys([*material.notes, *_said(results)])),
        origin=found.origin,
        command=command,
        seconds=time.monotonic() - began,
        findings=seen.findings,
        augmentations=found.augmentations,
        fits=told,
        normalizer=results[0].learnt,
        enrolled=pd.concat(enrolled, ignore_index=True) if enrolled else None,
        chosen=chosen,
    )
    write_run(run)
    return run


def _cross_fit(
    data: Data,
    settings: Settings,
    plan: Plan,
    sound: NDArray[np.str_],
    jobs: int,
    progress: Progress,
    fits: Fits | None,
    adapt: EnrolledSpeakers | None,
) -> CrossFit:
    model = unfitted(data, settings, plan.tasks)
    unit = inner_units(plan.protocol, data, sound)
    each = len(plan.tasks) * len(members_of(settings.model))
    return cross_fit(
        model,
        data.X,
        plan.labels,
        plan.folds,
        unit,
        plan.tasks,
        jobs,
        lambda done, total: progress(done * each, total * each),
        data.copies,
        fits,
        adapt=adapt,
        language=None if settings.two_pass == "none" else language_of(data.table),
    )


def unfitted(data: Data, settings: Settings, tasks: Sequence[Task]) -> MultiTaskEstimator:
    """Return the model that the settings ask for, with an estimator for each task."""
    if settings.joint != "none":
        return JointNetwork(
            tuple(tasks), settings.model, settings.joint, data.frames, settings.seed
        )
    estimators = {task.name: _estimator(data, settings, task) for task in tasks}
    if settings.coupling == "independent":
        return MultiTaskEstimator(tuple(tasks), estimators)
    return CoupledEstimator(tuple(tasks), estimators, settings.coupling, seed=settings.seed)


def _reused(results: Sequence[CrossFit], plans: Sequence[Plan]) -> str:
    """Say how many fits were read instead of done."""
    folds = sum(plan.folds.count for plan in plans)
    reused = sum(result.reused for result in results)
    total = folds + len(plans)
    return f"{reused} of {total} fits were kept from before, {total - reused} were done"


def _said(results: Sequence[CrossFit]) -> list[str]:
    """Return what a reader must know of the fits, and what the models chose."""
    chosen = [f"chosen on left-out speakers: {t}" for r in results for t in told_choices(r.chosen)]
    return [note for result in results for note in result.notes] + chosen


def _with_duration(predictions: pd.DataFrame, plan: Plan, seen: Examined) -> pd.DataFrame:
    """Add what the duration alone tells, where durations are known."""
    if seen.seconds is None:
        return predictions
    return predictions.join(duration_only(seen.seconds, plan.labels, plan.folds, plan.tasks))


def _estimator(data: Data, settings: Settings, task: Task) -> Any:
    if data.batched:
        return make_batched(settings.model, task, settings.seed)
    if settings.fusion == "pooled" or (settings.fusion != "none" and task.categorical):
        return fused(data, settings, task)
    features = [extractor for extractor in data.extractors if extractor.frame_width is None]
    estimator = make_estimator(
        settings.model,
        task,
        settings.seed,
        settings.weights,
        [extractor.dimension for extractor in features],
        settings.select,
        settings.tune,
        data.frames,
        _encoder(data, settings),
    )
    return routed(estimator, data, settings) if task.categorical else estimator


def _encoder(data: Data, settings: Settings) -> Any:
    if data.frames is None or settings.encode == "none":
        return None
    return make_encoder(settings.encode, data.frames.width, settings.seed)


def _metrics(
    data: Data, tasks: Sequence[Task], predictions: pd.DataFrame, seed: int
) -> dict[str, dict[str, dict[str, Any]]]:
    result = {}
    speaker = data.speaker[predictions.index] if (data.speaker != "").all() else None
    for task in tasks:
        known = predictions[f"{task.name}.true"].notna().to_numpy()
        part = predictions[known]
        result[task.name] = evaluate_with_intervals(
            task,
            part[f"{task.name}.true"].to_numpy(),
            part[f"{task.name}.pred"].to_numpy(),
            None if speaker is None else speaker[known],
            part[f"{task.name}.baseline"].to_numpy(),
            seed=seed,
            duration_pred=part[name].to_numpy()
            if (name := f"{task.name}.duration") in part
            else None,
        )
    if tasks[0].categorical:
        result[tasks[0].name] |= _calibration(tasks[0], predictions, speaker, seed)
    return result


def _calibration(
    task: Task, predictions: pd.DataFrame, speaker: NDArray[np.str_] | None, seed: int
) -> dict[str, dict[str, Any]]:
    """Return the figures of a task's probabilities."""
    known = predictions[f"{task.name}.true"].notna().to_numpy()
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    return reliability(
        predictions.loc[known, f"{task.name}.true"].to_numpy(),
        predictions.loc[known, columns].to_numpy(dtype=float),
        task.classes,
        None if speaker is None else speaker[known],
        seed=seed,
    ).figures


def _labelled(protocol: str, table: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    names = ("file", "start", "end", "speaker", "corpus", "language", "gender", "age_group", "age")
    described = table.loc[predictions.index, [name for name in names if name in table]]
    joined = pd.concat([described, predictions], axis=1).reset_index(drop=True)
    joined.insert(0, "protocol", protocol)
    return joined
