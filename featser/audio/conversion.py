"""Formats that libsndfile does not decode: how they are recognised, and how to convert them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath, PurePosixPath

CONVERTIBLE = {
    ".3gp": "3GP", ".aac": "AAC", ".ac3": "AC-3", ".amr": "AMR", ".ape": "Monkey's Audio",
    ".dss": "DSS", ".m4a": "MPEG-4 audio", ".m4b": "MPEG-4 audio", ".mka": "Matroska",
    ".mkv": "Matroska", ".mov": "QuickTime", ".mp4": "MPEG-4", ".mpc": "Musepack",
    ".spx": "Speex", ".webm": "WebM", ".wma": "Windows Media Audio", ".wv": "WavPack",
}  # fmt: skip
"""What recordings are called that must be converted first, by the ending of their names."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (4, b"ftyp", "MPEG-4 (M4A, MP4, 3GP)"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "Windows Media Audio"),
    (0, b"#!AMR", "AMR"),
    (28, b"Speex   ", "Speex"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"wvpk", "WavPack"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"\xff\xf0", "AAC"),
    (0, b"\xff\xf8", "AAC"),
)


def conversion_command(name: str) -> str:
    """Return the command that makes a WAV file of a recording.

    Parameters
    ----------
    name : str
        The name of the file, or a path.

    Examples
    --------
    >>> conversion_command("r3.aac")
    'ffmpeg -i r3.aac r3.wav'
    """
    target = PurePosixPath(name).with_suffix(".wav").as_posix()
    return f"ffmpeg -i {shlex.quote(name)} {shlex.quote(target)}"


def conversion_note(files: Sequence[PurePath]) -> str:
    """Say how many files are in formats that are not decoded, which these are, and what to do.

    Parameters
    ----------
    files : sequence of path
        At least one, each with one of the endings :data:`CONVERTIBLE`.

    Examples
    --------
    >>> conversion_note([PurePosixPath("r3.aac")])
    '1 file is left out because its format is not supported: 1 AAC (.aac); convert it, for \
example with `ffmpeg -i r3.aac r3.wav`'
    """
    endings = Counter(file.suffix.lower() for file in files)
    kinds = ", ".join(
        f"{count} {CONVERTIBLE[ending]} ({ending})" for ending, count in sorted(endings.items())
    )
    them, their = ("it", "its") if len(files) == 1 else ("them", "their")
    subject = "1 file is" if len(files) == 1 else f"{len(files)} files are"
    command = conversion_command(files[0].as_posix())
    return (
        f"{subject} left out because {their} format is not supported: {kinds}; convert {them}, for "
        f"example with `{command}`"
    )


def undecodable_reason(name: str, head: bytes, error: str) -> str:
    """Say why libsndfile does not open a file, and how to convert it if that would help.

    Parameters
    ----------
    name : str
        The name of the file.
    head : bytes
        Its first bytes.
    error : str
        What libsndfile says.
    """
    for at, signature, kind in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return (
                f"unsupported format: {kind}, which libsndfile does not read; convert it, for "
                f"example with `{conversion_command(name)}`"
            )
    return f"cannot be decoded as audio: {error}"
