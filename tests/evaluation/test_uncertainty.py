"""Intervals come from resampling whole speakers with a seed."""

from __future__ import annotations

import json

import audmetric
import numpy as np
import pytest
import sklearn.metrics

from featser.errors import TaskError
from featser.evaluation.metrics import metrics
from featser.evaluation.statistics.intervals import (
    Interval,
    bootstrap_by_speaker,
    drawn_weights,
    evaluate_with_intervals,
    mean_uar_with_interval,
    to_json,
)
from featser.evaluation.statistics.resampling import resampling_units
from featser.tasks import Task

CLASSES = ("anger", "joy", "neutral")
EMOTION = Task("emotion", classes=CLASSES, role="primary")
INTENSITY = Task("intensity", kind="ordinal", classes=("low", "mid", "high"))
VALENCE = Task("valence", kind="regression")


def by_speaker(
    speakers: int = 8, each: int = 20, spread: float = 0.3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of speakers who are recognised with different success."""
    random = np.random.default_rng(seed)
    speaker = np.repeat([f"s{i}" for i in range(speakers)], each)
    skill = np.repeat(0.6 + spread * np.linspace(-1, 1, speakers), each)
    true = random.choice(CLASSES, len(speaker)).astype(object)
    pred = np.where(random.random(len(true)) < skill, true, random.choice(CLASSES, len(true)))
    return true, pred.astype(object), speaker


def numbers_by_speaker() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    speaker = np.repeat([f"s{i}" for i in range(7)], 15)
    true = random.normal(size=len(speaker)) + 50
    return true, true + random.normal(size=len(true)) * 0.5, speaker


def test_summed_statistics_give_the_same_interval_as_resampled_rows() -> None:
    true, pred, speaker = by_speaker()
    fast = evaluate_with_intervals(EMOTION, true, pred, speaker, n=200, seed=3)
    for name, function in (("uar", metrics.uar), ("macro_f1", metrics.macro_f1)):
        slow = bootstrap_by_speaker(
            lambda t, p, f=function: f(t, p, CLASSES), true, pred, speaker, n=200, seed=3
        )
        assert fast[name] == pytest.approx(slow.to_dict())


def test_summed_moments_give_the_same_interval_as_resampled_rows() -> None:
    true, pred, speaker = numbers_by_speaker()
    fast = evaluate_with_intervals(VALENCE, true, pred, speaker, n=200, seed=3)
    for name in ("ccc", "pearson", "rmse", "mae"):
        function = getattr(metrics, name)
        slow = bootstrap_by_speaker(function, true, pred, speaker, n=200, seed=3)
        assert fast[name] == pytest.approx(slow.to_dict(), rel=1e-9)


def test_the_value_is_the_metric_on_all_rows_and_the_order_is_the_metrics_order() -> None:
    true, pred, speaker = by_speaker()
    baseline = np.full(len(true), "joy", dtype=object)
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker, baseline)
    values = metrics.evaluate_task(EMOTION, true, pred, baseline)
    assert list(figures) == list(values)
    assert {name: figure["value"] for name, figure in figures.items()} == values
    for figure in figures.values():
        assert all(type(figure[key]) is float for key in ("value", "low", "high"))
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_baselines_have_intervals_and_chance_is_a_constant() -> None:
    true, pred, speaker = by_speaker()
    baseline = np.full(len(true), "joy", dtype=object)
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker, baseline)
    assert figures["chance.uar"] == {"value": 1 / 3, "low": 1 / 3, "high": 1 / 3}
    assert figures["majority.accuracy"]["low"] < figures["majority.accuracy"]["high"]
    numbers, guesses, who = numbers_by_speaker()
    figures = evaluate_with_intervals(VALENCE, numbers, guesses, who, np.full(len(numbers), 50.0))
    assert figures["mean.ccc"]["value"] == figures["mean.ccc"]["high"] == 0
    assert figures["mean.rmse"]["low"] > figures["rmse"]["high"]


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    true, pred, speaker = by_speaker()
    one = evaluate_with_intervals(EMOTION, true, pred, speaker, seed=5)
    assert one == evaluate_with_intervals(EMOTION, true, pred, speaker, seed=5)
    assert one["uar"] != evaluate_with_intervals(EMOTION, true, pred, speaker, seed=6)["uar"]


def test_speakers_who_differ_make_the_interval_wider_than_utterances_would() -> None:
    # Theory: speakers' accuracies differ with sd 0.15, so 0.15/√8 against √(0.7·0.3/800).
    true, pred, speaker = by_speaker(spread=0.35, each=100)
    speakers = evaluate_with_intervals(EMOTION, true, pred, speaker)["accuracy"]
    utterances = evaluate_with_intervals(EMOTION, true, pred, None)["accuracy"]
    assert speakers["high"] - speakers["low"] > 2 * (utterances["high"] - utterances["low"])


def test_the_interval_has_about_the_width_that_theory_gives() -> None:
    # The mean over S equally large speakers has a standard error of sd / sqrt(S).
    random = np.random.default_rng(0)
    right = random.random(100)
    speaker = np.repeat(np.arange(100).astype(str), 200)
    true = np.full(20000, "anger", dtype=object)
    pred = np.where(random.random(20000) < np.repeat(right, 200), "anger", "joy").astype(object)
    figure = evaluate_with_intervals(EMOTION, true, pred, speaker, n=4000)["accuracy"]
    shares = (pred == true).reshape(100, 200).mean(axis=1)
    expected = 2 * 1.96 * shares.std() / 10
    assert figure["high"] - figure["low"] == pytest.approx(expected, rel=0.05)


def test_a_higher_level_contains_a_lower_one() -> None:
    true, pred, speaker = by_speaker()
    wide = evaluate_with_intervals(EMOTION, true, pred, speaker, level=0.99)["uar"]
    narrow = evaluate_with_intervals(EMOTION, true, pred, speaker, level=0.5)["uar"]
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_draws_where_a_metric_is_undefined_are_left_out_and_their_share_is_stated() -> None:
    true, pred, speaker = by_speaker(speakers=4)
    true[true == "neutral"] = "joy"
    true[:5] = "neutral"  # only the first speaker, whom (3/4)^4 of the draws lack
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker, n=4000)
    assert figures["recall[neutral]"]["undefined"] == pytest.approx(0.75**4, abs=0.03)
    assert np.isfinite(figures["recall[neutral]"]["low"])
    assert "undefined" not in figures["uar"]


def test_a_class_absent_from_the_truth_has_no_value_and_says_so() -> None:
    figures = evaluate_with_intervals(EMOTION, ["anger"] * 4, ["joy"] * 4, list("abcd"))
    absent = figures["recall[neutral]"]
    assert np.isnan([absent["value"], absent["low"], absent["high"]]).all()
    assert absent["undefined"] == 1
    assert absent["note"] == "undefined in every draw"


def test_a_draw_that_lacks_a_class_has_the_uar_of_the_classes_it_has() -> None:
    """Fixed numbers: only the first of three speakers has the class neutral."""
    true = np.array(["neutral", "anger", "joy", "anger", "joy", "joy", "anger", "joy", "anger"])
    pred = np.array(["neutral", "joy", "joy", "anger", "neutral", "joy", "anger", "joy", "joy"])
    row_of = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    draws = []
    for weight in np.concatenate(list(drawn_weights(3, 200, 0))):
        rows = np.concatenate([row_of[k] * int(weight[k]) for k in range(3)]).astype(int)
        recalls = sklearn.metrics.recall_score(
            true[rows], pred[rows], labels=np.unique(true[rows]), average=None
        )
        draws.append(recalls.mean())
    figure = evaluate_with_intervals(EMOTION, true, pred, list("aaabbbccc"), n=200)["uar"]
    assert (figure["low"], figure["high"]) == pytest.approx(np.quantile(draws, [0.025, 0.975]))
    assert figure["value"] == pytest.approx((1 + 1 / 2 + 3 / 4) / 3)
    assert "undefined" not in figure
    without = [*row_of[1], *row_of[2]]  # a draw of the other two
    assert metrics.uar(true[without], pred[without], CLASSES) == pytest.approx((2 / 3 + 2 / 3) / 2)
    padded = audmetric.unweighted_average_recall(true[without], pred[without])
    assert padded == pytest.approx((2 / 3 + 2 / 3 + 0) / 3), "it counts what was only predicted"


def test_uar_is_of_all_folds_pooled_so_a_fold_that_lacks_a_class_does_no_harm() -> None:
    """Fixed numbers: the second fold has no neutral."""
    true = ["anger", "joy", "neutral", "anger", "joy", "joy"]
    pred = ["anger", "joy", "joy", "joy", "joy", "joy"]
    pooled = evaluate_with_intervals(EMOTION, true, pred, None)["uar"]["value"]
    assert pooled == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert pooled == pytest.approx(audmetric.unweighted_average_recall(true, pred))
    assert pooled == pytest.approx(sklearn.metrics.balanced_accuracy_score(true, pred))
    folds = [metrics.uar(true[part], pred[part], CLASSES) for part in (slice(3), slice(3, 6))]
    assert np.mean(folds) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert np.mean(folds) != pytest.approx(pooled)


def test_the_mean_uar_of_several_models_has_its_own_interval() -> None:
    true, pred, speaker = by_speaker()
    alone, each = mean_uar_with_interval(EMOTION, true, [pred], speaker, n=100, seed=2)
    assert alone == evaluate_with_intervals(EMOTION, true, pred, speaker, n=100, seed=2)["uar"]
    both, (one, other) = mean_uar_with_interval(EMOTION, true, [pred, true], speaker, n=100)
    assert (one, other) == (each[0], 1)
    assert both["value"] == pytest.approx((one + 1) / 2)
    assert both["high"] - both["low"] == pytest.approx((alone["high"] - alone["low"]) / 2, rel=0.3)


def test_two_speakers_give_no_interval_and_the_reason() -> None:
    figures = evaluate_with_intervals(EMOTION, ["anger", "joy"], ["anger", "joy"], ["a", "b"])
    assert figures["uar"]["value"] == 1
    assert np.isnan([figures["uar"]["low"], figures["uar"]["high"]]).all()
    assert figures["uar"]["note"] == (
        "no interval: 2 speakers, and resampling speakers needs 3 or more"
    )
    slow = bootstrap_by_speaker(lambda t, p: 0.5, [1, 2], [1, 2], ["a", "a"])
    assert slow.note.startswith("no interval: 1 speaker,")


@pytest.mark.parametrize("speaker", [None, [None] * 160, [float("nan")] * 160, [""] * 160])
def test_without_speakers_utterances_are_resampled_and_every_figure_says_so(
    speaker: list[object] | None,
) -> None:
    true, pred, _ = by_speaker()
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker)
    assert figures["uar"]["low"] < figures["uar"]["high"]
    assert "utterances were resampled" in figures["uar"]["note"]


def test_rows_that_alone_lack_a_speaker_are_drawn_one_by_one() -> None:
    units = resampling_units(["a", "b", None, "c", None, "a"], 6)
    assert units.count == 5
    assert units.of_row.tolist() == [0, 1, 2, 3, 4, 0]
    assert units.note == (
        "2 of 6 utterances have no speaker: each counts as a speaker of its own, so the interval "
        "is likely too narrow"
    )


def test_ordinal_tasks_have_their_own_metrics_with_intervals() -> None:
    true, pred, speaker = by_speaker()
    ranks = dict(zip(CLASSES, INTENSITY.classes, strict=True))
    levels = [[ranks[x] for x in column] for column in (true, pred)]
    figures = evaluate_with_intervals(INTENSITY, *levels, speaker)
    assert figures["kappa"]["low"] < figures["kappa"]["value"] < figures["kappa"]["high"]
    assert figures["mae"]["value"] == metrics.ordinal_mae(*levels, INTENSITY.classes)


def test_requests_that_cannot_be_met_are_refused() -> None:
    true, pred, speaker = by_speaker()
    with pytest.raises(TaskError, match="give one for each row"):
        evaluate_with_intervals(EMOTION, true, pred, speaker[:-1])
    with pytest.raises(TaskError, match="level = 95"):
        evaluate_with_intervals(EMOTION, true, pred, speaker, level=95)
    with pytest.raises(TaskError, match="n = 0"):
        bootstrap_by_speaker(lambda t, p: 0.0, true, pred, speaker, n=0)


def test_json_holds_none_for_nan_and_plain_numbers_for_numpys() -> None:
    data = {"uar": Interval(0.5, float("nan"), float("inf")).to_dict(), "n": np.int64(3)}
    plain = to_json(data | {"folds": (np.float32(0.5), np.array([1, 2]))})
    assert plain == {
        "uar": {"value": 0.5, "low": None, "high": None},
        "n": 3,
        "folds": [0.5, [1, 2]],
    }
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
