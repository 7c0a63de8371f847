"""Pages on methods follow the summary of a run, and hostile names stay text in them."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from featser.reporting.html import render
from featser.reporting.methods.method_facts import CorpusFacts, MethodFacts
from featser.reporting.methods.method_files import method_pages
from featser.reporting.methods.methods_text import methods_paragraph, references
from featser.tasks import Task
from tests.fuzz.hostile import HOSTILE
from tests.reporting.sample import sample_run

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


def test_several_corpora_copies_and_options_are_stated() -> None:
    facts = MethodFacts(
        corpora=(CorpusFacts("a", 150, 4), CorpusFacts("b", 250, 1, "B, a corpus (part 1)")),
        models={"svm": "support vector machine, RBF kernel", "ridge": "ridge regression"},
        weights="weights 1, 2",
        options={
            "select": "anova:0.5",
            "encode": "ivector:64",
            "coupling": "independent",
            "augmentation": ["noise:snr=5"],
            "channel": "left",
        },
        augmented_copies=1,
    )
    text = methods_paragraph(sample_run(methods=facts))
    assert text.startswith(
        "The data were 150 utterances by 4 speakers of the corpus a and 250 utterances by "
        "1 speaker of B (a corpus) (400 utterances in all)."
    )
    assert "a soft vote of a support vector machine (RBF kernel) [@cortes1995svm] and ridge" in text
    assert "with weights 1, 2." in text
    assert "Features were selected on the training fold (anova:0.5)." in text
    assert "encoded by ivector:64 [@dehak2011ivector]" in text
    assert "coupled" not in text
    assert "1 augmented copy of recordings (noise:snr=5), which were never tested." in text
    assert "left was read" in text


def test_optimistic_folds_and_normalisation_are_stated() -> None:
    text = methods_paragraph(sample_run(protocol="random", speaker_norm="transductive"))
    assert "6-fold cross-validation over utterances." in text
    assert "The figures are optimistic for new speakers, because speakers are in both" in text
    assert "with all of their own unlabelled recordings (transductive)" in text


@pytest.mark.parametrize("name", ["leave-one-corpus-out", "fixed-split", "my-own-protocol"])
def test_other_protocols_have_words(name: str) -> None:
    text = methods_paragraph(sample_run(protocol=name))
    assert re.search(
        r"Evaluation was by (leave-one-corpus-out|a test on|the protocol my-own)", text
    )


def test_addresses_and_names_with_at_signs_are_no_citations() -> None:
    """Pandoc reads ``@word`` and ``[@word]`` as citations; only works of the bibliography are."""
    run = sample_run(classes=("me@lab.org", "b [@stranger]", "c [@pedregosa2011scikit]"))
    page = method_pages(run)["methods.md"]
    assert r"me\@lab.org" in page
    assert r"b [\@stranger]" in page
    cited = re.findall(r"(?<!\\)@([\w-]+)", page)
    assert set(cited) <= {reference.key for reference in references(run)}


def test_classes_that_are_not_scored_are_counted_and_not_listed() -> None:
    run = sample_run(all_tasks=False)
    task = run.primary
    run.tasks[0] = Task(task.name, "classification", (*task.classes, "bored"))
    n_classes = len(task.classes)
    text = methods_paragraph(run)
    assert f"with {n_classes + 1} classes, of which {n_classes} were scored: " in text
    assert "bored" not in text


FIRSTS = range(0, len(HOSTILE), 10)


@pytest.mark.parametrize(
    "first", [FIRSTS[0], *(pytest.param(first, marks=pytest.mark.slow) for first in FIRSTS[1:])]
)
def test_hostile_names_stay_text_on_every_page(first: int) -> None:
    names = [name for name in HOSTILE[first : first + 10] if name.strip()] + ["plain"]
    run = sample_run(rows=90, classes=tuple(names), speakers=4, all_tasks=False)
    run.title = run.command = run.model = "".join(names)
    run.notes = list(names)
    run.refused_tasks = dict.fromkeys(names, names[0])
    run.predictions["corpus"] = [names[row % len(names)] for row in range(90)]
    run.unusable = pd.DataFrame({"file": names, "reason": names}, dtype=object)
    run.methods = MethodFacts(
        corpora=tuple(CorpusFacts(name, 9, 2, name, name, name, name, name) for name in names),
        auxiliary=tuple(CorpusFacts(name, 1, 1, citation=name) for name in names),
        extractors={"egemaps": names[0]},
        models={name: name for name in names},
        options={"augmentation": names, "select": names[0]},
        augmented_copies=2,
    )
    for name, text in method_pages(run).items():
        assert not UNSAFE.search(text), name
        assert "<script>" not in text, name
        assert "secret@" not in text, name
    markup = render(run)
    assert markup.count("<script") == 1
    assert not UNSAFE.search(markup)
