"""Names of files, speakers, corpora and classes are text on the page, in its data and in tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.flow import featser_here
from tests.reporting.page import Page

ANSI = "\x1b[31mred\x1b[0m"
CLASSES = ("</script><b>v", "=1+1")
SPEAKERS = ("<i>s1", "</title>", "=cmd|'x'", '"onerror="x')
FILES = (
    "a<b> %{n}.wav",
    "=SUM({n}).wav",
    f"{ANSI}{{n}}.wav",
    "'\"&#{n}?.wav",
    "javascript:{n}.wav",
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on recordings whose names are markup, formulas and control characters."""
    folder = tmp_path_factory.mktemp("hostile")
    generator = np.random.default_rng(0)
    rows = []
    for n in range(40):
        name = FILES[n % 5].format(n=n)
        tone = np.sin(2 * np.pi * (150 + 60 * (n % 2)) * np.arange(8000) / 16_000)
        soundfile.write(folder / name, 0.2 * tone + generator.normal(0, 0.05, 8000), 16_000)
        label = CLASSES[(n % 2) if n > 3 else 1 - n % 2]
        rows.append((name, label, SPEAKERS[n // 10], "<u>corpus"))
    table = pd.DataFrame(rows, columns=["file", "emotion", "speaker", "corpus"])
    table.to_csv(folder / "m.csv", index=False)
    for command in (
        "extract m.csv -f mfcc:basic -j 1",
        "fit --model lda --no-audit -o run -j 1",
        "explore run -j 1",
        "relabel run -o relabel.csv",
    ):
        shown = featser_here(*command.split(), cwd=folder)
        assert shown.returncode == 0, shown.stderr
        assert "\x1b" not in shown.stdout + shown.stderr
    return folder


def test_the_page_has_no_markup_of_the_data(work: Path) -> None:
    page = (work / "run" / "explore.html").read_text(encoding="utf-8")
    assert "\x1b" not in page
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert page.count("</title>") == 1
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in page
    assert not [name for _, name, _ in Page(page).attributes if name.startswith("on")]
    assert 'src="javascript' not in page


def test_the_data_of_the_map_are_read_back_as_they_are_shown(work: Path) -> None:
    page = (work / "run" / "explore.html").read_text(encoding="utf-8")
    (text,) = re.findall(r'id="map-data">(.*?)</script>', page, re.DOTALL)
    assert not set(text) & set("<>&")
    data = json.loads(text)
    assert sorted(data["classes"]) == sorted(CLASSES)
    assert "a<b> %0.wav" in data["names"]
    assert "\\x1b[31mred\\x1b[0m2.wav" in data["names"]
    assert all(link.startswith("..") for link in (data["prefix"] + one for one in data["links"]))


def test_tables_have_no_formulas(work: Path) -> None:
    for file in ("run/errors.csv", "run/label_errors.csv", "run/map.csv", "run/speakers.csv",
                 "relabel.csv"):  # fmt: skip
        for line in (work / file).read_text(encoding="utf-8").splitlines():
            assert not re.search(r"(^|,)[=+@]", line), file


def test_hostile_labels_are_corrected_and_read_back(work: Path) -> None:
    table = pd.read_csv(work / "relabel.csv", dtype=str, keep_default_na=False)
    table["new_label"] = table["proposed"]
    table.to_csv(work / "edited.csv", index=False)
    shown = featser_here("relabel", "run", "--apply", "edited.csv", "-o", "new.csv", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert f"{len(table)} labels of emotion changed" in shown.stdout
