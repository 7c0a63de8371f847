"""Coefficients of agreement give published figures and those of other packages."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import TaskError
from featser.ratings.agreement.agreement import agreement_of
from featser.ratings.agreement.fleiss import fleiss_kappa
from featser.ratings.agreement.intraclass import CLOSED_FORM, Form, intraclass_correlation
from featser.ratings.agreement.item_bootstrap import METHOD
from featser.ratings.agreement.krippendorff import Level, alpha, alpha_bounds
from featser.ratings.ratings import Ratings, from_counts, from_matrix
from featser.tasks import Kind
from tests.ratings.published_ratings import (
    SHROUT_FLEISS,
    krippendorff,
    psychiatrists,
    two_observers,
)

LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")


def normal_ratings() -> tuple[np.ndarray, np.ndarray]:
    """40 recordings by 5 raters on a scale from 1 to 9, whole and with 30 % missing."""
    rng = np.random.default_rng(7)
    drawn = rng.normal(size=(40, 1)) * 2 + rng.normal(size=(40, 5)) + 5
    matrix = np.round(drawn).clip(1, 9)
    return matrix, np.where(rng.random((40, 5)) < 0.3, np.nan, matrix)


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_four_observers_is_the_published_one(level: Level, published: float) -> None:
    assert alpha(krippendorff(), level) == pytest.approx(published, abs=5e-4)


def test_alpha_of_two_observers_is_the_published_one() -> None:
    assert alpha(two_observers(), "nominal") == pytest.approx(0.692, abs=5e-4)


@pytest.mark.parametrize(
    ("level", "value"),
    [
        ("nominal", 0.2104755784061697),
        ("ordinal", 0.6738799876101709),
        ("interval", 0.7063756915781154),
    ],
)
def test_alpha_equals_that_of_the_package_krippendorff(level: Level, value: float) -> None:
    """Values of krippendorff 0.9.0."""
    assert alpha(from_matrix(normal_ratings()[1]), level) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_equals_the_installed_package_on_random_ratings(level: Level) -> None:
    package = pytest.importorskip("krippendorff", reason="of the extra `dev`, not installed")
    rng = np.random.default_rng(1)
    for _ in range(20):
        matrix = rng.integers(0, 5, size=(30, 4)).astype(float)
        matrix[rng.random(matrix.shape) < 0.4] = np.nan
        other = package.alpha(reliability_data=matrix.T, level_of_measurement=level)
        assert alpha(from_matrix(matrix), level) == pytest.approx(other, abs=1e-10)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_agreement_of_ratings_that_do_not_vary_gives_no_warning(kind: Kind) -> None:
    """Two raters who gave one value alone: no coefficient has an interval."""
    ratings = from_matrix(np.ones((4, 2)))
    if kind == "classification":
        ratings = ratings.as_classes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = agreement_of(ratings, "label", kind).figures[0]
    assert np.isnan([figure.low, figure.high]).all()


def test_kappa_of_the_psychiatrists_is_the_published_one() -> None:
    assert fleiss_kappa(psychiatrists()) == pytest.approx(0.430, abs=5e-4)


def test_kappa_equals_that_of_statsmodels() -> None:
    """The value of statsmodels 0.15.0."""
    value = fleiss_kappa(from_matrix(normal_ratings()[0]).as_classes())
    assert value == pytest.approx(0.23723258447053214, abs=1e-12)


@pytest.mark.parametrize(
    ("form", "value", "low", "high"),
    [("icc1", 0.17, -0.13, 0.72), ("icc2", 0.29, 0.02, 0.76), ("icc2k", 0.62, 0.07, 0.93)],
)
def test_icc_of_the_judges_is_the_published_one(
    form: Form, value: float, low: float, high: float
) -> None:
    """Values of Shrout and Fleiss 1979, table 4; bounds of pingouin 0.7.0."""
    result = intraclass_correlation(from_matrix(SHROUT_FLEISS), form)
    assert (result.value, result.low, result.high) == pytest.approx((value, low, high), abs=5e-3)
    assert result.interval == CLOSED_FORM


@pytest.mark.parametrize(
    ("form", "value", "low", "high"),
    [
        ("icc1", 0.72410365, 0.61, 0.82),
        ("icc2", 0.72381542, 0.61, 0.82),
        ("icc2k", 0.92909730, 0.89, 0.96),
    ],
)
def test_icc_equals_that_of_pingouin(form: Form, value: float, low: float, high: float) -> None:
    """Values of pingouin 0.7.0."""
    result = intraclass_correlation(from_matrix(normal_ratings()[0]), form)
    assert result.value == pytest.approx(value, abs=1e-8)
    assert (result.low, result.high) == pytest.approx((low, high), abs=5e-3)


def test_icc1_with_missing_ratings_is_near_the_true_share_of_variance() -> None:
    """4 / (4 + 1) of the variance is of the recordings; the interval is by the bootstrap."""
    rng = np.random.default_rng(2)
    matrix = 2 * rng.normal(size=(2000, 1)) + rng.normal(size=(2000, 5))
    matrix[rng.random(matrix.shape) < 0.4] = np.nan
    result = intraclass_correlation(from_matrix(matrix), "icc1")
    assert result.low < 0.8 < result.high
    assert result.high - result.low < 0.05
    assert result.interval == METHOD


def test_icc2_without_recordings_of_all_raters_is_refused_with_the_count() -> None:
    matrix = [[1, np.nan], [np.nan, 2], [3, 4]]
    with pytest.raises(TaskError, match="1 of 3 recordings were rated by all 2 raters"):
        intraclass_correlation(from_matrix(matrix), "icc2")
    figures = {one.name: one for one in agreement_of(from_matrix(matrix), "arousal").figures}
    assert "rated by all 2 raters" in figures["icc2"].note
    assert np.isnan(figures["icc2"].value)


@pytest.mark.slow
def test_intervals_hold_the_true_alpha_about_as_often_as_they_say() -> None:
    """Two raters who agree in 70 % of 150 recordings by intent: alpha of a huge sample."""

    def drawn(n: int, rng: np.random.Generator) -> Ratings:
        first = rng.integers(0, 3, n)
        second = np.where(rng.random(n) < 0.7, first, rng.integers(0, 3, n))
        return from_matrix(np.stack([first, second], axis=1), classes=tuple("abc"))

    true = alpha(drawn(200_000, np.random.default_rng(0)), "nominal")
    rng = np.random.default_rng(1)
    bounds = [alpha_bounds(drawn(150, rng), "nominal") for _ in range(100)]
    assert 88 <= sum(low <= true <= high for low, high in bounds) <= 100


def test_the_careless_rater_and_the_disputed_recording_come_first() -> None:
    rng = np.random.default_rng(4)
    matrix = np.repeat(rng.integers(0, 3, (60, 1)), 4, axis=1).astype(float)
    matrix[:, 2] = rng.integers(0, 3, 60)
    matrix[17] = (0, 1, 2, 2)
    measured = agreement_of(from_matrix(matrix, classes=tuple("abc")), "emotion")
    assert measured.raters["rater"].iloc[0] == "r3"
    assert measured.items["row"].iloc[0] == 17


def test_votes_without_raters_have_agreement_but_no_list_of_raters() -> None:
    measured = agreement_of(from_counts([[3, 0], [1, 2], [0, 3]], ("angry", "sad")), "emotion")
    assert [one.name for one in measured.figures] == ["alpha_nominal", "fleiss_kappa"]
    assert measured.raters.empty


categories = st.lists(
    st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=4, max_size=12
).filter(lambda rows: len({value for row in rows for value in row}) > 1)


@given(categories, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_raters_and_recordings_does_not_matter(
    rows: list[list[int]], random: object
) -> None:
    matrix = np.array(rows, float)
    rng = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    other = matrix[rng.permutation(len(matrix))][:, rng.permutation(3)]
    for level in LEVELS:
        expected = alpha(from_matrix(matrix), level)
        assert alpha(from_matrix(other), level) == pytest.approx(expected, abs=1e-9, nan_ok=True)
    by_class = [fleiss_kappa(from_matrix(one).as_classes()) for one in (matrix, other)]
    assert by_class[0] == pytest.approx(by_class[1], abs=1e-9, nan_ok=True)
    for form in ("icc1", "icc2", "icc2k"):
        values = [intraclass_correlation(from_matrix(one), form).value for one in (matrix, other)]
        assert values[0] == pytest.approx(values[1], rel=1e-6, abs=1e-7, nan_ok=True)


@given(st.lists(st.integers(0, 4), min_size=3, max_size=20).filter(lambda one: len(set(one)) > 1))
@settings(max_examples=40)
def test_perfect_agreement_is_one(column: list[int]) -> None:
    ratings = from_matrix(np.repeat(np.array(column, float)[:, None], 3, axis=1))
    for level in LEVELS:
        assert alpha(ratings, level) == pytest.approx(1.0)
    assert fleiss_kappa(ratings.as_classes()) == pytest.approx(1.0)
    for form in ("icc1", "icc2", "icc2k"):
        assert intraclass_correlation(ratings, form).value == pytest.approx(1.0)
