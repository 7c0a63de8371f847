"""In which order a rater gets the recordings."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from featser.errors import InputError, unknown
from featser.serve.annotating.clip_queue import ClipQueue


@dataclass(frozen=True)
class Order:
    """An order.

    Attributes
    ----------
    name, title : str
        In requests, and in the list of orders.
    compute : callable
        From queue, rater and label to positions of recordings.
    """

    name: str
    title: str
    compute: Callable[[ClipQueue, str, str], Sequence[int]]


def by_file(queue: ClipQueue, rater: str, label: str) -> Sequence[int]:
    """Return the order of the manifest."""
    del rater, label
    return range(len(queue.clips))


def at_random(queue: ClipQueue, rater: str, label: str) -> Sequence[int]:
    """Return a random order, which is always the same for a rater."""
    del label
    places = list(range(len(queue.clips)))
    random.Random(f"featser:{rater}").shuffle(places)
    return places


def by_disagreement(queue: ClipQueue, rater: str, label: str) -> Sequence[int]:
    """Return first what raters disagree on most; last, by file, what has less than two ratings."""
    del rater
    is_scale = queue.label(label).is_scale
    values = queue.by_clip(label)
    scores = {place: disagreement(given, is_scale) for place, given in values.items()}
    return sorted(range(len(queue.clips)), key=lambda place: (-scores.get(place, -1.0), place))


def disagreement(values: Sequence[str], is_scale: bool) -> float:
    """Return how far values differ; below 0 where there are less than two.

    Of classes, the entropy of the votes in nats; of levels, their standard deviation.

    Examples
    --------
    >>> disagreement(["sad", "sad"], False), disagreement(["1", "5"], True), disagreement([], False)
    (0.0, 2.0, -1.0)
    """
    if len(values) < 2:
        return -1.0
    if not is_scale:
        return entropy([count / len(values) for count in Counter(values).values()])
    levels = list(map(float, values))
    mean = sum(levels) / len(levels)
    return math.sqrt(sum((level - mean) ** 2 for level in levels) / len(levels))


def entropy(shares: Sequence[float]) -> float:
    """Return the entropy of a distribution in nats.

    Examples
    --------
    >>> round(entropy([0.5, 0.5]), 3), entropy([1.0])
    (0.693, 0.0)
    """
    return math.fsum(-share * math.log(share) for share in shares if 0 < share < 1)


def most_uncertain_first(scores: Sequence[float | None]) -> list[int]:
    """Return positions by falling score; those without one last.

    Examples
    --------
    >>> most_uncertain_first([0.1, None, 0.9])
    [2, 0, 1]
    """
    values = [-1.0 if score is None else score for score in scores]
    return sorted(range(len(values)), key=lambda place: (-values[place], place))


ORDERS = (
    Order("file", "by file", by_file),
    Order("random", "random", at_random),
    Order("disagreement", "most disagreement of raters first", by_disagreement),
)
"""The orders that need no predictions; :class:`Ranking` has the others."""


def ordered(queue: ClipQueue, name: str, rater: str, label: str) -> Sequence[int]:
    """Return the positions of recordings in an order.

    Raises
    ------
    InputError
        If there is no such order.
    """
    by_name = {order.name: order for order in ORDERS}
    if name in queue.rankings:
        return queue.rankings[name].clips
    if name not in by_name:
        raise InputError(unknown("order", name, [*by_name, *queue.rankings]), "order")
    return by_name[name].compute(queue, rater, label)
