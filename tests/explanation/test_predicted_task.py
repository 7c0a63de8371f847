"""Probabilities of a run's predictions are checked: file, column, row and value are named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.errors import RunError
from featser.experiment.runs.predicted_task import predicted_task

Change = Callable[[pd.DataFrame], pd.DataFrame]


def with_value(value: object) -> Change:
    """Write one value into the third row of the class sad."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        column = table["emotion.p[sad]"].astype(type(value))
        column.iloc[2] = value
        return table.assign(**{"emotion.p[sad]": column})

    return change


def halved(table: pd.DataFrame) -> pd.DataFrame:
    columns = [name for name in table if name.startswith("emotion.p[")]
    table.loc[2, columns] = table.loc[2, columns] / 2
    return table


WRONG: list[tuple[Change, str]] = [
    (with_value(-0.2), r"column 'emotion.p\[sad\]' has the value -0.2 in row 3 \(.*flac\): a prob"),
    (with_value(1.5), r"column 'emotion.p\[sad\]' has the value 1.5 in row 3 \(.*flac\)"),
    (with_value(np.nan), r"column 'emotion.p\[sad\]' has the value nan in row 3 \(.*flac\)"),
    (with_value(np.inf), r"column 'emotion.p\[sad\]' has the value inf in row 3 \(.*flac\)"),
    (with_value("much"), r"column 'emotion.p\[sad\]' has the value much in row 3 \(.*flac\)"),
    (halved, r"'emotion.p\[\w+\]' to 'emotion.p\[\w+\]' add up to 0.5 in row 3 \(.*flac\)"),
    (
        lambda table: table.drop(columns="emotion.p[sad]"),
        r"lacks the column 'emotion.p\[sad\]', the probability of a class of run.json",
    ),
    (
        lambda table: table.drop(columns=[c for c in table if c.startswith("emotion.p[")]),
        r"lacks the columns 'emotion.p\[CLASS\]' with the probabilities of classes, and column "
        r"'emotion.true' has the value '\w+' in row 1, which is no number",
    ),
]


@pytest.mark.parametrize(("change", "problem"), WRONG)
def test_probabilities_that_are_none_are_refused_with_their_place(
    fitted: Path, tmp_path: Path, change: Change, problem: str
) -> None:
    (tmp_path / "run").mkdir()
    shutil.copyfile(fitted / "run.json", tmp_path / "run" / "run.json")
    file = tmp_path / "run" / "predictions.parquet"
    change(pd.read_parquet(fitted / "predictions.parquet")).to_parquet(file, index=False)
    with pytest.raises(RunError, match=f"{re.escape(str(file))}: .*{problem}"):
        predicted_task(tmp_path / "run", "emotion")
