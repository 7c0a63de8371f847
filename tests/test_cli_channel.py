"""One channel of several, from the manifest over the store and the model to the prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.api.predict import predict
from featser.experiment.audited import content_of
from featser.experiment.loading.source_rows import read_rows
from featser.experiment.resolved import experiment_of
from featser.experiment.schema import Experiment
from featser.extraction.extraction import identify
from tests.flow import featser_here

pytestmark = pytest.mark.slow

RATE = 16_000
CLASSES = ("high", "low")


def tone(hertz: float, seed: int) -> np.ndarray:
    t = np.arange(RATE) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.01, RATE)
    return 0.2 * np.sin(2 * np.pi * hertz * t) * (1 + np.sin(2 * np.pi * 3 * t)) + noise


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stereo recordings: the left channel carries the class, the right one is loud hum."""
    folder = tmp_path_factory.mktemp("channels")
    rows = []
    for number in range(24):
        label = CLASSES[number % 2]
        voice = tone(1500 if label == "high" else 200, number)
        hum = 0.5 * np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE)
        soundfile.write(folder / f"{number:02d}.wav", np.stack([voice, hum], axis=1), RATE)
        soundfile.write(folder / f"{number:02d}-mono.wav", voice, RATE)
        rows.append((f"{number:02d}.wav", f"s{number % 4}", label))
    table = pd.DataFrame(rows, columns=["file", "speaker", "emotion"])
    table.to_csv(folder / "m.csv", index=False)
    table.assign(channel="left").to_csv(folder / "left.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def model(work: Path) -> Path:
    """A model of left channels."""
    for arguments in (
        ("extract", "m.csv", "--channel", "left", "-f", "mfcc:basic", "-j", "1"),
        ("fit", "--model", "lda", "-o", "run", "-j", "1"),
    ):
        shown = featser_here(*arguments, cwd=work)
        assert shown.returncode == 0, shown.stderr
    return work / "run" / "model.featser"


def test_a_model_of_left_channels_predicts_from_left_channels(work: Path, model: Path) -> None:
    stereo = predict(model, [work / "00.wav", work / "01.wav"])
    mono = predict(model, [work / "00-mono.wav", work / "01-mono.wav"])
    assert stereo["emotion.pred"].tolist() == ["high", "low"]
    assert stereo.attrs["notes"] == []
    columns = [name for name in stereo if name.startswith("emotion")]
    pd.testing.assert_frame_equal(stereo[columns], mono[columns], check_exact=True)


def test_predict_says_that_channels_differ_unless_one_is_chosen(work: Path, model: Path) -> None:
    mixed = predict(model, [work / "00.wav"], channel="mix")
    (note,) = mixed.attrs["notes"]
    assert note.startswith(f"{work / '00.wav'}: its 2 channels differ (correlation ")
    assert predict(model, [work / "00.wav"], channel="left").attrs["notes"] == []
    samples, rate = soundfile.read(work / "00.wav")
    soundfile.write(work / "silence.wav", np.pad(samples, ((rate, 0), (0, 0))), rate)
    trimmed = predict(model, [work / "silence.wav"], channel="mix", trim=True)
    assert "its 2 channels differ" in trimmed.attrs["notes"][0]
    shown = featser_here("predict", model, work / "00.wav", "--channel", "mix", cwd=work)
    assert "its 2 channels differ" in shown.stdout + shown.stderr
    absent = featser_here("predict", model, work / "00.wav", "--channel", "3", cwd=work)
    assert absent.returncode == 1
    assert "there is no channel 3: the recording has 2" in absent.stdout + absent.stderr


def test_channels_of_one_recording_never_share_rows_of_the_store(work: Path, model: Path) -> None:
    del model
    store = ("--store", "featser-store", "-f", "mfcc:basic", "-j", "1")
    averaged = featser_here("extract", "m.csv", *store, cwd=work)
    assert "24 done, 0 reused" in averaged.stdout
    assert "its 2 channels differ" in averaged.stdout
    by_column = featser_here("extract", "left.csv", *store, cwd=work)
    assert "0 done, 24 reused" in by_column.stdout
    beside = featser_here("extract", "left.csv", "--channel", "right", *store, cwd=work)
    assert "0 done, 24 reused" in beside.stdout  # a row's own channel goes first


def test_a_fit_of_the_source_reads_the_channel_that_was_extracted(
    work: Path, model: Path, tmp_path: Path
) -> None:
    del model
    store = ("--store", tmp_path / "store", "-f", "mfcc:basic", "-j", "1")
    assert featser_here("extract", "m.csv", "--channel", "1", *store, cwd=work).returncode == 0
    out = tmp_path / "run"
    shown = featser_here("fit", "m.csv", *store, "--model", "lda", "-o", out, cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert predict(out / "model.featser", [work / "00.wav"]).attrs["notes"] == []
    assert '"channel": "1"' in (out / "run.json").read_text(encoding="utf-8")


def test_channel_of_a_recipe_named_mix_is_not_that_of_the_store(work: Path, tmp_path: Path) -> None:
    """`channel: mix` is a choice; a recipe that names no channel takes the store's last one."""
    store = tmp_path / "store"
    features = ("--store", store, "-f", "mfcc:basic", "-j", "1")
    assert featser_here("extract", "m.csv", "--channel", "1", *features, cwd=work).returncode == 0
    channels = {}
    for channel in (None, "mix", "right"):
        recipe = Experiment(corpora="manifest", channel=channel)
        source, _ = read_rows(recipe, store, None, {"manifest": work / "m.csv"})
        suffixes = {key.partition("#")[2] for key in source.table["key"]}
        channels[channel] = (suffixes, experiment_of(source).channel)
    assert channels == {None: ({"1"}, "1"), "mix": ({""}, "mix"), "right": ({"2"}, "2")}


def test_a_manifest_may_name_both_channels_of_a_recording(work: Path, tmp_path: Path) -> None:
    table = pd.DataFrame({"file": 2 * [str(work / "00.wav")], "channel": ["left", "right"]})
    utterances, keys, _ = identify(table)
    content = content_of(pd.Series(keys))[0]
    assert keys == [f"{content}#1", f"{content}#2"]
    assert [utterance.channel for utterance in utterances] == ["1", "2"]
    assert set(content_of(pd.Series(keys))) == {content}
    assert identify(table[["file"]])[1] == [content, content]
    table.to_csv(tmp_path / "both.csv", index=False)
    store = ("--store", tmp_path / "store", "-f", "mfcc:basic", "-j", "1")
    augment = ("--augment", "noise:snr=10")
    shown = featser_here("extract", tmp_path / "both.csv", *store, *augment, cwd=work)
    assert "2 done, 0 reused, 0 unusable" in shown.stdout
    copies = pd.read_parquet(tmp_path / "store" / "copies.parquet")
    assert copies["source"].tolist() == keys
    assert "augmented copies: 2 done" in shown.stdout


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        (["left", "tel"], "line 3: channel 'tel': write mix, left, right, loudest"),
        (["left", "1"], "line 3: '.*' is in line 2 already, with the same start, end and"),
    ],
)
def test_a_manifest_with_channels_that_are_not_right_says_which(
    work: Path, tmp_path: Path, channels: list[str], message: str
) -> None:
    table = pd.DataFrame({"file": 2 * [str(work / "00.wav")], "channel": channels})
    table.to_csv(tmp_path / "wrong.csv", index=False)
    shown = featser_here("extract", tmp_path / "wrong.csv", "-f", "zcr:basic", cwd=tmp_path)
    assert shown.returncode != 0
    assert pd.Series(shown.stderr.replace("\n", " ")).str.contains(message).all()
