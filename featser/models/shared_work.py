"""What the estimators of several tasks compute from the same rows, computed once.

Most recordings have labels of all tasks, so that the estimators of the tasks standardise, compare
and rotate the same rows. While a model of several tasks is fitted, such results are kept under the
content of what they were computed from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")

MOST_BYTES = 1_000_000_000
"""What is kept at the same time; more is computed as often as it is asked for."""


@dataclass(frozen=True, eq=False)
class Same:
    """An argument that is compared by its identity: its content is too large to be read each time.

    Attributes
    ----------
    value : object
        It must live until the block ends.
    """

    value: Any


class _Memory:
    """Results by what they were computed from."""

    def __init__(self) -> None:
        self.results: dict[bytes, Any] = {}
        self.n_bytes = 0

    def keep(self, key: bytes, result: Any) -> None:
        size = _bytes_of(result)
        if self.n_bytes + size <= MOST_BYTES:
            self.results[key] = result
            self.n_bytes += size


_MEMORY: ContextVar[_Memory | None] = ContextVar("shared_work", default=None)


@contextmanager
def sharing(n_tasks: int) -> Iterator[None]:
    """Keep what :func:`shared` computes until the end of the block, for two or more tasks.

    Parameters
    ----------
    n_tasks : int
        How many estimators compute something in it: what one alone computes is not kept.
    """
    token = _MEMORY.set(_Memory() if n_tasks > 1 else None)
    try:
        yield
    finally:
        _MEMORY.reset(token)


def shared(compute: Callable[..., Result], *arguments: Any) -> Result:
    """Return ``compute(*arguments)``, inside :func:`sharing` computed once for equal arguments.

    Parameters
    ----------
    compute : callable
        A function of a module; its result depends on its arguments alone.
    *arguments
        Arrays, which are compared by content, :class:`Same` objects, and what has a ``repr`` that
        says all about it.

    Returns
    -------
    object
        What was computed. Whoever asks for it must not write to it: others have the same.

    Examples
    --------
    >>> rows = np.ones((2, 2))
    >>> with sharing(n_tasks=2):
    ...     shared(np.sum, rows) is shared(np.sum, rows.copy())
    True
    """
    memory = _MEMORY.get()
    if memory is None:
        return compute(*arguments)
    key = _key(compute, arguments)
    if key in memory.results:
        result: Result = memory.results[key]
        return result
    result = compute(*arguments)
    memory.keep(key, result)
    return result


def _key(compute: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    digest = hashlib.blake2b(f"{compute.__module__}.{compute.__qualname__}".encode())
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            digest.update(f"|{argument.dtype}{argument.shape}".encode())
            digest.update(np.ascontiguousarray(argument).data)
        elif isinstance(argument, Same):
            digest.update(f"|at {id(argument.value)}".encode())
        else:
            digest.update(f"|{argument!r}".encode())
    return digest.digest()


def _bytes_of(result: Any) -> int:
    """Return the memory of arrays in a result; of tuples of arrays the sum."""
    if isinstance(result, tuple):
        return sum(_bytes_of(part) for part in result)
    return int(getattr(result, "nbytes", 0))
