"""Programs that people use open what is written, and what they write is read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser import read_annotation, write_annotation

pytestmark = pytest.mark.extras

COLUMNS = ["start", "end", "tier", "label"]
ROWS = [
    [0.0, 0.5, "emotion", "calm"],
    [0.5, 1.2, "emotion", 'says "no" loud'],
    [1.5, 2.25, "emotion", "wütend"],
    [0.1, 2.9, "who is it?", "Anna & Bert"],
]


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=COLUMNS)


def test_praat_opens_a_textgrid_and_its_own_are_read(table: pd.DataFrame, tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    write_annotation(table, tmp_path / "ours.TextGrid")
    grid = parselmouth.read(str(tmp_path / "ours.TextGrid"))
    call = parselmouth.praat.call
    rows = []
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        for n in range(1, call(grid, "Get number of intervals", tier) + 1):
            label = call(grid, "Get label of interval", tier, n)
            times = [call(grid, f"Get {end} time of interval", tier, n) for end in ("start", "end")]
            if label:
                rows.append([*times, call(grid, "Get tier name", tier), label])
    assert rows == ROWS
    call(grid, "Insert point tier", 3, "clicks")
    call(grid, "Insert point", 3, 0.75, "click")
    for command in ("Save as text file", "Save as short text file"):
        call(grid, command, str(tmp_path / "theirs.TextGrid"))
        read = read_annotation(tmp_path / "theirs.TextGrid")
        assert read[COLUMNS].to_numpy().tolist() == [*ROWS, [0.75, 0.75, "clicks", "click"]]


def test_praatio_opens_a_textgrid(table: pd.DataFrame, tmp_path: Path) -> None:
    textgrid = pytest.importorskip("praatio.textgrid")
    write_annotation(table, tmp_path / "ours.TextGrid")
    grid = textgrid.openTextgrid(str(tmp_path / "ours.TextGrid"), includeEmptyIntervals=False)
    assert [
        [one.start, one.end, name, one.label]
        for name in grid.tierNames
        for one in grid.getTier(name).entries
    ] == ROWS


def test_pympi_opens_an_elan_file_and_its_own_are_read(table: pd.DataFrame, tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi")
    write_annotation(table, tmp_path / "ours.eaf")
    document = pympi.Eaf(str(tmp_path / "ours.eaf"))
    rows = [
        [start / 1000, end / 1000, name, label]
        for name in document.get_tier_names()
        for start, end, label in document.get_annotation_data_for_tier(name)
    ]
    assert rows == ROWS
    theirs = pympi.Eaf()
    theirs.remove_tier("default")
    for name in ("emotion", "who is it?"):
        theirs.add_tier(name)
    for start, end, name, label in ROWS:
        theirs.add_annotation(name, round(1000 * start), round(1000 * end), label)
    theirs.to_file(str(tmp_path / "theirs.eaf"))
    read = read_annotation(tmp_path / "theirs.eaf")
    assert read[COLUMNS].to_numpy().tolist() == ROWS


def test_audformat_opens_a_database(table: pd.DataFrame, tmp_path: Path) -> None:
    import audformat

    write_annotation(table.assign(file="talk.wav"), tmp_path / "db", tier="emotion")
    db = audformat.Database.load(str(tmp_path / "db"))
    labels = db["utterances"]["emotion"].get()
    assert labels.tolist() == [row[3] for row in ROWS[:3]]
    ends = labels.index.get_level_values("end").total_seconds()
    assert ends.tolist() == [row[1] for row in ROWS[:3]]
