"""The report states coverage and size of prediction sets, and for whom they hold."""

from __future__ import annotations

import numpy as np

from featser.reporting.html import render
from featser.reporting.sections.coverage_section import coverage_frame, coverage_tables
from featser.reporting.summary import RunSummary
from featser.tasks import Task
from tests.reporting.page import Page
from tests.reporting.sample import EMOTIONS, sample_run


def run_with_sets(protocol: str = "speaker-independent") -> RunSummary:
    """A run whose sets have the true class, and in every second row another one."""
    run = sample_run(all_tasks=False, protocol=protocol)
    true = run.predictions["emotion.true"]
    for position, name in enumerate(EMOTIONS):
        other = EMOTIONS[position - 1]
        second = (true == other) & (run.predictions.index % 2 == 0)
        run.predictions[f"emotion.conformal[{name}]"] = np.where(
            true == name, 0.7, np.where(second, 0.15, 0.02)
        )
    return run


def test_the_page_has_a_row_for_each_class_and_coverage() -> None:
    run = run_with_sets()
    page = Page(render(run))
    (rows,) = [
        table
        for caption, table in zip(page.captions, page.tables, strict=True)
        if caption == "Prediction sets of emotion"
    ]
    assert len(rows) == 1 + 3 * (1 + len(EMOTIONS))
    frame = coverage_frame(run)
    at_08 = frame[(frame["coverage"] == 0.8) & (frame["class"] == "all classes")].iloc[0]
    at_09 = frame[(frame["coverage"] == 0.9) & (frame["class"] == "all classes")].iloc[0]
    assert (at_08["set_size"], at_08["answered"], at_08["right"]) == (1.0, 1.0, 1.0)
    assert 1.3 < at_09["set_size"] < 1.7
    assert at_09["covered"] == 1.0


def test_the_page_says_for_whom_the_sets_hold() -> None:
    assert "for new speakers like those of the training" in render(run_with_sets())
    random = render(run_with_sets("random"))
    assert "for new recordings of the same speakers" in random
    assert "for new speakers like those" not in random


def test_without_p_values_there_is_no_section() -> None:
    run = sample_run()
    assert coverage_tables(run) == []
    assert "Prediction sets" not in render(run)


def test_the_section_says_how_many_speakers_a_class_needs() -> None:
    needed = "(4 at coverage 0.8, 9 at coverage 0.9, 19 at coverage 0.95)"
    text = Page(render(run_with_sets())).text
    assert f"if enough speakers of the training fold have it {needed}" in text
    text = Page(render(run_with_sets("random"))).text
    assert f"if enough recordings of the training fold have it {needed}" in text


def test_sets_have_no_class_that_no_fold_is_trained_on_and_no_row_has() -> None:
    """Across corpora, a class of one corpus would be in every set, and no set have one class."""
    run = run_with_sets()
    expected = coverage_frame(run)
    run.tasks[0] = Task("emotion", "classification", (*EMOTIONS, "bored"), "primary")
    run.predictions["emotion.conformal[bored]"] = 1.0
    assert coverage_frame(run).equals(expected)
    run.predictions.loc[0, "emotion.conformal[bored]"] = 0.5
    assert not coverage_frame(run).equals(expected), "a class that is calibrated counts"
