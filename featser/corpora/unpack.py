"""Archives from elsewhere, unpacked without leaving the folder they are meant for."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from featser.errors import DownloadError


def unpack(archive: Path, kind: Literal["zip", "tar", "no"], folder: Path) -> None:
    """Unpack an archive into a folder.

    Parameters
    ----------
    archive : Path
        The file.
    kind : {'zip', 'tar', 'no'}
        What it is; ``no`` copies it as it is.
    folder : Path
        Where its content goes. If unpacking fails, what it holds is of no use.

    Raises
    ------
    DownloadError
        If it is no such archive, is damaged, is encrypted, or has a member whose path leads out
        of the folder: nothing is then written.
    """
    try:
        if kind == "zip":
            with zipfile.ZipFile(archive) as zipped:
                _refuse_escapes(archive, zipped.namelist())
                zipped.extractall(folder)
        elif kind == "tar":
            with tarfile.open(archive) as tarred:
                _refuse_escapes(archive, tarred.getnames())
                tarred.extractall(folder, filter="data")
        else:
            (folder / archive.name).write_bytes(archive.read_bytes())
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError) as error:
        raise DownloadError(
            f"{archive}: not a {kind} archive that can be unpacked ({error}): nothing of it is "
            f"used; remove it and run the same command again"
        ) from error


def _refuse_escapes(archive: Path, names: Iterable[str]) -> None:
    for name in names:
        windows = PureWindowsPath(name)
        parts = {*PurePosixPath(name).parts, *windows.parts}
        if ".." in parts or name.startswith("/") or windows.drive or windows.root:
            raise DownloadError(
                f"{archive}: its member '{name}' leads out of the folder it is unpacked into: "
                f"nothing was unpacked; tell its publisher"
            )
