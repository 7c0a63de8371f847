"""What a run leaves behind: its folder, written file by file, each whole or not at all."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from featser import __version__
from featser.audio.channels import MIX, parse_channels
from featser.audit.finding import Finding
from featser.corpora.card import Card
from featser.evaluation.fold_scores import score_table
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.groups import speaker_ids
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.loading.data import Data
from featser.experiment.model_description import describe_model
from featser.experiment.plan import left_out_inside
from featser.experiment.recipe import write_recipe
from featser.experiment.runs.method_facts_of import method_facts
from featser.experiment.runs.reproduction import Reproduction
from featser.experiment.runs.run_reading import FORMAT
from featser.experiment.schema import Experiment
from featser.experiment.settings import described_settings
from featser.experiment.variants.enrolled_fit import write_enrolment
from featser.io.atomic_write import output_errors, whole, write_text
from featser.io.escaping import for_csv
from featser.io.location import below, common_folder
from featser.io.result_display import Display, ShownResult
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.bundle import Bundle, library_versions, save_bundle
from featser.models.comparison.comparison import Comparison
from featser.models.multitask import MultiTaskEstimator
from featser.models.registry import MODELS, members_of
from featser.models.storage.bundle_name import BUNDLE
from featser.models.third_party import package_of
from featser.reporting.html import write_report
from featser.reporting.methods.method_files import method_pages, write_method_files
from featser.reporting.sections.coverage_section import coverage_frame
from featser.reporting.statements.overview import summary_line, task_table
from featser.reporting.summary import RatedSummary, RunSummary
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer
from featser.store.description import describe

RUNS = Path("runs")
"""Where runs go whose folder is not named."""

_LONGEST_NAME = 60
"""Characters of a corpus's name that the name of a run's folder takes."""

PUBLISHED_FOLD = "published_fold"
"""The column of ``folds.csv`` that has the names of published folds."""

Metrics = dict[str, dict[str, dict[str, dict[str, Any]]]]


@dataclass(repr=False)
class Run(ShownResult):
    """A finished fit.

    Attributes
    ----------
    folder : Path
        Holds ``recipe.yaml``, ``run.json``, ``metrics.json``, ``predictions.parquet``,
        ``folds.csv``, ``audit.json``, ``model.featser``, ``report.html``, ``methods.md``,
        ``references.bib``, ``model-card.md`` and ``datasheet.md``; where speakers were
        enrolled also ``enrolment.csv`` and ``enrolled.csv``; with published folds
        ``fold_scores.csv``; with prediction sets ``prediction_sets.csv``, their coverage.
    experiment : Experiment
    data : Data
    metrics : dict
        protocol → task → metric → ``{"value", "low", "high"}``.
    predictions, folds : DataFrame
        Of all protocols, which the column ``protocol`` names.
    model : MultiTaskEstimator
        Fitted on all data.
    notes : list of str
        What a reader must know.
    origin, command : str
    seconds : float
    findings : list of Finding
        What the audit of the recordings and labels found, errors first.
    augmentations : tuple of str
        The augmented copies that were extracted.
    fits : list of str
        How many fits were read instead of done, and what was wrong with those that were kept.
    normalizer : EnrolmentNormalizer or None
        Of enrolled speakers; fitted on all data.
    enrolled : DataFrame or None
        Which recordings each draw enrolled: ``protocol``, ``draw``, ``file``, ``start``, ``end``
        and ``speaker``.
    chosen : dict
        protocol → ``all`` or a fold's number → task → estimator → what was chosen on speakers
        left out of the training part.
    rows : DataFrame or None
        All rows of the data as the leading protocol uses them:
        :func:`featser.experiment.plan.described_rows`.
    reproduction : Reproduction
        What the commands that reproduce the run need beside its recipe.
    shared : dict of str to list of str
        Protocols whose folds are carried out as given, and what their training and test sets
        share, in words.
    domain : TrainingDomain or None
        What the training recordings were like, for the bundle.
    cards : list of Card
        Cards of the user's own that the corpora have.
    replaced : str
        A line on the older run that was in the folder; empty without one.
    """

    folder: Path
    experiment: Experiment
    data: Data
    metrics: Metrics
    predictions: pd.DataFrame
    folds: pd.DataFrame
    model: MultiTaskEstimator
    notes: list[str]
    origin: str
    command: str
    seconds: float
    findings: list[Finding] = field(default_factory=list)
    augmentations: tuple[str, ...] = ()
    fits: list[str] = field(default_factory=list)
    normalizer: EnrolmentNormalizer | None = None
    enrolled: pd.DataFrame | None = None
    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: pd.DataFrame | None = None
    reproduction: Reproduction = field(default_factory=Reproduction)
    shared: dict[str, list[str]] = field(default_factory=dict)
    domain: TrainingDomain | None = None
    cards: list[Card] = field(default_factory=list)
    replaced: str = ""

    def display(self) -> Display:
        """Return the result in one line, and the metrics of all tasks."""
        summary = self.summary
        table = task_table(summary, summary.protocol)
        text = f"{summary_line(summary)}; files in {self.folder}"
        return Display(text, table.columns, table.rows)

    @cached_property
    def summary(self) -> RunSummary:
        """The results as the report and the terminal show them."""
        return _summary(self)

    @property
    def commands(self) -> list[str]:
        """The commands that reproduce the run."""
        return self.reproduction.commands(self.folder)

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    @property
    def bundle(self) -> Path:
        """The model bundle."""
        return self.folder / BUNDLE


def run_folder(output: str | Path | None, table: pd.DataFrame, model: str) -> Path:
    """Return the folder to write: the one asked for, or a new one under ``runs/``."""
    if output is not None:
        return Path(output)
    corpora = [as_file_name(name) for name in _corpora(table)]
    stem = "-".join([*filter(None, corpora[:3]), model.replace(",", "+")])
    numbers = (RUNS / f"{stem}-{number}" for number in range(1, 1_000_000))
    return next(folder for folder in numbers if not folder.exists())


def _corpora(table: pd.DataFrame) -> list[str]:
    """Return the names of the corpora that a manifest names, in its order."""
    names = as_text(table["corpus"]).tolist() if "corpus" in table else []
    return [name for name in dict.fromkeys(names) if name]


def as_file_name(name: str) -> str:
    """Return a name from the data or a recipe such that it names a folder, and leads out of none.

    Examples
    --------
    >>> as_file_name("../../my run")
    'my-run'
    """
    return re.sub(r"[^\w.+-]+", "-", name).strip(".-")[:_LONGEST_NAME]


def write_run(run: Run) -> None:
    """Write all of a run's files, and note in `replaced` which older run they replace."""
    with output_errors(run.folder):
        run.folder.mkdir(parents=True, exist_ok=True)
    if (run.folder / "run.json").exists():
        run.replaced = _replacement(run.folder)
    write_recipe(run.folder, run.experiment)
    described = json.dumps(_described(run), indent=1, ensure_ascii=False)
    write_text(run.folder / "run.json", described)
    metrics = json.dumps(to_json(run.metrics), indent=1, ensure_ascii=False)
    write_text(run.folder / "metrics.json", metrics)
    with whole(run.folder / "predictions.parquet") as temporary:
        run.predictions.to_parquet(temporary, index=False)
    with whole(run.folder / "folds.csv") as temporary:
        for_csv(run.folds).to_csv(temporary, index=False)
    scores = score_table(run.metrics)
    if len(scores):
        with whole(run.folder / "fold_scores.csv") as temporary:
            for_csv(scores).to_csv(temporary, index=False)
    coverage = coverage_frame(run.summary)
    if len(coverage):
        with whole(run.folder / "prediction_sets.csv") as temporary:
            for_csv(coverage).to_csv(temporary, index=False)
    if run.enrolled is not None:
        write_enrolment(run.folder, run.metrics, run.enrolled)
    findings = to_json([finding.to_dict() for finding in run.findings])
    text = json.dumps(findings, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(run.folder / "audit.json", text)
    save_bundle(run.bundle, _bundle(run))
    pages = method_pages(run.summary)
    write_report(run.report, run.summary, pages)
    write_method_files(run.folder, pages)


def _replacement(folder: Path) -> str:
    """Return a line on the run that a folder has and that is replaced."""
    written = datetime.fromtimestamp((folder / "run.json").stat().st_mtime)
    return f"replaces the run of {written:%Y-%m-%d %H:%M} in {folder}"


def _bundle(run: Run) -> Bundle:
    return Bundle(
        run.model,
        [describe(extractor) for extractor in run.data.extractors],
        run.experiment.speaker_norm,
        _training(run),
        library_versions(_model_libraries(run)),
        run.normalizer,
        _channel(run.data.table),
        run.domain,
        _comparison(run),
    )


def _comparison(run: Run) -> Comparison | None:
    """Return what predictions are compared with; features of enrolled speakers differ by draw."""
    if run.domain is None or run.normalizer is not None:
        return None
    data = run.data
    return Comparison.of(data.X, run.domain, data.table, data.speaker, run.model.tasks)


def _channel(table: pd.DataFrame) -> str:
    """Return the channel that all rows are of; the average where they differ."""
    names = set(parse_channels(table["channel"])) if "channel" in table else {MIX}
    return names.pop() if len(names) == 1 else MIX


def _training(run: Run) -> dict[str, Any]:
    table = run.data.table
    return {
        "origin": run.origin,
        "command": run.command,
        "utterances": len(table),
        "augmented_copies": 0 if run.data.copies is None else len(run.data.copies.X),
        "speakers": len(set(run.data.speaker) - {""}),
        "corpora": sorted(_corpora(table)),
        "auxiliary": _auxiliary(run),
        "model": run.experiment.model,
        "batches": run.data.batched,
        "coupling": run.experiment.coupling,
        "select": run.experiment.select,
        "encode": run.experiment.encode,
        "joint": run.experiment.joint,
        "tune": run.experiment.tune,
        "two_pass": run.experiment.two_pass,
        "fusion": run.experiment.fusion,
        "chosen": run.model.tuned_,
        "seed": run.experiment.seed,
        "protocols": list(run.experiment.protocols),
        "metrics": to_json(run.metrics),
    }


def _described(run: Run) -> dict[str, Any]:
    """Say how a run was made, for ``featser compare`` and for a person."""
    experiment, copies = run.experiment, run.data.copies
    return {
        **FORMAT.header,
        "featser": __version__,
        "command": run.command,
        "reproduce": run.commands,
        "origin": run.origin,
        **experiment.to_dict(),
        # What the settings came to, with these data.
        "model": _model_line(run),
        "features": {e.spec: e.fingerprint() for e in run.data.extractors},
        "tasks": [task.to_dict() for task in run.data.tasks],
        "chosen": run.chosen,
        "shared": run.shared,
        "augmented_copies": 0 if copies is None else len(copies.X),
        "auxiliary": _auxiliary(run),
        "rated": [one.to_dict() for one in run.data.rated],
    }


def _auxiliary(run: Run) -> list[dict[str, Any]]:
    auxiliary = run.data.auxiliary
    return [] if auxiliary is None else auxiliary.described(run.model.tasks, run.data.table)


def _model_line(run: Run, batched: bool = False) -> str:
    names = [one["name"] for one in _auxiliary(run)]
    return describe_model(run.experiment, run.data.tasks, batched, _left_out(run), names)


def _rated(run: Run) -> list[RatedSummary]:
    if not run.data.rated:
        return []
    folder = common_folder(run.data.table["file"])
    names = [below(file, folder) for file in run.data.table["file"]]
    return [RatedSummary(one.note(), one.agreement, names) for one in run.data.rated]


def _left_out(run: Run) -> str:
    return left_out_inside(run.experiment.protocols[0], run.data)


def _summary(run: Run) -> RunSummary:
    leading = run.experiment.protocols[0]
    chosen = run.predictions["protocol"] == leading
    folds = run.folds[run.folds["protocol"] == leading]
    folds = folds.assign(speaker=speaker_ids(folds))
    by = [name for name in ("fold", "speaker") if name in folds]
    features = [
        {
            "extractor": extractor.spec,
            "families": ", ".join(extractor.families),
            "dimension": extractor.dimension,
            "fingerprint": extractor.fingerprint(),
        }
        for extractor in run.data.extractors
    ]
    corpora = ", ".join(_corpora(run.data.table))
    return RunSummary(
        title=f"{corpora or run.origin}: {', '.join(task.name for task in run.data.tasks)}",
        command=run.command,
        protocol=leading,
        speaker_norm=run.experiment.speaker_norm,
        seed=run.experiment.seed,
        tasks=run.data.tasks,
        metrics=run.metrics,
        predictions=run.predictions[chosen].reset_index(drop=True),
        rows=run.rows,
        folds=_with_fold_names(folds.groupby(by, dropna=False).size().reset_index(name="n"), folds),
        unusable=run.data.unusable,
        refused_tasks=run.data.refused_tasks,
        notes=run.notes,
        features=pd.DataFrame(features),
        model=_model_line(run, run.data.batched),
        environment=_environment(run),
        reproduce=run.commands,
        settings=described_settings(run.experiment),
        seconds=run.seconds,
        findings=[finding.to_dict() for finding in run.findings],
        rated=_rated(run),
        shared=run.shared,
        methods=method_facts(run.experiment, run.data, run.cards, _auxiliary(run), run.chosen),
    )


def _with_fold_names(counts: pd.DataFrame, folds: pd.DataFrame) -> pd.DataFrame:
    """Return counts by fold with the names of published folds in place of numbers."""
    if PUBLISHED_FOLD not in folds or folds[PUBLISHED_FOLD].isna().any():
        return counts
    names = dict(zip(folds["fold"], folds[PUBLISHED_FOLD], strict=True))
    return counts.assign(fold=counts["fold"].map(names))


def _model_libraries(run: Run) -> Sequence[str]:
    members = members_of(run.experiment.model)
    xgboost = "xgboost" if platform.system() == "Darwin" else "xgboost-cpu"
    added = dict.fromkeys(package_of(name) for name in members if name not in MODELS)
    return [*([xgboost] if "xgboost" in members else []), *filter(None, added)]


def _environment(run: Run) -> dict[str, str]:
    libraries = library_versions(_model_libraries(run))
    for extractor in run.data.extractors:
        libraries |= describe(extractor)["libraries"]
    return {"python": platform.python_version(), **dict(sorted(libraries.items()))}
