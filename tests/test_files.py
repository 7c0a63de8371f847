"""Files appear whole or not at all, and what killed processes leave is removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from featser.io.atomic_write import ABANDONED_S, UNFINISHED, remove_abandoned, whole, write_text
from tests.features.corpus import ROOT

WRITING = """
import sys, time
from featser.io.atomic_write import whole
with whole(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    print("begun", flush=True)
    time.sleep(600)
"""


def old(file: Path) -> Path:
    """Let a file be so old that it may be abandoned."""
    at = time.time() - 2 * ABANDONED_S
    os.utime(file, (at, at))
    return file


def written(file: Path) -> Path:
    file.write_text("a", encoding="utf-8")
    return file


def unfinished(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{UNFINISHED}*"))


def test_whole_removes_what_a_killed_process_left_and_nothing_that_is_being_written(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", WRITING, tmp_path / "model.featser"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"begun\n"
        [left] = unfinished(tmp_path)
        old(left)
        write_text(tmp_path / "run.json", "{}")
        assert unfinished(tmp_path) == [left], "another process is writing it"
        running.send_signal(signal.SIGKILL)
    write_text(tmp_path / "run.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_young_unfinished_files_and_other_things_are_left_alone(tmp_path: Path) -> None:
    young = tmp_path / f"{UNFINISHED}young.csv"
    young.touch()
    old(written(tmp_path / "mine.csv"))
    (tmp_path / f"{UNFINISHED}folder").mkdir()
    old(tmp_path / f"{UNFINISHED}folder")
    remove_abandoned(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_whole_leaves_nothing_where_writing_fails(tmp_path: Path) -> None:
    def write_half() -> None:
        with whole(file) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    file = written(tmp_path / "table.csv")
    with pytest.raises(ZeroDivisionError):
        write_half()
    assert file.read_text() == "a"
    assert unfinished(tmp_path) == []


def test_without_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def no_locks(handle: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    left = old(written(tmp_path / f"{UNFINISHED}left.csv"))
    monkeypatch.setattr(fcntl, "flock", no_locks)
    write_text(tmp_path / "table.csv", "whole")
    assert unfinished(tmp_path) == [left]
    monkeypatch.undo()
    write_text(tmp_path / "table.csv", "whole")
    assert unfinished(tmp_path) == []
