"""``featser predict`` says which recordings are unlike those that the model was fitted on."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.api.predict import predict
from featser.audio import read_audio
from featser.models.bundle import load_bundle, save_bundle
from tests.flow import featser_here
from tests.models.tampering import pack, unpack

KINDS = (
    "sine",
    "white noise",
    "pink noise",
    "music (synthetic chords)",
    "silence (noise at -80 dB)",
    "0.2 s of a recording",
)
REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture
def foreign(tmp_path: Path, voices: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A recording of each foreign kind, and 0.2 s of a voice."""
    monkeypatch.syspath_prepend(REPORTS)
    sounds = importlib.import_module("foreign_sounds")
    samples = read_audio(sorted(voices.glob("*.flac"))[0], rate=sounds.RATE).samples
    written = sounds.write_sounds(tmp_path / "foreign", [samples.astype(float)], 0)
    return {kind.split()[0]: files[0] for kind, files in written.items() if kind in KINDS}


def test_foreign_sounds_have_reasons_and_training_recordings_have_none(
    fitted: Path, voices: Path, foreign: dict[str, Path], tmp_path: Path
) -> None:
    ordinary = sorted(voices.glob("*.flac"))
    out = tmp_path / "predictions.json"
    shown = featser_here(
        "predict", fitted / "model.featser", *foreign.values(), *ordinary, "-o", out
    )
    assert shown.returncode == 0, shown.stderr
    table = pd.DataFrame(json.loads(out.read_text(encoding="utf-8")))
    assert (table["unlike"][: len(foreign)] != "").all(), table["unlike"][: len(foreign)]
    assert (table["unlike"][len(foreign) :] != "").mean() <= 0.05
    assert list(table)[-2:] == ["unlike", "error"]
    lines = dict(line.split("\t", 1) for line in shown.stdout.splitlines() if "\t" in line)
    assert "unlike training: " in lines[str(foreign["sine"])]
    assert "length 0.2 s; training " in lines[str(foreign["0.2"])]
    assert "level " in lines[str(foreign["silence"])]
    assert "unlike training" not in lines[str(ordinary[0])]


def test_several_workers_give_the_same_reasons(fitted: Path, foreign: dict[str, Path]) -> None:
    files = list(foreign.values())
    one, two = (predict(fitted / "model.featser", files, n_jobs=jobs) for jobs in (1, 2))
    assert one["unlike"].tolist() == two["unlike"].tolist()


def test_an_unusable_recording_has_no_reasons(
    fitted: Path, foreign: dict[str, Path], tmp_path: Path
) -> None:
    zeros = tmp_path / "zeros.wav"
    soundfile.write(zeros, np.zeros(16_000), 16_000)
    table = predict(fitted / "model.featser", [foreign["sine"], zeros])
    assert table["unlike"].iloc[0]
    assert pd.isna(table["unlike"].iloc[1])
    assert "silent" in table["error"].iloc[1]


@pytest.mark.parametrize("options", [(), ("--coverage", "0.8")])
def test_a_longer_recording_has_the_hint_of_a_timeline(
    fitted: Path, voices: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    samples = read_audio(sorted(voices.glob("*.flac"))[0], rate=16_000).samples
    soundfile.write(tmp_path / "long.wav", np.tile(samples, 20), 16_000)
    files = (tmp_path / "long.wav", sorted(voices.glob("*"))[0])
    shown = featser_here("predict", fitted, *files, *options)
    assert "1 recording longer than those of the training set: --timeline" in shown.stderr


@pytest.mark.parametrize("limit", ["1e999", "NaN"])
def test_a_bundle_whose_distance_has_no_limit_is_refused(
    fitted: Path, foreign: dict[str, Path], tmp_path: Path, limit: str
) -> None:
    """With such a limit no recording would be unlike the training set."""
    members = unpack((fitted / "model.featser").read_bytes())
    description = json.loads(members["model.json"])
    description["domain"]["distance"]["limit"] = "LIMIT"
    members["model.json"] = json.dumps(description).replace('"LIMIT"', limit).encode()
    (tmp_path / "hostile.featser").write_bytes(pack(members))
    shown = featser_here("predict", tmp_path / "hostile.featser", foreign["sine"])
    assert shown.returncode == 1
    assert "model.json" in shown.stderr
    assert ("NaN" if limit == "NaN" else "domain.distance.limit: ") in shown.stderr


def test_a_bundle_without_ranges_says_so(
    fitted: Path, foreign: dict[str, Path], tmp_path: Path
) -> None:
    """Such as one that an earlier version wrote."""
    bundle = load_bundle(fitted / "model.featser")
    bundle.domain = None
    older = save_bundle(tmp_path / "older.featser", bundle)
    shown = featser_here("predict", older, foreign["sine"])
    assert "does not say what its training recordings were like" in shown.stderr
    assert "unlike training" not in shown.stdout
    assert "unlike" not in predict(older, [foreign["sine"]])


def test_without_an_audit_the_features_are_compared_alone(
    extracted: Path, foreign: dict[str, Path]
) -> None:
    fit = featser_here(
        "fit", "--model", "lda", "-t", "emotion", "--no-audit", "-o", "alone", "--jobs", "1",
        cwd=extracted,
    )  # fmt: skip
    assert fit.returncode == 0, fit.stderr
    shown = featser_here("predict", extracted / "alone" / "model.featser", foreign["sine"])
    assert "marked by their features alone" in shown.stderr
    assert "unlike training: feature distance " in shown.stdout


def test_damaged_ranges_of_a_bundle_are_refused(fitted: Path, tmp_path: Path) -> None:
    bundle = load_bundle(fitted / "model.featser")
    assert bundle.domain is not None
    assert bundle.domain.ranges is not None
    ranges = {**bundle.domain.ranges.ranges, "level": (5.0, -5.0)}
    object.__setattr__(bundle.domain.ranges, "ranges", ranges)
    path = save_bundle(tmp_path / "model.featser", bundle)
    shown = featser_here("predict", path, path)
    assert shown.returncode == 1
    assert "the training range of 'level' is [5.0, -5.0]" in shown.stderr


@pytest.mark.slow
def test_another_language_is_marked_more_often_than_new_speakers(
    corpora: Path, tmp_path: Path
) -> None:
    """Fitted on eight German speakers: two others, and Bangla recordings."""
    emodb = sorted((corpora / "emodb").rglob("*.flac"))
    new = [file for file in emodb if file.stem[:2] in ("03", "14")]
    rows = [
        {"file": str(file), "speaker": file.stem[:2], "emotion": file.stem[5]}
        for file in emodb
        if file not in new
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "manifest.csv", index=False)
    for command in (
        ("extract", "manifest.csv", "-f", "mfcc", "--jobs", "2"),
        ("fit", "--model", "logistic", "-t", "emotion", "-o", "run", "--jobs", "2"),
    ):
        done = featser_here(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    bangla = sorted((corpora / "banglaser").rglob("*.flac"))[::12]
    table = predict(tmp_path / "run" / "model.featser", [*new, *bangla], n_jobs=2)
    is_marked = (table["unlike"] != "").to_numpy()
    assert is_marked[: len(new)].mean() < 0.15
    assert is_marked[len(new) :].mean() > 0.8
