"""A server that is killed leaves a folder, which the next one removes; others stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from featser.serve.temporary_folder import PREFIX
from featser.workers.locked_temporary_folder import FRESH_S, remove_stale

CODE = """
import time
from featser.serve.temporary_folder import temporary_folder
with temporary_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def aged(path: Path) -> Path:
    """Make a folder as old as it is when the next server starts."""
    then = time.time() - FRESH_S - 1
    os.utime(path, (then, then))
    return path


@pytest.mark.skipif(os.name != "posix", reason="there are no locks of folders")
def test_folder_of_a_killed_server_is_removed_and_that_of_a_running_one_stays(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    try:
        (folder / "clip.wav").write_bytes(b"RIFF")
        assert remove_stale(tmp_path, PREFIX) == []
        aged(folder)
        assert remove_stale(tmp_path, PREFIX) == []  # its lock shows that it is in use
        assert (folder / "clip.wav").exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    aged(folder)
    assert remove_stale(tmp_path, PREFIX) == [folder]
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="there are no locks of folders")
def test_links_files_and_other_names_stay(tmp_path: Path) -> None:
    """Nothing outside is reached by a link that somebody has put there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("x")
    servers = tmp_path / "servers"
    servers.mkdir()
    (servers / f"{PREFIX}link").symlink_to(outside)
    (servers / f"{PREFIX}file").write_text("x")
    (servers / "other").mkdir()
    for path in servers.iterdir():
        if not path.is_symlink():
            aged(path)
    aged(outside)
    assert remove_stale(servers, PREFIX) == []
    assert (outside / "kept.txt").exists()
    assert len(list(servers.iterdir())) == 3
