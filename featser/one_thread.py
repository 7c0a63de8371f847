"""One thread for linear algebra: sums have one order everywhere, and workers share the cores."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Limit the libraries of linear algebra in this process to one thread, in a block.

    Returns
    -------
    context manager
        At its end the earlier limits hold again.

    Notes
    -----
    Finding the libraries takes 5 ms and more, as long as a small prediction. They are found once,
    and again when modules were imported since, which may have brought more of them.

    Examples
    --------
    >>> import numpy as np
    >>> with one_thread():
    ...     float(np.ones(3) @ np.ones(3))
    3.0
    """
    limit: AbstractContextManager[Any] = _controller(len(sys.modules)).limit(limits=1)
    return limit


@lru_cache(maxsize=1)
def _controller(n_modules: int) -> Any:
    """Return what limits the libraries that are loaded while there are so many modules."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
