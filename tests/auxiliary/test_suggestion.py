"""A fit with few speakers names the tables that come with featser and could help."""

from __future__ import annotations

from typing import Any

import pytest

from featser.auxiliary.auxiliary_lookup import shipped_files
from featser.auxiliary.suggestion import FEW_SPEAKERS, helpful_tables
from featser.cli.finished.next_steps import next_steps
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES
from featser.reporting.methods.method_facts import CorpusFacts, MethodFacts
from featser.tasks import Task
from tests.reporting.sample import sample_run

pytestmark = pytest.mark.skipif(not shipped_files(), reason="no tables come with this copy")

EMOTION = Task("emotion", classes=("Anger", "Joy", "Neutral"))
DEFAULTS = [extractor.spec for extractor in make_extractors(DEFAULT_FEATURES)]


def test_tables_have_the_classes_by_any_usual_name_and_the_default_features() -> None:
    assert helpful_tables(EMOTION, DEFAULTS, []) == ["banglaser", "emodb"]


@pytest.mark.parametrize(
    ("task", "specs", "corpora", "expected"),
    [
        (EMOTION, DEFAULTS, ["emodb"], ["banglaser"]),
        (Task("emotion", classes=("angry", "confused")), DEFAULTS, [], []),
        (Task("emotion", classes=("bored", "angry")), DEFAULTS, [], ["emodb"]),
        (Task("stress", classes=("angry", "happy")), DEFAULTS, [], []),
        (Task("arousal", "regression"), DEFAULTS, [], []),
        (EMOTION, ["egemaps"], [], []),
    ],
    ids=["own corpus", "one class", "one table", "other label", "numbers", "features"],
)
def test_tables_that_cannot_help_are_not_named(
    task: Task, specs: list[str], corpora: list[str], expected: list[str]
) -> None:
    assert helpful_tables(task, specs, corpora) == expected


COMMANDS = {
    "labels.csv -m svm": "labels.csv -m svm",
    "-o run -m svm": "-o run-aux -m svm",
    "--output 'my run/'": "--output 'my run-aux'",
    "-oruns/a": "-oruns/a-aux",
    "--output=runs/a": "--output=runs/a-aux",
}


def steps(speakers: int, **facts: Any) -> str:
    """Return the steps after a fit of so many speakers."""
    given: dict[str, Any] = {
        "extractors": dict.fromkeys(DEFAULTS, ""),
        "options": {"model": "vote"},
    }
    run = sample_run(speakers=speakers, rows=200, classes=("angry", "happy", "neutral", "sad"))
    run.methods = MethodFacts(**given | facts)
    return "\n".join(next_steps(run, "runs/my run"))


def test_a_fit_with_few_speakers_names_the_command() -> None:
    """It writes into another folder: in the same one there would be nothing to compare with."""
    shown = steps(FEW_SPEAKERS - 1)
    assert "featser explain 'runs/my run'" in shown
    assert "--aux open (the speakers are few: it trains on banglaser and emodb too" in shown
    run = sample_run(speakers=6, rows=200, classes=("angry", "happy", "neutral", "sad"))
    run.methods = MethodFacts(extractors=dict.fromkeys(DEFAULTS, ""), options={"model": "vote"})
    for typed, named in COMMANDS.items():
        run.command = f"featser fit {typed}"
        assert f"next: featser fit {named} --aux open (" in "\n".join(next_steps(run, "run"))


@pytest.mark.parametrize(
    ("speakers", "facts"),
    [
        (FEW_SPEAKERS, {}),
        (6, {"auxiliary": (CorpusFacts("emodb", 535, 10),)}),
        (6, {"options": {"model": "knn"}}),
        (6, {"options": {"model": "logistic", "two_pass": "hard"}}),
        (6, {"options": {"model": "xgboost", "batches": True}}),
    ],
    ids=["many speakers", "used already", "no weights", "other languages", "batches"],
)
def test_a_fit_that_needs_or_takes_none_does_not_name_it(
    speakers: int, facts: dict[str, Any]
) -> None:
    assert "--aux" not in steps(speakers, **facts)


def test_a_fit_without_several_speakers_does_not_name_what_is_chosen_on_them() -> None:
    run = sample_run(speakers=6, rows=200, classes=("angry", "happy", "neutral", "sad"))
    run.methods = MethodFacts(extractors=dict.fromkeys(DEFAULTS, ""), options={"model": "vote"})
    assert "--aux" in "\n".join(next_steps(run, "run"))
    for speaker in ("one", None):
        run.predictions["speaker"] = speaker
        assert "--aux" not in "\n".join(next_steps(run, "run"))


def test_a_command_that_lacks_the_option_does_not_name_it() -> None:
    run = sample_run(speakers=6, rows=200, classes=("angry", "happy", "neutral", "sad"))
    run.methods = MethodFacts(extractors=dict.fromkeys(DEFAULTS, ""), options={"model": "vote"})
    assert "--aux" in "".join(next_steps(run, "run"))
    run.command = "featser demo --folder featser-demo"
    assert "--aux" not in "".join(next_steps(run, "run"))
