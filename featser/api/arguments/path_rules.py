"""Rules of arguments that are paths: what is read, and what is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featser.api.arguments.argument_types import Rule, kind_of, mapping, several, text
from featser.errors import InputError
from featser.io.atomic_write import refuse_unwritable
from featser.io.location import is_unicode, real_place


def path(value: Any) -> str | Path:
    """Return a path or a URL."""
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"{value!r} is {kind_of(value)}: give a path")
    if not os.fspath(value):
        raise ValueError("is empty: give a path")
    if "\0" in str(value):
        raise ValueError(f"{str(value)!r} holds a zero byte: no path does")
    if not is_unicode(str(value)):
        raise ValueError(
            f"'{value}' is not UTF-8 text, which tables need: rename the file or its folder"
        )
    return value if isinstance(value, str) else Path(value)


def paths(value: Any) -> list[str | Path]:
    """Return several paths; a single one is one of them."""
    return [path(item) for item in several(value, "a path")]


def output_file(*endings: str) -> Rule:
    """Return the rule of a file to be written, with one of some endings, or any."""

    def check(value: Any) -> str | Path:
        file = Path(path(value))
        if endings and file.suffix.lower() not in endings:
            raise ValueError(
                f"'{value}': the ending says the format: valid are {', '.join(endings)}"
            )
        if file.is_dir():
            raise ValueError(f"'{value}' is a folder: name a file")
        _refuse_file_above(file)
        refuse_unwritable(file)
        return path(value)

    return check


def output_files(*endings: str) -> Rule:
    """Return the rule of one or several files to be written, each with one of some endings."""

    def check(value: Any) -> list[str | Path]:
        files = [path(item) for item in several(value, "a path")]
        for file in files:
            if not str(file).lower().endswith(endings):
                raise ValueError(
                    f"'{file}': the ending says the format: valid are {', '.join(endings)}"
                )
            output_file()(file)
        return files

    return check


def several_files(output: str | Path | Sequence[str | Path] | None) -> list[str | Path]:
    """Return the files to be written as a list: none, one or several."""
    if output is None:
        return []
    return [output] if isinstance(output, str | Path) else list(output)


def refuse_source_as_output(
    outputs: Sequence[str | Path], sources: Sequence[str | Path | None]
) -> None:
    """Refuse an output that would replace what a command reads, also under another name.

    Raises
    ------
    InputError
        If an output is a source.
    """
    places = {real_place(source) for source in sources if source is not None}
    for output in outputs:
        if real_place(output) in places:
            raise InputError(f"'{output}' is read by this command: name another file", "output")


def output_folder(value: Any) -> str | Path:
    """Return a folder to be written, which need not exist."""
    folder = Path(path(value))
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"'{value}' is a file: name a folder")
    _refuse_file_above(folder)
    return path(value)


def written_folder(value: Any) -> str | Path:
    """Return a folder that is written for certain, where that is possible."""
    folder = output_folder(value)
    refuse_unwritable(folder)
    return folder


def mapping_of_paths(value: Any) -> Mapping[str, str | Path]:
    """Return a mapping of corpora to folders."""
    places = mapping(value, "{'ravdess': 'PATH'}")
    return {text(name): path(folder) for name, folder in places.items()}


def _refuse_file_above(output: Path) -> None:
    """Refuse a path that leads through a file: nothing can be written there."""
    for folder in output.parents:
        if folder.is_dir():
            return
        if folder.exists():
            raise ValueError(f"'{output}' cannot be written: '{folder}' is a file, not a folder")
