"""A queue of recordings: what raters see of it, and in which order."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from featser.errors import InputError, counted, shortened, unknown
from featser.io.escaping import is_printable
from featser.serve.annotating.annotated_label import AnnotatedLabel
from featser.serve.annotating.journal import Journal
from featser.serve.annotating.votes import Clip, Votes

LONGEST_NAME = 40


@dataclass(frozen=True)
class QueuedClip:
    """A recording of a queue.

    Attributes
    ----------
    clip : Clip
        What the journal calls it.
    file : str
        Where it is: an absolute path, or a URL. No client sees it.
    name : str
        What raters see.
    details : dict of str to object
        What the page shows beside it, as JSON holds it; of a review, truth and prediction.
    """

    clip: Clip
    file: str
    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranking:
    """An order of recordings that is computed from predictions.

    Attributes
    ----------
    name, title : str
        In requests, and in the list of orders.
    label : str
        The label that it is about.
    clips : sequence of int
        Positions of recordings, the first one first. Those that are left out are not shown.
    """

    name: str
    title: str
    label: str
    clips: Sequence[int]


@dataclass(frozen=True)
class QueueContent:
    """What a worker reads of a manifest or of a run.

    Attributes
    ----------
    title : str
        What it is called.
    clips : sequence of QueuedClip
        In the order of the manifest.
    labels : sequence of AnnotatedLabel
        What raters give.
    rankings : sequence of Ranking
        Orders that are computed already.
    notes : sequence of str
        What reading has changed or left out.
    """

    title: str
    clips: Sequence[QueuedClip]
    labels: Sequence[AnnotatedLabel]
    rankings: Sequence[Ranking] = ()
    notes: Sequence[str] = ()


class ClipQueue:
    """A queue with its journal.

    Parameters
    ----------
    content : QueueContent
        Recordings and labels.
    journal : Journal
        Where clicks go.
    """

    def __init__(self, content: QueueContent, journal: Journal) -> None:
        self.content = content
        self.journal = journal
        self.rankings = {ranking.name: ranking for ranking in content.rankings}
        self._places = {clip.clip: place for place, clip in enumerate(content.clips)}

    @property
    def clips(self) -> Sequence[QueuedClip]:
        """The recordings, in the order of the manifest."""
        return self.content.clips

    @property
    def votes(self) -> Votes:
        """What raters have said."""
        return self.journal.votes

    @cached_property
    def version(self) -> str:
        """A name of this list of recordings: after it has changed, a page must be reloaded."""
        digest = hashlib.sha256()
        for clip in self.clips:
            digest.update(repr(clip.clip).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()[:16]

    @property
    def first_order(self) -> str:
        """The order of the manifest; of a run, its most confident mistakes."""
        shown = [name for name in self.rankings if name.startswith("mistakes:")]
        return shown[0] if shown else "file"

    @property
    def left_out(self) -> list[str]:
        """What the journal has that is not exported: it was recorded with other arguments."""
        votes = list(self.votes.all())
        labels = {label.name: label for label in self.content.labels}
        n_foreign = sum(clip not in self._places for _, clip, _, _ in votes)
        n_other = sum(
            bool(value) and name in labels and not labels[name].has_kind(value)
            for _, _, name, value in votes
        )
        causes = {
            "of recordings that are not in this list any more": n_foreign,
            "without a number, of labels that are a scale now": n_other,
        }
        return [
            f"{self.journal.path.name} has {counted(n, 'value')} {cause}: kept in the "
            f"journal, not exported"
            for cause, n in causes.items()
            if n
        ]

    def place_of(self, clip: Clip) -> int | None:
        """Return the position of a recording; None if the manifest does not have it."""
        return self._places.get(clip)

    def label(self, name: str) -> AnnotatedLabel:
        """Return a label.

        Raises
        ------
        InputError
            If there is no such label.
        """
        for label in self.content.labels:
            if label.name == name:
                return label
        raise InputError(unknown("label", name, [one.name for one in self.content.labels]))

    def checked_value(self, label: str, value: str) -> str:
        """Return a value of a label; an empty one says that it cannot be given.

        Raises
        ------
        InputError
            If the label has no such value.
        """
        values = self.label(label).values
        if value and value not in values:
            raise InputError(unknown("value", value, values), "value")
        return value

    def values_of(self, rater: str) -> dict[int, dict[str, str]]:
        """Return what one rater has said, by position: what the others say is not in it."""
        held = {place: self.votes.of(rater, one.clip) for place, one in enumerate(self.clips)}
        return {place: values for place, values in held.items() if values}

    def by_clip(self, label: str) -> dict[int, list[str]]:
        """Return all raters' values of a label, by position."""
        values: dict[int, list[str]] = {}
        for _, clip, name, value in self.votes.all():
            place = self._places.get(clip)
            if name == label and value and place is not None:
                values.setdefault(place, []).append(value)
        return values

    def rater(self, text: str) -> str:
        """Return a rater's name, in Unicode's composed form.

        Raises
        ------
        InputError
            If it is not valid, or differs in case alone from that of another rater.
        """
        name = " ".join(unicodedata.normalize("NFC", text).split())
        if not name or len(name) > LONGEST_NAME or not is_printable(name):
            raise InputError(
                f"'{shortened(text)}': a name has 1 to {LONGEST_NAME} printable characters", "rater"
            )
        self.votes.check_rater(name)
        return name
