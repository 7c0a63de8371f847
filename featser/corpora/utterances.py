"""Utterances: where each is, what makes a copy of it, and the key that its features have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from featser.audio.channels import MIX, parse_channels

if TYPE_CHECKING:  # a worker process needs no table, and 65 MB less
    import pandas as pd

Place = tuple[str, float | None, float | None, str]
"""A file, the part of it in seconds (None for the recording's own ends), and the channel."""


@dataclass(frozen=True)
class Alteration:
    """What makes an augmented copy of an utterance.

    Attributes
    ----------
    spec : str
        The augmentation.
    index : int
        Which copy, from 0.
    identity : str
        The utterance's key, which decides whatever is random.
    donors : tuple of Place
        What is mixed in.
    donor_contents : tuple of str
        For each donor the hash of the bytes that it is known by; empty where any bytes will do.
    """

    spec: str
    index: int
    identity: str
    donors: tuple[Place, ...] = ()
    donor_contents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Utterance:
    """One recording, or a segment of one, or a copy of it, and the identity of its sound.

    Attributes
    ----------
    file : str
        The recording.
    key : str
        What its features are stored under.
    start, end : float or None
        The segment in seconds; None for the recording's own ends.
    alteration : Alteration or None
        What makes a copy of it.
    content : str
        The hash of the bytes that the key was made of: a recording that has changed since is
        refused. Empty where the key is not made of bytes.
    """

    file: str
    key: str
    start: float | None = None
    end: float | None = None
    alteration: Alteration | None = None
    content: str = ""
    channel: str = MIX

    @property
    def where(self) -> tuple[str, float | None, float | None]:
        """File, start and end."""
        return self.file, self.start, self.end

    @property
    def place(self) -> Place:
        """File, start, end and channel."""
        return self.file, self.start, self.end, self.channel


def utterance_key(
    audio: str,
    start: float | None = None,
    end: float | None = None,
    augmentation: str = "",
    channel: str = MIX,
) -> str:
    """Return the identity of an utterance's sound.

    Parameters
    ----------
    audio : str
        The recording's :func:`~featser.audio.content_hash`.
    start, end : float, optional
        The segment in seconds (to the microsecond); None for the recording's own ends.
    augmentation : str
        The kind and index of an augmented copy; empty for the recording itself.
    channel : str
        From :func:`featser.audio.channels.parse_channel`.

    Returns
    -------
    str
        ``hash[@start-end][#channel][+augmentation]``, without the channel where it is ``mix``.
    """
    segment = ""
    if start is not None or end is not None:
        segment = f"@{start or 0:.6f}-" + ("" if end is None else f"{end:.6f}")
    which = "" if channel == MIX else f"#{channel}"
    return audio + segment + which + (f"+{augmentation}" if augmentation else "")


def content_of(key: str) -> str:
    """Return the hash of a recording's bytes with which an utterance's key begins.

    Examples
    --------
    >>> content_of(utterance_key("0f3a", 1.0, 2.5, "snr=10", channel="2"))
    '0f3a'
    """
    return key.partition("+")[0].partition("#")[0].partition("@")[0]


def segments(manifest: pd.DataFrame) -> Iterator[tuple[str, float | None, float | None]]:
    """Yield ``file``, ``start``, ``end`` of every row; None for a recording's own ends."""
    absent = np.full(len(manifest), np.nan)
    starts = manifest.get("start", absent).astype(float)
    ends = manifest.get("end", absent).astype(float)
    for file, start, end in zip(manifest["file"].astype(str), starts, ends, strict=True):
        yield file, None if np.isnan(start) else start, None if np.isnan(end) else end


def places(manifest: pd.DataFrame) -> Iterator[Place]:
    """Yield ``file``, ``start``, ``end`` and ``channel`` of every row; the average by default."""
    if "channel" in manifest:
        channels = parse_channels(manifest["channel"])
    else:
        channels = [MIX] * len(manifest)
    for segment, channel in zip(segments(manifest), channels, strict=True):
        yield *segment, channel
