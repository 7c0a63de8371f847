"""Arrays in temporary files: their values, their disappearance, and a full disk."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from featser.errors import FeatserError
from featser.io.disk_arrays import DiskWriter, disk_array, release_pages


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssFile"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no RssFile")


def test_values_survive_the_release_of_their_pages() -> None:
    array = disk_array((3, 100_000))
    array[1] = 7
    release_pages()
    assert array.sum() == 700_000
    assert array[0].max() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the resident pages are those of Linux")
def test_released_pages_leave_the_memory_of_the_process() -> None:
    array = disk_array(16_000_000)
    before = resident_mb()
    array[:] = 1
    assert resident_mb() > before + 50
    release_pages()
    assert resident_mb() < before + 10


def test_a_writer_joins_blocks_of_any_length_and_type() -> None:
    with DiskWriter() as writer:
        for length in (3, 0, 1):
            writer.write(np.arange(length))
        assert writer.finished().tolist() == [0, 1, 2, 0]
    with DiskWriter() as writer:
        assert writer.finished().shape == (0,)


def test_the_file_has_no_name_and_goes_with_the_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    array = disk_array(10)
    assert not list(tmp_path.iterdir())
    view = array[2:4]
    del array
    gc.collect()
    view[:] = 3
    release_pages()
    assert view.tolist() == [3, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is of POSIX")
@pytest.mark.parametrize("statement", ["disk_array(1 << 20)", "writer.write(np.zeros(1 << 20))"])
def test_a_full_disk_is_an_error_that_names_the_folder_and_the_fix(statement: str) -> None:
    """The system refuses files of more than 1 MB, as a full disk refuses to grow them."""
    code = (
        "import resource, signal, numpy as np\n"
        "from featser.errors import FeatserError\n"
        "from featser.io.disk_arrays import DiskWriter, disk_array\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "writer = DiskWriter()\n"
        f"try:\n    {statement}\nexcept FeatserError as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"{tempfile.gettempdir()}: no room for a temporary file of 4 MB" in shown.stdout
    assert "TMPDIR" in shown.stdout


def test_a_folder_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(FeatserError, match="/nowhere: no temporary file can be written"):
        disk_array(3)
