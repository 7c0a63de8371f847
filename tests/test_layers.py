"""Modules form layers and never import upwards; heavy libraries are imported late."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "featser"

# A folder may import from itself and from the folders of later lines.
ORDER = (
    ("__main__",),
    ("cli",),
    ("serve",),
    ("api",),
    ("studies",),
    ("experiment",),
    ("timelines",),
    ("explanation", "robustness"),
    ("reporting",),
    ("models",),
    ("speakers",),
    ("auxiliary",),
    ("audit", "extraction"),
    ("augmentation",),
    ("store", "evaluation"),
    ("features",),
    ("annotation", "segmentation"),
    ("corpora",),
    ("ratings",),
    ("audio",),
    ("progress_bars",),
    ("workers",),
    ("io",),
    ("progress", "tasks", "entry_points", "one_thread"),
    ("errors",),
    ("credentials",),
)
LAYERS = {name: -place for place, names in enumerate(ORDER) for name in names}
# Inside a folder, a sub-folder may import from those that follow it.
INSIDE = {
    "audit": ("checks", "measure"),
    "cli": ("labels", "groups", "display", "finished"),
    "corpora": ("proposal", "scans", "labelling", "fold_lists", "tables", "synthetic"),
    "evaluation": ("timelines", "statistics", "metrics", "protocols"),
    "experiment": ("compared", "windows", "runs", "variants", "loading", "declaration"),
    "reporting": ("comparison", "exploration", "methods", "sections", "statements", "exports"),
    "features": ("sets", "embeddings", "gemaps", "lowlevel"),
    "ratings": ("agreement",),
    "serve": ("queue_work", "annotating", "predicting", "requests"),
    "models": (
        "comparison", "abstention", "language", "coupling", "fusion", "streams", "exported",
        "ensemble", "transfer", "kernel", "heads", "selection", "encoders", "storage",
    ),
}  # fmt: skip
HEAVY = (
    "numpy",
    "numba",
    "sklearn",
    "xgboost",
    "opensmile",
    "matplotlib",
    "torch",
    "librosa",
    "pandas",
)


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "featser"


@functools.cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@functools.cache
def imports_of(file: Path, *, at_run_time: bool) -> list[str]:
    """The featser modules that a file imports."""
    tree = tree_of(file)
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    modules = []
    for node in ast.walk(tree):
        if at_run_time and id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return modules


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


def module_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_of(file): file for file in PACKAGE.rglob("*.py")}


@functools.cache
def imported_modules(file: Path) -> set[str]:
    """The modules that a file imports at run time, also inside its functions."""
    tree = tree_of(file)
    named = set(imports_of(file, at_run_time=True))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in named:
            named |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in named if name in MODULES} - {module_of(file)}


@pytest.mark.parametrize("folder", INSIDE)
def test_sub_folders_import_in_one_direction(folder: str) -> None:
    order = INSIDE[folder]
    for file in (PACKAGE / folder).glob("*/*.py"):
        own = file.parent.name
        for module in imported_modules(file):
            parts = module.split(".")
            if parts[1:2] == [folder] and len(parts) > 3 and parts[2] != own:
                assert order.index(parts[2]) > order.index(own), f"{file.name} imports {module}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Also inside their functions: modules that import no remaining module are removed in turn."""
    left = {name: imported_modules(file) for name, file in MODULES.items()}
    while free := {name for name, targets in left.items() if not targets & set(left)}:
        left = {name: targets for name, targets in left.items() if name not in free}
    assert not left


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=str)
def test_a_folder_has_few_modules(folder: Path) -> None:
    assert len([file for file in folder.glob("*.py") if file.name != "__init__.py"]) <= 16


def test_only_the_streams_ask_for_torch() -> None:
    for file in FILES:
        if file.parent == PACKAGE / "models" / "streams":
            continue
        for module in imports_of(file, at_run_time=True):
            assert module.split(".")[0] not in ("torch", "skorch", "onnx"), file


def test_a_saved_stream_loads_without_torch() -> None:
    code = (
        "import sys, featser.models.streams.estimators, featser.models.exported.exported_network\n"
        "print([m for m in ('torch', 'skorch', 'onnx', 'onnxruntime') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("statement", ["import featser", "import featser.cli.main"])
def test_importing_featser_and_its_command_line_loads_no_heavy_library(statement: str) -> None:
    code = f"{statement}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['featser', '--help']\n"
        "from featser.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "loaded []"
