"""Files that are called recordings and hold something else: what it is, and what to do."""

from __future__ import annotations

import codecs

_ARCHIVE = "rename it to {0}, or unpack it"
_AGAIN = "download the recording again"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a pointer of Git LFS; run `git lfs pull` in its repository"),
    (b"/annex/objects/", "a pointer of git-annex; run `git annex get` in its repository"),
    (b"PK\x03\x04", f"a ZIP archive; {_ARCHIVE.format('.zip')}"),
    (b"\x1f\x8b", "a file that is compressed with gzip; unpack it, for example with `gunzip`"),
    (b"BZh", "a file that is compressed with bzip2; unpack it, for example with `bunzip2`"),
    (b"\xfd7zXZ\0", "a file that is compressed with xz; unpack it, for example with `unxz`"),
    (b"\x28\xb5\x2f\xfd", "a file that is compressed with zstd; unpack it with `unzstd`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it"),
    (b"PAR1", f"a Parquet table; {_ARCHIVE.format('.parquet')}"),
    (b"\x00\x05\x16\x07", "what macOS notes about a file (AppleDouble); use the file itself"),
    (b"%PDF-", f"a PDF document; {_AGAIN}"),
    (b"\x89PNG\r\n", f"a picture (PNG); {_AGAIN}"),
    (b"\xff\xd8\xff", f"a picture (JPEG); {_AGAIN}"),
    (b"MThd", "notes of music (MIDI); featser needs the sound"),
    (b"\x93NUMPY", "an array of NumPy; write its samples to a WAV file"),
    (b"UklGR", "a WAV file in Base64; decode it, for example with `base64 -d`"),
    (b"data:audio/", "a data URL; decode what follows its comma, for example with `base64 -d`"),
)
_PAGES = (b"<!doctype html", b"<html")
_SHORTEST_TEXT = 9
"""Letters; fewer bytes may be the beginning of a recording."""
_EMBEDDED = b",embedded-"
"""In SPHERE headers, what the samples are compressed with follows."""


def describe_content(head: bytes) -> str:
    """Return what a file is that is no recording, and what to do; empty if that is unknown.

    Parameters
    ----------
    head : bytes
        Its first bytes.

    Examples
    --------
    >>> describe_content(b"<!DOCTYPE html><html><body>Not found")
    'a web page (HTML); download the recording again'
    >>> describe_content(bytes([0, 200, 3]) * 100)
    ''
    """
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return what
    if head.lstrip().lower().startswith(_PAGES):
        return f"a web page (HTML); {_AGAIN}"
    if head[257:262] == b"ustar":
        return f"a TAR archive; {_ARCHIVE.format('.tar')}"
    if not any(head):
        return f"a file that begins with {len(head)} zero bytes; copy or {_AGAIN}"
    return f"a text; {_AGAIN}" if _is_text(head.removeprefix(codecs.BOM_UTF8)) else ""


def sphere_compression(head: bytes) -> str:
    """Return what a NIST SPHERE file is compressed with; empty if it is not.

    Parameters
    ----------
    head : bytes
        Its first bytes.

    Examples
    --------
    >>> sphere_compression(b"NIST_1A sample_coding -s26 pcm,embedded-shorten-v2.00")
    'shorten'
    """
    if not head.startswith(b"NIST_1A") or _EMBEDDED not in head:
        return ""
    name = head.partition(_EMBEDDED)[2].split(maxsplit=1)[:1]
    return name[0].split(b"-")[0].decode("ascii", "replace") if name else ""


def _is_text(head: bytes) -> bool:
    """Whether bytes are text in UTF-8, of which the last letter may be incomplete."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return len(text) >= _SHORTEST_TEXT and all(
        letter.isprintable() or letter in "\t\n\r\f" for letter in text
    )
