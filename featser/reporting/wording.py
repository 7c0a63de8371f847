"""The report's sentences: what a protocol means, how to read the headline, what the terms are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from featser.evaluation.enrolment import enrolled_recordings
from featser.evaluation.metrics import METRICS
from featser.evaluation.protocols import OPTIMISTIC
from featser.reporting.numbers import has_interval, number, percent
from featser.reporting.summary import RunSummary
from featser.tasks import Task

# protocol → where the figures hold, and how the folds are made
_PROTOCOLS = {
    "speaker-independent": (
        "On speakers the model never heard",
        "No speaker is in both training and test.",
    ),
    "leave-one-speaker-out": (
        "On speakers the model never heard",
        "Each speaker is tested by a model that was trained on all others.",
    ),
    "speaker-and-sentence-independent": (
        "On speakers and sentences the model never heard",
        "Neither a speaker nor a sentence is in both training and test: each group of speakers "
        "is tested with each group of sentences, by a model that was trained on neither.",
    ),
    "leave-one-corpus-out": (
        "On corpora the model never heard",
        "Each corpus is tested by a model that was trained on the others. Classes that not all "
        "corpora have are neither learnt nor scored.",
    ),
    "cross-corpus": (
        "On corpora the model never heard",
        "The corpora tested are not those that the model was trained on. Classes that are not on "
        "both sides are neither learnt nor scored.",
    ),
    "fixed-split": (
        "On the corpus's own test part",
        "The corpus says what is for training and what is for test.",
    ),
    "sentence-independent": (
        "On sentences the model never heard, by voices it has already heard",
        "OPTIMISTIC: no sentence is in both training and test, but speakers are, so the model "
        "knows the voices it is tested on; expect less on new speakers.",
    ),
    "random": (
        "On voices the model has already heard",
        "OPTIMISTIC: speakers are in both training and test, so the model knows the voices it is "
        "tested on; expect less on new speakers. Only to compare with papers that did the same.",
    ),
}
TRANSDUCTIVE = (
    "Transductive speaker normalisation: the features of each test speaker were normalised with "
    "that speaker's own unlabelled recordings. The figures hold where several recordings of a "
    "speaker, of all classes, are at hand."
)
ENROLLED = (
    "Enrolled speakers: the features of each test speaker were normalised with {count} unlabelled "
    "recordings of that speaker, drawn at random, of which none is scored, as far as so few tell, "
    "and for the rest with what the training part's speakers have on average. The figures hold "
    "where such recordings, of all classes, are made beforehand."
)
METRIC_NAMES = {
    "uar": "UAR",
    "accuracy": "Accuracy (WA)",
    "macro_f1": "Macro F1",
    "kappa": "Quadratic kappa",
    "mae": "MAE",
    "ccc": "CCC",
    "pearson": "Pearson's r",
    "rmse": "RMSE",
    "ece": "ECE",
    "brier": "Brier score",
    "log_loss": "Log loss",
}
_GLOSSARY = {
    "UAR": "Unweighted average recall: the mean of the classes' recalls, so that rare and frequent "
    "classes count the same. Guessing gives one over the number of classes.",
    "Recall": "Of the utterances of a class, the share that was recognised.",
    "WA": "Weighted accuracy, or accuracy: the share of all utterances that was recognised. "
    "Frequent classes rule it.",
    "Macro F1": "The mean over the classes of F1, the harmonic mean of precision and recall.",
    "Quadratic kappa": "Agreement on ordered classes beyond chance, where a miss by two classes "
    "counts four times a miss by one; 1 is perfect, 0 is chance.",
    "MAE, RMSE": "Mean absolute error and root of the mean squared error, in the label's unit "
    "(for ordered classes, in classes). Smaller is better.",
    "ECE": "Expected calibration error: the mean distance, over the utterances, between the "
    "confidence of a bin of the reliability diagram and its accuracy. Smaller is better.",
    "Brier score": "The squared distance between the probabilities and the truth (1 for the true "
    "class, 0 for the others), summed over the classes; 0 is best, 2 is worst.",
    "Log loss": "The mean of minus the natural logarithm of the true class's probability. Smaller "
    "is better.",
    "CCC": "Concordance correlation coefficient: correlation that is also lowered by a wrong mean "
    "or spread; 1 is perfect agreement, 0 is none.",
    "Pearson's r": "Correlation, whatever the mean and the spread.",
    "[low, high]": "Bootstrap interval, 95 % unless said otherwise: the metric on many draws of "
    "whole speakers with replacement. It says how far the figure would move with other speakers "
    "like these.",
    "Chance, majority, mean": "What is had without the recordings: guessing; always saying "
    "the training part's most frequent class; always saying its mean.",
    "Duration only": "What a small decision tree says that knows nothing of a recording but how "
    "long it is, fitted in the same training parts.",
    "Speaker-independent": "No speaker is in both training and test.",
    "LOSO": "Leave one speaker out: each speaker is tested by a model trained on all others.",
    "Enrolled": "A speaker of whom some unlabelled recordings were given beforehand.",
    "Transductive": "Using a test speaker's own unlabelled recordings to normalise features.",
}
_PROBABILITIES = ("ECE", "Brier score", "Log loss")
_GLOSSARY_OF_KIND = {
    "classification": {"UAR", "Recall", "WA", "Macro F1", *_PROBABILITIES},
    "ordinal": {"UAR", "Recall", "WA", "Quadratic kappa", "MAE, RMSE", *_PROBABILITIES},
    "regression": {"CCC", "Pearson's r", "MAE, RMSE"},
}


def where(protocol: str) -> str:
    """Return the words that say on what a protocol's figures hold."""
    return _PROTOCOLS.get(protocol, (f"On the test folds of '{protocol}'", ""))[0]


def folds_sentence(protocol: str) -> str:
    """Return the sentence that says how a protocol makes folds; empty if it is not known."""
    return _PROTOCOLS.get(protocol, ("", ""))[1]


def optimistic(protocol: str) -> bool:
    """Return whether a protocol's figures flatter."""
    return protocol in OPTIMISTIC


def norm_badge(speaker_norm: str) -> str:
    """Return what stands at every figure where speakers were normalised; empty where not."""
    if speaker_norm == "transductive":
        return "transductive speaker normalisation"
    count = enrolled_recordings(speaker_norm)
    return f"speakers enrolled by {_recordings(count)}" if count else ""


def norm_sentence(speaker_norm: str) -> str:
    """Return the sentence that says how speakers were normalised; empty where they were not."""
    if speaker_norm == "transductive":
        return TRANSDUCTIVE
    count = enrolled_recordings(speaker_norm)
    return ENROLLED.format(count=count) if count else ""


def _recordings(count: int) -> str:
    return f"{count} recording{'s' * (count != 1)}"


def headline_metric(task: Task) -> str:
    """Return the name of the metric that leads a task's report."""
    return METRICS[task.kind][0]


def metric_title(name: str) -> str:
    """Return a metric's name as readers know it."""
    if name.startswith("recall["):
        return f"Recall of {name[len('recall[') : -1]}"
    if name.startswith("enrolled["):
        count, metric = name.removeprefix("enrolled[").split("].")
        return f"{metric_title(metric)} by {_recordings(int(count))}"
    return METRIC_NAMES.get(name, name)


def headline_sentence(run: RunSummary) -> str:
    """Say in plain words how to read the headline figure."""
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
        f"{where(run.protocol)}, it recognises {percent(value)} of the utterances of a class, "
        f"averaged over the classes{_interval_words(run, figure)}."
    )
    if chance is None:
        return text
    text += f" Guessing would recognise {percent(chance)}."
    low = figure["low"]
    if has_interval(figure) and low is not None and low <= chance:
        text += " The interval includes guessing: these speakers do not show that it is better."
    return text


def _agreement_sentence(run: RunSummary, task: Task, figure: Mapping[str, Any]) -> str:
    text = (
        f"{where(run.protocol)}, its predictions of '{task.name}' agree with the labels at a CCC "
        f"of {number(figure['value'])}"
    )
    if has_interval(figure):
        text += f", {number(figure['low'])} to {number(figure['high'])} with other speakers"
    return text + " (1 is perfect agreement, 0 is what always saying the mean gives)."


def _interval_words(run: RunSummary, figure: Mapping[str, Any]) -> str:
    if not has_interval(figure):
        return ""
    drawn = "speakers" if (run.speakers() != "").any() else "utterances"
    return f" ({percent(figure['low'])} to {percent(figure['high'])} with other {drawn} like these)"


def glossary(run: RunSummary) -> dict[str, str]:
    """Return the terms that the report uses, with their meaning."""
    kinds = {task.kind for task in run.tasks}
    metrics = set().union(*_GLOSSARY_OF_KIND.values())
    used = set().union(*(_GLOSSARY_OF_KIND[kind] for kind in kinds))
    return {term: text for term, text in _GLOSSARY.items() if term in used or term not in metrics}
