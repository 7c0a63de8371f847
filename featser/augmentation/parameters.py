"""Parameters of augmentations: what they are, what may be written, and what is drawn.

A quantity is a number or a range such as ``5..20``, of which each copy draws its own value; a
count is a whole number; a choice is a name. Values are kept as they are compared: a quantity as
its two ends, equal for one number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from featser.errors import AugmentationError, unknown

Value = tuple[float, float] | int | str
"""The two ends of a quantity, a count, or a choice."""

Drawn = float | int | str
"""What a copy is made with."""


@dataclass(frozen=True)
class Parameter(ABC):
    """A parameter of one kind of augmentation.

    Attributes
    ----------
    name : str
        What the user types before ``=``.
    default : tuple of two floats, int or str
        The value where the user says nothing.
    description : str
        What it is, in a line.
    only : tuple of (str, tuple of str)
        The choice that this parameter goes with: its name, and the values for which this
        parameter exists; empty where it always does.
    """

    name: str
    default: Value
    description: str
    only: tuple[str, tuple[str, ...]] | tuple[()] = ()

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may be written, for people to read."""

    @abstractmethod
    def parse(self, kind: str, text: str) -> Value:
        """Read a value.

        Raises
        ------
        AugmentationError
            If it is not one, or lies outside the range.
        """

    @abstractmethod
    def text(self, value: Value) -> str:
        """Write a value as :meth:`parse` reads it: the same text for the same value."""

    @abstractmethod
    def draw(self, value: Value, rng: np.random.Generator) -> Drawn:
        """Return what a copy is made with."""


@dataclass(frozen=True)
class Quantity(Parameter):
    """A number with a unit, or a range of numbers.

    Attributes
    ----------
    low, high : float
        The least and the greatest value.
    unit : str
        Empty for a bare number.
    """

    low: float = 0.0
    high: float = 1.0
    unit: str = ""

    @property
    def allowed(self) -> str:
        """Such as ``-20..60 dB``."""
        return f"{_plain(self.low)}..{_plain(self.high)} {self.unit}".rstrip()

    def parse(self, kind: str, text: str) -> tuple[float, float]:
        """Read ``5`` or ``5..20``."""
        first, dots, last = text.partition("..")
        try:
            ends = float(first), float(last if dots else first)
        except ValueError as error:
            raise AugmentationError(
                f"{kind}: {self.name}={text} is neither a number nor a range such as "
                f"{self.text(self.default)}; allowed: {self.allowed}"
            ) from error
        for end in ends:
            if not self.low <= end <= self.high:
                raise AugmentationError(
                    f"{kind}: {self.name}={text} is out of range: allowed: {self.allowed}"
                )
        if ends[0] > ends[1]:
            raise AugmentationError(
                f"{kind}: {self.name}={text} is an empty range: write the smaller number first"
            )
        return ends[0] + 0.0, ends[1] + 0.0  # −0 becomes 0

    def text(self, value: Value) -> str:
        """Write ``5`` or ``5..20``."""
        assert isinstance(value, tuple)
        low, high = value
        return _plain(low) if low == high else f"{_plain(low)}..{_plain(high)}"

    def draw(self, value: Value, rng: np.random.Generator) -> float:
        """Draw uniformly between the two ends."""
        assert isinstance(value, tuple)
        return float(rng.uniform(*value))


@dataclass(frozen=True)
class Count(Parameter):
    """A whole number.

    Attributes
    ----------
    low, high : int
        The least and the greatest.
    """

    low: int = 1
    high: int = 100

    @property
    def allowed(self) -> str:
        """Such as ``a whole number, 1..16``."""
        return f"a whole number, {self.low}..{self.high}"

    def parse(self, kind: str, text: str) -> int:
        """Read ``4``."""
        if not (text.isascii() and text.isdigit() and self.low <= int(text) <= self.high):
            raise AugmentationError(f"{kind}: {self.name}={text}: allowed: {self.allowed}")
        return int(text)

    def text(self, value: Value) -> str:
        """Write ``4``."""
        return str(value)

    def draw(self, value: Value, rng: np.random.Generator) -> int:
        """Return the number itself."""
        assert isinstance(value, int)
        return value


@dataclass(frozen=True)
class Choice(Parameter):
    """One of some names.

    Attributes
    ----------
    options : tuple of str
        The names.
    """

    options: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """Such as ``white, pink``."""
        return ", ".join(self.options)

    def parse(self, kind: str, text: str) -> str:
        """Read ``white``."""
        if text not in self.options:
            raise AugmentationError(unknown(f"{self.name} of '{kind}'", text, self.options))
        return text

    def text(self, value: Value) -> str:
        """Write ``white``."""
        return str(value)

    def draw(self, value: Value, rng: np.random.Generator) -> str:
        """Return the name itself."""
        return str(value)


def _plain(number: float) -> str:
    """Return the shortest text that reads as the same number, without an idle ``.0``."""
    return repr(float(number)).removesuffix(".0")
