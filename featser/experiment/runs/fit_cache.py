"""Finished fits beside the store, so that none is done twice and an interrupted run goes on.

On disk::

    featser-store/fits/
      3f0c…/                what fitted: featser's code and the libraries' versions
        5b1d….fold          what one fold's model predicted for its test part
        c07a….featser       a model fitted on all, as a bundle holds it

A file is named by the identity of all that its content depends on
(``fit_identity``), appears whole or not at all, and holds that identity and the
checksum of its content, which every reading compares: one that is damaged, or was put in the place
of another, is removed and fitted anew. Together they take no more than :data:`LIMIT` bytes: what
was not used for longest goes first, and before it what killed fits have not finished.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path
from shutil import rmtree
from typing import Any

import pandas as pd

from featser.errors import BundleError, StoreError
from featser.evaluation.fit_identity import code_identity
from featser.io.atomic_write import whole
from featser.models.bundle import LIBRARIES, Bundle, library_versions, load_bundle, save_bundle
from featser.models.third_party import packages
from featser.store.feature_store import Store

FOLDER = "fits"
LIMIT = 2_000_000_000
IDENTITY = "identity"
UNFINISHED_S = 24 * 3600.0
_XGBOOST = "xgboost" if platform.system() == "Darwin" else "xgboost-cpu"
NETWORK_LIBRARIES = ("torch", "skorch", "onnx", "onnxruntime")
"""What networks are fitted and exported with, where it is installed."""

_DIGEST = hashlib.sha256().digest_size


class Fits:
    """Folds' predictions and final models, kept beside a store.

    Parameters
    ----------
    store : str or Path
        The store's folder.
    limit : int
        How many bytes all of them may take.

    Attributes
    ----------
    notes : list of str
        What was damaged, or could not be kept.
    """

    def __init__(self, store: str | Path, limit: int = LIMIT) -> None:
        self.store = Store(store)
        self.store.watch()
        self.limit = limit
        self.notes: list[str] = []
        self._folder = fits_folder(store)

    def fold(self, identity: str) -> pd.DataFrame | None:
        """Return what was predicted for a fold's test part; None if that is not kept."""
        path = self._folder / f"{identity}.fold"
        try:
            return _table(path.read_bytes(), identity)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._damaged(path, error)
            return None
        finally:
            _used(path)

    def model(self, identity: str) -> Any | None:
        """Return the model fitted on all; None if it is not kept."""
        path = self._folder / f"{identity}.featser"
        if not path.exists():
            return None
        try:
            bundle = load_bundle(path)
            _check_identity(bundle.training.get(IDENTITY), identity)
        except (BundleError, ValueError) as error:
            self._damaged(path, error)
            return None
        else:
            return bundle.model
        finally:
            _used(path)

    def keep_fold(self, identity: str, predictions: pd.DataFrame) -> None:
        """Keep what :meth:`fold` is to return."""
        data = _bytes(predictions, identity)
        self._write(f"{identity}.fold", lambda path: path.write_bytes(data))

    def keep_model(self, identity: str, model: Any) -> None:
        """Keep what :meth:`model` is to return."""
        bundle = Bundle(model, [], "none", {IDENTITY: identity}, library_versions())
        self._write(f"{identity}.featser", lambda path: save_bundle(path, bundle))

    def _write(self, name: str, write: Callable[[Path], object]) -> None:
        try:
            with self.store.writing() as alone:
                _sweep(self.store.folder, alone)
                with whole(self._folder / name) as temporary:
                    write(temporary)
                for path in _beyond(self.store.folder, self.limit):
                    path.unlink(missing_ok=True)
        except StoreError as error:  # a fit does not need what it keeps
            self._note(f"what is fitted is not kept, and will be fitted again: {error}")

    def _damaged(self, path: Path, error: Exception) -> None:
        self._note(f"{path} was damaged and is fitted again ({error})")
        try:
            path.unlink(missing_ok=True)
        except OSError as why:
            self._note(f"{path} cannot be removed ({why}): delete it")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def fits_folder(store: str | Path) -> Path:
    """Return where the fits of this featser, with these libraries, are kept beside a store."""
    return (
        Path(store)
        / FOLDER
        / code_identity(
            (*LIBRARIES, "pandas", _XGBOOST, *installed(NETWORK_LIBRARIES), *packages())
        )
    )


def installed(names: Sequence[str]) -> tuple[str, ...]:
    """Return which of these distributions are installed."""
    return tuple(name for name in names if any(distributions(name=name)))


def sizes(store: str | Path) -> tuple[dict[Path, int], dict[Path, int]]:
    """Return the fits beside a store with their bytes: those of this featser, and of others."""
    here = fits_folder(store)
    sizes_of = {path: path.stat().st_size for path in _files(store)}
    return (
        {path: size for path, size in sizes_of.items() if path.parent == here},
        {path: size for path, size in sizes_of.items() if path.parent != here},
    )


def remove_fits(store: str | Path, all_of_them: bool) -> None:
    """Remove the fits of other versions, or all; to be called with the store's lock held."""
    here = fits_folder(store)
    for folder in (Path(store) / FOLDER).glob("*"):
        if folder.is_dir() and (all_of_them or folder != here):
            rmtree(folder)


def _sweep(store: Path, alone: bool) -> None:
    """Remove what killed fits have not finished, which counts for no limit.

    Whoever writes holds the store's lock: with it, nobody is at work on these files. Where there
    are no locks (``alone`` is false), those of a day ago are removed.
    """
    for path in (store / FOLDER).glob("*/.writing-*"):
        with suppress(FileNotFoundError):  # another process removes them as well
            if alone or path.stat().st_mtime < time.time() - UNFINISHED_S:
                path.unlink()


def _files(store: str | Path) -> list[Path]:
    return [path for path in (Path(store) / FOLDER).glob("*/*") if path.name[0] != "."]


def _beyond(store: Path, limit: int) -> list[Path]:
    """Return which files to remove for the others to stay within the limit: the oldest."""
    files = []
    for path in _files(store):
        try:
            files.append((path.stat(), path))
        except FileNotFoundError:  # another fit has just removed it
            continue
    room, removed = limit, []
    for stat, path in sorted(files, key=lambda file: -file[0].st_mtime_ns):
        room -= stat.st_size
        if room < 0:
            removed.append(path)
    return removed


def _used(path: Path) -> None:
    """Make a file the one that was used last, where that may be written."""
    with suppress(FileNotFoundError):  # it was damaged, or there is none
        if os.access(path, os.W_OK):
            os.utime(path)


def _bytes(table: pd.DataFrame, identity: str) -> bytes:
    # Parquet keeps the values; that text was `object` and not `str` it would forget.
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    kinds = [str(kind) for kind in table.dtypes]
    header = json.dumps({IDENTITY: identity, "kinds": kinds}).encode()
    data = len(header).to_bytes(4, "little") + header + buffer.getvalue()
    return hashlib.sha256(data).digest() + data


def _table(content: bytes, identity: str) -> pd.DataFrame:
    digest, data = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        raise ValueError("its bytes do not match their checksum")
    size = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:size])
    _check_identity(header.get(IDENTITY), identity)
    table = pd.read_parquet(io.BytesIO(data[size:]))
    return table.astype(dict(zip(table.columns, header["kinds"], strict=True)))


def _check_identity(identity: object, expected: str) -> None:
    if identity != expected:
        raise ValueError("it is another fit than its name says")
