"""Scores against votes, and the human ceiling, are those of their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from featser.errors import TaskError
from featser.evaluation.rated_scores import rated_scores
from featser.evaluation.statistics.human_ceiling import (
    against_raters,
    human_ceiling,
    others_truth,
)
from featser.evaluation.statistics.soft_truth import (
    cross_entropies,
    js_divergences,
    soft_scores,
    vote_shares,
)
from featser.ratings.ratings import Ratings, from_counts, from_matrix
from featser.tasks import Task

CLASSES = ("angry", "happy", "sad")
EMOTION = Task("emotion", classes=CLASSES)


def voters(accuracy: float, n: int, raters: int, seed: int = 0) -> tuple[np.ndarray, Ratings]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    given = np.where(
        rng.random((n, raters)) < accuracy, true[:, None], rng.integers(0, 3, (n, raters))
    )
    return true, from_matrix(given.astype(float), classes=CLASSES)


def test_divergence_is_that_of_scipy_in_bits() -> None:
    rng = np.random.default_rng(1)
    q, p = rng.dirichlet(np.ones(4), 20), rng.dirichlet(np.ones(4), 20)
    expected = [jensenshannon(a, b, base=2) ** 2 for a, b in zip(q, p, strict=True)]
    np.testing.assert_allclose(js_divergences(q, p), expected, atol=1e-12)


def test_cross_entropy_of_certain_votes_is_the_log_loss() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.0, 0.9]])
    votes = np.eye(3)[[0, 2]]
    np.testing.assert_allclose(cross_entropies(votes, p), -np.log([0.7, 0.9]))
    assert np.isfinite(cross_entropies(np.eye(3)[[1, 1]], p)).all()


def test_the_distribution_of_the_votes_itself_has_the_best_scores() -> None:
    _, ratings = voters(0.6, 80, 7)
    shares = vote_shares(ratings, CLASSES)
    speaker = [f"s{row % 8}" for row in range(80)]
    best = soft_scores(shares, shares, speaker)
    other = soft_scores(shares, np.full((80, 3), 1 / 3), speaker)
    assert best["cross_entropy"]["value"] == pytest.approx(best["cross_entropy"]["lowest"])
    assert best["js_divergence"]["value"] == 0
    assert (
        other["cross_entropy"]["low"] <= other["cross_entropy"]["value"] == pytest.approx(np.log(3))
    )
    assert other["js_divergence"]["value"] > 0.05


def test_votes_for_classes_that_are_no_task_do_not_count() -> None:
    ratings = from_counts([[2, 2, 4], [0, 0, 3]], ("angry", "sad", "other"))
    shares = vote_shares(ratings, ("angry", "sad"))
    assert shares[0].tolist() == [0.5, 0.5]
    assert np.isnan(shares[1]).all()
    scored = soft_scores(shares, [[0.5, 0.5], [0.9, 0.1]], None)
    assert scored["js_divergence"]["value"] == 0
    with pytest.raises(TaskError, match="votes of shape"):
        soft_scores(shares, [[1.0, 0, 0]] * 2, None)


def test_the_truth_for_a_rater_is_the_majority_of_the_others() -> None:
    ratings = from_matrix([[0, 0, 0, 2], [1, 1, 2, np.nan], [1, np.nan, np.nan, np.nan]],
                          classes=CLASSES)  # fmt: skip
    truth = others_truth(ratings, EMOTION)
    assert truth.item.tolist() == [0, 0, 0, 0, 1, 1, 1], "one rating alone has no truth"
    assert truth.true[:4].tolist() == [[1, 0, 0]] * 4
    assert truth.true[4:].tolist() == [[0, 0.5, 0.5], [0, 0.5, 0.5], [0, 1, 0]]


def test_of_three_raters_the_ceiling_is_not_biased_by_ties() -> None:
    """Two raters who agree with probability 0.7 do so; pairs that agree are the accuracy."""
    _, ratings = voters(0.75, 4000, 3, seed=2)
    ceiling = human_ceiling(ratings, EMOTION, None)
    matrix = ratings.matrix
    pairs = np.mean([matrix[:, a] == matrix[:, b] for a, b in ((0, 1), (0, 2), (1, 2))])
    assert ceiling is not None
    assert ceiling.figure["value"] == pytest.approx(pairs, abs=0.01)


def test_more_raters_raise_the_ceiling_towards_the_accuracy_of_one() -> None:
    """0.7 + 0.3 / 3 of the votes are right; the majority of many is the truth."""
    _, ratings = voters(0.7, 2000, 21, seed=3)
    ceiling = human_ceiling(ratings, EMOTION, None)
    assert ceiling is not None
    assert ceiling.figure["low"] < 0.8 < ceiling.figure["high"]
    assert ceiling.n_ratings == 2000 * 21


def test_a_careless_rater_is_the_lowest_and_a_good_model_is_above_the_ceiling() -> None:
    true, ratings = voters(0.7, 600, 5, seed=4)
    rng = np.random.default_rng(5)
    careless = np.column_stack([ratings.matrix, rng.integers(0, 3, 600)])
    ratings = from_matrix(careless, [*ratings.raters, "careless"], CLASSES)
    speaker = np.array([f"s{row % 12}" for row in range(600)])
    ceiling = human_ceiling(ratings, EMOTION, speaker)
    assert ceiling is not None
    assert ceiling.raters["rater"].iloc[0] == "careless"
    assert ceiling.raters["uar"].iloc[0] == pytest.approx(1 / 3, abs=0.07)
    model = against_raters(ratings, EMOTION, np.array(CLASSES, object)[true], speaker)
    assert model["low"] > ceiling.figure["high"]


def test_numbers_are_compared_with_the_mean_of_the_others() -> None:
    rng = np.random.default_rng(6)
    true = rng.normal(size=400)
    ratings = from_matrix(true[:, None] + 0.5 * rng.normal(size=(400, 6)))
    arousal = Task("arousal", "regression")
    ceiling = human_ceiling(ratings, arousal, [f"s{row % 10}" for row in range(400)])
    assert ceiling is not None
    assert ceiling.metric == "ccc"
    assert 0.8 < ceiling.figure["low"] < ceiling.figure["value"] < ceiling.figure["high"] < 0.95
    model = against_raters(ratings, arousal, true, [f"s{row % 10}" for row in range(400)])
    assert model["value"] > ceiling.figure["value"]


def test_levels_are_compared_with_the_lower_median_of_the_others() -> None:
    stress = Task("stress", "ordinal", ("1", "2", "3"))
    truth = others_truth(from_matrix([[1, 1, 2, 3]]), stress)
    assert truth.task.classes == ("1", "2", "3")
    assert truth.true.argmax(axis=1).tolist() == [1, 1, 0, 0]


def test_votes_without_raters_have_a_ceiling_too() -> None:
    ceiling = human_ceiling(from_counts([[8, 1, 1], [0, 9, 1]], CLASSES), EMOTION, None)
    assert ceiling is not None
    assert ceiling.figure["value"] == pytest.approx(np.mean([0.8, 0.9]))
    assert ceiling.raters.empty


def test_only_tested_rows_are_scored() -> None:
    _, ratings = voters(0.8, 40, 4)
    rows = np.arange(10, 30)
    table = pd.DataFrame({f"emotion.p[{name}]": 1 / 3 for name in CLASSES}, index=rows)
    table["emotion.pred"] = "sad"
    speaker = np.array([f"s{row % 5}" for row in rows])
    figures = rated_scores(EMOTION, ratings, table, speaker)
    alone = human_ceiling(ratings.of_items(rows), EMOTION, speaker)
    assert alone is not None
    assert figures["human.uar"]["value"] == alone.figure["value"]
    assert figures["against_raters.uar"]["value"] == pytest.approx(1 / 3)
    assert figures["cross_entropy"]["value"] == pytest.approx(np.log(3))
