"""Annotation over HTTP: raters are blind, nothing else than the manifest is served, export."""

from __future__ import annotations

import io
import itertools
import json
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import requests
import soundfile

import featser as package
from featser.serve.annotating.journal import read_journal
from tests.flow import featser, featser_here
from tests.serve.annotating import LABELS, Rater, annotating, write_clips
from tests.serve.running_server import RunningServer

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def folder(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    place = tmp_path_factory.mktemp("annotate")
    write_clips(place, clips[:12])
    return place


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with annotating(folder, "clips.csv") as running:
        yield running


def test_rater_never_gets_the_values_of_another(server: RunningServer) -> None:
    anna, ben = Rater(server, "anna"), Rater(server, "ben")
    before = ben.shown()
    assert anna.click(0, "emotion", "sad").json()["values"] == {"emotion": "sad"}
    assert anna.click(1, "arousal", "7").status_code == 200
    assert ben.shown() == before
    assert ben.click(0, "emotion", "angry").json()["values"] == {"emotion": "angry"}
    assert anna.values[0] == {"emotion": "sad"}
    assert Rater(server, "carla").values == {}


def test_undo_takes_back_own_clicks_only(server: RunningServer) -> None:
    dora, emil = Rater(server, "dora"), Rater(server, "emil")
    dora.click(2, "emotion", "sad")
    dora.click(2, "emotion", "happy")
    emil.click(2, "emotion", "neutral")
    assert dora.undo().json()["values"] == {"emotion": "sad"}
    assert dora.undo().json()["values"] == {}
    refused = dora.undo()
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        409, "there is nothing to undo",
    )  # fmt: skip
    assert emil.values == {2: {"emotion": "neutral"}}


def test_repeated_click_is_recorded_once(server: RunningServer) -> None:
    fred = Rater(server, "fred")
    first = fred.click(3, "emotion", "sad", request="the-same").json()
    assert fred.click(3, "emotion", "sad", request="the-same").json() == first
    fred.undo()
    assert fred.values == {}


def test_orders_have_every_recording_once(server: RunningServer, folder: Path) -> None:
    gina, hans = Rater(server, "gina"), Rater(server, "hans")
    orders = {one["name"]: one for one in gina.shown()["orders"]}
    assert list(orders) == ["file", "random", "disagreement"]
    for name in orders:
        assert sorted(gina.shown(order=name)["order"]) == list(range(12))
    mixed = gina.shown(order="random")["order"]
    assert mixed == gina.shown(order="random")["order"] != list(range(12))
    assert mixed != hans.shown(order="random")["order"]
    for rater, value in ((gina, "2"), (hans, "9")):
        rater.click(7, "arousal", value)
        rater.click(5, "arousal", "4" if rater is gina else "5")
    assert gina.shown(order="disagreement", label="arousal")["order"][:2] == [7, 5]


def test_recordings_are_decoded_and_segments_cut(server: RunningServer, clips: list[Path]) -> None:
    rater = Rater(server, "ida")
    for place, seconds in ((0, package.read_audio(clips[0]).seconds), (2, 0.5)):
        answer = rater.ask("GET", "/v1/queue/recording", clip=place)
        assert answer.headers["Content-Type"] == "audio/wav"
        samples, rate = soundfile.read(io.BytesIO(answer.content))
        assert len(samples) / rate == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"clip": "../../etc/passwd"}, "clip: '../../etc/passwd': give a number"),
        ({"clip": "/etc/passwd"}, "clip: '/etc/passwd': give a number"),
        ({"clip": -1}, "clip: '-1': give a number, more than -1"),
        ({"clip": 12}, "clip: give a whole number from 0 to 11"),
        ({"clip": 0.5}, "clip: give a whole number from 0 to 11"),
        ({}, "clip: it is missing"),
        ({"clip": 0, "file": "/etc/passwd"}, "unknown parameter 'file'; valid: queue, clip"),
        ({"clip": 0, "queue": "../x"}, "queue: unknown queue '../x'; valid: annotate, review"),
    ],
)
def test_nothing_but_recordings_of_the_manifest_is_served(
    server: RunningServer, query: dict[str, object], message: str
) -> None:
    answer = Rater(server, "jan").ask("GET", "/v1/queue/recording", **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    ("click", "message"),
    [
        ({"label": "gender", "value": "f"}, "unknown label 'gender'"),
        ({"value": "bored"}, "value: unknown value 'bored'"),
        ({"rater": "  "}, "rater: '': a name has 1 to 40 printable characters"),
        ({"rater": "x" * 41}, "rater: 'xxx"),
        ({"rater": "a\x1b[2J"}, "rater: 'a\x1b[2J': a name has 1 to 40 printable"),
        ({"rater": "\u202eanna"}, "rater: '\u202eanna': a name has"),
        ({"rater": "KARL"}, "rater: 'KARL': a rater is called 'karl'"),
        ({"request": ""}, "request: it is missing"),
        ({"request": "é"}, "request: give 1 to 64 printable ASCII"),
        ({"version": "0"}, "the list of recordings has changed: reload the page"),
    ],
)
def test_invalid_click_is_refused_and_not_recorded(
    server: RunningServer, folder: Path, click: dict[str, str], message: str
) -> None:
    karl = Rater(server, "karl")
    karl.click(0, "emotion", "sad")
    n_entries = read_journal(folder / "clips-annotations.jsonl").n_entries
    query = {"label": "emotion", "value": "sad", **click}
    answer = karl.click(1, **query)
    assert answer.status_code in (400, 409)
    assert answer.json()["error"]["message"].startswith(message)
    assert read_journal(folder / "clips-annotations.jsonl").n_entries == n_entries


def test_agreement_is_measured_in_steps(server: RunningServer, folder: Path) -> None:
    """A single click of a rater does not change the figure: it would show the others' votes."""
    lea, max_ = Rater(server, "lea"), Rater(server, "max")
    for place, value in enumerate(["sad", "sad", "angry", "happy", "neutral", "angry"]):
        lea.click(place, "emotion", value)
        max_.click(place, "emotion", value if place else "angry")
    first = lea.ask("GET", "/v1/queue/agreement").json()
    [emotion] = [one for one in first["labels"] if one["label"] == "emotion"]
    assert emotion["title"] == "Krippendorff's alpha (nominal)"
    assert -1 <= emotion["low"] <= emotion["value"] <= emotion["high"] <= 1
    lea.click(6, "emotion", "sad")
    max_.click(6, "emotion", "happy")
    assert lea.ask("GET", "/v1/queue/agreement").json() == first
    for _ in range(5):
        lea.click(6, "emotion", "sad")
        lea.undo()
    second = lea.ask("GET", "/v1/queue/agreement").json()
    assert second["after_clicks"] >= first["after_clicks"] + 10


def test_rater_whose_name_is_no_utf8_is_refused(server: RunningServer) -> None:
    """Read with replacements, %ff and %fe would be one rater."""
    for query, name in (("rater=%ff", "rater"), ("rater=%ed%a0%80", "rater"), ("%fe=1", "query")):
        answer = requests.get(f"{server.address}/v1/queue?{query}", timeout=30)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == (
            f"{name}: it has bytes that are not UTF-8: encode text as UTF-8"
        )
    assert Rater(server, "\ufffd").shown()["rater"] == "\ufffd"


def test_second_server_on_the_same_annotations_is_refused(
    server: RunningServer, folder: Path
) -> None:
    shown = featser("serve", "clips.csv", "--label", LABELS[0], "--port", "0", cwd=folder)
    assert shown.returncode == 1
    assert "clips-annotations.jsonl: another `featser serve` writes these" in shown.stderr


def test_export_is_read_by_agreement_and_fit(clips: list[Path], tmp_path: Path) -> None:
    """The export at the end, that of the page, and the same after the server has come again."""
    write_clips(tmp_path, clips[:32:2])
    votes = {
        "anna": ["angry", "happy", "neutral", "sad"] * 4,
        "Bén, =1+1": ["angry", "happy", "neutral", "neutral"] * 4,
    }
    with annotating(tmp_path, "clips.csv", labels=["emotion=angry,happy,neutral,sad"]) as server:
        for name, values in votes.items():
            rater = Rater(server, name)
            for place, value in enumerate(values[:8]):
                assert rater.click(place, "emotion", value).status_code == 200
        assert server.stop() == 0, server.printed
        assert "annotations: " in server.printed
    with annotating(
        tmp_path, "clips.csv", "-o", "clips-annotations.csv", labels=[LABELS[0], "arousal=1..5"]
    ) as server:
        assert "16 clicks of 2 raters so far" in server.printed
        for name, values in votes.items():
            rater = Rater(server, name)
            assert len(rater.values) == 8
            for place, value in list(enumerate(values))[8:]:
                rater.click(place, "emotion", value)
            rater.click(0, "arousal", "3" if name == "anna" else "4")
        page = rater.ask("GET", "/v1/queue/export")
        long = rater.ask("GET", "/v1/queue/export", form="long")
        own = rater.ask("GET", "/v1/queue/export", form="long", rater="anna")
        own_manifest = rater.ask("GET", "/v1/queue/export", rater="anna")
        assert rater.ask("GET", "/v1/queue/export", rater="carla").status_code == 409
        server.stop(signal.SIGTERM)
    exported = tmp_path / "clips-annotations.csv"
    assert page.text == exported.read_text()
    assert page.headers["Content-Disposition"] == 'attachment; filename="annotated.csv"'
    (tmp_path / "long.csv").write_text(long.text)
    rows = pd.read_csv(tmp_path / "long.csv")
    assert rows["rater"].tolist() == ["Bén, =1+1", "anna"] * 16
    assert rows["emotion"].tolist()[6:8] == ["neutral", "sad"]
    assert pd.read_csv(io.StringIO(own.text))["rater"].tolist() == ["anna"] * 16
    ratings = pd.read_csv(io.StringIO(own_manifest.text))["emotion.ratings"]
    assert [json.loads(cell) for cell in ratings] == [{"anna": one} for one in votes["anna"]]
    reports = [package.agreement(name) for name in (exported, tmp_path / "long.csv")]
    alphas = [{one.agreement.label: one.agreement.figures[0].value for one in report.labels}
              for report in reports]  # fmt: skip
    assert alphas[0] == alphas[1]
    assert 0.6 < alphas[0]["emotion"] < 0.8
    table = pd.read_csv(exported)
    assert table["emotion"].tolist()[:3] == ["angry", "happy", "neutral"]
    assert pd.isna(table["emotion"][3])
    assert table["arousal"][0] == 3.5
    shown = featser_here("extract", exported, "-f", "mfcc:basic", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("fit", "--model", "lda", "--task", "emotion", "-o", "run", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    [rated] = json.loads((tmp_path / "run" / "run.json").read_text())["rated"]
    assert (rated["name"], rated["raters"], rated["ratings"]) == ("emotion", 2, 32)


def confirmed_until_killed(rater: Rater, delay_s: float) -> tuple[dict[int, str], int]:
    """Click as fast as the server confirms, until it is killed; return what it confirmed last."""
    killer = threading.Timer(delay_s, rater.server.process.kill)
    killer.start()
    confirmed: dict[int, str] = {}
    for number in itertools.count():
        value = str(1 + number % 9)
        try:
            answer = rater.click(number % 12, "arousal", value)
        except requests.RequestException:
            break
        assert answer.status_code == 200, answer.text
        confirmed[number % 12] = value
    killer.join()
    return confirmed, number


def survives_kills(folder: Path, rounds: int) -> None:
    """Kill the server at random moments between clicks; each next one shows what was confirmed."""
    moments = random.Random(0)
    expected: dict[int, str] = {}
    unsure: tuple[int, str] | None = None  # may have been written, and was not confirmed
    n_confirmed = 0
    for _ in range(rounds):
        with annotating(folder, "clips.csv", labels=["arousal=1..9"]) as server:
            rater = Rater(server, "anna")
            held = {place: values["arousal"] for place, values in rater.values.items()}
            assert {**expected, **dict([unsure] if unsure else [])} == held or expected == held
            confirmed, number = confirmed_until_killed(rater, moments.uniform(0.0, 0.4))
        expected = {**held, **confirmed}
        unsure = (number % 12, str(1 + number % 9))
        n_confirmed += number
    entries = read_journal(folder / "clips-annotations.jsonl").n_entries
    assert n_confirmed <= entries <= n_confirmed + rounds
    assert n_confirmed > rounds


def test_every_confirmed_click_survives_kill_9_at_20_moments(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text((folder / "clips.csv").read_text())
    survives_kills(tmp_path, 20)


@pytest.mark.slow
def test_every_confirmed_click_survives_kill_9_at_100_moments(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text((folder / "clips.csv").read_text())
    survives_kills(tmp_path, 100)


def test_values_of_former_classes_do_not_stop_a_scale(clips: list[Path], tmp_path: Path) -> None:
    """A label that had classes is a scale at the next start: the classes are not exported."""
    manifest = write_clips(tmp_path, clips)
    with annotating(tmp_path, manifest, labels=["mood=low,high"]) as server:
        Rater(server, "ada").click(0, "mood", "low")
    with annotating(tmp_path, manifest, labels=["mood=1..5"]) as server:
        ada = Rater(server, "ada")
        ada.click(1, "mood", "4")
        assert "has 1 value without a number, of labels that are a scale now" in server.printed
        for form in ("manifest", "long"):
            answer = ada.ask("GET", "/v1/queue/export", form=form)
            assert answer.status_code == 200, answer.text
            assert "low" not in answer.text
        assert server.stop() == 0
    assert pd.read_csv(tmp_path / "clips-annotations.csv")["mood"].dropna().tolist() == [4.0]


def test_names_with_the_joiners_of_bangla_are_accepted(server: RunningServer) -> None:
    name = "\u09b0\u09cd\u200d\u09af\u09be"
    assert Rater(server, name).click(0, "emotion", "sad").status_code == 200
