"""A page as PDF, printed by an installed Chromium or Chrome.

A browser lays out a page better than any library of ours would, and those who read pages have one.
It runs without a window, without a network, with a profile that is removed afterwards.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from featser.errors import ResourceError, shortened
from featser.io.atomic_write import whole
from featser.workers.interrupts import termination_raised

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Commands that are looked for, in this order."""

BROWSER = "FEATSER_BROWSER"
"""The environment variable that names another one."""

LONGEST_FOLDER = 60
"""Characters of the folder of temporary files, in which the socket's name has 46."""

TIMEOUT_S = 120.0
"""How long a page may take; a report takes about 3 s."""


def find_browser(named: str | Path | None = None) -> str:
    """Return the browser that prints.

    Parameters
    ----------
    named : str or Path, optional
        A command or a file; by default :data:`BROWSER` of the environment, else the first of
        :data:`BROWSERS` that is installed.

    Raises
    ------
    ResourceError
        If there is none.
    """
    asked = os.environ.get(BROWSER, "") if named is None else str(named)
    for name in [asked] if asked else BROWSERS:
        if (program := shutil.which(name)) is not None:
            return program
    what = f"'{asked}' is no program" if asked else f"none of {', '.join(BROWSERS)} is installed"
    raise ResourceError(
        f"browser: {what}, and a PDF is printed by one: install Chromium or Chrome, or name it by "
        f"--browser PATH or {BROWSER}. Or open the page in any browser and print it there"
    )


def write_page_pdf(
    page: str | Path,
    output: str | Path,
    browser: str | Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Path:
    """Print a page of featser as PDF.

    Parameters
    ----------
    page : str or Path
        The HTML file.
    output : str or Path
        The PDF, which appears whole or not at all.
    browser : str or Path, optional
        As :func:`find_browser` takes it.
    timeout_s : float
        After how many seconds the browser is stopped.

    Returns
    -------
    Path
        The PDF.

    Raises
    ------
    ResourceError
        If there is no browser, or it does not print the page in time.
    OutputError
        If the file cannot be written.
    """
    program, output = find_browser(browser), Path(output)
    with (
        termination_raised(),
        whole(output) as temporary,
        tempfile.TemporaryDirectory(prefix="featser-") as profile,
    ):
        printed = Path(profile) / "page.pdf"
        _print(_command(program, Path(page), Path(profile), printed), timeout_s)
        if not (printed.is_file() and printed.read_bytes()[:5] == b"%PDF-"):
            raise ResourceError(f"{page}: {program} printed no PDF: name another by --browser PATH")
        shutil.copyfile(printed, temporary)
    return output


def _command(program: str, page: Path, profile: Path, printed: Path) -> list[str]:
    # Chromium refuses to be sandboxed by root.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        program,
        "--headless=new",
        *as_root,
        f"--user-data-dir={profile / 'profile'}",
        "--no-first-run",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-dev-shm-usage",  # it is small in containers
        "--host-resolver-rules=MAP * ~NOTFOUND",  # no network
        "--no-pdf-header-footer",
        f"--print-to-pdf={printed}",
        page.resolve().as_uri(),
    ]


def _print(command: list[str], timeout_s: float) -> None:
    with _running(command) as process:
        try:
            _, errors = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise ResourceError(
                f"{command[-1]}: {command[0]} did not print it within {timeout_s:g} s: try again, "
                f"or name another browser by --browser PATH"
            ) from None
    if process.returncode:
        lines = errors.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise ResourceError(
            f"{command[-1]}: {command[0]} failed with exit code {process.returncode} "
            f"({shortened(lines[-1])}): name another browser by --browser PATH"
        )


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a browser; at the end of the block it and its processes have ended, in any case."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_environment(),
    )
    try:
        yield process
    finally:
        _stop(process)


def _environment() -> dict[str, str]:
    """Return the variables of a browser, which makes a socket in a folder of `TMPDIR`.

    The path of a socket has 107 characters at most: with a longer one Chromium ends by itself.
    """
    if os.name != "posix" or len(os.environ.get("TMPDIR", "")) <= LONGEST_FOLDER:
        return dict(os.environ)
    return {**os.environ, "TMPDIR": "/tmp"}  # which every such system has


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a browser and its processes, also those that outlive the first one."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
