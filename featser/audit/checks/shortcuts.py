"""Shortcuts: how well a property of the recording predicts the label.

A small decision tree is fitted on each property alone and tested on other speakers. If such a tree
succeeds, a model can succeed for the same reason, and its figure does not show that it recognises
emotion.

Emotion itself changes some of these properties: angry speech is louder. On BanglaSER, RAVDESS and
EmoDB, which are acted and recorded in one session per speaker, the lower bounds of the trees' UARs
are at most 18 % of the distance from chance to 1 for the level of the speech, and 11 % for other
properties that a voice can change. The thresholds are therefore 19 % and 15 %. The threshold for
properties that a voice cannot change (sampling rate, format, corpus) is 5 %, which allows for
eleven simultaneous intervals of 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.finding import Finding, row_of
from featser.errors import ProtocolError
from featser.evaluation.protocols.folding import assign_folds, speaker_ids
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.evaluation.statistics.resampling import FEW_SPEAKERS, FEWEST_SPEAKERS
from featser.tasks import Task


class RecordingProperty(NamedTuple):
    """A property of recordings that may predict the label.

    Attributes
    ----------
    name : str
        A short name, for verdicts.
    description : str
        What it is, with its article, for sentences.
    """

    name: str
    description: str


PROBED = {
    "corpus": RecordingProperty("corpus", "the corpus"),
    "rate": RecordingProperty("sampling rate", "the sampling rate"),
    "format": RecordingProperty("file format", "the file's container, sample format and channels"),
    "bandwidth": RecordingProperty("bandwidth", "the bandwidth"),
    "floor": RecordingProperty("noise floor", "the noise floor"),
    "dc": RecordingProperty("DC offset", "the DC offset"),
    "level": RecordingProperty("speech level", "the level of the speech"),
    "leading_silence_s": RecordingProperty(
        "silence before speech", "the silence before the speech"
    ),
    "trailing_silence_s": RecordingProperty("silence after speech", "the silence after the speech"),
    "silence_s": RecordingProperty("total silence", "the total silence"),
    "seconds": RecordingProperty(
        "speech duration", "the duration without leading and trailing silence"
    ),
}
"""Properties that are tested: column of the table of properties → names."""

FIXED_BY_RECORDING = ("corpus", "rate", "format")
"""Properties that a voice cannot change."""
SILENCE = ("leading_silence_s", "trailing_silence_s", "silence_s")
MOVED_BY_SILENCE = ("floor",)
"""Properties of the whole recording that silence around the speech changes as well."""
MARGIN = 0.15
MARGIN_LEVEL = 0.19
MARGIN_FIXED = 0.05
MARGIN_ONE_CLASS = 0.6
"""For one class against the rest: a UAR of 0.8. On the three corpora above, the highest lower bound
of a property that emotion changes is 0.75 (level, anger). The DC offset of EmoDB predicts sadness
with 0.82: soft recordings were amplified together with their offset."""
DEPTH = 3
FEWEST_ROWS = 20
SHORTCUT = "shortcut"
"""The kind of the warning of each shortcut."""
TESTED = "shortcuts tested"
"""The kind of the note that shows all properties tested."""


@dataclass(frozen=True)
class Probe:
    """How well one property predicts the label.

    Attributes
    ----------
    fact : str
        A key of :data:`PROBED`.
    chance, uar, low, high : float
        Over all classes: chance level, UAR, and the bounds of its 95 % interval (NaN if there are
        too few speakers).
    one_class : str
        The class that is best separated from all others.
    one_uar : float
        The UAR of that class against all others (chance is 0.5).
    bound, one_bound : float
        The lower bounds that decide on a warning: see :func:`_level_of_warning`.
    by_speaker : bool
        Whether the tree was tested on new speakers; otherwise on other recordings, perhaps of the
        same speakers.
    """

    fact: str
    chance: float
    uar: float
    low: float
    high: float
    one_class: str
    one_uar: float
    bound: float
    one_bound: float
    by_speaker: bool = True

    @property
    def is_shortcut(self) -> bool:
        """Whether the lower bound of a UAR exceeds the threshold, over all classes or for one."""
        return (
            _gain(self.bound, self.chance) > _margin(self.fact)
            or _gain(self.one_bound, 0.5) > MARGIN_ONE_CLASS
        )


def probe_all(
    table: pd.DataFrame, facts: pd.DataFrame, groups: NDArray[np.int64], task: Task, seed: int = 0
) -> list[Probe]:
    """Predict a label from each property that varies.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    facts : DataFrame
        As ``facts_table`` returns it, on the manifest's index.
    groups : ndarray of int, shape (n_rows,)
        Equal for rows of the same recording group.
    task : Task
        A task with classes.
    seed : int
        Random seed for folds.

    Returns
    -------
    list of Probe
        One for each property with at least two values. Folds are speaker-independent if there are
        at least two speakers; rows without a speaker are then left out. Otherwise they are random.
    """
    speaker = speaker_ids(table)
    valid_rows = table[task.name].notna().to_numpy() & (facts["reason"] == "").to_numpy()
    if len(np.unique(speaker[valid_rows & (speaker != "")])) > 1:
        valid_rows &= speaker != ""
    label = table.loc[valid_rows, task.name].astype(str).to_numpy(dtype=str)
    recording_group, speakers = groups[valid_rows].astype(str), speaker[valid_rows]
    if len(label) < FEWEST_ROWS or len(np.unique(label)) < 2:
        return []
    properties = _columns(table, facts)[valid_rows]
    fold, by_speaker = probe_folds(label, speakers, recording_group, seed)
    if fold is None:
        return []
    return [
        replace(
            _probe(name, _numbers(properties[name]), label, speakers, fold),
            by_speaker=by_speaker,
        )
        for name in PROBED
        if name in properties and properties[name].nunique() > 1
    ]


def shortcut_findings(probes: Sequence[Probe], task: Task) -> list[Finding]:
    """Report the properties that are shortcuts; a note shows all properties tested.

    Parameters
    ----------
    probes : sequence of Probe
        As :func:`probe_all` returns them.
    task : Task
        The task that was predicted.

    Returns
    -------
    list of Finding
        A warning for each shortcut, and a note.
    """
    if not probes:
        return []
    shortcuts = [probe for probe in probes if probe.is_shortcut]
    silence = any(probe.fact in SILENCE for probe in shortcuts)
    findings = [
        Finding(SHORTCUT, "warning", _message(probe, task.name, silence), [_row(probe)])
        for probe in shortcuts
    ]
    message = (
        f"how well each property of the recordings alone predicts `{task.name}`, with a small "
        f"decision tree on {_tested_on(probes[0])}; a model's result shows that it recognises "
        f"emotion only in so far as it exceeds these baselines"
    )
    if all(math.isnan(probe.bound) for probe in probes):
        message += (
            f"; with fewer than {FEWEST_SPEAKERS} speakers there are no intervals, so no property "
            f"is reported as a shortcut: compare the figures with the chance level"
        )
    return [*findings, Finding(TESTED, "note", message, [_row(p) for p in probes])]


def _margin(fact: str) -> float:
    """Return the share of the distance from chance to 1 from which on there is a warning."""
    if fact in FIXED_BY_RECORDING:
        return MARGIN_FIXED
    return MARGIN_LEVEL if fact == "level" else MARGIN


def _message(probe: Probe, name: str, silence: bool) -> str:
    what = PROBED[probe.fact].description
    interval = f"[{probe.low:.2f}, {probe.high:.2f}]"
    text = (
        f"{what} alone predicts `{name}` with a UAR of {probe.uar:.2f} {interval} on "
        f"{_tested_on(probe)} (chance {probe.chance:.2f})"
    )
    if probe.one_uar > 0.75:
        text += (
            f", and '{probe.one_class}' against all others with {probe.one_uar:.2f} (chance 0.50)"
        )
    if probe.fact in FIXED_BY_RECORDING:
        return (
            f"{text}: the recording causes this, not the voice; record all classes in the same way"
        )
    if probe.fact in SILENCE:
        return (
            f"{text}: cut the recordings of all classes in the same way, or extract with --trim, "
            f"which removes the silence before and after the speech"
        )
    if silence and probe.fact in MOVED_BY_SILENCE:
        return (
            f"{text}: this measure includes the silence that predicts the label; remove the "
            f"silence first"
        )
    return f"{text}: emotion alone explains less in published corpora; look for another cause"


def _tested_on(probe: Probe) -> str:
    if probe.by_speaker:
        return "new speakers"
    return "other recordings, perhaps of the same speakers"


def _row(probe: Probe) -> dict[str, Any]:
    return row_of(
        {
            "fact": probe.fact,
            "UAR": round(probe.uar, 3),
            "low": round(probe.low, 3),
            "high": round(probe.high, 3),
            "chance": round(probe.chance, 3),
            "best class": probe.one_class,
            "its UAR": round(probe.one_uar, 3),
        }
    )


def _gain(uar: float, chance: float) -> float:
    """Return the UAR's share of the distance from chance to 1; −inf if it is undefined."""
    return -math.inf if math.isnan(uar) else (uar - chance) / (1 - chance)


def _columns(table: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    form = facts["container"] + " " + facts["codec"] + " " + facts["channels"].astype(str)
    properties = facts[[name for name in PROBED if name in facts]].assign(format=form)
    properties["seconds"] -= facts["leading_silence_s"] + facts["trailing_silence_s"]
    if "corpus" in table:
        properties["corpus"] = table["corpus"].fillna("").astype(str)
    return properties


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float)[:, None]
    return pd.get_dummies(values).to_numpy(dtype=float)


def probe_folds(
    label: NDArray[np.str_],
    speakers: NDArray[np.str_],
    recording_group: NDArray[np.str_],
    seed: int,
) -> tuple[NDArray[np.intp] | None, bool]:
    """Return the folds of a probe: by speaker where that is possible.

    Parameters
    ----------
    label : ndarray of str, shape (n_rows,)
        Classes.
    speakers : ndarray of str, shape (n_rows,)
        Empty where the speaker is unknown.
    recording_group : ndarray of str, shape (n_rows,)
        Equal for rows of the same recording group.
    seed : int
        Random seed.

    Returns
    -------
    ndarray of int, shape (n_rows,), or None
        The fold in which each row is tested; None if the rows cannot be divided.
    bool
        Whether the folds are speaker-independent.
    """
    if len(np.unique(speakers)) > 1:
        try:
            return assign_folds("speaker-independent", label, speakers, recording_group, seed), True
        except ProtocolError:
            pass  # shared recordings join all speakers: use random folds
    if len(np.unique(recording_group)) < 2:
        return None, False
    return assign_folds("random", label, speakers, recording_group, seed), False


def _probe(
    name: str,
    x: NDArray[np.float64],
    label: NDArray[np.str_],
    speakers: NDArray[np.str_],
    fold: NDArray[np.intp],
) -> Probe:
    classes = [str(value) for value in np.unique(label)]
    level = _level_of_warning(speakers)
    predictions = _predictions(x, label, fold)
    every = _scored(label, predictions, speakers, classes)
    bound = _scored(label, predictions, speakers, classes, level)["low"]
    single: list[tuple[float, float, str]] = []
    for name_of_class in classes if len(classes) > 2 else classes[:1]:
        one = np.where(label == name_of_class, "it", "rest")
        figure = _scored(one, _predictions(x, one, fold), speakers, ["it", "rest"], level)
        single.append((figure["value"], figure["low"], name_of_class))
    value, one_bound, best = max(single)
    return Probe(
        name,
        1 / len(classes),
        every["value"],
        every["low"],
        every["high"],
        best,
        value,
        bound,
        one_bound,
    )


def _level_of_warning(speakers: NDArray[np.str_]) -> float:
    """Return the level of the intervals whose lower bounds decide on a warning.

    With a few speakers, intervals of 95 % are so wide that even a property that separates a class
    without any error stays below the thresholds. A warning too many costs less than a shortcut that
    is missed, so that intervals of 80 % decide there.
    """
    n_speakers = len(np.unique(speakers[speakers != ""]))
    return 0.8 if 0 < n_speakers < FEW_SPEAKERS else 0.95


def _predictions(
    x: NDArray[np.float64], label: NDArray[np.str_], fold: NDArray[np.intp]
) -> NDArray[np.str_]:
    from sklearn.tree import DecisionTreeClassifier

    predictions = np.empty_like(label)
    leaf = max(5, len(label) // 100)
    for number in range(fold.max() + 1):
        test = fold == number
        tree = DecisionTreeClassifier(
            max_depth=DEPTH, min_samples_leaf=leaf, class_weight="balanced", random_state=0
        )
        predictions[test] = tree.fit(x[~test], label[~test]).predict(x[test])
    return predictions


def _scored(
    label: NDArray[np.str_],
    predictions: NDArray[np.str_],
    speakers: NDArray[np.str_],
    classes: Sequence[str],
    level: float = 0.95,
) -> dict[str, float]:
    task = Task("label", "classification", tuple(classes))
    return evaluate_with_intervals(task, label, predictions, speakers, level=level)["uar"]
