"""Opening a recording with the library that decodes it: libsndfile, or else PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from featser.audio.conversion import Format, format_of, is_media_installed, undecodable_reason
from featser.audio.headers.riff import LIBSNDFILE_TAGS, parse_wave
from featser.audio.open_sound import OpenSound, SoundError, no_stream
from featser.audio.source import Source

if TYPE_CHECKING:
    from featser.audio.media import Media


_Key = tuple[str, int | None]
_latest: list[tuple[_Key, Media]] = []


def open_sound(
    name: str, source: Source, stream: Any, number: int | None, *, is_segment: bool = False
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
    is_segment : bool
        Whether other segments of it may be read next: what has been decoded is then not decoded
        again, if they follow each other.

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

    from featser.audio.libsndfile import Sound, meaning

    try:
        sound = Sound(stream, is_quiet=source.has_gaps)
    except soundfile.LibsndfileError as error:
        kind = format_of(source.head) or _uncommon_wave(source)
        if kind is None or not kind.demuxer or not is_media_installed():
            reason = undecodable_reason(name, kind, source.head, meaning(error))
            raise SoundError(reason) from error
    else:
        if number not in (None, 1):
            sound.close()
            raise no_stream(number, 1)
        return source, sound
    return _media(source, stream, kind, number, is_segment)


def _uncommon_wave(source: Source) -> Format | None:
    """Return the format of a WAV file with a codec that libsndfile lacks."""
    data = source.head if source.data is None else source.data
    wave = parse_wave(data, len(data))
    if wave is None or wave.tag in LIBSNDFILE_TAGS:
        return None
    return Format(f"WAV (codec {wave.tag:#06x})", "wav")


def _media(
    source: Source, stream: Any, kind: Format, number: int | None, is_segment: bool
) -> tuple[Source, AbstractContextManager[Media]]:
    from featser.audio.media import Media

    key = (source.content, number)
    sound = _taken_latest(key)
    if sound is None and source.data is not None:
        sound = Media(io.BytesIO(source.data), len(source.data), kind, number)
    elif sound is None:
        sound = Media(stream, stream.seek(0, io.SEEK_END), kind, number)
    announced = replace(
        source,
        announces=sound.announced_s is not None,
        announced_s=sound.announced_s,
        frame_s=sound.frame_s,
    )
    return announced, _lent(key, sound, is_segment and source.data is not None)


def _taken_latest(key: _Key) -> Media | None:
    """Return the recording that a segment was read of last, if it is this one; close another."""
    with suppress(IndexError):
        latest_key, sound = _latest.pop()
        if latest_key == key:
            return sound
        sound.close()
    return None


@contextmanager
def _lent(key: _Key, sound: Media, may_continue: bool) -> Iterator[Media]:
    """Give an open recording; keep it open afterwards if another segment of it may follow."""
    with ExitStack() as stack:
        stack.enter_context(sound)
        yield sound
        if may_continue:
            stack.pop_all()
            _taken_latest(("", None))
            _latest.append((key, sound))
