"""The API answers what the command line and Python answer, bit for bit."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
import soundfile

import featser as package
from featser.serve.client import Client
from tests.flow import featser
from tests.serve.running_server import RunningServer

pytestmark = pytest.mark.extras

CURL = "application/x-www-form-urlencoded"
"""What `curl --data-binary` declares of every file."""


def as_records(table: pd.DataFrame) -> list[dict[str, object]]:
    """A table as JSON holds it: null for what is missing."""
    objects = table.astype(object)
    records: list[dict[str, object]] = objects.where(table.notna(), None).to_dict("records")
    return records


def post(server: RunningServer, path: str, file: Path, **options: object) -> requests.Response:
    with file.open("rb") as stream:
        return requests.post(
            server.address + path, data=stream, params={"name": file.name, **options}, timeout=60
        )


def test_prediction_is_that_of_python_bit_for_bit(
    server: RunningServer, fitted: Path, clips: list[Path]
) -> None:
    model = fitted / "model.featser"
    for file in clips[:3]:
        answer = post(server, "/v1/predict", file).json()
        expected = package.predict(model, [file])
        expected["file"] = file.name
        assert answer["model"] == "demo"
        assert answer["predictions"] == as_records(expected)
        assert answer["notes"] == expected.attrs["notes"]


def test_csv_is_the_file_of_the_command_line(
    server: RunningServer, fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    """A request with several recordings is one command with several."""
    files = clips[5:8]
    form = [("file", (file.name, file.read_bytes())) for file in files]
    shown = requests.post(f"{server.address}/v1/predict?format=csv", files=form, timeout=60)
    featser("predict", fitted / "model.featser", *files, "-o", "table.csv", cwd=tmp_path)
    expected = (tmp_path / "table.csv").read_text()
    for file in files:
        expected = expected.replace(str(file), file.name)
    assert shown.text == expected
    assert shown.headers["Content-Disposition"] == 'attachment; filename="featser-predict.csv"'


def test_timeline_is_that_of_python_bit_for_bit(
    server: RunningServer, fitted: Path, clips: list[Path]
) -> None:
    expected = package.timeline(fitted / "model.featser", [clips[0]], window=1, smooth="hmm")
    expected["file"] = clips[0].name
    answer = post(server, "/v1/timeline", clips[0], window=1, smooth="hmm").json()
    assert answer["frames"] == as_records(expected)
    grid = post(server, "/v1/timeline", clips[0], format="TextGrid").text
    assert grid.startswith('File type = "ooTextFile"')


def test_timeline_of_segments_is_that_of_python_bit_for_bit(
    server: RunningServer, fitted: Path, clips: list[Path], tmp_path: Path
) -> None:
    """Two recordings with speech, a silent one, and one that cannot be read, in one request."""
    silence, broken = tmp_path / "silence.wav", tmp_path / "broken.wav"
    soundfile.write(silence, np.zeros(16_000), 16_000)
    broken.write_bytes(b"RIFF")
    files = [clips[0], silence, broken, clips[5]]
    answer = Client(server.address).timeline(files, segments="auto")
    expected = package.timeline(fitted / "model.featser", files, segments="auto", n_jobs=1)
    frames = pd.DataFrame(answer["frames"])
    expected["file"] = [Path(file).name for file in expected["file"]]
    assert as_records(frames) == as_records(expected)
    assert set(frames["file"]) == {file.name for file in files}
    assert answer["notes"] == expected.attrs["notes"]


def test_sets_over_time_are_those_of_python_and_need_their_calibration(
    server: RunningServer, fitted: Path, clips: list[Path]
) -> None:
    """The calibration on whole recordings is that of segments, and not of windows."""
    answer = post(server, "/v1/timeline", clips[0], segments="auto", coverage=0.7).json()
    expected = package.timeline(
        fitted / "model.featser", [clips[0]], segments="auto", coverage=0.7, n_jobs=1
    )
    expected["file"] = clips[0].name
    assert answer["frames"] == as_records(expected)
    assert {"emotion.set", "emotion.abstains", "unlike"} <= set(answer["frames"][0])
    refused = post(server, "/v1/timeline", clips[0], coverage=0.7)
    assert refused.status_code in (400, 422)
    message = refused.json()["error"]["message"]
    assert "run `featser calibrate RUN` first" in message
    assert str(fitted) not in message


def test_segments_are_written_and_wrong_ones_refused(
    server: RunningServer, clips: list[Path]
) -> None:
    grid = post(server, "/v1/timeline", clips[0], segments="auto", format="TextGrid").text
    assert grid.startswith('File type = "ooTextFile"')
    for options, message in (
        ({"segments": "file.csv"}, "segments: unknown segments 'file.csv'; valid: auto"),
        ({"segments": "auto", "smooth": "hmm"}, "smooth: "),
    ):
        refused = post(server, "/v1/timeline", clips[0], **options)
        assert refused.status_code == 400
        assert refused.json()["error"]["message"].startswith(message)


def test_features_are_those_of_python_bit_for_bit(server: RunningServer, clips: list[Path]) -> None:
    answer = post(server, "/v1/features", clips[1], features="rms:basic").json()
    expected = package.extract_features([clips[1]], "rms:basic").reset_index(drop=True)
    expected.insert(0, "file", clips[1].name)
    assert answer["features"] == as_records(expected)


@pytest.mark.parametrize(
    "data", [b"RIFF\x00\x00\x00\x00WAVE", b'{"a": 1}', b"<html>no recording</html>"]
)
def test_unusable_recording_has_the_reason_that_the_command_line_gives(
    server: RunningServer, fitted: Path, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "broken.wav"
    file.write_bytes(data)
    [row] = post(server, "/v1/predict", file).json()["predictions"]
    expected = package.predict(fitted / "model.featser", [file])
    assert row["error"] == expected["error"].iloc[0] != ""


@pytest.mark.parametrize(
    "kind", ["application/json", "text/html; charset=utf-8", "image/svg+xml", "application/ld+json"]
)
def test_type_that_is_no_recording_is_refused_with_how_to_send_one(
    server: RunningServer, clips: list[Path], kind: str
) -> None:
    answer = requests.post(
        f"{server.address}/v1/predict", clips[0].read_bytes(), headers={"Content-Type": kind},
        timeout=60,
    )  # fmt: skip
    assert answer.status_code == 415
    assert answer.json()["error"]["message"] == (
        f"Content-Type: {kind.partition(';')[0]} is no recording: send the bytes of the file as "
        f"application/octet-stream, or the file in a form (multipart/form-data)"
    )


@pytest.mark.parametrize(
    "kind",
    ["application/octet-stream", "audio/flac", "video/mp4", "application/ogg", "", CURL, "no type"],
)
def test_other_types_are_decoded_whatever_they_say(
    server: RunningServer, clips: list[Path], kind: str
) -> None:
    answer = requests.post(
        f"{server.address}/v1/predict", clips[0].read_bytes(), headers={"Content-Type": kind},
        timeout=60,
    )  # fmt: skip
    assert answer.json()["predictions"][0]["error"] == ""


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("model=none", "model: unknown model 'none'; valid: demo"),
        ("coverage=2", "coverage: '2': give a number, more than 0 and at most 0.9999"),
        ("format=xml", "format: unknown format 'xml'; valid: json, csv"),
        ("trim=perhaps", "trim: 'perhaps': write true or false"),
        (
            "colour=red",
            "unknown parameter 'colour'; valid: model, channel, trim, coverage, why, format",
        ),
        ("channel=middle", "channel 'middle': write mix, left, right"),
    ],
)
def test_wrong_parameter_is_refused_with_the_valid_ones(
    server: RunningServer, clips: list[Path], query: str, message: str
) -> None:
    answer = requests.post(
        f"{server.address}/v1/predict?{query}", data=clips[0].read_bytes(), timeout=60
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)


def test_view_describes_the_sound(server: RunningServer, clips: list[Path]) -> None:
    view = post(server, "/v1/view", clips[0]).json()
    seconds = package.read_audio(clips[0]).seconds
    assert view["seconds"] == pytest.approx(seconds)
    columns = view["spectrogram"]["columns"]
    assert len(view["waveform"][0]) == len(view["pitch_hz"]) == len(view["loudness"]) == columns
    voiced = [value for value in view["pitch_hz"] if value is not None]
    assert 60 < min(voiced) < max(voiced) < 600


def test_models_are_described(server: RunningServer) -> None:
    answer = requests.get(f"{server.address}/v1/models", timeout=30).json()
    assert answer["default"] == "demo"
    [model] = answer["models"]
    assert [task["name"] for task in model["tasks"]] == ["emotion", "gender", "intensity"]
    assert requests.get(f"{server.address}/v1/model", timeout=30).json() == model


def test_openapi_names_every_endpoint_and_parameter(server: RunningServer) -> None:
    described = requests.get(f"{server.address}/openapi.json", timeout=30).json()
    assert set(described["paths"]) == {
        "/v1/predict", "/v1/timeline", "/v1/features", "/v1/view", "/v1/model", "/v1/models",
        "/v1/queue", "/v1/queue/recording", "/v1/queue/click", "/v1/queue/undo", "/v1/queue/rank",
        "/v1/queue/progress", "/v1/queue/agreement", "/v1/queue/map", "/v1/queue/export",
        "/healthz", "/metrics", "/openapi.json",
    }  # fmt: skip
    parameters = described["paths"]["/v1/predict"]["post"]["parameters"]
    assert [one["name"] for one in parameters] == [
        "model", "channel", "trim", "coverage", "why", "format", "name",
    ]  # fmt: skip
    assert "429" in described["paths"]["/v1/predict"]["post"]["responses"]


def test_metrics_count_requests(server: RunningServer) -> None:
    def count() -> int:
        text = requests.get(f"{server.address}/metrics", timeout=30).text
        rows = [line for line in text.splitlines() if not line.startswith("#")]
        counts = dict(line.rsplit(" ", 1) for line in rows)
        return int(counts.get('featser_requests_total{path="/healthz",status="200"}', 0))

    before = count()
    requests.get(f"{server.address}/healthz", timeout=30)
    assert count() == before + 1


def test_client_predicts_in_three_lines(server: RunningServer, clips: list[Path]) -> None:
    from featser.serve.client import ServerError

    client = Client(server.address)
    answer = client.predict(clips[:2], trim=True)
    assert [row["file"] for row in answer["predictions"]] == [file.name for file in clips[:2]]
    assert client.timeline(clips[0])["frames"]
    assert client.models()[0]["name"] == "demo"
    with pytest.raises(ServerError, match="unknown model 'other'"):
        client.predict(clips[0], model="other")


def test_csv_escapes_names_that_a_spreadsheet_would_run(
    server: RunningServer, clips: list[Path]
) -> None:
    form = {"file": ("=cmd|'x'!A0.flac", clips[0].read_bytes())}
    shown = requests.post(f"{server.address}/v1/predict?format=csv", files=form, timeout=60)
    [row] = csv.DictReader(io.StringIO(shown.text))
    assert row["file"].startswith("'=cmd")
    raw = requests.post(f"{server.address}/v1/predict", files=form, timeout=60)
    assert json.loads(raw.text)["predictions"][0]["file"] == "=cmd|'x'!A0.flac"


def test_reasons_are_those_of_python(
    server: RunningServer, fitted: Path, clips: list[Path]
) -> None:
    from featser.api.finished.explain_predictions import explain_predictions
    from featser.explanation.prediction_explanation_table import explanation_sentences

    answer = post(server, "/v1/predict", clips[2], why="true").json()
    expected = explain_predictions(fitted / "model.featser", [clips[2]])
    expected["file"] = clips[2].name
    assert answer["predictions"] == as_records(expected)
    assert answer["explanations"] == [explanation_sentences(expected.iloc[0].to_dict())]
    assert any(name.startswith("emotion.why[") for name in answer["predictions"][0])


def test_worker_that_is_killed_costs_its_request_alone(
    server: RunningServer, clips: list[Path]
) -> None:
    """The next request is answered by a new worker."""
    import os
    import signal

    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    if not children.exists():
        pytest.skip("the system does not list the children of a process")
    workers = {
        int(child)
        for task in Path(f"/proc/{server.process.pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    }
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    [row] = post(server, "/v1/predict", clips[0]).json()["predictions"]
    assert row["error"] == ""
