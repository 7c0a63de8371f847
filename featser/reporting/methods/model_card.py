"""The model card of a run, in Markdown.

After M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019: details, intended use,
factors, metrics, data, results, caveats. Every statement is derived from the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from featser import __version__
from featser.io.escaping import for_markdown
from featser.reporting import gap_tables, tables
from featser.reporting.data_section import facts
from featser.reporting.exports.markdown_table import markdown_table
from featser.reporting.methods.corpus_sentences import joined
from featser.reporting.numbers import ABSENT
from featser.reporting.statements.verdict_box import verdict_box
from featser.reporting.summary import RunSummary
from featser.reporting.wording import folds_sentence, headline_sentence, where


def model_card(run: RunSummary) -> str:
    """Return the model card of a run.

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
        "Model details": _details(run),
        "Intended use": _use(run),
        "Factors": _factors(run),
        "Metrics": _metrics(run),
        "Training and evaluation data": _data(run),
        "Results": _results(run),
        "Caveats": _caveats(run),
    }
    return as_page(f"Model card: {run.title}", sections)


def as_page(title: str, sections: dict[str, Iterator[str]]) -> str:
    """Return a page of Markdown with a heading for each section that has a paragraph."""
    lines = [f"# {for_markdown(title)}"]
    for heading, paragraphs in sections.items():
        listed = list(paragraphs)
        lines += [f"## {heading}", *listed] if listed else []
    return "\n\n".join(lines) + "\n"


def bullet_list(items: list[str]) -> str:
    """Return a list of Markdown, its text escaped."""
    return "\n".join(f"- {for_markdown(item)}" for item in items)


def _details(run: RunSummary) -> Iterator[str]:
    features = [str(name) for name in run.features["extractor"]]
    yield bullet_list(
        [
            f"Model: {run.model or ABSENT}.",
            f"Features: {joined(features) or ABSENT}.",
            f"Speaker normalisation: {run.speaker_norm}.",
            f"Tasks: {joined([f'{task.name} ({task.kind})' for task in run.ordered_tasks])}.",
            f"Made with featser {__version__}, seed {run.seed}: {run.command}",
        ]
    )


def _use(run: RunSummary) -> Iterator[str]:
    box = verdict_box(run)
    tasks = joined([task.name for task in run.ordered_tasks])
    yield for_markdown(
        f"The model predicts {tasks} of utterances recorded like those it was fitted on. The "
        f"evaluation supports the following use. {box.promise}"
    )
    yield "The evaluation does not support:"
    yield bullet_list(list(box.limits))
    yield (
        "Labels of emotion are judgements on recordings, not states of a person. Decisions on "
        "individual people need more than this evaluation."
    )


def _factors(run: RunSummary) -> Iterator[str]:
    gaps = gap_tables.group_tables(run)
    if not gaps:
        yield "The data have no groups, such as gender or age, whose figures could be compared."
    for table in gaps:
        yield markdown_table(table)


def _metrics(run: RunSummary) -> Iterator[str]:
    yield for_markdown(headline_sentence(run))
    yield for_markdown(folds_sentence(run.protocol, has_speakers=run.has_speakers))


def _data(run: RunSummary) -> Iterator[str]:
    listed = [f"{name}: {value}" for name, value in facts(run).items()]
    for corpus in run.methods.auxiliary:
        listed.append(f"auxiliary corpus, only for training: {corpus.name}")
    yield bullet_list(listed)
    yield "The datasheet (`datasheet.md`) describes the data."


def _results(run: RunSummary) -> Iterator[str]:
    box = verdict_box(run)
    for warning in box.warnings:
        yield f"**{for_markdown(warning)}**"
    beside = ", ".join(f"{name} {value}" for name, value in box.facts.items())
    place = where(run.protocol, has_speakers=run.has_speakers)
    yield for_markdown(f"{place}: {box.metric} of {box.task} {box.value}, {beside}. {box.verdict}")
    for task in run.ordered_tasks:
        if run.figures(task):
            yield markdown_table(tables.results(run, task))
        if task.categorical and run.scored(task).any():
            yield markdown_table(tables.recalls(run, task))


def _caveats(run: RunSummary) -> Iterator[str]:
    notes = [
        *run.notes,
        *(f"{one['kind']}: {one['message']}" for one in run.findings if one["severity"] != "note"),
    ]
    if notes:
        yield bullet_list(notes)
