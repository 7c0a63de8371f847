"""Predictions on the terminal: of recordings, and over their time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from featser.cli.console import SHOWN, note_aside, say, say_text, span_text, table
from featser.errors import counted

if TYPE_CHECKING:
    import pandas as pd


def show_predictions(predictions: pd.DataFrame) -> None:
    """Print a line for each recording or segment: its predictions, or why it has none."""
    from featser.explanation.prediction_explanation_table import explanation_sentences

    for note in predictions.attrs["notes"]:
        note_aside(note)
    names = [str(name) for name in predictions]
    tasks = [name.removesuffix(".pred") for name in names if name.endswith(".pred")]
    for row in predictions.to_dict("records"):
        span = span_text(row["start"], row["end"])
        where = [row["file"], span] if span else [row["file"]]
        if row["error"]:
            say(*where, f"unusable: {row['error']}")
            continue
        parts = [f"{task}={_predicted(row, task)}" for task in tasks]
        if row.get("unlike"):
            parts.append(f"unlike training: {row['unlike']}")
        say(*where, *parts)
        for sentence in explanation_sentences(row):
            say_text(f"  {sentence}")
    if n_longer := predictions.attrs.get("n_longer", 0):
        note_aside(
            f"{counted(n_longer, 'recording')} longer than those of the training set: --timeline "
            f"predicts over the time of a recording"
        )


def show_timeline(predictions: pd.DataFrame) -> None:
    """Print what every task says in the first stretches of each recording, or why it has none."""
    for note in predictions.attrs["notes"]:
        note_aside(note)
    from featser.timelines.label_intervals import task_stretches
    from featser.timelines.marks.frame_marks import abstention_sentences, marked_sentence

    for file, rows in predictions.groupby("file", sort=False):
        if not rows["speech"].any():
            say(file, f"unusable: {rows['reason'].iloc[0]}")
            continue
        stretches, count = task_stretches(rows, SHOWN)
        tasks = list(stretches.columns[2:])
        lines = [
            [span_text(row["start"], row["end"]), *(row[task] for task in tasks)]
            for row in stretches.to_dict("records")
        ]
        table(str(file), ["time", *map(str, tasks)], lines)
        if count > SHOWN:
            say(file, f"… and {count - SHOWN} more stretches: write them with -o FILE")
        for sentence in (marked_sentence(rows), *abstention_sentences(rows)):
            if sentence:
                say_text(f"{file}: {sentence}")


def _predicted(row: Mapping[Any, Any], task: str) -> str:
    value = row[f"{task}.pred"]
    if not isinstance(value, str):
        return f"{value:.3g}"
    text = f"{value} ({row[f'{task}.p[{value}]']:.2f})"
    if f"{task}.set" not in row:
        return text
    classes = row[f"{task}.set"] or "no class"
    abstains = "abstains: " * bool(row[f"{task}.abstains"])
    return f"{text} [{abstains}{classes}]"
