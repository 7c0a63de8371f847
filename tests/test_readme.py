"""The README and the user guide print what featser prints, and name files that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ANYTHING = "…"


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def session(block: str) -> list[tuple[str, str]]:
    """Commands and the output that the page shows below each."""
    parts = re.split(r"^\$ (.+)\n", block, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


def matches(shown: str, printed: str) -> bool:
    """Compare with ``…`` for any text; alone on a line it stands for any lines, or none."""
    pattern = re.escape(shown.rstrip())
    pattern = re.sub(rf"(?m)^{ANYTHING}$\n?", r"(?:.*\\n)*?", pattern.replace("\\\n", "\n"))
    pattern = pattern.replace(ANYTHING, ".*")
    return re.fullmatch(pattern, printed.rstrip() + "\n" * pattern.endswith("*?")) is not None


@pytest.fixture(scope="module")
def folder(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recordings that the pages speak of."""
    made = tmp_path_factory.mktemp("readme")
    (made / "recordings").symlink_to(voices)
    return made


def run(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return done.stdout


def test_readme_commands_print_what_it_shows(folder: Path) -> None:
    sessions = [pair for block in blocks(README, "console") for pair in session(block)]
    assert len(sessions) >= 5
    for command, shown in sessions:
        printed = run(["bash", "-c", command], folder)
        assert matches(shown, printed), f"$ {command}\n{printed}"


PYTHON = [README, ROOT / "docs" / "python.md"]


@pytest.mark.slow
@pytest.mark.parametrize("page", PYTHON, ids=lambda page: page.name)
def test_python_of_a_page_runs_after_the_commands(page: Path, folder: Path) -> None:
    if not (folder / "manifest.csv").exists():
        run(["featser", "scan", "demo", "recordings", "-o", "manifest.csv"], folder)
    assert blocks(page, "python")
    for code in blocks(page, "python"):
        run([sys.executable, "-c", code], folder)


def test_card_of_the_guide_reads_the_file_names_that_it_describes(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    from featser.api.scan import scan

    (tmp_path / "card.yaml").write_text(blocks(ROOT / "docs" / "cards.md", "yaml")[0])
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    for name in ("f1_A_01", "f1_H_01", "f1_S_01"):
        soundfile.write(tmp_path / f"{name}.wav", noise, 16000)
    table = scan(str(tmp_path / "card.yaml"), tmp_path).manifest
    assert sorted(table["emotion"]) == ["angry", "happy", "sad"]
    assert set(table["speaker"]) == {"f1"}


def test_readme_is_at_most_250_lines_long() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("name", ["protocols", "extractors"])
def test_guide_names_all_rows_of_a_registry(name: str) -> None:
    from featser.evaluation.protocols.registry import PROTOCOLS
    from featser.features.registry import extractor_names

    tables = {"protocols": ("fit", tuple(PROTOCOLS)), "extractors": ("features", extractor_names())}
    page, names = tables[name]
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert [row for row in names if f"`{row}`" not in text] == []


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a … d\n", "a b d\n", True),
        ("a\n…\n", "a\nb\n", True),
        ("a\n…\nd\n", "a\nb\n", False),
        ("a\n", "a\nb\n", False),
        ("UAR 0.8\n", "UAR 0x8\n", False),
    ],
)
def test_matches_understands_lines_that_are_left_out(shown: str, printed: str, equal: bool) -> None:
    assert matches(shown, printed) is equal
