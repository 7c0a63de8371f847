"""A strict reader of Universal Binary JSON, as far as XGBoost writes it.

XGBoost's own reader takes the lengths inside a file on trust and reads beyond its end. What this
one accepts has all its lengths inside the data. There is no maintained reader to depend on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MAX_DEPTH = 40

_NUMBERS: dict[bytes, np.dtype[Any]] = {
    b"i": np.dtype(">i1"),
    b"U": np.dtype(">u1"),
    b"I": np.dtype(">i2"),
    b"l": np.dtype(">i4"),
    b"L": np.dtype(">i8"),
    b"d": np.dtype(">f4"),
    b"D": np.dtype(">f8"),
}
_CONSTANTS = {b"Z": None, b"N": None, b"T": True, b"F": False}


class UbjsonError(ValueError):
    """Bytes that are not Universal Binary JSON as XGBoost writes it."""


def parse(data: bytes) -> Any:
    """Return the value in the data; arrays of one type become NumPy arrays.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    UbjsonError
        If the data are not well formed, or go on behind the value.

    Examples
    --------
    >>> parse(b"{" + b"L" + (1).to_bytes(8, "big") + b"a" + b"i" + bytes([7]) + b"}")
    {'a': 7}
    """
    reader = _Reader(data)
    value = reader.value(reader.take(1), 0)
    if reader.place != len(data):
        raise UbjsonError(f"{len(data) - reader.place} bytes follow the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if size < 0 or size > len(self.data) - self.place:
            raise UbjsonError(f"byte {self.place} announces {size} bytes that are not there")
        self.place += size
        return self.data[self.place - size : self.place]

    def value(self, mark: bytes, depth: int) -> Any:
        """Return the value that a type's mark begins."""
        if depth > MAX_DEPTH:
            raise UbjsonError(f"it is nested more than {MAX_DEPTH} deep")
        if mark in _NUMBERS:
            dtype = _NUMBERS[mark]
            return np.frombuffer(self.take(dtype.itemsize), dtype)[0].item()
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        if mark == b"S":
            return self.text()
        if mark == b"{":
            return self.mapping(depth)
        if mark == b"[":
            return self.sequence(depth)
        raise UbjsonError(f"byte {self.place - 1} has the unknown type {mark!r}")

    def length(self) -> int:
        """Return a length."""
        mark = self.take(1)
        if mark != b"L":
            raise UbjsonError(f"byte {self.place - 1} has the type {mark!r} for a length")
        return int.from_bytes(self.take(8), "big", signed=True)

    def text(self) -> str:
        """Return a text without its mark, such as a key."""
        try:
            return self.take(self.length()).decode()
        except UnicodeDecodeError as error:
            raise UbjsonError(f"text before byte {self.place} is not UTF-8") from error

    def mapping(self, depth: int) -> dict[str, Any]:
        """Return an object; its mark has been read."""
        content: dict[str, Any] = {}
        while self.data[self.place : self.place + 1] != b"}":
            key = self.text()
            if key in content:
                raise UbjsonError(f"the key {key[:40]!r} is there twice")
            content[key] = self.value(self.take(1), depth + 1)
        self.take(1)
        return content

    def sequence(self, depth: int) -> Any:
        """Return an array; its mark has been read."""
        mark = self.take(1)
        if mark == b"$":
            kind, count = self.take(1), self.take(1)
            if kind not in _NUMBERS or count != b"#":
                raise UbjsonError(f"byte {self.place - 1} begins an array of unknown type")
            dtype = _NUMBERS[kind]
            return np.frombuffer(self.take(self.length() * dtype.itemsize), dtype)
        if mark == b"#":
            return [self.value(self.take(1), depth + 1) for _ in range(self._count())]
        values = []
        while mark != b"]":
            values.append(self.value(mark, depth + 1))
            mark = self.take(1)
        return values

    def _count(self) -> int:
        count = self.length()
        if not 0 <= count <= len(self.data) - self.place:
            raise UbjsonError(f"byte {self.place} announces {count} values that are not there")
        return count
