"""Compilation of the few loops that arrays cannot express: once, then from the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function at its first call; the result is kept in ``__pycache__``.

    No fast-math and no threads: the same machine gives the same bits however many workers run.
    """
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
