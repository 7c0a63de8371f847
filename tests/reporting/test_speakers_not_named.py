"""Where the data do not give the speakers, the report makes no claim about speakers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from featser.evaluation.protocols.registry import PROTOCOLS
from featser.reporting.html import render
from featser.reporting.reliability_diagram import section
from featser.reporting.summary import RunSummary
from featser.reporting.wording import folds_sentence, where, why_optimistic
from tests.reporting.page import Page
from tests.reporting.sample import figures, sample_run

pytestmark = pytest.mark.slow


def nameless(protocol: str, missing: object = np.nan, rows: slice = slice(None)) -> RunSummary:
    """A run some rows of which have no speaker."""
    run = sample_run(protocol=protocol)
    run.predictions["speaker"] = run.predictions["speaker"].astype(object)
    run.predictions.loc[run.predictions.index[rows], "speaker"] = missing
    run.metrics = {protocol: figures(run.predictions, run.tasks)}
    return run


@pytest.mark.parametrize("protocol", [name for name, row in PROTOCOLS.items() if row.optimistic])
@pytest.mark.parametrize("missing", [None, np.nan, ""])
def test_a_report_without_speakers_claims_nothing_about_speakers(
    protocol: str, missing: object
) -> None:
    page = Page(render(nameless(protocol, missing)))
    for claim in (
        "who are also in the training set",
        "speakers are in both",
        "over speakers)",
        "one speaker at a time",
        "interval is over speakers",
    ):
        assert claim not in page.text
    assert "the data do not give the speakers" in page.text
    assert "No speakers are known: each utterance counts as a speaker of its own" in page.text
    assert "over utterances)" in page.text
    assert "nan" not in page.text.split()


@pytest.mark.slow
def test_a_report_with_one_missing_speaker_is_still_over_speakers_and_says_how_many() -> None:
    page = Page(render(nameless("random", rows=slice(0, 1))))
    assert "over speakers)" in page.text
    assert "1 of 400 utterances has no speaker: each counts as a speaker of its own" in page.text
    assert "On speakers who are also in the training set" in page.text
    assert "has no speaker" not in Page(render(sample_run(protocol="random"))).text


def test_the_reliability_diagram_with_one_missing_speaker_is_still_over_speakers() -> None:
    whole, one, none = (
        widest(run)
        for run in (sample_run(), nameless("random", rows=slice(0, 1)), nameless("random"))
    )
    assert one == pytest.approx(whole, rel=0.1)
    assert abs(one - whole) < abs(none - whole) / 2


def widest(run: RunSummary) -> float:
    """How wide the widest interval of a bin's accuracy is."""
    shown = section(run)
    assert shown is not None
    intervals = [re.search(r"\[(.*), (.*)\]", row[-1]) for row in shown.table.rows]
    return max(float(match[2]) - float(match[1]) for match in intervals if match)


@pytest.mark.parametrize("protocol", [name for name, row in PROTOCOLS.items() if row.optimistic])
def test_optimistic_protocols_have_words_for_both_cases(protocol: str) -> None:
    assert where(protocol) != where(protocol, has_speakers=False)
    assert "OPTIMISTIC" in folds_sentence(protocol, has_speakers=False)
    assert "may be in both" in why_optimistic(has_speakers=False)
