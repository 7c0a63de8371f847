"""What the entries of a journal give: the value of every rater, recording and label."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from featser.errors import InputError
from featser.io.escaping import without_joiners


@dataclass(frozen=True)
class Clip:
    """Which recording, or which part of one, by what its manifest says.

    Attributes
    ----------
    file : str
        The path relative to the folder of the journal, or a URL.
    start, end : float or None
        Seconds; None for the beginning and the end.
    channel : str
        Empty if the manifest names none.
    """

    file: str
    start: float | None = None
    end: float | None = None
    channel: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of a journal.

    Attributes
    ----------
    number : int
        From 1 on, without gaps.
    request : str
        The client's own name of it.
    rater, label, value : str
        Who says what. An empty value says that the label cannot be given.
    clip : Clip
        Of which recording.
    undoes : int
        The number of the entry that is undone; 0 where the entry is a value.
    """

    number: int
    request: str
    rater: str
    clip: Clip
    label: str
    value: str = ""
    undoes: int = 0


@dataclass
class Votes:
    """The values that hold after some entries.

    One thread may take entries while others read: what is read is copied at once.

    Attributes
    ----------
    n_entries : int
        How many there were.

    Examples
    --------
    >>> votes = Votes()
    >>> votes.apply(Entry(1, "x", "anna", Clip("a.wav"), "emotion", "sad"))
    >>> votes.apply(Entry(2, "y", "anna", Clip("a.wav"), "emotion", "angry"))
    >>> votes.of("anna", Clip("a.wav"))
    {'emotion': 'angry'}
    >>> votes.apply(Entry(3, "z", "anna", Clip("a.wav"), "emotion", undoes=2))
    >>> votes.of("anna", Clip("a.wav"))
    {'emotion': 'sad'}
    """

    n_entries: int = 0
    _clicks: dict[str, list[Entry]] = field(default_factory=dict)
    _cells: dict[tuple[str, Clip, str], list[str]] = field(default_factory=dict)
    _labels: dict[tuple[str, Clip], dict[str, None]] = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        """Take another entry.

        Raises
        ------
        ValueError
            If it is not the next one, or undoes another than the rater's latest click.
        """
        if entry.number != self.n_entries + 1:
            raise ValueError(f"entry {entry.number} follows entry {self.n_entries}")
        cell = (entry.rater, entry.clip, entry.label)
        clicks = self._clicks.setdefault(entry.rater, [])
        if entry.undoes:
            if not clicks or clicks[-1].number != entry.undoes:
                raise ValueError(f"it undoes {entry.undoes}, which is not the latest click")
            latest = clicks.pop()
            if cell != (latest.rater, latest.clip, latest.label):
                raise ValueError(f"it undoes {entry.undoes}, which is of another recording")
            self._cells[cell].pop()
        else:
            clicks.append(entry)
            self._cells.setdefault(cell, []).append(entry.value)
            self._labels.setdefault((entry.rater, entry.clip), {})[entry.label] = None
        self.n_entries += 1

    def latest(self, rater: str) -> Entry | None:
        """Return the rater's latest click that is not undone."""
        clicks = self._clicks.get(rater)
        return clicks[-1] if clicks else None

    @property
    def raters(self) -> list[str]:
        """Who clicked, in the order of the first clicks."""
        return list(self._clicks)

    def check_rater(self, name: str) -> None:
        """Refuse a name that differs in case, or in joiners, which nobody sees, from another.

        Raises
        ------
        InputError
            With the other name.
        """
        for other in self.raters:
            if other != name and _compared(other) == _compared(name):
                raise InputError(
                    f"'{name}': a rater is called '{other}': write the name like that, or choose "
                    f"another",
                    "rater",
                )

    def of(self, rater: str, clip: Clip) -> dict[str, str]:
        """Return the values that a rater gave a recording, by label."""
        labels = list(self._labels.get((rater, clip), ()))
        cells = {label: self._cells[rater, clip, label][-1:] for label in labels}
        return {label: values[0] for label, values in cells.items() if values}

    def of_rater(self, rater: str) -> Votes:
        """Return what one rater said, alone."""
        return Votes(
            self.n_entries,
            {name: clicks for name, clicks in list(self._clicks.items()) if name == rater},
            {cell: values for cell, values in list(self._cells.items()) if cell[0] == rater},
            {held: labels for held, labels in list(self._labels.items()) if held[0] == rater},
        )

    def all(self) -> Iterator[tuple[str, Clip, str, str]]:
        """Yield rater, recording, label and value of everything that holds."""
        for (rater, clip, label), values in list(self._cells.items()):
            for value in values[-1:]:
                yield rater, clip, label, value


def _compared(name: str) -> str:
    return unicodedata.normalize("NFC", without_joiners(name).casefold())
