"""Opening a recording with the library that decodes it: libsndfile, or else PyAV."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from featser.audio.conversion import Format, format_of, is_media_installed, undecodable_reason
from featser.audio.open_sound import OpenSound, SoundError, no_stream
from featser.audio.source import Source

if TYPE_CHECKING:
    from featser.audio.media import Media


def open_sound(
    name: str, source: Source, stream: Any, number: int | None
) -> tuple[Source, AbstractContextManager[OpenSound]]:
    """Open a recording.

    Parameters
    ----------
    name : str
        The name of the file.
    source : Source
        What is known of its bytes.
    stream : file
        The bytes.
    number : int, optional
        Which audio stream to read, from 1 on; the default one if omitted.

    Returns
    -------
    source : Source
        With the length that PyAV finds announced.
    sound : context manager
        The open recording.

    Raises
    ------
    SoundError
        If neither library opens it, or the stream does not exist.
    """
    import soundfile

    from featser.audio.libsndfile import Sound

    try:
        sound = Sound(stream)
    except soundfile.LibsndfileError as error:
        kind = format_of(source.head)
        if kind is None or not kind.demuxer or not is_media_installed():
            reason = undecodable_reason(name, kind, error.error_string)
            raise SoundError(reason) from error
    else:
        if number not in (None, 1):
            sound.close()
            raise no_stream(number, 1)
        return source, sound
    return _media(source, stream, kind, number)


def _media(source: Source, stream: Any, kind: Format, number: int | None) -> tuple[Source, Media]:
    from featser.audio.media import Media

    if source.data is not None:
        stream, size = io.BytesIO(source.data), len(source.data)
    else:
        size = stream.seek(0, io.SEEK_END)
    sound = Media(stream, size, kind, number)
    return replace(
        source,
        announces=sound.announced_s is not None,
        announced_s=sound.announced_s,
        frame_s=sound.frame_s,
    ), sound
