"""Names of classes that mean the same: ``Anger`` and ``angry``."""

from __future__ import annotations

from collections.abc import Sequence

from featser.corpora.cleaning import cleaned

SAME_MEANING: dict[str, dict[str, tuple[str, ...]]] = {
    "emotion": {
        "angry": ("anger", "ang"),
        "bored": ("boredom",),
        "calm": ("calmness",),
        "contempt": ("contemptuous",),
        "disgust": ("disgusted", "dis"),
        "excited": ("excitement", "exc"),
        "fearful": ("fear", "afraid", "fea"),
        "happy": ("happiness", "joy", "joyful", "hap"),
        "neutral": ("neu",),
        "sad": ("sadness",),
        "surprised": ("surprise", "sur"),
    },
    "gender": {"female": ("f", "woman"), "male": ("m", "man")},
}
"""For each label the names of classes in cards, and other usual names of them."""


class ClassNames:
    """The classes of a task, looked up by any name that means the same.

    Parameters
    ----------
    label : str
        The task's name.
    classes : sequence of str
        The task's classes.

    Examples
    --------
    >>> names = ClassNames("emotion", ["Anger", "Joy"])
    >>> names.find("angry"), names.find("HAPPY"), names.find("bored")
    ('Anger', 'Joy', None)
    """

    def __init__(self, label: str, classes: Sequence[str]) -> None:
        self._card_names = {
            other: name for name, others in SAME_MEANING.get(label, {}).items() for other in others
        }
        self._classes = frozenset(classes)
        self._exact = {_folded(name): name for name in classes}
        self._by_meaning: dict[str, str] = {}
        for name in classes:
            meaning = self._meaning(name)
            # Of two classes with one meaning, such as joy and happiness, neither stands for it.
            self._by_meaning[meaning] = "" if meaning in self._by_meaning else name

    def find(self, name: str) -> str | None:
        """Return the class that a name stands for; None if it stands for none."""
        if name in self._classes:
            return name
        if (exact := self._exact.get(_folded(name))) is not None:
            return exact
        return self._by_meaning.get(self._meaning(name)) or None

    def _meaning(self, name: str) -> str:
        folded = _folded(name)
        return self._card_names.get(folded, folded)


def _folded(name: str) -> str:
    return cleaned(name).casefold()
