"""The page of a comparison: its figures are those of the predictions, and names are escaped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.evaluation.metrics.metrics import recall_per_class, uar
from featser.evaluation.statistics.comparison import compare_recalls, compare_task
from featser.reporting.comparison.changed_predictions import changed_table, counts_table
from featser.reporting.comparison.compared_pair import ComparedPair, ComparisonSummary
from featser.reporting.comparison.comparison_page import render_comparison
from featser.reporting.comparison.difference_tables import speaker_differences
from featser.tasks import Task
from tests.reporting.page import Page

CLASSES = ("angry", "happy", "sad")
NASTY = "<b>&\"'{{ 7*7 }}"


def pair(classes: tuple[str, ...] = CLASSES, speaker: str = "s", kind: str = "x") -> ComparedPair:
    random = np.random.default_rng(0)
    n = 240
    if kind == "regression":
        task = Task("arousal", kind="regression")
        true = random.normal(3, 1, n)
        a, b = (true + random.normal(0, scale, n) for scale in (1.0, 0.5))
    else:
        task = Task("emotion", classes=classes)
        names = np.array(classes, dtype=object)
        codes = random.integers(0, 3, n)
        true = names[codes]
        a, b = (
            names[np.where(random.random(n) < share, codes, random.integers(0, 3, n))]
            for share in (0.4, 0.7)
        )
    rows = pd.DataFrame(
        {
            "file": [f"/data/{speaker}/{i:03d}.wav" for i in range(n)],
            "start": 0.0,
            "end": np.inf,
            "speaker": [f"{speaker}{i % 12}" for i in range(n)],
            "true": true,
            "a": a,
            "b": b,
        }
    )
    result = compare_task(task, true, a, b, rows["speaker"])
    return ComparedPair(task, 0, 1, rows, result, result.p, f"{task.name}: a conclusion.")


def summary(*pairs: ComparedPair, name: str = "one") -> ComparisonSummary:
    runs = [(name, "speaker-independent", "lda", "gemaps", "none"), ("two", "x", "svm", "y", "z")]
    return ComparisonSummary(
        runs, 240, list(pairs), [name], [("model", [name, "svm"])], f"compare {name}"
    )


def test_tables_are_those_of_the_predictions() -> None:
    compared = pair()
    page = Page(render_comparison(summary(compared, pair(kind="regression"))))
    true, a, b = (compared.values(column) for column in ("true", "a", "b"))
    cells = page.table("Differences of the headline metrics")["emotion"]
    assert cells[:3] == ["A → B", "UAR", f"{uar(true, a, CLASSES):.3f}"]
    assert cells[3] == f"{uar(true, b, CLASSES):.3f}"
    recalls = [recall_per_class(true, side, CLASSES) for side in (a, b)]
    by_class = page.table("Recall by class of emotion")
    for number, name in enumerate(CLASSES):
        assert by_class[name][1:3] == [f"{side[number]:.3f}" for side in recalls]
        assert by_class[name][3].startswith(f"{recalls[1][number] - recalls[0][number]:+.3f} [")
    by_speaker = page.table("UAR of emotion by speaker")
    rows = (compared.rows["speaker"] == "s3").to_numpy()
    assert by_speaker["s3"][1] == f"{uar(true[rows], a[rows], CLASSES):.3f}"
    assert page.table("Settings that differ")["model"] == ["one", "svm"]


def test_changed_utterances_are_listed_in_both_directions() -> None:
    compared = pair()
    true, a, b = (compared.values(column) for column in ("true", "a", "b"))
    changes = [row[-1] for row in changed_table(compared).rows]
    assert changes.count("only B right") == ((b == true) & (a != true)).sum()
    assert changes.count("only A right") == ((a == true) & (b != true)).sum()
    assert changes.count("both wrong") == ((a != true) & (b != true) & (a != b)).sum()
    assert changes == sorted(changes, key=["only B right", "only A right", "both wrong"].index)
    counted = [[int(cell) for cell in row[1:]] for row in counts_table(compared).rows]
    assert sum(map(sum, counted)) == 240
    assert counted[0][0] == ((a == true) & (b == true)).sum()


def test_changed_errors_of_a_dimension_begin_with_the_largest() -> None:
    rows = changed_table(pair(kind="regression")).rows
    sizes = [abs(float(row[-1])) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    true, a, b, change = (float(cell) for cell in rows[0][2:])
    assert change == pytest.approx(abs(b - true) - abs(a - true), abs=0.002)


def test_segments_are_named_by_their_times() -> None:
    compared = pair()
    compared.rows["start"], compared.rows["end"] = 1.5, 2.25
    assert changed_table(compared).rows[0][0].endswith(".wav 1.5–2.25 s")


def test_speakers_are_sorted_by_their_difference() -> None:
    differences = speaker_differences(pair())
    assert len(differences) == 12
    changes = [two - one for *_, one, two in differences]
    assert changes == sorted(changes)


def test_recalls_are_compared_over_the_speakers_who_have_the_class() -> None:
    compared = pair()
    true, a, b = (compared.values(column) for column in ("true", "a", "b"))
    speakers = compared.speakers
    without = (true == "sad") & (speakers > "s1")
    rows = ~without
    by_class = compare_recalls(compared.task, true[rows], a[rows], b[rows], speakers[rows])
    assert "speakers" in by_class["sad"].difference.note
    assert np.isnan(by_class["sad"].difference.low)
    assert np.isfinite(by_class["angry"].difference.low)
    one = (true == "angry") & rows
    same = compare_task(compared.task, true[one], a[one], b[one], speakers[one])
    assert by_class["angry"].difference.value == pytest.approx(same.difference.value)
    assert by_class["angry"].p == pytest.approx(same.p)


def test_names_of_data_and_runs_are_escaped() -> None:
    markup = render_comparison(summary(pair((NASTY, "b", "c"), NASTY), name=NASTY))
    assert markup.count("<script") == 1
    assert "<b>" not in markup
    page = Page(markup)
    assert NASTY in page.texts
    assert "://" not in markup
