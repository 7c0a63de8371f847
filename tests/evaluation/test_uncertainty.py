"""Intervals come from resampling whole speakers with a seed."""

from __future__ import annotations

import json

import audmetric
import numpy as np
import pytest
import sklearn.metrics

from featser.errors import TaskError
from featser.evaluation.metrics import metrics
from featser.evaluation.metrics.scales import FISHER, LOG, LOGIT
from featser.evaluation.statistics.intervals import (
    evaluate_with_intervals,
    interval_by_speaker,
    mean_uar_with_interval,
    to_json,
)
from featser.evaluation.statistics.jackknife_interval import Interval
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


def _bounds(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def test_summed_statistics_give_the_same_interval_as_rows_left_out() -> None:
    true, pred, speaker = by_speaker()
    fast = evaluate_with_intervals(EMOTION, true, pred, speaker)
    for name, function in (("uar", metrics.uar), ("macro_f1", metrics.macro_f1)):
        slow = interval_by_speaker(
            lambda t, p, f=function: f(t, p, CLASSES), true, pred, speaker, scale=LOGIT
        )
        assert fast[name].pop("note") == slow.note
        assert fast[name] == pytest.approx(_bounds(slow))


def test_summed_moments_give_the_same_interval_as_rows_left_out() -> None:
    true, pred, speaker = numbers_by_speaker()
    fast = evaluate_with_intervals(VALENCE, true, pred, speaker)
    for name, scale in (("ccc", FISHER), ("pearson", FISHER), ("rmse", LOG), ("mae", LOG)):
        function = getattr(metrics, name)
        slow = interval_by_speaker(function, true, pred, speaker, scale=scale)
        assert fast[name].pop("note") == slow.note
        assert fast[name] == pytest.approx(_bounds(slow), rel=1e-9)


def test_bounds_are_those_worked_out_by_hand() -> None:
    """Recalls of 10 speakers with one utterance of each class; the t of 9 degrees is 2.262."""
    n_right = np.array([2, 2, 2, 2, 2, 2, 1, 1, 1, 0])
    true = np.tile(np.array(["anger", "joy"], dtype=object), 10)
    pred = true.copy()
    for speaker, right in enumerate(n_right):
        pred[2 * speaker : 2 * speaker + 2 - right] = "neutral"
    figure = evaluate_with_intervals(EMOTION, true, pred, np.repeat(np.arange(10), 2))["accuracy"]
    share = n_right / 2
    error = share.std(ddof=1) / np.sqrt(10)
    assert figure["value"] == 0.75
    width = 2.262157 * error / (0.75 * 0.25)
    bounds = [1 / (1 + np.exp(-(np.log(3) + sign * width))) for sign in (-1, 1)]
    assert [figure["low"], figure["high"]] == pytest.approx(bounds, abs=1e-6)


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
    figure = evaluate_with_intervals(EMOTION, true, pred, speaker)["accuracy"]
    shares = (pred == true).reshape(100, 200).mean(axis=1)
    expected = 2 * 1.984 * shares.std(ddof=1) / 10
    assert figure["high"] - figure["low"] == pytest.approx(expected, rel=0.01)


def test_a_higher_level_contains_a_lower_one() -> None:
    true, pred, speaker = by_speaker()
    wide = evaluate_with_intervals(EMOTION, true, pred, speaker, level=0.99)["uar"]
    narrow = evaluate_with_intervals(EMOTION, true, pred, speaker, level=0.5)["uar"]
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_recall_of_a_class_is_over_the_speakers_who_have_it() -> None:
    true, pred, speaker = by_speaker(speakers=12)
    true[true == "neutral"] = "joy"
    true[[0, 1, 20, 40, 60, 61, 80]] = "neutral"  # of five speakers
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker)
    own = true == "neutral"
    alone = evaluate_with_intervals(EMOTION, true[own], pred[own], speaker[own])["accuracy"]
    assert figures["recall[neutral]"]["value"] == alone["value"]
    assert [figures["recall[neutral]"][end] for end in ("low", "high")] == pytest.approx(
        [alone["low"], alone["high"]], nan_ok=True
    )
    few = "5 speakers: the interval is uncertain with fewer than 10 speakers"
    assert figures["recall[neutral]"]["note"] == few
    assert "note" not in figures["uar"]


def test_a_class_of_one_speaker_has_no_interval_and_makes_uar_uncertain() -> None:
    true, pred, speaker = by_speaker(speakers=12)
    true[true == "neutral"] = "joy"
    true[:5] = "neutral"
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker)
    assert np.isnan(figures["recall[neutral]"]["low"])
    assert figures["recall[neutral]"]["note"].startswith("no interval: 1 speaker,")
    assert figures["uar"]["note"] == (
        "fewer than 4 speakers have the class neutral, so the intervals of UAR and macro F1 are "
        "uncertain"
    )
    assert np.isfinite(figures["uar"]["low"])


@pytest.mark.parametrize(("mistakes", "low", "high"), [(0, 0.611, 1.0), (20, 0.0, 0.389)])
def test_a_recall_of_0_or_1_has_an_interval_from_half_an_error(
    mistakes: int, low: float, high: float
) -> None:
    """20 utterances by four speakers: 0.5 of 21 is wrong, made by one speaker; t is 3.182."""
    true = np.tile(np.array(["anger", "joy"], dtype=object), 10)
    pred = true.copy()
    pred[:mistakes] = np.where(true[:mistakes] == "anger", "joy", "anger")
    task = Task("emotion", classes=("anger", "joy"))
    figure = evaluate_with_intervals(task, true, pred, np.arange(20) // 5)["uar"]
    assert (figure["low"], figure["high"]) == pytest.approx((low, high), abs=0.001)


def test_one_error_gives_a_wider_interval_than_none() -> None:
    true, speaker = np.array(["anger", "joy"] * 40, dtype=object), np.repeat(np.arange(8), 10)
    pred = true.copy()
    none = evaluate_with_intervals(EMOTION, true, pred, speaker)["accuracy"]
    pred[3] = "neutral"
    one = evaluate_with_intervals(EMOTION, true, pred, speaker)["accuracy"]
    assert one["low"] < none["low"] < one["high"] < none["high"] == 1


def test_a_metric_that_is_undefined_without_one_speaker_has_no_interval() -> None:
    """Truth is constant but for the first speaker, so it has no correlation without them."""
    true = np.array([1.0, 2.0] + [2.0] * 8)
    pred = np.arange(10.0)
    figure = evaluate_with_intervals(VALENCE, true, pred, np.repeat(np.arange(5), 2))["pearson"]
    assert np.isnan(figure["low"])
    assert figure["note"] == "no interval: the metric is undefined without one of the speakers"


def test_perfect_numbers_have_no_interval_and_the_reason() -> None:
    true = np.arange(10.0)
    figures = evaluate_with_intervals(VALENCE, true, true, np.repeat(np.arange(5), 2))
    for name in ("ccc", "rmse"):
        assert np.isnan(figures[name]["high"])
        assert "at the end of its range" in figures[name]["note"]


def test_a_class_absent_from_the_truth_has_no_value_and_says_so() -> None:
    figures = evaluate_with_intervals(EMOTION, ["anger"] * 4, ["joy"] * 4, list("abcd"))
    absent = figures["recall[neutral]"]
    assert np.isnan([absent["value"], absent["low"], absent["high"]]).all()
    assert absent["note"] == "no utterance of this class"


def test_without_the_only_speaker_of_a_class_uar_is_over_the_other_classes() -> None:
    """Fixed numbers: only the first of four speakers has the class neutral."""
    true = np.array(["neutral", "anger", "joy", "anger", "joy", "joy", "anger", "joy", "anger"])
    true = np.append(true, ["joy", "anger", "joy"])
    pred = np.array(["neutral", "joy", "joy", "anger", "neutral", "joy", "anger", "joy", "joy"])
    pred = np.append(pred, ["joy", "anger", "anger"])
    speaker = np.repeat(list("abcd"), 3)
    left_out = []
    for name in "abcd":
        rows = speaker != name
        recalls = sklearn.metrics.recall_score(
            true[rows], pred[rows], labels=np.unique(true[rows]), average=None
        )
        left_out.append(recalls.mean())
    value = sklearn.metrics.balanced_accuracy_score(true, pred)
    error = np.sqrt(3 / 4 * np.square(np.array(left_out) - np.mean(left_out)).sum())
    width = 3.182446 * error / (value * (1 - value))
    logit = np.log(value / (1 - value))
    bounds = [1 / (1 + np.exp(-(logit + sign * width))) for sign in (-1, 1)]
    figure = evaluate_with_intervals(EMOTION, true, pred, speaker)["uar"]
    assert (figure["low"], figure["high"]) == pytest.approx(bounds)
    without = speaker != "a"
    assert metrics.uar(true[without], pred[without], CLASSES) == pytest.approx(left_out[0])
    padded = audmetric.unweighted_average_recall(true[without], pred[without])
    assert padded == pytest.approx(2 / 3 * left_out[0]), "it counts what was only predicted"


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
    alone, each = mean_uar_with_interval(EMOTION, true, [pred], speaker)
    assert alone == evaluate_with_intervals(EMOTION, true, pred, speaker)["uar"]
    both, (one, other) = mean_uar_with_interval(EMOTION, true, [pred, true], speaker)
    assert (one, other) == (each[0], 1)
    assert both["value"] == pytest.approx((one + 1) / 2)
    assert both["high"] - both["low"] == pytest.approx((alone["high"] - alone["low"]) / 2, rel=0.3)


def test_three_speakers_give_no_interval_and_the_reason() -> None:
    three = ["anger", "joy", "joy"]
    figures = evaluate_with_intervals(EMOTION, three, three, ["a", "b", "c"])
    assert figures["uar"]["value"] == 1
    assert np.isnan([figures["uar"]["low"], figures["uar"]["high"]]).all()
    assert figures["uar"]["note"] == (
        "no interval: 3 speakers, and an interval needs 4 speakers or more"
    )
    slow = interval_by_speaker(lambda t, p: 0.5, [1, 2], [1, 2], ["a", "a"])
    assert slow.note.startswith("no interval: 1 speaker,")


@pytest.mark.parametrize(("speakers", "is_uncertain"), [(4, True), (9, True), (10, False)])
def test_fewer_than_ten_speakers_are_noted(speakers: int, is_uncertain: bool) -> None:
    true, pred, speaker = by_speaker(speakers=speakers)
    note = evaluate_with_intervals(EMOTION, true, pred, speaker)["uar"].get("note", "")
    expected = f"{speakers} speakers: the interval is uncertain with fewer than 10 speakers"
    assert note == (expected if is_uncertain else "")


@pytest.mark.parametrize("speaker", [None, [None] * 160, [float("nan")] * 160, [""] * 160])
def test_without_speakers_utterances_are_left_out_and_every_figure_says_so(
    speaker: list[object] | None,
) -> None:
    true, pred, _ = by_speaker()
    figures = evaluate_with_intervals(EMOTION, true, pred, speaker)
    assert figures["uar"]["low"] < figures["uar"]["high"]
    assert "each utterance counts as a speaker of its own" in figures["uar"]["note"]


def test_rows_that_alone_lack_a_speaker_are_left_out_one_by_one() -> None:
    units = resampling_units(["a", "b", None, "c", None, "a"], 6)
    assert units.count == 5
    assert units.of_row.tolist() == [0, 1, 2, 3, 4, 0]
    assert units.effective == pytest.approx(36 / 8)
    assert units.note == (
        "2 of 6 utterances have no speaker: each counts as a speaker of its own, so the interval "
        "is likely too narrow; 3 speakers and 2 utterances without one: the interval is uncertain "
        "with fewer than 10 speakers"
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


def test_json_holds_none_for_nan_and_plain_numbers_for_numpys() -> None:
    data = {"uar": Interval(0.5, float("nan"), float("inf")).to_dict(), "n": np.int64(3)}
    plain = to_json(data | {"folds": (np.float32(0.5), np.array([1, 2]))})
    assert plain == {
        "uar": {"value": 0.5, "low": None, "high": None},
        "n": 3,
        "folds": [0.5, [1, 2]],
    }
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
