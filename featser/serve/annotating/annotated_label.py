"""The labels that raters give: classes, or a scale of whole numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEVEL = re.compile(r"-?\d{1,4}", re.ASCII)
ENDS = {
    "arousal": ("calm", "excited"),
    "activation": ("calm", "excited"),
    "valence": ("unpleasant", "pleasant"),
    "dominance": ("weak", "strong"),
}
"""What the lowest and the highest level of well-known scales mean."""


@dataclass(frozen=True)
class AnnotatedLabel:
    """A label that raters give.

    Attributes
    ----------
    name : str
        The manifest's column.
    values : tuple of str
        The classes, or the levels from low to high.
    is_scale : bool
        Whether they are levels.

    Examples
    --------
    >>> AnnotatedLabel("arousal", ("1", "2", "3"), is_scale=True).ends
    ('calm', 'excited')
    """

    name: str
    values: tuple[str, ...]
    is_scale: bool = False

    def has_kind(self, value: str) -> bool:
        """Whether a value can be one of this label: any text of classes, a number of a scale.

        A journal has others after the label was declared with classes and is a scale now.
        """
        return not self.is_scale or _LEVEL.fullmatch(value) is not None

    @property
    def ends(self) -> tuple[str, str]:
        """What the lowest and the highest level mean."""
        return ENDS.get(self.name.lower(), ("low", "high")) if self.is_scale else ("", "")
