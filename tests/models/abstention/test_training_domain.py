"""Recordings unlike those of a training set have reasons; ordinary ones of new speakers do not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from featser.audit.measure.examination import FACTS
from featser.evaluation.rows import InMemory
from featser.features.registry import make_extractors
from featser.models.abstention.feature_distance import FeatureDistance
from featser.models.abstention.measures import MEASURES, measured
from featser.models.abstention.training_domain import TrainingDomain, compared_columns
from featser.models.abstention.training_ranges import TrainingRanges

WIDTH = 60
WHOLE = [(0, WIDTH)]


def features(n_speakers: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make up correlated features of speakers who differ; the mixing is that of all seeds."""
    mixing = np.random.default_rng(99).normal(size=(8, WIDTH))
    rng = np.random.default_rng(seed)
    speaker = np.repeat(np.arange(n_speakers), each)
    latent = rng.normal(size=(len(speaker), 8)) + rng.normal(size=(n_speakers, 8))[speaker]
    own = rng.normal(size=(n_speakers, WIDTH))[speaker]
    X = latent @ mixing + own + rng.normal(size=(len(speaker), WIDTH))
    return X.astype(np.float32), speaker.astype(str)


def distance(n_speakers: int = 12, **options: object) -> FeatureDistance:
    X, speaker = features(n_speakers, 12, seed=0)
    fitted = FeatureDistance.of(X, WHOLE, speaker, **options)  # type: ignore[arg-type]
    assert fitted is not None
    return fitted


def test_new_speakers_are_seldom_farther_than_the_limit() -> None:
    X, _ = features(200, 3, seed=1)
    share = np.mean(distance().distances(X) > distance().limit)
    assert share < 0.1


def test_the_limit_is_that_of_left_out_speakers() -> None:
    """Training rows are nearer than rows of new speakers, so they give no limit."""
    fitted = distance()
    X, _ = features(12, 12, seed=0)
    new, _ = features(200, 3, seed=1)
    assert np.quantile(fitted.distances(X), 0.98) < fitted.limit
    assert np.median(fitted.distances(new)) > np.median(fitted.distances(X))


@pytest.mark.parametrize("kind", ["uncorrelated", "shifted", "constant"])
def test_other_features_are_farther(kind: str) -> None:
    rng = np.random.default_rng(2)
    X, _ = features(20, 1, seed=3)
    other = {
        "uncorrelated": X[rng.permuted(np.tile(np.arange(20), (WIDTH, 1)), axis=1).T, range(WIDTH)],
        "shifted": X + 8 * rng.normal(size=WIDTH).astype(np.float32),
        "constant": np.full_like(X, 30.0),
    }[kind]
    fitted = distance()
    assert np.median(fitted.distances(other)) > np.median(fitted.distances(X))
    if kind != "uncorrelated":
        assert all(fitted.reasons(other))
        assert fitted.reasons(other)[0][0].text.startswith("feature distance ")


def test_undefined_and_constant_features_are_allowed() -> None:
    X, speaker = features(12, 12, seed=0)
    X[:, 5] = 7.0
    X[::3, 6] = np.nan
    X[:, 7] = np.nan
    fitted = FeatureDistance.of(X, WHOLE, speaker)
    assert fitted is not None
    assert np.isfinite(fitted.distances(X)).all()


def test_rows_that_are_read_in_batches_give_the_same_distance() -> None:
    X, speaker = features(12, 12, seed=0)
    read = FeatureDistance.of(InMemory(X), WHOLE, speaker)
    assert read is not None
    assert read.to_dict() == distance().to_dict()


def test_a_bundle_s_text_holds_the_distance() -> None:
    fitted = distance()
    text = json.dumps(fitted.to_dict())
    again = FeatureDistance.from_dict(json.loads(text), WIDTH)
    X, _ = features(4, 4, seed=5)
    np.testing.assert_array_equal(again.distances(X), fitted.distances(X))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"columns": [[0, 70]]}, "columns"),
        ({"columns": [[0, 50]]}, "do not fit"),
        ({"mean": "AAAA"}, "does not hold float32"),
        ({"scale": "AADAfw=="}, "not finite"),
        ({"variance": "AACAPw=="}, "do not fit"),
        ({"limit": 0.0}, "'limit' is 0.0, not a finite number above 0"),
        ({"limit": float("inf")}, "'limit' is inf, not a finite"),
        ({"limit": float("nan")}, "'limit' is nan, not a finite"),
        ({"residual": float("nan")}, "'residual' is nan, not a finite"),
        ({"residual": float("inf")}, "'residual' is inf, not a finite"),
    ],
)
def test_damaged_distance_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FeatureDistance.from_dict(distance().to_dict() | change, WIDTH)


def test_without_speakers_recordings_are_left_out() -> None:
    X, _ = features(12, 12, seed=0)
    fitted = FeatureDistance.of(X, WHOLE, np.full(len(X), ""))
    assert fitted is not None
    assert fitted.limit < distance().limit


def test_few_rows_or_no_columns_give_no_distance() -> None:
    X, speaker = features(2, 5, seed=0)
    assert FeatureDistance.of(X, WHOLE, speaker) is None
    X, speaker = features(12, 12, seed=0)
    assert FeatureDistance.of(X, [], speaker) is None


def facts(**values: object) -> pd.DataFrame:
    """Describe ordinary recordings, apart from some values."""
    usual = {
        "level": np.linspace(-41, -18, 201), "floor": -70.0, "seconds": 3.0, "silence_s": 0.6,
        "bandwidth": 7500.0, "clipped": 0.0, "leading_silence_s": 0.2, "trailing_silence_s": 0.3,
    }  # fmt: skip
    return pd.DataFrame(usual | values).reindex(columns=list(FACTS))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"level": [-62.0], "floor": [-100.0]}, "level -62 dB; training -41 to -18 dB"),
        ({"level": [-44.0]}, ""),
        ({"bandwidth": [3400.0]}, "bandwidth 3400 Hz; training 7500 Hz"),
        ({"bandwidth": [22_000.0]}, ""),
        ({"silence_s": [2.4]}, "silence 80 %; training 20 %"),
        ({"seconds": [0.2], "silence_s": [0.04]}, "length 0.2 s; training 3.0 s"),
        ({"floor": [-31.0], "level": [-30.0]}, "level above noise 1 dB; training 29 to 52 dB"),
        ({"clipped": [0.02]}, "clipping 2.0 %; training 0.0 %"),
        ({"level": [np.nan]}, ""),
    ],
)
def test_a_measure_outside_its_range_is_named_with_the_range(
    values: dict[str, list[float]], reason: str
) -> None:
    ranges = TrainingRanges.of(facts())
    one = facts(**({"level": [-30.0]} | values))
    domain = TrainingDomain(ranges)
    assert domain.unlike(one, np.empty((1, 0))) == [reason]


def test_silence_around_the_speech_is_compared_unless_it_is_removed() -> None:
    domain = TrainingDomain(TrainingRanges.of(facts()))
    padded = facts(
        level=[-30.0], seconds=7.0, silence_s=4.6, leading_silence_s=2.2, trailing_silence_s=2.3,
        floor=-100.0,
    )  # fmt: skip
    (reason,) = domain.unlike(padded, np.empty((1, 0)))
    assert "silence 66 %; training 20 %; also length 7.0 s; training 3.0 s" in reason
    assert domain.unlike(padded, np.empty((1, 0)), trimmed=True) == [""]
    hesitant = padded.assign(silence_s=6.0)
    reasons = domain.unlike(hesitant, np.empty((1, 0)), trimmed=True)
    assert reasons == ["silence within speech 60 %; training 4 %"]


def test_every_measure_has_a_range_and_a_value() -> None:
    table = measured(facts())
    assert list(table) == list(MEASURES)
    assert table.notna().all(axis=None)
    assert set(TrainingRanges.of(facts()).to_dict()) == set(MEASURES)


def test_recordings_that_cannot_be_used_do_not_widen_the_range() -> None:
    together = pd.concat([facts(), facts(level=[np.nan]), facts(level=[-np.inf])])
    assert TrainingRanges.of(together).to_dict()["level"] == pytest.approx(
        TrainingRanges.of(facts()).to_dict()["level"]
    )


def test_damaged_ranges_are_refused_and_later_measures_ignored() -> None:
    for ends in ([3.0, 1.0], [1.0], [float("nan"), 1.0]):
        with pytest.raises(ValueError, match="training range of 'level'"):
            TrainingRanges.from_dict({"level": ends})
    assert TrainingRanges.from_dict({"humidity": [1.0, 2.0]}).to_dict() == {}


def test_several_reasons_are_in_one_line() -> None:
    X, speaker = features(12, 12, seed=0)
    fitted = FeatureDistance.of(X, WHOLE, speaker)
    domain = TrainingDomain(TrainingRanges.of(facts()), fitted)
    far = np.full((1, WIDTH), 90, dtype=np.float32)
    (reason,) = domain.unlike(facts(level=[-62.0]), far)
    assert reason.startswith("level -62 dB; training -41 to -18 dB; also level above noise ")
    assert "; also feature distance " in reason
    again = TrainingDomain.from_dict(json.loads(json.dumps(domain.to_dict())), WIDTH)
    assert again.unlike(facts(level=[-62.0]), far) == [reason]


def test_random_features_are_compared_only_where_there_are_no_others() -> None:
    both = make_extractors(["mfcc:basic", "rocket"])
    width = both[0].dimension
    assert compared_columns(both) == [(0, width)]
    assert compared_columns(both[1:]) == [(0, both[1].dimension)]
