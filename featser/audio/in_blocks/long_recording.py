"""One channel of a long recording, decoded block by block into a temporary file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio.channels import LOUDEST, MIX, ChannelDifference, refuse_absent
from featser.audio.in_blocks.channel_sums import ChannelSums
from featser.audio.open_sound import OpenSound
from featser.io.disk_arrays import DiskWriter

BLOCK_S = 10.0
"""How much is decoded at a time."""


@dataclass(frozen=True)
class LongRecording:
    """What was decoded of a long recording.

    Attributes
    ----------
    mono : ndarray of float32, shape (n,)
        The channel that was asked for, or the average of all; on the disk.
    loudest : int or None
        The channel, from 0 on, that has to be decoded instead, because it was asked for or the
        average cancels the sound.
    difference : ChannelDifference or None
        How the channels compare, if their average was asked for.
    """

    mono: NDArray[np.float32]
    loudest: int | None = None
    difference: ChannelDifference | None = None

    def __len__(self) -> int:
        return len(self.mono)


def decode_in_blocks(
    sound: OpenSound, first: NDArray[np.float32], count: int, channel: str
) -> LongRecording:
    """Decode what follows of a recording.

    Parameters
    ----------
    sound : OpenSound
        The recording.
    first : ndarray of float32, shape (n, n_channels)
        What was decoded before.
    count : int
        How many samples of each channel follow at most.
    channel : str
        From :func:`featser.audio.channels.parse_channel`, without the audio stream.

    Raises
    ------
    InputError
        If the recording does not have the channel.
    SoundError
        If the recording is damaged.
    FeatserError
        If the folder of temporary files has no room for it.
    """
    n_channels = first.shape[1]
    blocks = _blocks(sound, first, count)
    if n_channels == 1 or channel not in (MIX, LOUDEST):
        at = 0 if channel in (MIX, LOUDEST) else int(channel) - 1
        refuse_absent(str(at + 1), n_channels)
        with DiskWriter() as writer:
            for block in blocks:
                writer.write(block[:, at])
            return LongRecording(writer.finished())
    sums = ChannelSums(n_channels, sound.samplerate)
    with DiskWriter() as writer:
        for block in blocks:
            writer.write(sums.add(block))
        mean = writer.finished()
    if channel == LOUDEST or sums.is_cancelled:
        return LongRecording(mean, sums.loudest)
    return LongRecording(mean, difference=sums.difference())


def _blocks(
    sound: OpenSound, first: NDArray[np.float32], count: int
) -> Iterator[NDArray[np.float32]]:
    yield first
    size = max(1, round(BLOCK_S * sound.samplerate))
    while count > 0:
        n_next = min(count, size)
        block = sound.read_frames(n_next)
        count -= n_next
        if len(block):
            yield block
        if len(block) < n_next:
            return
