"""The methods that make one label of the ratings of several raters, one row each.

A new method is a function from :class:`~featser.ratings.ratings.Ratings` to one value for each
recording, and a row here; the option, its help, notes and the report read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from featser.errors import TaskError, unknown


@dataclass(frozen=True)
class Aggregation:
    """A method that makes one label of several ratings.

    Parameters
    ----------
    name : str
        On the command line.
    meaning : str
        What it gives, for help and the report.
    takes : {'classes', 'numbers'}
        What ratings it needs.
    function : str
        ``module:function`` within :mod:`featser.ratings`, from ratings to one value for each
        recording, NaN where there is none: a position in ``classes``, or a number.
    is_soft : bool
        Whether models are fitted on the shares of the votes; the one label is what they are scored
        against.
    """

    name: str
    meaning: str
    takes: Literal["classes", "numbers"]
    function: str
    is_soft: bool = False


METHODS = (
    Aggregation(
        "majority",
        "the class with most votes; recordings with a tie have no label",
        "classes",
        "aggregation:majority",
    ),
    Aggregation(
        "soft",
        "the shares of the votes, which models are fitted on; they are scored against the class "
        "with most votes, and against the shares",
        "classes",
        "aggregation:majority",
        is_soft=True,
    ),
    Aggregation(
        "dawid-skene",
        "the most probable class, with the raters' confusions estimated (Dawid and Skene 1979)",
        "classes",
        "aggregation:most_probable",
    ),
    Aggregation("mean", "the mean rating", "numbers", "evaluator_weighted:means"),
    Aggregation(
        "median",
        "the median rating; of an ordinal label the lower of two levels in the middle",
        "numbers",
        "aggregation:medians",
    ),
    Aggregation(
        "ewe",
        "the evaluator weighted estimate (Grimm and Kroschel 2005): the mean with each rater "
        "weighted by the correlation with all raters' mean",
        "numbers",
        "evaluator_weighted:evaluator_weighted",
    ),
)


def method_names() -> tuple[str, ...]:
    """Return the names of all methods.

    Examples
    --------
    >>> method_names()
    ('majority', 'soft', 'dawid-skene', 'mean', 'median', 'ewe')
    """
    return tuple(method.name for method in METHODS)


def method_of(name: str) -> Aggregation:
    """Return the method of a name.

    Raises
    ------
    TaskError
        If there is none.

    Examples
    --------
    >>> method_of("ewe").takes
    'numbers'
    """
    for method in METHODS:
        if method.name == name:
            return method
    raise TaskError(unknown("aggregation", name, method_names()))
