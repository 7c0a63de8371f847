"""The sentences of a methods paragraph on data: corpora, tasks, auxiliary corpora."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from featser.errors import counted
from featser.reporting.methods.bibtex import Reference, as_key, references_of_citation
from featser.reporting.methods.citations import keys_of, mark
from featser.reporting.methods.method_facts import CorpusFacts
from featser.reporting.numbers import count
from featser.reporting.summary import RunSummary
from featser.reporting.wording import as_sentence
from featser.tasks import Task

_REMARK = re.compile(r" \([^()]*\)$")
"""A remark at the end of a card's title."""
_MOST_CLASSES = 12
"""Tasks with more classes are described by their number alone."""


def corpus_references(corpora: Sequence[CorpusFacts]) -> list[Reference]:
    """Return what to cite for corpora, as their cards state it."""
    return [reference for corpus in corpora for reference in _references(corpus)]


def _references(corpus: CorpusFacts) -> list[Reference]:
    if not corpus.citation:
        return []
    return references_of_citation(as_key(corpus.name), corpus.citation, corpus.title)


def joined(texts: Sequence[str]) -> str:
    """Return texts as an enumeration.

    Examples
    --------
    >>> joined(["a", "b", "c"]), joined(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def data_sentences(run: RunSummary) -> Iterator[str]:
    """Yield the sentences on the corpora of a run and its labels."""
    corpora = run.methods.corpora
    n_rows = len(run.all_rows())
    parts = [_size(corpus) for corpus in corpora] or [f"{count(n_rows)} utterances"]
    total = f" ({count(n_rows)} utterances in all)" if len(corpora) > 1 else ""
    yield f"The data were {joined(parts)}{total}."
    if len(run.unusable):
        yield f"Another {counted(len(run.unusable), 'recording')} could not be used."
    for task in run.ordered_tasks:
        yield _task_sentence(run, task)
    aggregate = run.methods.options.get("aggregate") or {}
    for rated in run.rated:
        method = aggregate.get(rated.agreement.label, "")
        yield as_sentence(f"{rated.note}{mark(keys_of(f'aggregate {method}'))}")


def _size(corpus: CorpusFacts) -> str:
    """Return how much there is of a corpus, its title and its citation."""
    utterances = f"{count(corpus.utterances)} utterance{'s' * (corpus.utterances != 1)}"
    speakers = (
        f" by {counted(corpus.speakers, 'speaker')}"
        if corpus.speakers
        else " by speakers who are not named"
    )
    of_corpus = f" of {_name(corpus)}" if corpus.title or corpus.name else ""
    cited = mark(reference.key for reference in _references(corpus))
    return f"{utterances}{speakers}{of_corpus}{cited}"


def _name(corpus: CorpusFacts) -> str:
    """Return a corpus's title such that it can stand within a sentence.

    Examples
    --------
    >>> _name(CorpusFacts("emodb", 535, 10, title="EmoDB, the Berlin Database"))
    'EmoDB (the Berlin Database)'
    """
    if not corpus.title:
        return f"the corpus {corpus.name}"
    title = _REMARK.sub("", corpus.title)
    short, _, long = (f"the {title[4:]}" if title.startswith("The ") else title).partition(", ")
    return f"{short} ({long})" if long else short


def _task_sentence(run: RunSummary, task: Task) -> str:
    role = "The primary task" if task is run.primary else "A further task"
    if not task.categorical:
        return f"{role} was to predict {task.name} as a number (regression)."
    ordered = " ordered" * (task.kind == "ordinal")
    by_threshold = task.kind == "ordinal" and len(task.classes) > 2
    fitted = mark(keys_of("kind ordinal")) if by_threshold else ""
    if len(task.classes) > _MOST_CLASSES:
        return f"{role} was {task.name} with {len(task.classes)}{ordered} classes{fitted}."
    truth = run.predictions.loc[run.scored(task), f"{task.name}.true"].astype(str)
    counts = truth.value_counts()
    scored = [name for name in task.classes if counts.get(name, 0)]
    classes = joined([f"{name} (n = {count(int(counts[name]))})" for name in scored])
    n_classes = f"{len(task.classes)}{ordered} classes{fitted}"
    if len(scored) == len(task.classes):
        return f"{role} was {task.name} with {n_classes}: {classes}."
    if not scored:
        return f"{role} was {task.name} with {n_classes}, of which none was scored."
    were = "was" if len(scored) == 1 else "were"
    return (
        f"{role} was {task.name} with {n_classes}, of which {len(scored)} {were} scored: {classes}."
    )


def auxiliary_sentences(corpora: Sequence[CorpusFacts], weight: str) -> Iterator[str]:
    """Yield the sentences on corpora that are only trained on, and on their total weight."""
    if not corpora:
        return
    texts = [_size(corpus) for corpus in corpora]
    yield f"The training folds were offered {joined(texts)}, which were never tested."
    if weight:
        yield (
            f"Their total weight for the primary task, relative to that of the training fold, was "
            f"chosen on left-out speakers: {weight}."
        )
