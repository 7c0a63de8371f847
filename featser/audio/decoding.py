"""From any audio file to mono float32 samples, or the reason why not.

A recording is decoded by its content, whatever its name ends with; averaged to mono, or, where its
channels cancel each other, reduced to the loudest one; resampled with soxr's high-quality filter;
and its peaks are kept inside [−1, 32767/32768] by scaling the whole recording, since 16-bit
consumers (openSMILE among them) would wrap a sample of +1.0 to −1.0.
A recording that cannot be used raises :class:`~featser.errors.UnusableAudio`: featser never
replaces sound by zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from featser.audio.channels import (
    CANCELLED,
    LOUDEST,
    MIX,
    cancelling_note,
    compare_channels,
    parse_channel,
    split_channel,
    to_mono,
)
from featser.audio.completeness import (
    expected_frames,
    refuse_missing,
    refuse_short,
    refuse_truncated,
)
from featser.audio.content import refuse_non_files
from featser.audio.facts import Facts
from featser.audio.in_blocks import sample_checks
from featser.audio.in_blocks.long_recording import LongRecording, decode_in_blocks
from featser.audio.open_sound import OpenSound, SoundError
from featser.audio.opening import open_sound
from featser.audio.signal import RATE, Signal, longest_at_once
from featser.audio.source import Source, open_source
from featser.errors import InputError, UnusableAudio
from featser.io.remote_files import local_copy

DECODER_VERSION = 2
"""Raised whenever a change here changes the samples of some recording; enters fingerprints."""

LATEST_S = 1e9
"""No recording lasts longer, in seconds (31 years)."""
MIN_RATE = 4_000
LONGEST_S = 4 * 3600.0
"""Longer ones are read in segments: a file of a megabyte can hold days of silence."""


def read_audio(
    file: str | Path,
    rate: int = RATE,
    start: float | None = None,
    end: float | None = None,
    channel: str = MIX,
) -> Signal:
    """Read a recording, or a part of one, as mono float32 at a given rate.

    Parameters
    ----------
    file : str or Path
        Any file that libsndfile decodes: WAV, FLAC, OGG, MP3, AIFF and others; with PyAV (extra
        ``media``) also M4A, WebM, AMR, WMA, videos and others. A URL such as ``https://…`` or
        ``s3://bucket/key`` is read where it is (extra ``remote``).
    rate : int
        Samples per second of the result.
    start, end : float, optional
        The part to read, in seconds; from the beginning and to the end when omitted.
    channel : str
        ``mix``, the average of all channels; ``left``, ``right``, a number from 1 on; or
        ``loudest``. ``2/mix`` is the average of the second audio stream.

    Returns
    -------
    Signal
        The samples.

    Raises
    ------
    UnusableAudio
        If the file is missing, unreadable, not audio, truncated, empty, shorter than 100 ms,
        silent, lacks the channel, holds NaN or infinite samples, or has a sampling rate below
        4 kHz; if a URL cannot be reached.
    FeatserError
        If the packages that read a URL are not installed.

    Examples
    --------
    >>> signal = read_audio("03-01-05-02-01-01-12.wav")  # doctest: +SKIP
    >>> signal.samples.dtype, signal.rate  # doctest: +SKIP
    (dtype('float32'), 16000)
    """
    return decode(file, start, end, channel).resampled(rate)


def decode(
    file: str | Path,
    start: float | None = None,
    end: float | None = None,
    channel: str = MIX,
) -> Signal:
    """Read a recording, or a part of one, as mono float32 at its own rate.

    The same as :func:`read_audio` but for the resampling and the scaling of peaks.
    """
    named = parse_channel(channel)
    number, chosen = split_channel(named)
    with local_copy(file) as path:
        refuse_non_files(path)
        samples, rate, facts = _read(path, start, end, number, chosen)
        if isinstance(samples, LongRecording):
            mono, note, facts = _of_long(path, samples, facts, (start, end, number), chosen)
        else:
            try:
                mono, note = to_mono(samples, chosen)
            except InputError as error:
                raise UnusableAudio(path, str(error)) from error
        sample_checks.refuse_unusable(path, mono, rate, facts.channels)
        if chosen == MIX and not note and not isinstance(samples, LongRecording):
            facts = replace(facts, difference=compare_channels(samples, rate))
        place = (str(file), start, end)
        return Signal(mono, rate, note=note, place=place, facts=facts, channel=named)


def _of_long(
    path: Path,
    recording: LongRecording,
    facts: Facts,
    part: tuple[float | None, float | None, int | None],
    chosen: str,
) -> tuple[NDArray[np.float32], str, Facts]:
    """Return the channel of a long recording that is used, decoded again if it has to be."""
    if recording.loudest is None:
        return recording.mono, "", replace(facts, difference=recording.difference)
    again, _, facts_again = _read(path, *part, str(recording.loudest + 1))
    if not isinstance(again, LongRecording) or facts_again.content != facts.content:
        raise UnusableAudio(path, "the file changed while it was read: run the command again")
    note = cancelling_note(facts.channels, recording.loudest) if chosen == MIX else ""
    return again.mono, note, facts


def decode_blocks(file: str | Path, seconds: float, channel: str = MIX) -> Iterator[Signal]:
    """Decode a recording block by block, as :func:`decode` does, in memory for one block.

    A recording with several channels is decoded twice: whether they cancel each other, and which
    is the loudest, is decided by all of it.

    Parameters
    ----------
    file : str or Path
        The recording, or its URL.
    seconds : float
        Of a block; the last one may be shorter.
    channel : str
        As for :func:`read_audio`.

    Yields
    ------
    Signal
        Mono float32 at the recording's own rate, the blocks in order.

    Raises
    ------
    UnusableAudio
        As :func:`read_audio` raises it. What only the end of the recording shows, such as that it
        is truncated, is raised after its last block.

    Examples
    --------
    >>> import soundfile
    >>> soundfile.write("tone.wav", np.sin(np.arange(40_000) / 10), 16_000)
    >>> [block.seconds for block in decode_blocks("tone.wav", 1.0)]
    [1.0, 1.0, 0.5]
    """
    named = parse_channel(channel)
    number, chosen = split_channel(named)
    with local_copy(file) as path:
        refuse_non_files(path)
        one, note = _one_channel(path, number, chosen, seconds)
        with _opened(path, number) as (source, announced, sound):
            _, count = _span(path, sound, source.skip, None, None)
            refuse_truncated(path, sound, source)
            sound.begin_at(source.skip)
            total, low, high = 0, np.inf, -np.inf
            for samples in _frames(path, sound, seconds, count):
                mono = samples.mean(axis=1) if one == MIX else to_mono(samples, one)[0]
                sample_checks.refuse_not_numbers(path, mono)
                sample_checks.refuse_overload(path, mono)
                total += len(mono)
                low, high = min(low, mono.min()), max(high, mono.max())
                yield Signal(mono, sound.samplerate, note=note, channel=named)
            expected = expected_frames(sound, announced, 0, count)
            refuse_short(path, sound, announced, expected, total, is_whole=True)
            sample_checks.refuse_little(path, total, sound.samplerate)
            sample_checks.refuse_silent(path, low, high, sound.channels)


def announced_seconds(file: str | Path) -> float | None:
    """Return how long a recording is by what it announces; None where only decoding shows it.

    Raises
    ------
    UnusableAudio
        If the file cannot be opened.
    """
    with local_copy(file) as path:
        refuse_non_files(path)
        with _opened(path, None) as (source, announced, sound):
            if sound.n_frames is None:
                return announced.announced_s
            return max(0, sound.n_frames - source.skip) / sound.samplerate


def _frames(
    path: Path, sound: OpenSound, seconds: float, count: int | None
) -> Iterator[NDArray[np.float32]]:
    """Read so many frames of a recording, or all, block by block.

    No block is read beyond the announced end: there may be a tag, which is no sound.
    """
    size = max(1, round(seconds * sound.samplerate))
    most = round(LONGEST_S * sound.samplerate)
    n_read = 0
    while count is None or n_read < count:
        samples = sound.read_frames(size if count is None else min(size, count - n_read))
        if not len(samples):
            return
        n_read += len(samples)
        if n_read > most:
            raise UnusableAudio(path, _too_long())
        yield samples


def _one_channel(path: Path, number: int | None, chosen: str, seconds: float) -> tuple[str, str]:
    """Return the number of the channel to use, or the mix, and what the user should know of it."""
    if chosen not in (MIX, LOUDEST):
        return chosen, ""
    with _opened(path, number) as (source, _, sound):
        if sound.channels == 1:
            return "1", ""
        _, count = _span(path, sound, source.skip, None, None)
        sound.begin_at(source.skip)
        powers, mixed = np.zeros(sound.channels), 0.0
        for samples in _frames(path, sound, seconds, count):
            powers += np.sum(np.square(samples, dtype=np.float64), axis=0)
            mixed += float(np.sum(np.square(samples.mean(axis=1), dtype=np.float64)))
    loudest = int(np.argmax(powers))
    if chosen == LOUDEST:
        return str(loudest + 1), ""
    if not mixed < CANCELLED**2 * powers[loudest]:
        return MIX, ""
    return str(loudest + 1), cancelling_note(len(powers), loudest)


def _read(
    path: Path, start: float | None, end: float | None, number: int | None, channel: str
) -> tuple[NDArray[np.float32] | LongRecording, int, Facts]:
    """Return all channels of a recording; of a long one the channel, or the average."""
    is_segment = start is not None or end is not None
    with _opened(path, number, is_segment=is_segment) as (source, announced, sound):
        first, count = _span(path, sound, source.skip, start, end)
        refuse_truncated(path, sound, source)
        samples = _decoded(path, sound, source.skip + first, count, channel)
        expected = expected_frames(sound, announced, first, count)
        refuse_short(path, sound, announced, expected, len(samples), is_whole=end is None)
        facts = _facts(sound, announced, expected, len(samples), number)
        return samples, sound.samplerate, facts


@contextmanager
def _opened(
    path: Path, number: int | None, *, is_segment: bool = False
) -> Iterator[tuple[Source, Source, OpenSound]]:
    """Open a recording: its bytes, the same with the length that is announced, and its sound."""
    with open_source(path, is_segment=is_segment) as (source, stream):
        refuse_missing(path, source)
        try:
            announced, opened = open_sound(path.name, source, stream, number, is_segment=is_segment)
            with opened as sound:
                yield source, announced, sound
        except SoundError as error:
            raise UnusableAudio(path, str(error)) from error


def _span(
    path: Path, sound: OpenSound, skip: int, start: float | None, end: float | None
) -> tuple[int, int | None]:
    """First frame, and number of frames to read: None where it is not known."""
    rate = int(sound.samplerate)
    if sound.format == "XI":
        raise UnusableAudio(path, "an instrument file (XI), which does not state its sampling rate")
    if rate < MIN_RATE:
        raise UnusableAudio(path, f"sampling rate of {rate} Hz: speech needs {MIN_RATE} Hz or more")
    total: int | None = None if sound.n_frames is None else max(0, sound.n_frames - skip)
    first = round(min(start or 0.0, LATEST_S) * rate)
    last: int | None = total if end is None else round(min(end, LATEST_S) * rate)
    if first < 0 or (total and (first >= total or (last or 0) > total + 1)):
        length = "" if total is None else f" of {total / rate:.3f} s"
        raise UnusableAudio(path, _outside(start, end, length))
    if last is None:
        return first, None
    if last <= first and end is not None:
        raise UnusableAudio(path, f"the segment {start or 0:g}–{end:g} s is empty")
    stop = last if total is None else min(last, total)
    return first, int(max(0, stop - first))


def _outside(start: float | None, end: float | None, length: str) -> str:
    return (
        f"the segment {start or 0:g}–{'end' if end is None else f'{end:g}'} s lies outside "
        f"the recording{length}"
    )


def _decoded(
    path: Path, sound: OpenSound, first: int, count: int | None, channel: str
) -> NDArray[np.float32] | LongRecording:
    most = round(LONGEST_S * sound.samplerate)
    count = most + 1 if count is None else min(count, most + 1)
    n_at_once = longest_at_once(sound.samplerate)
    sound.begin_at(first)
    samples: NDArray[np.float32] | LongRecording
    samples = beginning = sound.read_frames(min(count, n_at_once + 1))
    if len(beginning) > n_at_once:
        try:
            samples = decode_in_blocks(sound, beginning, count - len(beginning), channel)
        except InputError as error:
            raise UnusableAudio(path, str(error)) from error
    if len(samples) > most:
        raise UnusableAudio(path, _too_long())
    return samples


def _too_long() -> str:
    return (
        f"longer than {LONGEST_S / 3600:g} h: split it, or give `start` and `end` of its utterances"
    )


def _facts(
    sound: OpenSound, source: Source, expected: int | None, got: int, number: int | None
) -> Facts:
    rate = sound.samplerate
    announced_s = source.announced_s
    if announced_s is None and source.announces and expected is not None:
        announced_s = expected / rate
    return Facts(
        content=source.content,
        container=source.container or str(sound.format),
        codec=str(sound.subtype),
        channels=sound.channels,
        announced_s=announced_s,
        decoded_s=got / rate,
        unannounced_s=source.unannounced_s,
        streams=sound.n_streams,
        stream=sound.number if number is None and sound.n_streams > 1 else None,
    )
