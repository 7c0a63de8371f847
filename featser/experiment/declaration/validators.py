"""Checks as pydantic applies them to an experiment's fields, and the forms that values may have."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import AfterValidator

from featser.errors import FeatserError

Value = TypeVar("Value")
Check = Callable[[str], str]


def checked(check: Check) -> AfterValidator:
    """Return a validator of one value."""
    return AfterValidator(lambda value: _as_value_error(check, value))


def checked_if_given(check: Check) -> AfterValidator:
    """Return a validator of one value that may be None."""
    return AfterValidator(lambda value: None if value is None else _as_value_error(check, value))


def each_checked(check: Check) -> AfterValidator:
    """Return a validator of each of several values."""
    return AfterValidator(lambda values: tuple(_as_value_error(check, value) for value in values))


def all_checked(check: Callable[[tuple[str, ...]], tuple[str, ...]]) -> AfterValidator:
    """Return a validator of several values together."""
    return AfterValidator(lambda values: _as_value_error(check, values))


def one_or_many(value: Any) -> Any:
    """Read a single name as a tuple of one.

    Examples
    --------
    >>> one_or_many("mfcc"), one_or_many(["mfcc", "rhythm"])
    (('mfcc',), ('mfcc', 'rhythm'))
    """
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list | set | frozenset) else value


def number_as_text(value: Any) -> Any:
    """Return a number as text: YAML reads names such as 2 as numbers.

    Examples
    --------
    >>> number_as_text(2), number_as_text(None)
    ('2', None)
    """
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def path_text(value: Any) -> Any:
    """Return a path as text; what is no path is left to the field."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _as_value_error(check: Callable[[Value], Value], value: Value) -> Value:
    """Let pydantic collect what a function of featser refuses."""
    try:
        return check(value)
    except FeatserError as error:
        raise ValueError(str(error)) from error
