"""The verdict is a function of the figure, the chance level and the strongest shortcut."""

from __future__ import annotations

from typing import Any

import pytest

from featser.audit.checks.shortcuts import PROBED, Probe, shortcut_findings
from featser.audit.checks.single_features import GIVEN_AWAY
from featser.reporting.html import render
from featser.reporting.statements.overview import summary_line
from featser.reporting.statements.verdict import (
    Shortcut,
    chance_level,
    shortcut_of,
    strongest_shortcut,
    verdict,
    verdict_of,
)
from featser.tasks import Task
from tests.reporting.page import Page
from tests.reporting.sample import sample_run

NAN = float("nan")
DURATION = Shortcut("duration", 0.40)


def figure(value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


@pytest.mark.parametrize(
    ("of", "shortcut", "words"),
    [
        (figure(0.60, 0.50, 0.70), DURATION, "above chance and above every shortcut tested"),
        (
            figure(0.60, 0.50, 0.70),
            Shortcut("level", 0.45),
            "above chance and above every shortcut tested, but the shortcut 'level' is strong",
        ),
        (figure(0.60, 0.50, 0.70), None, "above chance; no shortcuts were tested"),
        (
            figure(0.60, 0.40, 0.70),
            DURATION,
            "above chance, but not distinguishable from the shortcut 'duration'",
        ),
        (
            figure(0.40, 0.30, 0.50),
            DURATION,
            "above chance, but no better than the shortcut 'duration'",
        ),
        (
            figure(0.35, 0.30, 0.39),
            DURATION,
            "above chance, but no better than the shortcut 'duration'",
        ),
        (figure(0.30, 0.25, 0.40), DURATION, "not distinguishable from chance"),
        (figure(0.20, 0.10, 0.26), None, "not distinguishable from chance"),
        (figure(0.20, 0.10, 0.24), DURATION, "below chance"),
        (figure(0.90, None, None), DURATION, "no verdict: the figure has no interval"),
        (figure(0.90, NAN, NAN), DURATION, "no verdict: the figure has no interval"),
        (figure(None, None, None), DURATION, "no verdict: the figure is undefined"),
        (figure(NAN, NAN, NAN), DURATION, "no verdict: the figure is undefined"),
        (None, DURATION, "no verdict: the figure is undefined"),
    ],
)
def test_verdict_of_fixed_numbers_is_in_plain_words(
    of: dict[str, Any] | None, shortcut: Shortcut | None, words: str
) -> None:
    assert verdict(of, 0.25, shortcut) == words


def test_verdict_under_an_optimistic_protocol_gives_the_reason() -> None:
    words = verdict(
        figure(0.6, 0.5, 0.7), 0.25, DURATION, optimistic_because="speakers are in both"
    )
    assert words == (
        "above chance and above every shortcut tested; "
        "the protocol is optimistic, because speakers are in both"
    )


def probe(fact: str, uar: float, chance: float = 0.2) -> Probe:
    low, high = uar - 0.1, uar + 0.1
    return Probe(fact, chance, uar, low, high, "angry", 0.6, bound=low, one_bound=0.5)


def findings(*probes: Probe) -> list[dict[str, Any]]:
    return [
        finding.to_dict()
        for finding in shortcut_findings(probes, Task("emotion", classes=("angry", "sad")))
    ]


def test_strongest_shortcut_is_the_largest_of_audit_and_duration_baseline() -> None:
    audited = findings(probe("level", 0.45), probe("rate", 0.25), probe("floor", NAN))
    figures = {"duration.uar": figure(0.3, 0.2, 0.4)}
    assert strongest_shortcut("uar", figures, audited) == Shortcut("speech level", 0.45)
    assert strongest_shortcut("uar", figures, []) == Shortcut("duration", 0.3)
    assert strongest_shortcut("uar", {}, []) is None
    assert strongest_shortcut("uar", {}, findings(probe("floor", NAN))) is None


def test_feature_that_gives_the_class_away_is_a_shortcut() -> None:
    """A model that has the feature is no better than the feature alone."""
    row = {"feature": "t.row", "extractor": "t", "UAR": 0.92}
    whole = {"extractor": "t", "UAR": 0.99}
    given = [{"kind": GIVEN_AWAY, "table": [row]}, {"kind": GIVEN_AWAY, "table": [whole]}]
    assert strongest_shortcut("uar", {}, given[:1]) == Shortcut("feature t.row", 0.92)
    assert strongest_shortcut("uar", {}, given) == Shortcut("features of t", 0.99)
    words = verdict(figure(0.9, 0.85, 0.95), 0.25, strongest_shortcut("uar", {}, given[:1]))
    assert words == "above chance, but no better than the shortcut 'feature t.row'"


def test_strongest_shortcut_to_a_ccc_is_not_a_uar() -> None:
    audited = findings(probe("level", 0.45))
    assert strongest_shortcut("ccc", {}, audited) is None
    figures = {"duration.ccc": figure(0.1, 0.0, 0.2)}
    assert strongest_shortcut("ccc", figures, audited) == Shortcut("duration", 0.1)


@pytest.mark.parametrize("fact", PROBED)
def test_shortcut_has_the_name_that_the_audit_declares(fact: str) -> None:
    strongest = strongest_shortcut(
        "uar", {"duration.uar": figure(0.3, 0.2, 0.4)}, findings(probe(fact, 0.45))
    )
    assert strongest == Shortcut(PROBED[fact].name, 0.45)
    assert strongest.name != "duration"  # the baseline's, with the silence around the speech


def test_a_shortcut_to_other_classes_than_the_protocol_scores_is_not_compared() -> None:
    """Across corpora fewer classes are scored than the audit tests, with another chance level."""
    run = sample_run(findings=findings(probe("level", 0.95, chance=0.111)))
    assert shortcut_of(run) is None
    comparable = sample_run(findings=findings(probe("level", 0.95)))
    assert shortcut_of(comparable) == Shortcut("speech level", 0.95)


def test_verdict_of_a_run_without_audit_says_that_no_shortcuts_were_tested() -> None:
    run = sample_run(findings=[])
    figures = run.figures(run.primary)
    for name in [name for name in figures if name.startswith("duration.")]:
        del figures[name]
    assert verdict_of(run) == "above chance; no shortcuts were tested"
    assert summary_line(run).endswith(": above chance; no shortcuts were tested")


def test_chance_level_is_that_of_the_figures_or_of_the_number_of_classes() -> None:
    task = Task("emotion", classes=("a", "b", "c", "d"))
    assert chance_level(task, {"chance.uar": figure(0.5, 0.5, 0.5)}) == 0.5
    assert chance_level(task, {}) == 0.25
    assert chance_level(Task("arousal", kind="regression"), {}) == 0.0


def test_report_and_summary_line_state_the_same_verdict() -> None:
    run = sample_run(findings=findings(probe("level", 0.45)))
    words = verdict_of(run)
    assert words == (
        "above chance and above every shortcut tested, but the shortcut 'speech level' is strong"
    )
    line = summary_line(run)
    assert line.endswith(f"strongest shortcut 'speech level' UAR 0.450: {words}")
    assert line.startswith("emotion: UAR 0.")
    assert "(95 % interval), chance 0.200, " in line
    text = Page(render(run)).text
    assert f"{words[0].upper()}{words[1:]}." in text
    assert "chance 0.200 strongest shortcut 'speech level' 0.450 speakers tested 10" in text


def test_summary_line_names_optimism_and_speaker_normalisation() -> None:
    line = summary_line(sample_run(protocol="random", speaker_norm="transductive"))
    assert "the protocol is optimistic, because speakers are in both" in line
    assert "transductive speaker normalisation" in line


def test_summary_line_of_a_regression_has_a_ccc_and_chance_0() -> None:
    run = sample_run()
    run.tasks = [Task("arousal", kind="regression", role="primary")]
    assert summary_line(run).startswith("arousal: CCC 0.")
    assert "chance 0.000" in summary_line(run)
