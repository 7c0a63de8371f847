"""The labels that raters give: classes, or a scale of whole numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEVEL = re.compile(r"-?\d{1,4}", re.ASCII)


@dataclass(frozen=True)
class KnownScale:
    """What the levels of a well-known scale mean.

    Attributes
    ----------
    ends : (str, str)
        The meaning of the lowest and of the highest level.
    figures : str
        The asset ``manikins-NAME.svg`` shows five figures from the lowest level to the highest.
    """

    ends: tuple[str, str]
    figures: str


KNOWN_SCALES = {
    "arousal": KnownScale(("calm", "excited"), "arousal"),
    "activation": KnownScale(("calm", "excited"), "arousal"),
    "valence": KnownScale(("unpleasant", "pleasant"), "valence"),
    "dominance": KnownScale(("weak", "strong"), "dominance"),
}
OTHER_SCALE = KnownScale(("low", "high"), "")


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
    >>> AnnotatedLabel("Valence", ("1", "2", "3"), is_scale=True).figures
    'valence'
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
        return self._scale.ends if self.is_scale else ("", "")

    @property
    def figures(self) -> str:
        """The pictures of a scale; empty where there are none."""
        return self._scale.figures if self.is_scale else ""

    @property
    def _scale(self) -> KnownScale:
        return KNOWN_SCALES.get(self.name.lower(), OTHER_SCALE)
