"""Run the command line as a user does."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest

from featser.cli.main import main

PYTHON = [sys.executable, "-m", "featser"]


def heed_ctrl_c() -> None:
    """Undo, before a command starts, that a shell lets its background jobs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def without_roots_rights() -> list[str]:
    """Return the prefix of a command that obeys file permissions even when run by root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root reads and writes everywhere, and no setpriv takes that away")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search"]


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


def featser_here(
    *arguments: object, cwd: Path | None = None, columns: int = 300
) -> subprocess.CompletedProcess[str]:
    """Run ``featser`` inside this process: quick, for commands that end soon."""
    command = ["featser", *map(str, arguments)]
    shown, errors, code = io.StringIO(), io.StringIO(), 0
    with (
        chdir(cwd or Path.cwd()),
        patch.object(sys, "argv", command),
        patch.dict(os.environ, COLUMNS=str(columns)),
        redirect_stdout(shown),
        redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(command, code, shown.getvalue(), errors.getvalue())


def verdict_in(output: str) -> str:
    """Return the one line of a fit's output that has its verdict."""
    (line,) = (line for line in output.splitlines() if line.startswith("verdict: "))
    return line
