"""Endpoints and their parameters: declared once, for routes, checks and the OpenAPI description."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from featser.errors import InputError, shortened, unknown

Kind = Literal["text", "number", "flag"]
FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """A parameter in the address of a request.

    Attributes
    ----------
    name, meaning : str
        What it is called, and what it does.
    kind : {'text', 'number', 'flag'}
        Its type.
    default : object
        Its value where a request has none.
    choices : tuple of str
        The valid texts; empty for any.
    more_than, at_most : float
        Between which a number lies.
    is_list : bool
        Whether it may occur several times.

    Examples
    --------
    >>> Parameter("coverage", "Of sets.", "number", more_than=0, at_most=1).value_of(["0.9"])
    0.9
    """

    name: str
    meaning: str
    kind: Kind = "text"
    default: Any = None
    choices: tuple[str, ...] = ()
    more_than: float = -math.inf
    at_most: float = math.inf
    is_list: bool = False

    def value_of(self, texts: Sequence[str]) -> Any:
        """Return the value of a request.

        Raises
        ------
        InputError
            If it is not valid.
        """
        if not texts:
            return self.default
        if self.is_list:
            return list(texts)
        if len(texts) > 1:
            raise InputError("it is given twice: give it once", self.name)
        if self.kind == "number":
            return self._number(texts[0])
        if self.kind == "flag":
            if texts[0].lower() not in FLAGS:
                raise InputError(f"'{shortened(texts[0])}': write true or false", self.name)
            return FLAGS[texts[0].lower()]
        if self.choices and texts[0] not in self.choices:
            raise InputError(unknown(self.name, texts[0], self.choices), self.name)
        return texts[0]

    def _number(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (self.more_than < value <= self.at_most and math.isfinite(value)):
            range_ = f"more than {self.more_than:g} and at most {self.at_most:g}"
            raise InputError(f"'{shortened(text)}': give a number, {range_}", self.name)
        return value

    @property
    def description(self) -> dict[str, Any]:
        """What OpenAPI says of it."""
        schema: dict[str, Any] = {
            "type": {"text": "string", "flag": "boolean"}.get(self.kind, self.kind)
        }
        if self.choices:
            schema["enum"] = list(self.choices)
        if math.isfinite(self.more_than):
            schema["exclusiveMinimum"] = self.more_than
        if math.isfinite(self.at_most):
            schema["maximum"] = self.at_most
        if self.is_list:
            schema = {"type": "array", "items": schema}
        if self.default is not None:
            schema["default"] = self.default
        return {"name": self.name, "in": "query", "description": self.meaning, "schema": schema}


@dataclass(frozen=True)
class Endpoint:
    """An address that is answered.

    Attributes
    ----------
    method, path : str
        Such as ``POST`` and ``/v1/predict``.
    meaning : str
        What it does.
    handler : callable
        Answers a request.
    parameters : tuple of Parameter
        Which it takes.
    takes_recordings : bool
        Whether recordings are its body.
    answers : tuple of str
        The media types of its answers.
    """

    method: str
    path: str
    meaning: str
    handler: Callable[[Any], Awaitable[Any]]
    parameters: tuple[Parameter, ...] = ()
    takes_recordings: bool = False
    answers: tuple[str, ...] = ("application/json",)

    def options_of(self, request: Any) -> dict[str, Any]:
        """Return the values of all parameters in a request's address.

        Parameters
        ----------
        request : starlette.requests.Request
            Whose query is read.

        Raises
        ------
        InputError
            If a parameter does not exist, is not valid, or is no text.
        """
        _check_bytes(request.scope["query_string"])
        query = request.query_params
        valid = [parameter.name for parameter in self.parameters]
        for name in query:
            if name not in valid and not (self.takes_recordings and name == "name"):
                raise InputError(unknown("parameter", name, valid))
        return {one.name: one.value_of(query.getlist(one.name)) for one in self.parameters}


def _check_bytes(query: bytes) -> None:
    """Refuse bytes that are no UTF-8: read with replacements, different values would be equal.

    Raises
    ------
    InputError
        With the first parameter that has such bytes.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    for name, value in pairs:
        if not _is_text(name + value):
            shown = shortened(name) if _is_text(name) else "query"
            raise InputError("it has bytes that are not UTF-8: encode text as UTF-8", shown)


def _is_text(decoded: str) -> bool:
    """Whether no byte was left over when UTF-8 was decoded."""
    return not any("\udc80" <= letter <= "\udcff" for letter in decoded)
