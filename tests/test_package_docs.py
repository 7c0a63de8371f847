"""Each folder of the package says what it is, what it offers and what it imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.test_layers import LAYERS, PACKAGE, imports_of, part_of

FOLDERS = sorted(path.parent for path in PACKAGE.glob("*/**/__init__.py"))


def sentences_of(folder: Path) -> list[str]:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", " ".join(text.split()))


def layer_of(name: str) -> int:
    """The layer of ``models``, or of the folder that holds ``models.heads``."""
    assert (PACKAGE / name.replace(".", "/")).is_dir() or name in LAYERS, f"{name} does not exist"
    return LAYERS[part_of("featser." + name)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_folder_says_in_three_sentences_what_it_is_and_imports(folder: Path) -> None:
    own = folder.relative_to(PACKAGE).parts[0]
    sentences = sentences_of(folder)
    assert len(sentences) == 3, sentences
    assert sentences[2].startswith("It may import from ``"), sentences[2]
    allowed, _, _ = sentences[2].partition(", but not")
    named = re.findall(r"``([a-z_.]+)``", re.split(r", and (?:never|not|is)|; only", allowed)[0])
    highest = max(layer_of(name) for name in named)
    assert highest <= LAYERS[own]
    for file in folder.glob("*.py"):
        for module in imports_of(file, at_run_time=True):
            other = part_of(module)
            if module.startswith("featser.") and other != own:
                assert LAYERS[other] <= highest, f"{file.name} imports {module}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_a_folder_names_exists(folder: Path) -> None:
    """The modules and classes that the sentences name in full can be imported."""
    text = " ".join(sentences_of(folder))
    for place in re.findall(r"featser(?:\.[A-Za-z_]+)+", text):
        parts = place.split(".")[1:]
        module = PACKAGE.joinpath(*parts)
        if module.is_dir() or module.with_suffix(".py").exists() or len(parts) == 1:
            continue
        source = PACKAGE.joinpath(*parts[:-1]).with_suffix(".py").read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {parts[-1]}\b", source, re.MULTILINE), place
