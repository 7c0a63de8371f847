"""Tables of the command line fit a terminal of 80 columns without breaking their figures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.auxiliary.auxiliary_lookup import shipped_files
from tests.flow import featser_here


def test_agreement_has_each_interval_on_one_line(tmp_path: Path) -> None:
    rows = [
        {"file": f"{n}.wav", "rater": f"r{rater}", "emotion": ("joy", "sad")[n * rater % 3 % 2]}
        for n in range(12)
        for rater in range(3)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "r.csv", index=False)
    shown = featser_here("agreement", "r.csv", cwd=tmp_path, columns=80)
    assert shown.returncode == 0, shown.stderr
    (line,) = (line for line in shown.stdout.splitlines() if "Fleiss' kappa" in line)
    assert "[" in line
    assert "]" in line
    assert "intervals: bootstrap over recordings" in shown.stdout


def test_corpora_need_few_lines_each(tmp_path: Path) -> None:
    lines = featser_here("corpora", cwd=tmp_path, columns=80).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 100


@pytest.mark.skipif(not shipped_files(), reason="no tables come with this copy")
def test_auxiliary_corpora_have_whole_words(tmp_path: Path) -> None:
    shown = featser_here("aux", "list", cwd=tmp_path, columns=80).stdout
    for word in ("rows", "emotion", "recognition", "naturalness"):
        assert re.search(rf"[│┃] {word},? ", shown), shown


def test_numbers_of_a_column_have_the_same_number_of_decimals(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(48):
        speaker, label = number % 4, ("joy", "sad", "calm")[number // 4 % 3]
        tone = 0.1 * rng.normal(size=8000 + 40 * rng.integers(200))
        soundfile.write(tmp_path / f"{number}.wav", tone, 16_000)
        rows.append({"file": f"{number}.wav", "speaker": f"s{speaker}", "emotion": label})
    pd.DataFrame(rows).to_csv(tmp_path / "r.csv", index=False)
    shown = featser_here("audit", "r.csv", cwd=tmp_path, columns=80).stdout
    rows = re.findall(r"^│ [a-z ]+│ +(\S+) │ +(\S+) │ +(\S+) │ +(\S+) │.*│ +(\S+) │$", shown, re.M)
    assert len(rows) > 2, shown
    for column in zip(*rows, strict=True):
        assert len({len(figure.partition(".")[2]) for figure in column}) == 1, column
