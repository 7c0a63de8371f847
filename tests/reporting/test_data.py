"""The section on the data counts all of them: for training, for test, and left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.evaluation.protocols.folds import (
    NEITHER,
    ROLE,
    TEST,
    TRAINING,
    TRAINING_AND_TEST,
    Folds,
    set_of_rows,
)
from featser.reporting.html import render
from featser.reporting.summary import RunSummary
from tests.reporting.page import Page
from tests.reporting.sample import sample_run


def across_corpora() -> RunSummary:
    """A run that tests 400 utterances, trained on 100 others, 20 of a class of their own."""
    run = sample_run(protocol="cross-corpus")
    training = run.predictions.head(100).assign(corpus="trained-on", speaker="t1", language="en")
    training["gender"] = np.where(np.arange(100) < 70, "female", "male")
    rows = pd.concat([run.predictions, training], ignore_index=True)
    rows[ROLE] = [TEST] * 400 + [TRAINING] * 100
    for task in run.tasks:
        rows[task.name] = rows[f"{task.name}.true"]
        rows[f"{task.name}.used"] = rows[task.name].notna()
    rows.loc[rows.index[-20:], ["emotion", "emotion.used"]] = ["calm", False]
    run.rows = rows
    return run


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(across_corpora()))


def test_the_data_are_those_of_training_and_of_test(page: Page) -> None:
    sets = page.table("Training and test set")
    assert sets["training"] == ["100", "1", "trained-on", "en"]
    assert sets["test"] == ["400", "10", "made-up-a, made-up-b", "bn"]
    assert "utterances 500 speakers 11 corpora made-up-a, made-up-b, trained-on" in page.text


def test_labels_of_classes_that_are_left_out_are_not_missing(page: Page) -> None:
    labels = page.table("Labels of each task")
    assert labels["task"] == [
        *("kind", "classes or range", "labelled", "excluded of these"),
        *("label missing", "used for training", "scored"),
    ]
    assert labels["emotion"][2:] == ["500", "20", "0", "80", "400"]
    assert labels["intensity"][2:] == ["400", "0", "100", "80", "320"]
    assert "classes that not all of these corpora have" in page.text


def test_classes_are_counted_by_corpus_with_those_that_are_left_out(page: Page) -> None:
    counts = page.table("Utterances by emotion and corpus")
    assert counts["calm (excluded)"] == ["0", "0", "20", "20"]
    assert counts["all"][-1] == "500"
    assert not [caption for caption in page.captions if ROLE in caption], "as by corpus"


def test_classes_are_counted_by_set_where_a_corpus_is_in_both() -> None:
    run = across_corpora()
    assert run.rows is not None
    run.rows["corpus"] = "one"
    counts = Page(render(run)).table(f"Utterances by emotion and {ROLE}")
    assert counts["emotion"] == ["training", "test", "all"]
    assert counts["all"] == ["100", "400", "500"]


def test_a_run_that_tests_all_rows_has_no_table_of_sets() -> None:
    page = Page(render(sample_run()))
    assert "Training and test set" not in page.text
    assert page.table("Labels of each task")["task"][2:] == ["labelled", "label missing", "scored"]


def test_set_of_rows_distinguishes_training_test_both_and_neither() -> None:
    cross_validation = Folds(np.array([0, 1, 2]))
    assert set(set_of_rows(cross_validation)) == {TRAINING_AND_TEST}
    split = Folds(np.array([0, -1, -1]), np.array([[False, False, True]]))
    assert set_of_rows(split).tolist() == [TEST, TRAINING, NEITHER]
