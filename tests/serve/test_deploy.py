"""The Dockerfile and the unit of systemd, without Docker: their steps are run as they stand."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.serve.running_server import RunningServer, started

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
TOKEN = "a-token-for-the-test"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in their order."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ", 1) for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, rest in pairs]


def only(name: str) -> str:
    [value] = [rest for kind, rest in instructions() if kind == name]
    return value


def command() -> list[str]:
    return [*json.loads(only("ENTRYPOINT")), *json.loads(only("CMD"))]


def copied_context(folder: Path) -> Path:
    """The files that Docker would be sent, by the list of exceptions in the .dockerignore."""
    text = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert lines[-1] == "**/__pycache__"
    for line in lines[1:-1]:
        source = ROOT / line.removeprefix("!")
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / source.name, ignore=ignored)
        else:
            shutil.copy(source, folder / source.name)
    return folder


def test_container_runs_as_a_user_who_is_not_root() -> None:
    names = [name for name, _ in instructions()]
    user = only("USER")
    assert f"useradd --create-home --uid 10001 {user}" in dict(instructions())["RUN"]
    assert names.index("USER") < names.index("HEALTHCHECK") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :]


def test_only_what_the_wheel_needs_reaches_the_image(tmp_path: Path) -> None:
    context = copied_context(tmp_path)
    assert {path.name for path in context.iterdir()} == {
        "pyproject.toml", "README.md", "LICENSE", "featser", "pipelines", "data",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.extras
def test_wheel_is_built_and_installed_with_its_extras_as_in_the_image(tmp_path: Path) -> None:
    """The RUN lines with pip, in an environment of their own; it needs a package index."""
    wheels = tmp_path / "wheels"
    source = tmp_path / "source"
    source.mkdir()
    copied_context(source)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    path = f"{tmp_path / 'env' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    steps = [rest for name, rest in instructions() if name == "RUN" and "pip" in rest]
    assert len(steps) == 2
    for step in steps:
        subprocess.run(
            step.replace("/wheels", str(wheels)),
            shell=True,
            check=True,
            cwd=source,
            env={**os.environ, "PATH": path, "PYTHONPATH": ""},
        )
    shown = subprocess.run(
        [tmp_path / "env" / "bin" / "featser", "serve", "--help"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert "--token" in shown.stdout
    for package in ("starlette", "uvicorn", "av"):
        subprocess.run([tmp_path / "env" / "bin" / "python", "-c", f"import {package}"], check=True)


def here(words: list[str]) -> list[str]:
    """The command of an image or a unit, run by this Python, on any free port."""
    assert Path(words[0]).name == "featser"
    words = [sys.executable, "-m", *words]
    words[2] = "featser"
    words[words.index("--port") + 1] = "0"
    return words


def is_healthy(server: RunningServer) -> bool:
    check = only("HEALTHCHECK").partition("CMD ")[2]
    assert "127.0.0.1:8765/" in check
    check = check.replace(":8765/", f":{server.port}/").replace("python ", f"{sys.executable} ", 1)
    return subprocess.run(check, shell=True, check=False).returncode == 0


def assert_only_the_token_opens(server: RunningServer) -> None:
    """The token of the environment is the server's, which prints it nowhere: a log keeps it."""
    models = f"http://127.0.0.1:{server.port}/v1/models"
    assert requests.get(models, timeout=30).status_code == 401
    header = {"Authorization": f"Bearer {TOKEN}"}
    assert requests.get(models, headers=header, timeout=30).json()["default"] == "model"
    assert TOKEN not in server.printed


@pytest.mark.slow
@pytest.mark.extras
def test_command_of_the_image_serves_and_its_health_check_passes(
    fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATSER_TOKEN", TOKEN)
    (tmp_path / "model").symlink_to(fitted)
    with started(here(command()), tmp_path) as server:
        assert is_healthy(server)
        assert_only_the_token_opens(server)
        assert server.stop() == 0
        assert not is_healthy(server)


@pytest.mark.extras
def test_command_of_the_image_does_not_start_without_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FEATSER_TOKEN", raising=False)
    shown = subprocess.run(
        here(command()), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 2
    assert "add --token auto" in " ".join(re.sub(r"[│╭╮╰╯─]", " ", shown.stderr).split())


@pytest.mark.slow
@pytest.mark.extras
def test_command_of_the_unit_serves(
    fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "featser.service", encoding="utf-8")
    service = unit["Service"]
    assert service["DynamicUser"] == service["NoNewPrivileges"] == service["PrivateTmp"] == "yes"
    monkeypatch.setenv("FEATSER_TOKEN", TOKEN)
    (tmp_path / "model").symlink_to(fitted)
    with started(here(service["ExecStart"].split()), tmp_path) as server:
        assert is_healthy(server)
        assert_only_the_token_opens(server)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_unit_is_valid() -> None:
    shown = subprocess.run(
        ["systemd-analyze", "verify", str(DEPLOY / "featser.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    wrong = [line for line in shown.stderr.splitlines() if "featser.service" in line]
    assert [line for line in wrong if "is not executable" not in line] == []
