"""Two commands never write into one run's folder at once, and a killed one leaves no lock."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from featser.experiment.runs.folder_lock import only_writer
from featser.io.lock import FOLDER_LOCK, exclusive, exclusive_folder
from featser.store.writing import LOCK
from tests.features.corpus import alive, wait_for
from tests.flow import PYTHON, featser_here
from tests.test_parallel import children_of

REFUSED = (
    "featser: {}: another command is writing into this folder. Wait until it has ended, or choose "
    "another folder (-o)\n"
)
FILES = {
    "recipe.yaml", "run.json", "metrics.json", "predictions.parquet", "folds.csv", "audit.json",
    "model.featser", "report.html", "prediction_sets.csv", "methods.md", "references.bib",
    "model-card.md", "datasheet.md",
}  # fmt: skip


def arguments(work: Path, model: str, folder: Path, jobs: int = 1) -> list[str]:
    store = work / "featser-store"
    line = ["fit", "-m", model, "-o", folder, "--store", store, "--jobs", jobs, "--no-cache"]
    return [str(item) for item in [*line, "-t", "emotion"]]


def started(*line: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PYTHON, *line],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_of_two_fits_into_one_folder_one_is_refused(extracted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cc"
    models = ["lda", "knn"]
    fits = [started(*arguments(extracted, model, folder), cwd=extracted) for model in models]
    errors = [fit.communicate(timeout=300)[1] for fit in fits]
    codes = [fit.returncode for fit in fits]
    assert sorted(codes) == [0, 1], errors
    assert errors[codes.index(1)] == REFUSED.format(folder)
    described = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert f"-m {models[codes.index(0)]} " in described["command"]
    assert {file.name for file in folder.iterdir()} == FILES


@pytest.mark.slow
def test_a_killed_fit_does_not_block_the_next_one(extracted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    tuned = [*arguments(extracted, "svm", folder, jobs=2), "--tune"]
    fit = started(*tuned, cwd=extracted)
    wait_for(lambda: len(children_of(fit.pid)) > 1 or fit.poll() is not None)
    below = children_of(fit.pid)
    again = arguments(extracted, "lda", folder)
    shown = featser_here(*again, cwd=extracted)
    assert (shown.returncode, shown.stderr) == (1, REFUSED.format(folder))
    fit.kill()
    fit.communicate(timeout=60)
    assert fit.returncode == -signal.SIGKILL
    shown = featser_here(*again, cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    assert {file.name for file in folder.iterdir()} == FILES
    wait_for(lambda: not any(map(alive, below)))


def test_run_of_a_recipe_is_refused_where_another_command_writes(
    fitted: Path, tmp_path: Path
) -> None:
    with only_writer(tmp_path / "run"):
        shown = featser_here("run", fitted / "recipe.yaml", "-o", tmp_path / "run")
    assert (shown.returncode, shown.stderr) == (1, REFUSED.format(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["calibrate", "explain", "explore", "stress"])
def test_a_command_without_another_folder_to_write_names_no_option(
    fitted: Path, command: str
) -> None:
    with only_writer(fitted):
        shown = featser_here(command, fitted, cwd=fitted.parent)
    message = REFUSED.format(fitted).replace(", or choose another folder (-o)", "")
    assert (shown.returncode, shown.stderr) == (1, message)


def test_a_refused_fit_leaves_no_folder(extracted: Path, tmp_path: Path) -> None:
    line = arguments(extracted, "lda", tmp_path / "a" / "b")
    shown = featser_here(*line, "-t", "nothing", cwd=extracted)
    assert shown.returncode == 2, shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_existed_before_stays_although_it_is_empty(tmp_path: Path) -> None:
    with exclusive_folder(tmp_path / "new" / "inner"):
        (tmp_path / "new" / "inner" / "file").touch()
    (tmp_path / "old").mkdir()
    with exclusive_folder(tmp_path / "old") as is_locked:
        assert is_locked
    assert (tmp_path / "old").is_dir()
    assert (tmp_path / "new" / "inner" / "file").exists()


def test_a_folder_that_cannot_be_locked_is_written_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import fcntl

    def no_locks(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with exclusive_folder(tmp_path) as first, exclusive_folder(tmp_path) as second:
        assert not first
        assert not second
    assert list(tmp_path.iterdir()) == []


def test_lock_of_a_folder_locks_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS refuses locks on folders: flock needs a file that is open for writing."""
    import fcntl

    flock = fcntl.flock

    def of_nfs(handle: int, how: int) -> None:
        is_writable = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
        assert is_writable
        assert stat.S_ISREG(os.fstat(handle).st_mode)
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", of_nfs)
    with exclusive_folder(tmp_path) as is_locked:
        assert is_locked
        with pytest.raises(BlockingIOError), exclusive_folder(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_file_that_a_crash_left_does_not_lock_the_folder(tmp_path: Path) -> None:
    (tmp_path / FOLDER_LOCK).touch()
    with exclusive_folder(tmp_path) as is_locked:
        assert is_locked
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_locked_can_be_a_store_too(tmp_path: Path) -> None:
    with exclusive_folder(tmp_path), exclusive(tmp_path / LOCK) as is_locked:
        assert is_locked


def test_fit_announces_the_run_that_it_replaces(extracted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    line = [*arguments(extracted, "lda", folder), "--no-audit"]
    first = featser_here(*line, cwd=extracted)
    assert (first.returncode, "replaces" in first.stdout) == (0, False)
    os.utime(folder / "run.json", (time.mktime((2026, 3, 1, 12, 30, 0, 0, 0, -1)),) * 2)
    again = featser_here(*line, cwd=extracted)
    shown = " ".join(again.stdout.split())
    assert f"replaces the run of 2026-03-01 12:30 in {folder} " in shown
