"""How often featser's intervals hold the true value: ``make coverage-of-intervals``.

Speakers are simulated whose skill differs, and each data set of some speakers has an interval. The
share of intervals that hold the value of the population is the coverage, which should be 95 %; of
differences between two equally good runs, 5 % of the intervals should exclude 0. The bounds come
from the functions that ``featser fit`` and ``featser compare`` use. It writes
``reports/intervals/coverage.json`` and the tables of ``docs/intervals.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from common import REPORTS, table_lines
from simulated_gaps import gap_table, simulated_gaps
from simulated_speakers import (
    CALIBRATED,
    RATED,
    SURE,
    Array,
    Rated,
    Setting,
    Sure,
    confusions,
    moments_by_speaker,
    probabilities_by_speaker,
    settings,
)

from featser.evaluation.metrics import registry, sums
from featser.evaluation.metrics.scales import IDENTITY
from featser.evaluation.statistics.jackknife import (
    bounds_of_sums,
    error_in_strata,
    leave_one_out,
    standard_error,
    t_bounds,
)
from featser.evaluation.statistics.reliability import SCORES

SPEAKERS = (4, 6, 10, 24, 100)
LEVEL = 0.95
RUNS = {4: 8000, 6: 8000, 10: 8000, 24: 6000, 100: 1000}
"""Data sets of each setting."""
PAGE = REPORTS.parent / "docs" / "intervals.md"
JSON = REPORTS / "intervals" / "coverage.json"


def _recall_of_first(confusion: Array) -> Array:
    return sums.recalls_of(confusion)[..., 0]


CLASS_METRICS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "UAR": ("uar", sums.uar_of),
    "accuracy": ("accuracy", sums.accuracy_of),
    "recall of one class": (registry.PER_CLASS, _recall_of_first),
}


def held(
    metric: str, formula: Callable[[Array], Array], by_speaker: Array, true: float
) -> tuple[float, float]:
    """Return the share of intervals that hold the true value, and their mean width.

    Parameters
    ----------
    metric : str
        A row of the registry, whose scale is used.
    formula : callable
        The metric of summed statistics.
    by_speaker : ndarray of float, shape (speakers, runs, ...)
        What each speaker contributes to the sums.
    true : float
        The value of the population.
    """
    row = registry.metric_of(metric)
    k = by_speaker.shape[-1]
    is_matrix = by_speaker.shape[-2:] == (k, k)
    _, low, high = bounds_of_sums(
        formula,
        by_speaker,
        len(by_speaker) - 1,
        row.scale,
        LEVEL,
        half_error=_half_an_error(row, k) if is_matrix else None,
        is_biased=row.is_biased,
    )
    return float(((low <= true) & (true <= high)).mean()), float((high - low).mean())


def _half_an_error(row: registry.Metric, k: int) -> Array:
    """Return half an error: of all classes together, or of the class that a recall is of."""
    return sums.half_an_error(k) * (k if row.name == registry.PER_CLASS else 1)


def coverage_of_classes(
    setting: Setting, runs: int, random: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Return coverage and mean width of the metrics of classes."""
    (by_speaker,) = confusions(setting, runs, random)
    return {
        title: held(metric, formula, by_speaker, setting.uar)
        for title, (metric, formula) in CLASS_METRICS.items()
    }


BOOTSTRAP = "UAR, percentile bootstrap"
"""The row of the method that is widely used, for comparison; featser does not use it."""
_BOOTSTRAP_RUNS, _DRAWS = 400, 500


def coverage_of_bootstrap(setting: Setting, random: np.random.Generator) -> tuple[float, float]:
    """Return coverage and mean width of percentile bootstraps of the UAR over speakers."""
    (by_speaker,) = confusions(setting, _BOOTSTRAP_RUNS, random)
    speakers = len(by_speaker)
    chances = np.full(speakers, 1 / speakers)
    drawn = random.multinomial(speakers, chances, size=(_BOOTSTRAP_RUNS, _DRAWS)).astype(float)
    flat = by_speaker.reshape(speakers, _BOOTSTRAP_RUNS, -1).swapaxes(0, 1)
    totals = (drawn @ flat).reshape(_BOOTSTRAP_RUNS, _DRAWS, *by_speaker.shape[2:])
    bounds = np.nanquantile(sums.uar_of(totals), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    low, high = bounds
    holds = (low <= setting.uar) & (setting.uar <= high)
    return float(holds.mean()), float((high - low).mean())


NUMBER_METRICS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "CCC": ("ccc", sums.ccc_of),
    "Pearson's r": ("pearson", sums.pearson_of),
    "RMSE": ("rmse", sums.rmse_of),
    "MAE": ("mae", sums.mae_of),
}


PROBABILITY_METRICS = {"Brier score": "brier", "log loss": "log_loss", "ECE": "ece"}


@cache
def _many_ratings(rated: Rated) -> Array:
    """Return the sums over 20 000 speakers, which stand for the population."""
    random = np.random.default_rng(1)
    return np.asarray(moments_by_speaker(rated, 200, 100, random).sum(axis=(0, 1)))


@cache
def _many_probabilities(sure: Sure) -> Array:
    """Return the same of probabilities."""
    random = np.random.default_rng(1)
    return np.asarray(probabilities_by_speaker(sure, 200, 100, random).sum(axis=(0, 1)))


def coverage_of_numbers(
    rated: Rated, speakers: int, runs: int, random: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Return coverage and mean width of the metrics of numbers."""
    many = _many_ratings(rated)
    by_speaker = moments_by_speaker(rated, speakers, runs, random)
    return {
        title: held(metric, formula, by_speaker, float(formula(many)))
        for title, (metric, formula) in NUMBER_METRICS.items()
    }


def coverage_of_probabilities(
    sure: Sure, speakers: int, runs: int, random: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Return coverage and mean width of the figures of calibration."""
    many = _many_probabilities(sure)
    by_speaker = probabilities_by_speaker(sure, speakers, runs, random)
    return {
        title: held(name, SCORES[name], by_speaker, float(SCORES[name](many)))
        for title, name in PROBABILITY_METRICS.items()
    }


def found_without_difference(
    setting: Setting, runs: int, random: np.random.Generator, shared: float = 0.5
) -> float:
    """Return how often the interval of a difference excludes 0 where two runs are equally good."""
    two = confusions(setting, runs, random, models=2, shared=shared)
    one, other = (sums.uar_of(run.sum(axis=0)) for run in two)
    left_out = [sums.uar_of(leave_one_out(run)) for run in two]
    error = standard_error(left_out[1] - left_out[0])
    low, high = t_bounds(other - one, error, setting.speakers - 1, IDENTITY, LEVEL)
    return float(((low > 0) | (high < 0)).mean())


GROUPS = ((4, 4), (4, 20), (4, 60), (10, 10), (12, 40))
"""Speakers of two groups without a difference."""


def found_without_gap(
    groups: tuple[int, int], runs: int, random: np.random.Generator, uar: float = 0.7
) -> float:
    """Return how often the interval of a gap excludes 0 where two groups do not differ."""
    setting = Setting(sum(groups), 4, uar, 0.5)
    (by_speaker,) = confusions(setting, runs, random)
    first = np.arange(sum(groups)) < groups[0]
    sides = [by_speaker * where[:, None, None, None] for where in (first, ~first)]
    gaps = np.subtract(*[sums.uar_of(side.sum(axis=0)) for side in sides])
    left_out = np.subtract(*[sums.uar_of(leave_one_out(side)) for side in sides])
    error, df = error_in_strata(left_out, first)
    low, high = t_bounds(gaps, error, df, IDENTITY, LEVEL)
    return float(((low > 0) | (high < 0)).mean())


def simulated(seed: int = 0) -> dict[str, Any]:
    """Carry all simulations out."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for speakers in SPEAKERS:
        runs = RUNS[speakers]
        for setting in settings(speakers):
            for metric, (coverage, width) in coverage_of_classes(setting, runs, random).items():
                rows.append(vars(setting) | _row(metric, coverage, width, runs))
            rejected = found_without_difference(setting, runs, random)
            rows.append(vars(setting) | _row("difference", rejected, None, runs))
        for metric, coverage, width in _others(speakers, runs // 4, random):
            rows.append({"speakers": speakers} | _row(metric, coverage, width, runs // 4))
    gaps = [
        {"groups": groups, "found": found_without_gap(groups, RUNS[10], random)}
        for groups in GROUPS
    ]
    rows += [
        vars(setting) | _row(BOOTSTRAP, *coverage_of_bootstrap(setting, random), _BOOTSTRAP_RUNS)
        for speakers in SPEAKERS
        for setting in settings(speakers)
    ]
    results = {"seed": seed, "level": LEVEL, "rows": rows, "gaps": gaps}
    return results | {"group_gaps": simulated_gaps(seed)}


def _row(metric: str, share: float, width: float | None, runs: int) -> dict[str, Any]:
    row = {"metric": metric, "share": round(share, 4), "runs": runs}
    return row if width is None else row | {"width": round(width, 4)}


def _others(
    speakers: int, runs: int, random: np.random.Generator
) -> Iterator[tuple[str, float, float]]:
    """Yield metric, coverage and width of the metrics of numbers and of probabilities."""
    for rated in RATED:
        for metric, figures in coverage_of_numbers(rated, speakers, runs, random).items():
            yield metric, *figures
    for sure in SURE:
        for metric, figures in coverage_of_probabilities(sure, speakers, runs, random).items():
            yield metric, *figures
    calibrated = coverage_of_probabilities(CALIBRATED, speakers, runs, random)
    yield "ECE, calibrated", *calibrated["ECE"]


def tables(results: dict[str, Any]) -> list[str]:
    """Return the tables of the page, in Markdown."""
    rows = results["rows"]
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    metrics.remove("difference")
    header = ["metric", *(f"{speakers} speakers" for speakers in SPEAKERS)]
    covered = [
        [metric, *(_shares(rows, metric, speakers) for speakers in SPEAKERS)] for metric in metrics
    ]
    widths = ["mean width of UAR", *(_width(rows, speakers) for speakers in SPEAKERS)]
    shares = [_shares(rows, "difference", speakers) for speakers in SPEAKERS]
    gaps = [
        [f"{one} and {other} speakers", f"{100 * gap['found']:.1f}"]
        for gap in results["gaps"]
        for one, other in [gap["groups"]]
    ]
    return [
        "Intervals that hold the true value, in per cent (should be 95): mean over the settings, "
        "and in brackets the lowest and the highest of a setting.",
        "",
        *table_lines(header, [*covered, widths]),
        "",
        "Intervals of a difference between two equally good runs that exclude 0, in per cent "
        "(should be 5).",
        "",
        *table_lines(header, [["difference of UAR", *shares]]),
        "",
        "Intervals of a gap between two equal groups that exclude 0, in per cent (should be 5).",
        "",
        *table_lines(["groups", "gap of UAR"], gaps),
        "",
        "Intervals of the largest gap between groups that hold the true gap, in per cent (should "
        "be 95; of three groups 95 or more, because the level is raised): equal groups, and a last "
        "group whose recalls are lower by a known gap.",
        "",
        *gap_table(results["group_gaps"]),
    ]


def _shares(rows: list[dict[str, Any]], metric: str, speakers: int) -> str:
    shares = [
        100 * row["share"]
        for row in rows
        if row["metric"] == metric and row["speakers"] == speakers
    ]
    if len(shares) == 1:
        return f"{shares[0]:.1f}"
    return f"{np.mean(shares):.1f} ({min(shares):.1f}–{max(shares):.1f})"


def _width(rows: list[dict[str, Any]], speakers: int) -> str:
    widths = [
        row["width"] for row in rows if row["metric"] == "UAR" and row["speakers"] == speakers
    ]
    return f"{np.mean(widths):.3f}"


BEGIN, END = "<!-- written by make coverage-of-intervals -->", "<!-- end -->"


def write(results: dict[str, Any], page: Path = PAGE, file: Path = JSON) -> None:
    """Write the results, and the tables between the marks of the page."""
    lines = ",\n".join(json.dumps(row) for row in results["rows"])
    rest = json.dumps({name: results[name] for name in results if name != "rows"})
    file.write_text(f'{rest[:-1]}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = "\n".join(tables(results))
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="Random seed.")
    parser.add_argument("--groups", action="store_true", help="Simulate gaps of groups only.")
    arguments = parser.parse_args()
    if arguments.groups:
        results = json.loads(JSON.read_text(encoding="utf-8"))
        results["group_gaps"] = simulated_gaps(results["seed"])
    else:
        results = simulated(arguments.seed)
    write(results)
    print("\n".join(tables(results)))


if __name__ == "__main__":
    main()
