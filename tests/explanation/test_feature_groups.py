"""Every feature of featser's extractors belongs to a declared, interpretable group."""

from __future__ import annotations

import numpy as np
import pytest

from featser.errors import TaskError
from featser.explanation.feature_groups import GROUPINGS, feature_groups, group_name
from featser.features.registry import ROWS, make_extractor, make_extractors

OWN = [row.name for row in ROWS if row.kind != "file"]


@pytest.mark.parametrize("by", ["descriptor", "functional"])
@pytest.mark.parametrize("name", OWN)
def test_every_feature_of_an_extractor_has_a_group(name: str, by: str) -> None:
    without = [feature for feature in make_extractor(name).names if not group_name(feature, by)]
    assert not without


@pytest.mark.parametrize("by", GROUPINGS)
def test_groups_divide_the_columns(by: str) -> None:
    extractors = make_extractors(["handcrafted", "gemaps", "rhythm", "rocket"])
    groups = feature_groups(extractors, by)
    columns = np.sort(np.concatenate([group.columns for group in groups]))
    np.testing.assert_array_equal(columns, np.arange(sum(one.dimension for one in extractors)))


@pytest.mark.parametrize(
    ("feature", "group"),
    [
        ("gemaps.F0semitoneFrom27.5Hz_sma3nz_pctlrange0-2", "pitch"),
        ("gemaps.equivalentSoundLevel_dBp", "loudness"),
        ("gemaps.F1amplitudeLogRelF0_sma3nz_amean", "formants"),
        ("gemaps.logRelF0-H1-A3_sma3nz_amean", "voice quality"),
        ("gemaps.slopeUV0-500_sma3nz_amean", "spectrum"),
        ("gemaps.loudnessPeaksPerSec", "rhythm"),
        ("voice.F2/F1.with_loudness", "formants"),
        ("voice.mfcc1.with_f0", "MFCC"),
        ("contrasts.loud-quiet.level", "loudness"),
        ("rhythm.seconds", "duration and silence"),
        ("rhythm.level_p05", "loudness"),
        ("rhythm.pause_rate", "rhythm"),
        ("covariance.level.centroid", "covariance"),
        ("mel_07.delta.std", "mel bands"),
        ("slope.mean", "spectrum"),
    ],
)
def test_features_are_in_the_group_that_describes_them(feature: str, group: str) -> None:
    assert group_name(feature) == group


def test_groups_that_may_be_shortcuts_have_a_caution() -> None:
    groups = feature_groups(make_extractors(["gemaps", "rhythm"]))
    cautious = {group.name for group in groups if group.caution}
    assert cautious == {"loudness", "duration and silence"}


def test_another_grouping_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(TaskError, match="descriptor, correlated, functional, extractor"):
        feature_groups([], "colour")
