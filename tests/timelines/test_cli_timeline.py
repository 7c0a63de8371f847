"""``featser predict --timeline`` on synthetic recordings with known borders, as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import featser
from featser.errors import InputError
from tests.flow import PYTHON, featser_here, heed_ctrl_c
from tests.timelines.recordings import RATE, pause, voiced, write

BORDER_S = 10.0


@pytest.fixture(scope="module")
def talk(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 s of an angry voice, then 10 s of a sad one, a pause, and 5 s of the angry one."""
    return write(
        tmp_path_factory.mktemp("talk") / "talk.wav",
        voiced(voices, "f1", "angry", BORDER_S),
        voiced(voices, "m2", "sad", 10),
        pause(4),
        voiced(voices, "f1", "angry", 5),
    )


@pytest.fixture(scope="module")
def model(fitted: Path) -> Path:
    return fitted / "model.featser"


def test_borders_and_pauses_are_where_they_were_put(
    model: Path, talk: Path, tmp_path: Path
) -> None:
    shown = featser_here(
        "predict", model, talk, "--timeline", "--smooth", "hmm", "-o", "t.csv", "-j", "1",
        cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "timeline: t.csv" in shown.stdout
    assert "the class changes from a frame to the next with probability" in shown.stderr
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["start"].tolist() == [0.5 * number for number in range(58)]
    assert table["end"].iloc[-1] == 29.0
    middle = (table["start"] + table["end"]) / 2
    inside = (middle > 20.5) & (middle < 23.5)
    assert not table["speech"][inside].any()
    assert table["emotion.pred"][inside].isna().all()
    assert table["speech"][~((middle > 19.5) & (middle < 24.5))].all()
    labels = table["emotion.pred"]
    assert (labels[middle < BORDER_S - 1] == "angry").mean() > 0.9
    assert (labels[(middle > BORDER_S + 1) & (middle < 20)] == "sad").mean() > 0.9
    changes = table["start"].to_numpy()[1:][(labels != labels.shift()).to_numpy()[1:]]
    assert np.abs(changes - BORDER_S).min() <= 1.0
    assert table.filter(like="emotion.p[").sum(axis=1)[table["speech"]].round(4).eq(1).all()


def test_workers_give_the_table_of_one_process(model: Path, talk: Path) -> None:
    one = featser.timeline(model, [talk], n_jobs=1)
    pd.testing.assert_frame_equal(one, featser.timeline(model, [talk], n_jobs=2))


def test_a_frame_has_the_mean_of_the_windows_that_cover_it(model: Path, talk: Path) -> None:
    frames = featser.timeline(model, [talk], n_jobs=1)
    windows = featser.timeline(model, [talk], window=2, hop=2, n_jobs=1)
    name = "emotion.p[angry]"
    assert len(windows) == 15
    # Window 1.5–3.5 s and its neighbours: each frame inside has four windows.
    expected = []
    for start in (0.5, 1.0, 1.5, 2.0):
        samples, _ = soundfile.read(talk, start=round(start * RATE), frames=2 * RATE)
        part = write(talk.parent / "part.wav", samples)
        expected.append(featser.predict(model, [part])[name][0])
    row = frames[frames["start"] == 2.0]
    assert row[name].iloc[0] == pytest.approx(np.mean(expected), abs=0.02)


def test_several_recordings_have_files_of_their_own(
    model: Path, talk: Path, voices: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    write(tmp_path / "new" / "a.wav", voiced(voices, "f2", "happy", 5))
    write(tmp_path / "new" / "b.wav", voiced(voices, "m1", "sad", 5))
    shown = featser_here(
        "predict", model, "new", "--timeline", "-o", "t.eaf", "-o", "t.json", "-o", "t.rttm",
        "-o", "t.svg", "-j", "1", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    written = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert written == {"t.a.eaf", "t.b.eaf", "t.json", "t.rttm", "t.a.svg", "t.b.svg"}
    rows = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert {Path(row["file"]).name for row in rows} == {"a.wav", "b.wav"}
    speakers = [line.split()[1] for line in (tmp_path / "t.rttm").read_text().splitlines()]
    assert set(speakers) == {"a", "b"}


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0), "holds no samples"),
        (np.full(800, 0.1), "too short: 50 ms"),
        (np.zeros(5 * RATE), "silent: every sample is about 0"),
    ],
)
def test_an_unusable_recording_has_its_reason_and_the_others_are_predicted(
    model: Path, talk: Path, tmp_path: Path, samples: np.ndarray, reason: str
) -> None:
    soundfile.write(tmp_path / "bad.wav", samples, RATE)
    shown = featser_here(
        "predict", model, "bad.wav", talk, "--timeline", "-o", "t.parquet", "-o", "t.TextGrid",
        "-j", "1", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 1
    assert f"bad.wav\tunusable: {reason}" in shown.stdout
    table = pd.read_parquet(tmp_path / "t.parquet")
    bad = table[table["file"] == "bad.wav"]
    assert len(bad) == 1
    assert bad["reason"].iloc[0].startswith(reason)
    assert not bad["speech"].any()
    assert table["speech"].sum() > 40
    assert (tmp_path / "t.talk.TextGrid").exists()


def test_a_recording_shorter_than_a_window_is_one_window(
    model: Path, voices: Path, tmp_path: Path
) -> None:
    short = write(tmp_path / "short.wav", voiced(voices, "f1", "angry", 0.8))
    table = featser.timeline(model, [short], n_jobs=1)
    assert table[["start", "end"]].to_numpy().tolist() == [[0, 0.5], [0.5, 0.8]]
    assert table["emotion.p[angry]"].nunique() == 1


def test_segments_of_an_annotation_are_predicted_as_by_predict(
    model: Path, talk: Path, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"start": [0.0, 10.0], "end": [9.0, 19.5], "tier": "turn", "label": "x"})
    featser.write_annotation(rows.assign(file=str(talk)), tmp_path / "turns.TextGrid")
    shown = featser_here(
        "predict", model, talk, "--timeline", "--segments", "turns.TextGrid", "-o", "t.csv",
        "-o", "t.png", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(tmp_path / "t.csv")
    assert table[["start", "end"]].to_numpy().tolist() == [[0, 9], [10, 19.5]]
    manifest = rows.assign(file=str(talk))[["file", "start", "end"]]
    manifest.to_csv(tmp_path / "m.csv", index=False)
    expected = featser.predict(model, [tmp_path / "m.csv"])
    assert table["emotion.pred"].tolist() == expected["emotion.pred"].tolist()
    np.testing.assert_allclose(table["emotion.p[sad]"], expected["emotion.p[sad]"], atol=1e-6)


def test_speech_is_segmented_on_request(model: Path, talk: Path, tmp_path: Path) -> None:
    write(tmp_path / "noise.wav", pause(3))
    shown = featser_here(
        "predict", model, talk, "noise.wav", "--timeline", "--segments", "auto", "-o", "t.csv",
        "-o", "{name}.eaf", "-j", "1", cwd=tmp_path,
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "t.csv")
    of_talk = table[table["file"] == str(talk)]
    assert of_talk["speech"].all()
    assert len(of_talk) >= 2
    assert not ((of_talk["start"] < 21.5) & (of_talk["end"] > 22.5)).any()  # the pause
    assert {path.name for path in tmp_path.iterdir()} >= {"talk.eaf"}
    assert shown.returncode == 1
    assert "noise.wav\tunusable: no speech was detected" in shown.stdout


def test_segments_of_several_tiers_need_the_name_of_one(
    model: Path, talk: Path, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"start": 0.0, "end": [5.0, 6.0], "tier": ["turn", "word"], "label": "x"})
    featser.write_annotation(rows.assign(file=str(talk)), tmp_path / "t.eaf")
    with pytest.raises(InputError, match=r"has 2 tiers \(turn, word\): name one, such as"):
        featser.timeline(model, [talk], segments=str(tmp_path / "t.eaf"))
    table = featser.timeline(model, [talk], segments=f"{tmp_path / 't.eaf'}#word")
    assert table["end"].tolist() == [6.0]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--hop", "0"), "--hop: 0.0: give seconds, more than 0"),
        (("--hop", "3"), "--hop: 3 s: give 0.01 s to the length of the window (2 s)"),
        (("--hop", "0.333"), "--hop: 0.333 s: give a multiple of 0.01 s"),
        (("--window", "0.05"), "--window: 0.05 s: give 0.1 to 60 seconds"),
        (("--smooth", "hmn"), "--smooth: unknown smoother 'hmn'"),
        (("--smooth", "hmm:2"), "--smooth: 'hmm:2': give a probability"),
        (("--smooth", "mean:x"), "--smooth: 'mean:x': give seconds"),
        (("-o", "t.doc"), "valid are .textgrid, .eaf"),
        (("--segments", "absent.eaf"), "absent.eaf"),
        (("--segments", "absent.eaf", "--smooth", "hmm"), "leave one of the two out"),
    ],
)
def test_options_that_are_not_valid_are_named(
    model: Path, talk: Path, options: tuple[str, ...], problem: str
) -> None:
    shown = featser_here("predict", model, talk, "--timeline", *options, cwd=talk.parent)
    assert shown.returncode == 2
    assert problem in shown.stderr


def test_options_of_timelines_need_timeline(model: Path, talk: Path) -> None:
    shown = featser_here("predict", model, talk, "--hop", "1")
    assert shown.returncode == 2
    assert "--hop is an option of --timeline: add --timeline" in shown.stderr


def test_a_manifest_with_segments_is_refused(model: Path, talk: Path, tmp_path: Path) -> None:
    pd.DataFrame({"file": [talk], "start": [0.0], "end": [5.0]}).to_csv(
        tmp_path / "m.csv", index=False
    )
    with pytest.raises(InputError, match="--segments MANIFEST"):
        featser.timeline(model, [tmp_path / "m.csv"], n_jobs=1)


@pytest.mark.slow
def test_ctrl_c_leaves_no_half_file(model: Path, voices: Path, tmp_path: Path) -> None:
    write(tmp_path / "long.wav", voiced(voices, "f1", "angry", 1200))
    process = subprocess.Popen(
        [*PYTHON, "predict", str(model), "long.wav", "--timeline", "--hop", "0.02", "-o", "t.csv",
         "-o", "t.eaf", "-j", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    )  # fmt: skip
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["long.wav"]


def test_a_missing_recording_is_named_before_the_model_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: object) -> None:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr("featser.api.timeline.load_bundle", load)
    shown = featser_here("predict", "m.featser", "missing.wav", "--timeline", cwd=tmp_path)
    assert shown.returncode == 2
    assert shown.stderr == "featser: FILES: missing.wav: no such file\n"
