"""What extractors of a user's own file have in common: how they are named, and the file's checksum.

``NAME:PATH?KEY=VALUE,KEY=VALUE``. The path is not part of the identity of the values, the file's
SHA-256 is: a file may move, but not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

from featser.errors import FeatureError, unknown
from featser.features.extractor import Extractor


class FileExtractor(Extractor):
    """An extractor of a file.

    Parameters
    ----------
    path : str or Path
        The file.
    sha256 : str
        What its checksum must be; empty for whatever it is.

    Attributes
    ----------
    path : Path
        Absolute.
    sha256 : str
        64 hexadecimal digits.

    Raises
    ------
    FeatureError
        If the file is missing or has another checksum.
    """

    def __init__(self, path: str | Path, sha256: str = "") -> None:
        self.path = Path(path).expanduser().absolute()
        self.sha256 = checked_sha256(self.path, self.name, sha256)

    @property
    def settings(self) -> dict[str, str]:
        """What is typed after the path, but for the checksum."""
        return {}

    @property
    def params(self) -> dict[str, Any]:
        """The file's checksum, and the settings."""
        return {"sha256": self.sha256} | self.settings

    @property
    def families(self) -> tuple[str, ...]:
        """The kind of descriptor."""
        return ("embedding",)

    @property
    def spec(self) -> str:
        """Path, checksum and settings, as :func:`~featser.features.registry.make_extractor` reads.

        The checksum is in it, so that later uses check that it is the same file.
        """
        settings = {"sha256": self.sha256} | self.settings
        typed = ",".join(f"{key}={value}" for key, value in settings.items() if value)
        return f"{self.name}:{self.path}?{typed}"

    @property
    def label(self) -> str:
        """What its folder in the store begins with: the name, wherever the file is."""
        return self.name


def parsed_settings(name: str, text: str, keys: Collection[str]) -> tuple[str, dict[str, str]]:
    """Split what is typed after a plug-in's name into the path and the settings.

    Parameters
    ----------
    name : str
        The plug-in.
    text : str
        ``PATH`` or ``PATH?KEY=VALUE,KEY=VALUE``.
    keys : collection of str
        The settings that it has.

    Raises
    ------
    FeatureError
        If there is no path, or a setting is unknown, without a value or there twice.
    """
    path, mark, typed = text.rpartition("?") if "?" in text else (text, "", "")
    if not path:
        raise FeatureError(
            f"'{name}:{text}' names no file: write {name}:PATH?KEY=VALUE,…, with {', '.join(keys)}"
        )
    settings: dict[str, str] = {}
    for one in typed.split(",") if mark else ():
        key, equals, value = one.partition("=")
        if key not in keys:
            raise FeatureError(unknown(f"setting of {name}", key, keys))
        if not equals or not value:
            raise FeatureError(f"'{name}:{text}': {key} has no value; write {key}=VALUE")
        if key in settings:
            raise FeatureError(f"'{name}:{text}': {key} is given twice")
        settings[key] = value
    return path, settings


def checked_sha256(path: Path, name: str, expected: str = "") -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises
    ------
    FeatureError
        If the file cannot be read, or has another checksum than ``expected``, which may be empty.
    """
    try:
        state = path.stat()
        actual = _sha256(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise FeatureError(
            f"{path}: {error.strerror or error}; {name} needs this file: copy it there, or give "
            f"its path ({name}:PATH?…)"
        ) from error
    if expected and actual != expected.lower():
        raise FeatureError(mismatch(path, expected, actual))
    return actual


def mismatch(path: Path, expected: str, actual: str) -> str:
    """Return the message for a file with another checksum than expected."""
    return (
        f"{path}: the SHA-256 is {actual}, expected {expected}: the file has changed; restore the "
        f"expected file, or write sha256={actual} to use this one"
    )


@lru_cache(maxsize=32)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Return a file's checksum, read once for each size and date of change."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
