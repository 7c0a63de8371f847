"""Running the command line as a user does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PYTHON = [sys.executable, "-m", "featser"]


def heed_ctrl_c() -> None:
    """Undo, before a command starts, that a shell lets its background jobs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def featser(
    *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``featser`` with arguments; wide enough that no path is wrapped."""
    return subprocess.run(
        [*PYTHON, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "300", "PYTHONIOENCODING": "utf-8", **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
