"""The HTML report: one self-contained file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featser import __version__
from featser.errors import counted
from featser.io.atomic_write import write_text
from featser.reporting import (
    data_section,
    gap_tables,
    plots,
    reliability_diagram,
    settings_section,
    tables,
    wording,
)
from featser.reporting.methods.method_files import method_pages
from featser.reporting.methods.methods_section import methods_section
from featser.reporting.numbers import count, duration, number
from featser.reporting.page_environment import page_environment
from featser.reporting.plots import Mark
from featser.reporting.sections.coverage_section import coverage_sentence, coverage_tables
from featser.reporting.sections.detection_section import (
    SENTENCE,
    DetectionSection,
    detection_section,
)
from featser.reporting.sections.enrolment_section import enrolment_section
from featser.reporting.sections.fold_section import fold_tables
from featser.reporting.sections.rater_section import rater_sections
from featser.reporting.statements.finding_table import finding_table
from featser.reporting.statements.verdict_box import verdict_box
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table
from featser.tasks import Task

if TYPE_CHECKING:
    from jinja2 import Environment

_COLLAPSED_FROM = 12
"""Tables with more rows than this are collapsed."""


@dataclass
class TaskSection:
    """The section on one task; plots are SVG markup, the rest is plain."""

    task: Task
    results: Table | None = None
    recalls: Table | None = None
    recall_plot: str = ""
    confusion: Table | None = None
    confusion_plots: list[tuple[str, str]] = field(default_factory=list)
    detection: DetectionSection | None = None
    scatter_plot: str = ""
    scatter_note: str = ""


def write_report(path: str | Path, run: RunSummary, pages: Mapping[str, str] | None = None) -> Path:
    """Write a run's report as one self-contained HTML file.

    Equal summaries give equal bytes. All names are escaped. The page needs no font and no
    request, and its content security policy forbids them, as well as every script but that of its
    own buttons.

    Parameters
    ----------
    path : str or Path
        The file, which is written atomically.
    run : RunSummary
        The results.
    pages : mapping of str to str, optional
        What :func:`~featser.reporting.methods.method_files.method_pages` returned of the run.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TaskError, ProtocolError, ManifestError
        If the summary is incomplete, see :meth:`RunSummary.check`.
    """
    path = Path(path)
    page = render(run, pages)
    # File names that are not valid UTF-8 reach us as lone surrogates: write them as escapes.
    write_text(path, page.encode("utf-8", "backslashreplace").decode("utf-8"))
    return path


def render(run: RunSummary, pages: Mapping[str, str] | None = None) -> str:
    """Return the report as a string; see :func:`write_report`."""
    run.check()
    pages = method_pages(run) if pages is None else pages
    return _environment(run).get_template("report.html.j2").render(_context(run, pages))


def _environment(run: RunSummary) -> Environment:
    environment = page_environment(
        optimistic=partial(wording.is_optimistic, run),
        shared=lambda protocol: run.shared.get(protocol, []),
        norm_badge=wording.norm_badge(run.speaker_norm),
        many=_COLLAPSED_FROM,
    )
    environment.filters |= {"count": count, "number": number, "sentence": wording.as_sentence}
    return environment


def _context(run: RunSummary, pages: Mapping[str, str]) -> dict[str, Any]:
    return {
        "run": run,
        "warnings": [note for note in run.notes if not note.startswith(wording.CHOSEN_ON)],
        "choices": [note for note in run.notes if note.startswith(wording.CHOSEN_ON)],
        "version": __version__,
        "duration": duration(run.seconds),
        "headline": _headline(run),
        "folds_sentence": wording.folds_sentence(run.protocol, has_speakers=run.has_speakers),
        "resampled": run.resampled.words,
        "norm_sentence": wording.norm_sentence(run.speaker_norm),
        "facts": {
            **data_section.facts(run),
            "unusable recordings": count(len(run.unusable)),
            "folds": count(run.folds["fold"].nunique()),
            "seed": str(run.seed),
        },
        "sets": data_section.sets(run),
        "labels": data_section.labels_per_task(run),
        "class_counts": data_section.class_counts(run),
        "findings": [(finding, finding_table(finding)) for finding in run.findings],
        "sections": [_task_section(run, i, task) for i, task in enumerate(run.ordered_tasks)],
        "detection_sentence": SENTENCE,
        "reliability": reliability_diagram.section(run),
        "reliability_sentence": reliability_diagram.SENTENCE,
        "coverage": coverage_tables(run),
        "coverage_sentence": coverage_sentence(run),
        "raters": rater_sections(run),
        "enrolment": _enrolment_section(run),
        "speaker": _speaker_section(run),
        "gaps": gap_tables.group_tables(run),
        "unusable": tables.of_frame("Recordings that could not be used", run.unusable),
        "folds": tables.folds(run),
        "fold_scores": fold_tables(run),
        "features": tables.of_frame("Extractors", run.features, numbers=["dimension"]),
        "settings": settings_section.by_group(run.settings),
        "glossary": wording.glossary(run),
        "methods": methods_section(run, pages),
    }


def _headline(run: RunSummary) -> dict[str, Any]:
    task = run.primary
    name = wording.headline_metric(task)
    figures = run.figures(task)
    figure = figures.get(name, {"value": None, "low": None, "high": None})
    baseline = "chance.uar" if task.categorical else "mean.ccc"
    marks = []
    for protocol in run.protocols:
        protocol_figures = run.figures(task, protocol)
        if name in protocol_figures and number(protocol_figures[name]["value"]) == number(None):
            continue
        if name in protocol_figures:
            figure_here = protocol_figures[name]
            value, low, high = (_float(figure_here[key]) for key in ("value", "low", "high"))
            beside = _float(protocol_figures.get(baseline, {}).get("value"))
            hollow = wording.is_optimistic(run, protocol)
            title = f"{protocol}{' – OPTIMISTIC' if hollow else ''}"
            marks.append(Mark(title, value, low, high, beside, hollow))
    title = wording.metric_title(name)
    description = "; ".join(f"{m.name}: {title} {number(m.value)}" for m in marks)
    plot = partial(plots.dots, name="headline", description=description)
    return {
        "box": verdict_box(run),
        "baseline_name": "chance" if task.categorical else "mean baseline",
        "sentence": wording.headline_sentence(run),
        "note": figure.get("note", ""),
        "plot": _markup(plot(marks, f"{title} of {task.name}")) if marks else "",
    }


def _task_section(run: RunSummary, index: int, task: Task) -> TaskSection:
    section = TaskSection(task)
    if run.figures(task) or any(run.figures(task, protocol) for protocol in run.protocols):
        section.results = tables.results(run, task)
    if not run.scored(task).any():
        return section
    if not task.categorical:
        return _with_scatter(run, index, section)
    section.recalls = tables.recalls(run, task)
    section.recall_plot = _recall_plot(run, index, task)
    counts = tables.confusion(run, task)
    classes = tables.used_classes(run, task)
    section.confusion = tables.confusion_table(counts, task, classes)
    for normalised, title in ((True, "share of each true class"), (False, "utterances")):
        description = (
            f"Confusion matrix of {task.name}, {title}; the same numbers are in the table below."
        )
        name = f"confusion-{index}-{'share' if normalised else 'count'}"
        drawn = plots.confusion(counts, classes, name, description, normalised=normalised)
        section.confusion_plots.append((title, _markup(drawn)))
    section.detection = detection_section(run, index, task)
    return section


def _recall_plot(run: RunSummary, index: int, task: Task) -> str:
    figures = run.figures(task)
    chance = _float(figures.get("chance.uar", {}).get("value"))
    hollow = wording.is_optimistic(run, run.protocol)
    by_speaker = tables.recalls_by_speaker(run, task)
    marks = []
    for name in task.classes:
        figure = figures.get(f"recall[{name}]", {})
        value, low, high = (_float(figure.get(key)) for key in ("value", "low", "high"))
        if np.isfinite(value):
            spread = by_speaker.get(name, ())
            marks.append(Mark(name, value, low, high, chance, hollow, spread=spread))
    if not marks:
        return ""
    described = ", ".join(f"{mark.name} {number(mark.value)}" for mark in marks)
    description = f"Recall by class of {task.name}: {described}."
    return _markup(plots.dots(marks, "recall", f"recall-{index}", description))


def _with_scatter(run: RunSummary, index: int, section: TaskSection) -> TaskSection:
    task = section.task
    true, pred = tables.pairs(run, task, run.scored(task))
    chosen = plots.thinned(len(true))
    description = f"Predicted against true {task.name}, with the line where both are equal."
    section.scatter_plot = _markup(
        plots.scatter(true[chosen], pred[chosen], f"scatter-{index}", description)
    )
    if len(chosen) < len(true):
        section.scatter_note = (
            f"{count(len(chosen))} of {count(len(true))} utterances are shown, chosen at random; "
            "the metrics use all."
        )
    return section


def _enrolment_section(run: RunSummary) -> dict[str, Any] | None:
    section = enrolment_section(run)
    return section and {**section, "plot": _markup(section["plot"])}


def _speaker_section(run: RunSummary) -> dict[str, Any] | None:
    task = run.primary
    speakers = tables.by_speaker(run, task)
    if not speakers:
        return None
    name = wording.headline_metric(task)
    title = wording.metric_title(name)
    pooled = _float(run.figures(task).get(name, {}).get("value"))
    hollow = wording.is_optimistic(run, run.protocol)
    marks = tables.speaker_marks(speakers, plots.MOST_SPEAKERS, hollow=hollow)
    notes = [f"The dashed line is the {title} over all speakers."] if marks else []
    if task.categorical:
        fewer = sum(classes < len(task.classes) for *_, classes in speakers)
        if fewer:
            notes.append(
                f"{fewer} of {len(speakers)} speakers lack at least one class; "
                "their figure is the mean over their classes."
            )
    undefined = sum(np.isnan(value) for _, value, *_ in speakers)
    if undefined:
        undefined_of = counted(int(undefined), "speaker")
        notes.append(f"{title} is undefined for {undefined_of}: only the table lists them.")
    if len(marks) + undefined < len(speakers):
        notes.append(
            f"The {len(marks) // 2} lowest and the {len(marks) // 2} highest of {len(speakers)} "
            "speakers are shown; the table lists all."
        )
    drawn = ""
    if marks:
        ends = f"from {number(marks[0].value)} to {number(marks[-1].value)}"
        description = f"{title} of {task.name} by speaker, {ends}; all values are in the table."
        drawn = _markup(plots.speakers(marks, pooled, title, "speakers", description))
    return {
        "title": title,
        "plot": drawn,
        "notes": notes,
        "table": tables.speaker_table(speakers, task),
    }


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _markup(svg: str) -> str:
    from markupsafe import Markup

    return Markup(svg)
