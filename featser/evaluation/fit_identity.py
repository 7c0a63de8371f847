"""The identity of a fit: one hash of everything that its result depends on.

Equal identities, equal results: the values of the features, the labels and the units of the rows of
the training set and the test set, in their order; the augmented copies and what they are made of;
the estimator with all its parameters, its seed among them. Rows count by their content and not by
their position, so that a fold which two protocols share has one identity. The versions of code and
libraries are not part of it: see :func:`code_identity`.
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

from featser.evaluation.auxiliary_rows import AuxiliaryRows
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.rows import InMemory, Rows
from featser.evaluation.soft_labels import label_columns
from featser.evaluation.training_copies import NONE, Copies
from featser.tasks import Task

ALL = -1
"""Number of the fit on all rows."""

_BYTES = 16
_FITTING = (
    "tasks.py",
    "evaluation/**/*.py",
    "experiment/**/*.py",
    "features/packed_frames.py",
    "models/**/*.py",
    "speakers/**/*.py",
)
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
    auxiliary: AuxiliaryRows | None = None,
) -> dict[int, str]:
    """Identify the fits of a cross-validation.

    Parameters
    ----------
    model, X, labels, unit, tasks, copies, adapt, language, auxiliary
        As :func:`featser.evaluation.cross_fit.cross_fit` has them. ``X`` is read once.
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

    columns = [column for column in (unit, language) if column is not None]
    row = _rows(X, labels[label_columns(tasks, labels)], columns)
    copy = None if copies is None else _features(copies.X)
    how: tuple[Any, ...] = (
        hash_of(model),
        [task.to_dict() for task in tasks],
        unit is None,
        language is None,
    )
    how = how if adapt is None else (*how, hash_of(adapt))
    common = repr(how if auxiliary is None else (*how, hash_of(list(auxiliary.parts()))))
    identity_of_fold = {}
    for number in folds:
        train = plan.train(number)
        digest = hashlib.blake2b(common.encode(), digest_size=_BYTES)
        test = plan.tested(number)
        # An adaptation identifies speakers and draws by the positions of rows.
        places = () if adapt is None else (train, test)
        for part in (row[train], *_altered(train, copy, copies), row[test], *places):
            digest.update(f"{part.shape}".encode())
            digest.update(part.tobytes())
        identity_of_fold[number] = digest.hexdigest()
    return identity_of_fold


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
    digest = hashlib.blake2b(digest_size=8)
    versions = [(name, version(name)) for name in libraries]
    digest.update(repr((platform.python_version(), platform.machine(), versions)).encode())
    digest.update(_CODE)
    return digest.hexdigest()


def _digest_of_code(package: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=_BYTES)
    for pattern in _FITTING:
        for file in sorted(package.glob(pattern)):
            digest.update(f"{file.relative_to(package)}".encode() + file.read_bytes())
    return digest.digest()


# Computed at import: a file that changes later does not change the code that is running.
_CODE = _digest_of_code(Path(__file__).resolve().parents[1])


def _rows(
    X: NDArray[np.float32] | Rows, labels: pd.DataFrame, columns: Sequence[NDArray[np.str_]]
) -> NDArray[np.uint8]:
    """Return a digest of each utterance's features, labels and other columns.

    Shape (n, 16).
    """
    label_rows = labels.astype(object).where(labels.notna(), None).to_numpy().tolist()
    texts = [
        repr(row) for row in zip(label_rows, *(column.tolist() for column in columns), strict=True)
    ]
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
    """Yield the copies in a training set, and the rows of it that they are made of."""
    if copies is None or digest is None:
        return
    usable = copies.within(train)
    made_of = copies.made_of[usable]
    yield digest[usable]
    yield np.where(made_of == NONE, NONE, np.searchsorted(train, made_of))


def _stacked(digests: Iterator[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, _BYTES)
