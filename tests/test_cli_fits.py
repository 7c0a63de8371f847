"""Fits beside the store: an interrupted run goes on, a damaged one is reported, gc removes them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from featser.experiment.runs.fit_cache import Fits
from tests.features.corpus import ROOT
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


def cached_fits(work: Path, kind: str = "fold") -> list[Path]:
    return sorted((work / "featser-store" / "fits").glob(f"*/[!.]*.{kind}"))


def stopped(work: Path, how: signal.Signals, folds: int) -> subprocess.CompletedProcess[str]:
    """Fit until so many folds are finished, then send a signal."""
    with subprocess.Popen(
        [*PYTHON, *FOREST, "-o", "run"], cwd=work, env={**os.environ, "COLUMNS": "300"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    ) as running:  # fmt: skip
        while len(cached_fits(work)) < folds and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(how)
        output = running.communicate()
    return subprocess.CompletedProcess(FOREST, running.returncode, *output)


@pytest.mark.slow
def test_a_fit_that_was_killed_and_interrupted_goes_on_and_gives_equal_bits(work: Path) -> None:
    whole = featser_here(*FOREST, "--no-cache", "-o", "whole", cwd=work)
    assert whole.returncode == 0, whole.stderr
    assert not cached_fits(work), "--no-cache keeps nothing"

    killed = stopped(work, signal.SIGKILL, 1)
    assert killed.returncode == -signal.SIGKILL
    before = len(cached_fits(work))
    assert 1 <= before < 4
    interrupted = stopped(work, signal.SIGINT, before + 1)
    assert interrupted.returncode == 130, interrupted.stderr
    assert "finished folds are kept: run the same command again" in interrupted.stderr
    assert "Traceback" not in interrupted.stderr
    assert not list((work / "run").iterdir()), "the folder of a killed fit stays, empty"

    done = len(cached_fits(work))
    assert before < done < 4
    again = featser_here(*FOREST, "-o", "run", cwd=work)
    assert again.returncode == 0, again.stderr
    assert f"{done + 1} of 5 fits reused from the cache" in again.stdout
    first, second = (work / name / "predictions.parquet" for name in ("whole", "run"))
    assert first.read_bytes() == second.read_bytes()
    metrics = [(work / name / "metrics.json").read_bytes() for name in ("whole", "run")]
    assert metrics[0] == metrics[1]


def test_a_damaged_fit_is_reported_and_repeated(work: Path) -> None:
    first = featser_here(*QUICK, "-o", "first", cwd=work)
    assert "0 of 5 fits reused from the cache" in first.stdout
    for file in (cached_fits(work)[0], cached_fits(work, "featser")[0]):
        content = bytearray(file.read_bytes())
        content[-40] ^= 1
        file.write_bytes(content)
    cached_fits(work)[1].write_bytes(b"")
    again = featser_here(*QUICK, "-o", "again", cwd=work)
    assert again.returncode == 0, again.stderr
    assert "2 of 5 fits reused from the cache" in again.stdout
    assert again.stdout.count("was damaged and is fitted again") == 3
    runs = [pd.read_parquet(work / name / "predictions.parquet") for name in ("first", "again")]
    pd.testing.assert_frame_equal(*runs, check_exact=True)
    assert "5 of 5 fits" in featser_here(*QUICK, "-o", "again", cwd=work).stdout


def test_protocols_with_the_same_folds_are_fitted_once(work: Path) -> None:
    both = ("--protocol", "speaker-independent", "--protocol", "leave-one-speaker-out")
    shown = featser_here(*QUICK, *both, "-o", "run", cwd=work)
    assert "5 of 10 fits reused from the cache" in shown.stdout
    predictions = pd.read_parquet(work / "run" / "predictions.parquet")
    first, second = (part.drop(columns="protocol") for _, part in predictions.groupby("protocol"))
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


def test_gc_counts_finished_fits_and_removes_them_when_asked(work: Path) -> None:
    featser_here(*QUICK, "-o", "run", cwd=work)
    other = work / "featser-store" / "fits" / "0123456789abcdef"
    other.mkdir()
    (other / "made-by-another-version.fold").write_bytes(b"?")
    looked = featser_here("store", "gc", cwd=work).stdout
    assert "would remove: 1 fit that this version of featser does not make" in looked
    assert "kept: 5 finished fits" in looked
    featser_here("store", "gc", "--yes", cwd=work)
    assert not other.exists()
    assert len(cached_fits(work)) == 4
    featser_here("store", "gc", "--fits", "--yes", cwd=work)
    assert not cached_fits(work)
    assert not cached_fits(work, "featser")


def test_what_was_not_used_for_longest_is_removed_first(tmp_path: Path) -> None:
    fits = Fits(tmp_path)
    table = pd.DataFrame({"a": range(10)})
    for name in ("first", "second"):
        fits.keep_fold(name, table)
    size = cache_size(tmp_path)
    for name, at in (("first", 1), ("second", 2)):
        os.utime(next(tmp_path.glob(f"fits/*/{name}.fold")), (at, at))
    assert fits.fold("first") is not None, "used again, so it is the second that goes"
    Fits(tmp_path, limit=size).keep_fold("third", table)
    assert fits.fold("second") is None
    assert fits.fold("first") is not None
    assert fits.fold("third") is not None
    assert not fits.notes


def cache_size(store: Path) -> int:
    return sum(file.stat().st_size for file in store.glob("fits/*/*.fold"))


def test_what_a_killed_fit_has_not_finished_is_removed_by_the_next(work: Path) -> None:
    """An unfinished file would escape the size limit; the process is killed while it writes."""
    code = """
import os, signal, sys
import pandas as pd
from featser.experiment.runs.fit_cache import Fits
from tests.features.corpus import ROOT
fits = Fits(sys.argv[1])
fits.keep_fold("first", pd.DataFrame({"a": range(10)}))
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
fits.keep_fold("second", pd.DataFrame({"a": range(1000)}))
"""
    store = work / "featser-store"
    killed = subprocess.run([PYTHON[0], "-c", code, store], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    [left] = store.glob("fits/*/.writing-*")
    assert left.stat().st_size
    Fits(store).keep_fold("second", pd.DataFrame({"a": range(1000)}))
    assert not list(store.glob("fits/*/.writing-*"))
    assert [path.stem for path in cached_fits(work)] == ["first", "second"]


def test_exchanged_folds_are_noticed(tmp_path: Path) -> None:
    for name, values in (("one", [1.0]), ("other", [2.0])):
        Fits(tmp_path).keep_fold(name, pd.DataFrame({"a": values}))
    one, other = (next(tmp_path.glob(f"fits/*/{name}.fold")) for name in ("one", "other"))
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    fits = Fits(tmp_path)
    assert fits.fold("one") is None
    assert fits.fold("other") is None
    assert ["it is another fit than its name says" in note for note in fits.notes] == [True, True]
    assert not list(tmp_path.glob("fits/*/*.fold"))


def test_a_model_in_the_place_of_another_is_noticed(work: Path) -> None:
    assert featser_here(*QUICK, "-o", "run", cwd=work).returncode == 0
    [model] = cached_fits(work, "featser")
    shutil.copy(model, model.with_stem("other"))
    fits = Fits(work / "featser-store")
    assert fits.model(model.stem) is not None
    assert fits.notes == []
    assert fits.model("other") is None
    [note] = fits.notes
    assert "it is another fit than its name says" in note
    assert cached_fits(work, "featser") == [model]


def test_a_fit_whose_store_is_deleted_goes_on_and_makes_no_new_one(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    fits = Fits(store)
    fits.keep_fold("first", pd.DataFrame({"a": [1]}))
    shutil.rmtree(store)
    fits.keep_fold("second", pd.DataFrame({"a": [1]}))
    [note] = fits.notes
    assert "what is fitted is not kept" in note
    assert "was deleted, moved or replaced" in note
    assert not store.exists()


def test_where_nothing_can_be_cached_the_fit_goes_on_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("a file where a folder should be")
    fits = Fits(tmp_path)
    fits.keep_fold("first", pd.DataFrame({"a": [1]}))
    assert len(fits.notes) == 1
    assert "what is fitted is not kept, and will be fitted again" in fits.notes[0]
    assert fits.fold("first") is None
