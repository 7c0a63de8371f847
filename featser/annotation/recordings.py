"""The recording that a file of intervals belongs to, and how long it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath
from urllib.parse import unquote

from featser.audio.open_sound import SoundError
from featser.audio.opening import open_sound
from featser.audio.source import open_source
from featser.corpora.card_schema import AUDIO_ENDINGS
from featser.errors import UnusableAudio
from featser.io.location import absolute, is_local_file, is_remote, local_path


def recording_beside(folder: Path, stem: str) -> str | None:
    """Return the recording of a name without ending in a folder; None if there is none.

    Of several, the one whose ending comes first in
    :data:`~featser.corpora.card_schema.AUDIO_ENDINGS` is meant, WAV before all others.
    """
    by_ending = {
        file.suffix.lower(): file
        for file in sorted(folder.iterdir(), reverse=True)
        if file.stem == stem and file.suffix.lower() in AUDIO_ENDINGS
    }
    ending = next((ending for ending in AUDIO_ENDINGS if ending in by_ending), None)
    return None if ending is None else str(by_ending[ending].absolute())


def recordings_of(names: Iterable[str | None], file: Path) -> dict[str | None, str | None]:
    """Return the recordings that a file of intervals names, by their names in it.

    Parameters
    ----------
    names : iterable of str or None
        A path or URL, relative to the folder of the file; a name without ending of a recording in
        it; or None, for the recording that is named like the file itself.
    file : Path
        The file of intervals.

    Returns
    -------
    dict
        Absolute paths. A path that names no file is made absolute, a name that names none stays as
        it is, and None stays None.
    """
    return {name: _recording(name, file) for name in dict.fromkeys(names)}


def _recording(name: str | None, file: Path) -> str | None:
    folder = Path(absolute(file)).parent
    if name is None:
        return recording_beside(folder, file.stem)
    if is_remote(name):
        return name
    path = Path(absolute(folder / local_path(name)))
    if is_local_file(path):
        return str(path)
    plain = PurePath(unquote(name))
    if is_local_file(folder / plain.name):
        return str(folder / plain.name)
    beside = recording_beside(folder, plain.name) or recording_beside(folder, file.stem)
    return beside or (str(path) if plain.suffix.lower() in AUDIO_ENDINGS else name)


def length_of(file: str) -> float | None:
    """Return how many seconds a recording of this machine lasts, by its header; None if unknown."""
    if is_remote(file) or not is_local_file(local_path(file)):
        return None
    try:
        with open_source(local_path(file)) as (source, stream):
            _, opened = open_sound(file, source, stream, None)
            with opened as sound:
                return None if sound.n_frames is None else sound.n_frames / sound.samplerate
    except (SoundError, UnusableAudio):
        return None
