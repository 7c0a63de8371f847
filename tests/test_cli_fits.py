"""Fits beside the store: an interrupted run goes on, a damaged file is told, gc removes them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from featser.verbs.fits import Fits
from tests.flow import PYTHON, featser_here, heed_ctrl_c

FOREST = ("fit", "--model", "forest", "-t", "emotion", "--no-audit", "--jobs", "1")
QUICK = ("fit", "--model", "lda", "-t", "emotion", "--no-audit", "--jobs", "1")


@pytest.fixture
def work(extracted: Path, tmp_path: Path) -> Path:
    """A folder with a store in which nothing was fitted yet."""
    shutil.copytree(
        extracted / "featser-store",
        tmp_path / "featser-store",
        ignore=shutil.ignore_patterns("fits"),
    )
    return tmp_path


def kept(work: Path, kind: str = "fold") -> list[Path]:
    return sorted((work / "featser-store" / "fits").glob(f"*/[!.]*.{kind}"))


def stopped(work: Path, how: signal.Signals, folds: int) -> subprocess.CompletedProcess[str]:
    """Fit until so many folds are finished, then send a signal."""
    with subprocess.Popen(
        [*PYTHON, *FOREST, "-o", "run"], cwd=work, env={**os.environ, "COLUMNS": "300"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    ) as running:  # fmt: skip
        while len(kept(work)) < folds and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(how)
        told = running.communicate()
    return subprocess.CompletedProcess(FOREST, running.returncode, *told)


def test_a_fit_that_was_killed_and_interrupted_goes_on_and_gives_equal_bits(work: Path) -> None:
    whole = featser_here(*FOREST, "--no-cache", "-o", "whole", cwd=work)
    assert whole.returncode == 0, whole.stderr
    assert not kept(work), "--no-cache keeps nothing"

    killed = stopped(work, signal.SIGKILL, 1)
    assert killed.returncode == -signal.SIGKILL
    before = len(kept(work))
    assert 1 <= before < 4
    interrupted = stopped(work, signal.SIGINT, before + 1)
    assert interrupted.returncode == 130, interrupted.stderr
    assert "finished folds are kept: run the same command again" in interrupted.stderr
    assert "Traceback" not in interrupted.stderr
    assert not (work / "run").exists()

    done = len(kept(work))
    assert before < done < 4
    again = featser_here(*FOREST, "-o", "run", cwd=work)
    assert again.returncode == 0, again.stderr
    assert f"{done + 1} of 5 fits were kept from before" in again.stdout
    first, second = (work / name / "predictions.parquet" for name in ("whole", "run"))
    assert first.read_bytes() == second.read_bytes()
    metrics = [(work / name / "metrics.json").read_bytes() for name in ("whole", "run")]
    assert metrics[0] == metrics[1]


def test_a_damaged_fit_is_told_and_done_again(work: Path) -> None:
    first = featser_here(*QUICK, "-o", "first", cwd=work)
    assert "0 of 5 fits were kept from before" in first.stdout
    for file in (kept(work)[0], kept(work, "featser")[0]):
        content = bytearray(file.read_bytes())
        content[-40] ^= 1
        file.write_bytes(content)
    kept(work)[1].write_bytes(b"")
    again = featser_here(*QUICK, "-o", "again", cwd=work)
    assert again.returncode == 0, again.stderr
    assert "2 of 5 fits were kept from before" in again.stdout
    assert again.stdout.count("was damaged and is fitted anew") == 3
    runs = [pd.read_parquet(work / name / "predictions.parquet") for name in ("first", "again")]
    pd.testing.assert_frame_equal(*runs, check_exact=True)
    assert "5 of 5 fits" in featser_here(*QUICK, "-o", "again", cwd=work).stdout


def test_protocols_with_the_same_folds_are_fitted_once(work: Path) -> None:
    both = ("--protocol", "speaker-independent", "--protocol", "leave-one-speaker-out")
    shown = featser_here(*QUICK, *both, "-o", "run", cwd=work)
    assert "5 of 10 fits were kept from before" in shown.stdout
    predictions = pd.read_parquet(work / "run" / "predictions.parquet")
    first, second = (part.drop(columns="protocol") for _, part in predictions.groupby("protocol"))
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


def test_gc_counts_finished_fits_and_removes_them_when_asked(work: Path) -> None:
    featser_here(*QUICK, "-o", "run", cwd=work)
    other = work / "featser-store" / "fits" / "0123456789abcdef"
    other.mkdir()
    (other / "made-by-another-version.fold").write_bytes(b"?")
    looked = featser_here("store", "gc", cwd=work).stdout
    assert "would remove: 1 fits that this version of featser does not make" in looked
    assert "kept: 5 finished fits" in looked
    featser_here("store", "gc", "--yes", cwd=work)
    assert not other.exists()
    assert len(kept(work)) == 4
    featser_here("store", "gc", "--fits", "--yes", cwd=work)
    assert not kept(work)
    assert not kept(work, "featser")


def test_what_was_not_used_for_longest_is_removed_first(tmp_path: Path) -> None:
    fits = Fits(tmp_path)
    table = pd.DataFrame({"a": range(10)})
    for name in ("first", "second"):
        fits.keep_fold(name, table)
    size = kept_size(tmp_path)
    for name, at in (("first", 1), ("second", 2)):
        os.utime(next(tmp_path.glob(f"fits/*/{name}.fold")), (at, at))
    assert fits.fold("first") is not None, "used again, so it is the second that goes"
    Fits(tmp_path, limit=size).keep_fold("third", table)
    assert fits.fold("second") is None
    assert fits.fold("first") is not None
    assert fits.fold("third") is not None
    assert not fits.notes


def kept_size(store: Path) -> int:
    return sum(file.stat().st_size for file in store.glob("fits/*/*.fold"))


def test_where_nothing_can_be_kept_the_fit_goes_on_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("a file where a folder should be")
    fits = Fits(tmp_path)
    fits.keep_fold("first", pd.DataFrame({"a": [1]}))
    assert len(fits.notes) == 1
    assert "what is fitted is not kept, and will be fitted again" in fits.notes[0]
    assert fits.fold("first") is None
