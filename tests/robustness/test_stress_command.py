"""``featser stress`` as a user runs it: planted tones, forecast, files, interruption, messages."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from tests.flow import PYTHON, featser_here
from tests.robustness.conftest import PROTOCOLS

STORE = ("--store", "featser-store", "-j", "1")


def stressed(work: Path, *options: str) -> pd.DataFrame:
    shown = featser_here("stress", "run", *STORE, *options, cwd=work)
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(work / "run" / "stress.csv", keep_default_na=False)
    return table.set_index(["condition", "level"])


def test_the_command_for_altered_copies_is_carried_out_as_printed(work: Path) -> None:
    shown = featser_here("stress", "run", *STORE, "--condition", "gain", cwd=work)
    (command,) = re.findall(r"next: featser (extract .+) \(then fit", shown.stdout)
    shown = featser_here(*shlex.split(command), "-j", "1", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert "augmented copies: " in shown.stdout
    assert "--store featser-store" in command, "the store that was named"


def test_noise_destroys_the_planted_feature_and_gain_leaves_it(work: Path) -> None:
    """The zero-crossing rate of a tone is lost in noise and does not depend on the level."""
    shown = featser_here("stress", "run", *STORE, "--condition", "noise,gain", cwd=work)
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(work / "run" / "stress.csv").set_index(["condition", "level"])
    figure = table["uar.value"]
    assert table.loc["clean", "uar.value"].item() == 1
    assert figure["noise", "0 dB SNR"] == 0.5
    assert figure["gain", "20 dB louder"] == figure["gain", "20 dB quieter"] == 1
    assert table.loc["gain", "difference.value"].tolist() == [0, 0]
    assert "under white noise (" in shown.stdout
    metrics = json.loads((work / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["speaker-independent"]["emotion"]["uar"]["value"] == 1
    assert "differ from those of the run" not in shown.stdout
    page = (work / "run" / "report.html").read_text(encoding="utf-8")
    assert page.count('<h2 id="stress">') == page.count('href="#stress"') == 1


def test_a_second_test_computes_nothing_and_gives_the_same_figures(work: Path) -> None:
    first = stressed(work, "--condition", "reverb,babble")
    text = (work / "run" / "stress.csv").read_bytes()
    shown = featser_here(
        "stress", "run", *STORE, "--condition", "babble,reverb", "--dry-run", cwd=work
    )
    assert "0 of 252 altered recordings to extract" in shown.stdout
    assert len(stressed(work, "--condition", "reverb,babble")) == len(first) == 8
    assert (work / "run" / "stress.csv").read_bytes() == text


@pytest.mark.slow
def test_another_store_and_more_workers_give_the_same_values(work: Path, tones: Path) -> None:
    stressed(work, "--condition", "far,telephone")
    text = (work / "run" / "stress.csv").read_bytes()
    other = work / "other"
    other.mkdir()
    for name in ("run", "featser-store"):
        subprocess.run(["cp", "-r", tones / name, other / name], check=True)
    shown = featser_here(
        "stress", "run", "--store", "featser-store", "-j", "2", "--condition", "far,telephone",
        cwd=other,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert (other / "run" / "stress.csv").read_bytes() == text


def test_a_dry_run_states_the_cost_and_writes_nothing(work: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in work.rglob("*")}
    shown = featser_here("stress", "run", *STORE, "--dry-run", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert (
        "36 of 36 test utterances × 24 levels: 864 of 864 altered recordings to extract"
        in shown.stdout
    )
    assert "nothing was written: this was --dry-run" in shown.stdout
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*")} == before


def test_a_sample_is_stated_and_balanced(work: Path) -> None:
    shown = featser_here(
        "stress", "run", *STORE, "--condition", "gain", "--utterances", "12", cwd=work
    )
    assert "note: a sample of 12 of 36 utterances, balanced over speakers" in shown.stdout
    table = pd.read_csv(work / "run" / "stress.csv")
    assert table["utterances"].tolist() == [12, 12, 12]
    result = json.loads((work / "run" / "stress.json").read_text(encoding="utf-8"))
    assert result["utterances_available"] == 36
    assert set(result["conditions"]) == {"gain"}


@pytest.mark.slow
def test_a_killed_test_continues_where_it_was(work: Path) -> None:
    command = [*PYTHON, "stress", "run", *STORE]
    with subprocess.Popen(command, cwd=work, env={**os.environ, "COLUMNS": "300"},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # fmt: skip
        extractor = make_extractor("zcr:basic")
        folder = Store(work / "featser-store").folder_of(extractor)
        n_before = len(list(folder.iterdir()))
        for _ in range(600):
            if len(list(folder.iterdir())) > n_before + 2 or process.poll() is not None:
                break
            time.sleep(0.05)
        assert process.poll() is None, "it ended before it was killed"
        process.send_signal(signal.SIGKILL)
    assert not (work / "run" / "stress.json").exists()
    shown = featser_here("stress", "run", *STORE, "--dry-run", cwd=work)
    missing = int(shown.stdout.partition(" levels: ")[2].split()[0])
    assert 0 < missing < 864, shown.stdout
    assert len(stressed(work)) == 25


@pytest.mark.slow
def test_a_later_fit_does_not_read_what_was_altered(work: Path, tones: Path) -> None:
    stressed(work, "--condition", "noise")
    fit = ("fit", "--model", "lda", "--no-audit", *PROTOCOLS)
    shown = featser_here(*fit, "-j", "1", "--no-cache", "-o", "again", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert "augmented copies" not in shown.stdout
    for name in ("predictions.parquet",):
        old, new = (pd.read_parquet(folder / name) for folder in (tones / "run", work / "again"))
        numbers = [column for column in old if ".p[" in column]
        np.testing.assert_array_equal(old[numbers], new[numbers])


def test_protocols_and_tasks_are_chosen_and_dimensions_have_ccc(work: Path) -> None:
    table = stressed(work, "--condition", "gain", "--protocol", "random", "--task", "height")
    assert table["ccc.value"].astype(float).min() > 0.9
    page = (work / "run" / "report.html").read_text(encoding="utf-8")
    assert 'Altered recordings <span class="badge">random</span>' in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--condition", "nois"), "--condition: unknown condition 'nois'; did you mean 'noise'?"),
        (
            ("--utterances", "0"),
            "--utterances: '0': give a number of utterances, 1 or more, or all",
        ),
        (("--utterances", "few"), "--utterances: 'few': give a number of utterances"),
        (("--task", "mood"), "unknown task 'mood'"),
        (("-o", "table.txt"), "--output: "),
    ],
)
def test_wrong_options_are_refused_before_anything_is_computed(
    options: tuple[str, ...], message: str, work: Path
) -> None:
    shown = featser_here("stress", "run", *STORE, *options, cwd=work)
    assert shown.returncode != 0
    assert message in shown.stderr
    assert shown.stderr.count("\n") == 1
    assert not (work / "run" / "stress.csv").exists()


@pytest.mark.slow
def test_normalised_speakers_need_all_their_recordings(work: Path, tones: Path) -> None:
    fit = (
        "fit",
        tones / "tones.csv",
        "--store",
        "featser-store",
        "--model",
        "lda",
        "--no-audit",
        "--speaker-norm",
        "transductive",
    )
    shown = featser_here(*fit, "-j", "1", "-o", "normed", cwd=work)
    assert shown.returncode == 0, shown.stderr
    ask = ("stress", "normed", *STORE, "--condition", "gain,noise")
    shown = featser_here(*ask, "--utterances", "12", cwd=work)
    assert "all must be altered: use --utterances all" in shown.stderr
    shown = featser_here(*ask, cwd=work)
    assert shown.returncode == 0, shown.stderr
    table = pd.read_csv(work / "normed" / "stress.csv").set_index(["condition", "level"])
    assert table.loc["gain", "difference.value"].tolist() == [0, 0]
    assert table.loc[("noise", "20 dB SNR"), "utterances"] == 36


def test_a_recording_that_is_gone_is_named(work: Path, tones: Path) -> None:
    file = tones / "0-0.wav"
    content = file.read_bytes()
    file.unlink()
    try:
        shown = featser_here("stress", "run", *STORE, "--condition", "gain", cwd=work)
    finally:
        file.write_bytes(content)
    assert shown.returncode != 0
    assert "0-0.wav" in shown.stderr


@pytest.mark.slow
def test_coupled_tasks_are_predicted_by_the_models_of_the_run(work: Path, tones: Path) -> None:
    table = pd.read_csv(tones / "tones.csv")
    table["file"] = [str(tones / file) for file in table["file"]]
    table.assign(intensity=np.where(np.arange(36) % 3, "weak", "strong")).to_csv(
        work / "two.csv", index=False
    )
    fit = ("fit", "two.csv", "--store", "featser-store", "-t", "emotion", "-t", "intensity")
    more = ("--model", "lda", "--no-audit", "--coupling", "powerset", "-j", "1", "-o", "coupled")
    shown = featser_here(*fit, *more, cwd=work)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("stress", "coupled", *STORE, "--condition", "gain,noise", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert "differ from those of the run" not in shown.stdout
    result = json.loads((work / "coupled" / "stress.json").read_text(encoding="utf-8"))
    falls = {one["level"]: one["difference"]["value"] for one in result["levels"]}
    assert falls["20 dB quieter"] == 0
    assert falls["0 dB SNR"] < 0
