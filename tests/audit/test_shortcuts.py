"""Shortcuts are reported together with how well they predict the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr

from featser.audit.audit_manifest import audit_manifest
from featser.audit.finding import Finding
from tests.audit.corpus import alter

pytestmark = pytest.mark.slow


def shortcuts(table: pd.DataFrame) -> dict[str, Finding]:
    findings = audit_manifest(table, jobs=1).findings
    return {f.table[0]["fact"]: f for f in findings if f.kind == "shortcut"}


def through_8_khz(samples: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(soxr.resample(samples, rate, 8_000), 8_000, rate)


def test_a_class_recorded_at_another_rate_and_resampled_is_named(twin: pd.DataFrame) -> None:
    for file in twin["file"][twin["emotion"] == "sad"]:
        alter(file, Path(file), through_8_khz)
    by_fact = shortcuts(twin)
    assert "rate" not in by_fact
    row = by_fact["bandwidth"].table[0]
    assert row["best class"] == "sad"
    assert row["its UAR"] == 1.0
    assert row["UAR"] > 0.4
    assert f"UAR of {row['UAR']:.2f}" in by_fact["bandwidth"].message


def test_a_class_in_another_format_is_named(twin: pd.DataFrame) -> None:
    for file in twin["file"][twin["emotion"] == "angry"]:
        samples, rate = soundfile.read(file)
        soundfile.write(file, samples, rate, format="FLAC", subtype="PCM_24")
    assert shortcuts(twin)["format"].table[0]["best class"] == "angry"


def test_a_corpus_that_holds_one_class_is_named(twin: pd.DataFrame) -> None:
    table = twin.assign(corpus=np.where(twin["emotion"] == "sad", "b", "a"))
    assert "corpus" in shortcuts(table)


def test_a_rate_that_has_nothing_to_do_with_the_class_is_not_named(twin: pd.DataFrame) -> None:
    for file in twin["file"][::3]:
        samples, rate = soundfile.read(file)
        soundfile.write(file, soxr.resample(samples, rate, 22_050), 22_050)
    assert shortcuts(twin) == {}


def test_all_that_was_tried_is_shown_with_its_interval(clean: pd.DataFrame) -> None:
    note = audit_manifest(clean, jobs=1).findings[-1]
    assert note.kind == "shortcuts tested"
    assert {"level", "seconds", "floor"} <= {row["fact"] for row in note.table}
    for row in note.table:
        assert row["low"] <= row["UAR"] <= row["high"]
        assert row["chance"] == 0.25


ROOM = np.random.default_rng(0).normal(0, 0.001, 10**6)
SILENCES = {
    "leading_silence_s": lambda x, rate: np.pad(x, (3 * rate, 0)),
    "trailing_silence_s": lambda x, rate: np.append(x, ROOM[: 2 * rate]),
}


@pytest.mark.parametrize("fact", SILENCES)
def test_silence_around_one_class_is_named_as_silence_and_not_as_level(
    fact: str, twin: pd.DataFrame
) -> None:
    for file in twin["file"][twin["emotion"] == "sad"]:
        alter(file, Path(file), SILENCES[fact])
    by_fact = shortcuts(twin)
    assert set(by_fact) == {fact, "silence_s", "floor"}
    assert by_fact[fact].table[0]["its UAR"] == 1.0
    assert "extract with --trim" in by_fact[fact].message
    assert "this measure includes the silence that predicts the label" in by_fact["floor"].message
