"""A planted corpus: tones, low for one class and high for the other, by six speakers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.flow import featser_here

RATE = 16_000
PROTOCOLS = ("--protocol", "speaker-independent", "--protocol", "random")


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after ``featser fit`` on the zero-crossing rate, which has no level."""
    folder = tmp_path_factory.mktemp("tones")
    random = np.random.default_rng(0)
    rows = []
    for speaker in range(6):
        for take in range(6):
            name, hertz = (("low", 400), ("high", 1500))[take % 2]
            phase = 2 * np.pi * hertz * random.uniform(0.9, 1.1) * np.arange(8000) / RATE
            file = folder / f"{speaker}-{take}.wav"
            soundfile.write(file, 0.3 * np.sin(phase), RATE, "PCM_16")
            rows.append({"file": file.name, "speaker": f"s{speaker}", "emotion": name,
                         "height": hertz / 100 + random.normal(0, 0.1)})  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "tones.csv", index=False)
    shown = featser_here("extract", "tones.csv", "-f", "zcr:basic", "-j", "1", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    fit = ("fit", "--model", "lda", "--no-audit", *PROTOCOLS)
    shown = featser_here(*fit, "-j", "1", "-o", "run", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return folder


@pytest.fixture
def work(tones: Path, tmp_path: Path) -> Path:
    """A copy of the run and the store; the recordings stay where they are."""
    for name in ("run", "featser-store"):
        shutil.copytree(tones / name, tmp_path / name)
    return tmp_path
