"""Modules form layers and never import upwards; heavy libraries are imported late."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "featser"

# A module may import from its own part and from parts with a smaller number.
LAYERS = {
    "errors": 0,
    "files": 0,
    "location": 0,
    "progress": 1,
    "remote": 1,
    "tasks": 1,
    "audio": 2,
    "corpora": 3,
    "features": 3,
    "evaluation": 3,
    "audit": 4,
    "models": 5,
    "reporting": 5,
    "recipe": 6,
    "verbs": 7,
    "console": 8,
    "cli_compare": 9,
    "cli_curve": 10,
    "cli_leakage": 10,
    "cli_fetch": 9,
    "cli_options": 9,
    "cli_fit": 10,
    "cli_protocols": 9,
    "cli_run": 10,
    "cli_store": 9,
    "cli_lists": 9,
    "cli": 11,
    "__main__": 12,
}
HEAVY = ("numba", "sklearn", "xgboost", "opensmile", "matplotlib", "torch", "librosa", "pandas")


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "featser"


def imports_of(file: Path, *, at_run_time: bool) -> list[str]:
    """The featser modules that a file imports."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if at_run_time and id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_from_lower_layers(file: Path) -> None:
    own = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert own in LAYERS, f"{own} has no layer yet: say where it stands"
    for module in imports_of(file, at_run_time=False):
        if not module.startswith("featser."):
            continue
        other = part_of(module)
        assert other == own or LAYERS[other] < LAYERS[own], f"{file.name} imports {module}"


def test_features_and_models_do_not_know_each_other() -> None:
    pairs = (
        ("features", "models"),
        ("models", "features"),
        ("reporting", "models"),
        ("audit", "features"),
        ("models", "audit"),
    )
    for own, other in pairs:
        for file in (PACKAGE / own).rglob("*.py"):
            modules = imports_of(file, at_run_time=False)
            assert not [m for m in modules if m.startswith(f"featser.{other}")], file


def test_only_the_streams_ask_for_torch() -> None:
    for file in FILES:
        if file.parent == PACKAGE / "models" / "streams":
            continue
        for module in imports_of(file, at_run_time=True):
            assert module.split(".")[0] not in ("torch", "skorch", "onnx"), file


def test_a_saved_stream_loads_without_torch() -> None:
    code = (
        "import sys, featser.models.streams.estimators, featser.models.exported\n"
        "print([m for m in ('torch', 'skorch', 'onnx', 'onnxruntime') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("statement", ["import featser", "import featser.cli"])
def test_importing_featser_and_its_command_line_loads_no_heavy_library(statement: str) -> None:
    code = f"{statement}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['featser', '--help']\n"
        "from featser.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "loaded []"
