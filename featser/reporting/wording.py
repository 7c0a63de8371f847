"""Sentences of the report: protocols, how to read the headline, glossary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from featser.errors import counted
from featser.evaluation.fold_scores import MEAN, UNSHARED, fold_of_figure
from featser.evaluation.group_gaps import gap_of_figure
from featser.evaluation.metrics.registry import REGISTRY, headline, title_of
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.evaluation.rated_scores import AGAINST_RATERS, HUMAN
from featser.reporting.baselines import baseline_of, baseline_title
from featser.reporting.numbers import has_interval, number, percent
from featser.reporting.summary import RunSummary
from featser.tasks import Task

TRANSDUCTIVE = (
    "Transductive speaker normalisation: the features of each test speaker were normalised with "
    "that speaker's own unlabelled recordings. The figures hold if several recordings of a "
    "speaker, of all classes, are available."
)
ENROLLED = (
    "Enrolled speakers: the features of each test speaker were normalised with {count} unlabelled "
    "recordings of that speaker, drawn at random and not scored, combined with the average over "
    "the speakers of the training fold. The figures hold if such recordings, of all classes, are "
    "made beforehand."
)
_AFTER_TITLE = {
    MEAN: ", mean over folds",
    UNSHARED: " without shared recordings",
    HUMAN: " of a rater",
    AGAINST_RATERS: " of the model",
}
"""What follows the metric's title in figures of published folds, and against the other raters."""
_INTERVAL = "[low, high]"
_GLOSSARY = {
    _INTERVAL: "Confidence interval, 95 % unless said otherwise, by the spread of the metric when "
    "{one} at a time is left out (jackknife). It shows how much the figure varies with the choice "
    "of {units}.",
    "Chance, majority, mean": "Baselines that do not use the recordings: guessing at random; "
    "always predicting the most frequent class of the training fold; always predicting its mean.",
    "Duration only": "A baseline: a small decision tree whose only feature is the duration of the "
    "recording, fitted on the same training folds.",
    "Speaker-independent": "No speaker is in both training and test.",
    "LOSO": "Leave one speaker out: each speaker is tested by a model trained on all others.",
    "Utterance": "One row of the data: a recording, or a segment of one.",
    "Fold": "A part of the data that is tested by a model fitted on the others. Figures are of "
    "out-of-fold predictions: of all test folds together.",
    "Confusion matrix": "How often utterances of each true class (rows) were predicted as each "
    "class (columns). As shares of the true class, the diagonal has the recalls.",
    "Shortcut": "A property of the recordings that predicts the label without being emotional "
    "speech, such as level, silence or duration.",
    "ROC curve, AUC": "Recall of a class against its false-alarm rate (share of other utterances "
    "that are taken for it) over all thresholds of its probability, and the area below: the "
    "probability that an utterance of the class gets a higher probability than another one.",
    "DET curve, EER": "Misses against false alarms, on axes of normal quantiles, and the rate at "
    "which both are equal. Lower is better.",
    "Reliability": "Whether probabilities are calibrated: of utterances with a confidence of 0.8, "
    "80 % should be right.",
    "Enrolled": "A speaker of whom some unlabelled recordings are available beforehand.",
    "Transductive": "The test speaker's own unlabelled recordings are used to normalise features.",
}

CHOSEN_ON = "chosen on left-out "
"""How a note begins that says what models chose on inner folds."""


def as_sentence(note: str) -> str:
    """Return a note with a capital letter and a full stop."""
    return f"{note[0].upper()}{note[1:]}."


def where(protocol: str, *, has_speakers: bool = True) -> str:
    """Return the phrase that names the data to which a protocol's figures apply."""
    return _sentences(protocol, has_speakers)[0] or f"On the test folds of '{protocol}'"


def folds_sentence(protocol: str, *, has_speakers: bool = True) -> str:
    """Return the sentence that describes the folds of a protocol; empty for an unknown one."""
    return _sentences(protocol, has_speakers)[1]


def _sentences(protocol: str, has_speakers: bool) -> tuple[str, str]:
    if protocol not in PROTOCOLS:
        return "", ""
    row = PROTOCOLS[protocol].described(has_speakers=has_speakers)
    return row.where, row.folds


def why_optimistic(*, has_speakers: bool) -> str:
    """Return why the figures of a protocol that does not separate speakers are optimistic."""
    if has_speakers:
        return "speakers are in both training and test"
    return "the data name no speakers, so speakers may be in both training and test"


def optimistic(protocol: str) -> bool:
    """Return whether a protocol's figures are optimistic."""
    return protocol in PROTOCOLS and PROTOCOLS[protocol].optimistic


def is_optimistic(run: RunSummary, protocol: str) -> bool:
    """Return whether a run's figures under a protocol are optimistic.

    They are if the protocol is, or if published folds share speakers or recordings.
    """
    return optimistic(protocol) or bool(run.shared.get(protocol))


def optimistic_because(run: RunSummary, protocol: str) -> str:
    """Return why a run's figures under a protocol are optimistic; empty if they are not."""
    if not is_optimistic(run, protocol):
        return ""
    shared = run.shared.get(protocol, [])
    return " and ".join(shared) or why_optimistic(has_speakers=run.has_speakers)


def norm_badge(speaker_norm: str) -> str:
    """Return the label shown beside every figure if speakers were normalised, else empty."""
    if speaker_norm == "transductive":
        return "transductive speaker normalisation"
    count = enrolled_recordings(speaker_norm)
    return f"speakers enrolled with {_recordings(count)}" if count else ""


def norm_sentence(speaker_norm: str) -> str:
    """Return the sentence that describes the speaker normalisation; empty without one."""
    if speaker_norm == "transductive":
        return TRANSDUCTIVE
    count = enrolled_recordings(speaker_norm)
    return ENROLLED.format(count=count) if count else ""


def _recordings(count: int) -> str:
    return counted(count, "recording")


def headline_metric(task: Task) -> str:
    """Return the name of a task's headline metric."""
    return headline(task.kind)


def metric_title(name: str) -> str:
    """Return the title of a metric."""
    if name.startswith("recall["):
        return f"Recall of {name[len('recall[') : -1]}"
    if name.startswith("enrolled["):
        count, metric = name.removeprefix("enrolled[").split("].")
        return f"{metric_title(metric)} with {_recordings(int(count))}"
    if (of_part := _metric_of_part(name)) is not None:
        return f"{metric_title(of_part[0])}, {of_part[1]}"
    for head, what in _AFTER_TITLE.items():
        if name.startswith(f"{head}."):
            return f"{metric_title(name.removeprefix(f'{head}.'))}{what}"
    if (baseline := baseline_of(name)) is not None:
        return baseline_title(baseline[0], metric_title(baseline[1]))
    return title_of(name)


def _metric_of_part(name: str) -> tuple[str, str] | None:
    """Return the metric of a figure of one fold or of a gap, and which fold or gap it is."""
    if (of_fold := fold_of_figure(name)) is not None:
        return of_fold[1], f"fold {of_fold[0]}"
    if (of_gap := gap_of_figure(name)) is not None:
        return of_gap[1], f"largest gap by {of_gap[0]}"
    return None


def headline_sentence(run: RunSummary) -> str:
    """Return a sentence that explains the headline figure."""
    task = run.primary
    figures = run.figures(task)
    figure = figures.get(headline_metric(task), {"value": None, "low": None, "high": None})
    value = figure["value"]
    if value is None or not math.isfinite(value):
        return f"The {metric_title(headline_metric(task))} of '{task.name}' is undefined here."
    if not task.categorical:
        return _agreement_sentence(run, task, figure)
    chance = figures.get("chance.uar", {}).get("value")
    text = (
        f"{_where(run)}, the average recall per class is {percent(value)}"
        f"{_interval_words(run, figure)}."
    )
    if chance is None:
        return text
    return f"{text} Chance level is {percent(chance)}."


def _where(run: RunSummary) -> str:
    return where(run.protocol, has_speakers=run.has_speakers)


def _agreement_sentence(run: RunSummary, task: Task, figure: Mapping[str, Any]) -> str:
    text = (
        f"{_where(run)}, the predictions of '{task.name}' agree with the labels with a CCC "
        f"of {number(figure['value'])}"
    )
    if has_interval(figure):
        text += (
            f" (95 % CI {number(figure['low'])} to {number(figure['high'])} "
            f"over {run.resampled.words})"
        )
    return f"{text}. 1 is perfect agreement, 0 is the mean baseline."


def _interval_words(run: RunSummary, figure: Mapping[str, Any]) -> str:
    if not has_interval(figure):
        return ""
    low, high = 100 * figure["low"], 100 * figure["high"]
    return f" (95 % CI {low:.0f}–{high:.0f} % over {run.resampled.words})"


def glossary(run: RunSummary) -> dict[str, str]:
    """Return the terms of the report and their meanings."""
    kinds = {task.kind for task in run.tasks}
    terms = {
        row.title: row.meaning
        for row in REGISTRY
        if kinds & set(row.kinds) and (run.rated or not row.needs_ratings)
    }
    terms |= _GLOSSARY
    units = run.resampled.words
    one = f"one {units.removesuffix('s')}"
    terms[_INTERVAL] = _GLOSSARY[_INTERVAL].format(one=one, units=units)
    return terms
