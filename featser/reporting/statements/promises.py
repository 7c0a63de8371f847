"""What a run's figure promises, and what it does not, in sentences derived from the run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from featser.audit.checks.label_checks import SHARED_SENTENCES
from featser.errors import counted
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.evaluation.protocols.folds import ROLE, TRAINING
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.reporting.numbers import has_interval, number
from featser.reporting.statements.confounding import classes_of_speakers
from featser.reporting.statements.verdict import chance_level, shortcut_of
from featser.reporting.summary import RunSummary, text_of
from featser.reporting.wording import headline_metric, metric_title, optimistic_because, where


def promise_of(run: RunSummary) -> str:
    """Return in a sentence what the headline figure of a run promises.

    Parameters
    ----------
    run : RunSummary
        A run.

    Returns
    -------
    str
        On which data which values are compatible with the run; that it promises nothing if the
        figure is undefined or not above chance.
    """
    task = run.primary
    figures = run.figures(task)
    title = metric_title(headline_metric(task))
    figure: dict[str, Any] = figures.get(headline_metric(task), {})
    value = figure.get("value")
    if value is None or not math.isfinite(value):
        return f"Nothing: the {title} is undefined."
    place = where(run.protocol, has_speakers=run.has_speakers)
    if not has_interval(figure):
        return (
            f"{place}, recorded as these are, the {title} was {number(value)}. How much it varies "
            "with the choice of recordings is unknown, because it has no interval."
        )
    low, high = number(figure["low"]), number(figure["high"])
    span = f"from {low} to {high}"
    if figure["low"] <= chance_level(task, figures):
        return (
            f"Nothing beyond guessing: values of the {title} {span} are compatible with these "
            "data, and chance is not below all of them."
        )
    return (
        f"{place}, recorded as these are, values of the {title} {span} are compatible with these "
        f"data (95 % interval over {counted(run.resampled.count, run.resampled.words[:-1])})."
    )


def limits_of(run: RunSummary) -> list[str]:
    """Return in sentences what the headline figure of a run does not promise.

    Parameters
    ----------
    run : RunSummary
        A run.

    Returns
    -------
    list of str
        The limits of protocol and speaker normalisation first, then those of the data.
    """
    return [*_limits_of_evaluation(run), *_limits_of_data(run)]


def _limits_of_evaluation(run: RunSummary) -> Iterator[str]:
    if why := optimistic_because(run, run.protocol):
        yield f"New speakers: expect less on them, because {why}."
    if run.speaker_norm == "transductive":
        yield (
            "Single recordings of a speaker: each test speaker's features were normalised with all "
            "recordings of that speaker."
        )
    if n_enrolled := enrolled_recordings(run.speaker_norm):
        yield (
            f"Speakers who are not enrolled: {counted(n_enrolled, 'recording')} of each test "
            "speaker were used to normalise features."
        )


def _limits_of_data(run: RunSummary) -> Iterator[str]:
    task = run.primary
    classes = classes_of_speakers(run)
    if classes is not None and classes.is_confounded:
        yield (
            "That emotion is distinguished within a speaker: most speakers have recordings of one "
            "class only."
        )
    if shortcut_of(run) is None:
        yield "That no shortcut explains it: none was tested."
    if _shares_sentences(run):
        yield "New sentences: training and test set have the same sentences."
    yield _other_recordings(run)
    if task.categorical:
        yield (
            "The share of correct answers in use: the UAR gives all classes the same weight, "
            "however frequent they are."
        )


def _shares_sentences(run: RunSummary) -> bool:
    protocol = PROTOCOLS.get(run.protocol)
    across_corpora = protocol is not None and protocol.across_corpora
    independent = "sentence" in run.protocol or across_corpora
    return not independent and any(row["kind"] == SHARED_SENTENCES for row in run.findings)


def _other_recordings(run: RunSummary) -> str:
    """Return the sentence on corpora and languages that were not tested."""
    rows = run.all_rows()
    corpora, languages = (
        sorted(set(text_of(rows, column)) - {""}) for column in ("corpus", "language")
    )
    named = f" ({', '.join(languages)})" if 0 < len(languages) <= 3 else ""
    if _tests_new_corpora(run):
        return f"Corpora and languages{named} that are unlike those tested."
    if len(corpora) > 1:
        return (
            f"Other microphones, rooms, corpora and languages{named}: recordings of the same "
            "corpora are in training and test set."
        )
    return (
        f"Other microphones, rooms, corpora and languages{named}: training and test set are of "
        "one corpus."
    )


def _tests_new_corpora(run: RunSummary) -> bool:
    """Return whether every corpus is tested by models that were not trained on it."""
    corpus = run.column_text("corpus")
    if set(corpus) <= {""}:
        return False
    rows = run.all_rows()
    trained_only = set(text_of(rows, "corpus")[rows[ROLE] == TRAINING])
    folds = run.predictions["fold"].groupby(corpus).nunique()
    several = run.predictions["fold"].nunique() > 1 or bool(trained_only)
    return several and bool((folds == 1).all()) and not trained_only & set(corpus)
