"""Groups that vary together within speakers are joined, whatever their size, speakers or units."""

from __future__ import annotations

import numpy as np
import pytest

from featser.explanation import correlated_groups
from featser.explanation.correlated_groups import group_correlations, joined_groups
from featser.explanation.feature_groups import FeatureGroup

SPEAKER = np.repeat([f"s{number}" for number in range(8)], 25)
NAMES = ("loudness", "pitch", "mel bands", "noise")
WIDTHS = (3, 2, 40, 300)


def made_up(seed: int = 0) -> tuple[list[FeatureGroup], np.ndarray]:
    """Loudness and mel bands are of one cause; all differ between speakers together."""
    random = np.random.default_rng(seed)
    cause = random.normal(size=(200, 2))
    of_speaker = 50 * np.repeat(random.normal(size=(8, 1)), 25, axis=0)
    parts = []
    for name, width in zip(NAMES, WIDTHS, strict=True):
        part = random.normal(size=(200, width))
        if name in ("loudness", "mel bands"):
            part = 0.4 * part + cause @ random.normal(size=(2, width))
        parts.append(10.0 ** random.integers(-3, 3, width) * (part + of_speaker))
    ends = np.cumsum(WIDTHS)
    groups = [
        FeatureGroup(name, name, np.arange(end - width, end), "a caution" * (name == "loudness"))
        for name, width, end in zip(NAMES, WIDTHS, ends, strict=True)
    ]
    return groups, np.hstack(parts)


def test_groups_of_one_cause_are_joined_and_others_stay() -> None:
    groups, X = made_up()
    joined = joined_groups(groups, X, SPEAKER, 0)
    assert [group.name for group in joined] == ["loudness + mel bands", "pitch", "noise"]
    np.testing.assert_array_equal(joined[0].columns, [*range(3), *range(5, 45)])
    assert joined[0].caution == "in part a caution (loudness)"
    assert joined[1:] == [groups[1], groups[3]]


def test_what_differs_between_speakers_alone_is_no_correlation() -> None:
    """All groups follow the speaker; permutations stay within speakers."""
    groups, X = made_up()
    within = group_correlations(groups, X, SPEAKER, 0)
    assert within[0, 2] > 0.5
    assert np.abs(within[1, [0, 2, 3]]).max() < 0.1
    across = group_correlations(groups, X, np.full(200, "one"), 0)
    assert across.min() > 0.9


def test_noise_is_not_correlated_however_many_features_it_has() -> None:
    """Without the correction, 300 features of noise on 200 rows look alike."""
    groups, X = made_up(1)
    X[:] = np.random.default_rng(2).normal(size=X.shape)
    correlations = group_correlations(groups, X, SPEAKER, 0)
    others = correlations[~np.eye(len(groups), dtype=bool)]
    assert np.abs(others).max() < 0.2


def test_undefined_and_constant_features_do_not_stop_it() -> None:
    groups, X = made_up()
    X[::3, 0] = np.nan
    X[:, 1] = np.nan
    X[:, 3:5] = 7.0
    correlations = group_correlations(groups, X, SPEAKER, 0)
    assert np.isfinite(correlations).all()
    assert correlations[1].tolist() == [0, 1, 0, 0]
    assert next(group.name for group in joined_groups(groups, X, SPEAKER, 0)) == (
        "loudness + mel bands"
    )


def test_of_many_utterances_a_sample_gives_the_same_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups, X = made_up()
    expected = [group.name for group in joined_groups(groups, X, SPEAKER, 0)]
    monkeypatch.setattr(correlated_groups, "MOST_ROWS", 90)
    assert [group.name for group in joined_groups(groups, X, SPEAKER, 0)] == expected
    first = group_correlations(groups, X, SPEAKER, 3)
    np.testing.assert_array_equal(first, group_correlations(groups, X, SPEAKER, 3))


def test_few_groups_or_utterances_stay_as_they_are() -> None:
    groups, X = made_up()
    assert joined_groups(groups[:1], X, SPEAKER, 0) == groups[:1]
    assert joined_groups(groups, X[:5], SPEAKER[:5], 0) == groups
