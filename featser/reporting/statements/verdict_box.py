"""The verdict box: what opens the report, and what the terminal prints at the end of a fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from featser.reporting.numbers import count, estimate, number, percent, shows_interval
from featser.reporting.statements.confounding import classes_of_speakers
from featser.reporting.statements.promises import limits_of, promise_of
from featser.reporting.statements.verdict import (
    STRONG_FROM,
    Shortcut,
    chance_level,
    share_of_gain,
    shortcut_of,
    verdict_of,
)
from featser.reporting.summary import RunSummary
from featser.reporting.wording import as_sentence, headline_metric, metric_title


@dataclass(frozen=True)
class VerdictBox:
    """A run's headline figure with everything that limits it, as text.

    Attributes
    ----------
    warnings : tuple of str
        Sentences that come before the figure: confounding, strong shortcuts.
    metric, task : str
        The title of the headline metric, and the primary task.
    value : str
        The figure with its interval.
    facts : dict of str to str
        What stands beside the figure: chance, strongest shortcut, speakers, those with one class.
    verdict : str
        What the figure shows, as a sentence.
    promise : str
        What the figure promises.
    limits : tuple of str
        What it does not promise.
    """

    warnings: tuple[str, ...]
    metric: str
    task: str
    value: str
    facts: dict[str, str]
    verdict: str
    promise: str
    limits: tuple[str, ...]


def verdict_box(run: RunSummary) -> VerdictBox:
    """Return the verdict box of a run.

    Parameters
    ----------
    run : RunSummary
        A run.

    Returns
    -------
    VerdictBox
        Of the primary task under the run's own protocol.
    """
    task = run.primary
    metric = headline_metric(task)
    return VerdictBox(
        warnings=tuple(_warnings(run)),
        metric=metric_title(metric),
        task=task.name,
        value=estimate(run.figures(task).get(metric)),
        facts=dict(_facts(run)),
        verdict=as_sentence(verdict_of(run)),
        promise=promise_of(run),
        limits=tuple(limits_of(run)),
    )


def verdict_lines(run: RunSummary) -> list[str]:
    """Return the verdict box as lines for the terminal.

    Parameters
    ----------
    run : RunSummary
        A run.

    Returns
    -------
    list of str
        The warnings, if there are any; figure and verdict; what the figure promises.
    """
    box = verdict_box(run)
    figure = run.figures(run.primary).get(headline_metric(run.primary))
    interval = " (95 % interval)" * shows_interval(figure)
    facts = ", ".join(f"{name} {value}" for name, value in box.facts.items())
    lines = [f"warning: {' '.join(box.warnings)}"] if box.warnings else []
    lines.append(
        f"verdict: {box.metric} of {box.task} {box.value}{interval}, {facts}. {box.verdict}"
    )
    lines.append(f"This promises: {box.promise} The report states what it does not promise.")
    return lines


def _warnings(run: RunSummary) -> Iterator[str]:
    classes = classes_of_speakers(run)
    if classes is not None and classes.warning:
        yield classes.warning
    shortcut = shortcut_of(run)
    if shortcut is not None and (warning := _shortcut_warning(run, shortcut)):
        yield warning


def _shortcut_warning(run: RunSummary, shortcut: Shortcut) -> str:
    """Return a sentence on a shortcut that reaches half of the model's gain or more, else empty."""
    task = run.primary
    metric = headline_metric(task)
    figures = run.figures(task)
    figure = figures.get(metric, {})
    value = figure.get("value")
    if not shows_interval(figure):  # nothing is reported as a shortcut where nothing has intervals
        return ""
    chance = chance_level(task, figures)
    if value is None or (share := share_of_gain(shortcut, value, chance)) < STRONG_FROM:
        return ""
    of_gain = "as much as the model" if share == 1.0 else f"{percent(share)} of the model's gain"
    return (
        f"The shortcut '{shortcut.name}' is strong: it alone, without speech emotion, reaches a "
        f"{metric_title(metric)} of {number(shortcut.value)}, which is {of_gain}"
        f"{'' if share == 1.0 else ' over chance'} ({number(value)}, chance {number(chance)})."
    )


def _facts(run: RunSummary) -> Iterator[tuple[str, str]]:
    task = run.primary
    yield (
        "chance" if task.categorical else "mean baseline",
        number(chance_level(task, run.figures(task))),
    )
    shortcut = shortcut_of(run)
    if shortcut is None:
        yield "strongest shortcut", "none tested"
    else:
        yield "strongest shortcut", f"'{shortcut.name}' {number(shortcut.value)}"
    n_speakers = run.resampled.n_speakers
    yield "speakers tested", count(n_speakers) if n_speakers else "not named"
    classes = classes_of_speakers(run)
    if classes is not None:
        yield "speakers with one class", classes.single_share
