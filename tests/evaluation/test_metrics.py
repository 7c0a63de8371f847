"""Metrics agree with scikit-learn and audmetric, and where they do not, we say how."""

from __future__ import annotations

import subprocess
import sys
import warnings

import audmetric
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import TaskError
from featser.evaluation.metrics import metrics
from featser.tasks import Task

CLASSES = ("anger", "fear", "joy", "neutral")
TRUE = ["anger", "anger", "anger", "fear", "fear", "joy", "joy", "joy", "neutral", "neutral"]
PRED = ["anger", "fear", "anger", "fear", "joy", "joy", "joy", "anger", "neutral", "fear"]
LEVELS = ("low", "mid", "high", "very high")
RATED = ["low", "low", "mid", "mid", "high", "high", "very high", "low"]
GUESSED = ["low", "mid", "mid", "high", "high", "low", "high", "low"]
NUMBERS = np.array([1.0, 2.0, 3.5, 4.0, 2.5, 3.0])
GUESSES = np.array([1.5, 1.5, 3.0, 4.5, 3.0, 2.0])

EMOTION = Task("emotion", classes=CLASSES)
INTENSITY = Task("intensity", kind="ordinal", classes=LEVELS)
VALENCE = Task("valence", kind="regression")


def random_labels(n: int, classes: tuple[str, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.choice(classes, n), random.choice(classes, n)


def test_confusion_matrix_has_truth_in_rows_and_prediction_in_columns() -> None:
    expected = [[2, 1, 0, 0], [0, 1, 1, 0], [1, 0, 2, 0], [0, 1, 0, 1]]
    assert metrics.confusion_matrix(TRUE, PRED, CLASSES).tolist() == expected
    reference = sklearn.metrics.confusion_matrix(TRUE, PRED, labels=list(CLASSES))
    assert (metrics.confusion_matrix(TRUE, PRED, CLASSES) == reference).all()


def test_metrics_of_classes_have_the_values_worked_out_by_hand() -> None:
    np.testing.assert_allclose(
        metrics.recall_per_class(TRUE, PRED, CLASSES), [2 / 3, 1 / 2, 2 / 3, 1 / 2]
    )
    assert metrics.uar(TRUE, PRED, CLASSES) == pytest.approx(7 / 12)
    assert metrics.accuracy(TRUE, PRED, CLASSES) == pytest.approx(0.6)


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_classes_equal_sklearn_and_audmetric_where_all_classes_are_present(
    seed: int,
) -> None:
    true, pred = random_labels(200, CLASSES, seed)
    ours = metrics.uar(true, pred, CLASSES)
    assert ours == pytest.approx(sklearn.metrics.balanced_accuracy_score(true, pred))
    assert ours == pytest.approx(audmetric.unweighted_average_recall(true, pred))
    assert metrics.accuracy(true, pred, CLASSES) == pytest.approx(audmetric.accuracy(true, pred))
    reference = sklearn.metrics.f1_score(true, pred, average="macro")
    assert metrics.macro_f1(true, pred, CLASSES) == pytest.approx(reference)


def test_uar_leaves_out_a_class_that_is_absent_from_the_truth() -> None:
    true, pred = ["anger", "anger", "fear"], ["anger", "joy", "fear"]
    assert metrics.uar(true, pred, CLASSES) == pytest.approx((0.5 + 1) / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sklearn warns that joy is not in the truth
        assert sklearn.metrics.balanced_accuracy_score(true, pred) == pytest.approx(0.75)
    assert audmetric.unweighted_average_recall(true, pred) == pytest.approx((0.5 + 1 + 0) / 3)


def test_recall_of_an_absent_class_is_nan_and_not_zero() -> None:
    recalls = metrics.recall_per_class(["anger", "fear"], ["joy", "fear"], CLASSES)
    np.testing.assert_array_equal(recalls, [0.0, 1.0, np.nan, np.nan])


def test_macro_f1_is_over_the_classes_in_the_truth_and_counts_a_never_predicted_one_as_zero() -> (
    None
):
    true, pred = ["anger", "anger", "fear", "neutral"], ["anger", "joy", "fear", "fear"]
    reference = sklearn.metrics.f1_score(
        true, pred, labels=["anger", "fear", "neutral"], average="macro", zero_division=0
    )
    assert metrics.macro_f1(true, pred, CLASSES) == pytest.approx(reference)
    assert reference == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_quadratic_kappa_and_ordinal_mae_equal_sklearn_on_ranks() -> None:
    true, pred = [LEVELS.index(x) for x in RATED], [LEVELS.index(x) for x in GUESSED]
    kappa = sklearn.metrics.cohen_kappa_score(true, pred, weights="quadratic")
    assert metrics.quadratic_kappa(RATED, GUESSED, LEVELS) == pytest.approx(kappa)
    assert metrics.ordinal_mae(RATED, GUESSED, LEVELS) == pytest.approx(5 / 8)
    assert metrics.ordinal_mae(RATED, GUESSED, LEVELS) == pytest.approx(
        sklearn.metrics.mean_absolute_error(true, pred)
    )


def test_kappa_is_nan_where_nothing_could_differ_and_zero_for_a_constant_prediction() -> None:
    assert np.isnan(metrics.quadratic_kappa(["low", "low"], ["low", "low"], LEVELS))
    assert metrics.quadratic_kappa(["low", "high"], ["mid", "mid"], LEVELS) == pytest.approx(0)


def test_metrics_of_numbers_equal_sklearn_numpy_and_audmetric() -> None:
    assert metrics.ccc(NUMBERS, GUESSES) == pytest.approx(
        audmetric.concordance_cc(NUMBERS, GUESSES)
    )
    assert metrics.pearson(NUMBERS, GUESSES) == pytest.approx(np.corrcoef(NUMBERS, GUESSES)[0, 1])
    assert metrics.rmse(NUMBERS, GUESSES) == pytest.approx(
        sklearn.metrics.root_mean_squared_error(NUMBERS, GUESSES)
    )
    assert metrics.mae(NUMBERS, GUESSES) == pytest.approx(
        sklearn.metrics.mean_absolute_error(NUMBERS, GUESSES)
    )


def test_ccc_by_hand_is_two_thirds() -> None:
    # cov 1/3, variances 2/3 and 2/9, means 1 and 2/3: (2/3) / (2/3 + 2/9 + 1/9)
    assert metrics.ccc([0, 1, 2], [0, 1, 1]) == pytest.approx(2 / 3)


def test_large_offsets_do_not_swallow_the_variance() -> None:
    far = 1e9
    assert metrics.ccc(NUMBERS + far, GUESSES + far) == pytest.approx(
        metrics.ccc(NUMBERS, GUESSES), rel=1e-6
    )
    assert metrics.pearson(NUMBERS, GUESSES + far) == pytest.approx(
        metrics.pearson(NUMBERS, GUESSES), rel=1e-6
    )


def test_constants_have_no_correlation_and_no_concordance_unless_they_are_identical() -> None:
    constant = np.full(6, 0.1)
    assert np.isnan(metrics.pearson(NUMBERS, constant))
    assert np.isnan(metrics.pearson(constant, NUMBERS))
    assert metrics.ccc(NUMBERS, constant) == 0
    assert metrics.ccc(constant, NUMBERS) == 0
    assert metrics.ccc(constant, constant + 1) == 0
    assert metrics.ccc(constant, constant) == 1
    assert np.isnan(metrics.ccc([1.0], [1.0]))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_a_missing_class_is_an_error_that_says_so(missing: object) -> None:
    with pytest.raises(TaskError, match=r"1 of 2 predicted values are missing \(first: row 1\)"):
        metrics.uar(["anger", "fear"], ["anger", missing], CLASSES)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_number_is_an_error_that_says_so(missing: object) -> None:
    with pytest.raises(TaskError, match=r"1 of 2 true values are missing .* leave out the rows"):
        metrics.ccc([missing, 1.0], [1.0, 2.0])


def test_input_that_cannot_be_scored_is_refused_with_the_fix() -> None:
    with pytest.raises(TaskError, match=r"2 true values but 1 predicted"):
        metrics.uar(["anger", "fear"], ["anger"], CLASSES)
    with pytest.raises(TaskError, match="nothing to score"):
        metrics.rmse([], [])
    with pytest.raises(TaskError, match=r"unknown true class 'angr'; did you mean 'anger'"):
        metrics.uar(["angr"], ["anger"], CLASSES)
    with pytest.raises(TaskError, match="classes are text, and this is int: convert with str"):
        metrics.uar([1, 2], [1, 2], ("1", "2"))
    with pytest.raises(TaskError, match="1 predicted values are infinite"):
        metrics.mae([1.0], [np.inf])
    with pytest.raises(TaskError, match="must be numbers"):
        metrics.mae(["a"], [1.0])
    with pytest.raises(TaskError, match="one column"):
        metrics.mae(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(TaskError, match="classes occur twice"):
        metrics.uar(["a"], ["a"], ("a", "a"))
    with pytest.raises(TaskError, match="task 'valence': 1 of 1 true values are missing"):
        metrics.evaluate_task(VALENCE, [np.nan], [1.0])


def test_pandas_columns_of_every_kind_are_taken_as_they_are() -> None:
    for dtype in ("object", "string", "category", "str"):
        true, pred = pd.Series(TRUE, dtype=dtype), pd.Series(PRED, dtype=dtype)
        assert metrics.uar(true, pred, CLASSES) == pytest.approx(7 / 12)
    assert metrics.mae(pd.Series([1, 2], dtype="Int64"), [1, 4]) == 1


def test_each_kind_of_task_has_its_metrics_with_the_headline_first() -> None:
    assert metrics.metric_names(EMOTION) == [
        "uar",
        "accuracy",
        "macro_f1",
        "recall[anger]",
        "recall[fear]",
        "recall[joy]",
        "recall[neutral]",
    ]
    assert metrics.metric_names(INTENSITY)[:4] == ["uar", "kappa", "mae", "accuracy"]
    assert metrics.metric_names(VALENCE) == ["ccc", "pearson", "rmse", "mae"]
    for task, true, pred in (
        (EMOTION, TRUE, PRED),
        (INTENSITY, RATED, GUESSED),
        (VALENCE, NUMBERS, GUESSES),
    ):
        values = metrics.evaluate_task(task, true, pred)
        assert [name for name in values if name != "chance.uar"] == metrics.metric_names(task)
        assert all(type(value) is float for value in values.values())


def test_baselines_stand_beside_the_metrics() -> None:
    baseline = ["anger"] * 6 + ["joy"] * 4  # each fold's most frequent training class
    values = metrics.evaluate_task(EMOTION, TRUE, PRED, baseline)
    assert values["chance.uar"] == 0.25
    assert values["majority.uar"] == metrics.uar(TRUE, baseline, CLASSES)
    assert values["majority.accuracy"] == metrics.accuracy(TRUE, baseline, CLASSES)
    ordinal = metrics.evaluate_task(INTENSITY, RATED, GUESSED, ["low"] * 8)
    assert ordinal["majority.mae"] == metrics.ordinal_mae(RATED, ["low"] * 8, LEVELS)
    numbers = metrics.evaluate_task(VALENCE, NUMBERS, GUESSES, np.full(6, 2.5))
    assert numbers["mean.rmse"] == metrics.rmse(NUMBERS, np.full(6, 2.5))
    assert numbers["mean.mae"] == metrics.mae(NUMBERS, np.full(6, 2.5))
    assert numbers["mean.ccc"] == 0


def test_chance_counts_the_classes_that_are_present_in_the_truth() -> None:
    values = metrics.evaluate_task(EMOTION, ["anger", "fear"], ["joy", "joy"])
    assert values["chance.uar"] == 0.5


labels = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1)


@given(pairs=labels)
@settings(max_examples=100)
def test_metrics_stay_in_their_ranges_and_do_not_depend_on_the_order_of_rows(
    pairs: list[tuple[str, str]],
) -> None:
    true, pred = zip(*pairs, strict=True)
    value = metrics.uar(true, pred, CLASSES)
    assert 0 <= value <= 1
    assert 0 <= metrics.macro_f1(true, pred, CLASSES) <= 1
    assert value == metrics.uar(true[::-1], pred[::-1], CLASSES)
    assert metrics.uar(true, true, CLASSES) == 1
    kappa = metrics.quadratic_kappa(true, pred, CLASSES)
    assert np.isnan(kappa) or -1 <= kappa <= 1 + 1e-12


values = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


@given(pairs=st.lists(st.tuples(values, values), min_size=2, max_size=50))
@settings(max_examples=100)
def test_ccc_is_symmetric_and_never_above_pearson(pairs: list[tuple[float, float]]) -> None:
    true, pred = map(np.array, zip(*pairs, strict=True))
    concordance, correlation = metrics.ccc(true, pred), metrics.pearson(true, pred)
    assert -1 - 1e-9 <= concordance <= 1 + 1e-9
    assert concordance == pytest.approx(metrics.ccc(pred, true), abs=1e-9)
    if not np.isnan(correlation):
        assert abs(concordance) <= abs(correlation) + 1e-9


def test_importing_the_metrics_imports_no_heavy_library() -> None:
    code = (
        "import sys, featser.evaluation.metrics.metrics, featser.evaluation.statistics.intervals; "
        "print([m for m in ('sklearn', 'scipy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert completed.stdout.strip() == "[]"
