"""Every planted fault is found, and the same corpus without it has none."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.audit.finding import Finding
from featser.audit.run import audit_manifest
from tests.audit.corpus import alter


def findings(table: pd.DataFrame) -> list[Finding]:
    return audit_manifest(table, jobs=1).findings


def test_a_clean_corpus_has_neither_errors_nor_warnings(clean: pd.DataFrame) -> None:
    assert [(f.kind, f.severity) for f in findings(clean)] == [("give-aways tried", "note")]


def copied(table: pd.DataFrame, row: int, **changed: str) -> pd.DataFrame:
    """Add an altered copy of a row's recording under other labels."""
    new = table.iloc[[row]].assign(**changed)
    source = Path(new["file"].iloc[0])
    new["file"] = alter(source, source.with_name("copy.wav"), lambda x, _: 0.4 * x[900:])
    return pd.concat([table, new], ignore_index=True)


def replaced(
    table: pd.DataFrame, change: Callable[[np.ndarray, int], np.ndarray], rows: int = 1
) -> pd.DataFrame:
    for file in table["file"][:rows]:
        alter(file, Path(file), change)
    return table


def stereo_that_cancels(table: pd.DataFrame) -> pd.DataFrame:
    return replaced(table, lambda x, _: np.stack([x, -0.99 * x], axis=1))


def header_that_promises_more(table: pd.DataFrame) -> pd.DataFrame:
    file = Path(table["file"][0])
    file.write_bytes(file.read_bytes()[:9000])
    return table


def header_that_promises_less(table: pd.DataFrame) -> pd.DataFrame:
    file = Path(table["file"][0])
    content = bytearray(file.read_bytes())
    content[40:44] = struct.pack("<I", 16_000)
    file.write_bytes(content)
    return table


def other_rate(table: pd.DataFrame) -> pd.DataFrame:
    file = table["file"][0]
    samples, rate = soundfile.read(file)
    soundfile.write(file, samples[::2], rate // 2)
    return table


def other_format(table: pd.DataFrame) -> pd.DataFrame:
    samples, rate = soundfile.read(table["file"][0])
    soundfile.write(table["file"][0], samples, rate, format="FLAC")
    return table


def same_bytes(table: pd.DataFrame) -> pd.DataFrame:
    shutil.copy(table["file"][0], table["file"][1])
    return table


def one_class_a_speaker(table: pd.DataFrame) -> pd.DataFrame:
    emotion = dict(zip(table["speaker"].unique(), table["emotion"].unique(), strict=True))
    return table.assign(emotion=table["speaker"].map(emotion))


def split_by_row(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(split=np.where(np.arange(len(table)) % 2, "train", "test"))


def only(table: pd.DataFrame, speaker: str, *emotions: str) -> pd.DataFrame:
    return table[(table["speaker"] != speaker) | table["emotion"].isin(emotions)]


PLANTED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, str]] = {
    "a copy": (lambda t: copied(t, 3), "near-identical recordings", "warning"),
    "a copy by another speaker": (
        lambda t: copied(t, 3, speaker="m2", gender="male"), "near-identical recordings", "error",
    ),
    "a copy with another label": (
        lambda t: copied(t, 3, emotion="sad"), "near-identical recordings", "error",
    ),
    "a copy in another split": (
        lambda t: copied(t.assign(split="train"), 3, split="test"),
        "near-identical recordings", "error",
    ),
    "the same bytes": (same_bytes, "identical recordings", "warning"),
    "a truncated file": (header_that_promises_more, "unusable recordings", "error"),
    "a header that lies": (header_that_promises_less, "more sound than announced", "error"),
    "clipping": (lambda t: replaced(t, lambda x, _: np.clip(40 * x, -1, 1)), "clipping", "warning"),
    "near silence": (lambda t: replaced(t, lambda x, _: 0.002 * x), "near silence", "warning"),
    "an offset": (lambda t: replaced(t, lambda x, _: 0.5 * x + 0.05), "DC offset", "warning"),
    "channels that cancel": (stereo_that_cancels, "channels cancel", "warning"),
    "a short one": (lambda t: replaced(t, lambda x, r: x[: r // 4]), "very short", "warning"),
    "a long one": (lambda t: replaced(t, lambda x, _: np.tile(x, 40)), "very long", "warning"),
    "another rate": (other_rate, "mixed sampling rates", "warning"),
    "another format": (other_format, "mixed formats", "note"),
    "a label fixed by another": (
        lambda t: t.assign(arousal=t["emotion"].map(lambda e: "low" if e == "sad" else "high")),
        "label fixed by another", "warning",
    ),
    "one class a speaker": (one_class_a_speaker, "classes per speaker", "error"),
    "a speaker with one class": (
        lambda t: only(t, "m1", "sad"), "speakers with one class", "warning",
    ),
    "a speaker lacking a class": (
        lambda t: only(t, "m1", "sad", "angry", "happy"), "speakers lacking classes", "warning",
    ),
    "two genders": (
        lambda t: t.assign(gender=["male", *t["gender"][1:]]), "contradictory gender", "error",
    ),
    "speakers in train and test": (split_by_row, "speakers in several splits", "error"),
    "sentences in train and test": (
        lambda t: split_by_row(t).assign(sentence="01"), "shared sentences", "note",
    ),
    "no speaker": (
        lambda t: t.assign(speaker=[None, *t["speaker"][1:]]), "missing speakers", "warning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(twin: pd.DataFrame, fault: str) -> None:
    plant, kind, severity = PLANTED[fault]
    planted = plant(twin)
    found = findings(planted)
    assert (kind, severity) in [(f.kind, f.severity) for f in found], found
    errors = {f.kind for f in found if f.severity == "error"} - {kind}
    # A speaker in two splits is a fault of its own.
    assert errors <= ({"speakers in several splits"} if "split" in planted else set())


def test_a_copy_names_both_recordings_and_in_what_they_differ(twin: pd.DataFrame) -> None:
    first = findings(copied(twin, 3, emotion="sad"))[0]
    (row,) = first.table
    assert row["first"] == Path(twin["file"][3]).name
    assert row["second"] == "copy.wav"
    assert row["differ in"] == f"emotion: {twin['emotion'][3]} | sad"
    assert row["likeness"] > 0.9


def test_channels_that_cancel_are_examined_by_the_louder_one(twin: pd.DataFrame) -> None:
    facts = audit_manifest(stereo_that_cancels(twin), jobs=1).facts
    assert facts["level"][0] == pytest.approx(facts["level"][1:].mean(), abs=12)
    assert "channel 1" in facts["note"][0]


def test_errors_come_first_and_all_is_plain_data(twin: pd.DataFrame) -> None:
    result = audit_manifest(copied(header_that_promises_more(twin), 3), jobs=1)
    told = result.to_dict()
    order = [finding["severity"] for finding in told["findings"]]
    assert order == sorted(order, key=("error", "warning", "note").index)
    assert told["counts"]["error"] == result.errors == 1
    assert told["recordings"] == len(twin) + 1


def test_a_table_without_the_primary_label_is_audited_all_the_same(twin: pd.DataFrame) -> None:
    kinds = [f.kind for f in findings(same_bytes(twin)[["file"]])]
    assert kinds == ["identical recordings", "missing speakers", "give-aways not tried"]
