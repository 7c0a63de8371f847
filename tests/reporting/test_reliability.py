"""The report states whether the primary task's probabilities are calibrated."""

from __future__ import annotations

from featser.reporting.html import render
from featser.reporting.reliability_diagram import section
from tests.reporting.sample import sample_run


def test_the_reliability_diagram_has_its_numbers_in_a_table() -> None:
    run = sample_run(all_tasks=False)
    shown = section(run)
    assert shown is not None
    right = (run.predictions["emotion.true"] == run.predictions["emotion.pred"]).mean()
    by_bin = {row[0]: row for row in shown.table.rows}
    assert by_bin["0.5 to 0.6"][1:3] == ["400", "0.600"], "the sample is 0.6 sure of everything"
    assert by_bin["0.5 to 0.6"][3].startswith(f"{right:.3f} [")
    assert f"ECE {abs(right - 0.6):.3f}" in shown.figures
    assert "Expected calibration error" in render(run)


def test_without_probabilities_the_reliability_diagram_is_left_out() -> None:
    run = sample_run(all_tasks=False)
    run.predictions = run.predictions.drop(columns="emotion.p[anger]")
    assert section(run) is None
    assert "Reliability of" not in render(run)
