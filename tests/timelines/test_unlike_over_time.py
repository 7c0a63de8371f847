"""``--timeline`` says where a recording is unlike the training recordings, and when to abstain."""

from __future__ import annotations

import json
import shlex
import shutil
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featser
from featser.errors import BundleError, RunError, TaskError
from featser.experiment.runs.run_state import RunState, checksums
from featser.models.abstention.window_calibration import with_calibration
from featser.models.bundle import MEMBERS, load_bundle, save_bundle
from featser.tasks import Task
from featser.timelines.marks.window_abstention import WindowAbstention
from featser.timelines.window_plan import WindowPlan
from tests.flow import featser_here
from tests.timelines.recordings import RATE, voiced, write

NOISE_S = (8.0, 14.0)


@pytest.fixture(scope="module")
def calibrated(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run after ``featser calibrate``."""
    run = tmp_path_factory.mktemp("calibrated") / "run"
    shutil.copytree(fitted, run)
    shown = featser_here("calibrate", run, "--store", fitted.parent / "featser-store", "-j", "1")
    assert shown.returncode == 0, shown.stderr
    assert "is calibrated for windows of 2 s each 0.5 s" in shown.stdout
    assert "too few speakers is in every set; it needs 4 at coverage 0.8, 9 at" in shown.stdout
    return run


@pytest.fixture(scope="module")
def talk(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 s of a voice, 6 s of white noise as loud, 6 s of a voice."""
    before, after = voiced(voices, "f1", "angry", 8), voiced(voices, "m2", "sad", 6)
    noise = np.random.default_rng(0).normal(0, before.std(), 6 * RATE)
    return write(tmp_path_factory.mktemp("talk") / "talk.wav", before, noise, after)


@pytest.fixture(scope="module")
def clipped(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s of a voice, and 6 s that are clipped."""
    voice = voiced(voices, "f1", "angry", 12)
    voice[6 * RATE :] = np.clip(60 * voice[6 * RATE :], -1, 1)
    return write(tmp_path_factory.mktemp("clipped") / "clipped.wav", voice)


def inside(table: pd.DataFrame, first: float, last: float) -> pd.Series:
    """Which frames lie in an interval, 1 s from its ends."""
    return (table["start"] >= first + 1) & (table["end"] <= last - 1)


def test_noise_is_marked_where_it_was_put(calibrated: Path, talk: Path, tmp_path: Path) -> None:
    shown = featser_here(
        "predict", calibrated, talk, "--timeline", "-o", "t.csv", "-o", "t.json",
        "-o", "t.TextGrid", "-o", "t.eaf", "-o", "t.svg", "-j", "1", cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "with speech are unlike the training recordings: " in shown.stdout
    table = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    marked = table["unlike"] != ""
    assert marked[inside(table, *NOISE_S)].all()
    assert marked[inside(table, 0, NOISE_S[0]) | inside(table, NOISE_S[1], 20)].mean() <= 0.2
    reasons = table["unlike"][inside(table, *NOISE_S)]
    assert reasons.str.contains(r"feature distance \d+\.\d; training up to \d").all()
    rows = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert [row["unlike"] or "" for row in rows] == table["unlike"].tolist()
    grid = (tmp_path / "t.TextGrid").read_text(encoding="utf-8")
    assert 'name = "unlike"' in grid
    assert 'text = "feature distance"' in grid or "; feature distance" in grid
    assert 'TIER_ID="unlike"' in (tmp_path / "t.eaf").read_text(encoding="utf-8")
    picture = (tmp_path / "t.svg").read_text(encoding="utf-8")
    assert "unlike" in picture
    assert "<pattern" in picture


def test_several_workers_give_the_same_marks_and_sets(calibrated: Path, talk: Path) -> None:
    one, two = (featser.timeline(calibrated, [talk], coverage=0.7, n_jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_a_tier_of_marks_is_written_only_where_a_format_has_tiers(
    calibrated: Path, talk: Path, tmp_path: Path
) -> None:
    outputs = [tmp_path / name for name in ("t.rttm", "t.segments.csv")]
    table = featser.timeline(calibrated, [talk], output=outputs, n_jobs=1)
    assert any("t.rttm" in note and "'unlike'" in note for note in table.attrs["notes"])
    assert "feature" not in outputs[0].read_text(encoding="utf-8")
    tiers = pd.read_csv(outputs[1])["tier"]
    assert "unlike" in set(tiers)


def test_without_calibration_the_sound_is_compared_and_the_features_are_not(
    fitted: Path, clipped: Path, talk: Path
) -> None:
    shown = featser_here("predict", fitted, clipped, "--timeline", "-j", "1")
    assert "the features of windows are not compared" in shown.stderr
    assert f"run `featser calibrate {shlex.quote(str(fitted))}`" in shown.stderr
    copied = shutil.copy(fitted / "model.featser", clipped.with_name("copied.featser"))
    shown = featser_here("predict", copied, clipped, "--timeline", "-j", "1")
    assert "run `featser calibrate RUN`" in shown.stderr, "where the run is not known"
    table = featser.timeline(fitted, [clipped], n_jobs=1)
    reasons = table["unlike"][inside(table, 6, 12)]
    assert reasons.str.contains(r"clipping \d+\.\d %; training ").all()
    assert not table["unlike"][inside(table, 0, 6)].str.contains("clipping").any()
    others = featser.timeline(fitted, [talk], n_jobs=1)["unlike"].dropna()
    assert not others.str.contains("feature distance|length|silence|noise").any()


def test_frames_without_speech_have_no_mark(calibrated: Path, talk: Path, tmp_path: Path) -> None:
    import soundfile

    samples, _ = soundfile.read(talk)
    samples[16 * RATE :] = 0
    table = featser.timeline(calibrated, [write(tmp_path / "a.wav", samples)], n_jobs=1)
    assert table["unlike"][~table["speech"]].isna().all()
    assert table["unlike"][table["speech"]].notna().all()


def test_windows_of_an_unusual_length_have_one_note(fitted: Path, talk: Path) -> None:
    table = featser.timeline(fitted, [talk], window=15, hop=5, n_jobs=1)
    notes = [note for note in table.attrs["notes"] if "windows of 15 s are unlike" in note]
    assert len(notes) == 1
    assert not table["unlike"].str.contains("length").any()


def test_an_older_bundle_has_no_marks_and_says_so(fitted: Path, talk: Path, tmp_path: Path) -> None:
    bundle = load_bundle(fitted / "model.featser")
    bundle.domain = None
    older = save_bundle(tmp_path / "older.featser", bundle)
    table = featser.timeline(older, [talk], n_jobs=1)
    assert "unlike" not in table
    assert any("does not say what its training recordings" in n for n in table.attrs["notes"])


def test_sets_are_of_frames_whatever_the_smoother(calibrated: Path, talk: Path) -> None:
    plain = featser.timeline(calibrated, [talk], coverage=0.7, n_jobs=1)
    smooth = featser.timeline(calibrated, [talk], coverage=0.7, smooth="hmm", n_jobs=1)
    assert plain["emotion.set"].tolist() == smooth["emotion.set"].tolist()
    n_classes = plain["emotion.set"].map(lambda one: len(one.split(" | ")) if one else 0)
    assert (plain["emotion.abstains"] == (n_classes != 1)).all()
    assert 0 < (n_classes > 1).mean() < 1
    assert list(plain)[-1] == "reason"
    assert {"gender.set", "gender.abstains"} <= set(plain)
    without = featser.timeline(calibrated, [talk], n_jobs=1)
    assert not [name for name in without if name.endswith((".set", ".abstains"))]


def test_sets_of_more_coverage_have_more_classes(calibrated: Path, talk: Path) -> None:
    """With four speakers no set above 0.8 leaves a class out, and a note says so."""
    sizes = []
    for coverage in (0.5, 0.7, 0.9):
        table = featser.timeline(calibrated, [talk], coverage=coverage, n_jobs=1)
        sizes.append(table["emotion.set"].map(lambda one: len(one.split(" | "))).mean())
    assert sizes[0] <= sizes[1] < sizes[2]
    assert any("coverage 0.9 needs 9 speakers" in note for note in table.attrs["notes"])


@pytest.mark.parametrize("options", [(), ("--window", "3"), ("--hop", "1")])
def test_sets_without_their_calibration_are_refused(
    fitted: Path, calibrated: Path, talk: Path, options: tuple[str, ...]
) -> None:
    model = calibrated if options else fitted
    shown = featser_here("predict", model, talk, "--timeline", "--coverage", ".8", *options)
    assert shown.returncode != 0
    command = " ".join(["featser calibrate", shlex.quote(str(model)), *options])
    assert f"run `{command}` first, or leave --coverage out" in shown.stderr
    assert shown.stdout == ""


def test_a_model_that_cannot_be_calibrated_is_not_sent_to_calibrate(
    fitted: Path, talk: Path, tmp_path: Path
) -> None:
    bundle = load_bundle(fitted / "model.featser")
    bundle.training["open"] = {"corpora": ["demo"]}
    model = save_bundle(tmp_path / "open.featser", bundle)
    with pytest.raises(TaskError, match="leave --coverage out, or use a run of your own"):
        featser.timeline(model, [talk], coverage=0.8)


def test_segments_are_calibrated_and_compared_as_recordings(
    fitted: Path, talk: Path, tmp_path: Path
) -> None:
    turns = tmp_path / "turns.segments.csv"
    rows = {"start": [0.0, *NOISE_S[:1], 14.0], "end": [2.5, NOISE_S[1], 14.3], "label": "x"}
    pd.DataFrame(rows).to_csv(turns, index=False)
    table = featser.timeline(fitted, [talk], segments=turns, coverage=0.7, n_jobs=1)
    manifest = tmp_path / "turns.csv"
    pd.DataFrame({"file": str(talk), "start": rows["start"], "end": rows["end"]}).to_csv(
        manifest, index=False
    )
    once = featser.prediction_sets(fitted, featser.predict(fitted, [manifest]), coverage=0.7)
    assert table["emotion.set"].tolist() == once["emotion.set"].tolist()
    assert table["unlike"].tolist() == once["unlike"].tolist()
    assert "length 0.3 s" in table["unlike"].iloc[2]


def test_segments_of_a_model_without_calibration_have_no_sets(
    fitted: Path, talk: Path, tmp_path: Path
) -> None:
    bundle = load_bundle(fitted / "model.featser")
    bundle.model.calibrations_ = {}
    older = save_bundle(tmp_path / "older.featser", bundle)
    with pytest.raises(TaskError, match=r"older\.featser: the model has no calibration scores"):
        featser.timeline(older, [talk], segments="auto", coverage=0.8)


def test_calibrations_for_several_windows_are_kept(
    fitted: Path, calibrated: Path, talk: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(calibrated, run)
    before = load_bundle(run / "model.featser")
    store = fitted.parent / "featser-store"
    state = RunState(run, fit={"files": checksums(run, ["model.featser", "run.json"])})
    state.write()  # as `featser run` leaves it
    result = featser.calibrate(run, window=1.0, store=store, n_jobs=1)
    assert result.windows.n_utterances == 64
    bundle = load_bundle(run / "model.featser")
    assert [one.window_s for one in bundle.windows] == [2.0, 1.0]
    assert bundle.windows[0].to_dict() == before.windows[0].to_dict()
    featser.timeline(run, [talk], window=1.0, coverage=0.7, n_jobs=1)
    again = featser.calibrate(run / "model.featser", window=1.0, store=store, n_jobs=2)
    repeated = load_bundle(run / "model.featser").windows
    assert [one.to_dict() for one in repeated] == [one.to_dict() for one in bundle.windows]
    assert again.windows.n_windows == result.windows.n_windows
    assert RunState.read(run).fit["files"] == checksums(run, ["model.featser", "run.json"])


@pytest.mark.parametrize(("name", "limit"), [("MOST_UTTERANCES", 8), ("MOST_SECONDS", 20.0)])
def test_a_large_run_is_calibrated_on_a_balanced_sample(
    name: str,
    limit: float,
    fitted: Path,
    calibrated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"featser.experiment.windows.speaker_windows.{name}", limit)
    shutil.copytree(calibrated, tmp_path / "run")
    store = fitted.parent / "featser-store"
    result = featser.calibrate(tmp_path / "run", store=store, n_jobs=1)
    assert 4 <= result.windows.n_utterances <= 16
    assert set(result.windows.calibration.calibrations["gender"].n_speakers.values()) == {2}


def test_each_speaker_counts_once_in_the_calibration(calibrated: Path) -> None:
    bundle = load_bundle(calibrated / "model.featser")
    calibration = bundle.windows[0].calibrations["emotion"]
    assert set(calibration.n_speakers.values()) == {4}
    assert bundle.windows[0].distance is not None


def test_damaged_calibrations_of_a_bundle_are_refused(calibrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.featser"
    for change in (
        {"window_s": -1.0},
        {"hop_s": 3.0},
        {"calibration": {"emotion": {"angry": [[7.0]]}}},
        {"calibration": {"nothing": {}}},
    ):
        shutil.copy(calibrated / "model.featser", path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        described = json.loads(members["model.json"])
        described["windows"][0] |= change
        members["model.json"] = json.dumps(described).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        with pytest.raises(BundleError, match=r"model\.featser: "):
            load_bundle(path)


def test_calibrations_that_make_a_model_unreadable_are_not_written(
    calibrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading refuses a larger ``model.json``: writing one would lose the model."""
    path = tmp_path / "model.featser"
    shutil.copy(calibrated / "model.featser", path)
    before = path.read_bytes()
    bundle = load_bundle(path)
    with zipfile.ZipFile(path) as archive:
        limit = archive.getinfo("model.json").file_size
    monkeypatch.setitem(MEMBERS, "model.json", limit)
    save_bundle(path, bundle)
    assert path.read_bytes() == before
    bundle.windows = with_calibration(bundle.windows, replace(bundle.windows[0], hop_s=0.1))
    with pytest.raises(
        BundleError, match=r"windows of 2 s each 0\.5 s, 2 s each 0\.1 s, its model"
    ):
        save_bundle(path, bundle)
    assert path.read_bytes() == before


def test_the_model_of_another_run_is_not_calibrated(fitted: Path, tmp_path: Path) -> None:
    """Its ``model.json`` would name tasks that it does not have."""
    shutil.copytree(fitted, tmp_path / "run")
    path = tmp_path / "run" / "model.featser"
    bundle = load_bundle(path)
    bundle.extractors = [{**bundle.extractors[0], "spec": "gemaps"}]
    save_bundle(path, bundle)
    before = path.read_bytes()
    with pytest.raises(RunError, match=r"model\.featser: it is not the model of this run"):
        featser.calibrate(path.parent, store=fitted.parent / "featser-store", n_jobs=1)
    assert path.read_bytes() == before


def test_a_model_without_classes_says_why_it_has_no_sets(
    calibrated: Path,
) -> None:
    """It is not sent to ``featser calibrate``, which cannot help."""
    bundle = load_bundle(calibrated / "model.featser")
    tasks = [Task("arousal", "regression")]
    abstention = partial(WindowAbstention.of, WindowPlan(2.0, 0.5), tasks, None, bundle.windows)
    assert abstention(None).coverage is None
    with pytest.raises(TaskError, match=r"predicts numbers \(arousal\).*leave --coverage out$"):
        abstention(0.8)


def test_a_folder_that_is_no_run_is_not_calibrated(tmp_path: Path) -> None:
    with pytest.raises((BundleError, RunError), match=r"no such file|no run"):
        featser.calibrate(tmp_path / "none")
