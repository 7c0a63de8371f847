"""The encoding of a text file that a spreadsheet or an editor wrote."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from featser.errors import ManifestError, shortened

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WINDOWS = "cp1252"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WORD = re.compile(r"\S*[^\x00-\x7f]\S*")
_CHUNK = 1 << 20


def text_encoding(path: Path, where: str) -> tuple[str, list[str]]:
    """Find out how a text file is encoded, and that all of it is.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        What errors call it.

    Returns
    -------
    encoding : str
        UTF-8, UTF-16 or UTF-32, with a byte-order mark or not; else Windows-1252, which contains
        the letters of Latin-1, if no byte contradicts it.
    notes : list of str
        A sentence if it is not certain.

    Raises
    ------
    ManifestError
        If the file is no text in one of these.
    OSError
        If it cannot be read.
    """
    encoding = _marked(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            while stream.read(_CHUNK):
                pass
    except UnicodeError as error:
        if encoding == "utf-8-sig":
            return _windows(path, where, error)
        raise ManifestError(
            f"{where}: not {encoding.upper()} text ({error}): save it as UTF-8"
        ) from error
    return encoding, []


def _marked(path: Path) -> str:
    """Return what the first bytes say: a byte-order mark, or a zero in each letter."""
    with path.open("rb") as stream:
        head = stream.read(4)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if len(head) == 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le"
    if len(head) == 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be"
    return "utf-8-sig"


def _windows(path: Path, where: str, error: UnicodeError) -> tuple[str, list[str]]:
    """Accept Windows-1252 where nothing contradicts it; damaged UTF-8 is refused."""
    content = path.read_bytes()
    refusal = ManifestError(f"{where}: not UTF-8 text ({error}): save it as UTF-8")
    if not content.decode("utf-8", errors="ignore").isascii():
        raise refusal from error
    try:
        text = content.decode(_WINDOWS)
    except UnicodeError:
        raise refusal from error
    word = _WORD.search(text)
    if _CONTROL.search(text) or word is None:
        raise refusal from error
    return _WINDOWS, [
        f"{where}: not UTF-8, so it was read as Windows-1252 (Latin-1), with words such as "
        f"'{shortened(word[0])}': if that is wrong, save the table as UTF-8"
    ]
