"""Give-aways: how well the label is told from what is not the emotion in the voice.

One small decision tree for each fact, tested on other speakers than it was trained on. Where such
a tree succeeds, so does any model, for the same reason, and its figure says nothing of emotion.

Emotion itself moves some of these facts: anger is louder. On BanglaSER, RAVDESS and EmoDB, acted
and recorded in one session a speaker, the lower bounds of the trees' UARs are at most 14 % of the
way from chance to 1 (level), so facts that a voice can move are warned of beyond 15 %. What a voice
cannot move (sampling rate, format, corpus) is warned of beyond 5 %, which leaves room for eight
intervals of 95 % being looked at together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audit.finding import Finding, row_of
from featser.errors import ProtocolError
from featser.evaluation.protocols import assign_folds, speaker_ids
from featser.evaluation.uncertainty import evaluate_with_intervals
from featser.tasks import Task

PROBED = {
    "corpus": "the corpus",
    "rate": "the sampling rate",
    "format": "the file's container, sample format and channels",
    "bandwidth": "the bandwidth",
    "floor": "the noise floor",
    "dc": "the DC offset",
    "level": "the level",
    "seconds": "the duration",
}
"""What is probed, and what it is called."""

FIXED_BY_RECORDING = ("corpus", "rate", "format")
"""Facts that no voice can move."""
MARGIN = 0.15
MARGIN_FIXED = 0.05
MARGIN_ONE_CLASS = 0.6
"""For one class against the rest: a UAR of 0.8. On the three corpora above, the highest lower bound
of a fact that emotion moves is 0.73 (level, anger). The DC offset of EmoDB tells sadness with 0.82:
soft recordings were amplified, offset and all."""
DEPTH = 3
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Probe:
    """How well one fact tells the label.

    Attributes
    ----------
    fact : str
        A key of :data:`PROBED`.
    chance, uar, low, high : float
        Of all classes: chance level, UAR, and the bounds of its 95 % interval (NaN where speakers
        are too few for one).
    one_class : str
        The class that is told best from all others.
    one_uar, one_low : float
        The UAR of that class against all others (chance is 0.5), and its lower bound.
    """

    fact: str
    chance: float
    uar: float
    low: float
    high: float
    one_class: str
    one_uar: float
    one_low: float

    @property
    def gives_away(self) -> bool:
        """Whether the UAR's lower bound is beyond the margin, over all classes or for one."""
        fixed = self.fact in FIXED_BY_RECORDING
        return (
            _gain(self.low, self.chance) > (MARGIN_FIXED if fixed else MARGIN)
            or _gain(self.one_low, 0.5) > MARGIN_ONE_CLASS
        )


def probe_all(
    table: pd.DataFrame, facts: pd.DataFrame, groups: NDArray[np.int64], task: Task, seed: int = 0
) -> list[Probe]:
    """Try to tell a label from each fact that varies.

    Parameters
    ----------
    table : DataFrame
        A manifest.
    facts : DataFrame
        As :func:`featser.audit.examine.facts_table` returns it, on the manifest's index.
    groups : ndarray of int, shape (n_rows,)
        Equal for rows with the same sound.
    task : Task
        A task with classes.
    seed : int
        Of folds and intervals.

    Returns
    -------
    list of Probe
        One for each fact that has two values or more. Folds are speaker-independent where two or
        more speakers are known; rows without a speaker are then left out. Else they are random.
    """
    speaker = speaker_ids(table)
    known = table[task.name].notna().to_numpy() & (facts["reason"] == "").to_numpy()
    if len(np.unique(speaker[known & (speaker != "")])) > 1:
        known &= speaker != ""
    label = table.loc[known, task.name].astype(str).to_numpy(dtype=str)
    same, who = groups[known].astype(str), speaker[known]
    if len(label) < FEWEST_ROWS or len(np.unique(label)) < 2:
        return []
    found = _columns(table, facts)[known]
    fold = _folds(label, who, same, seed)
    if fold is None:
        return []
    return [
        _probe(name, _numbers(found[name]), label, who, fold, seed)
        for name in PROBED
        if name in found and found[name].nunique() > 1
    ]


def giveaway_findings(probes: Sequence[Probe], task: Task) -> list[Finding]:
    """Name the facts that give the label away; a note shows all that were tried.

    Parameters
    ----------
    probes : sequence of Probe
        As :func:`probe_all` returns them.
    task : Task
        What they were to tell.

    Returns
    -------
    list of Finding
        A warning for each give-away, and a note.
    """
    if not probes:
        return []
    found = [
        Finding("give-away", "warning", _message(probe, task.name), [_row(probe)])
        for probe in probes
        if probe.gives_away
    ]
    message = (
        f"how well `{task.name}` is told from each fact alone, by a small tree on unknown "
        f"speakers; a model's result means emotion only as far as it exceeds these"
    )
    return [*found, Finding("give-aways tried", "note", message, [_row(p) for p in probes])]


def _message(probe: Probe, name: str) -> str:
    what = PROBED[probe.fact]
    interval = f"[{probe.low:.2f}, {probe.high:.2f}]"
    text = (
        f"{what} alone tells `{name}` with a UAR of {probe.uar:.2f} {interval} on unknown speakers "
        f"(chance {probe.chance:.2f})"
    )
    if probe.one_uar > 0.75:
        text += f", and '{probe.one_class}' from all others with {probe.one_uar:.2f} (chance 0.50)"
    if probe.fact in FIXED_BY_RECORDING:
        return f"{text}: no voice can cause that; record, or sample, all classes alike"
    return f"{text}: more than emotion does to it in published corpora; look for its cause"


def _row(probe: Probe) -> dict[str, Any]:
    return row_of(
        {
            "fact": probe.fact,
            "UAR": round(probe.uar, 3),
            "low": round(probe.low, 3),
            "high": round(probe.high, 3),
            "chance": round(probe.chance, 3),
            "best told class": probe.one_class,
            "its UAR": round(probe.one_uar, 3),
        }
    )


def _gain(uar: float, chance: float) -> float:
    """How far the UAR is on the way from chance to 1; −inf where it is not known."""
    return -math.inf if math.isnan(uar) else (uar - chance) / (1 - chance)


def _columns(table: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    form = facts["container"] + " " + facts["subtype"] + " " + facts["channels"].astype(str)
    found = facts[[name for name in PROBED if name in facts]].assign(format=form)
    if "corpus" in table:
        found["corpus"] = table["corpus"].fillna("").astype(str)
    return found


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float)[:, None]
    return pd.get_dummies(values).to_numpy(dtype=float)


def _folds(
    label: NDArray[np.str_], who: NDArray[np.str_], same: NDArray[np.str_], seed: int
) -> NDArray[np.intp] | None:
    if len(np.unique(who)) > 1:
        try:
            return assign_folds("speaker-independent", label, who, same, seed)
        except ProtocolError:
            pass  # all speakers are joined by shared recordings: utterances are dealt out
    return assign_folds("random", label, who, same, seed) if len(np.unique(same)) > 1 else None


def _probe(
    name: str,
    x: NDArray[np.float64],
    label: NDArray[np.str_],
    who: NDArray[np.str_],
    fold: NDArray[np.intp],
    seed: int,
) -> Probe:
    classes = [str(value) for value in np.unique(label)]
    every = _scored(label, _told(x, label, fold), who, classes, seed)
    single: list[tuple[float, float, str]] = []
    for name_of_class in classes if len(classes) > 2 else classes[:1]:
        one = np.where(label == name_of_class, "it", "rest")
        figure = _scored(one, _told(x, one, fold), who, ["it", "rest"], seed)
        single.append((figure["value"], figure["low"], name_of_class))
    value, low, best = max(single)
    return Probe(
        name, 1 / len(classes), every["value"], every["low"], every["high"], best, value, low
    )


def _told(
    x: NDArray[np.float64], label: NDArray[np.str_], fold: NDArray[np.intp]
) -> NDArray[np.str_]:
    from sklearn.tree import DecisionTreeClassifier

    told = np.empty_like(label)
    leaf = max(5, len(label) // 100)
    for number in range(fold.max() + 1):
        test = fold == number
        tree = DecisionTreeClassifier(
            max_depth=DEPTH, min_samples_leaf=leaf, class_weight="balanced", random_state=0
        )
        told[test] = tree.fit(x[~test], label[~test]).predict(x[test])
    return told


def _scored(
    label: NDArray[np.str_],
    told: NDArray[np.str_],
    who: NDArray[np.str_],
    classes: Sequence[str],
    seed: int,
) -> dict[str, float]:
    task = Task("label", "classification", tuple(classes))
    return evaluate_with_intervals(task, label, told, who, seed=seed)["uar"]
