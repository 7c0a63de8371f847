"""A mutant: one realistic error, and the tests that must notice it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class MutantError(Exception):
    """The source no longer has the text that a mutant replaces, or has it more than once."""


@dataclass(frozen=True)
class Mutant:
    """An error in one place of one file.

    Attributes
    ----------
    name : str
        What it is called in the report and on the command line; unique.
    file : str
        The file, below the package's folder.
    old, new : str
        The text that occurs exactly once in the file, and what replaces it.
    breaks : str
        What is wrong with the result, in plain words.
    tests : tuple of str
        Files or node ids given to pytest, one of whose tests must fail.
    survives : str
        Why no test notices it, where that is accepted; empty for all that must be caught.
    """

    name: str
    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...]
    survives: str = ""


def planted(mutant: Mutant, source: str) -> str:
    """Return a file's text with the error in it.

    Raises
    ------
    MutantError
        If the text to replace does not occur exactly once.
    """
    count = source.count(mutant.old)
    if count != 1:
        raise MutantError(
            f"mutant {mutant.name}: its old text occurs {count} times in {mutant.file}, once is "
            f"needed; adapt `old`"
        )
    return source.replace(mutant.old, mutant.new)


def plant(mutant: Mutant, package: Path) -> None:
    """Write the error into a copy of the package.

    Raises
    ------
    MutantError
        If the file does not exist, or does not have the text to replace exactly once.
    """
    file = package / mutant.file
    if not file.is_file():
        raise MutantError(f"mutant {mutant.name}: there is no {mutant.file}; adapt `file`")
    file.write_text(planted(mutant, file.read_text(encoding="utf-8")), encoding="utf-8")


def golden(*names: str) -> tuple[str, ...]:
    """Return the node ids of the golden tests of some subjects, such as ``extractors/mfcc``."""
    return tuple(f"tests/golden/test_values.py::test_values_as_pinned[{name}]" for name in names)
