"""The page that compares runs: one self-contained HTML file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from featser import __version__
from featser.io.atomic_write import write_text
from featser.reporting.comparison.changed_predictions import changed_table, counts_table
from featser.reporting.comparison.compared_pair import (
    ComparedPair,
    ComparisonSummary,
    run_letter,
)
from featser.reporting.comparison.difference_tables import (
    class_differences,
    class_table,
    difference_mark,
    overall_marks,
    overall_table,
    settings_table,
    speaker_differences,
    speaker_marks,
    speaker_table,
)
from featser.reporting.page_environment import page_environment
from featser.reporting.plots import Mark, dots
from featser.reporting.tables import Table
from featser.reporting.wording import metric_title

_COLLAPSED_FROM = 12
"""Tables with more rows than this are collapsed."""


@dataclass
class PairSection:
    """The section on one pair of runs in one task; plots are SVG markup."""

    title: str
    conclusion: str
    metric: str
    changed: Table
    letters: tuple[str, str]
    counts: Table | None = None
    classes: Table | None = None
    class_plot: str = ""
    speakers: Table | None = None
    speaker_plot: str = ""
    notes: list[str] = field(default_factory=list)


def write_comparison_page(path: str | Path, summary: ComparisonSummary) -> Path:
    """Write a comparison of runs as one self-contained HTML file, atomically.

    Parameters
    ----------
    path : str or Path
    summary : ComparisonSummary

    Returns
    -------
    Path
        The file.
    """
    path = Path(path)
    page = render_comparison(summary)
    write_text(path, page.encode("utf-8", "backslashreplace").decode("utf-8"))
    return path


def render_comparison(summary: ComparisonSummary) -> str:
    """Return the page as a string; see :func:`write_comparison_page`."""
    letters = [run_letter(number) for number in range(len(summary.runs))]
    rows = [[letter, *run] for letter, run in zip(letters, summary.runs, strict=True)]
    columns = ["run", "folder", "protocol", "model", "features", "speaker normalisation"]
    marks = overall_marks(summary.pairs)
    return (
        page_environment(many=_COLLAPSED_FROM)
        .get_template("comparison.html.j2")
        .render(
            title="Comparison of " + " and ".join(run[0] for run in summary.runs),
            summary=summary,
            runs=Table("Runs", columns, rows, set(range(len(columns)))),
            overall=overall_table(summary.pairs),
            forest=_figure(marks, "difference of the headline metric", "forest"),
            sections=[_section(number, pair) for number, pair in enumerate(summary.pairs)],
            settings=settings_table(letters, summary.settings),
            version=__version__,
        )
    )


def _section(number: int, pair: ComparedPair) -> PairSection:
    metric = metric_title(pair.result.metric)
    section = PairSection(
        f"{pair.task.name}: {' → '.join(pair.letters)}",
        pair.conclusion,
        metric,
        changed_table(pair),
        pair.letters,
    )
    if by_class := class_differences(pair):
        section.counts = counts_table(pair)
        section.classes = class_table(pair, by_class)
        marks = [difference_mark(name, one) for name, one in by_class.items()]
        section.class_plot = _figure(marks, "difference of recall", f"classes-{number}")
    if by_speaker := speaker_differences(pair):
        section.speakers = speaker_table(pair, by_speaker)
        dots_of_speakers = speaker_marks(by_speaker)
        axis = f"difference of {metric}"
        section.speaker_plot = _figure(dots_of_speakers, axis, f"speakers-{number}")
        n_defined = sum(math.isfinite(two - one) for *_, one, two in by_speaker)
        if len(dots_of_speakers) < n_defined:
            half = len(dots_of_speakers) // 2
            section.notes.append(
                f"The {half} speakers with the lowest and the {half} with the highest difference "
                f"are shown; the table lists all."
            )
    return section


def _figure(marks: Sequence[Mark], axis: str, name: str) -> str:
    """Draw differences around 0; empty without any."""
    from markupsafe import Markup

    drawn = [mark for mark in marks if math.isfinite(mark.value)]
    if not drawn:
        return ""
    ends = [end for mark in drawn for end in (mark.value, mark.low, mark.high)]
    widest = 1.08 * max(abs(end) for end in ends if math.isfinite(end)) or 0.01
    described = "; ".join(f"{mark.name} {mark.value:+.3f}" for mark in drawn)
    return Markup(dots(drawn, axis, name, f"{axis}: {described}.", (-widest, widest)))
