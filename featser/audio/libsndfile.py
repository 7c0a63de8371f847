"""Reading with libsndfile, whatever number of samples it expects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from featser.audio.conversion import NOT_RECOGNISED
from featser.audio.headers.riff import is_length_marker
from featser.audio.open_sound import SoundError

BLOCK_VALUES = 1 << 20
"""Values, of all channels, that are read at a time: memory grows with what is decoded."""
_UNKNOWN_FRAMES = 1 << 62
"""FLAC files of unknown length are given the largest number there is."""
_LENGTHS = re.compile(
    r"^\s*(?:SSND|BODY|Data Size|riff)\s*:\s*(0x[0-9A-Fa-f]+|\d+) \(should be (\d+)\)", re.MULTILINE
)
_FRAMES = re.compile(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)")
_SHORT = re.compile(r"Warning : short read|File seems to be truncated")
_NIST_FRAMES = re.compile(rb"\bsample_count -i (\d+)")
_QUIET = RLock()
_MEANINGS = {
    "File does not exist or is not a regular file (possibly a pipe?).": NOT_RECOGNISED,
    "Internal error : SF_INFO struct incomplete.": (
        "its header states no valid sampling rate, number of channels or length"
    ),
    "Unspecified internal error.": "the decoder failed",
}
"""What libsndfile's errors mean that say something else."""


def meaning(error: soundfile.LibsndfileError) -> str:
    """Return what an error of libsndfile says about a file."""
    text = str(error.error_string)
    return _MEANINGS.get(text, text)


class Sound(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """An open recording that is read from the front to the back.

    Parameters
    ----------
    stream : file
        The bytes.
    is_quiet : bool
        Whether what libsndfile's libraries print is left out.
    """

    def __init__(self, stream: Any, *, is_quiet: bool = False) -> None:
        self._printing = _without_messages if is_quiet else nullcontext
        with self._printing():
            super().__init__(stream)
        match = int(self.frames)
        self.n_frames: int | None = match if 0 <= match < _UNKNOWN_FRAMES else None
        self.n_streams, self.number = 1, 1

    def seekable(self) -> bool:
        """Return False: reading then asks for no position, which not all formats can tell."""
        return False

    def begin_at(self, frame: int) -> None:
        """Let the next frame that is read be this one, counted from the beginning."""
        if not frame:
            return
        if str(self.subtype).startswith("MPEG"):  # it complains of the frames that it lacks
            self._printing = _without_messages
        try:
            with self._printing():
                self.seek(frame)
        except soundfile.LibsndfileError:
            self._blocks(frame)

    def read_frames(self, count: int | None) -> NDArray[np.float32]:
        """Read so many frames, or as many as there are.

        Parameters
        ----------
        count : int or None
            How many to read at most; all that follow if None.

        Returns
        -------
        ndarray of float32, shape (n_frames, n_channels)
            Fewer than ``count`` where the data end before.
        """
        blocks = self._blocks(count)
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def truncation(self, head: bytes) -> str:
        """Return what the header says that the file does not hold; empty if it holds all.

        Parameters
        ----------
        head : bytes
            The beginning of the file.
        """
        log = self.extra_info
        lengths = _LENGTHS.search(log)
        if lengths is not None:
            announced, held = int(lengths[1], 0), int(lengths[2])
            if announced > held and not is_length_marker(announced):
                return f"its header states {announced} bytes, the file has {held}"
        frames = _FRAMES.search(log)
        match = (int(frames[2]), int(frames[1])) if frames else self._nist_frames(head)
        if match[0] > match[1]:
            return f"its header states {match[0]} samples, the file has {match[1]}"
        return "blocks are missing" if _SHORT.search(log) else ""

    def _nist_frames(self, head: bytes) -> tuple[int, int]:
        match = _NIST_FRAMES.search(head[:1024]) if self.format == "NIST" else None
        return (int(match[1]), int(self.frames)) if match else (0, 0)

    def _blocks(self, count: int | None) -> list[NDArray[np.float32]]:
        blocks = []
        most = max(1, BLOCK_VALUES // self.channels)
        left = count
        while True:
            size = most if left is None else min(left, most)
            try:
                with self._printing():
                    block: NDArray[np.float32] = self.read(size, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise SoundError(f"truncated or damaged: {meaning(error)}") from error
            blocks.append(block)
            if left is not None:
                left -= len(block)
            if len(block) < size or left == 0:
                return blocks


@contextmanager
def _without_messages() -> Iterator[None]:
    """Leave out what C libraries print: libmpg123 comments on bytes, and after each search.

    What other threads write to the standard error in this time is left out as well.
    """
    with _QUIET:
        try:
            printed_to = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nothing:
                os.dup2(nothing.fileno(), 2)
            yield
        finally:
            os.dup2(printed_to, 2)
            os.close(printed_to)
