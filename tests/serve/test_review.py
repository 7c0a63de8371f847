"""A run is reviewed: its lists are those of `featser explore`, its corrections become labels."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.api.finished.listed_recordings import recording_lists
from featser.api.finished.run_maps import run_maps
from featser.errors import RunError
from featser.experiment.runs.predicted_task import predicted_task
from featser.reporting.exploration.map_data import scaled_positions
from featser.serve.annotating.clip_queue import QueuedClip
from featser.serve.annotating.queue_jobs import QueueSource
from featser.serve.annotating.votes import Clip, Entry, Votes
from featser.serve.queue_work.corrected_manifest import agreed_values, corrected
from tests.flow import featser_here
from tests.serve.annotating import Rater, annotating
from tests.serve.running_server import RunningServer
from tests.serve.test_annotate_page import CHROMIUM, browser, opened, wait_for_count

__all__ = ["browser"]
needs_serve = pytest.mark.extras


@pytest.fixture(scope="module")
def run(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run, beside which the journal lies."""
    copy = tmp_path_factory.mktemp("review") / "run"
    shutil.copytree(fitted, copy)
    return copy


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[RunningServer]:
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    with annotating(run.parent, "run", labels=()) as running:
        yield running


def reviewer(server: RunningServer, name: str) -> Rater:
    """Begin when the run has been read."""
    for _ in range(600):
        answer = Rater.ask_once(server, "review")
        if answer.status_code != 429:
            break
    return Rater(server, name, "review")


def test_agreed_value_is_that_of_most_reviewers() -> None:
    votes, clips = Votes(), [Clip("a.wav"), Clip("b.wav"), Clip("c.wav")]
    given = [
        ("anna", 0, "sad"), ("ben", 0, "sad"), ("carla", 0, "angry"),
        ("anna", 1, "sad"), ("ben", 1, "angry"), ("anna", 2, ""),
    ]  # fmt: skip
    for number, (rater, place, value) in enumerate(given, 1):
        votes.apply(Entry(number, str(number), rater, clips[place], "emotion", value))
    places = {clip: place for place, clip in enumerate(clips)}
    assert agreed_values(votes, "emotion", places) == {0: "sad", 2: ""}


def test_corrected_label_keeps_the_one_before() -> None:
    table = pd.DataFrame({"emotion": ["sad", "sad", "angry", None]})
    result = corrected(table, "emotion", {0: "angry", 1: "", 2: "angry", 3: "sad"})
    assert result["emotion"].astype(object).where(result["emotion"].notna(), None).tolist() == [
        "angry", None, "angry", "sad",
    ]  # fmt: skip
    before = result["emotion_before_relabel"]
    assert before.astype(object).where(before.notna(), None).tolist() == ["sad", "sad", None, None]
    assert corrected(table, "emotion", {}) is table
    with pytest.raises(RunError, match=r"`stress` is made of the ratings of several raters"):
        corrected(table, "stress", {0: "high"})


@needs_serve
def test_export_by_rating_is_refused_for_a_review(server: RunningServer) -> None:
    answer = reviewer(server, "lena").ask("GET", "/v1/queue/export", form="long")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "form: 'long': a review exports the manifest with the corrected labels alone: leave it "
        "out, or write manifest"
    )


def test_paths_of_recordings_stay_on_the_server() -> None:
    """What a client gets of a recording is its name and details, not where it is."""
    queued = QueuedClip(Clip("a.wav"), "/secret/a.wav", "a.wav", {"tasks": {}})
    assert "/secret" not in str({"name": queued.name, **queued.details})
    assert QueueSource("review", "r", "r-corrected.csv").journal == "r-corrected.jsonl"


@needs_serve
def test_lists_are_those_of_explore(server: RunningServer, run: Path) -> None:
    shown = reviewer(server, "anna").shown()
    assert shown["order_name"] == "mistakes:emotion"
    assert [one["name"] for one in shown["labels"]] == ["emotion", "gender", "intensity"]
    predicted = predicted_task(run, "emotion")
    for one in recording_lists(predicted, 1000):
        answer = reviewer(server, "anna").shown(order=f"{one.name}:emotion")
        names = [answer["clips"][place]["name"] for place in answer["order"]]
        assert names == [Path(key[0]).name for key in one.keys]
    row = shown["order"][0]
    details = shown["clips"][row]["tasks"]["emotion"]
    assert details["label"] != details["prediction"]
    assert sum(details["shares"]) == pytest.approx(1, abs=1e-3)


@needs_serve
def test_corrections_become_labels_that_fit_reads(fitted: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(fitted, run)
    with annotating(tmp_path, "run", labels=()) as server:
        anna, ben = reviewer(server, "anna"), reviewer(server, "ben")
        shown = anna.shown()
        first, second, third = shown["order"][:3]
        wrong = shown["clips"][first]["tasks"]["emotion"]["prediction"]
        for rater in (anna, ben):
            rater.click(first, "emotion", wrong)
        anna.click(second, "emotion", "")
        own = shown["clips"][third]["tasks"]["emotion"]["label"]
        anna.click(third, "emotion", own)
        assert ben.values == {first: {"emotion": wrong}}
        exported = anna.ask("GET", "/v1/queue/export").text
        assert server.stop() == 0
        assert "corrected labels: " in server.printed
    table = pd.read_csv(tmp_path / "run-corrected.csv", keep_default_na=False)
    assert (tmp_path / "run-corrected.csv").read_text() == exported
    names = [shown["clips"][place]["name"] for place in (first, second, third)]
    rows = table.set_index(table["file"].map(lambda file: Path(file).name)).loc[names]
    assert rows["emotion"].tolist() == [wrong, "", own]
    assert rows["emotion_before_relabel"].tolist()[2] == ""
    assert (table["emotion_before_relabel"] != "").sum() == 2
    assert len(table) == 64
    command = featser_here("extract", "run-corrected.csv", "-f", "mfcc:basic", cwd=tmp_path)
    assert command.returncode == 0, command.stderr
    command = featser_here("fit", "--model", "lda", "-o", "again", cwd=tmp_path)
    assert command.returncode == 0, command.stderr


@needs_serve
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_page_opened_while_the_run_is_read_opens_by_itself(
    browser: Any, server: RunningServer
) -> None:
    """It says so at the first answer, and asks until the run has been read."""
    reviewer(server, "ready")
    page = browser.new_context().new_page()
    messages: list[str] = []

    def still_reading(route: Any) -> None:
        messages.append(page.text_content("#problem") or "")
        if len(messages) > 8:  # more than the attempts of other requests
            route.continue_()
        else:
            message = {"error": {"type": "Overloaded", "message": "run is being read: try again"}}
            route.fulfill(status=429, headers={"Retry-After": "1"}, json=message)

    page.route("**/v1/queue?*", still_reading)
    page.goto(f"{server.address}/review")
    page.wait_for_selector("html[data-ready]")
    page.fill("#rater", "early")
    page.press("#rater", "Enter")
    page.wait_for_selector("#work:not([hidden])", timeout=60_000)
    assert messages[0] == ""
    assert set(messages[1:9]) == {
        "The run is being read. This page opens by itself when that is done."
    }
    assert page.is_hidden("#problem")
    page.context.close()


@needs_serve
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (400, "dark")])
def test_errors_are_heard_and_relabelled_by_keyboard(
    browser: Any, server: RunningServer, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    name = f"reviewer-{width}"
    with opened(browser, server, name, width, scheme, "review") as page:
        page.wait_for_function("() => document.getElementById('player').duration > 0")
        assert page.locator("#details dt").all_text_contents() == ["label", "prediction"]
        assert page.locator("#details .bar.is-predicted").count() == 1
        n_mistakes = int(page.text_content("#count").split()[2])
        page.keyboard.press("1")
        wait_for_count(page, f"1 of {n_mistakes} done")
        page.keyboard.press("x")
        wait_for_count(page, f"2 of {n_mistakes} done")
        page.keyboard.press("u")
        wait_for_count(page, f"1 of {n_mistakes} done")
        page.select_option("#order", "uncertain:gender")
        page.wait_for_selector(".label-group[data-label=gender].is-active")
        assert page.locator(".label-group").count() == 1
        findings = axe.Axe().run(page).response["violations"]
        assert not [one["id"] for one in findings if one["impact"] in ("serious", "critical")]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    values = reviewer(server, name).values
    assert [list(held) for held in values.values()] == [["emotion"]]


@needs_serve
def test_map_has_the_places_of_explore(server: RunningServer, run: Path) -> None:
    rater = reviewer(server, "mia")
    clips = rater.shown()["clips"]
    made = rater.ask("GET", "/v1/queue/map", label="gender").json()
    maps = run_maps(predicted_task(run, "gender"), None, umap=False, n_jobs=1)
    assert made["label"] == "gender"
    assert [one["name"] for one in made["maps"]] == [one.name for one in maps.layers]
    assert made["speakers"] == [clip["name"].split("-")[0] for clip in clips]
    for one, layer in zip(made["maps"], maps.layers, strict=True):
        expected = scaled_positions(layer.positions)
        drawn = {Path(file).name: place for place, file in enumerate(maps.table["file"])}
        places = [drawn[clip["name"]] for clip in clips]
        assert one["x"] == [expected["x"][place] for place in places]
        assert one["y"] == [expected["y"][place] for place in places]


@needs_serve
@pytest.mark.parametrize(
    ("query", "message"),
    [({"label": "stress"}, "unknown label 'stress'"), ({"queue": "annotate"}, "a run has a map")],
)
def test_map_of_something_else_is_refused(
    server: RunningServer, query: dict[str, str], message: str
) -> None:
    answer = reviewer(server, "mia").ask("GET", "/v1/queue/map", **query)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@needs_serve
def test_run_without_its_features_has_no_map_and_is_reviewed(fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted, tmp_path / "run")
    with annotating(tmp_path, "run", "--store", tmp_path / "none", labels=()) as server:
        rater = reviewer(server, "anna")
        answer = rater.ask("GET", "/v1/queue/map")
        assert answer.status_code in (400, 422)
        assert "none" in answer.json()["error"]["message"]
        assert rater.shown()["order"]


@needs_serve
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("width", "scheme"), [(1300, "dark"), (400, "light")])
def test_recordings_are_opened_and_relabelled_from_the_map(
    browser: Any, server: RunningServer, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    name = f"mapper-{width}"
    with opened(browser, server, name, width, scheme, "review") as page:
        page.click("#map-make")
        page.wait_for_selector("#map-plot path")
        assert page.locator("#map-plot path").count() == 64
        assert page.locator("#map-legend li").all_text_contents() == list(
            page.locator(".label-group .choices button").evaluate_all(
                "buttons => buttons.slice(0, -1).map((one) => one.textContent.slice(2))"
            )
        )
        page.focus("#map-plot")
        before = page.text_content("#map-detail")
        shown = page.text_content("#clip-name")
        for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
            page.keyboard.press(key)
        after = page.text_content("#map-detail")
        assert after != before
        assert page.text_content("#clip-name") == shown  # arrows in the map open nothing
        page.keyboard.press("Enter")
        opened_name = after.split(": label ")[0]
        page.wait_for_function(
            "name => document.getElementById('clip-name').textContent === name", arg=opened_name
        )
        page.wait_for_selector("#map-plot path.is-selected")
        page.keyboard.press("2")
        page.wait_for_function(
            "() => document.getElementById('saved').textContent.startsWith('saved')"
        )
        for colour in ("prediction", "correct", "speaker"):
            page.select_option("#map-colour", colour)
        speakers = page.locator("#map-legend li").all_text_contents()
        assert speakers == ["f1", "f2", "m1", "m2"]
        page.select_option("#map-kind", "pca")
        assert "labels are not used" in page.text_content("#map-meaning")
        findings = axe.Axe().run(page).response["violations"]
        assert not [one["id"] for one in findings if one["impact"] in ("serious", "critical")]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    rater = reviewer(server, name)
    clips = rater.shown()["clips"]
    assert [clips[place]["name"] for place in rater.values] == [opened_name]


@needs_serve
def test_damaged_run_is_named(fitted: Path, tmp_path: Path) -> None:
    """The model is served; the page says what is wrong with the rest of the run."""
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    run = tmp_path / "run"
    shutil.copytree(fitted, run)
    (run / "predictions.parquet").write_bytes(b"PAR1")
    with annotating(tmp_path, "run", labels=()) as server:
        for _ in range(600):
            answer = Rater.ask_once(server, "review")
            if answer.status_code != 429:
                break
    assert answer.status_code in (400, 422)
    assert "run/predictions.parquet" in answer.json()["error"]["message"]
