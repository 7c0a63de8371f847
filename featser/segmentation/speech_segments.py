"""From frames of speech to segments: pauses, lengths, padding, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from featser.segmentation.activity import Activity, runs_of
from featser.segmentation.length_rules import (
    HOP_S,
    NOISE,
    SHORT,
    SILENCE,
    SPEECH,
    LengthRules,
    Segment,
)

_QUIET_FRAMES = 5


def segments_of(activity: Activity, rules: LengthRules) -> list[Segment]:
    """Return the parts of a recording, in order and without gaps, by what they are.

    Parameters
    ----------
    activity : Activity
        What a detector returned.
    rules : LengthRules
        Lengths and padding.

    Returns
    -------
    list of Segment
        Speech that was cut follows itself; all else alternates.
    """
    parts = [part for run in _bridged(activity, rules) for part in _parts(run, activity, rules)]
    padded = _padded([part for part in parts if part.kind == SPEECH], activity.seconds, rules)
    others = [part for part in parts if part.kind != SPEECH]
    return list(_with_silence(padded, others, activity.seconds))


def _bridged(activity: Activity, rules: LengthRules) -> list[tuple[int, int]]:
    """Return the runs of speech, those with short pauses between them as one."""
    runs: list[tuple[int, int]] = []
    for first, last in runs_of(activity.is_speech):
        if runs and (first - runs[-1][1]) * HOP_S < rules.gap_s - 1e-9:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _parts(run: tuple[int, int], activity: Activity, rules: LengthRules) -> Iterator[Segment]:
    """Yield the segments of a run of speech, or why it is left out."""
    first, last = run
    if activity.is_noise(first, last):
        yield _segment(first, last, activity.seconds, NOISE)
        return
    if (last - first) * HOP_S < rules.min_s - 1e-9:
        yield _segment(first, last, activity.seconds, SHORT)
        return
    for cut_first, cut_last in _cut(first, last, activity.level_db, rules):
        yield _segment(cut_first, cut_last, activity.seconds)


def _cut(
    first: int, last: int, level_db: NDArray[np.float32], rules: LengthRules
) -> Iterator[tuple[int, int]]:
    """Yield the pieces of a run, none of which is too long; cut where it is quietest."""
    longest = int((rules.max_s - 2 * rules.pad_s) / HOP_S + 1e-9)
    shortest = max(1, round(rules.min_s / HOP_S))
    while last - first > longest:
        # In the second half of what is allowed, and such that the rest is not too short.
        begin = first + max(shortest, longest // 2)
        end = min(first + longest, last - shortest)
        cut = min(begin, end) + _quietest(level_db, min(begin, end), end)
        yield first, cut
        first = cut
    yield first, last


def _padded(parts: list[Segment], seconds: float, rules: LengthRules) -> list[Segment]:
    """Return speech with padding; what was cut stays in one piece."""
    starts = [part.start for part in parts]
    ends = [part.end for part in parts]
    result = []
    for place, part in enumerate(parts):
        before = part.start - ends[place - 1] if place else 2 * part.start
        after = starts[place + 1] - part.end if place + 1 < len(parts) else 2 * (seconds - part.end)
        result.append(
            Segment(
                round(part.start - min(rules.pad_s, before / 2), 6),
                round(part.end + min(rules.pad_s, after / 2), 6),
            )
        )
    return result


def _segment(first: int, last: int, seconds: float, kind: str = SPEECH) -> Segment:
    return Segment(round(first * HOP_S, 6), round(min(last * HOP_S, seconds), 6), kind)


def _quietest(level_db: NDArray[np.float32], begin: int, end: int) -> int:
    """Return how many frames after ``begin`` it is quietest, up to ``end``."""
    from scipy.ndimage import uniform_filter1d

    if begin >= end:
        return 0
    around = level_db[max(0, begin - _QUIET_FRAMES) : end + _QUIET_FRAMES]
    smoothed = uniform_filter1d(around, _QUIET_FRAMES, mode="nearest")
    offset = begin - max(0, begin - _QUIET_FRAMES)
    return int(np.argmin(smoothed[offset : offset + end - begin + 1]))


def _with_silence(
    speech: list[Segment], others: list[Segment], seconds: float
) -> Iterator[Segment]:
    """Yield all parts in order, silence between them; padding takes precedence."""
    reached = 0.0
    for part in sorted([*speech, *others], key=lambda part: (part.start, part.kind != SPEECH)):
        start, end = max(part.start, reached), part.end
        if part.kind != SPEECH:
            following = next((one.start for one in speech if one.start >= part.start), seconds)
            end = min(end, following)
        if start > reached:
            yield Segment(reached, start, SILENCE)
        if end > start:
            yield Segment(start, end, part.kind)
        reached = max(reached, end)
    if reached < round(seconds, 6):
        yield Segment(reached, round(seconds, 6), SILENCE)
