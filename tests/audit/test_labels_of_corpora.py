"""Checks of labels take each corpus by itself: its classes and the codes of its sentences."""

from __future__ import annotations

import pandas as pd

from featser.audit.checks.label_checks import label_findings
from featser.audit.finding import Finding
from featser.experiment.audited import findings_of_protocols
from featser.tasks import Task

EMOTION = Task("emotion", "classification", ("angry", "bored", "sad"), "primary")


def two_corpora() -> pd.DataFrame:
    """Two corpora of two speakers and two sentences each; only the second has boredom."""
    rows = [
        (corpus, speaker, f"{number}", emotion)
        for corpus, speaker, third in (("a", "1", "sad"), ("b", "2", "bored"))
        for number, emotion in enumerate(("angry", third))
    ]
    table = pd.DataFrame(rows, columns=["corpus", "speaker", "sentence", "emotion"])
    other = table.assign(speaker=table["speaker"] + "x", sentence=table["sentence"] + "x")
    return pd.concat([table, other], ignore_index=True)


def kinds(table: pd.DataFrame) -> dict[str, Finding]:
    return {one.kind: one for one in label_findings(table, [EMOTION], (), "emotion")}


def test_a_sentence_code_in_two_corpora_is_two_sentences() -> None:
    assert "shared sentences" not in kinds(two_corpora())
    one = two_corpora().assign(corpus="a", speaker=list("abcdefgh"))
    assert "shared sentences" in kinds(one)


def test_a_class_that_the_corpus_does_not_have_is_not_lacking() -> None:
    assert "speakers lacking classes" not in kinds(two_corpora())
    table = two_corpora().drop(index=1)  # speaker 1 of corpus a now has anger only
    table.loc[len(table)] = ["a", "1", "9", "angry"]
    extra = pd.DataFrame({"corpus": "a", "speaker": "1x", "sentence": "8", "emotion": ["happy"]})
    (finding,) = [
        one
        for one in label_findings(pd.concat([two_corpora(), extra]), [EMOTION], (), "emotion")
        if one.kind == "speakers lacking classes"
    ]
    assert finding.message.startswith("1 speaker lacks at least one class of `emotion` (a/1)")
    assert "lacking: happy (1)." in finding.message


def test_runs_across_corpora_have_no_finding_on_shared_sentences() -> None:
    findings = list(kinds(two_corpora().assign(corpus="a", speaker=list("abcdefgh"))).values())
    across = findings_of_protocols(findings, ["leave-one-corpus-out"])
    assert {one.kind for one in findings} - {one.kind for one in across} == {"shared sentences"}
    assert findings_of_protocols(findings, ["leave-one-corpus-out", "random"]) == findings
