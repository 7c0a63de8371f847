"""The identity of a fit: one hash of everything that its result depends on.

Equal identities, equal results: the values of the features, the labels and the units of the rows
that are learnt from and tested, in their order; the augmented copies and what they are made of;
the estimator with all its parameters, its seed among them. Rows count by what they hold and not
by where they stand, so that a fold which two protocols share has one identity. What the versions
of code and libraries change is for whoever keeps results to tell apart (:func:`code_identity`).
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.copies import NONE, Copies
from featser.evaluation.folds import Folds
from featser.evaluation.rows import InMemory, Rows
from featser.tasks import Task

ALL = -1
"""Stands for the fit on all rows, which is no fold's."""

_BYTES = 16
_FITTING = ("tasks.py", "evaluation/**/*.py", "models/**/*.py")
"""The files of featser whose code decides what a fit gives."""


def identities(
    model: Any,
    X: NDArray[np.float32] | Rows,
    labels: pd.DataFrame,
    plan: Folds,
    unit: NDArray[np.str_] | None,
    tasks: Sequence[Task],
    folds: Sequence[int],
    copies: Copies | None,
    adapt: Any = None,
    language: NDArray[np.str_] | None = None,
) -> dict[int, str]:
    """Identify the fits of a cross-validation.

    Parameters
    ----------
    model, X, labels, unit, tasks, copies, adapt, language
        As :func:`featser.evaluation.crossval.cross_fit` has them. ``X`` is read once.
    plan : Folds
        The folds.
    folds : sequence of int
        Their numbers, and :data:`ALL`.

    Returns
    -------
    dict of int to str
        For each of ``folds`` 32 hexadecimal digits, the same in every process.
    """
    from joblib import hash as hash_of

    known = [known for known in (unit, language) if known is not None]
    row = _rows(X, labels[[task.name for task in tasks]], known)
    copy = None if copies is None else _features(copies.X)
    how = (hash_of(model), [task.to_dict() for task in tasks], unit is None, language is None)
    common = repr(how if adapt is None else (*how, hash_of(adapt)))
    found = {}
    for number in folds:
        train = plan.train(number)
        told = hashlib.blake2b(common.encode(), digest_size=_BYTES)
        test = plan.tested(number)
        # An adaptation tells speakers and draws by where rows stand.
        places = () if adapt is None else (train, test)
        for part in (row[train], *_altered(train, copy, copies), row[test], *places):
            told.update(f"{part.shape}".encode())
            told.update(part.tobytes())
        found[number] = told.hexdigest()
    return found


def code_identity(libraries: Sequence[str]) -> str:
    """Identify the code that fits, and the libraries it fits with.

    Parameters
    ----------
    libraries : sequence of str
        Distributions whose versions count.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    told = hashlib.blake2b(digest_size=8)
    versions = [(name, version(name)) for name in libraries]
    told.update(repr((platform.python_version(), platform.machine(), versions)).encode())
    told.update(_CODE)
    return told.hexdigest()


def _digest_of_code(package: Path) -> bytes:
    told = hashlib.blake2b(digest_size=_BYTES)
    for pattern in _FITTING:
        for file in sorted(package.glob(pattern)):
            told.update(f"{file.relative_to(package)}".encode() + file.read_bytes())
    return told.digest()


# As it was imported: where a file is changed under a running process, what runs is still this.
_CODE = _digest_of_code(Path(__file__).resolve().parents[1])


def _rows(
    X: NDArray[np.float32] | Rows, labels: pd.DataFrame, known: Sequence[NDArray[np.str_]]
) -> NDArray[np.uint8]:
    """Return a digest of each utterance's features, labels and what else is known of it.

    Shape (n, 16).
    """
    told = labels.astype(object).where(labels.notna(), None).to_numpy().tolist()
    texts = [repr(row) for row in zip(told, *(column.tolist() for column in known), strict=True)]
    features = _features(X)
    return _stacked(
        hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), key=digest.tobytes(), digest_size=_BYTES
        ).digest()
        for text, digest in zip(texts, features, strict=True)
    )


def _features(X: NDArray[np.float32] | Rows) -> NDArray[np.uint8]:
    """Return a digest of each row of features, shape (n, 16)."""
    rows = X if isinstance(X, Rows) else InMemory(X)
    return _stacked(
        hashlib.blake2b(values.tobytes(), digest_size=_BYTES).digest()
        for batch in rows.batches()
        for values in np.ascontiguousarray(batch)
    )


def _altered(
    train: NDArray[np.intp], digest: NDArray[np.uint8] | None, copies: Copies | None
) -> Iterator[NDArray[Any]]:
    """Yield the copies that a training part has, and which of its rows they are made of."""
    if copies is None or digest is None:
        return
    kept = copies.within(train)
    made_of = copies.made_of[kept]
    yield digest[kept]
    yield np.where(made_of == NONE, NONE, np.searchsorted(train, made_of))


def _stacked(digests: Iterator[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, _BYTES)
