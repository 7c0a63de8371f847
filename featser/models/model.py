"""The row of a model in the registry; other packages make such rows too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["classifier", "regressor"]


@dataclass(frozen=True)
class Model:
    """A model that ``--model`` names.

    Attributes
    ----------
    name : str
        As ``--model`` names it.
    title : str
        A few words for help and tables.
    classifier, regressor : str
        The function that makes it, ``module:function``, called with ``random_state``; or the name
        of the model that is fitted in its place; empty where there is none.
    arguments : mapping
        Further keyword arguments of those functions.
    grid : str
        ``module:name`` of the settings that ``--tune`` tries: a list of settings, or a function
        from an unfitted estimator to one that chooses its settings. Empty where there are none.
    cost : float or None
        Seconds of one core to fit 1000 utterances with 1000 values and eight classes, calibration
        included; None where it is not known. Other sizes are in proportion, within a factor of
        three or so. The cost of a model that reads frames does not depend on the number of values.
    batches : str
        The function that makes the estimator that is fitted in batches, ``module:function``,
        called with ``categorical`` and ``random_state``. Empty where all features must be in
        memory.
    uses_weights : bool
        Whether sample weights change the fit.
    takes_soft_labels : bool
        Whether a classifier can be fitted on shares of votes: its ``fit`` requests ``soft_labels``.
    uses_blocks : bool
        Whether it weighs blocks of features, so that it reads those of extractors with several
        blocks beside other features.
    reads_frames : bool
        Whether it reads packed frames where there are some.
    calibrate : bool
        Whether a classifier that is fitted alone gets a temperature on left-out speakers, for
        which it is fitted several times unless it offers left-out probabilities. False where it
        is calibrated by itself, or where that would take too long.
    extra : str
        The optional dependencies of featser that fitting it needs.
    synonyms : tuple of str
        Other names that are understood.
    classes : tuple of str
        For models of other packages: the qualified names of the classes that a fitted estimator
        holds beside those of scikit-learn, XGBoost and featser. Bundles may then hold them where
        the package is installed.

    Examples
    --------
    >>> Model("bayes", "naive Bayes", "sklearn.naive_bayes:GaussianNB").fits("regressor")
    False
    """

    name: str
    title: str
    classifier: str = ""
    regressor: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    grid: str = ""
    cost: float | None = None
    batches: str = ""
    uses_weights: bool = True
    takes_soft_labels: bool = False
    uses_blocks: bool = False
    reads_frames: bool = False
    calibrate: bool = True
    extra: str = ""
    synonyms: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def made_by(self, kind: Kind) -> str:
        """Return what makes its estimator of a kind: ``module:function``, a name, or nothing."""
        return self.classifier if kind == "classifier" else self.regressor

    def fits(self, kind: Kind) -> bool:
        """Return whether it has an estimator of a kind."""
        return bool(self.made_by(kind))

    def fit_seconds(self, rows: int, values: int) -> float | None:
        """Return roughly how long one fit takes on one core; None where the cost is not known."""
        if self.cost is None:
            return None
        return self.cost * rows / 1000 * (1.0 if self.reads_frames else values / 1000)
