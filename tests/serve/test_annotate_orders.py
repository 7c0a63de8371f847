"""Labels as they are declared, and orders by the uncertainty of runs, models and refits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import featser as package
from featser.errors import InputError, TaskError
from featser.serve.annotating.annotate_settings import AnnotateSettings, sorted_arguments
from featser.serve.annotating.clip_orders import disagreement
from featser.serve.queue_work.label_parsing import parse_labels
from featser.serve.queue_work.rankings import uncertainties
from featser.serve.queue_work.refitting import fitted_deviations
from tests.flow import featser
from tests.serve.annotating import Rater, annotating
from tests.serve.running_server import RunningServer


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("emotion", "write --label emotion=angry,sad or --label arousal=1..9"),
        ("emotion=", "write --label emotion=angry,sad"),
        ("emotion=sad", "give 2 to 40 classes, or a scale such as 1..9"),
        ("emotion=sad,,angry", "a class has no name"),
        ("emotion=sad,Sad", "a class is given twice, or two classes differ in case"),
        ("emotion=sad,a\x1bb", "a class has 1 to 60 printable characters"),
        ("speaker=a,b", "`speaker` has another meaning in a manifest: choose another"),
        ("Rater=a,b", "`Rater` has another meaning"),
        ("x.ratings=a,b", "`x.ratings` has another meaning"),
        ("arousal=9..1", "write a scale as whole numbers LOW..HIGH, such as 1..9"),
        ("arousal=1..1000", "write a scale as whole numbers"),
        ("arousal=0.5..2", "write a scale as whole numbers"),
    ],
)
def test_label_that_is_not_valid_is_refused_with_the_fix(text: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        parse_labels([text])
    assert str(error.value).startswith("label: ")
    assert problem in str(error.value)


def test_labels_are_classes_and_scales() -> None:
    emotion, valence = parse_labels(["emotion= sad , very  angry", "valence=-2..2"])
    assert (emotion.values, emotion.is_scale) == (("sad", "very angry"), False)
    assert (valence.values, valence.ends) == (
        ("-2", "-1", "0", "1", "2"),
        ("unpleasant", "pleasant"),
    )
    with pytest.raises(InputError, match="given twice"):
        parse_labels(["emotion=a,b", "Emotion=c,d"])


def test_arguments_are_models_runs_and_one_manifest(tmp_path: Path) -> None:
    run, folder = tmp_path / "run", tmp_path / "clips"
    for place in (run, folder):
        place.mkdir()
    (run / "model.featser").touch()
    (run / "predictions.parquet").touch()
    split = sorted_arguments([run, f"a={run}", folder, "open", "missing/run"])
    assert split.models == (str(run), f"a={run}", "open", "missing/run")
    assert split.runs == (str(run), str(run))
    assert split.manifest == str(folder)
    with pytest.raises(InputError, match=r"are both to be annotated"):
        sorted_arguments(["a.csv", "b.csv"])
    with pytest.raises(InputError, match=r"give a .csv, .tsv or .parquet file"):
        AnnotateSettings(output="x.xlsx")


def test_disagreement_is_largest_where_votes_are_even() -> None:
    even, uneven = ["sad", "angry"], ["sad", "sad", "angry"]
    assert disagreement(even, False) > disagreement(uneven, False) > disagreement(["a", "a"], False)
    assert disagreement(["1", "9"], True) > disagreement(["1", "2"], True)


@pytest.mark.extras
def test_command_without_labels_or_with_two_manifests_names_the_fix(
    voices: Path, tmp_path: Path
) -> None:
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    shown = featser("serve", voices, "--no-browser", "--port", "0", cwd=tmp_path)
    assert shown.returncode == 2
    assert "no column says which labels to give: add them, such as --label emotion=" in shown.stderr
    shown = featser("serve", "a.csv", "-o", "a.csv", "--port", "0", cwd=tmp_path)
    assert shown.returncode == 2
    assert "--output: 'a.csv' is the manifest itself: name another file" in shown.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def server(
    voices: Path, extracted: Path, fitted: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    folder = tmp_path_factory.mktemp("orders")
    arguments = [voices, "--corpus", "demo", "-o", "votes.csv", f"demo={fitted}"]
    store = ["--store", extracted / "featser-store"]
    with annotating(folder, *arguments, *store, labels=()) as running:
        yield running


def computed(rater: Rater, name: str) -> dict[str, Any]:
    """Have an order computed, and wait for it."""
    state: dict[str, Any] = rater.ask("POST", "/v1/queue/rank", order=name).json()
    while state["is_running"]:
        time.sleep(0.1)
        state = rater.ask("GET", "/v1/queue/progress", order=name).json()
    return state


@pytest.mark.extras
def test_labels_of_a_corpus_are_annotated_without_their_values(
    server: RunningServer, voices: Path
) -> None:
    shown = Rater(server, "anna").shown()
    assert [one["name"] for one in shown["labels"]] == ["emotion", "gender", "intensity"]
    assert len(shown["clips"]) == 64
    assert all(set(clip) == {"name"} for clip in shown["clips"])


@pytest.mark.extras
def test_order_by_a_run_is_that_of_its_out_of_fold_predictions(
    server: RunningServer, fitted: Path
) -> None:
    shown = Rater(server, "ben").shown(order="run:run:emotion")
    names = [shown["clips"][place]["name"] for place in shown["order"]]
    table = pd.read_parquet(fitted / "predictions.parquet")
    table = table[table["protocol"] == table["protocol"].iloc[0]].reset_index(drop=True)
    scores = np.array(uncertainties(table, "emotion"), dtype=float)
    expected = [Path(table["file"][row]).name for row in np.argsort(-scores, kind="stable")]
    assert names == expected


@pytest.mark.extras
def test_order_by_a_model_is_that_of_its_predictions(
    server: RunningServer, fitted: Path, clips: list[Path]
) -> None:
    rater = Rater(server, "carla")
    name = "model:demo:emotion"
    assert not next(one for one in rater.shown()["orders"] if one["name"] == name)["is_ready"]
    state = computed(rater, name)
    assert (state["error"], state["done"], state["of"]) == ("", 64, 64)
    first = rater.shown(order=name)["order"][:5]
    table = package.predict(fitted / "model.featser", clips)
    scores = np.array(uncertainties(table, "emotion"), dtype=float)
    assert first == np.argsort(-scores, kind="stable")[:5].tolist()


@pytest.mark.extras
def test_model_is_refitted_on_the_annotations(server: RunningServer, clips: list[Path]) -> None:
    """Recordings like the annotated ones come late."""
    rater = Rater(server, "dora")
    rater.click(0, "emotion", "angry")
    state = computed(rater, "refit:emotion")
    assert "a model needs recordings of two classes at least" in state["error"]
    for place, clip in enumerate(clips[:24]):
        emotion = clip.stem.split("-")[1]
        assert rater.click(place, "emotion", emotion).status_code == 200, emotion
    assert computed(rater, "refit:emotion")["error"] == ""
    shown = rater.shown(order="refit:emotion")
    assert sorted(shown["order"]) == list(range(64))
    assert set(shown["order"][:20]) - set(range(24))
    title = next(one["title"] for one in shown["orders"] if one["name"] == "refit:emotion")
    assert title.endswith("(24 annotated recordings)")


@pytest.mark.extras
@pytest.mark.parametrize("path", ["rank", "progress"])
def test_order_that_does_not_exist_is_refused(server: RunningServer, path: str) -> None:
    method = "POST" if path == "rank" else "GET"
    answer = Rater(server, "emil").ask(method, f"/v1/queue/{path}", order="model:x:emotion")
    assert answer.status_code in (400, 404)


@pytest.mark.extras
def test_model_of_a_scale_is_refitted_on_the_mean_ratings(
    voices: Path, extracted: Path, clips: list[Path], tmp_path: Path
) -> None:
    """Recordings unlike the rated ones come first: rated are those of one of two speakers."""
    store = extracted / "featser-store"
    arguments = [voices, "--corpus", "demo", "-o", "votes.csv", "--store", store]
    with annotating(tmp_path, *arguments, labels=["arousal=1..9"]) as server:
        rater = Rater(server, "anna")
        name = "refit:arousal"
        rater.click(0, "arousal", "5")
        assert computed(rater, name)["error"] == (
            "`arousal`: a model needs recordings with different ratings, and 1 recording with "
            "features has [5.0]: annotate more in another order first"
        )
        levels = {"angry": "8", "happy": "7", "neutral": "4", "sad": "2"}
        rated = [place for place, clip in enumerate(clips) if clip.stem.startswith("f1")]
        for place in rated:
            rater.click(place, "arousal", levels[clips[place].stem.split("-")[1]])
        assert computed(rater, name)["error"] == ""
        shown = rater.shown(order=name)
        assert sorted(shown["order"]) == list(range(64))
        assert not set(shown["order"][:32]) & set(rated)


def test_uncertainty_of_a_scale_grows_with_the_distance_to_what_was_rated() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)).astype(np.float32)
    X[30:] += 2
    rows = np.arange(30)
    deviations = fitted_deviations(X, rows, X[:30, 0] * 2.0 + 5, "arousal", np.arange(40))
    assert deviations[30:].mean() > deviations[:30].mean()
    with pytest.raises(TaskError, match="2 recordings with features have"):
        fitted_deviations(X, rows[:2], np.array([3.0, 3.0]), "arousal", rows)
