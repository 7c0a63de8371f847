"""A calibration that is killed leaves a temporary folder, which the next one removes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from featser.experiment.windows.window_calibration_of import PREFIX
from featser.workers.locked_temporary_folder import FRESH_S
from tests.features.corpus import wait_for
from tests.flow import PYTHON, featser

QUICK = ("--window", "1", "--hop", "1", "--jobs", "1")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="there are no locks of folders")
def test_the_folder_of_a_killed_calibration_is_removed_by_the_next_one(
    fitted: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    calibration = subprocess.Popen(
        [*PYTHON, "calibrate", str(fitted), *QUICK], env=environment, stdout=subprocess.DEVNULL
    )
    wait_for(lambda: any(tmp_path.glob("*/joined.wav")) or calibration.poll() is not None)
    calibration.send_signal(signal.SIGKILL)
    calibration.wait()
    (left,) = tmp_path.glob(f"{PREFIX}*")
    then = time.time() - FRESH_S - 1
    os.utime(left, (then, then))
    shown = featser("calibrate", fitted, *QUICK, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert not list(tmp_path.glob(f"{PREFIX}*"))
