"""The small corpus, written once; a test that changes it works on a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.audit.corpus import write_corpus


@pytest.fixture(scope="session")
def clean(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Forty-eight utterances without faults; tests must not change them."""
    return write_corpus(demo, tmp_path_factory.mktemp("clean"))


@pytest.fixture
def twin(clean: pd.DataFrame, tmp_path: Path) -> pd.DataFrame:
    """A copy of the corpus that a test may change."""
    folder = tmp_path / "twin"
    shutil.copytree(Path(clean["file"][0]).parent, folder)
    return clean.assign(file=[str(folder / Path(file).name) for file in clean["file"]])
