"""What ``featser segment`` does where a file exists, and where a recording has several names."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import featser
from featser.errors import InputError
from tests.flow import featser_here

RATE = 16_000
ROWS = {"start": [0.0], "end": [1.0], "tier": ["emotion"], "label": ["angry"]}


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A tone between two pauses."""
    samples = np.random.default_rng(0).normal(0, 0.001, 3 * RATE)
    samples[RATE : 2 * RATE] += np.sin(np.arange(RATE) / 5) * 0.1
    soundfile.write(tmp_path / "talk.wav", samples, RATE)
    return tmp_path / "talk.wav"


def edited(path: Path, old: str, new: str) -> bytes:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path.read_bytes()


@pytest.mark.parametrize("name", ["talk.TextGrid", "talk.eaf"])
def test_a_file_that_featser_wrote_is_replaced(talk: Path, name: str) -> None:
    output = talk.with_name(name)
    featser.segment(talk, output)
    featser.segment(talk, output, pad_s=0.0)
    spans = featser.read_annotation(output, recording=talk)
    starts = spans.loc[spans["label"] == "speech", "start"]
    assert starts.round(1).tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("talk.TextGrid", '"speech"', '"angry"'),
        ("talk.TextGrid", "xmin = 0", "xmin = 0.1"),
        ("talk.eaf", ">speech<", ">angry<"),
        ("talk.eaf", "<!-- written by featser", "<!-- written by praat"),
    ],
)
def test_an_edited_file_is_not_replaced(talk: Path, name: str, old: str, new: str) -> None:
    featser.segment(talk, talk.with_name(name))
    before = edited(talk.with_name(name), old, new)
    shown = featser_here("segment", "talk.wav", "-o", name, cwd=talk.parent)
    assert shown.returncode == 2
    assert f"'{name}' exists, and is not as featser wrote it: move it away" in (shown.stderr)
    assert talk.with_name(name).read_bytes() == before


@pytest.mark.parametrize("name", ["talk.TextGrid", "talk.eaf"])
def test_intervals_that_a_person_wrote_with_python_are_not_replaced(talk: Path, name: str) -> None:
    featser.write_annotation(pd.DataFrame(ROWS), talk.with_name(name))
    with pytest.raises(InputError, match="is not as featser wrote it"):
        featser.segment(talk, talk.with_name(name))


def test_a_broken_file_is_not_replaced(talk: Path) -> None:
    talk.with_name("talk.eaf").write_text("notes of a day", encoding="utf-8")
    with pytest.raises(InputError, match="is not as featser wrote it"):
        featser.segment(talk, talk.with_name("{name}.eaf"))


@pytest.mark.parametrize("ending", [".txt", ".rttm"])
def test_formats_without_comments_are_not_replaced(talk: Path, ending: str) -> None:
    """Audacity exports what featser writes, so that nothing shows whose a file is."""
    output = talk.with_suffix(ending)
    featser.segment(talk, output)
    with pytest.raises(InputError, match="does not tell who wrote it: move it away"):
        featser.segment(talk, output)
    output.unlink()
    with pytest.raises(InputError, match=rf"talk.left-out{ending}' exists"):
        featser.segment(talk, output)


def test_a_placeholder_other_than_name_is_refused(talk: Path) -> None:
    with pytest.raises(InputError, match=r"unknown placeholder '\{nmae\}'"):
        featser.segment(talk, talk.with_name("{nmae}.eaf"))


def test_a_recording_under_several_names_is_read_once(talk: Path) -> None:
    talk.with_name("link.wav").symlink_to("talk.wav")
    names = ["talk.wav", str(talk), "link.wav", "../" + talk.parent.name + "/talk.wav"]
    shown = featser_here("segment", *names, "-o", "s.csv", cwd=talk.parent)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("is the recording 'talk.wav' under another name") == 3
    assert pd.read_csv(talk.with_name("s.csv"))["file"].tolist() == ["talk.wav"]


def test_two_names_of_which_manifests_say_different_things_are_refused(talk: Path) -> None:
    for name, speaker in (("a.csv", "anna"), ("b.csv", "bert")):
        file = talk if name == "a.csv" else os.path.relpath(talk, talk.parent)
        pd.DataFrame({"file": [file], "speaker": [speaker]}).to_csv(
            talk.with_name(name), index=False
        )
    talk.with_name("link.wav").symlink_to("talk.wav")
    edited(talk.with_name("b.csv"), "talk.wav", "link.wav")
    with pytest.raises(InputError, match="under another name, and their columns differ"):
        featser.segment([talk.with_name("a.csv"), talk.with_name("b.csv")])
