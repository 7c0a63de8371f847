"""What is wrong with a field, in one line that names its value and the valid ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from featser.errors import InputError, shortened, unknown

_LIMITS = {"greater_than_equal": ("ge", "more"), "less_than_equal": ("le", "less")}
"""pydantic's type of an error → where it holds the limit, and on which side of it values are."""


def input_error(error: ValidationError, fields: Mapping[str, FieldInfo]) -> InputError:
    """Return the first of pydantic's errors in one line, with the field that it is about.

    Parameters
    ----------
    error : ValidationError
        What building the model has raised.
    fields : mapping
        Name → field of the model.
    """
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    return InputError(problem_of(first, fields), name if name in fields else "")


def problem_of(error: Any, fields: Mapping[str, FieldInfo]) -> str:
    """Say what is wrong with one field, without its name.

    Parameters
    ----------
    error : dict
        One of ``ValidationError.errors()``.
    fields : mapping
        Name → field of the model.
    """
    if error["type"] == "extra_forbidden":
        return unknown("field", error["loc"][0], fields)
    message, value = str(error["msg"]).removeprefix("Value error, "), error["input"]
    if not error["loc"] or error["type"] == "value_error":
        return message
    field = fields[str(error["loc"][0])]
    if error["type"] == "literal_error":
        return unknown("value", value, get_args(field.annotation))
    if error["type"] in _LIMITS:
        limit, side = _LIMITS[error["type"]]
        return f"{shortened(str(value))}: give {error['ctx'][limit]} or {side}"
    inner = ".".join(map(str, error["loc"][1:]))
    return f"{f'{inner}: ' if inner else ''}{value!r}: {message[0].lower()}{message[1:]}"
