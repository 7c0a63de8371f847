"""The examples in docstrings run and print what they show."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "featser"
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NEEDS_TORCH = PACKAGE / "models" / "streams"
NEEDS_SERVE = PACKAGE / "serve"
LEAST_EXAMPLES = 120
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
    and NEEDS_TORCH not in path.parents
    and NEEDS_SERVE not in path.parents
]
OF_SERVE = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in sorted(NEEDS_SERVE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


def runnable(example: doctest.Example) -> bool:
    return not example.options.get(doctest.SKIP, False)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_print_what_they_show(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(name), optionflags=OPTIONS)
    assert result.failed == 0


@pytest.mark.extras
@pytest.mark.parametrize("name", OF_SERVE)
def test_examples_of_the_server_print_what_they_show(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(name), optionflags=OPTIONS)
    assert result.failed == 0


def test_many_examples_run() -> None:
    finder = doctest.DocTestFinder()
    examples = [
        example
        for name in MODULES
        for case in finder.find(import_module(name))
        for example in case.examples
        if runnable(example)
    ]
    assert len(examples) >= LEAST_EXAMPLES
