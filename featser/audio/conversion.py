"""Formats that libsndfile does not decode: who decodes them, and how to convert the others."""

from __future__ import annotations

import importlib.util
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath, PurePosixPath
from typing import NamedTuple

from featser.audio.headers.other_contents import describe_content, sphere_compression

MEDIA = {
    ".m4a": "MPEG-4 audio", ".m4b": "MPEG-4 audio", ".aac": "AAC", ".mp4": "MPEG-4",
    ".m4v": "MPEG-4", ".mov": "QuickTime", ".3gp": "3GP", ".3g2": "3GP", ".webm": "WebM",
    ".mka": "Matroska", ".mkv": "Matroska", ".wma": "Windows Media Audio",
    ".wmv": "Windows Media Video", ".amr": "AMR", ".awb": "AMR", ".spx": "Speex", ".ac3": "AC-3",
    ".ape": "Monkey's Audio", ".wv": "WavPack", ".avi": "AVI",
}  # fmt: skip
"""What PyAV decodes and libsndfile does not, by the ending of the name, in lower case."""

CONVERTIBLE = {
    **MEDIA, ".dss": "DSS", ".ds2": "DSS", ".mpc": "Musepack", ".flv": "Flash Video",
    ".mpg": "MPEG video", ".mpeg": "MPEG video", ".mts": "MPEG video", ".m2ts": "MPEG video",
    ".vob": "MPEG video", ".tta": "True Audio", ".rm": "RealMedia", ".ra": "RealMedia",
    ".shn": "Shorten",
}  # fmt: skip
"""What libsndfile does not decode, by the ending of the name."""

NOT_RECOGNISED = "Format not recognised."
"""What libsndfile says of a file whose container it does not know."""

INSTALL = "pip install 'featser[media]'"


class Format(NamedTuple):
    """A format that libsndfile does not decode.

    Attributes
    ----------
    name : str
        As people call it.
    demuxer : str
        What FFmpeg calls it; empty where it is not read.
    """

    name: str
    demuxer: str = ""


_MATROSKA, _MPEG4 = Format("Matroska or WebM", "matroska"), Format("MPEG-4 (M4A, MP4, 3GP)", "mov")
_QUICKTIME, _AAC = Format("QuickTime", "mov"), Format("AAC", "aac")
_MPEG = Format("MPEG video")
_SIGNATURES: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\x1aE\xdf\xa3", _MATROSKA),
    (4, b"ftyp", _MPEG4),
    (4, b"moov", _QUICKTIME),
    (4, b"wide", _QUICKTIME),
    (4, b"mdat", _QUICKTIME),
    (4, b"free", _QUICKTIME),
    (4, b"skip", _QUICKTIME),
    (4, b"pnot", _QUICKTIME),
    (0, b"caff", Format("CAF", "caf")),
    (0, b"0&\xb2u\x8ef\xcf\x11", Format("Windows Media Audio", "asf")),
    (0, b"#!AMR", Format("AMR", "amr")),
    (28, b"Speex   ", Format("Speex", "ogg")),
    (0, b"OggS", Format("Ogg", "ogg")),
    (8, b"AVI LIST", Format("AVI", "avi")),
    (0, b"MAC ", Format("Monkey's Audio", "ape")),
    (0, b"wvpk", Format("WavPack", "wv")),
    (0, b"\x0b\x77", Format("AC-3", "ac3")),
    (0, b"FLV\x01", Format("Flash Video")),
    (0, b"\0\0\x01\xba", _MPEG),
    (0, b"TTA1", Format("True Audio")),
    (0, b".RMF", Format("RealMedia")),
    (0, b"ajkg", Format("Shorten")),
    (0, b"\x02dss", Format("DSS")),
    (0, b"\x03ds2", Format("DSS")),
    (0, b"MP+", Format("Musepack")),
    (0, b"MPCK", Format("Musepack")),
    (0, b"\xff\xf1", _AAC),
    (0, b"\xff\xf9", _AAC),
    (0, b"\xff\xf0", _AAC),
    (0, b"\xff\xf8", _AAC),
)
_PACKET = 188
"""Bytes of a packet of an MPEG transport stream, which begins with a G."""


def is_media_installed() -> bool:
    """Return whether PyAV is installed, which decodes the formats :data:`MEDIA`."""
    return importlib.util.find_spec("av") is not None


def format_of(head: bytes) -> Format | None:
    """Return the format of a file that libsndfile does not decode; None where it is unknown.

    Parameters
    ----------
    head : bytes
        Its first bytes.

    Examples
    --------
    >>> format_of(b"#!AMR-WB").name
    'AMR'
    """
    for at, signature, kind in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return kind
    packets = head[: 4 * _PACKET : _PACKET]
    return _MPEG if packets == b"GGGG" else None


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


def sphere_command(name: str) -> str:
    """Return the command that makes a WAV file of a compressed SPHERE file.

    Parameters
    ----------
    name : str
        The name of the file, or a path.

    Examples
    --------
    >>> sphere_command("a.sph")
    'sph2pipe -f wav a.sph a.wav'
    """
    target = PurePosixPath(name).with_suffix(".wav").as_posix()
    return f"sph2pipe -f wav {shlex.quote(name)} {shlex.quote(target)}"


def unread_note(files: Sequence[PurePath], with_media: bool) -> str:
    """Say how many files are in formats that are not read, which these are, and what to do.

    Parameters
    ----------
    files : sequence of path
        At least one, each with one of the endings :data:`CONVERTIBLE`.
    with_media : bool
        Whether PyAV would read them.

    Examples
    --------
    >>> unread_note([PurePosixPath("r3.dss")], with_media=False)
    '1 file is left out because its format is not supported: 1 DSS (.dss); convert it, for \
example with `ffmpeg -i r3.dss r3.wav`'
    >>> unread_note([PurePosixPath("r3.aac")], with_media=True)
    "1 file is left out because its format needs PyAV: 1 AAC (.aac); install it with `pip install \
'featser[media]'`, or convert the file, for example with `ffmpeg -i r3.aac r3.wav`"
    """
    endings = Counter(file.suffix.lower() for file in files)
    kinds = ", ".join(
        f"{count} {CONVERTIBLE[ending]} ({ending})" for ending, count in sorted(endings.items())
    )
    is_one = len(files) == 1
    subject = "1 file is" if is_one else f"{len(files)} files are"
    their = "its" if is_one else "their"
    command = f"for example with `{conversion_command(files[0].as_posix())}`"
    if with_media:
        them = "the file" if is_one else "the files"
        return (
            f"{subject} left out because {their} format needs PyAV: {kinds}; install it with "
            f"`{INSTALL}`, or convert {them}, {command}"
        )
    return (
        f"{subject} left out because {their} format is not supported: {kinds}; convert "
        f"{'it' if is_one else 'them'}, {command}"
    )


def undecodable_reason(name: str, kind: Format | None, head: bytes, error: str) -> str:
    """Say why a file is not decoded, and what would help.

    Parameters
    ----------
    name : str
        The name of the file.
    kind : Format or None
        From :func:`format_of`.
    head : bytes
        Its first bytes.
    error : str
        What libsndfile says.

    Examples
    --------
    >>> undecodable_reason("a.m4a", format_of(b"    ftypM4A "), b"", "")
    "MPEG-4 (M4A, MP4, 3GP) needs PyAV: pip install 'featser[media]'; or convert it, for example \
with `ffmpeg -i a.m4a a.wav`"
    """
    if kind is None:
        if compression := sphere_compression(head):
            return (
                f"a SPHERE file compressed with {compression}: convert it, for example with "
                f"`{sphere_command(name)}`"
            )
        what = describe_content(head) if error == NOT_RECOGNISED else ""
        return f"cannot be decoded as audio: {f'it is {what}' if what else error}"
    command = f"for example with `{conversion_command(name)}`"
    if not kind.demuxer:
        return f"unsupported format: {kind.name}; convert it, {command}"
    return f"{kind.name} needs PyAV: {INSTALL}; or convert it, {command}"
