"""How files of featser state their format: a word, ``kind``, and a number, ``format``.

The number is raised when earlier versions of featser could not read the new files correctly. Files
written before ``kind`` existed lack it and are read. Files of another kind are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as short_repr
from typing import Any


@dataclass(frozen=True)
class FileFormat:
    """The format of one kind of file.

    Parameters
    ----------
    kind : str
        The kind of file.
    number : int
        The format that is written.
    older : tuple of int
        Older formats that are read as well.
    unnumbered : int, optional
        The format of files without a number; None if all files have one.

    Examples
    --------
    >>> bundles = FileFormat("bundle", 4, older=(2, 3))
    >>> bundles.header
    {'kind': 'bundle', 'format': 4}
    >>> bundles.number_of({"format": 3})
    3
    >>> bundles.number_of({"kind": "bundle", "format": 5})
    Traceback (most recent call last):
    ValueError: format 5 of kind 'bundle'; this featser reads formats 2, 3, 4 of kind 'bundle'
    """

    kind: str
    number: int
    older: tuple[int, ...] = ()
    unnumbered: int | None = None

    @property
    def header(self) -> dict[str, Any]:
        """The fields that a new file has."""
        return {"kind": self.kind, "format": self.number}

    def number_of(self, content: Mapping[str, Any]) -> int:
        """Return the format of a file.

        Parameters
        ----------
        content : mapping
            The fields of the file.

        Raises
        ------
        ValueError
            If the file is of another kind, or of a format that is not read.
        """
        number = content.get("format", self.unnumbered)
        kind = content.get("kind", self.kind)
        readable = (*self.older, self.number)
        if kind != self.kind or type(number) is not int or number not in readable:
            formats = f"format{'s' * (len(readable) > 1)} {', '.join(map(str, readable))}"
            raise ValueError(
                f"format {short_repr(number)} of kind {short_repr(kind)}; this featser reads "
                f"{formats} of kind '{self.kind}'"
            )
        return number
