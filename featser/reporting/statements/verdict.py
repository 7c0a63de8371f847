"""The verdict on a result: whether it is above chance and above every shortcut.

A result counts as better than a reference (the chance level, a shortcut) if the lower bound of its
95 % interval exceeds the reference. The same rule and the same words are used in the terminal, in
the report and in notebooks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from featser.audit.checks.shortcuts import PROBED, TESTED
from featser.audit.checks.single_features import GIVEN_AWAY
from featser.reporting.numbers import has_interval
from featser.reporting.statements.confounding import classes_of_speakers
from featser.reporting.summary import RunSummary
from featser.reporting.wording import headline_metric, optimistic_because
from featser.tasks import Task

STRONG_FROM = 0.5
"""The share of the model's gain over chance from which on a shortcut is strong."""
_SAME_CHANCE = 0.002
"""Chance levels of tables are rounded to three decimal places."""


@dataclass(frozen=True)
class Shortcut:
    """A property of the recordings that predicts the label without speech emotion.

    Attributes
    ----------
    name : str
        The property in words, such as ``duration``, that of the whole recording, or ``speech
        duration``, which is without leading and trailing silence.
    value : float
        The headline metric of a model that uses this property alone.
    """

    name: str
    value: float


def verdict(
    figure: Mapping[str, Any] | None,
    chance: float,
    shortcut: Shortcut | None,
    *,
    optimistic_because: str = "",
    is_confounded: bool = False,
) -> str:
    """Return in plain words what a result shows.

    Parameters
    ----------
    figure : mapping, optional
        ``value``, ``low`` and ``high`` of the headline metric, of which larger is better; None if
        it was not computed.
    chance : float
        The chance level of the metric.
    shortcut : Shortcut, optional
        The strongest shortcut; None if none was tested.
    optimistic_because : str
        Why the protocol is optimistic; empty if it is not.
    is_confounded : bool
        Whether most speakers have one class.

    Returns
    -------
    str
        A phrase without a full stop.

    Examples
    --------
    >>> figure = {"value": 0.62, "low": 0.55, "high": 0.68}
    >>> verdict(figure, 0.25, Shortcut("duration", 0.31))
    'above chance and above every shortcut tested'
    >>> verdict(figure, 0.25, Shortcut("speech level", 0.45))
    "above chance and above every shortcut tested, but the shortcut 'speech level' is strong"
    >>> verdict(figure, 0.25, Shortcut("duration", 0.58))
    "above chance, but not distinguishable from the shortcut 'duration'"
    >>> verdict({"value": 0.30, "low": 0.22, "high": 0.37}, 0.25, None)
    'not distinguishable from chance'
    """
    words = _words(figure, chance, shortcut)
    if is_confounded:
        words += "; classes and speakers are confounded"
    if optimistic_because:
        words += f"; the protocol is optimistic, because {optimistic_because}"
    return words


def _words(figure: Mapping[str, Any] | None, chance: float, shortcut: Shortcut | None) -> str:
    if figure is None or figure["value"] is None or not math.isfinite(figure["value"]):
        return "no verdict: the figure is undefined"
    if not has_interval(figure):
        return "no verdict: the figure has no interval"
    if figure["high"] < chance:
        return "below chance"
    if figure["low"] <= chance:
        return "not distinguishable from chance"
    return f"above chance{_beside(shortcut, figure['value'], figure['low'], chance)}"


def _beside(shortcut: Shortcut | None, value: float, low: float, chance: float) -> str:
    """Return the end of the verdict on a result above chance."""
    if shortcut is None:
        return "; no shortcuts were tested"
    if shortcut.value >= value:
        return f", but no better than the shortcut '{shortcut.name}'"
    if shortcut.value >= low:
        return f", but not distinguishable from the shortcut '{shortcut.name}'"
    strong = share_of_gain(shortcut, value, chance) >= STRONG_FROM
    but = f", but the shortcut '{shortcut.name}' is strong" if strong else ""
    return f" and above every shortcut tested{but}"


def share_of_gain(shortcut: Shortcut, value: float, chance: float) -> float:
    """Return which share of a result's gain over chance a shortcut reaches, at most 1.

    Examples
    --------
    >>> share_of_gain(Shortcut("duration", 0.31), 0.37, 0.25)
    0.5
    """
    gain = value - chance
    return min((shortcut.value - chance) / gain, 1.0) if gain > 0 else 0.0


def chance_level(task: Task, figures: Mapping[str, Mapping[str, Any]]) -> float:
    """Return the chance level of a task's headline metric: one over the classes, or a CCC of 0."""
    if not task.categorical:
        return 0.0
    return float(figures.get("chance.uar", {}).get("value") or 1 / len(task.classes))


def strongest_shortcut(
    metric: str,
    figures: Mapping[str, Mapping[str, Any]],
    findings: Iterable[Mapping[str, Any]],
) -> Shortcut | None:
    """Return the strongest of the audit's shortcuts and the duration-only baseline.

    A feature that gives the class away counts as a shortcut, too. The two durations differ: the
    baseline has the duration of the whole recording and is tested on the folds of the model. The
    audit has the duration without leading and trailing silence, and tests it on folds of its own.

    Parameters
    ----------
    metric : str
        The headline metric of the primary task.
    figures : mapping
        The primary task's metrics, which contain the duration-only baseline.
    findings : iterable of mapping
        Findings of the audit and of the single-feature probe as plain data. Both test by UAR only.

    Returns
    -------
    Shortcut or None
        None if no shortcut was tested.

    Examples
    --------
    >>> strongest_shortcut("uar", {"duration.uar": {"value": 0.31}}, [])
    Shortcut(name='duration', value=0.31)
    """
    duration = figures.get(f"duration.{metric}", {}).get("value")
    tested = [] if duration is None else [Shortcut("duration", float(duration))]
    if metric == "uar":
        tested += [
            Shortcut(PROBED[row["fact"]].name, float(row["UAR"]))
            for finding in findings
            if finding["kind"] == TESTED
            for row in finding["table"]
            if row["UAR"] is not None
        ]
        tested += [
            Shortcut(_revealing_name(row), float(row["UAR"]))
            for finding in findings
            if finding["kind"] == GIVEN_AWAY
            for row in finding["table"]
        ]
    defined = [shortcut for shortcut in tested if math.isfinite(shortcut.value)]
    return max(defined, key=lambda shortcut: shortcut.value, default=None)


def _revealing_name(row: Mapping[str, Any]) -> str:
    """Name the feature, or the extractor as a whole, that gives the class away."""
    return f"feature {row['feature']}" if "feature" in row else f"features of {row['extractor']}"


def shortcut_of(run: RunSummary) -> Shortcut | None:
    """Return the strongest shortcut to a run's primary task.

    Findings of the audit count where the protocol scores the classes that the audit has tested.
    """
    metric, figures = headline_metric(run.primary), run.figures(run.primary)
    chance = chance_level(run.primary, figures)
    return strongest_shortcut(metric, figures, _comparable(run.findings, chance))


def _comparable(
    findings: Iterable[Mapping[str, Any]], chance: float
) -> Iterator[Mapping[str, Any]]:
    """Yield findings without tests that have another chance level than the protocol."""
    for finding in findings:
        rows = finding["table"]
        if any(abs(row.get("chance", chance) - chance) > _SAME_CHANCE for row in rows):
            continue
        yield finding


def verdict_of(run: RunSummary) -> str:
    """Return the verdict on a run's primary task under its own protocol."""
    task = run.primary
    figures = run.figures(task)
    classes = classes_of_speakers(run)
    return verdict(
        figures.get(headline_metric(task)),
        chance_level(task, figures),
        shortcut_of(run),
        is_confounded=classes is not None and classes.is_confounded,
        optimistic_because=optimistic_because(run, run.protocol),
    )
