"""The small tables of a run, for terminals and notebooks."""

from __future__ import annotations

import pandas as pd

from featser.reporting.html import render
from featser.reporting.statements.overview import baseline_table, recall_table, task_table
from featser.reporting.tables import confusion, recalls
from featser.tasks import Task
from tests.reporting.page import Page
from tests.reporting.sample import EMOTIONS, sample_run


def test_task_table_has_every_metric_but_no_recall_and_no_baseline() -> None:
    run = sample_run()
    rows = task_table(run, run.protocol).rows
    assert [row[:2] for row in rows[:3]] == [
        ["emotion", "UAR"],
        ["emotion", "Accuracy (WA)"],
        ["emotion", "Macro F1"],
    ]
    assert {row[0] for row in rows} == {"emotion", "intensity", "arousal"}
    assert not [row for row in rows if "baseline" in row[1] or "Recall" in row[1]]


def test_recall_table_counts_utterances_and_the_most_frequent_confusion() -> None:
    run = sample_run()
    table = recall_table(run)
    assert table is not None
    assert [row[0] for row in table.rows] == list(EMOTIONS)
    pairs = run.predictions[["emotion.true", "emotion.pred"]]
    for name, recall, n, confused in table.rows:
        predicted = pairs.loc[pairs["emotion.true"] == name, "emotion.pred"]
        assert n == str(len(predicted))
        assert float(recall.split()[0]) == round((predicted == name).mean(), 3)
        errors = predicted[predicted != name].value_counts()
        most, number = confused.removesuffix(")").split(" (")
        assert errors[most] == int(number) == errors.max()


def test_recall_table_of_perfect_predictions_has_no_confusion() -> None:
    run = sample_run()
    run.predictions["emotion.pred"] = run.predictions["emotion.true"]
    table = recall_table(run)
    assert table is not None
    assert {row[3] for row in table.rows} == {"none"}


def test_recall_table_of_a_regression_is_none() -> None:
    run = sample_run()
    run.tasks = [Task("arousal", kind="regression", role="primary")]
    assert recall_table(run) is None
    assert recall_table(sample_run(predictions=without_predictions())) is None


def without_predictions() -> pd.DataFrame:
    return sample_run().predictions.assign(**{"emotion.pred": None})


def test_baseline_table_has_chance_majority_and_mean() -> None:
    run = sample_run()
    table = baseline_table(run, run.protocol)
    assert table is not None
    assert table.caption == "Baselines"
    assert ["emotion", "chance", "UAR", "0.200"] in table.rows
    assert {row[1] for row in table.rows if row[0] == "arousal"} == {"mean"}
    run.metrics[run.protocol] = {"emotion": {"uar": {"value": 0.5, "low": 0.4, "high": 0.6}}}
    assert baseline_table(run, run.protocol) is None


def test_tables_have_only_classes_that_occur() -> None:
    run = sample_run(all_tasks=False)
    run.tasks[0] = Task("emotion", "classification", (*EMOTIONS, "bored"), "primary")
    table = recall_table(run)
    assert table is not None
    assert [row[0] for row in table.rows] == list(EMOTIONS)
    assert [row[0] for row in recalls(run, run.primary).rows] == list(EMOTIONS)
    assert confusion(run, run.primary).shape == (len(EMOTIONS), len(EMOTIONS))
    assert "Left out, for no scored utterance has or is predicted as them: bored." in (
        Page(render(run)).text
    )
    run.predictions.loc[run.predictions.index[0], "emotion.pred"] = "bored"
    table = recall_table(run)
    assert table is not None
    assert [row[0] for row in table.rows] == [*EMOTIONS, "bored"], "an error that was made"
