"""The verdict box says first what devalues a figure, and what the figure promises."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.audit.checks.shortcuts import Probe, shortcut_findings
from featser.reporting.html import render
from featser.reporting.statements.confounding import SpeakerClasses, classes_of_speakers
from featser.reporting.statements.promises import limits_of, promise_of
from featser.reporting.statements.verdict_box import verdict_box, verdict_lines
from featser.reporting.summary import RunSummary
from featser.tasks import Task
from tests.flow import featser_here
from tests.reporting.page import Page
from tests.reporting.sample import EMOTIONS, figures, sample_run

RATE = 8000
LEVELS = {"angry": 0.5, "happy": 0.12, "neutral": 0.03, "sad": 0.008}


def write_confounded(folder: Path) -> Path:
    """Write 12 speakers with one class each and one with all; level alone tells the class."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(13):
        classes = list(LEVELS) if number == 12 else [list(LEVELS)[number % 4]] * 4
        for take, emotion in enumerate(classes):
            seconds = np.arange(int(0.6 * RATE)) / RATE
            tone = np.sin(2 * math.pi * random.uniform(100, 300) * seconds)
            level = LEVELS[emotion] * 2 ** random.normal(0, 0.4)
            around = np.zeros(random.integers(2000, 3000)), np.zeros(random.integers(2000, 3000))
            sound = np.concatenate([around[0], level * tone, around[1]])
            sound += random.normal(0, 0.0005, len(sound))
            file = folder / f"s{number}-{take}.wav"
            soundfile.write(file, sound, RATE)
            rows.append((file.name, f"s{number}", emotion))
    manifest = folder / "confounded.csv"
    pd.DataFrame(rows, columns=["file", "speaker", "emotion"]).to_csv(manifest, index=False)
    return manifest


@pytest.fixture(scope="module")
def confounded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What a fit on a confounded corpus prints, and its report."""
    folder = tmp_path_factory.mktemp("confounded")
    manifest = write_confounded(folder)
    extracted = featser_here(
        "extract", manifest, "--features", "rms+zcr", "--jobs", "1", cwd=folder
    )
    assert extracted.returncode == 0, extracted.stderr
    shown = featser_here("fit", "--model", "lda", "-o", "run", "--jobs", "1", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout, (folder / "run" / "report.html").read_text(encoding="utf-8")


def test_report_on_a_confounded_corpus_says_so_before_the_figure(
    confounded: tuple[str, str],
) -> None:
    text = Page(confounded[1]).text
    people = text.index("Classes and speakers are confounded: 12 of 13 speakers")
    level = text.index("The shortcut 'speech level' is strong: it alone")
    assert people < level < text.index("On speakers who are not in the training set")
    assert "speakers with one class 12 of 13 (92 %)" in text
    assert "That emotion is distinguished within a speaker" in text


def test_terminal_ends_with_the_same_verdict(confounded: tuple[str, str]) -> None:
    lines = confounded[0].replace("\n  ", " ").splitlines()
    warning, verdict, promises, model, report, *following = lines[-7:]
    assert [line.partition(" run")[0] for line in following] == [
        "next: featser explain", "next: featser explore",
    ]  # fmt: skip
    assert warning.startswith("warning: Classes and speakers are confounded: 12 of 13 speakers")
    assert "The shortcut 'speech level' is strong: it alone" in warning
    assert verdict.startswith("verdict: UAR of emotion ")
    assert "speakers with one class 12 of 13 (92 %)" in verdict
    assert "classes and speakers are confounded" in verdict.lower()
    assert promises.startswith("This promises: On speakers who are not in the training set")
    assert (model[:7], report[:8]) == ("model: ", "report: ")


def test_corpus_with_all_classes_of_each_speaker_has_no_warning() -> None:
    box = verdict_box(sample_run())
    assert box.warnings == ()
    assert box.facts["speakers with one class"] == "0 of 10 (0 %)"
    assert len(verdict_lines(sample_run())) == 2


@pytest.mark.parametrize(
    ("classes", "is_confounded"),
    [
        (SpeakerClasses(10, 10, 0, 0), False),
        (SpeakerClasses(10, 8, 4, 2), True),
        (SpeakerClasses(10, 7, 4, 1), False),
    ],
)
def test_speakers_with_one_recording_do_not_count_as_confounded(
    classes: SpeakerClasses, is_confounded: bool
) -> None:
    assert classes.is_confounded is is_confounded
    assert bool(classes.warning) is is_confounded


def test_speakers_are_counted_in_rows_that_are_used() -> None:
    rows = pd.DataFrame(
        {
            "speaker": ["a", "a", "b", "b", "c", None],
            "emotion": ["anger", "anger", "anger", "sadness", "sadness", "anger"],
            "emotion.used": [True, True, True, False, True, True],
        }
    )
    assert classes_of_speakers(sample_run(rows=60, all_tasks=False)) is not None
    run = sample_run(all_tasks=False)
    run.rows = rows
    assert classes_of_speakers(run) == SpeakerClasses(3, 3, 1, 1)
    run.rows = rows.assign(speaker=None)
    assert classes_of_speakers(run) is None


def with_level(uar: float) -> RunSummary:
    probe = Probe("level", 0.2, uar, uar - 0.1, uar + 0.1, "anger", 0.6, uar - 0.1, 0.5)
    found_shortcuts = shortcut_findings([probe], Task("emotion", classes=EMOTIONS))
    return sample_run(findings=[finding.to_dict() for finding in found_shortcuts])


def test_shortcut_is_a_warning_from_half_of_the_gain_on() -> None:
    run = sample_run()
    value = run.figures(run.primary)["uar"]["value"]
    weak = verdict_box(with_level(round(0.2 + 0.4 * (value - 0.2), 3)))
    assert weak.warnings == ()
    (strong,) = verdict_box(with_level(round(0.2 + 0.6 * (value - 0.2), 3))).warnings
    assert "which is 60 % of the model's gain over chance" in strong
    (above,) = verdict_box(with_level(0.95)).warnings
    assert "which is as much as the model (" in above


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol": "random"}, "New speakers: expect less on them, because speakers are in both"),
        ({"speaker_norm": "transductive"}, "Single recordings of a speaker"),
        ({"speaker_norm": "enrol:8"}, "Speakers who are not enrolled: 8 recordings of each"),
        ({"findings": [{"kind": "shared sentences", "table": []}]}, "New sentences: "),
        ({}, "corpora and languages (bn): recordings of the same corpora are in training and"),
    ],
)
def test_limits_follow_from_the_run(changes: dict[str, object], words: str) -> None:
    assert words in " ".join(limits_of(sample_run(**changes)))
    if changes:
        assert words not in " ".join(limits_of(sample_run()))


def test_corpora_left_out_as_a_whole_are_new_in_the_test_set() -> None:
    run = sample_run()
    run.predictions["fold"] = (run.predictions["corpus"] == "made-up-a").astype(int)
    assert "Corpora and languages (bn) that are unlike those tested." in limits_of(run)


def test_corpora_left_out_share_no_sentences_with_training() -> None:
    shared = [{"kind": "shared sentences", "severity": "note", "message": "", "table": []}]
    run = sample_run(findings=shared, protocol="leave-one-corpus-out")
    assert "New sentences" not in " ".join(limits_of(run))


def test_promise_names_the_interval_and_nothing_where_there_is_none() -> None:
    run = sample_run()
    figure = run.figures(run.primary)["uar"]
    words = promise_of(run)
    assert f"from {figure['low']:.3f} to {figure['high']:.3f}" in words
    assert "(95 % interval over 10 speakers)" in words
    figure |= {"low": 0.1, "high": 0.9}
    assert promise_of(run).startswith("Nothing beyond guessing")
    figure |= {"low": None, "high": None}
    assert "has no interval" in promise_of(run)
    figure["value"] = None
    assert promise_of(run) == "Nothing: the UAR is undefined."


def test_box_of_a_regression_has_no_classes_of_speakers() -> None:
    run = sample_run()
    run.tasks = [Task("arousal", kind="regression", role="primary")]
    run.metrics = {run.protocol: figures(run.predictions, run.tasks)}
    box = verdict_box(run)
    assert box.facts["mean baseline"] == "0.000"
    assert "speakers with one class" not in box.facts
    assert "CCC of arousal" in Page(render(run)).text
