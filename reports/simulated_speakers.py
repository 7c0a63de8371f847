"""Simulated speakers whose skill differs: confusions, ratings and probabilities by speaker."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from featser.evaluation.statistics.reliability import calibration_sums

Array = npt.NDArray[np.float64]

CLASSES = (2, 4, 7)
UARS = (0.5, 0.7, 0.9, 0.95)
SKILL_SDS = (0.3, 0.8)
"""Between speakers, on the logit scale: of speakers with a mean recall of 0.7, two thirds are
between 0.63 and 0.76, or between 0.51 and 0.84."""
CLASS_SD = 0.3
"""Between the classes of a speaker, besides."""
UTTERANCES, SIZE_SD = 40, 0.5
"""The median number of utterances of a speaker, and the standard deviation of its logarithm: the
largest of ten speakers has about five times the utterances of the smallest."""
FEWEST_UTTERANCES = 6


@dataclass(frozen=True)
class Setting:
    """How data sets are simulated.

    Attributes
    ----------
    speakers, classes : int
        How many.
    uar : float
        Of the population.
    sd : float
        Between speakers, on the logit scale.
    """

    speakers: int
    classes: int
    uar: float
    sd: float


def settings(speakers: int) -> list[Setting]:
    """Return all settings with so many speakers."""
    return [Setting(speakers, *others) for others in product(CLASSES, UARS, SKILL_SDS)]


def confusions(
    setting: Setting, runs: int, random: np.random.Generator, models: int = 1, shared: float = 0.0
) -> list[Array]:
    """Simulate confusion matrices by speaker, shape (speakers, runs, K, K), of some models.

    Parameters
    ----------
    setting : Setting
    runs : int
        The number of data sets.
    random : Generator
    models : int
        How many models predict the same utterances; all have the UAR of the setting.
    shared : float
        The correlation of the models' skills of a speaker.
    """
    speakers, k = setting.speakers, setting.classes
    shape = (speakers, runs)
    counts = random.multinomial(_sizes(shape, random), np.full(k, 1 / k))
    centre = _logit_with_mean(setting.uar, float(np.hypot(setting.sd, CLASS_SD)))
    common = random.normal(size=(*shape, 1))
    result = []
    for _ in range(models):
        own = random.normal(size=(*shape, 1))
        skill = setting.sd * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
        chance = _expit(centre + skill + CLASS_SD * random.normal(size=(*shape, k)))
        result.append(_confused(counts, random.binomial(counts, chance), random))
    return result


def _confused(counts: Array, right: Array, random: np.random.Generator) -> Array:
    """Return confusion matrices whose errors are spread evenly over the other classes."""
    k = counts.shape[-1]
    matrices = np.zeros((*counts.shape, k))
    for one in range(k):
        others = [other for other in range(k) if other != one]
        errors = (counts - right)[..., one].astype(int)
        matrices[..., one, others] = random.multinomial(errors, np.full(k - 1, 1 / (k - 1)))
        matrices[..., one, one] = right[..., one]
    return matrices


def _sizes(shape: tuple[int, ...], random: np.random.Generator) -> Any:
    drawn = UTTERANCES * random.lognormal(0, SIZE_SD, shape)
    return np.maximum(FEWEST_UTTERANCES, drawn.astype(int))


def _expit(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _logit_with_mean(mean: float, sd: float) -> float:
    """Return the centre of a normal distribution of logits whose shares have this mean."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        share = (weights * _expit(middle + sd * nodes)).sum() / weights.sum()
        low, high = (middle, high) if share < mean else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Rated:
    """How ratings and their predictions are simulated.

    Attributes
    ----------
    noise : float
        Of the predictions; the ratings of a speaker have a standard deviation of 1.
    offset : float
        Standard deviation of the speakers' means of ratings and of errors.
    """

    noise: float
    offset: float


RATED = (Rated(0.3, 0.1), Rated(0.5, 0.3), Rated(1.0, 0.3))


def moments_by_speaker(
    rated: Rated, speakers: int, runs: int, random: np.random.Generator
) -> Array:
    """Simulate ratings and predictions; return moments by speaker, shape (speakers, runs, 9)."""
    size = _sizes((speakers, runs), random)
    shape, one = (speakers, runs, int(size.max())), (speakers, runs, 1)
    true = rated.offset * random.normal(size=one) + random.normal(size=shape)
    slope = 0.7 * np.exp(0.2 * random.normal(size=one))
    spread = rated.noise * np.exp(0.3 * random.normal(size=one))
    pred = (
        slope * true + rated.offset * random.normal(size=one) + spread * random.normal(size=shape)
    )
    error = true - pred
    terms = (
        np.ones(shape), true, pred, true**2, pred**2, true * pred, error, np.abs(error), error**2
    )  # fmt: skip
    present = np.arange(shape[-1]) < size[..., None]
    return np.stack([(term * present).sum(axis=-1) for term in terms], axis=-1)


@dataclass(frozen=True)
class Sure:
    """How probabilities are simulated.

    Attributes
    ----------
    classes : int
        How many.
    signal : float
        How far the score of the true class is above the others, in standard deviations.
    over : float
        By how much the scores are too large: 1 is calibrated, 2 overconfident.
    """

    classes: int
    signal: float
    over: float


SURE = (Sure(4, 1.5, 2.0), Sure(4, 2.5, 1.5), Sure(7, 2.0, 1.3), Sure(2, 1.0, 2.0))
CALIBRATED = Sure(4, 1.5, 1.0)


def probabilities_by_speaker(
    sure: Sure, speakers: int, runs: int, random: np.random.Generator
) -> Array:
    """Simulate probabilities; return the sums of reliability by speaker, (speakers, runs, …)."""
    size = _sizes((speakers, runs), random)
    unit = np.repeat(np.arange(size.size), size.ravel())
    k, n = sure.classes, len(unit)
    true = random.integers(0, k, n)
    scores = random.normal(size=(n, k))
    signal = sure.signal * np.exp(0.3 * random.normal(size=size.size))[unit]
    scores[np.arange(n), true] += signal
    scores *= sure.signal * sure.over
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    by_unit = calibration_sums(true, p, unit, size.size)
    return by_unit.reshape(speakers, runs, *by_unit.shape[1:])
