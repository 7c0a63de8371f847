"""How far the raters of a label agree: coefficients by its kind, and who and what agrees least.

A new coefficient is a row of :data:`COEFFICIENTS`; the audit, the report and the command read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from featser.errors import TaskError
from featser.ratings.agreement.fleiss import agreeing_pairs, fleiss_bounds, fleiss_kappa
from featser.ratings.agreement.intraclass import Form, intraclass_correlation
from featser.ratings.agreement.item_bootstrap import METHOD
from featser.ratings.agreement.krippendorff import Level, alpha, alpha_bounds
from featser.ratings.evaluator_weighted import correlations
from featser.ratings.ratings import UNNAMED, Array, Ratings, ratio
from featser.tasks import Kind


@dataclass(frozen=True)
class Figure:
    """A coefficient of agreement with its interval.

    Attributes
    ----------
    name, title, meaning : str
        As :class:`Coefficient` has them.
    value, low, high : float
        NaN where undefined.
    n_items : int
        Recordings that count for it.
    note : str
        How the interval is made, or why there is no value.
    """

    name: str
    title: str
    meaning: str
    value: float
    low: float
    high: float
    n_items: int
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain data, for JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement.

    Parameters
    ----------
    name, title : str
        In JSON, and as readers know it.
    meaning : str
        For tables and the documentation.
    kinds : tuple of str
        The kinds of label that have it; the first of a kind leads.
    compute : callable
        From ratings to value, bounds, number of recordings, and how the interval is made.
    """

    name: str
    title: str
    meaning: str
    kinds: tuple[Kind, ...]
    compute: Callable[[Ratings], tuple[float, float, float, int, str]]


def _alpha(ratings: Ratings, level: Level) -> tuple[float, float, float, int, str]:
    low, high = alpha_bounds(ratings, level)
    return alpha(ratings, level), low, high, _n_paired(ratings), METHOD


def _kappa(ratings: Ratings) -> tuple[float, float, float, int, str]:
    low, high = fleiss_bounds(ratings)
    return fleiss_kappa(ratings), low, high, _n_paired(ratings), METHOD


def _icc(ratings: Ratings, form: Form) -> tuple[float, float, float, int, str]:
    one = intraclass_correlation(ratings, form)
    return one.value, one.low, one.high, one.n_items, one.interval


COEFFICIENTS = (
    Coefficient(
        "alpha_nominal",
        "Krippendorff's alpha (nominal)",
        "Agreement on classes beyond chance: 1 is perfect, 0 is chance; ratings may be missing.",
        ("classification",),
        partial(_alpha, level="nominal"),
    ),
    Coefficient(
        "alpha_ordinal",
        "Krippendorff's alpha (ordinal)",
        "Agreement on ordered classes beyond chance, where near classes agree more.",
        ("ordinal",),
        partial(_alpha, level="ordinal"),
    ),
    Coefficient(
        "alpha_interval",
        "Krippendorff's alpha (interval)",
        "Agreement on numbers beyond chance, by squared differences.",
        ("regression",),
        partial(_alpha, level="interval"),
    ),
    Coefficient(
        "fleiss_kappa",
        "Fleiss' kappa",
        "Agreement on classes beyond chance; each recording counts the same, whatever the votes.",
        ("classification",),
        _kappa,
    ),
    Coefficient(
        "icc1",
        "ICC(1)",
        "The share of the variance of one rating that is that of the recordings, whoever rates.",
        ("regression",),
        partial(_icc, form="icc1"),
    ),
    Coefficient(
        "icc2",
        "ICC(2,1)",
        "The same where all recordings are rated by the same raters, or by raters like them.",
        ("regression",),
        partial(_icc, form="icc2"),
    ),
    Coefficient(
        "icc2k",
        "ICC(2,k)",
        "The reliability of the mean of all raters, which is a label by the mean.",
        ("regression",),
        partial(_icc, form="icc2k"),
    ),
)


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far the raters of a label agree.

    Attributes
    ----------
    label : str
        The label.
    kind : str
        Its kind.
    n_ratings, n_raters, n_items : int
        Ratings, named raters, and recordings with two or more ratings.
    figures : list of Figure
        The coefficients of the kind, the leading one first.
    raters : DataFrame
        ``rater``, ``ratings`` and ``agreement`` with the others, least first: of classes the mean
        share of the other ratings of a recording that are equal, of numbers the correlation with
        the mean of the others. Empty where raters are not named.
    items : DataFrame
        ``row``, ``ratings`` and ``agreement`` (of classes the share of pairs of ratings that are
        equal) or ``sd`` (of numbers) of each recording with two or more ratings, least first.
    """

    label: str
    kind: Kind
    n_ratings: int
    n_raters: int
    n_items: int
    figures: list[Figure]
    raters: pd.DataFrame
    items: pd.DataFrame


def agreement_of(ratings: Ratings, label: str, kind: Kind | None = None) -> Agreement:
    """Measure how far raters agree.

    Parameters
    ----------
    ratings : Ratings
        The ratings; of an ordinal label with the classes from low to high.
    label : str
        The label.
    kind : str, optional
        Its kind; by default classification for classes, regression for numbers.

    Returns
    -------
    Agreement

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> measured = agreement_of(from_matrix([[1, 2, 2], [4, 4, 5], [7, 8, 8]]), "arousal")
    >>> [(figure.name, round(figure.value, 2)) for figure in measured.figures][:2]
    [('alpha_interval', 0.95), ('icc1', 0.96)]
    """
    if kind is None:
        kind = "classification" if ratings.is_categorical else "regression"
    suited = ratings.as_numbers() if kind == "regression" else ratings.as_classes()
    return Agreement(
        label,
        kind,
        len(ratings.value),
        len(np.unique(ratings.rater[ratings.rater != UNNAMED])),
        _n_paired(ratings),
        list(_figures(suited, kind)),
        _raters(suited),
        _items(suited),
    )


def _figures(ratings: Ratings, kind: Kind) -> Iterator[Figure]:
    for row in COEFFICIENTS:
        if kind not in row.kinds:
            continue
        try:
            computed = row.compute(ratings)
        except TaskError as error:
            computed = (np.nan, np.nan, np.nan, 0, f"not computed: {error}")
        yield Figure(row.name, row.title, row.meaning, *computed)


def _n_paired(ratings: Ratings) -> int:
    return int((ratings.per_item > 1).sum())


def others_mean(ratings: Ratings) -> Array:
    """Return for each rating the mean of the other ratings of its recording; NaN without others.

    Examples
    --------
    >>> from featser.ratings.ratings import from_matrix
    >>> others_mean(from_matrix([[1, 2, 6]])).tolist()
    [4.0, 3.5, 1.5]
    """
    totals = np.bincount(ratings.item, weights=ratings.value, minlength=ratings.n_items)
    others = ratings.per_item[ratings.item] - 1.0
    rest = totals[ratings.item] - ratings.value
    return ratio(rest, others)


def _raters(ratings: Ratings) -> pd.DataFrame:
    if not ratings.raters or not ratings.is_named:
        return pd.DataFrame({"rater": [], "ratings": [], "agreement": []})
    n = np.bincount(ratings.rater, minlength=len(ratings.raters))
    if ratings.is_categorical:
        own = ratings.counts[ratings.item, ratings.value.astype(np.intp)] - 1.0
        others = ratings.per_item[ratings.item] - 1.0
        paired = others > 0
        total = np.bincount(ratings.rater[paired], (own / np.maximum(others, 1))[paired], len(n))
        n_paired = np.bincount(ratings.rater[paired], minlength=len(n))
        agreement = ratio(total, n_paired)
    else:
        agreement = correlations(ratings, others_mean(ratings))
    table = pd.DataFrame({"rater": list(ratings.raters), "ratings": n, "agreement": agreement})
    ordered = table[table["ratings"] > 0].sort_values(["agreement", "rater"])
    return ordered.reset_index(drop=True)


def _items(ratings: Ratings) -> pd.DataFrame:
    rows = np.flatnonzero(ratings.per_item > 1)
    table = pd.DataFrame({"row": rows, "ratings": ratings.per_item[rows]})
    if ratings.is_categorical:
        table["agreement"] = agreeing_pairs(ratings)[rows]
        return table.sort_values(["agreement", "row"]).reset_index(drop=True)
    spread = pd.Series(ratings.value).groupby(ratings.item).std()
    table["sd"] = spread.reindex(rows).to_numpy()
    return table.sort_values(["sd", "row"], ascending=[False, True]).reset_index(drop=True)
