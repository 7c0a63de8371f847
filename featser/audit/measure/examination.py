"""Facts of each recording, measured in one parallel pass over the files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal, content_hash, decode
from featser.audio.channels import MIX
from featser.audio.signal import peak_gain
from featser.audio.silence import Silence, measure_silence
from featser.audit.measure.sketch import Sketch, sketch
from featser.errors import UnusableAudio
from featser.progress import Progress, silent
from featser.workers.mapping import map_tasks
from featser.workers.pool import WorkerPool
from featser.workers.task import Failure, Step, failed, unobserved

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 32
FULL_SCALE = 32766 / 32768
"""The largest sample of a clipped 16-bit recording, with one step of tolerance."""
CLIPPED_RUN = 3
"""Consecutive samples at full scale that count as clipping; one or two may be a real peak."""
FACTS = (
    "reason", "note", "rate", "channels", "container", "codec", "announced_s", "decoded_s",
    "unannounced_s", "gain", "seconds", "level", "peak", "clipped", "dc", "floor", "bandwidth",
    "leading_silence_s", "trailing_silence_s", "silence_s", "channel_correlation",
    "channel_level_db", "channel_turns", "channels_differ", "streams", "default_stream",
)  # fmt: skip

Segment = tuple[str, float | None, float | None, str]
"""A file, start and end of the segment in seconds, and the channel."""
SUBJECTS = {"": "the decoder", "measuring": "the measurement"}
"""The component that an error at each step is attributed to."""


@dataclass(frozen=True, eq=False)
class Recording:
    """The facts of one utterance's recording; numbers are NaN if it cannot be used.

    Attributes
    ----------
    content : str
        Identity of the file's bytes and of the segment; empty where the file cannot be read.
    samples_hash : str
        Hash of the decoded samples without the digital silence around them.
    reason : str
        Why it cannot be used; empty if it can.
    note : str
        How decoding changed it (:class:`featser.audio.Signal`).
    rate, channels : float
        Sampling rate in Hz and number of channels of the file.
    container, codec : str
        Such as ``WAV`` and ``PCM_16``.
    announced_s, decoded_s, unannounced_s : float
        As in :class:`featser.audio.Facts`; ``announced_s`` is NaN where the header announces none.
    gain : float
        Factor that brings its peaks to full scale at its own rate; 1 if they are in range.
    seconds, level, peak : float
        Duration; RMS level between leading and trailing silence, in dB re full scale; largest
        absolute sample.
    clipped : float
        The share of samples in runs of three or more at full scale, in [0, 1].
    dc : float
        The mean sample, re full scale.
    floor, bandwidth : float
        As in :class:`featser.audit.measure.sketch.Sketch`.
    leading_silence_s, trailing_silence_s, silence_s : float
        Silence at the beginning, at the end, and in all: see :mod:`featser.audio.silence`.
    channel_correlation, channel_level_db, channel_turns, channels_differ : float and bool
        Differences between the averaged channels (:class:`featser.audio.channels
        .ChannelDifference`); NaN and False if there is one channel, or one was selected.
    streams, default_stream : float
        How many audio streams the file has, and which of them was read although none was chosen;
        the latter is NaN if there is one, or one was chosen.
    bands : ndarray of uint8, shape (n_frames, 16)
        The fingerprint, as in :class:`featser.audit.measure.sketch.Sketch`.
    """

    content: str = ""
    samples_hash: str = ""
    reason: str = ""
    note: str = ""
    rate: float = np.nan
    channels: float = np.nan
    container: str = ""
    codec: str = ""
    announced_s: float = np.nan
    decoded_s: float = np.nan
    unannounced_s: float = np.nan
    gain: float = np.nan
    seconds: float = np.nan
    level: float = np.nan
    peak: float = np.nan
    clipped: float = np.nan
    dc: float = np.nan
    floor: float = np.nan
    bandwidth: float = np.nan
    leading_silence_s: float = np.nan
    trailing_silence_s: float = np.nan
    silence_s: float = np.nan
    channel_correlation: float = np.nan
    channel_level_db: float = np.nan
    channel_turns: float = np.nan
    channels_differ: bool = False
    streams: float = np.nan
    default_stream: float = np.nan
    bands: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 16), np.uint8))


def examine(
    file: str,
    start: float | None = None,
    end: float | None = None,
    channel: str = MIX,
    begin: Step = unobserved,
) -> Recording:
    """Measure the facts of one recording.

    Parameters
    ----------
    file : str
        The recording.
    start, end : float, optional
        Start and end of the segment in seconds.
    channel : str
        The channel: see :mod:`featser.audio.channels`.
    begin : callable
        Called before each step.

    Returns
    -------
    Recording
        With a reason if it cannot be used; no exception is raised.
    """
    step = ""
    begin(step, 0.0)
    try:
        signal = decode(file, start, end, channel)
        step = "measuring"
        begin(step, signal.seconds)
        return _described(signal, sketch(signal))
    except UnusableAudio as error:
        return Recording(content=_content(file, start, end, channel), reason=error.reason)
    except Exception as error:  # such as a recording that does not fit into the memory
        reason = f"{SUBJECTS[step]} {failed(error)}"
        return Recording(content=_content(file, start, end, channel), reason=reason)


def _content(file: str, start: float | None, end: float | None, channel: str) -> str:
    """Identify an unusable recording; empty if its bytes cannot be read either."""
    try:
        return f"{content_hash(file)}:{start}:{end}:{channel}"
    except UnusableAudio:
        return ""


def examine_all(
    segments: Sequence[Segment],
    jobs: int = -1,
    progress: Progress = silent,
    pool: WorkerPool | None = None,
) -> list[Recording]:
    """Examine many recordings in supervised workers.

    Parameters
    ----------
    segments : sequence of (file, start, end, channel)
        What to examine.
    jobs, progress
        As in :func:`featser.workers.mapping.map_tasks`.
    pool : WorkerPool, optional
        Workers that measure; by default a new pool, which is closed at the end.

    Returns
    -------
    list of Recording
        In the order of ``segments``. A recording that crashes or hangs the decoder has a reason,
        as any other unusable recording.
    """
    with nullcontext(pool) if pool else WorkerPool() as workers:
        outcomes = map_tasks(workers, _examine_segment, segments, jobs, CHUNK, progress)
    return [
        Recording(reason=outcome.reason(SUBJECTS[outcome.step]))
        if isinstance(outcome, Failure)
        else outcome
        for outcome in outcomes
    ]


def _examine_segment(segment: Segment, begin: Step) -> Recording:
    return examine(*segment, begin=begin)


def facts_table(recordings: Sequence[Recording], index: pd.Index[int]) -> pd.DataFrame:
    """Return the recordings' facts as a table: one row each, columns as :class:`Recording`'s."""
    import pandas as pd  # here: the workers need none

    rows = [[getattr(recording, name) for name in FACTS] for recording in recordings]
    return pd.DataFrame(rows, index=index, columns=list(FACTS))


def _described(signal: Signal, spectrum: Sketch) -> Recording:
    assert signal.facts is not None
    assert signal.place is not None
    facts = signal.facts
    _, start, end = signal.place
    samples = signal.samples
    silence = measure_silence(signal)
    return Recording(
        content=f"{facts.content}:{start}:{end}:{signal.channel}",
        samples_hash=_samples_hash(signal),
        note=signal.note,
        rate=float(signal.rate),
        channels=float(facts.channels),
        container=facts.container,
        codec=facts.codec,
        announced_s=np.nan if facts.announced_s is None else facts.announced_s,
        decoded_s=facts.decoded_s,
        unannounced_s=facts.unannounced_s,
        gain=peak_gain(samples),
        seconds=signal.seconds,
        level=level_between_silence(signal, silence),
        peak=float(max(samples.max(), -samples.min())),
        clipped=clipped_share(samples),
        dc=float(samples.mean(dtype=np.float64)),
        floor=spectrum.floor,
        bandwidth=spectrum.bandwidth,
        leading_silence_s=silence.leading_s,
        trailing_silence_s=silence.trailing_s,
        silence_s=silence.total_s,
        **_channel_facts(signal),
        streams=float(facts.streams),
        default_stream=np.nan if facts.stream is None else float(facts.stream),
        bands=spectrum.bands,
    )


def _channel_facts(signal: Signal) -> dict[str, Any]:
    difference = None if signal.facts is None else signal.facts.difference
    if difference is None:
        return {}
    return {
        "channel_correlation": difference.correlation,
        "channel_level_db": difference.level_db,
        "channel_turns": difference.turns,
        "channels_differ": difference.differs,
    }


def level_between_silence(signal: Signal, silence: Silence) -> float:
    """Return the RMS level in dB re full scale, without the silence that would lower it."""
    last = len(signal.samples) - round(silence.trailing_s * signal.rate)
    between = signal.samples[round(silence.leading_s * signal.rate) : last]
    samples = between if len(between) else signal.samples
    return 10 * float(np.log10(samples @ samples / len(samples) + 1e-30))


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


def _samples_hash(signal: Signal) -> str:
    """Hash the samples without the zeros around them."""
    loud = signal.samples != 0
    trimmed = signal.samples[loud.argmax() : len(loud) - loud[::-1].argmax()]
    digest = hashlib.sha256(str(signal.rate).encode())  # in the processor's own instructions
    digest.update(trimmed.tobytes())
    return digest.hexdigest()
