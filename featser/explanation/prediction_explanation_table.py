"""Explanations of single predictions as columns of a table, and in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from featser.explanation.feature_groups import DESCRIPTORS
from featser.explanation.prediction_explanation import PredictionExplanation

MOST_NAMED = 4
"""How many groups a sentence names."""

_WHY = re.compile(r"(?P<task>.+)\.why\[(?P<group>.+)\]")
_LABEL = re.compile(r"similar\.(?P<place>\d+)\.label\[(?P<task>.+)\]")
SAME_BELOW = 1e-3
"""Two utterances are the same if the distance of their standardised features is smaller."""
_SIMILAR = re.compile(r"similar\.(?P<place>\d+)\.file")


def explanation_columns(explanations: Sequence[PredictionExplanation]) -> dict[str, Any]:
    """Return the columns of one recording.

    Parameters
    ----------
    explanations : sequence of PredictionExplanation
        One for each task.

    Returns
    -------
    dict
        ``{task}.explained``, the prediction that the values explain; ``{task}.average`` of the
        training sample; for each group ``{task}.why[{group}]`` and its standard error,
        ``{task}.why_error[{group}]``. For each similar training utterance
        ``similar.1.file``, ``similar.1.speaker``, ``similar.1.label[{task}]`` and
        ``similar.1.distance``.
    """
    columns: dict[str, Any] = {}
    for one in explanations:
        columns[f"{one.task}.explained"] = one.prediction
        columns[f"{one.task}.average"] = one.average
        in_order = sorted(one.effects, key=lambda effect: effect.group)
        columns |= {f"{one.task}.why[{effect.group}]": effect.value for effect in in_order}
        columns |= {f"{one.task}.why_error[{effect.group}]": effect.error for effect in in_order}
    for place, near in enumerate(explanations[0].similar, 1):
        columns[f"similar.{place}.file"] = near.file
        columns[f"similar.{place}.speaker"] = near.speaker
        labels = near.labels.items()
        columns |= {f"similar.{place}.label[{task}]": label for task, label in labels}
        columns[f"similar.{place}.distance"] = near.distance
    return columns


def explanation_sentences(row: Mapping[Any, Any]) -> list[str]:
    """Say what moved the predictions of one recording, and which training utterances are similar.

    Parameters
    ----------
    row : mapping
        The predictions of a recording, with :func:`explanation_columns`.

    Examples
    --------
    >>> row = {"emotion.pred": "angry", "emotion.explained": 0.81, "emotion.average": 0.14}
    >>> row |= {"emotion.why[pitch]": 0.2, "emotion.why[spectrum]": 0.5}
    >>> row |= {"emotion.why[rhythm]": -0.03, "emotion.why_error[rhythm]": 0.02}
    >>> explanation_sentences(row)
    ['emotion: angry 0.81 against 0.14 on average: spectrum +0.50, pitch +0.20; the rest -0.03']
    """
    tasks = [
        str(name).removesuffix(".explained") for name in row if str(name).endswith(".explained")
    ]
    sentences = [_of_task(row, task) for task in tasks]
    if tasks:
        sentences += _cautions(_effects(row, tasks[0]))
    places = [match["place"] for name in row if (match := _SIMILAR.fullmatch(str(name)))]
    same = [place for place in places if row[f"similar.{place}.distance"] < SAME_BELOW]
    if same:
        sentences.append(
            f"in training: {', '.join(str(row[f'similar.{place}.file']) for place in same)} has "
            f"the same features. The model was fitted on this recording, so its prediction does "
            f"not show how well it predicts new ones"
        )
    others = [place for place in places if place not in same]
    if others:
        sentences.append(f"similar in training: {'; '.join(_similar(row, n) for n in others)}")
    return sentences


def _effects(row: Mapping[Any, Any], task: str) -> dict[str, float]:
    """Return by how much each group moved the prediction of a task."""
    return {
        match["group"]: float(value)
        for name, value in row.items()
        if (match := _WHY.fullmatch(str(name))) and match["task"] == task
    }


def _cautions(effects: Mapping[str, float]) -> list[str]:
    """Name the group that moved a prediction most, if it may be a shortcut."""
    largest = max(effects, key=lambda group: abs(effects[group]))
    cautions = {row.name: row.caution for row in DESCRIPTORS}
    return [f"{largest} is {cautions[largest]}"] if cautions.get(largest) else []


def _of_task(row: Mapping[Any, Any], task: str) -> str:
    effects = _effects(row, task)
    ordered = sorted(effects, key=lambda group: -abs(effects[group]))
    named = [
        group
        for group in ordered[:MOST_NAMED]
        if abs(effects[group]) > 2 * row.get(f"{task}.why_error[{group}]", 0.0)
    ]
    rest = sum(value for group, value in effects.items() if group not in named)
    if isinstance(row[f"{task}.pred"], str):
        form, label = ".2f", f"{row[f'{task}.pred']} "
    else:
        form, label = ".3g", ""
    moved = ", ".join(f"{group} {effects[group]:+{form}}" for group in named)
    beside = f"; the rest {rest:+{form}}" if len(named) < len(effects) else ""
    prediction, average = row[f"{task}.explained"], row[f"{task}.average"]
    return (
        f"{task}: {label}{prediction:{form}} against {average:{form}} on average: "
        f"{moved or 'no group is beyond its error'}{beside}"
    )


def _similar(row: Mapping[Any, Any], place: str) -> str:
    labels = {
        match["task"]: row[name]
        for name in row
        if (match := _LABEL.fullmatch(str(name))) and match["place"] == place
    }
    named = {"speaker": row[f"similar.{place}.speaker"]} | labels
    words = [f"{name} {value}" for name, value in named.items() if value]
    words.append(f"distance {row[f'similar.{place}.distance']:.1f}")
    return f"{row[f'similar.{place}.file']} ({', '.join(words)})"
