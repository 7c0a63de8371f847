"""Results have a repr of one line, and in notebooks a summary with a table; data are escaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featser
from featser.api.compare import Comparison, Pair
from featser.api.curve import Curve, Point
from featser.api.leakage import Leak, Leakage
from featser.api.run import Outcome, Step
from featser.audit.audit_manifest import Audit
from featser.audit.finding import Finding
from featser.corpora.scans.scanning import ScanResult
from featser.evaluation.statistics.comparison import Difference
from featser.evaluation.statistics.jackknife_interval import Interval
from featser.experiment.compared.compared_runs import Compared
from featser.experiment.runs.run_files import Run
from featser.extraction.extraction import Extraction
from featser.io.result_display import MOST_ROWS, Display, ShownResult
from tests.reporting.page import Page

HOSTILE = "<script>\x1b[2J\n"
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6}


def scan_result() -> ScanResult:
    counts = pd.DataFrame({"found": [2], "expected": [pd.NA]}, index=[HOSTILE])
    manifest = pd.DataFrame({"file": ["a.wav", "b.wav"], "speaker": ["f1", "f1"]})
    return ScanResult(manifest, [HOSTILE], [], counts, counts, [], [], {})


def audit() -> Audit:
    findings = [Finding("clipping", "warning", f"{HOSTILE} is clipped")]
    return Audit(findings, pd.DataFrame(index=range(2)), np.zeros(2, dtype=np.int64))


def extraction() -> Extraction:
    row = {"file": HOSTILE, "start": None, "end": None, "extractor": "", "reason": "empty"}
    return Extraction([], done=2, unusable=pd.DataFrame([row]))


def comparison() -> Comparison:
    difference = Difference("uar", 0.5, 0.6, Interval(0.1, -0.1, 0.3), 0.3)
    runs = [Compared(name, "random", pd.DataFrame(), {}) for name in (HOSTILE, "b")]
    return Comparison(runs, 4, [Pair("emotion", HOSTILE, "b", 4, 3, difference, 0.3)])


def leakage() -> Leakage:
    row = Leak(HOSTILE, "speakers", "random", "none", 3, 4, FIGURE, FIGURE)
    return Leakage(Path(HOSTILE), rows=[row], described={"task": "emotion"})


def curve(points: int = 3) -> Curve:
    made = [Point(2**n, 5, FIGURE, 0.4, 0.6, 10.0, 0) for n in range(1, points + 1)]
    return Curve(Path(HOSTILE), made, 0.25, {"task": "emotion"})


def outcome() -> Outcome:
    steps = [Step("scan", False, HOSTILE), Step("fit", True, "emotion UAR 0.500")]
    return Outcome(Path("runs/x"), featser.Experiment(name="x"), steps)


RESULTS = {
    made.__name__: made
    for made in (scan_result, audit, extraction, comparison, leakage, curve, outcome)
}
SHOWN = {
    "scan_result": "<ScanResult: 2 utterances, 1 speaker, 1 unmatched file, 0 missing files>",
    "audit": "<Audit: 2 recordings: 0 errors, 1 warning, 0 notes>",
    "extraction": "<Extraction: 2 done, 0 reused, 1 unusable>",
    "comparison": r"<Comparison: 2 runs (<script>\x1b[2J\n, b), 4 utterances in all of them>",
    "leakage": "<Leakage: emotion under 1 way to divide the data, 0 left out; files in "
    r"<script>\x1b[2J\n>",
    "curve": "<Curve: UAR of emotion: 0.500 with 2 training speakers; 0.500 with 8 training "
    "speakers; chance 0.250; "
    r"files in <script>\x1b[2J\n>",
    "outcome": "<Outcome: 'x', 2 steps; files in runs/x>",
}


@pytest.mark.parametrize("name", RESULTS)
def test_repr_of_a_result_is_one_line(name: str) -> None:
    result = RESULTS[name]()
    assert isinstance(result, ShownResult)
    assert repr(result) == SHOWN[name]


@pytest.mark.parametrize("name", RESULTS)
def test_html_of_a_result_is_a_summary_and_a_table_with_escaped_data(name: str) -> None:
    markup = RESULTS[name]()._repr_html_()
    assert "<script" not in markup
    assert "\x1b" not in markup
    assert r"&lt;script&gt;\x1b[2J\n" in markup
    page = Page(markup)
    assert len(page.tables) == 1
    assert len(page.tables[0]) >= 2, "a header and a row"


def test_html_of_a_long_table_shows_its_beginning() -> None:
    class Long(ShownResult):
        def display(self) -> Display:
            return Display("long", ["n"], [[n] for n in range(MOST_ROWS + 1)])

    assert "… and 1 more row<" in Long()._repr_html_()
    assert len(Page(Long()._repr_html_()).tables[0]) == 1 + MOST_ROWS


def test_repr_of_a_long_text_is_cut() -> None:
    class Long(ShownResult):
        def display(self) -> Display:
            return Display("x" * 1000)

    assert repr(Long()).endswith("x…>")
    assert "<table" not in Long()._repr_html_()


def test_results_without_rows_or_points_can_be_shown() -> None:
    assert repr(curve(0)).startswith("<Curve: UAR of emotion")
    assert "0.500 with 2 training speakers; chance" in repr(curve(1))
    assert repr(replace(comparison(), pairs=[])).startswith("<Comparison: 2 runs")


@pytest.fixture(scope="module")
def run(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("shown") / "<script>"
    return featser.fit(
        store=extracted / "featser-store", output=folder, n_jobs=1, model="lda", audit=False,
        tasks=["emotion"],
    )  # fmt: skip


def test_run_shows_its_result_and_the_metrics_of_its_tasks(run: Run) -> None:
    shown = repr(run)
    assert shown.startswith("<Run: emotion: UAR 0.")
    assert "chance 0.250" in shown
    assert "\n" not in shown
    markup = run._repr_html_()
    assert "<script" not in markup
    assert "/&lt;script&gt;" in markup
    assert ["emotion", "UAR"] in [row[:2] for row in Page(markup).tables[0]]


def test_outcome_with_a_run_shows_the_run(run: Run) -> None:
    made = Outcome(run.folder, run.experiment, run=run)
    assert repr(made) == repr(run).replace("<Run", "<Outcome", 1)


def test_model_shows_what_it_predicts(run: Run) -> None:
    model = featser.load_model(run.bundle)
    assert repr(model) == "<Bundle: predicts emotion from mfcc:basic>"
    rows = Page(model._repr_html_()).tables[0]
    assert rows[1] == ["emotion", "classification", "angry, happy, neutral, sad"]
