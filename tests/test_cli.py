"""The command line as a user runs it: what it says, what it writes, how it exits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.corpora.demo import write_demo_corpus
from tests.flow import PYTHON, featser, heed_ctrl_c
from tests.test_audio import broken, tone, wav


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the demo corpus: 4 speakers, 2 takes of everything."""
    whole = write_demo_corpus(tmp_path_factory.mktemp("demo"))
    part = tmp_path_factory.mktemp("voices")
    for file in sorted(whole.glob("*.flac")):
        speaker, *_, take = file.stem.split("-")
        if speaker in ("f1", "f2", "m1", "m2") and int(take) <= 2:
            shutil.copy(file, part)
    assert len(list(part.iterdir())) == 64
    return part


@pytest.fixture(scope="module")
def extracted(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a newcomer has typed ``featser extract``."""
    folder = tmp_path_factory.mktemp("work")
    shown = featser("extract", voices, "--corpus", "demo", "-f", "handcrafted", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "64 done, 0 reused, 0 unusable" in shown.stdout
    return folder


@pytest.fixture(scope="module")
def fitted(extracted: Path) -> Path:
    """The same folder after a bare ``featser fit``, with a quick model."""
    shown = featser("fit", "--model", "logistic,lda", "-o", "run", "--jobs", "1", cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    assert "report: run/report.html" in shown.stdout
    return extracted / "run"


def test_help_teaches_every_verb() -> None:
    shown = featser("--help")
    assert shown.returncode == 0
    for verb in (
        "corpora",
        "scan",
        "features",
        "extract",
        "fit",
        "predict",
        "export",
        "store",
        "demo",
    ):
        assert verb in shown.stdout
        assert featser(verb, "--help").returncode == 0


def test_version_is_the_packages() -> None:
    from featser import __version__

    assert featser("--version").stdout.strip() == f"featser {__version__}"


def test_corpora_and_features_are_listed() -> None:
    cards, extractors = featser("corpora").stdout, featser("features").stdout
    for card in ("banglaser", "emodb", "iemocap", "crema-d", "subesco", "folders", "audformat"):
        assert card in cards
    for name in ("handcrafted", "mfcc", "egemaps", "compare", "bangla166"):
        assert name in extractors
    assert "166" in extractors
    assert "6373" in extractors


def test_a_card_is_shown_with_all_that_it_knows() -> None:
    shown = featser("corpora", "show", "msp-improv").stdout
    for part in (
        "example: MSP-IMPROV-S01A-F01-P-FM01",
        "is read as: speaker F01, gender female",
        "emotion: Evalution.txt or Evaluation.txt",
        "O (none)",
        "naturalness: regression",
        "utterances: 8438",
        "licence: restricted",
        "citation: C. Busso",
        "source: the MSP laboratory",
        "Some ratings are missing (NaN); they stay so.",
    ):
        assert part in shown, part
    shown = featser("corpora", "show", "crema-d").stdout
    assert "intensity: ordinal: low < medium < high" in shown
    assert "1076_MTI_SAD_XX: empty" in shown
    assert "never: intensity is a function" in featser("corpora", "show", "banglaser").stdout
    wrong = featser("corpora", "show", "crema")
    assert wrong.returncode == 2
    assert "did you mean 'crema-d'?" in wrong.stderr


@pytest.mark.parametrize("verb", ["corpora", "scan", "extract"])
def test_a_mistake_in_a_card_of_ones_own_is_one_line_with_its_place(
    verb: str, voices: Path, tmp_path: Path
) -> None:
    (tmp_path / "my.yaml").write_text("name: mine\ntitel: Mine\nlicence: CC0\n")
    arguments = {
        "corpora": ["corpora", "show", "my.yaml"],
        "scan": ["scan", "my.yaml", voices],
        "extract": ["extract", voices, "--corpus", "my.yaml"],
    }
    shown = featser(*arguments[verb], cwd=tmp_path)
    assert shown.returncode == 2
    assert "my.yaml, line 2: unknown field 'titel'; did you mean 'title'?" in shown.stderr
    assert "my.yaml, line 1: the field `citation` is missing: add it" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_card_of_ones_own_is_scanned_and_shown(voices: Path, tmp_path: Path) -> None:
    text = (
        "name: mine\ntitle: Mine\nlicence: CC0\ncitation: none\nsource: here\n"
        "grammar:\n  pattern: (?P<who>[fm][1-4])-(?P<what>[a-z]+)-(?P<rest>.+)\n"
        "  example: f1-sad-strong-1\n"
        'labels:\n  speaker: "{who}"\n  mood: "{what}"\n'
        "primary: mood\ntasks:\n  mood: {kind: classification}\n"
    )
    (tmp_path / "my.yaml").write_text(text)
    shown = featser("scan", "my.yaml", voices, cwd=tmp_path).stdout
    assert "64 utterances" in shown
    assert "tasks: mood (classification)" in shown
    shown = featser("corpora", "show", "my.yaml", cwd=tmp_path).stdout
    assert "is read as: speaker f1, mood sad" in shown


def test_scan_writes_a_manifest_and_counts(voices: Path, tmp_path: Path) -> None:
    shown = featser("scan", "demo", voices, "-o", tmp_path / "m.csv")
    assert shown.returncode == 0
    assert "64 utterances" in shown.stdout
    assert "320 files that the card expects, not found" in shown.stdout
    table = pd.read_csv(tmp_path / "m.csv")
    assert len(table) == 64
    assert {"file", "speaker", "emotion", "intensity", "gender"} <= set(table)


def test_a_second_extract_computes_nothing(extracted: Path, voices: Path) -> None:
    shown = featser("extract", voices, "--corpus", "demo", "-f", "handcrafted", cwd=extracted)
    assert "0 done, 64 reused, 0 unusable" in shown.stdout


def test_a_run_holds_metrics_predictions_folds_model_and_report(fitted: Path) -> None:
    metrics = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    figure = metrics["speaker-independent"]["emotion"]["uar"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert set(metrics["speaker-independent"]) == {"emotion", "intensity", "gender"}

    predictions = pd.read_parquet(fitted / "predictions.parquet")
    columns = [name for name in predictions if name.startswith("emotion.p[")]
    np.testing.assert_allclose(predictions[columns].sum(axis=1), 1, atol=1e-5)
    assert {"protocol", "file", "speaker", "fold", "emotion.true"} <= set(predictions)
    recall = (predictions["emotion.true"] == predictions["emotion.pred"]).groupby(
        predictions["emotion.true"]
    )
    assert recall.mean().mean() == pytest.approx(figure["value"])

    folds = pd.read_csv(fitted / "folds.csv")
    assert folds.groupby("speaker")["fold"].nunique().max() == 1
    report = (fitted / "report.html").read_text(encoding="utf-8")
    assert f"{figure['value']:.3f}" in report
    assert "featser fit --task emotion" in report


def test_the_same_command_gives_the_same_figures(fitted: Path, extracted: Path) -> None:
    again = featser("fit", "--model", "logistic,lda", "-o", "again", "--jobs", "2", cwd=extracted)
    assert again.returncode == 0
    first, second = fitted / "metrics.json", extracted / "again" / "metrics.json"
    assert first.read_bytes() == second.read_bytes()


def test_without_a_folder_a_run_gets_a_new_one_and_overwrites_nothing(extracted: Path) -> None:
    for number in (1, 2):
        shown = featser("fit", "--model", "lda", "-t", "emotion", "--jobs", "1", cwd=extracted)
        assert f"runs/demo-lda-{number}/report.html" in shown.stdout


def test_random_is_marked_optimistic_everywhere(extracted: Path) -> None:
    shown = featser(
        "fit", "--model", "lda", "-t", "emotion", "--protocol", "random",
        "--protocol", "speaker-independent", "-o", "both", "--jobs", "1", cwd=extracted,
    )  # fmt: skip
    assert "OPTIMISTIC" in shown.stdout
    metrics = json.loads((extracted / "both" / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"random", "speaker-independent"}
    report = (extracted / "both" / "report.html").read_text(encoding="utf-8").lower()
    assert "optimistic" in report


def test_transductive_normalisation_is_named(extracted: Path) -> None:
    shown = featser(
        "fit", "--model", "lda", "-t", "emotion", "--speaker-norm", "transductive",
        "-o", "norm", "--jobs", "1", cwd=extracted,
    )  # fmt: skip
    assert "speaker normalisation: transductive" in shown.stdout
    report = (extracted / "norm" / "report.html").read_text(encoding="utf-8")
    assert "transductive" in report

    files = sorted((extracted / "norm").glob("*.featser"))
    alone = featser("predict", files[0], next(iter_voices(extracted)))
    assert alone.returncode == 2
    assert "a speaker's recordings must be given together" in alone.stderr
    together = featser("predict", files[0], *list(iter_voices(extracted))[:8])
    assert together.returncode == 0, together.stderr


def iter_voices(extracted: Path):  # the recordings that were extracted
    from featser.verbs.source import recall

    return iter(recall(extracted / "featser-store")[0].table["file"])


def test_predict_gives_every_task_from_raw_audio(fitted: Path, voices: Path) -> None:
    files = sorted(voices.glob("*.flac"))[:3]
    output = fitted / "predictions.csv"
    shown = featser("predict", fitted / "model.featser", *files, "-o", output)
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(output, keep_default_na=False)
    assert table["file"].tolist() == [str(file) for file in files]
    assert (table["error"] == "").all()
    for task in ("emotion", "intensity", "gender"):
        assert f"{task}=" in shown.stdout
        assert f"{task}.pred" in table


def test_prediction_from_audio_equals_prediction_from_the_store(
    fitted: Path, extracted: Path
) -> None:
    from featser.features.extractor import make_extractor
    from featser.features.store import Store
    from featser.models.bundle import load_bundle
    from featser.verbs.predict import predict
    from featser.verbs.source import recall

    table = recall(extracted / "featser-store")[0].table.iloc[:5]
    X = Store(extracted / "featser-store").read(make_extractor("handcrafted"), list(table["key"]))
    expected = load_bundle(fitted / "model.featser").model.predict_proba(X)["emotion"]
    found = predict(fitted / "model.featser", list(table["file"]))
    for name in expected:
        np.testing.assert_allclose(found[f"emotion.p[{name}]"], expected[name], rtol=1e-6)


def test_a_file_that_fails_gets_a_line_and_the_others_are_still_predicted(
    fitted: Path, voices: Path, tmp_path: Path
) -> None:
    good = sorted(voices.glob("*.flac"))[0]
    silent = wav(tmp_path / "silent.wav", np.zeros(16_000))
    shown = featser("predict", fitted / "model.featser", silent, good, tmp_path / "absent.wav")
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    assert "unusable: silent" in lines[0]
    assert "emotion=" in lines[1]
    assert "unusable: no such file" in lines[2]


def test_an_exported_database_gives_the_same_manifest_and_features(
    extracted: Path, voices: Path
) -> None:
    shown = featser("export", "--audformat", "db", cwd=extracted)
    assert shown.stdout.strip() == "64 utterances: db/db.yaml"
    for card, folder in (("demo", voices), ("audformat", "db")):
        output = extracted / f"{card}.parquet"
        assert featser("scan", card, folder, "-o", output, cwd=extracted).returncode == 0
    before, after = (pd.read_parquet(extracted / f"{c}.parquet") for c in ("demo", "audformat"))
    pd.testing.assert_frame_equal(before, after)
    again = featser("extract", "db", "-f", "handcrafted", "--store", "featser-store", cwd=extracted)
    assert "0 done, 64 reused, 0 unusable" in again.stdout
    twice = featser("export", "--audformat", "db", cwd=extracted)
    assert twice.returncode == 2
    assert "db: holds something already: name a new or an empty folder" in twice.stderr
    neither = featser("export", cwd=extracted)
    assert "Name a table (.parquet, .csv) or --audformat FOLDER" in neither.stderr


def test_export_names_every_column(extracted: Path) -> None:
    for name in ("features.parquet", "features.csv"):
        shown = featser("export", name, cwd=extracted)
        assert shown.returncode == 0, shown.stderr
    table = pd.read_parquet(extracted / "features.parquet")
    assert len(table) == 64
    assert {"file", "emotion", "mfcc_03.delta.std", "zcr.mean"} <= set(table)
    assert list(pd.read_csv(extracted / "features.csv", nrows=1)) == list(table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan", "ravdes", "."), "did you mean 'ravdess'"),
        (("extract", "nowhere"), "nowhere: no such file or folder"),
        (("extract", "."), "needs --corpus CARD"),
        (("extract", ".", "--corpus", "ravdess"), "no audio"),
        (("extract", "ravdess"), "--data ravdess=FOLDER"),
        (("extract", "ravdess", "--data", "ravdess"), "write CORPUS=FOLDER"),
        (("extract", "ravdess", "--data", "emodb=."), "unknown corpus 'emodb'"),
        (("fit", "--store", "nowhere"), "nothing was extracted into this store yet"),
        (("predict", "nowhere.featser", "a.wav"), "nowhere.featser: no such file"),
    ],
)
def test_a_mistake_is_one_line_with_its_mend(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser(*arguments, cwd=tmp_path)
    assert shown.returncode in (1, 2)
    assert message in shown.stderr.lower() or message in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-t", "happiness"), "unknown task 'happiness'"),
        (("-t", "language"), "task 'language' is refused"),
        (("--model", "svmm"), "did you mean 'svm'"),
        (("--protocol", "loso"), "unknown protocol 'loso'"),
        (("--speaker-norm", "all"), "valid are none, transductive"),
        (("--weights", "heavy"), "equal, inner, or numbers"),
        (("-f", "mfccs"), "did you mean 'mfcc'"),
        (("-f", "zcr"), "featser extract"),
    ],
)
def test_a_mistake_in_fit_is_one_line_with_its_mend(
    extracted: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser("fit", *arguments, cwd=extracted)
    assert shown.returncode in (1, 2)
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_folder_of_broken_recordings_lists_each_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "angry"
    folder.mkdir(parents=True)
    cases = {name: case for name, case in broken(folder).items() if name != "absent.wav"}
    for kept in ("good.wav", "good.flac"):
        (folder / kept).unlink()
    fine = wav(folder / "রাগ.wav", tone())
    manifest = tmp_path / "m.csv"
    rows = [f"angry/{name},angry" for name in [*cases, fine.name]]
    (tmp_path / "corpus" / "m.csv").write_text("file,emotion\n" + "\n".join(rows) + "\n", "utf-8")
    manifest = tmp_path / "corpus" / "m.csv"
    shown = featser("extract", manifest, "-f", "mfcc", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"1 done, 0 reused, {len(cases)} unusable" in shown.stdout
    for path, reason in cases.values():
        line = next(line for line in shown.stdout.splitlines() if f"{path.name} " in line)
        assert reason in line
    kept = pd.read_csv(tmp_path / "featser-store" / "unusable.csv")
    assert len(kept) == len(cases)


def test_a_recording_that_may_not_be_read_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "angry"
    folder.mkdir(parents=True)
    locked = wav(folder / "locked.wav", tone())
    wav(folder / "open.wav", tone(hz=200))
    locked.chmod(0)
    prefix: list[str] = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root reads everything, and there is no setpriv to take that away")
        prefix = [setpriv, "--bounding-set=-dac_override,-dac_read_search"]
    command = [*prefix, *PYTHON, "extract", str(tmp_path / "corpus"), "--corpus", "folders"]
    shown = subprocess.run(
        [*command, "-f", "mfcc", "--jobs", "1", "--store", str(tmp_path / "store")],
        env={**os.environ, "COLUMNS": "300"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "1 done, 0 reused, 1 unusable" in shown.stdout
    assert "Permission denied" in shown.stdout


def test_nothing_usable_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "sad").mkdir(parents=True)
    wav(tmp_path / "corpus" / "sad" / "a.wav", np.zeros(8000))
    shown = featser("extract", "corpus", "--corpus", "folders", "-f", "mfcc", cwd=tmp_path)
    assert shown.returncode == 1
    assert "0 done, 0 reused, 1 unusable" in shown.stdout


def test_ctrl_c_ends_with_a_line_and_what_was_finished_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "corpus" / "sad"
    folder.mkdir(parents=True)
    for number in range(400):
        soundfile.write(folder / f"{number}.wav", rng.normal(0, 0.1, 32_000), 16_000)
    process = subprocess.Popen(
        [*PYTHON, "extract", "corpus", "--corpus", "folders", "-f", "handcrafted:full"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509  # no threads here yet
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(tmp_path.rglob("part-*.arrow")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; what was finished is kept" in errors
    assert "Traceback" not in errors
    shown = featser(
        "extract", "corpus", "--corpus", "folders", "-f", "handcrafted:full", cwd=tmp_path
    )
    reused = int(shown.stdout.split(" done, ")[1].split(" reused")[0])
    assert reused >= 16
