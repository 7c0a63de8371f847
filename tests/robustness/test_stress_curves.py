"""The figures of a stress test, from predictions whose outcome is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from featser.evaluation.statistics.comparison import compare_task
from featser.reporting.sections.stress_figure import stress_figure
from featser.reporting.sections.stress_section import StressSection, render_stress
from featser.robustness.conditions import CONDITIONS
from featser.robustness.stress_curves import Answered, StressCurves, stress_curves
from featser.robustness.stress_tables import (
    recall_table,
    stress_dict,
    stress_figure_curves,
    stress_frame,
    stress_sentences,
    stress_table,
)
from featser.tasks import Task

N = 80
SPEAKER = np.array([f"s{row // 8}" for row in range(N)])


def curves_of(a: str = "angry", b: str = "sad") -> StressCurves:
    """Noise at 20 dB changes nothing; at 0 dB all are predicted as the second class."""
    task = Task("emotion", classes=(a, b))
    labels = np.array([a, b] * (N // 2), dtype=object)
    rows = np.arange(N)[::-1]
    clean = labels[rows].copy()
    clean[::9] = a
    noise = CONDITIONS["noise"]
    altered = [
        (noise, noise.levels[0], Answered(rows[2:], clean[2:])),
        (noise, noise.levels[3], Answered(rows, np.full(N, b, dtype=object))),
    ]
    return stress_curves(task, labels, SPEAKER, Answered(rows, clean), altered)


def test_a_level_that_changes_nothing_has_no_difference_and_one_that_destroys_has_chance() -> None:
    curves = curves_of()
    same, lost = curves.levels
    assert same.difference["value"] == 0
    assert same.p == 1
    assert not same.falls
    assert lost.figure["value"] == curves.chance == 0.5
    assert lost.falls
    assert curves.worst is lost
    assert lost.recalls["angry"]["value"] == 0
    assert lost.recalls["sad"]["value"] == 1
    assert "2 utterances of 80 could not be used" in curves.notes[0]
    assert same.n == N - 2


def test_differences_are_those_of_a_paired_comparison() -> None:
    curves = curves_of()
    labels = np.array(["angry", "sad"] * (N // 2), dtype=object)
    clean = labels.copy()
    clean[::-1][::9] = "angry"
    expected = compare_task(curves.task, labels, clean, np.full(N, "sad", dtype=object), SPEAKER)
    assert curves.levels[1].difference == expected.difference.to_dict()
    assert curves.levels[1].p == pytest.approx(2 * expected.p), "corrected for two levels"


def test_dimensions_have_ccc_and_chance_0() -> None:
    task = Task("arousal", kind="regression")
    random = np.random.default_rng(0)
    labels = random.normal(size=N)
    rows, clean = np.arange(N), labels + 0.3 * random.normal(size=N)
    noise = CONDITIONS["noise"]
    noisy = Answered(rows, random.permutation(clean))
    curves = stress_curves(
        task, labels, SPEAKER, Answered(rows, clean), [(noise, noise.levels[0], noisy)]
    )
    assert (curves.metric, curves.chance) == ("ccc", 0)
    assert curves.clean["value"] > 0.9
    assert curves.levels[0].falls
    assert recall_table(curves) is None
    assert "recall" not in " ".join(stress_frame(curves).columns)


def test_sentences_name_the_largest_fall_what_stays_and_what_is_at_chance() -> None:
    text = " ".join(stress_sentences(curves_of()))
    assert "It falls most under white noise (0 dB SNR): by 0." in text
    assert "No fall is shown under white noise (20 dB SNR)." in text
    assert "It is not shown to be above chance under white noise (0 dB SNR)." in text


def test_two_speakers_have_figures_without_intervals_and_a_note() -> None:
    task = Task("emotion", classes=("angry", "sad"))
    labels = np.array(["angry", "sad"] * 4, dtype=object)
    rows, noise = np.arange(8), CONDITIONS["noise"]
    pred = np.array(["sad"] * 8, dtype=object)
    who = np.array(["s0"] * 4 + ["s1"] * 4)
    curves = stress_curves(
        task, labels, who, Answered(rows, labels), [(noise, noise.levels[0], Answered(rows, pred))]
    )
    assert "no interval: 2 speakers" in curves.notes[0]
    assert "Without an interval it is unknown" in stress_sentences(curves)[1]
    json.dumps(stress_dict(curves), allow_nan=False)


def shown(curves: StressCurves) -> str:
    recalls: Any = recall_table(curves)
    figure = stress_figure(stress_figure_curves(curves), curves.clean, curves.chance, "UAR")
    section = StressSection(
        "random", stress_sentences(curves), figure, [stress_table(curves), recalls]
    )
    return render_stress(section)


def test_hostile_names_of_classes_and_tasks_are_text_in_the_section() -> None:
    bad = '"><script>alert(1)</script><!--/stress-->\x1b[31m\udce9'
    page = shown(curves_of(bad, "sad"))
    assert "<script" not in page
    assert "<!--/stress-->" not in page
    assert "\x1b" not in page
    page.encode("utf-8")
    assert "&lt;script&gt;" in page


def test_the_figure_has_a_panel_for_each_condition_and_states_all_values() -> None:
    page = shown(curves_of())
    assert page.count("<svg") == 1
    assert "White noise 20 dB SNR" in page
    assert "chance 0.500." in page
