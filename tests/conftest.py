"""Where the real recordings are, and how tests that need them say that they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def corpora_folder() -> Path | None:
    """``FEATSER_CORPORA``, else ``shared/corpora`` beside the project, if it is there."""
    named = os.environ.get("FEATSER_CORPORA")
    folders = [Path(named)] if named else [ROOT.parent / "shared" / "corpora"]
    return next((folder for folder in folders if folder.is_dir()), None)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with banglaser, ravdess and emodb; skips where it is absent."""
    folder = corpora_folder()
    if folder is None:
        pytest.skip(
            "no real recordings: set FEATSER_CORPORA to a folder with banglaser/, ravdess/, emodb/"
        )
    return folder


@pytest.fixture(scope="session")
def real_recordings(corpora: Path) -> list[Path]:
    """50 real recordings, spread over the three corpora."""
    files: list[Path] = []
    for name, count in (("banglaser", 17), ("ravdess", 17), ("emodb", 16)):
        found = sorted((corpora / name).rglob("*.flac"))
        files += found[:: max(1, len(found) // count)][:count]
    assert len(files) == 50
    return files
