"""What the scripts of this folder share: arguments, corpora, figures, tables and files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.evaluation.statistics.intervals import to_json
from featser.tasks import Task

REPORTS = Path(__file__).resolve().parent
CORPORA = ("banglaser", "ravdess", "emodb")
PROTOCOL = "speaker-independent"
TIMEOUT = 600.0
"""Seconds: no figure is to depend on how busy the machine was."""

Row = dict[str, Any]


def report_parser(
    description: str | None, work: str, corpora: str = "banglaser/, ravdess/, emodb/"
) -> argparse.ArgumentParser:
    """Return a parser of the folder of corpora and the working folder.

    Parameters
    ----------
    description : str or None
        The script's docstring.
    work : str
        The name of the working folder in ``runs/``.
    corpora : str
        The folders that the folder of corpora holds, for the help.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("corpora", type=Path, help=f"holds {corpora}")
    parser.add_argument("--work", type=Path, default=Path("runs", work))
    return parser


def with_interval(figure: Mapping[str, Any], form: str = ".3f") -> str:
    """Write a figure with its interval."""
    value, low, high = (format(figure[name], form) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def signed(figure: Mapping[str, Any]) -> str:
    """Write a difference with its interval."""
    return with_interval(figure, "+.3f")


def median_figure(figures: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the figure whose value is in the middle, with its own interval."""
    ordered = sorted(figures, key=lambda figure: float(figure["value"]))
    return ordered[(len(ordered) - 1) // 2]


def table_lines(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Write a Markdown table."""
    return [
        f"| {' | '.join(header)} |",
        f"|{'---|' * len(header)}",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]


def section_between(text: str, marks: tuple[str, str]) -> str:
    """Return the text between two marks, with them; empty where it has none."""
    if marks[0] not in text:
        return ""
    return text[text.index(marks[0]) : text.index(marks[1]) + len(marks[1])]


def write_section(page: Path, marks: tuple[str, str], lines: Sequence[str]) -> None:
    """Put lines between two marks of a page, or at its end where it has no marks."""
    text = page.read_text(encoding="utf-8")
    section = "\n".join([marks[0], *lines, marks[1]])
    old = section_between(text, marks)
    text = text.replace(old, section) if old else f"{text.rstrip()}\n\n{section}\n"
    page.write_text(text, encoding="utf-8")


def write_figures(path: Path, figures: Row) -> None:
    """Write figures as JSON, unrounded."""
    text = json.dumps(to_json(figures), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_report(folder: str, name: str, figures: Row, page: Sequence[str]) -> None:
    """Write figures and their page into a folder of ``reports/``."""
    place = REPORTS / folder
    place.mkdir(exist_ok=True)
    write_figures(place / f"{name}.json", figures)
    (place / f"{name}.md").write_text("\n".join(page) + "\n", encoding="utf-8")


def averaged(task: Task, members: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Average the probabilities of several models on the same rows, and predict by the mean."""
    columns = [f"{task.name}.p[{name}]" for name in task.classes]
    mean = np.mean([table[columns].to_numpy(dtype=float) for table in members], axis=0)
    predictions = np.asarray(task.classes, dtype=object)[mean.argmax(axis=1)]
    return members[0].assign(**{f"{task.name}.pred": predictions})
