"""``featser report RUN --pdf``: everything of the page on paper, or one line that says the fix."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from featser.errors import ResourceError
from featser.reporting.exports.page_pdf import BROWSER, find_browser, write_page_pdf
from tests.browser.checks import text_of_pdf
from tests.browser.conftest import CHROMIUM
from tests.features.corpus import wait_for
from tests.flow import PYTHON, featser_here, heed_ctrl_c


@pytest.fixture
def browser_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of a browser, which tests fill with what it does."""
    program = tmp_path / "browser"
    monkeypatch.setenv(BROWSER, str(program))
    return program


def script(program: Path, *lines: str) -> None:
    program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def running_in_group(group: int) -> list[str]:
    """The processes of a group that still run; those that ended but were not waited for do not."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=2) for line in shown.stdout.splitlines()]
    return [line[2] for line in lines if line[0] == str(group) and not line[1].startswith("Z")]


@pytest.mark.extras
def test_the_pdf_has_what_is_folded_up_and_no_button(fitted: Path, tmp_path: Path) -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    target = tmp_path / "report.pdf"
    shown = featser_here("report", fitted, "--pdf", "-o", target, "--browser", CHROMIUM)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == ["report:", str(target)]
    text = text_of_pdf(target)
    for words in ("UAR of emotion", "Each class of emotion as a detector", "Glossary", "BibTeX"):
        assert words in text
    assert "Save as SVG" not in text
    assert list(tmp_path.iterdir()) == [target]


def test_without_pdf_the_command_says_where_the_report_is(fitted: Path) -> None:
    shown = featser_here("report", fitted)
    assert (shown.returncode, shown.stdout) == (0, f"report: {fitted / 'report.html'}\n")


def test_a_folder_without_a_report_is_refused_in_one_line(tmp_path: Path) -> None:
    shown = featser_here("report", tmp_path, "--pdf")
    assert shown.returncode == 2
    assert shown.stderr.splitlines() == [
        f"featser: {tmp_path / 'report.html'}: no such file: name a folder that `featser fit` "
        f"wrote, or a page (.html) of featser"
    ]


def test_a_missing_browser_is_one_line_with_the_fix(
    fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(BROWSER, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = featser_here("report", fitted, "--pdf")
    assert shown.returncode == 1
    (line,) = shown.stderr.splitlines()
    assert "none of chromium, chromium-browser, google-chrome is installed" in line
    assert "install Chromium or Chrome" in line
    assert not (fitted / "report.pdf").exists()


def test_the_named_browser_comes_before_the_environment(
    browser_command: Path, tmp_path: Path
) -> None:
    script(browser_command)
    assert find_browser() == str(browser_command)
    other = shutil.copy(browser_command, tmp_path / "other")
    assert find_browser(other) == str(other)
    with pytest.raises(ResourceError, match="'nonsense' is no program"):
        find_browser("nonsense")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["echo 'no display' >&2", "exit 3"], r"exit code 3 \(no display\)"),
        (["exit 0"], "printed no PDF"),
        (["sleep 60 & wait"], "within 0.5 s"),
    ],
)
def test_a_browser_that_fails_leaves_no_file_and_no_process(
    browser_command: Path, fitted: Path, tmp_path: Path, lines: list[str], problem: str
) -> None:
    script(browser_command, 'echo "$$" > "$(dirname "$0")/pid"', *lines)
    target = tmp_path / "report.pdf"
    with pytest.raises(ResourceError, match=problem):
        write_page_pdf(fitted / "report.html", target, timeout_s=0.5 if "sleep" in lines[0] else 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["browser", "pid"]
    assert not running_in_group(int((tmp_path / "pid").read_text()))


def stopped(
    fitted: Path,
    folder: Path,
    browser: str,
    number: signal.Signals,
    group: Callable[[], int | None],
) -> tuple[int, int]:
    """Print a report, send a signal once a browser runs, and return exit code and its group."""
    target = folder / "report.pdf"
    command = [*PYTHON, "report", str(fitted), "--pdf", "-o", str(target), "--browser", browser]
    with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c) as process:  # noqa: PLW1509
        own: int | None = None

        def is_running_or_done() -> bool:
            nonlocal own  # asked again, it may have ended
            own = group()
            return own is not None or process.poll() is not None

        wait_for(is_running_or_done)
        assert own is not None, process.communicate()
        process.send_signal(number)
        process.communicate(timeout=60)
    assert not target.exists()
    return process.returncode, own


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_browser_and_its_processes_end_with_the_command(
    browser_command: Path, fitted: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Also one that goes on after the first process of the browser has ended."""
    script(browser_command, 'sleep 60 & echo "$$" > "$(dirname "$0")/pid"; wait')
    pid = tmp_path / "pid"

    def group() -> int | None:
        text = pid.read_text() if pid.exists() else ""
        return int(text) if text.endswith("\n") else None

    returned, own = stopped(fitted, tmp_path, str(browser_command), number, group)
    assert returned == code
    wait_for(lambda: not running_in_group(own))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["browser", "pid"]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For the browser's sockets, whose paths may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="f-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.extras
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_chromium_ends_with_the_command(
    fitted: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    monkeypatch.setenv("TMPDIR", str(short_folder))

    def processes() -> list[int]:
        """The browser's processes: their profile is in this test's folder."""
        shown = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pgid=,args="], capture_output=True, text=True, check=True
        )
        lines = [line for line in shown.stdout.splitlines() if f"={short_folder}/featser-" in line]
        return [int(line.split()[0]) for line in lines]

    def group() -> int | None:
        own = processes()
        return own[0] if own else None

    _, own = stopped(fitted, short_folder, CHROMIUM, number, group)
    wait_for(lambda: not running_in_group(own) and not processes())
    assert not [path for path in short_folder.iterdir() if path.name.startswith("featser-")]


@pytest.mark.extras
def test_the_folder_of_temporary_files_may_have_a_long_name(
    fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the path of the browser's socket would have too many characters."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    temporary = tmp_path / ("long-" * 20)
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    target = tmp_path / "report.pdf"
    shown = featser_here("report", str(fitted), "--pdf", "-o", str(target), "--browser", CHROMIUM)
    assert shown.returncode == 0, shown.stderr
    assert target.read_bytes().startswith(b"%PDF-")


def test_the_browser_has_no_network_and_its_own_profile(
    browser_command: Path, fitted: Path, tmp_path: Path
) -> None:
    script(
        browser_command,
        'printf "%s\\n" "$@" > "$(dirname "$0")/arguments"',
        'for word in "$@"; do case "$word" in --print-to-pdf=*)',
        'printf "%%PDF-1.4" > "${word#--print-to-pdf=}";; esac; done',
    )
    write_page_pdf(fitted / "report.html", tmp_path / "out.pdf")
    words = (tmp_path / "arguments").read_text().splitlines()
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in words
    assert ("--no-sandbox" in words) is (os.geteuid() == 0)
    (profile,) = (word for word in words if word.startswith("--user-data-dir="))
    assert not Path(profile.partition("=")[2]).exists(), "it is removed afterwards"
    assert (tmp_path / "out.pdf").read_bytes() == b"%PDF-1.4"
