"""The wheel contains code, cards, templates, recipes and tables of auxiliary corpora."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_cards_templates_and_recipes_travel_in_the_wheel(tmp_path: Path) -> None:
    build = (
        "import hatchling.build as backend, sys\n"
        "print(backend.build_wheel(sys.argv[1]))\n"
        "print(backend.build_sdist(sys.argv[1]))\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    wheel, sdist = shown.stdout.split()
    names = set(zipfile.ZipFile(tmp_path / wheel).namelist())
    for folder, pattern in (
        ("featser", "*.py"),
        ("featser/corpora/cards", "*.yaml"),
        ("featser/reporting/templates", "*"),
        ("featser/serve/assets", "*"),
        ("featser/serve/templates", "*"),
    ):
        for file in (ROOT / folder).rglob(pattern):
            if "__pycache__" not in file.parts and file.is_file():
                assert str(file.relative_to(ROOT)) in names
    for recipe in (ROOT / "pipelines").glob("*.yaml"):
        assert f"featser/pipelines/{recipe.name}" in names
    for file in (ROOT / "data" / "auxiliary").iterdir():
        assert f"featser/data/auxiliary/{file.name}" in names
    assert "featser/data/auxiliary/README.md" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert sdist.endswith(".tar.gz")
