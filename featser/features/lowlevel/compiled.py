"""Compilation of the few loops that arrays cannot express: once, then from the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from featser.workers.compilation import use_compilation_cache

use_compilation_cache()

from numba import njit  # noqa: E402  # reads the environment

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function at its first call; the result is kept on disk.

    Where: see :mod:`featser.workers.compilation`.

    No fast-math and no threads: the same machine gives the same bits however many workers run.
    """
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
