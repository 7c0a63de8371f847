"""Faults that are planted in the small corpus, and the findings that must name them."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import soundfile
import soxr

from featser.audit.finding import Finding, Severity
from tests.audit.corpus import alter, altered_copy

Plant = Callable[[pd.DataFrame], pd.DataFrame]
Change = Callable[[np.ndarray, int], np.ndarray]


class Fault(NamedTuple):
    """How a fault is planted, and the finding that names it: ``named`` is in its table."""

    plant: Plant
    kind: str
    severity: Severity
    named: str = ""


def names_it(finding: Finding, fault: Fault) -> bool:
    """Return whether a finding names the fault; if recordings have it, only the first one."""
    files = {row.get("recording") for row in finding.table} - {None}
    return (
        (finding.kind, finding.severity) == (fault.kind, fault.severity)
        and fault.named in str(finding.table)
        and len(files) <= 1
    )


def like(table: pd.DataFrame, row: int, **changed: str) -> int:
    """Return the first row that differs from another in the columns named, and in no other."""
    expected = table.iloc[row][["speaker", "emotion", "gender"]].to_dict() | changed
    same = (table[list(expected)] == pd.Series(expected)).all(axis=1) & (table.index != row)
    return int(np.flatnonzero(same)[0])


def same_bytes(table: pd.DataFrame, **changed: str) -> pd.DataFrame:
    """Put the first recording in the place of another one."""
    shutil.copy(table["file"][0], table["file"][like(table, 0, **changed)])
    return table


def another_split(table: pd.DataFrame) -> pd.DataFrame:
    split = pd.Series("train", table.index)
    split[like(table, 0)] = "test"
    return same_bytes(table.assign(split=split))


def copied(table: pd.DataFrame, change: Change, **changed: str) -> pd.DataFrame:
    """Add a changed copy of a recording under other labels."""
    new = table.iloc[[3]].assign(**changed)
    source = Path(new["file"].iloc[0])
    new["file"] = alter(source, source.with_name("copy.wav"), change)
    return pd.concat([table, new], ignore_index=True)


def cut(table: pd.DataFrame, **changed: str) -> pd.DataFrame:
    """Add a shorter, quieter copy under other labels."""
    return copied(table, lambda x, _: 0.4 * x[900:], **changed)


def reencoded(how: str) -> Plant:
    """Add an altered copy of a recording."""

    def plant(table: pd.DataFrame) -> pd.DataFrame:
        new = table.iloc[[3]]
        source = Path(new["file"].iloc[0])
        new = new.assign(file=altered_copy(source, how, source.parent))
        return pd.concat([table, new], ignore_index=True)

    return plant


def replaced(change: Change) -> Plant:
    """Change the first recording."""

    def plant(table: pd.DataFrame) -> pd.DataFrame:
        alter(table["file"][0], Path(table["file"][0]), change)
        return table

    return plant


def rewritten(change: Callable[[bytes], bytes], **written: str) -> Plant:
    """Change the first recording's bytes; ``written`` selects another container first."""

    def plant(table: pd.DataFrame) -> pd.DataFrame:
        file = Path(table["file"][0])
        samples, rate = soundfile.read(file)
        soundfile.write(file, samples, rate, **written)
        file.write_bytes(change(file.read_bytes()))
        return table

    return plant


def announced(length: int) -> Callable[[bytes], bytes]:
    """Set the number of bytes of samples in a WAV file's header."""
    return lambda content: content[:40] + struct.pack("<I", length) + content[44:]


def at_half_the_rate(table: pd.DataFrame) -> pd.DataFrame:
    file = table["file"][0]
    samples, rate = soundfile.read(file)
    soundfile.write(file, samples[::2], rate // 2)
    return table


def cancelling(x: np.ndarray, rate: int) -> np.ndarray:
    return np.stack([x, -0.99 * x], axis=1)


def one_class_a_speaker(table: pd.DataFrame) -> pd.DataFrame:
    emotion = dict(zip(table["speaker"].unique(), table["emotion"].unique(), strict=True))
    return table.assign(emotion=table["speaker"].map(emotion))


def split_by_row(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(split=np.where(np.arange(len(table)) % 2, "train", "test"))


def only(table: pd.DataFrame, *emotions: str) -> pd.DataFrame:
    """Remove all but some emotions of one speaker."""
    return table[(table["speaker"] != "m1") | table["emotion"].isin(emotions)]


def sad(change: Change, **written: str) -> Plant:
    """Change all recordings of one class."""

    def plant(table: pd.DataFrame) -> pd.DataFrame:
        for file in table["file"][table["emotion"] == "sad"]:
            samples, rate = soundfile.read(file)
            soundfile.write(file, change(samples, rate), rate, **written)
        return table

    return plant


def sad_at_another_rate(table: pd.DataFrame) -> pd.DataFrame:
    for file in table["file"][table["emotion"] == "sad"]:
        samples, rate = soundfile.read(file)
        soundfile.write(file, soxr.resample(samples, rate, 22_050), 22_050)
    return table


def noise(length: int, level: float = 0.001) -> np.ndarray:
    return np.random.default_rng(length).normal(0, level, length)


COPY, SAMPLES, TAKE = "identical recordings", "identical samples", "near-identical recordings"
UNUSABLE = "unusable recordings"

FAULTS = {
    "the same bytes": Fault(same_bytes, COPY, "warning"),
    "the same bytes by another speaker": Fault(
        lambda t: same_bytes(t, speaker="f2"), COPY, "error", "speaker: f1 | f2"
    ),
    "the same bytes with another label": Fault(
        lambda t: same_bytes(t, emotion="sad"), COPY, "error", "| sad"
    ),
    "the same bytes in another split": Fault(another_split, COPY, "error", "split: train | test"),
    "the same samples, quieter": Fault(reencoded("quieter"), SAMPLES, "warning"),
    "the same samples among silence": Fault(reencoded("padded"), SAMPLES, "warning"),
    "the same samples by another speaker": Fault(
        lambda t: copied(t, np.pad, speaker="f2"),
        SAMPLES, "error", "speaker: f1 | f2",
    ),
    "an MP3 copy": Fault(reencoded("mp3"), TAKE, "warning"),
    "an Ogg Vorbis copy": Fault(reencoded("ogg"), TAKE, "warning"),
    "a copy resampled to 8 kHz": Fault(reencoded("8 kHz"), TAKE, "warning"),
    "a copy without its first 100 ms": Fault(reencoded("cut"), TAKE, "warning"),
    "a cut copy by another speaker": Fault(
        lambda t: cut(t, speaker="m2", gender="male"), TAKE, "error", "speaker: f1 | m2"
    ),
    "a cut copy with another label": Fault(
        lambda t: cut(t, emotion="sad"), TAKE, "error", "| sad"
    ),
    "a cut copy in another split": Fault(
        lambda t: cut(t.assign(split="train"), split="test"), TAKE, "error", "split: train | test"
    ),
    "a header that promises more": Fault(
        rewritten(announced(90_000)), UNUSABLE, "error", "its header states 2.81 s"
    ),
    "a header that promises less": Fault(
        rewritten(announced(16_000)), "more audio than the header states", "error"
    ),
    "a truncated file": Fault(
        rewritten(lambda b: b[: len(b) // 2], format="FLAC"), UNUSABLE, "error", "truncated"
    ),
    "no audio": Fault(rewritten(lambda _: b"404: Not Found"), UNUSABLE, "error", "be decoded"),
    "silence": Fault(replaced(lambda x, _: 0 * x), UNUSABLE, "error", "silent"),
    "clipping": Fault(replaced(lambda x, _: np.clip(40 * x, -1, 1)), "clipping", "warning"),
    "near silence": Fault(replaced(lambda x, _: 0.002 * x), "near silence", "warning"),
    "an offset": Fault(replaced(lambda x, _: 0.5 * x + 0.05), "DC offset", "warning"),
    "channels that differ": Fault(
        replaced(lambda x, _: np.stack([x, noise(len(x), 0.05)], axis=1)),
        "channels differ", "warning", "channel_correlation",
    ),
    "channels that cancel": Fault(replaced(cancelling), "channels cancel", "warning"),
    "a short one": Fault(replaced(lambda x, r: x[: r // 4]), "very short", "warning"),
    "a long one": Fault(replaced(lambda x, _: np.tile(x, 40)), "very long", "warning"),
    "another rate": Fault(at_half_the_rate, "mixed sampling rates", "warning"),
    "another format": Fault(rewritten(bytes, format="FLAC"), "mixed formats", "note"),
    "a label fixed by another": Fault(
        lambda t: t.assign(arousal=t["emotion"].map(lambda e: "low" if e == "sad" else "high")),
        "label fixed by another", "warning", "'label': 'arousal', 'fixed by': 'emotion'",
    ),
    "one class a speaker": Fault(one_class_a_speaker, "classes per speaker", "error"),
    "a speaker with one class": Fault(
        lambda t: only(t, "sad"), "speakers with one class", "warning", "m1"
    ),
    "a speaker lacking a class": Fault(
        lambda t: only(t, "sad", "angry", "happy"), "speakers lacking classes", "warning", "m1"
    ),
    "two genders": Fault(
        lambda t: t.assign(gender=["male", *t["gender"][1:]]),
        "contradictory gender", "error", "f1",
    ),
    "no speaker": Fault(
        lambda t: t.assign(speaker=[None, *t["speaker"][1:]]), "missing speakers", "warning"
    ),
    "speakers in train and test": Fault(
        split_by_row, "speakers in several splits", "error", "f1"
    ),
    "sentences in train and test": Fault(
        lambda t: split_by_row(t).assign(sentence="01"), "shared sentences", "note", "'splits': 2"
    ),
    "a class of other durations": Fault(
        sad(lambda x, _: np.tile(x, 2)), "shortcut", "warning", "'seconds'"
    ),
    "a class with silence at its end": Fault(
        sad(lambda x, r: np.append(x, noise(r))), "shortcut", "warning", "'trailing_silence_s'"
    ),
    "a class at another rate": Fault(sad_at_another_rate, "shortcut", "warning", "'rate'"),
    "a class that was once at 8 kHz": Fault(
        sad(lambda x, r: soxr.resample(soxr.resample(x, r, 8_000), 8_000, r)),
        "shortcut", "warning", "'bandwidth'",
    ),
    "a class of another bit depth": Fault(
        sad(lambda x, _: x, subtype="PCM_24"), "shortcut", "warning", "'format'"
    ),
    "a class in another container": Fault(
        sad(lambda x, _: x, format="FLAC"), "shortcut", "warning", "'format'"
    ),
    "a softer class": Fault(sad(lambda x, _: 0.3 * x), "shortcut", "warning", "'level'"),
    "a class in another room": Fault(
        sad(lambda x, _: x + noise(len(x), 0.004)), "shortcut", "warning", "'floor'"
    ),
    "a class by another microphone": Fault(
        sad(lambda x, _: x + 0.005), "shortcut", "warning", "'dc'"
    ),
    "a class from another corpus": Fault(
        lambda t: t.assign(corpus=np.where(t["emotion"] == "sad", "b", "a")),
        "shortcut", "warning", "'corpus'",
    ),
}  # fmt: skip
"""Fault → how it is planted; each in its own copy of the corpus."""
