"""Files of labelled intervals that exist where new ones are to be written.

Hours of work of a person may be in them. So what a command writes for Praat and ELAN ends with a
comment that has a checksum of all before it: a file without the comment is somebody else's, and one
whose checksum differs was changed. Praat and ELAN leave the comment out when they save. Other
formats have no comments that all programs pass over, and their files are never replaced.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from featser.annotation.annotation_formats import BESIDE, AnnotationFormat, format_of
from featser.errors import InputError
from featser.io.location import is_local_file

_DIGITS = 16


def sign(path: Path, chosen: AnnotationFormat) -> None:
    """Append the comment by which :func:`refuse_foreign_file` recognises a file.

    Parameters
    ----------
    path : Path
        A file that has just been written.
    chosen : AnnotationFormat
        Its format; one without comments is left as it is.
    """
    if chosen.comment:
        text = path.read_bytes().rstrip() + b"\n"
        path.write_bytes(text + _signature(text, chosen))


def refuse_foreign_file(path: Path) -> None:
    """Refuse to replace a file of labelled intervals that no command of featser wrote.

    Tables (``.csv``, ``.parquet``) are results, and are not looked at.

    Parameters
    ----------
    path : Path
        What is to be written; it need not exist.

    Raises
    ------
    InputError
        If it exists, and no command wrote it, or it was edited since.
    """
    if path.suffix.lower() not in BESIDE or not is_local_file(path):
        return
    chosen = format_of(path)
    if chosen.comment and _is_signed(path, chosen):
        return
    why = (
        "exists, and is not as featser wrote it"
        if chosen.comment
        else f"exists, and {chosen.name} does not tell who wrote it"
    )
    raise InputError(f"'{path}' {why}: move it away, or name another file", "output")


def _is_signed(path: Path, chosen: AnnotationFormat) -> bool:
    text = path.read_bytes()
    length = len(_signature(b"", chosen))
    return text[-length:] == _signature(text[:-length], chosen)


def _signature(text: bytes, chosen: AnnotationFormat) -> bytes:
    checksum = hashlib.sha256(text).hexdigest()[:_DIGITS]
    return (chosen.comment.format(f"written by featser, checksum {checksum}") + "\n").encode()
