"""The datasheet of a run's data, in Markdown.

After T. Gebru et al., "Datasheets for Datasets", Communications of the ACM 64(12), 2021. It states
what cards and data say; what only the people who recorded the data know is in the publications that
the cards name.
"""

from __future__ import annotations

from collections.abc import Iterator

from featser.errors import counted
from featser.io.escaping import for_markdown
from featser.reporting import data_section
from featser.reporting.exports.markdown_table import markdown_table
from featser.reporting.methods.method_facts import CorpusFacts
from featser.reporting.methods.model_card import as_page, bullet_list
from featser.reporting.statements.confounding import classes_of_speakers
from featser.reporting.summary import RunSummary
from featser.reporting.tables import Table

_MOST_REASONS = 20


def datasheet(run: RunSummary) -> str:
    """Return the datasheet of a run's data.

    Parameters
    ----------
    run : RunSummary
        A run, with its method facts.

    Returns
    -------
    str
        Markdown; names from data are escaped.
    """
    sections = {
        "Composition": _composition(run),
        "Origin, licence and citation": _origin(run),
        "Known faults": _faults(run),
        "Labels": _labels(run),
        "Processing": _processing(run),
        "Findings of the audit": _findings(run),
    }
    return as_page(f"Datasheet: {run.title}", sections)


def _composition(run: RunSummary) -> Iterator[str]:
    yield bullet_list([f"{name}: {value}" for name, value in data_section.facts(run).items()])
    classes = classes_of_speakers(run)
    if classes is not None:
        yield f"Speakers with recordings of one class only: {classes.single_share}."
    for table in data_section.class_counts(run):
        yield markdown_table(table)


def _origin(run: RunSummary) -> Iterator[str]:
    for corpus in run.methods.corpora:
        yield _described(corpus, "evaluated and trained on")
    for corpus in run.methods.auxiliary:
        yield _described(corpus, "only trained on")


def _described(corpus: CorpusFacts, use: str) -> str:
    name = corpus.name or "(no corpus named)"
    size = f"{counted(corpus.utterances, 'utterance')}, {counted(corpus.speakers, 'speaker')}"
    stated = {
        "title": corpus.title,
        "language": corpus.language,
        "source": corpus.source,
        "licence": corpus.licence,
        "citation": corpus.citation,
    }
    lines = [f"{label}: {text}" for label, text in stated.items() if text]
    if not lines:
        lines = ["no card describes this corpus: its licence and origin are not stated"]
    return f"**{for_markdown(name)}** ({use}; {size})\n\n{bullet_list(lines)}"


def _faults(run: RunSummary) -> Iterator[str]:
    faults = [
        f"{corpus.name}: {fault}" for corpus in run.methods.corpora for fault in corpus.faults
    ]
    if faults:
        yield bullet_list(faults)


def _labels(run: RunSummary) -> Iterator[str]:
    yield markdown_table(data_section.labels_per_task(run))
    for rated in run.rated:
        yield for_markdown(f"{rated.agreement.label}: {rated.note}.")
    if run.refused_tasks:
        yield "Columns that are not used as labels:"
        yield bullet_list([f"{name}: {reason}" for name, reason in run.refused_tasks.items()])


def _processing(run: RunSummary) -> Iterator[str]:
    rows = [
        [str(row["extractor"]), run.methods.extractors.get(str(row["extractor"]), ""),
         str(row["dimension"])]
        for row in run.features.to_dict("records")
    ]  # fmt: skip
    if rows:
        columns = ["extractor", "what it computes", "features"]
        yield markdown_table(Table("Features", columns, rows, {0, 1}))
    if run.methods.augmented_copies:
        yield f"Augmented copies in training folds: {run.methods.augmented_copies}."
    unusable = run.unusable
    if len(unusable):
        yield f"{counted(len(unusable), 'recording')} could not be used:"
        pairs = zip(unusable["file"], unusable["reason"], strict=True)
        listed = [f"{file}: {reason}" for file, reason in pairs]
        yield bullet_list(listed[:_MOST_REASONS])
        if len(listed) > _MOST_REASONS:
            yield f"The report lists the other {len(listed) - _MOST_REASONS}."


def _findings(run: RunSummary) -> Iterator[str]:
    found_faults = [f"{one['severity']}: {one['kind']}: {one['message']}" for one in run.findings]
    yield bullet_list(found_faults) if found_faults else "The data were not audited."
