"""What all rules need: which type a value has, and whether it is one of several."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from featser.errors import unknown

Rule = Callable[[Any], Any]
"""Returns the value in its full form, or raises ValueError with what is wrong."""


def text(value: Any) -> str:
    """Return text that is not empty."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is {kind_of(value)}: give text")
    if not value:
        raise ValueError("is empty: give a value, or leave it out")
    return value


def one_of(value: Any, valid: Iterable[str], what: str = "value") -> str:
    """Return a value that is one of some names."""
    names = list(valid)
    if not isinstance(value, str) or value not in names:
        raise ValueError(unknown(what, value, names))
    return value


def several(value: Any, what: str) -> Sequence[Any]:
    """Return a list of values; a single text or path is one of them."""
    if isinstance(value, str | os.PathLike):
        return (value,)
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise ValueError(f"{value!r} is {kind_of(value)}: give {what}, or a list")
    return tuple(value)


def kind_of(value: Any) -> str:
    """Say which type a value has, for the message that refuses it."""
    return f"of type {type(value).__name__}"


def mapping(value: Any, example: str) -> Mapping[Any, Any]:
    """Return a value that is a mapping."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is {kind_of(value)}: give a dict, such as {example}")
    return value
