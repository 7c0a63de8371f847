"""What a run leaves behind: its folder, written file by file, each whole or not at all."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from featser import __version__
from featser.audit.finding import Finding
from featser.evaluation.uncertainty import to_json
from featser.evaluation.units import speaker_ids
from featser.features.store import describe
from featser.files import whole, write_text
from featser.models.bundle import Bundle, library_versions, save_bundle
from featser.models.enrolment import EnrolmentNormalizer
from featser.models.estimators import members_of
from featser.models.multitask import MultiTaskEstimator
from featser.reporting.html import write_report
from featser.reporting.summary import RunSummary
from featser.verbs.data import Data, Settings, describe_model
from featser.verbs.enrolled import write_enrolment

Metrics = dict[str, dict[str, dict[str, dict[str, Any]]]]


@dataclass
class Run:
    """A finished fit.

    Attributes
    ----------
    folder : Path
        Holds ``run.json``, ``metrics.json``, ``predictions.parquet``, ``folds.csv``,
        ``audit.json``, ``model.featser`` and ``report.html``; where speakers were enrolled also
        ``enrolment.csv`` and ``enrolled.csv``.
    settings : Settings
    data : Data
    metrics : dict
        protocol → task → metric → ``{"value", "low", "high"}``.
    predictions, folds : DataFrame
        Of all protocols, told apart by the column ``protocol``.
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
    """

    folder: Path
    settings: Settings
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

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    @property
    def bundle(self) -> Path:
        """The model bundle."""
        return self.folder / "model.featser"


def run_folder(output: str | Path | None, table: pd.DataFrame, model: str) -> Path:
    """Return the folder to write: the one asked for, or a new one under ``runs/``."""
    if output is not None:
        return Path(output)
    corpora = [name for name in dict.fromkeys(table.get("corpus", pd.Series())) if name]
    stem = "-".join([*map(str, corpora[:3]), model.replace(",", "+")])
    numbers = (Path("runs") / f"{stem}-{number}" for number in range(1, 1_000_000))
    return next(folder for folder in numbers if not folder.exists())


def write_run(run: Run) -> None:
    """Write all of a run's files."""
    run.folder.mkdir(parents=True, exist_ok=True)
    described = json.dumps(_described(run), indent=1, ensure_ascii=False)
    write_text(run.folder / "run.json", described)
    metrics = json.dumps(to_json(run.metrics), indent=1, ensure_ascii=False)
    write_text(run.folder / "metrics.json", metrics)
    with whole(run.folder / "predictions.parquet") as temporary:
        run.predictions.to_parquet(temporary, index=False)
    with whole(run.folder / "folds.csv") as temporary:
        run.folds.to_csv(temporary, index=False)
    if run.enrolled is not None:
        write_enrolment(run.folder, run.metrics, run.enrolled)
    findings = to_json([finding.to_dict() for finding in run.findings])
    text = json.dumps(findings, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(run.folder / "audit.json", text)
    save_bundle(run.bundle, _bundle(run))
    write_report(run.report, _summary(run))


def _bundle(run: Run) -> Bundle:
    return Bundle(
        run.model,
        [describe(extractor) for extractor in run.data.extractors],
        run.settings.speaker_norm,
        _training(run),
        library_versions(_model_libraries(run)),
        run.normalizer,
    )


def _training(run: Run) -> dict[str, Any]:
    table = run.data.table
    return {
        "origin": run.origin,
        "command": run.command,
        "utterances": len(table),
        "augmented_copies": 0 if run.data.copies is None else len(run.data.copies.X),
        "speakers": int(pd.Series(run.data.speaker).nunique()),
        "corpora": sorted({str(name) for name in table.get("corpus", pd.Series()).dropna()}),
        "model": run.settings.model,
        "batches": run.data.batched,
        "coupling": run.settings.coupling,
        "select": run.settings.select,
        "encode": run.settings.encode,
        "joint": run.settings.joint,
        "tune": run.settings.tune,
        "two_pass": run.settings.two_pass,
        "fusion": run.settings.fusion,
        "chosen": run.model.tuned_,
        "seed": run.settings.seed,
        "protocols": list(run.settings.protocols),
        "metrics": to_json(run.metrics),
    }


def _described(run: Run) -> dict[str, Any]:
    """Say how a run was made, for ``featser compare`` and for a person."""
    settings, copies = run.settings, run.data.copies
    return {
        "featser": __version__,
        "command": run.command,
        "origin": run.origin,
        "protocols": list(settings.protocols),
        "train": list(settings.sides.train),
        "test": list(settings.sides.test),
        "dev": settings.sides.dev,
        "speaker_norm": settings.speaker_norm,
        "model": describe_model(settings, run.data.tasks),
        "coupling": settings.coupling,
        "select": settings.select,
        "encode": settings.encode,
        "joint": settings.joint,
        "tune": settings.tune,
        "two_pass": settings.two_pass,
        "fusion": settings.fusion,
        "chosen": run.chosen,
        "features": {e.spec: e.fingerprint() for e in run.data.extractors},
        "augmented_copies": 0 if copies is None else len(copies.X),
        "tasks": [task.to_dict() for task in run.data.tasks],
        "seed": settings.seed,
    }


def _summary(run: Run) -> RunSummary:
    leading = run.settings.protocols[0]
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
    corpora = ", ".join(dict.fromkeys(map(str, run.data.table.get("corpus", pd.Series()).dropna())))
    return RunSummary(
        title=f"{corpora or run.origin}: {', '.join(task.name for task in run.data.tasks)}",
        command=run.command,
        protocol=leading,
        speaker_norm=run.settings.speaker_norm,
        seed=run.settings.seed,
        tasks=run.data.tasks,
        metrics=run.metrics,
        predictions=run.predictions[chosen].reset_index(drop=True),
        folds=folds.groupby(by, dropna=False).size().reset_index(name="n"),
        unusable=run.data.unusable,
        refused_tasks=run.data.refused_tasks,
        notes=run.notes,
        features=pd.DataFrame(features),
        model=describe_model(run.settings, run.data.tasks, run.data.batched),
        environment=_environment(run),
        reproduce=_reproduce(run),
        seconds=run.seconds,
        findings=[finding.to_dict() for finding in run.findings],
    )


def _model_libraries(run: Run) -> Sequence[str]:
    if "xgboost" not in members_of(run.settings.model):
        return ()
    return ("xgboost" if platform.system() == "Darwin" else "xgboost-cpu",)


def _environment(run: Run) -> dict[str, str]:
    libraries = library_versions(_model_libraries(run))
    for extractor in run.data.extractors:
        libraries |= describe(extractor)["libraries"]
    return {"python": platform.python_version(), **dict(sorted(libraries.items()))}


def _reproduce(run: Run) -> list[str]:
    settings = run.settings
    features = " ".join(f"-f {spec}" for spec in settings.features)
    augment = "".join(f" --augment {spec}" for spec in run.augmentations)
    tasks = " ".join(f"--task {task.name}" for task in run.data.tasks)
    protocols = " ".join(f"--protocol {name}" for name in settings.protocols)
    sides = "".join(f" --train {name}" for name in settings.sides.train)
    sides += "".join(f" --test {name}" for name in settings.sides.test)
    sides += "" if settings.sides.dev == "train" else f" --dev {settings.sides.dev}"
    weights = (
        settings.weights
        if isinstance(settings.weights, str)
        else ",".join(f"{weight:g}" for weight in settings.weights)
    )
    return [
        f"featser extract {run.origin} {features}{augment}",
        f"featser fit {tasks} --primary {settings.primary} --model {settings.model} "
        f"--weights {weights} {protocols}{sides} --speaker-norm {settings.speaker_norm} "
        f"--seed {settings.seed}"
        + (" --tune" if settings.tune else "")
        + ("" if settings.fusion == "none" else f" --fusion {settings.fusion}")
        + ("" if settings.two_pass == "none" else f" --two-pass {settings.two_pass}")
        + (" --enrolment-curve" if settings.enrolment_curve else "")
        + ("" if settings.coupling == "independent" else f" --coupling {settings.coupling}")
        + ("" if settings.select == "none" else f" --select {settings.select}")
        + ("" if settings.encode == "none" else f" --encode {settings.encode}")
        + ("" if settings.joint == "none" else f" --joint {settings.joint}")
        + ("" if settings.augmented else " --no-augmented")
        + {None: "", True: " --batches", False: " --no-batches"}[settings.batches],
    ]
