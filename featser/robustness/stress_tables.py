"""The figures of a stress test as tables, sentences, curves and plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from featser.evaluation.metrics.registry import title_of
from featser.evaluation.statistics.intervals import to_json
from featser.reporting.numbers import estimate, number, shows_interval
from featser.reporting.sections.stress_figure import Curve
from featser.reporting.tables import Table
from featser.robustness.stress_curves import StressCurves, StressedLevel


def stress_table(curves: StressCurves) -> Table:
    """Return a row for the clean recordings and for each level."""
    metric = title_of(curves.metric)
    columns = ["condition", "level", metric, "difference to clean", "p", "utterances"]
    rows = [["clean", "", estimate(curves.clean), "", "", str(curves.n)]]
    rows += [
        [
            one.condition.title, one.level.label, estimate(one.figure), estimate(one.difference),
            p_value(one.p), str(one.n),
        ]
        for one in curves.levels
    ]  # fmt: skip
    caption = f"{curves.task.name}: {metric} of altered test sets (chance {number(curves.chance)})"
    return Table(caption, columns, rows, {0, 1})


def stress_overview(curves: StressCurves) -> Table:
    """Return :func:`stress_table` without p values and counts, as narrow as a terminal."""
    whole = stress_table(curves)
    rows = [[" ".join(row[:2]).strip(), *row[2:4]] for row in whole.rows]
    return Table(whole.caption, ["recordings", *whole.columns[2:4]], rows)


def recall_table(curves: StressCurves) -> Table | None:
    """Return the recall of each class under the level with the largest fall; None without one."""
    worst = curves.worst
    if worst is None or not curves.task.categorical:
        return None
    rows = [
        [name, estimate(figure), estimate(worst.recalls.get(name))]
        for name, figure in curves.clean_recalls.items()
    ]
    caption = f"{curves.task.name}: recall by class under {_named(worst)}"
    return Table(caption, ["class", "clean", _named(worst)], rows)


def stress_sentences(curves: StressCurves) -> list[str]:
    """Say in words where the figure falls, where it does not, and where chance is reached."""
    metric = title_of(curves.metric)
    sentences = [
        f"{metric} of {curves.task.name} is {estimate(curves.clean)} on {curves.n} unaltered "
        f"utterances of the test sets (chance {number(curves.chance)})."
    ]
    worst = curves.worst
    if worst is None:
        return sentences
    if not shows_interval(worst.difference):
        sentences.append(
            f"The largest difference is {number(worst.difference['value'])}, under "
            f"{_named(worst)}. Without an interval it is unknown whether that is more than chance."
        )
        return sentences
    sentences.append(
        f"It falls most under {_named(worst)}: by {estimate(_fall(worst))}, to "
        f"{number(worst.figure['value'])}."
        if worst.falls
        else f"No level is shown to lower it: the interval of every difference includes 0, also "
        f"that of the largest one ({_named(worst)}, {estimate(worst.difference)})."
    )
    if steady := [one for one in curves.levels if worst.falls and not one.falls]:
        sentences.append(f"No fall is shown under {_list(steady)}.")
    if lost := [one for one in curves.levels if float(one.figure["low"]) <= curves.chance]:
        sentences.append(f"It is not shown to be above chance under {_list(lost)}.")
    return sentences


def stress_figure_curves(curves: StressCurves) -> list[Curve]:
    """Return a curve for each condition."""
    levels: dict[str, list[StressedLevel]] = {}
    for one in curves.levels:
        levels.setdefault(one.condition.name, []).append(one)
    return [
        Curve(
            own[0].condition.title,
            [one.level.label for one in own],
            [one.figure for one in own],
            own[0].condition.is_graded,
        )
        for own in levels.values()
    ]


def stress_frame(curves: StressCurves) -> pd.DataFrame:
    """Return a row for the clean recordings and for each level, with all bounds."""
    clean: dict[str, Any] = {"condition": "clean", "level": "", "augmentation": ""}
    clean |= _flat(curves.metric, curves.clean) | _flat("difference", None)
    clean |= {"p": np.nan, "chance": curves.chance, "utterances": curves.n}
    rows = [clean | _recalls(curves, curves.clean_recalls)]
    for one in curves.levels:
        row: dict[str, Any] = {
            "condition": one.condition.name, "level": one.level.label,
            "augmentation": one.level.augmentation.definition,
        }  # fmt: skip
        row |= _flat(curves.metric, one.figure) | _flat("difference", one.difference)
        row |= {"p": one.p, "chance": curves.chance, "utterances": one.n}
        rows.append(row | _recalls(curves, one.recalls))
    return pd.DataFrame(rows)


def stress_dict(curves: StressCurves) -> dict[str, Any]:
    """Return all figures as plain data, for JSON."""
    return {
        "task": curves.task.name,
        "metric": curves.metric,
        "chance": curves.chance,
        "utterances": curves.n,
        "clean": to_json(curves.clean),
        "clean_recalls": to_json(curves.clean_recalls),
        "levels": [
            {
                "condition": one.condition.name,
                "level": one.level.label,
                "augmentation": one.level.augmentation.definition,
                "utterances": one.n,
                "figure": to_json(one.figure),
                "difference": to_json(one.difference),
                "p": to_json(one.p),
                "recalls": to_json(one.recalls),
            }
            for one in curves.levels
        ],
        "notes": curves.notes,
    }


def p_value(p: float) -> str:
    """Write a p value with three decimals.

    Examples
    --------
    >>> p_value(0.0421), p_value(1e-6)
    ('0.042', '<0.001')
    """
    return "<0.001" if p < 0.0005 else number(p)


def _fall(one: StressedLevel) -> dict[str, float]:
    """Return the difference with the other sign."""
    value, low, high = (-float(one.difference[end]) for end in ("value", "low", "high"))
    return {"value": value, "low": high, "high": low}


def _named(one: StressedLevel) -> str:
    """Name a level within a sentence: ``white noise (0 dB SNR)``."""
    title = one.condition.title
    is_word = title[1:2].islower()
    return f"{title[0].lower() if is_word else title[0]}{title[1:]} ({one.level.label})"


def _list(levels: list[StressedLevel]) -> str:
    """Name levels, those of a condition together."""
    labels: dict[str, list[str]] = {}
    for one in levels:
        name = _named(one).partition(" (")[0]
        labels.setdefault(name, []).append(one.level.label)
    return "; ".join(f"{name} ({', '.join(own)})" for name, own in labels.items())


def _flat(name: str, figure: dict[str, Any] | None) -> dict[str, Any]:
    return {
        f"{name}.{end}": np.nan if figure is None else figure[end]
        for end in ("value", "low", "high")
    }


def _recalls(curves: StressCurves, recalls: dict[str, dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in curves.clean_recalls:
        row |= _flat(f"recall[{name}]", recalls.get(name))
    return row
