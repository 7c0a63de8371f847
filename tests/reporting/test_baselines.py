"""Baselines are named in words, and shown where they mean something."""

from __future__ import annotations

import numpy as np
import pytest

from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.reporting.baselines import left_out, shown
from featser.reporting.html import render
from featser.reporting.wording import metric_title
from featser.tasks import Task
from tests.reporting.page import Page
from tests.reporting.sample import sample_run

TASK = Task("emotion", classes=("angry", "sad"))


def one_speaker_out(balanced: bool) -> dict[str, dict[str, object]]:
    """Figures where each fold's baseline is its training set's most frequent class."""
    speaker = np.repeat(np.arange(4).astype(str), 10)
    n_sad = [6, 6, 4, 4] if balanced else [7, 7, 6, 6]
    sad = np.concatenate([np.arange(10) < n for n in n_sad])
    true = np.where(sad, "sad", "angry").astype(object)
    baseline = np.empty(40, dtype=object)
    for name in np.unique(speaker):
        others = true[speaker != name]
        more = (others == "sad").sum() > (others == "angry").sum()
        baseline[speaker == name] = "sad" if more else "angry"
    return evaluate_with_intervals(TASK, true, true, speaker, baseline)


def test_a_majority_that_differs_between_folds_is_explained_and_not_shown() -> None:
    figures = one_speaker_out(balanced=True)
    assert figures["majority.uar"]["value"] < 0.5, "below chance, as its folds have it"
    assert figures["majority.accuracy"]["informative"] is False
    assert "below chance" in str(figures["majority.accuracy"]["explanation"])
    assert not [name for name in shown(figures) if name.startswith("majority")]
    (note,) = left_out(figures)
    assert note.startswith("the majority-class baseline is left out: the most frequent class is")


def test_a_majority_that_is_the_same_in_all_folds_is_shown_beside_accuracy() -> None:
    figures = one_speaker_out(balanced=False)
    assert figures["majority.accuracy"]["value"] > 0.5
    assert [name for name in shown(figures) if name.startswith("majority")] == ["majority.accuracy"]
    assert not list(left_out(figures))
    assert figures["majority.uar"]["value"] == figures["chance.uar"]["value"]


def test_the_mean_of_each_fold_is_explained_where_its_agreement_is_below_zero() -> None:
    true = np.random.default_rng(0).normal(size=40)
    speaker = np.repeat(np.arange(4).astype(str), 10)
    means = np.array([true[speaker != name].mean() for name in speaker])
    figures = evaluate_with_intervals(Task("v", "regression"), true, true, speaker, means)
    assert figures["mean.ccc"]["value"] < 0
    assert "0 or a little below 0" in figures["mean.ccc"]["explanation"]
    assert "explanation" not in figures["mean.rmse"]
    assert set(shown(figures)) == set(figures)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("chance.uar", "UAR, chance level"),
        ("majority.accuracy", "Accuracy (WA), majority-class baseline"),
        ("mean.ccc", "CCC, mean baseline"),
        ("duration.uar", "UAR, duration-only baseline"),
        ("uar", "UAR"),
    ],
)
def test_baselines_have_titles_in_words(name: str, title: str) -> None:
    assert metric_title(name) == title


def test_the_report_explains_what_it_leaves_out() -> None:
    run = sample_run()
    run.metrics[run.protocol]["emotion"] |= {
        "majority.accuracy": {
            "value": 0.03,
            "low": 0.0,
            "high": 0.1,
            "informative": False,
            "explanation": "the most frequent class is not the same",
        }
    }
    page = Page(render(run))
    assert "majority" not in page.table("Metrics of emotion")["Accuracy (WA)"][1]
    assert (
        "The majority-class baseline is left out: the most frequent class is not the same."
        in page.text
    )
