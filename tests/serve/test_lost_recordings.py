"""A recording that crashes or hangs a worker costs its own row, not those of the request."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serve.running_server import RunningServer, started

pytestmark = [pytest.mark.extras, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
SERVER = """
import sys
from tests.serve import lost_recordings
from featser.serve.predicting import predict_routes
from featser.serve.server import serve
from featser.serve.settings import Limits, ServeSettings
predict_routes.run_job = lost_recordings.run_job
serve([{model!r}], ServeSettings(port=0, limits=Limits(timeout_s=4)))
"""


@pytest.fixture(scope="module")
def fragile(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose workers crash at ``crash*.wav``, and hang at ``hang*.wav``."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})" + SERVER.format(model=str(fitted))
    with started([sys.executable, "-c", code], tmp_path_factory.mktemp("fragile")) as server:
        yield server


def post(
    server: RunningServer, path: str, clips: list[Path], names: list[str]
) -> requests.Response:
    form = [("file", (name, clip.read_bytes())) for name, clip in zip(names, clips, strict=False)]
    return requests.post(server.address + path, files=form, timeout=120)


def test_others_of_the_request_have_the_answers_that_they_have_alone(
    fragile: RunningServer, clips: list[Path]
) -> None:
    names = ["a.wav", "crash.wav", "b.wav", "hang.wav"]
    rows = post(fragile, "/v1/predict", clips, names).json()["predictions"]
    assert [row["file"] for row in rows] == names
    assert rows[1]["error"].startswith("decoding or predicting crashed")
    assert rows[3]["error"].startswith("given up: decoding or predicting took more than 4 s")
    assert rows[1]["emotion.pred"] is None
    alone = post(fragile, "/v1/predict", [clips[0], clips[2]], ["a.wav", "b.wav"]).json()
    assert [rows[0], rows[2]] == alone["predictions"]


def test_table_and_timeline_name_the_lost_recording(
    fragile: RunningServer, clips: list[Path]
) -> None:
    names = ["crash.wav", "a.wav"]
    shown = post(fragile, "/v1/predict?format=csv", clips, names)
    rows = list(csv.DictReader(io.StringIO(shown.text)))
    assert [row["file"] for row in rows] == names
    assert [bool(row["error"]) for row in rows] == [True, False]
    frames = post(fragile, "/v1/timeline", clips, names).json()["frames"]
    assert "crashed" in frames[0]["reason"]
    assert {frame["file"] for frame in frames[1:]} == {"a.wav"}


def test_request_of_lost_recordings_alone_is_refused(
    fragile: RunningServer, clips: list[Path]
) -> None:
    """Many of them cost no more workers than a few."""
    for names in (["crash.wav"], [f"crash{number}.wav" for number in range(6)]):
        answer = post(fragile, "/v1/predict", clips, names)
        assert answer.status_code == 422
        assert answer.json()["error"]["kind"] == "WorkerError"
    assert fragile.leftovers() == []
