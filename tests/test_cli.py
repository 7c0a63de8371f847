"""The command line as a user runs it: output, files and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import typer
from typer.core import TyperGroup

from featser.cli.main import app
from tests.flow import PYTHON, featser, featser_here, heed_ctrl_c, without_roots_rights
from tests.test_audio import broken, tone, wav


def test_help_teaches_every_verb() -> None:
    shown = featser_here("--help")
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
        assert featser_here(verb, "--help").returncode == 0


def test_help_has_whole_summaries_on_80_columns() -> None:
    """On a terminal of 80 columns, ``featser --help`` cuts no command's summary off."""
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    longest_name = max(map(len, command.commands))
    # Click gives a summary what its indents, and the margin of 2, leave of the line.
    limit = 80 - 2 - 6 - longest_name
    summaries = [one.get_short_help_str(limit) for one in command.commands.values()]
    assert len(summaries) > 20
    assert [summary for summary in summaries if summary.endswith("...")] == []


def test_version_is_the_packages() -> None:
    from featser import __version__

    assert featser("--version").stdout.strip() == f"featser {__version__}"


def test_corpora_and_features_are_listed() -> None:
    cards, extractors = featser_here("corpora").stdout, featser_here("features").stdout
    for card in ("banglaser", "emodb", "iemocap", "crema-d", "subesco", "folders", "audformat"):
        assert card in cards
    for name in ("handcrafted", "mfcc", "egemaps", "compare", "bangla166"):
        assert name in extractors
    assert "166" in extractors
    assert "6373" in extractors


def test_a_card_is_shown_with_all_its_fields() -> None:
    shown = featser_here("corpora", "show", "msp-improv").stdout
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
    shown = featser_here("corpora", "show", "crema-d").stdout
    assert "intensity: ordinal: low < medium < high" in shown
    assert "1076_MTI_SAD_XX: empty" in shown
    assert "never: intensity is a function" in featser_here("corpora", "show", "banglaser").stdout
    wrong = featser_here("corpora", "show", "crema")
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
    shown = featser_here(*arguments[verb], cwd=tmp_path)
    assert shown.returncode == 2
    assert "line 2: unknown field 'titel'; did you mean 'title'?" in shown.stderr
    assert "line 1: the field `title` is missing: add it" in shown.stderr
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
    shown = featser_here("scan", "my.yaml", voices, cwd=tmp_path).stdout
    assert "64 utterances" in shown
    assert "tasks: mood (classification)" in shown
    shown = featser_here("corpora", "show", "my.yaml", cwd=tmp_path).stdout
    assert "is read as: speaker f1, mood sad" in shown


def test_scan_writes_a_manifest_and_counts(voices: Path, tmp_path: Path) -> None:
    shown = featser_here("scan", "demo", voices, "-o", tmp_path / "m.csv")
    assert shown.returncode == 0
    assert "64 utterances" in shown.stdout
    (missing,) = [line for line in shown.stdout.splitlines() if line.startswith("320 files that")]
    assert missing.startswith("320 files that the card or the table names, not found, such as ")
    assert missing.count(", ") == 2 + 2, "three examples"
    assert "more" not in shown.stdout
    table = pd.read_csv(tmp_path / "m.csv")
    assert len(table) == 64
    assert {"file", "speaker", "emotion", "intensity", "gender"} <= set(table)


def test_a_second_extract_computes_nothing(extracted: Path, voices: Path) -> None:
    shown = featser_here("extract", voices, "--corpus", "demo", "-f", "mfcc:basic", cwd=extracted)
    assert "0 done, 64 reused, 0 unusable" in shown.stdout


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
        (("predict", ".", "a.wav"), ".: a folder without model.featser"),
        (("predict", "a.wav", "b.wav"), "a.wav: a recording, no model: name the model first"),
    ],
)
def test_a_mistake_is_one_line_that_says_how_to_fix_it(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here(*arguments, cwd=tmp_path)
    assert shown.returncode in (1, 2)
    assert message in shown.stderr.lower() or message in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("labels.cvs", "did you mean 'labels.csv'?"),
        ("data/clip", "did you mean 'data/clips'?"),
        ("lables.csv", "did you mean 'labels.csv'?"),
        ("other.csv", "a source is a table of recordings (.csv, .tsv, .txt, .parquet, .xlsx"),
        ("nowhere", "or a recipe of featser: aligned-streams"),
    ],
)
def test_a_source_that_does_not_exist_is_refused_with_the_nearest_name_beside_it(
    source: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "data" / "clips").mkdir(parents=True)
    (tmp_path / "labels.csv").touch()
    shown = featser_here("extract", source, cwd=tmp_path)
    assert shown.returncode == 2
    assert shown.stderr.startswith(f"featser: {source}: no such file or folder; ")
    assert message in shown.stderr
    assert ("recipe of featser" in shown.stderr) is (source == "nowhere")


def test_a_folder_of_broken_recordings_lists_each_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "angry"
    folder.mkdir(parents=True)
    cases = {name: case for name, case in broken(folder).items() if name != "absent.wav"}
    for usable in ("good.wav", "good.flac"):
        (folder / usable).unlink()
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
    unusable = pd.read_csv(tmp_path / "featser-store" / "unusable.csv")
    assert len(unusable) == len(cases)


def test_a_recording_that_may_not_be_read_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "corpus" / "angry"
    folder.mkdir(parents=True)
    locked = wav(folder / "locked.wav", tone())
    wav(folder / "open.wav", tone(hz=200))
    locked.chmod(0)
    command = [
        *without_roots_rights(),
        *PYTHON,
        "extract",
        str(tmp_path / "corpus"),
        "--corpus",
        "folders",
    ]
    shown = subprocess.run(
        [*command, "-f", "mfcc", "--jobs", "1", "--store", "store"], cwd=tmp_path,
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


@pytest.mark.slow
def test_ctrl_c_ends_with_a_line_and_finished_work_stays(tmp_path: Path) -> None:
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
    assert "interrupted; finished work is saved" in errors
    assert "Traceback" not in errors
    shown = featser_here(
        "extract", "corpus", "--corpus", "folders", "-f", "handcrafted:full", cwd=tmp_path
    )
    reused = int(shown.stdout.split(" done, ")[1].split(" reused")[0])
    assert reused >= 16


def test_help_of_fit_fits_its_panels_on_one_screen() -> None:
    """Of 100 columns and 50 lines, apart from the panel Advanced, which comes last."""
    environment = {**os.environ, "COLUMNS": "100"}
    command = [*PYTHON, "fit", "--help"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    text = shown.stdout
    first, advanced = text.split("\nAdvanced:\n")
    titles = [line for line in first.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles == ["Arguments:", "Data:", "Features:", "Model:", "Evaluation:", "Output:"]
    assert "--fusion" in advanced
    assert len(first.splitlines()) <= 50
    assert max(map(len, text.splitlines())) <= 100
