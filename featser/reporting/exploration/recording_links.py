"""Where a page finds a recording: a link to its place, or why there is none, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from featser.io.location import is_remote, local_path
from featser.io.nested_files import split_nested

PLAYED = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".webm")
"""Endings of formats that browsers play."""


@dataclass(frozen=True)
class RecordingLink:
    """A link for a player.

    Attributes
    ----------
    href : str
        Percent-encoded; relative to the page where the recording is beside or below the page's
        folder, else a ``file:`` URL. Empty where a page cannot play the recording.
    problem : str
        Why not, in a sentence; empty where it can.
    """

    href: str
    problem: str = ""


def recording_link(
    file: str, page_folder: Path, start: float = math.nan, end: float = math.nan
) -> RecordingLink:
    """Return the link to a recording, or to a segment of it.

    Parameters
    ----------
    file : str
        A path or a URL.
    page_folder : Path
        Where the page is.
    start, end : float
        Of the segment, in seconds; NaN for the beginning and the end of the file.

    Examples
    --------
    >>> recording_link("https://example.org/a.wav", Path("run")).problem
    'The recording is at a URL, which this page does not load. Use --embed-audio.'
    >>> import soundfile, numpy
    >>> soundfile.write("50 % #1.wav", numpy.zeros(1600), 16_000)
    >>> recording_link("50 % #1.wav", Path("run"), 0.25, 1.5).href
    '../50%20%25%20%231.wav#t=0.25,1.5'
    """
    if is_remote(file):
        return _problem("The recording is at a URL, which this page does not load.")
    if split_nested(file) is not None:
        return _problem("The recording is inside an archive or table, which browsers do not open.")
    path = local_path(file).absolute()
    if not path.is_file():
        return RecordingLink("", "The recording is no longer at its place.")
    if path.suffix.lower() not in PLAYED:
        return _problem(f"Browsers do not play {path.suffix or 'files without an ending'}.")
    return RecordingLink(_href(path, page_folder.absolute()) + _fragment(start, end))


def _problem(reason: str) -> RecordingLink:
    return RecordingLink("", f"{reason} Use --embed-audio.")


def _href(path: Path, folder: Path) -> str:
    for levels, above in enumerate([folder, folder.parent]):
        if path.is_relative_to(above):
            return "../" * levels + _quoted(path.relative_to(above))
    return f"file://{_quoted(path)}" if path.as_posix().startswith("/") else path.as_uri()


def _quoted(path: PurePath) -> str:
    """Encode each name of a path, also one that is not valid UTF-8; a colon is no scheme."""
    names = [name.encode("utf-8", "surrogateescape") for name in path.as_posix().split("/")]
    return "/".join(quote(name, safe="") for name in names)


def _fragment(start: float, end: float) -> str:
    """Return the media fragment of a segment, at which players begin and stop."""
    if math.isnan(start) and math.isnan(end):
        return ""
    first = 0.0 if math.isnan(start) else start
    return f"#t={first:.10g}" + ("" if math.isnan(end) else f",{end:.10g}")
