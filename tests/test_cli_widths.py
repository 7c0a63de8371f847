"""Tables of the command line fit a terminal of 80 columns without breaking their figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

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
