"""Segments keep to the rules of length, and tell what is left out of the whole recording."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import InputError
from featser.segmentation.activity import Activity
from featser.segmentation.fixed_windows import FixedWindows
from featser.segmentation.length_rules import LengthRules, Segment
from featser.segmentation.segment_methods import METHODS, parse_method
from featser.segmentation.speech_segments import segments_of


def activity_of(*runs: tuple[bool, int], level_db: np.ndarray | None = None) -> Activity:
    """Frames of speech and of none, in runs."""
    is_speech = np.repeat([is_on for is_on, _ in runs], [count for _, count in runs])
    level = np.zeros(len(is_speech), np.float32) if level_db is None else level_db
    return Activity(is_speech, level, len(is_speech) / 100)


RULES = st.builds(
    lambda min_s, pad_s, gap_s, more: LengthRules(
        min_s, round(2 * max(min_s, 0.01) + 2 * pad_s + more, 2), pad_s, gap_s
    ),
    *(st.integers(0, 100).map(lambda n: n / 100) for _ in range(4)),
)
RUNS = st.lists(st.tuples(st.booleans(), st.integers(1, 300)), min_size=1, max_size=30)


@settings(max_examples=300)
@given(runs=RUNS, rules=RULES, seed=st.integers(0, 9))
def test_segments_are_sorted_disjoint_and_within_the_recording(
    runs: list[tuple[bool, int]], rules: LengthRules, seed: int
) -> None:
    frames = sum(count for _, count in runs)
    level = np.random.default_rng(seed).normal(0, 5, frames).astype(np.float32)
    activity = activity_of(*runs, level_db=level)
    parts = segments_of(activity, rules)
    assert parts[0].start == 0
    assert parts[-1].end == pytest.approx(activity.seconds)
    for part, following in itertools.pairwise(parts):
        assert part.start < part.end == following.start
        assert part.kind != following.kind or part.kind == "speech"
    for part in parts:
        length = part.end - part.start
        if part.kind == "speech":
            assert length >= rules.min_s - 1e-6
            assert length <= rules.max_s + 1e-6


def test_short_pauses_are_bridged_and_long_ones_are_not() -> None:
    activity = activity_of((True, 50), (False, 29), (True, 50), (False, 30), (True, 50))
    parts = segments_of(activity, LengthRules(pad_s=0.0, gap_s=0.3))
    assert parts == [
        Segment(0.0, 1.29),
        Segment(1.29, 1.59, "silence"),
        Segment(1.59, 2.09),
    ]


def test_padding_takes_half_of_a_pause_at_most_and_ends_with_the_recording() -> None:
    activity = activity_of((False, 5), (True, 100), (False, 16), (True, 100), (False, 60))
    parts = segments_of(activity, LengthRules(pad_s=0.1, gap_s=0.1))
    assert parts == [
        Segment(0.0, 1.13),
        Segment(1.13, 2.31),
        Segment(2.31, 2.81, "silence"),
    ]


def test_short_speech_is_left_out_by_name() -> None:
    activity = activity_of((False, 100), (True, 29), (False, 100), (True, 30), (False, 50))
    kinds = [part.kind for part in segments_of(activity, LengthRules(min_s=0.3))]
    assert kinds == ["silence", "too short", "silence", "speech", "silence"]


def test_long_speech_is_cut_where_it_is_quietest() -> None:
    level = np.zeros(3_000, np.float32)
    for frame in (350, 850, 1_220):
        level[frame - 3 : frame + 4] = -20
    level[600:604] = -40
    activity = activity_of((True, 1_500), level_db=level[:1_500])
    parts = segments_of(activity, LengthRules(min_s=1.0, max_s=5.0, pad_s=0.0))
    ends = [part.end for part in parts]
    assert np.abs(np.array(ends[:3]) - [3.5, 6.02, 8.5]).max() <= 0.03, ends
    assert ends[-1] == 15.0


def test_rules_that_contradict_are_refused() -> None:
    with pytest.raises(InputError, match=r"max_s: 1: give 2\.2 or more"):
        LengthRules(min_s=1.0, max_s=1.0)
    with pytest.raises(InputError, match="pad_s: -1: give seconds, 0 or more"):
        LengthRules(pad_s=-1.0)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("enery", "unknown method 'enery'; did you mean 'energy'"),
        ("energy:3", "'energy:3': write energy"),
        ("fixed", "'fixed': write fixed:WINDOW,HOP with numbers of seconds"),
        ("fixed:a,b", "write fixed:WINDOW,HOP"),
        ("fixed:2,0", "fixed: HOP is 0: give seconds, 0.01 or more"),
        ("fixed:nan,1", "fixed: WINDOW is nan"),
    ],
)
def test_methods_that_do_not_exist_are_refused(spec: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_method(spec)


def test_names_of_methods_are_unique() -> None:
    assert len({row.name for row in METHODS}) == len(METHODS)


@settings(max_examples=200)
@given(
    frames=st.integers(1, 2_000),
    window=st.integers(1, 400),
    hop=st.integers(1, 400),
    least=st.integers(0, 200),
)
def test_windows_and_what_is_between_cover_the_recording(
    frames: int, window: int, hop: int, least: int
) -> None:
    from featser.audio.signal import Signal

    signal = Signal(np.zeros(frames, np.float32), 100)
    windows = FixedWindows(window / 100, hop / 100)
    parts = windows.segments([signal], LengthRules(min_s=least / 100, max_s=99.0))
    covered = np.zeros(frames, bool)
    for part in parts:
        assert 0 <= part.start < part.end <= frames / 100
        covered[round(100 * part.start) : round(100 * part.end)] = True
        if part.kind == "window":
            assert round(100 * part.start) % hop == 0
            assert part.end - part.start >= min(least, window) / 100 - 1e-6
    assert covered.all()
    others = [part for part in parts if part.kind != "window"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(others))
