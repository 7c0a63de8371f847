"""Baselines beside a model's figures: titles, and which of them are informative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SHORT = {
    "chance": "chance",
    "majority": "majority",
    "mean": "mean",
    "duration": "duration only",
}
"""Short titles shown beside a model's figure; the glossary explains them."""
_TITLES = {
    "chance": "chance level",
    "majority": "majority-class baseline",
    "mean": "mean baseline",
    "duration": "duration-only baseline",
}


def baseline_of(name: str) -> tuple[str, str] | None:
    """Return the baseline and the metric of a figure; None if the figure is a model's.

    Examples
    --------
    >>> baseline_of("majority.uar"), baseline_of("uar")
    (('majority', 'uar'), None)
    """
    head, dot, metric = name.partition(".")
    return (head, metric) if dot and head in SHORT else None


def baseline_title(head: str, metric: str) -> str:
    """Return the title of a baseline's figure, given the metric's title."""
    return f"{metric}, {_TITLES[head]}"


_SAME_AS_CHANCE = "majority.uar"
"""Equals the chance level, as the UAR of a constant prediction does."""


def shown(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the figures without uninformative and redundant baselines."""
    return {
        name: figure
        for name, figure in figures.items()
        if figure.get("informative", True) and name != _SAME_AS_CHANCE
    }


def left_out(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the baselines that :func:`shown` leaves out, with the reason."""
    notes: dict[str, str] = {}
    for name, figure in figures.items():
        baseline = baseline_of(name)
        if baseline is not None and not figure.get("informative", True):
            notes.setdefault(baseline[0], str(figure["explanation"]))
    for head, note in notes.items():
        yield f"the {_TITLES[head]} is left out: {note}"
