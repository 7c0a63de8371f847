"""Refusals of recordings that hold less than they announce."""

from __future__ import annotations

from pathlib import Path

from featser.audio.open_sound import OpenSound
from featser.audio.source import TOLERATED_LOSS_S, Source
from featser.errors import UnusableAudio


def refuse_truncated(path: Path, sound: OpenSound, source: Source) -> None:
    """Refuse a recording of which libsndfile says that data are missing."""
    truncation = sound.truncation(source.head)
    if truncation:
        raise UnusableAudio(path, f"truncated: {truncation}")


def refuse_missing(path: Path, source: Source) -> None:
    """Refuse a recording whose bytes are damaged, or fewer than its header promises."""
    if source.fault:
        raise UnusableAudio(path, source.fault)
    if source.missing_s > TOLERATED_LOSS_S:
        raise UnusableAudio(
            path,
            f"truncated: its header states {source.held_s + source.missing_s:.2f} s, the file "
            f"holds {source.held_s:.2f} s",
        )


def expected_frames(sound: OpenSound, source: Source, first: int, count: int | None) -> int | None:
    """Return how many frames the file announces, or libsndfile finds, of what is read."""
    if count is None and source.announced_s is not None:
        rate: int = sound.samplerate
        return round(source.announced_s * rate) - first
    return count


def refuse_short(
    path: Path,
    sound: OpenSound,
    source: Source,
    expected: int | None,
    got: int,
    *,
    is_whole: bool,
) -> None:
    """Refuse a recording, or a segment, that ends before it should."""
    rate = sound.samplerate
    if expected is None or (expected - got) / rate <= source.frame_s:
        return
    if sound.n_frames is None and not is_whole:
        raise UnusableAudio(
            path, f"the segment lies outside the recording: {_ended(got, expected, rate)}"
        )
    raise UnusableAudio(path, f"truncated: {_ended(got, expected, rate)}")


def _ended(got: int, expected: int, rate: int) -> str:
    return f"decoding ended after {got / rate:.2f} s of {expected / rate:.2f} s"
