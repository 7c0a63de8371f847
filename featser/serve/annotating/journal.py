"""The journal of annotations: one line of JSON for each click, on the disk before it is confirmed.

The file only grows. Its first line says what it is; every other line is a click, with the rater,
the recording, the label and the value, or the undoing of one. Lines are numbered without gaps, so
that a lost or foreign line is noticed. A crash can leave a last line without its end; this one was
never confirmed, and is cut off when the journal is opened again.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from featser.errors import AnnotationError, FeatserError, InputError, shortened
from featser.io.atomic_write import output_errors
from featser.io.file_format import FileFormat
from featser.io.lock import exclusive, is_named
from featser.serve.annotating.votes import Clip, Entry, Votes

FORMAT = FileFormat("annotations", 1)
_FIXES = {
    errno.ENOSPC: "free space on this disk",
    errno.EDQUOT: "free space in the quota of the user who started the server",
    errno.EFBIG: "raise the limit on the size of files (`prlimit --fsize`)",
}
_RESTART = "check the disk, start the server again"


class JournalInUse(FeatserError):  # noqa: N818  # named as what it is
    """A journal that another server writes."""

    exit_code = 1


class NotSavedError(AnnotationError):
    """A click that is not in the journal, because the file cannot be written.

    Parameters
    ----------
    path : Path
        The journal.
    why : str
        What happened to it.
    fix : str
        What to do before the click is repeated.

    Examples
    --------
    >>> raise NotSavedError(Path("votes.jsonl"), "No space left on device", "free space")
    Traceback (most recent call last):
    ...
    featser.serve.annotating.journal.NotSavedError: this click is not saved: votes.jsonl cannot...
    """

    def __init__(self, path: Path, why: str, fix: str) -> None:
        super().__init__(
            f"this click is not saved: {path} cannot be written ({why}). Earlier clicks are "
            f"saved. To save this one, {fix}, and then try again"
        )


class Journal:
    """A journal that is open for writing; :func:`open_journal` makes it.

    Parameters
    ----------
    path : Path
        The file.
    stream : FileIO
        The file, opened for reading and writing, without a buffer.

    Attributes
    ----------
    votes : Votes
        What all entries together give.
    notes : list of str
        What was repaired when it was opened.

    Raises
    ------
    AnnotationError
        If the file is no journal, or damaged.
    """

    def __init__(self, path: Path, stream: FileIO) -> None:
        self.path = path
        self.notes: list[str] = []
        self._stream = stream
        self._lock = threading.Lock()
        self._requests: dict[str, Entry] = {}
        self._failure = ""
        self.votes, self._size = _replayed(path, stream.read(), self._requests)
        self._cut_torn_line()

    def click(self, request: str, rater: str, clip: Clip, label: str, value: str) -> Entry:
        """Record a value; it is on the disk when this returns.

        Parameters
        ----------
        request : str
            The client's own name of this click. One that was recorded already is not recorded
            again, so that a client may repeat a request whose answer was lost.
        rater, label, value : str
            Who says what; an empty value says that the label cannot be given.
        clip : Clip
            Of which recording.

        Raises
        ------
        InputError
            If another click has this name, or another rater's name differs in case alone.
        NotSavedError
            If it cannot be written. Then nothing is recorded.
        """
        with self._lock:
            repeated = self._repeated(request, rater, (clip, label, value))
            if repeated is not None:
                return repeated
            self.votes.check_rater(rater)
            entry = Entry(self.votes.n_entries + 1, request, rater, clip, label, value)
            return self._recorded(entry)

    def undo(self, request: str, rater: str) -> Entry | None:
        """Undo the rater's latest click that is not undone; None if there is none."""
        with self._lock:
            repeated = self._repeated(request, rater, None)
            if repeated is not None:
                return repeated
            latest = self.votes.latest(rater)
            if latest is None:
                return None
            entry = Entry(
                self.votes.n_entries + 1,
                request,
                rater,
                latest.clip,
                latest.label,
                undoes=latest.number,
            )
            return self._recorded(entry)

    def _repeated(
        self, request: str, rater: str, value: tuple[Clip, str, str] | None
    ) -> Entry | None:
        """Return what was recorded under a name; that of another click is refused.

        Answering it would confirm a click that is not recorded, and show another rater's value.
        """
        earlier = self._requests.get(request)
        if earlier is None:
            return None
        recorded = None if earlier.undoes else (earlier.clip, earlier.label, earlier.value)
        if (earlier.rater, recorded) != (rater, value):
            raise InputError("another click has this name: give each click its own", "request")
        return earlier

    def _recorded(self, entry: Entry) -> Entry:
        line = _line(_fields(entry))
        if not self.votes.n_entries and not self._size:
            line = _line(FORMAT.header) + line
        self._append(line)
        self.votes.apply(entry)
        self._requests[entry.request] = entry
        return entry

    def _append(self, data: bytes) -> None:
        """Append to the file and wait for the disk; what fails half-way is cut off again."""
        if self._failure:
            raise NotSavedError(self.path, self._failure, _RESTART)
        if not is_named(self._stream.fileno(), self.path):
            why = "it was moved, deleted or replaced"
            raise NotSavedError(self.path, why, "put it back, or start the server again")
        try:
            self._stream.seek(self._size)
            _write_all(self._stream, data)
            os.fsync(self._stream.fileno())
        except OSError as error:
            self._take_back(error)
            fix = _RESTART if self._failure else _FIXES.get(error.errno or 0, "check the disk")
            raise NotSavedError(self.path, _reason(error), fix) from error
        self._size += len(data)

    def _take_back(self, cause: OSError) -> None:
        """Cut off a line that was not written whole; after an error of the disk write no more."""
        try:
            self._stream.truncate(self._size)
            if cause.errno != errno.EIO:
                return
        except OSError:
            pass  # said below: what is on the disk is not certain
        self._failure = (
            f"since {_reason(cause)} at an earlier click it is not certain what is on the disk"
        )

    def _cut_torn_line(self) -> None:
        end = self._stream.seek(0, os.SEEK_END)
        if end == self._size:
            return
        self._stream.truncate(self._size)
        os.fsync(self._stream.fileno())
        self.notes.append(
            f"{self.path}: the last line was not whole, after a crash, and was cut off "
            f"({end - self._size} bytes); it was never confirmed"
        )


@contextmanager
def open_journal(path: str | Path) -> Iterator[Journal]:
    """Open a journal for writing, or begin one; one process can have it open.

    Parameters
    ----------
    path : str or Path
        The file. If nothing was recorded at the end of the block it is removed.

    Raises
    ------
    JournalInUse
        If another process has it open.
    AnnotationError
        If the file is no journal, or damaged.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> from featser.serve.annotating.votes import Clip
    >>> with open_journal("votes.jsonl") as journal:
    ...     journal.click("1", "anna", Clip("a.wav"), "emotion", "sad").number
    1
    """
    path = Path(path)
    with output_errors(path):
        try:
            with (
                exclusive(path, wait=False) as is_locked,
                path.open("r+b", buffering=0) as stream,
            ):
                _sync_folder(path.parent)
                journal = Journal(path, stream)
                if not is_locked:
                    journal.notes.append(
                        f"{path}: this file system has no locks: do not start a second server on it"
                    )
                yield journal
                if not journal.votes.n_entries and is_named(stream.fileno(), path):
                    path.unlink()
        except BlockingIOError as error:
            raise JournalInUse(
                f"{path}: another `featser serve` writes these annotations: use its page, or stop "
                f"it first"
            ) from error


def read_journal(path: str | Path) -> Votes:
    """Read the annotations of a journal, also while a server writes it.

    Raises
    ------
    AnnotationError
        If there is no such file, or it is no journal, or damaged.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror or error}") from error
    return _replayed(path, data, {})[0]


def _replayed(path: Path, data: bytes, requests: dict[str, Entry]) -> tuple[Votes, int]:
    """Return the votes of a journal, and how many bytes its whole lines have."""
    votes = Votes()
    size = data.rfind(b"\n") + 1
    for number, line in enumerate(data[:size].split(b"\n")[:-1]):
        where = f"{path}: line {number + 1}"
        content = _object(line, where)
        if number == 0:
            _check_header(content, where)
            continue
        try:
            entry = _entry(content)
            votes.apply(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(where, f"{type(error).__name__}: {error}") from error
        requests[entry.request] = entry
    return votes, size


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _damaged(where, str(error)) from error
    if not isinstance(content, dict):
        raise _damaged(where, "no object")
    return content


def _check_header(content: dict[str, Any], where: str) -> None:
    if "kind" not in content:
        raise _damaged(where, "it does not say that this file holds annotations")
    try:
        FORMAT.number_of(content)
    except ValueError as error:
        raise AnnotationError(f"{where}: {error}") from error


def _damaged(where: str, why: str) -> AnnotationError:
    return AnnotationError(
        f"{where}: this is no line of a journal of annotations ({shortened(why)}): restore the "
        f"file from a copy, or move it away to begin a new one"
    )


def _fields(entry: Entry) -> dict[str, Any]:
    """Return an entry as its line has it."""
    fields: dict[str, Any] = {
        "number": entry.number,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request": entry.request,
        "rater": entry.rater,
        **{name: value for name, value in vars(entry.clip).items() if value not in (None, "")},
        "label": entry.label,
    }
    return {**fields, **({"undoes": entry.undoes} if entry.undoes else {"value": entry.value})}


def _entry(content: dict[str, Any]) -> Entry:
    """Return the entry of a line.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a field is missing, or of another type.
    """
    texts = [content[name] for name in ("request", "rater", "file", "label")]
    texts += [content.get("channel", ""), content.get("value", "")]
    times = [content.get("start"), content.get("end")]
    numbers = [content["number"], content.get("undoes", 0)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a field that should be text is none")
    if not all(time is None or type(time) in (int, float) for time in times):
        raise TypeError("start and end are no numbers")
    if not all(type(number) is int for number in numbers):
        raise TypeError("number and undoes are no integers")
    request, rater, file, label, channel, value = texts
    start, end = (None if time is None else float(time) for time in times)
    clip = Clip(file, start, end, channel)
    return Entry(numbers[0], request, rater, clip, label, value, numbers[1])


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _write_all(stream: FileIO, data: bytes) -> None:
    """Write data; where the disk takes a part of it only, the next attempt says why."""
    while data:
        data = data[stream.write(data) :]


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode("ascii") + b"\n"


def _sync_folder(folder: Path) -> None:
    """Wait until the name of a new file is on the disk."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
