"""What is known of a recording besides its samples: how it is coded, announced and decoded."""

from __future__ import annotations

from dataclasses import dataclass

from featser.audio.channels import ChannelDifference


@dataclass(frozen=True)
class Facts:
    """What a recording's file says of itself, and what was decoded.

    Parameters
    ----------
    content : str
        The hash of the bytes that were decoded: see :func:`~featser.audio.content_hash`.
    container, codec : str
        Such as ``WAV`` and ``PCM_16``, in libsndfile's words.
    channels : int
        How many channels the file has.
    announced_s : float or None
        Seconds that the header announces, of the segment if one is read; None if it announces none.
    decoded_s : float
        Seconds that were decoded.
    unannounced_s : float
        Seconds of sound after the end that a WAV header announces, which are not decoded.
    difference : ChannelDifference or None
        How the channels compare that were averaged; None where there is one, or one was chosen.
    streams : int
        How many audio streams the file has.
    stream : int or None
        Which of them is read although none was chosen, from 1 on; None where one was chosen, or
        there is only one.
    """

    content: str
    container: str
    codec: str
    channels: int
    announced_s: float | None
    decoded_s: float
    unannounced_s: float = 0.0
    difference: ChannelDifference | None = None
    streams: int = 1
    stream: int | None = None
