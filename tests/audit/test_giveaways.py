"""What tells the label without being speech is named, with how well it tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr

from featser.audit.finding import Finding
from featser.audit.run import audit_manifest
from tests.audit.corpus import alter


def give_aways(table: pd.DataFrame) -> dict[str, Finding]:
    found = audit_manifest(table, jobs=1).findings
    return {f.table[0]["fact"]: f for f in found if f.kind == "give-away"}


def through_8_khz(samples: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(soxr.resample(samples, rate, 8_000), 8_000, rate)


def test_a_class_recorded_at_another_rate_and_resampled_is_named(twin: pd.DataFrame) -> None:
    for file in twin["file"][twin["emotion"] == "sad"]:
        alter(file, Path(file), through_8_khz)
    found = give_aways(twin)
    assert "rate" not in found
    row = found["bandwidth"].table[0]
    assert row["best told class"] == "sad"
    assert row["its UAR"] == 1.0
    assert row["UAR"] > 0.4
    assert f"UAR of {row['UAR']:.2f}" in found["bandwidth"].message


def test_a_class_in_another_format_is_named(twin: pd.DataFrame) -> None:
    for file in twin["file"][twin["emotion"] == "angry"]:
        samples, rate = soundfile.read(file)
        soundfile.write(file, samples, rate, format="FLAC", subtype="PCM_24")
    assert give_aways(twin)["format"].table[0]["best told class"] == "angry"


def test_a_corpus_that_holds_one_class_is_named(twin: pd.DataFrame) -> None:
    table = twin.assign(corpus=np.where(twin["emotion"] == "sad", "b", "a"))
    assert "corpus" in give_aways(table)


def test_a_rate_that_has_nothing_to_do_with_the_class_is_not_named(twin: pd.DataFrame) -> None:
    for file in twin["file"][::3]:
        samples, rate = soundfile.read(file)
        soundfile.write(file, soxr.resample(samples, rate, 22_050), 22_050)
    assert give_aways(twin) == {}


def test_all_that_was_tried_is_shown_with_its_interval(clean: pd.DataFrame) -> None:
    note = audit_manifest(clean, jobs=1).findings[-1]
    assert note.kind == "give-aways tried"
    assert {"level", "seconds", "floor"} <= {row["fact"] for row in note.table}
    for row in note.table:
        assert row["low"] <= row["UAR"] <= row["high"]
        assert row["chance"] == 0.25
