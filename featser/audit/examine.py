"""What the audit must know of each recording, found in one pass over the files, in parallel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio import Signal, content_hash, decode
from featser.audit.parallel import map_chunks
from featser.audit.spectrum import Sketch, sketch
from featser.audit.wav import unannounced_seconds
from featser.errors import UnusableAudio
from featser.progress import Progress, silent
from featser.remote.copies import at_hand

CHUNK = 32
FULL_SCALE = 32766 / 32768
"""The largest sample of a clipped 16-bit recording, and one step of tolerance."""
CLIPPED_RUN = 3
"""So many samples in a row at full scale are a cut-off peak; one or two may be a true one."""
FACTS = (
    "reason", "note", "rate", "channels", "container", "subtype", "seconds", "level", "peak",
    "clipped", "dc", "floor", "bandwidth", "unannounced",
)  # fmt: skip

Segment = tuple[str, float | None, float | None]


@dataclass(frozen=True, eq=False)
class Recording:
    """What is known of one utterance's recording; numbers are NaN where it cannot be used.

    Attributes
    ----------
    content : str
        Identity of the file's bytes and of the segment; empty where the file cannot be read.
    sound : str
        Identity of the decoded samples without the digital silence around them.
    reason : str
        Why it cannot be used; empty if it can.
    note : str
        What decoding had to do to it (:class:`featser.audio.Signal`).
    rate, channels : float
        Sampling rate in Hz and number of channels of the file.
    container, subtype : str
        Such as ``WAV`` and ``PCM_16``.
    seconds, level, peak : float
        Duration; RMS level in dB re full scale; largest absolute sample.
    clipped : float
        The share of samples in runs of three or more at full scale, in [0, 1].
    dc : float
        The mean sample, re full scale.
    floor, bandwidth : float
        As in :class:`featser.audit.spectrum.Sketch`.
    unannounced : float
        Seconds of sound in a WAV file after the end that its header gives.
    bands : ndarray of uint8, shape (n_frames, 16)
        The fingerprint, as in :class:`featser.audit.spectrum.Sketch`.
    """

    content: str = ""
    sound: str = ""
    reason: str = ""
    note: str = ""
    rate: float = np.nan
    channels: float = np.nan
    container: str = ""
    subtype: str = ""
    seconds: float = np.nan
    level: float = np.nan
    peak: float = np.nan
    clipped: float = np.nan
    dc: float = np.nan
    floor: float = np.nan
    bandwidth: float = np.nan
    unannounced: float = np.nan
    bands: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 16), np.uint8))


def examine(file: str, start: float | None = None, end: float | None = None) -> Recording:
    """Find out what the audit must know of one recording.

    Parameters
    ----------
    file : str
        The recording.
    start, end : float, optional
        The part of it, in seconds.

    Returns
    -------
    Recording
        With a reason where it cannot be used: nothing is raised for it.
    """
    content = ""
    try:
        content = f"{content_hash(file)}:{start}:{end}"
        signal = decode(file, start, end)
    except UnusableAudio as error:
        return Recording(content=content, reason=error.reason)
    return _described(file, content, signal, sketch(signal))


def examine_all(
    segments: Sequence[Segment], jobs: int = -1, progress: Progress = silent
) -> list[Recording]:
    """Examine many recordings.

    Parameters
    ----------
    segments : sequence of (file, start, end)
        What to examine.
    jobs, progress
        As in :func:`featser.audit.parallel.map_chunks`.

    Returns
    -------
    list of Recording
        In the order of ``segments``.
    """
    return map_chunks(examine, segments, CHUNK, jobs, progress)


def facts_table(recordings: Sequence[Recording], index: pd.Index[int]) -> pd.DataFrame:
    """Return the recordings' facts as a table: one row each, columns as :class:`Recording`'s."""
    rows = [[getattr(recording, name) for name in FACTS] for recording in recordings]
    return pd.DataFrame(rows, index=index, columns=list(FACTS))


def _described(file: str, content: str, signal: Signal, seen: Sketch) -> Recording:
    import soundfile

    with (
        at_hand(file) as path,
        path.open("rb", buffering=0) as stream,
        soundfile.SoundFile(stream.fileno(), closefd=False) as info,
    ):
        kind = (float(info.channels), str(info.format), str(info.subtype))
    samples = signal.samples
    return Recording(
        content=content,
        sound=_sound(signal),
        note=signal.note,
        rate=float(signal.rate),
        channels=kind[0],
        container=kind[1],
        subtype=kind[2],
        seconds=signal.seconds,
        level=10 * float(np.log10(samples @ samples / len(samples) + 1e-30)),
        peak=float(max(samples.max(), -samples.min())),
        clipped=clipped_share(samples),
        dc=float(samples.mean(dtype=np.float64)),
        floor=seen.floor,
        bandwidth=seen.bandwidth,
        unannounced=unannounced_seconds(file),
        bands=seen.bands,
    )


def clipped_share(samples: NDArray[np.float32]) -> float:
    """Return the share of samples in runs of three or more at full scale of one sign, in [0, 1]."""
    share = 0
    for full in (samples >= FULL_SCALE, samples <= -FULL_SCALE):
        if not full.any():
            continue
        steps = np.diff(full.astype(np.int8), prepend=0, append=0)
        lengths = np.flatnonzero(steps == -1) - np.flatnonzero(steps == 1)
        share += int(lengths[lengths >= CLIPPED_RUN].sum())
    return share / len(samples)


def _sound(signal: Signal) -> str:
    """Hash the samples without the zeros around them."""
    loud = signal.samples != 0
    kept = signal.samples[loud.argmax() : len(loud) - loud[::-1].argmax()]
    digest = hashlib.sha256(str(signal.rate).encode())  # in the processor's own instructions
    digest.update(kept.tobytes())
    return digest.hexdigest()
