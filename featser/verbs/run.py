"""``featser run``: a recipe from the folders of recordings to the report, step by step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from featser.audit.run import audit_manifest
from featser.evaluation.uncertainty import to_json
from featser.evaluation.units import speaker_ids
from featser.features.crew import TIMEOUT
from featser.features.extraction import Extraction, identify, usable
from featser.features.extractor import make_extractor
from featser.features.store import Store
from featser.files import write_text
from featser.progress import Progress, silent
from featser.recipe import Recipe, load_recipe
from featser.verbs.altered import named_copies
from featser.verbs.examined import Known
from featser.verbs.extract import extract
from featser.verbs.fit import fit
from featser.verbs.forecast import Forecast, forecast
from featser.verbs.results import Run
from featser.verbs.run_folder import (
    RECIPE,
    Kept,
    audit_identity,
    checksums,
    fit_identity,
)
from featser.verbs.source import STORE, Source, source_of


@dataclass(frozen=True)
class Step:
    """A step of a run.

    Attributes
    ----------
    name : str
        ``scan``, ``audit``, ``extract``, ``fit`` or ``report``.
    done : bool
        Whether it had been done before, and nothing was left to do.
    told : str
        What it did or found, in a line.
    """

    name: str
    done: bool
    told: str

    def __str__(self) -> str:
        return f"{self.name}: {'done before: ' if self.done else ''}{self.told}"


@dataclass
class Outcome:
    """What ``featser run`` did, or in a dry run would do.

    Attributes
    ----------
    folder : Path
        The run's folder: what :class:`~featser.verbs.results.Run` says, and ``recipe.yaml``.
    recipe : Recipe
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
    recipe: Recipe
    steps: list[Step] = field(default_factory=list)
    extraction: Extraction | None = None
    run: Run | None = None
    forecast: Forecast | None = None

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    @property
    def bundle(self) -> Path:
        """The model bundle."""
        return self.folder / "model.featser"

    @property
    def metrics(self) -> dict[str, Any]:
        """Protocol → task → metric → ``{"value", "low", "high"}``, as the folder has it."""
        found: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text("utf-8"))
        return found


def run(
    recipe: str | Path,
    data: Mapping[str, str | Path] | None = None,
    output: str | Path | None = None,
    store: str | Path = STORE,
    changes: Sequence[str] = (),
    again: bool = False,
    dry_run: bool = False,
    jobs: int = -1,
    timeout: float = TIMEOUT,
    command: str = "",
    progress_of: Callable[[str], Progress] | None = None,
    tell: Callable[[Step], object] | None = None,
) -> Outcome:
    """Carry out a recipe: scan, audit, extract, fit and report, each where it is not done yet.

    Parameters
    ----------
    recipe : str or Path
        A YAML file, or the name of a recipe that comes with featser.
    data : mapping of str to path
        Where each corpus of the recipe is: a folder, or a URL.
    output : str or Path, optional
        The run's folder; ``runs/`` and the recipe's name by default.
    store : str or Path
        Where features are kept.
    changes : sequence of str
        Fields of the recipe that are to have other values, such as ``model=svm``: see
        :func:`featser.recipe.load_recipe`.
    again : bool
        Whether to fit anew what is done, reading no finished fits, and whatever run is there.
    dry_run : bool
        Whether only to say what would be done, writing nothing.
    jobs : int
        Worker processes; −1 for one a core.
    timeout : float
        Seconds after which an extractor is given up on a recording, as
        :func:`~featser.verbs.extract.extract` has them.
    command : str
        What the user typed, for the report.
    progress_of : callable, optional
        Given a step's name, what to call with the units done and in all.
    tell : callable, optional
        Called with each step as it ends.

    Returns
    -------
    Outcome
        The steps, the folder and the figures in it; of a dry run the plan.

    Raises
    ------
    FeatserError
        If the recipe or a change of it is wrong, a corpus is missing, the folder holds a run of
        another recipe, or as :func:`~featser.verbs.extract.extract` and
        :func:`~featser.verbs.fit.fit`.
    """
    wanted = load_recipe(recipe, changes)
    folder = Path(output) if output is not None else Path("runs") / wanted.name
    kept = Kept.read(folder)
    if not again:
        kept.refuse_another(wanted)
    source = source_of(wanted, data or {}, str(folder / RECIPE))
    outcome = Outcome(folder, wanted)
    if dry_run:
        outcome.forecast = forecast(source, wanted, store, jobs)
        return outcome
    kept = Kept(folder) if again else kept
    kept.recipe = wanted.model_dump(mode="json")
    write_text(folder / RECIPE, yaml.safe_dump(kept.recipe, sort_keys=False, allow_unicode=True))
    steps = _Steps(source, wanted, Path(store), kept, jobs, timeout, progress_of or _quiet)

    def told(step: Step) -> None:
        outcome.steps.append(step)
        if tell is not None:
            tell(step)

    told(Step("scan", False, _scanned(source)))
    audited, known = steps.audit()
    told(audited)
    extracted, outcome.extraction = steps.extract(data or {})
    told(extracted)
    fitted, outcome.run = steps.fit(data or {}, command, known, again)
    told(fitted)
    told(Step("report", fitted.done, str(outcome.report)))
    return outcome


@dataclass
class _Steps:
    """The steps after the scan, and what they share."""

    source: Source
    recipe: Recipe
    store: Path
    kept: Kept
    jobs: int
    timeout: float
    progress_of: Callable[[str], Progress]

    def __post_init__(self) -> None:
        self.source.table["key"] = identify(self.source.table)[1]

    def audit(self) -> tuple[Step, Known | None]:
        """Audit recordings and labels, where that is not done; the findings are in the folder."""
        table = self.source.table
        identity = audit_identity(table, self.recipe)
        if self.kept.audited(identity):
            return Step("audit", True, self.kept.audit["told"]), None
        found = audit_manifest(
            table.drop(columns="key"), self.recipe.primary, self.jobs, self.recipe.seed,
            self.progress_of("Examining recordings"), self.source.cards,
        )  # fmt: skip
        findings = to_json([finding.to_dict() for finding in found.findings])
        text = json.dumps(findings, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(self.kept.folder / "audit.json", text)
        counts = found.to_dict()["counts"]
        told = ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items())
        told += f": {self.kept.folder / 'audit.json'}"
        self.kept.audit = {"identity": identity, "told": told}
        self.kept.write()
        return Step("audit", False, told), Known(table, found)

    def extract(self, data: Mapping[str, str | Path]) -> tuple[Step, Extraction]:
        """Compute what the store lacks."""
        result = extract(
            self.kept.folder / RECIPE,
            self.store,
            data=data,
            jobs=self.jobs,
            progress=self.progress_of("Extracting features"),
            timeout=self.timeout,
            altering=self.progress_of("Extracting augmented copies"),
        )
        told = f"{result.done} done, {result.reused} reused, "
        told += f"{result.unusable['file'].nunique()} unusable"
        done = result.done
        if result.altered is not None:
            done += result.altered.done
            told += (
                f"; augmented copies: {result.altered.done} done, {result.altered.reused} reused"
            )
        return Step("extract", not done, f"{told}; store: {self.store}"), result

    def fit(
        self, data: Mapping[str, str | Path], command: str, known: Known | None, again: bool
    ) -> tuple[Step, Run | None]:
        """Evaluate and fit, where that is not done or its files are not what they were."""
        folder, table = self.kept.folder, self.source.table
        extractors = [make_extractor(spec) for spec in self.recipe.features]
        there = usable(table, extractors, Store(self.store))
        copies = named_copies(table, there, self.recipe.augmentation)
        identity = fit_identity(self.recipe, table, there, copies, self.store)
        if self.kept.fitted(identity):
            return Step("fit", True, _headline(folder)), None
        result = fit(
            folder / RECIPE,
            self.store,
            data=data,
            output=folder,
            jobs=self.jobs,
            command=command,
            audit=known or True,
            cache=not again,
            examining=self.progress_of("Examining recordings"),
            progress=self.progress_of("Fitting (folds × tasks × members)"),
        )
        names = [file.name for file in folder.iterdir() if file.name not in (RECIPE, "steps.json")]
        self.kept.fit = {"identity": identity, "files": checksums(folder, sorted(names))}
        self.kept.write()
        return Step("fit", False, _headline(folder)), result


def _scanned(source: Source) -> str:
    table = source.table
    parts = []
    speakers = pd.Series(speaker_ids(table), table.index)
    for corpus, rows in table.groupby("corpus", sort=False):
        known = speakers[rows.index]
        parts.append(f"{corpus}: {len(rows)} utterances, {known[known != ''].nunique()} speakers")
    if source.unmatched:
        parts.append(f"{len(source.unmatched)} files not used: the card does not read their names")
    return "; ".join(parts)


def _headline(folder: Path) -> str:
    """Say the leading figure of each protocol's primary task, which comes first."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    parts = []
    for protocol, by_task in metrics.items():
        task, figures = next(iter(by_task.items()))
        metric, figure = next(iter(figures.items()))
        told = "undefined" if figure["value"] is None else f"{figure['value']:.3f}"
        if figure.get("low") is not None:
            told += f" [{figure['low']:.3f}, {figure['high']:.3f}]"
        parts.append(f"{task} {metric.upper()} {told} ({protocol})")
    return "; ".join(parts)


def _quiet(step: str) -> Progress:
    del step
    return silent
