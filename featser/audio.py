"""From any audio file to mono float32 samples, or the reason why not.

A recording is decoded by its content, whatever its name ends with; averaged to mono, or, where its
channels cancel each other, reduced to the loudest one; resampled with soxr's high-quality filter;
and its peaks are kept inside [−1, 32767/32768] by scaling the whole recording, since 16-bit
consumers (openSMILE among them) would wrap a sample of +1.0 to −1.0.
A recording that cannot be used raises :class:`~featser.errors.UnusableAudio`: featser never
replaces sound by zeros.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import UnusableAudio
from featser.location import is_remote, local_path
from featser.remote.copies import at_hand, hash_of

if TYPE_CHECKING:
    import soundfile

RATE = 16_000
"""The sampling rate, in Hz, at which features are computed unless an extractor says otherwise."""

DECODER_VERSION = 1
"""Raised whenever a change here changes the samples of some recording; enters fingerprints."""

MIN_SECONDS = 0.1
MIN_RATE = 4_000
PEAK = 32767 / 32768
TOLERATED_LOSS_SECONDS = 0.01
CANCELLED = 0.1
"""An average of channels whose RMS is below this share of the loudest channel's has lost the sound:
uncorrelated channels keep 1/√2 of it, and one live channel of two keeps half."""
_UNKNOWN_LENGTHS = (0, 0x7FFFFFFF, 0xFFFFFFFF)
_WAV_LENGTH = re.compile(r"^\s*data\s*:\s*(0x[0-9A-Fa-f]+|\d+) \(should be (\d+)\)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Signal:
    """Mono samples with their rate.

    Parameters
    ----------
    samples : ndarray of float32, shape (n,)
        The waveform, inside [−1, 32767/32768] when made by :func:`read_audio`.
    rate : int
        Samples per second.
    gain : float
        What the recording was multiplied by to keep its peaks in range; 1 if it needed nothing.
    note : str
        What else was done that the user should know; empty if nothing was.
    place : tuple or None
        File, start and end, as :func:`decode` was given them, of what these samples are all of;
        None for a part, an augmented copy, and samples that come from no file.
    """

    samples: NDArray[np.float32]
    rate: int
    gain: float = 1.0
    note: str = ""
    place: tuple[str, float | None, float | None] | None = None

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate

    def cut(self, offset: float, duration: float | None = None) -> Signal:
        """Return the part that begins at ``offset`` and lasts ``duration`` at most, in seconds.

        It may be shorter than ``duration``, even empty, where the signal ends before.
        """
        first = int(offset * self.rate)
        last = None if duration is None else first + int(duration * self.rate)
        return Signal(self.samples[first:last], self.rate, self.gain, self.note)

    def resampled(self, rate: int) -> Signal:
        """Return the signal at another rate, its peaks inside [−1, 32767/32768].

        Parameters
        ----------
        rate : int
            Samples per second.

        Returns
        -------
        Signal
            Resampled by soxr's HQ filter where the rate differs, and scaled where it overshoots.
        """
        samples = self.samples
        if rate != self.rate:
            import soxr

            samples = soxr.resample(samples, self.rate, rate, quality="HQ")
        gain = _peak_gain(samples)
        if gain < 1:
            samples = samples * np.float32(gain)
        kept = np.ascontiguousarray(samples, dtype=np.float32)
        return Signal(kept, rate, self.gain * gain, self.note, self.place)


def read_audio(
    file: str | Path,
    rate: int = RATE,
    start: float | None = None,
    end: float | None = None,
) -> Signal:
    """Read a recording, or a part of one, as mono float32 at a given rate.

    Parameters
    ----------
    file : str or Path
        Any file that libsndfile decodes: WAV, FLAC, OGG, MP3, AIFF and others. A URL such as
        ``https://…`` or ``s3://bucket/key`` is read where it is (extra ``remote``).
    rate : int
        Samples per second of the result.
    start, end : float, optional
        The part to read, in seconds; from the beginning and to the end when omitted.

    Returns
    -------
    Signal
        The samples.

    Raises
    ------
    UnusableAudio
        If the file is missing, unreadable, not audio, truncated, empty, shorter than 100 ms,
        silent, holds NaN or infinite samples, or has a sampling rate below 4 kHz; if a URL
        cannot be reached.
    FeatserError
        If the packages that read a URL are not installed.

    Examples
    --------
    >>> signal = read_audio("03-01-05-02-01-01-12.wav")  # doctest: +SKIP
    >>> signal.samples.dtype, signal.rate  # doctest: +SKIP
    (dtype('float32'), 16000)
    """
    return decode(file, start, end).resampled(rate)


def decode(file: str | Path, start: float | None = None, end: float | None = None) -> Signal:
    """Read a recording, or a part of one, as mono float32 at its own rate.

    The same as :func:`read_audio` but for the resampling and the scaling of peaks.
    """
    with at_hand(file) as path:
        _refuse_non_files(path)
        samples, rate = _read(path, start, end)
        mono, note = _mono(samples)
        _refuse_unusable_samples(path, mono, rate, samples.shape[1])
        return Signal(mono, rate, note=note, place=(str(file), start, end))


def content_hash(file: str | Path) -> str:
    """Return the identity of a recording: a 128-bit hash of the file's bytes, in hexadecimal.

    Raises
    ------
    UnusableAudio
        If the file cannot be read.
    """
    return hash_of(str(file), _hash_file) if is_remote(file) else _hash_file(local_path(file))


def _hash_file(path: Path) -> str:
    _refuse_non_files(path)
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16))
    except OSError as error:
        raise UnusableAudio(path, _os_reason(error)) from error
    return digest.hexdigest()


def _mono(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], str]:
    """Average the channels; take the loudest where the average cancels it, and say so."""
    if samples.shape[1] == 1 or not len(samples):
        return samples[:, 0], ""
    mean = samples.mean(axis=1)
    powers = np.mean(np.square(samples, dtype=np.float64), axis=0)
    loudest = int(np.argmax(powers))
    if not np.mean(np.square(mean, dtype=np.float64)) < CANCELLED**2 * powers[loudest]:
        return mean, ""
    note = (
        f"averaging its {samples.shape[1]} channels cancels the sound: "
        f"channel {loudest + 1}, the loudest, is used alone"
    )
    return np.ascontiguousarray(samples[:, loudest]), note


def _refuse_non_files(path: Path) -> None:
    if path.is_dir():
        raise UnusableAudio(path, "a folder, not a recording")
    if not path.exists():
        raise UnusableAudio(path, "no such file")
    if not path.is_file():
        raise UnusableAudio(path, "not a regular file")
    if path.stat().st_size == 0:
        raise UnusableAudio(path, "empty file (0 bytes)")


def _os_reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _read(path: Path, start: float | None, end: float | None) -> tuple[NDArray[np.float32], int]:
    import soundfile

    try:
        # A descriptor, not a name: libsndfile then goes by the content alone.
        with (
            path.open("rb", buffering=0) as stream,
            soundfile.SoundFile(stream.fileno(), closefd=False) as sound,
        ):
            first, count = _span(path, sound, start, end)
            _refuse_short_header(path, sound)
            if first:
                sound.seek(first)
            samples = _decoded(path, sound, count)
            _refuse_truncated(path, sound, count, len(samples))
            return samples, sound.samplerate
    except soundfile.LibsndfileError as error:
        raise UnusableAudio(path, f"not decodable audio: {error.error_string}") from error
    except OSError as error:
        raise UnusableAudio(path, _os_reason(error)) from error


def _decoded(path: Path, sound: soundfile.SoundFile, count: int) -> NDArray[np.float32]:
    import soundfile

    try:
        samples: NDArray[np.float32] = sound.read(count, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise UnusableAudio(path, f"truncated or damaged: {error.error_string}") from error
    return samples


def _span(
    path: Path, sound: soundfile.SoundFile, start: float | None, end: float | None
) -> tuple[int, int]:
    """First frame and number of frames to read; −1 frames where the length is not known."""
    if sound.samplerate < MIN_RATE:
        raise UnusableAudio(
            path, f"sampling rate of {sound.samplerate} Hz: speech needs {MIN_RATE} Hz or more"
        )
    first = round((start or 0.0) * sound.samplerate)
    last = sound.frames if end is None else round(end * sound.samplerate)
    seconds = sound.frames / sound.samplerate
    if first < 0 or (sound.frames and (first >= sound.frames or last > sound.frames + 1)):
        raise UnusableAudio(
            path,
            f"the segment {start or 0:g}–{'end' if end is None else f'{end:g}'} s lies outside "
            f"the recording of {seconds:.3f} s",
        )
    if last <= first and end is not None:
        raise UnusableAudio(path, f"the segment {start or 0:g}–{end:g} s is empty")
    return first, max(0, min(last, sound.frames) - first)


def _refuse_short_header(path: Path, sound: Any) -> None:
    """Refuse a WAV whose header promises more data than the file holds.

    libsndfile reads what is there and only its log tells; a length of 0 or all ones is what
    programs that write to a pipe leave, and means "until the end".
    """
    found = _WAV_LENGTH.search(sound.extra_info)
    if found is None:
        return
    promised, held = int(found[1], 0), int(found[2])
    if promised in _UNKNOWN_LENGTHS or promised <= held or not held:
        return
    bytes_per_second = held / max(sound.frames, 1) * sound.samplerate
    if (promised - held) / bytes_per_second > TOLERATED_LOSS_SECONDS:
        raise UnusableAudio(
            path,
            f"truncated: its header promises {promised / bytes_per_second:.2f} s, "
            f"the file holds {held / bytes_per_second:.2f} s",
        )


def _refuse_truncated(path: Path, sound: Any, wanted: int, got: int) -> None:
    if (wanted - got) / sound.samplerate > TOLERATED_LOSS_SECONDS:
        raise UnusableAudio(
            path,
            f"truncated: decoding ended after {got / sound.samplerate:.2f} s "
            f"of {wanted / sound.samplerate:.2f} s",
        )


def _refuse_unusable_samples(
    path: Path, mono: NDArray[np.float32], rate: int, channels: int
) -> None:
    if len(mono) == 0:
        raise UnusableAudio(path, "holds no samples")
    finite = np.isfinite(mono)
    if not finite.all():
        bad = len(mono) - int(finite.sum())
        raise UnusableAudio(path, f"{bad} of {len(mono)} samples are NaN or infinite")
    if len(mono) < MIN_SECONDS * rate:
        raise UnusableAudio(
            path,
            f"too short: {1000 * len(mono) / rate:.0f} ms, {1000 * MIN_SECONDS:.0f} ms are needed",
        )
    if np.ptp(mono) < 1 / 32768:
        averaged = f" after averaging {channels} channels" if channels > 1 else ""
        raise UnusableAudio(path, f"silent{averaged}: every sample is about {mono[0]:.3g}")


def _peak_gain(samples: NDArray[np.float32]) -> float:
    high, low = float(samples.max()), float(samples.min())
    gain = 1.0
    if high > PEAK:
        gain = PEAK / high
    if low < -1:
        gain = min(gain, -1 / low)
    return gain
