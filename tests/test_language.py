"""User-facing text and names use plain English: the words of a list do not occur in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "featser"

NAMES = {"told", "said", "heard", "seen", "found", "known", "wanted", "there", "kept", "mend"}
"""Names that do not state what the value is; `predictions` or `valid_rows` do."""
PHRASES = re.compile(
    r"\b(?:told|mend(?:s|ed|ing)?|give-?aways?|learnt|(?:training|test) parts?|to be had"
    r"|(?:is|are) had|alone tells?|at hand|anew|To know first|have it again|nobody|somebody"
    r"|what was (?:finished|stored before) is (?:kept|whole)|is none of the)\b",
    re.IGNORECASE,
)
"""Words and phrases that do not occur in messages, reports and cards."""

FOLDERS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
TEST_FOLDERS = sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("*.py")))

Place = tuple[Path, int, str]


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each name that a module defines, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def strings_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each string constant that is used as a value, which docstrings are not."""
    unused = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in unused
        ):
            yield node.lineno, node.value


def is_forbidden(name: str) -> bool:
    """Whether a name says nothing of its value, or has the words of a forbidden phrase."""
    words = name.removeprefix("test_").strip("_").replace("_", " ")
    return words in NAMES or PHRASES.search(words) is not None


def forbidden_names_in(file: Path) -> Iterator[Place]:
    """Yield the forbidden names of a module."""
    for line, name in names_in(ast.parse(file.read_text(encoding="utf-8"))):
        if is_forbidden(name):
            yield file, line, name


def forbidden_in_module(file: Path) -> Iterator[Place]:
    """Yield the forbidden names and phrases of a module."""
    yield from forbidden_names_in(file)
    for line, text in strings_in(ast.parse(file.read_text(encoding="utf-8"))):
        for match in PHRASES.finditer(text):
            yield file, line, match[0]


def forbidden_in_text(file: Path) -> Iterator[Place]:
    """Yield the forbidden phrases of a template, a card or a recipe."""
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        for match in PHRASES.finditer(text):
            yield file, line, match[0]


def forbidden_in_folder(folder: Path) -> list[Place]:
    """List the forbidden words of a folder's modules, templates and cards."""
    places: list[Place] = []
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".py":
            places += forbidden_in_module(file)
        elif file.suffix in {".yaml", ".j2"}:
            places += forbidden_in_text(file)
    return places


def lines_of(places: list[Place]) -> str:
    return "\n".join(f"{file.relative_to(ROOT)}:{line}: {word}" for file, line, word in places)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_has_no_forbidden_word(folder: str) -> None:
    places = forbidden_in_folder(PACKAGE / folder)
    assert not places, lines_of(places)


def test_modules_beside_the_folders_have_no_forbidden_word() -> None:
    files = sorted(PACKAGE.glob("*.py"))
    places = [place for file in files for place in forbidden_in_module(file)]
    assert files
    assert not places, lines_of(places)


def test_scripts_of_reports_have_no_forbidden_word() -> None:
    places = forbidden_in_folder(ROOT / "reports")
    assert not places, lines_of(places)


@pytest.mark.parametrize("folder", [*TEST_FOLDERS, "."])
def test_tests_have_no_forbidden_name(folder: str) -> None:
    """Strings of tests are not checked: they also hold input that must be refused."""
    files = sorted((ROOT / "tests" / folder).glob("*.py" if folder == "." else "**/*.py"))
    places = [place for file in files for place in forbidden_names_in(file)]
    assert files
    assert not places, lines_of(places)


def test_recipes_have_no_forbidden_word() -> None:
    files = sorted((ROOT / "pipelines").glob("*.yaml"))
    places = [place for file in files for place in forbidden_in_text(file)]
    assert files
    assert not places, lines_of(places)


def test_forbidden_words_are_reported_with_file_and_line(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Told."""\n\nkept = 1\nERROR = "mend it"\n', encoding="utf-8")
    assert [place[1:] for place in forbidden_in_folder(tmp_path)] == [(3, "kept"), (4, "mend")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("told", True),
        ("_kept", True),
        ("test_what_is_not_listed_is_told", True),
        ("n_found", False),
        ("test_parts_are_merged", False),
    ],
)
def test_names_with_a_forbidden_phrase_are_forbidden(name: str, expected: bool) -> None:
    assert is_forbidden(name) == expected
