"""Recordings of a queue as WAV files: every browser plays them, segments are cut."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from featser.audio import decode
from featser.audio.channels import MIX
from featser.audio.decoding import announced_seconds
from featser.audio.signal import peak_gain
from featser.errors import UnusableAudio
from featser.serve.annotating.queue_jobs import QueueJob
from featser.workers.task import Step

CODED = "PCM_16"


def recording(job: QueueJob, begin: Step) -> bytes:
    """Decode a recording of the queue, as a WAV file that every browser plays."""
    [queued] = job.clips
    clip, most = queued.clip, float(job.options["seconds"])
    seconds = _length_s(queued.file, clip.start, clip.end)
    if seconds is not None and seconds > most:
        raise UnusableAudio(
            queued.name,
            f"{queued.name}: {seconds:.0f} s, longer than the limit of {most:g} s: give `start` "
            f"and `end` in the manifest, or raise --max-seconds",
        )
    begin("decoding", min(most, seconds or most))
    signal = decode(queued.file, clip.start, clip.end, clip.channel or MIX)
    samples = np.asarray(signal.samples[: int(most * signal.rate)])
    stream = io.BytesIO()
    soundfile.write(stream, samples * peak_gain(samples), signal.rate, CODED, format="WAV")
    return stream.getvalue()


def _length_s(file: str, start: float | None, end: float | None) -> float | None:
    """Return how long a recording, or a part of one, is at most; None where it is not announced."""
    if end is not None:
        return end - (start or 0.0)
    announced = announced_seconds(file)
    return None if announced is None else announced - (start or 0.0)
