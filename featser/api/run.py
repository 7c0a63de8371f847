"""``featser run``: a recipe from the folders of recordings to the report, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from featser.api.arguments.path_rules import written_folder
from featser.api.extract import extract
from featser.api.validation import validated
from featser.audio.channels import MIX
from featser.audit.audit_manifest import audit_manifest
from featser.errors import counted
from featser.evaluation.protocols.groups import speaker_ids
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.audited import CachedAudit
from featser.experiment.carry_out import Execution, carry_out
from featser.experiment.explained import check_fields
from featser.experiment.forecast import Forecast, forecast
from featser.experiment.loading.augmented_copies import named_copies
from featser.experiment.loading.extraction_options import ExtractionOptions, extraction_options
from featser.experiment.loading.published_folds import with_published_folds
from featser.experiment.loading.source_rows import identify_rows
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.experiment.loading.sources.named_sources import source_of
from featser.experiment.loading.sources.source import STORE, Source
from featser.experiment.recipe import RECIPE, load_recipe, write_recipe
from featser.experiment.resolved import (
    experiment_of,
    with_asked_primary,
    with_primary_in_tasks,
    with_trimmed_features,
)
from featser.experiment.runs.folder_lock import only_writer
from featser.experiment.runs.invocation import typed_command
from featser.experiment.runs.run_files import RUNS, Run, as_file_name
from featser.experiment.runs.run_state import RunState, audit_identity, checksums, fit_identity
from featser.experiment.schema import Experiment
from featser.extraction.extraction import Extraction, identify, usable
from featser.features.registry import make_extractors
from featser.io.atomic_write import write_text
from featser.io.lock import FOLDER_LOCK
from featser.io.result_display import Display, ShownResult
from featser.models.building import refuse_missing_packages
from featser.models.storage.bundle_name import BUNDLE
from featser.progress import announce, stage
from featser.progress_bars import showing_progress
from featser.store.feature_store import Store

_OF_EXTRACTION = frozenset(ExtractionOptions.model_fields) - frozenset(Experiment.model_fields)
"""Options of an extraction that no recipe has, since they do not change its features."""


@dataclass(frozen=True)
class Step:
    """A step of a run.

    Attributes
    ----------
    name : str
        ``scan``, ``audit``, ``extract``, ``fit`` or ``report``.
    done : bool
        Whether it had been done before, and nothing was left to do.
    summary : str
        What it did, or its findings, in a line.
    """

    name: str
    done: bool
    summary: str

    def __str__(self) -> str:
        return f"{self.name}: {'done before: ' if self.done else ''}{self.summary}"


@dataclass(repr=False)
class Outcome(ShownResult):
    """What ``featser run`` did, or in a dry run would do.

    Attributes
    ----------
    folder : Path
        The run's folder: what ``Run`` says, and ``recipe.yaml``.
    recipe : Experiment
        With all changes made.
    steps : list of Step
        In the order of the flow; none in a dry run.
    extraction : Extraction or None
        What could not be used, among other things; None in a dry run.
    run : Run or None
        The fit; None where it had been done before, and in a dry run.
    forecast : Forecast or None
        The plan; of a dry run alone.
    """

    folder: Path
    recipe: Experiment
    steps: list[Step] = field(default_factory=list)
    extraction: Extraction | None = None
    run: Run | None = None
    forecast: Forecast | None = None

    def display(self) -> Display:
        """Return what the run shows, else the steps; of a dry run the forecast of its fits."""
        if self.forecast is not None:
            rows = [[one.name, one.utterances, one.speakers] for one in self.forecast.corpora]
            text = f"dry run of '{self.recipe.name}': {self.forecast.fits} fits in {self.folder}"
            return Display(text, ["corpus", "utterances", "speakers"], rows)
        if self.run is not None:
            return self.run.display()
        rows = [[step.name, "yes" if step.done else "no", step.summary] for step in self.steps]
        text = f"'{self.recipe.name}', {len(rows)} steps; files in {self.folder}"
        return Display(text, ["step", "done before", "result"], rows)

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    @property
    def bundle(self) -> Path:
        """The model bundle."""
        return self.folder / BUNDLE

    @property
    def metrics(self) -> dict[str, Any]:
        """Protocol → task → metric → ``{"value", "low", "high"}``, as the folder has it."""
        metrics: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text("utf-8"))
        return metrics


@validated(output=written_folder)
@showing_progress
def run(
    recipe: str | Path | Experiment,
    /,
    *,
    data: Mapping[str, str | Path] | None = None,
    output: str | Path | None = None,
    store: str | Path = STORE,
    n_jobs: int = -1,
    mode: Literal["continue", "again", "dry-run"] = "continue",
    **options: Any,
) -> Outcome:
    """Carry out a recipe: scan, audit, extract, fit and report, each where it is not done yet.

    Parameters
    ----------
    recipe : str, Path or Experiment
        A YAML file, the name of a recipe that comes with featser, or the experiment itself.
    data : mapping of str to path
        Where each corpus of the recipe is: a folder, or a URL.
    output : str or Path, optional
        The run's folder; ``runs/`` and the recipe's name by default.
    store : str or Path
        Where features are stored.
    n_jobs : int
        Worker processes; -1 for one per core.
    mode : {'continue', 'again', 'dry-run'}
        Do what is missing; fit anew whatever is there; or only say what would be done.
    **options
        Fields of the recipe with other values, such as ``model="svm"``; and options of the
        extraction that no recipe has, such as ``timeout=120``.

    Returns
    -------
    Outcome
        The steps, the folder and the figures in it; of a dry run the plan.

    Raises
    ------
    FeatserError
        If the recipe or a change of it is wrong, a corpus is missing, the folder holds a run of
        another recipe, another command is writing into it, or as
        :func:`~featser.api.extract.extract` and :func:`~featser.api.fit.fit`.
    """
    fields = {name: value for name, value in options.items() if name not in _OF_EXTRACTION}
    extraction = {name: value for name, value in options.items() if name in _OF_EXTRACTION}
    check_fields(fields, in_recipe=True)
    extraction_options(extraction)
    experiment = recipe if isinstance(recipe, Experiment) else load_recipe(recipe)
    changed = with_trimmed_features(Experiment(**{**dict(experiment), **fields}))
    experiment = with_primary_in_tasks(with_asked_primary(changed, fields))
    folder = Path(output) if output is not None else RUNS / (as_file_name(experiment.name) or "run")
    if mode != "dry-run":
        refuse_missing_packages(experiment.model)
    with only_writer(None if mode == "dry-run" else folder, "-o"):
        return _carried_out(experiment, folder, data or {}, Path(store), n_jobs, mode, extraction)


def _carried_out(
    experiment: Experiment,
    folder: Path,
    data: Mapping[str, str | Path],
    store: Path,
    n_jobs: int,
    mode: str,
    extraction: Mapping[str, Any],
) -> Outcome:
    """Do the steps that are not done yet, or forecast them."""
    again = mode == "again"
    # A run extracts its features itself: the channel of an earlier extraction does not matter.
    channel = experiment.channel or MIX
    experiment = experiment.model_copy(update={"channel": channel})
    source = source_of(experiment, data, str(folder / RECIPE))
    experiment = experiment.model_copy(update={"corpora": source.corpora})
    experiment = with_published_folds(source, experiment)
    state = RunState.read(folder)
    if not again:
        state.refuse_another(experiment)
    source.table = with_channel(source.table, channel)
    outcome = Outcome(folder, experiment)
    if mode == "dry-run":
        outcome.forecast = forecast(source, experiment, store, n_jobs)
        return outcome
    state = RunState(folder) if again else state
    state.recipe = experiment.to_dict()
    write_recipe(folder, experiment)
    steps = _Steps(source, experiment, store, state, n_jobs, extraction, data)

    def report(step: Step) -> None:
        outcome.steps.append(step)
        announce(str(step))

    report(Step("scan", False, _scanned(source)))
    audited, cached = steps.audit()
    report(audited)
    extracted, outcome.extraction = steps.extract()
    report(extracted)
    fitted, outcome.run = steps.fit(cached, again)
    report(fitted)
    report(Step("report", fitted.done, str(outcome.report)))
    return outcome


@dataclass
class _Steps:
    """The steps after the scan, and what they share."""

    source: Source
    recipe: Experiment
    store: Path
    state: RunState
    jobs: int
    extraction: Mapping[str, Any]
    data: Mapping[str, str | Path]

    def __post_init__(self) -> None:
        self.source.table["key"] = identify(self.source.table)[1]

    def audit(self) -> tuple[Step, CachedAudit | None]:
        """Audit recordings and labels, where that is not done; the findings are in the folder."""
        if not self.recipe.audit:
            return Step("audit", False, "left out: the recipe has `audit: false`"), None
        table = self.source.table
        identity = audit_identity(table, self.recipe)
        if self.state.audited(identity):
            return Step("audit", True, self.state.audit["summary"]), None
        audit = audit_manifest(
            table.drop(columns="key"), self.recipe.primary, self.jobs, self.recipe.seed,
            stage("Examining recordings"), self.source.cards,
            extraction_options(self.extraction).timeout,
        )  # fmt: skip
        findings = to_json([finding.to_dict() for finding in audit.findings])
        text = json.dumps(findings, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(self.state.folder / "audit.json", text)
        summary = ", ".join(counted(n, name) for name, n in audit.counts().items())
        summary += f": {self.state.folder / 'audit.json'}"
        self.state.audit = {"identity": identity, "summary": summary}
        self.state.write()
        return Step("audit", False, summary), CachedAudit(table, audit)

    def extract(self) -> tuple[Step, Extraction]:
        """Compute what the store lacks."""
        result = extract(
            self.state.folder / RECIPE,
            store=self.store,
            data=self.data,
            n_jobs=self.jobs,
            **self.extraction,
        )
        summary = f"{result.done} done, {result.reused} reused, "
        summary += f"{result.unusable['file'].nunique()} unusable"
        done = result.done
        if result.altered is not None:
            done += result.altered.done
            summary += (
                f"; augmented copies: {result.altered.done} done, {result.altered.reused} reused"
            )
        return Step("extract", not done, f"{summary}; store: {self.store}"), result

    def fit(self, cached: CachedAudit | None, again: bool) -> tuple[Step, Run | None]:
        """Evaluate and fit, where that is not done or its files are not what they were."""
        folder, table = self.state.folder, self.source.table
        extractors = make_extractors(self.recipe.features)
        has_features = usable(table, extractors, Store(self.store))
        copies = named_copies(table, has_features, self.recipe.augmentation)
        identity = fit_identity(self.recipe, table, has_features, copies, self.store)
        if self.state.fitted(identity):
            return Step("fit", True, _headline(folder)), None
        execution = Execution(self.store, folder, self.jobs, not again, typed_command(), cached)
        unusable = identify_rows(self.source, self.store)
        result = carry_out(experiment_of(self.source), self.source, unusable, execution)
        others = (RECIPE, "steps.json", FOLDER_LOCK)
        names = [file.name for file in folder.iterdir() if file.name not in others]
        self.state.fit = {"identity": identity, "files": checksums(folder, sorted(names))}
        self.state.write()
        return Step("fit", False, _headline(folder)), result


def _scanned(source: Source) -> str:
    table = source.table
    parts = []
    speakers = pd.Series(speaker_ids(table), table.index)
    for corpus, rows in table.groupby("corpus", sort=False):
        speaking = speakers[rows.index]
        parts.append(
            f"{corpus}: {counted(len(rows), 'utterance')}, "
            f"{counted(speaking[speaking != ''].nunique(), 'speaker')}"
        )
    if source.unmatched:
        parts.append(
            f"{counted(len(source.unmatched), 'file')} not used: the card does not read their names"
        )
    return "; ".join(parts)


def _headline(folder: Path) -> str:
    """Say the leading figure of each protocol's primary task, which comes first."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    parts = []
    for protocol, by_task in metrics.items():
        task, figures = next(iter(by_task.items()))
        metric, figure = next(iter(figures.items()))
        text = "undefined" if figure["value"] is None else f"{figure['value']:.3f}"
        if figure.get("low") is not None:
            text += f" [{figure['low']:.3f}, {figure['high']:.3f}]"
        parts.append(f"{task} {metric.upper()} {text} ({protocol})")
    return "; ".join(parts)
