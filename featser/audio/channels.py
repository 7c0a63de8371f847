"""One channel from several, and whether the channels of a recording differ.

The channel of a recording is named by a number from 1 on, by ``left`` (1) or ``right`` (2), by
``loudest``, or by ``mix``, the default: the average of all, or the loudest where the average
cancels the sound. ``2/left`` is the left channel of the second audio stream, of videos that have
several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio.frame_levels import active_frames, frame_powers
from featser.errors import InputError

MIX = "mix"
LOUDEST = "loudest"
_NAMES = {"left": "1", "right": "2", MIX: MIX, LOUDEST: LOUDEST}
_NUMBER = re.compile(r"0*([1-9]\d{0,3})(\.0*)?", re.ASCII)

CANCELLED = 0.1
"""An average of channels whose RMS is below this share of the loudest channel's has lost the sound:
uncorrelated channels keep 1/√2 of it, and one live channel of two keeps half."""

AUDIBLE_DB = 30.0
"""A channel that is softer than another by more changes their average by less than 0.3 dB."""
LOW_CORRELATION = 0.5
LOUDER_DB = 6.0
TURNS = 0.1
"""The share of frames with sound in which each of two channels is louder, by which they take turns:
two speakers who also hear each other."""


@dataclass(frozen=True)
class ChannelDifference:
    """How the loudest channel of a recording and the one that is least like it compare.

    Attributes
    ----------
    channels : int
        How many channels there are.
    correlation : float
        Of their samples; 1 where no other channel is audible beside the loudest.
    level_db : float
        How much softer the other one is, in dB.
    turns : float
        The share of frames with sound in which the channel that is louder more seldom is louder,
        by 6 dB: 0 where one is always louder, 0.5 where they alternate evenly.
    """

    channels: int
    correlation: float
    level_db: float
    turns: float

    @property
    def differs(self) -> bool:
        """Whether the average of the channels is another sound than each of them."""
        return self.correlation < LOW_CORRELATION or self.turns >= TURNS

    def __str__(self) -> str:
        active = ", active at different times" if self.turns >= TURNS else ""
        return (
            f"its {self.channels} channels differ (correlation {self.correlation:.2f}, levels "
            f"{self.level_db:.0f} dB apart{active}), and their average is used: choose one with "
            f"--channel, or with a column `channel` in the manifest"
        )


def parse_channel(value: object) -> str:
    """Return the one name of a channel: ``mix``, ``loudest``, or its number, after its stream.

    Parameters
    ----------
    value : object
        ``mix``, ``loudest``, ``left``, ``right``, or a number from 1 on; before it, with a slash,
        the number of the audio stream if it is not the default one. Nothing after the slash is
        ``mix``.

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> parse_channel("Left"), parse_channel(2), parse_channel("loudest")
    ('1', '2', 'loudest')
    >>> parse_channel("2/left"), parse_channel("2/")
    ('2/1', '2/mix')
    """
    stream, slash, name = str(value).strip().lower().rpartition("/")
    channel = _name_of(name or MIX) if slash else _name_of(name)
    number = _NUMBER.fullmatch(stream)
    if channel is None or (slash and number is None):
        raise InputError(
            f"channel '{value}': write mix, left, right, loudest, or a number from 1 on; 2/left is "
            f"the left channel of the second audio stream"
        )
    return channel if number is None else f"{number[1]}/{channel}"


def _name_of(text: str) -> str | None:
    number = _NUMBER.fullmatch(text)
    return _NAMES.get(text) if number is None else number[1]


def split_channel(channel: str) -> tuple[int | None, str]:
    """Return the audio stream, None for the default one, and the channel of it.

    Parameters
    ----------
    channel : str
        From :func:`parse_channel`.

    Examples
    --------
    >>> split_channel("2/mix"), split_channel("loudest")
    ((2, 'mix'), (None, 'loudest'))
    """
    stream, _, name = channel.rpartition("/")
    return int(stream) if stream else None, name


def channel_of_stream(stream: object, channel: object = "") -> str:
    """Return the name of a channel of an audio stream, that of the channel open if none is named.

    Parameters
    ----------
    stream : object
        A number from 1 on.
    channel : object
        What :func:`parse_channel` accepts, or nothing.

    Raises
    ------
    InputError
        If the stream is no number, or the channel names another stream.

    Examples
    --------
    >>> channel_of_stream("2", "left"), channel_of_stream(2.0)
    ('2/1', '2/')
    """
    number = _NUMBER.fullmatch(str(stream).strip())
    if number is None:
        raise InputError(f"stream '{stream}': write the number of an audio stream, from 1 on")
    if channel == "":
        return f"{number[1]}/"
    named, name = split_channel(parse_channel(channel))
    if named not in (None, int(number[1])):
        raise InputError(f"stream '{stream}' and channel '{channel}' name different streams")
    return f"{number[1]}/{name}"


def parse_channels(values: Iterable[object]) -> list[str]:
    """Return the names of channels as :func:`parse_channel` does; ``mix`` for what is missing."""
    return [
        MIX if value is None or value == "" or value != value else parse_channel(value)  # noqa: PLR0124  # NaN
        for value in values
    ]


def to_mono(samples: NDArray[np.float32], channel: str = MIX) -> tuple[NDArray[np.float32], str]:
    """Return one channel of several, and what the user should know of the choice.

    Parameters
    ----------
    samples : ndarray of float32, shape (n, n_channels)
        All channels.
    channel : str
        From :func:`parse_channel`.

    Returns
    -------
    samples : ndarray of float32, shape (n,)
        With ``mix`` the average, or the loudest where the average cancels the sound.
    note : str
        That it cancels it; else empty.

    Raises
    ------
    InputError
        If there is no such channel.
    """
    count = samples.shape[1]
    if channel not in (MIX, LOUDEST):
        refuse_absent(channel, count)
        return np.ascontiguousarray(samples[:, int(channel) - 1]), ""
    if count == 1 or not len(samples):
        return samples[:, 0], ""
    powers = np.mean(np.square(samples, dtype=np.float64), axis=0)
    loudest = int(np.argmax(powers))
    if channel == LOUDEST:
        return np.ascontiguousarray(samples[:, loudest]), ""
    mean = samples.mean(axis=1)
    if not np.mean(np.square(mean, dtype=np.float64)) < CANCELLED**2 * powers[loudest]:
        return mean, ""
    return np.ascontiguousarray(samples[:, loudest]), cancelling_note(count, loudest)


def refuse_absent(channel: str, n_channels: int) -> None:
    """Refuse the number of a channel that a recording does not have.

    Raises
    ------
    InputError
        If it has fewer channels.
    """
    if int(channel) > n_channels:
        raise InputError(
            f"there is no channel {channel}: the recording has {n_channels}; choose another with "
            f"--channel, or with a column `channel` in the manifest"
        )


def cancelling_note(count: int, loudest: int) -> str:
    """Say that so many channels cancel each other, and which of them, from 0 on, is used."""
    return (
        f"its {count} channels cancel each other when averaged: "
        f"channel {loudest + 1}, the loudest, is used alone"
    )


def compare_channels(samples: NDArray[np.float32], rate: int) -> ChannelDifference | None:
    """Compare the loudest channel with each other one that is audible beside it.

    Parameters
    ----------
    samples : ndarray of float32, shape (n, n_channels)
        All channels.
    rate : int
        Samples per second.

    Returns
    -------
    ChannelDifference or None
        Of the channel with the lowest correlation; None of a recording with one channel.
    """
    if samples.shape[1] == 1 or not len(samples):
        return None
    centred = samples - samples.mean(axis=0, dtype=np.float64).astype(np.float32)
    powers = np.einsum("ij,ij->j", centred, centred, dtype=np.float64)
    loud = np.ascontiguousarray(centred[:, int(np.argmax(powers))])
    return difference_of(
        powers,
        lambda channel: float(np.einsum("i,i->", loud, centred[:, channel], dtype=np.float64)),
        lambda channel: frame_powers(np.ascontiguousarray(centred[:, channel]), rate),
    )


def difference_of(
    powers: NDArray[np.float64],
    product_with_loudest: Callable[[int], float],
    frames_of: Callable[[int], NDArray[np.float64]],
) -> ChannelDifference:
    """Compare the loudest channel with each other one that is audible beside it.

    Parameters
    ----------
    powers : ndarray of float64, shape (n_channels,)
        The sum of the squares of each, its mean removed.
    product_with_loudest : callable
        Returns the sum of the products of a channel's samples with those of the loudest.
    frames_of : callable
        Returns :func:`~featser.audio.frame_levels.frame_powers` of a channel.
    """
    loudest = int(np.argmax(powers))
    loud_frames = frames_of(loudest)
    difference = ChannelDifference(len(powers), 1.0, _decibels(powers, loudest), 0.0)
    for channel in range(len(powers)):
        if channel == loudest or powers[channel] < powers[loudest] * 10 ** (-AUDIBLE_DB / 10):
            continue
        product = product_with_loudest(channel)
        correlation = product / float(np.sqrt(powers[loudest] * powers[channel]))
        level_db = float(10 * np.log10(powers[loudest] / powers[channel]))
        turns = max(difference.turns, _turns(loud_frames, frames_of(channel)))
        if correlation < difference.correlation:
            difference = ChannelDifference(len(powers), correlation, level_db, turns)
    return difference


def _decibels(powers: NDArray[np.float64], loudest: int) -> float:
    """Return how much softer the second loudest channel is; 300 dB where it is nothing."""
    second = max(power for channel, power in enumerate(powers) if channel != loudest)
    return float(10 * np.log10((powers[loudest] + 1e-30) / (second + 1e-30)))


def _turns(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    active = active_frames(one) | active_frames(other)
    if not active.any():
        return 0.0
    ratio = 10 ** (LOUDER_DB / 10)
    shares = ((a > ratio * b)[active].mean() for a, b in ((one, other), (other, one)))
    return float(min(shares))
