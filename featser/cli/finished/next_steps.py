"""What is worth trying after a fit, with the commands for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featser.errors import FeatserError, counted

if TYPE_CHECKING:
    from featser.extraction.extraction import Extraction
    from featser.reporting.summary import RunSummary


def step_after_extraction(extraction: Extraction, options: Sequence[str]) -> str:
    """Return the line for the fit of what was extracted, which has to be one that is carried out.

    Parameters
    ----------
    extraction : Extraction
    options : sequence of str
        Options that the fit needs, such as the store.
    """
    protocol: list[str] = []
    promise = "a model, and a report with figures for new speakers"
    if n_missing := extraction.n_speakers_missing:
        protocol = ["--protocol", "random"]
        lack = f"{counted(n_missing, 'utterance')} {'has' if n_missing == 1 else 'have'} no speaker"
        promise = (
            f"a model, and a report with optimistic figures: {lack}, and figures for new speakers "
            f"need one for each utterance"
        )
    return f"next: {shlex.join(['featser', 'fit', *protocol, *options])} ({promise})"


def next_steps(summary: RunSummary, folder: str) -> Iterator[str]:
    """Yield a line for each command that looks closer at a run, or may improve it."""
    quoted = shlex.quote(folder)
    yield f"next: featser explain {quoted} (what it listens to)"
    if not summary.primary.categorical:
        return
    yield f"next: featser explore {quoted} (maps, errors to hear, likely label errors)"
    if tables := _helpful_tables(summary):
        yield (
            f"next: {_with_auxiliary(summary.command)} (the speakers are few: it trains on "
            f"{' and '.join(tables)} too, with a weight chosen on left-out speakers)"
        )


def _with_auxiliary(command: str) -> str:
    """Return a fit with the open corpora, into a folder of its own: runs can then be compared.

    Examples
    --------
    >>> _with_auxiliary("featser fit -m svm -o 'my run/'")
    "featser fit -m svm -o 'my run-aux' --aux open"
    >>> _with_auxiliary("featser fit --output=run")
    'featser fit --output=run-aux --aux open'
    """
    words, named = [], False
    for word in shlex.split(command):
        is_output = named or (word.startswith(("-o", "--output=")) and word != "-o")
        words.append(f"{word.rstrip('/')}-aux" if is_output else word)
        named = word in ("-o", "--output")
    return shlex.join([*words, "--aux", "open"])


def _helpful_tables(summary: RunSummary) -> list[str]:
    """Return tables that come with featser and could help, if speakers are few."""
    from featser.auxiliary.suggestion import FEW_SPEAKERS, helpful_tables

    facts = summary.methods
    if summary.command.split()[:2] != ["featser", "fit"]:  # others lack the option
        return []
    # The weight of other corpora is chosen on left-out speakers: of one speaker none is left.
    if not 1 < summary.predictions["speaker"].nunique() < FEW_SPEAKERS:
        return []
    if facts.auxiliary or not _takes_auxiliary(facts.options):
        return []
    corpora = {corpus.name for corpus in facts.corpora}
    return helpful_tables(summary.primary, facts.extractors, corpora)


def _takes_auxiliary(options: Mapping[str, Any]) -> bool:
    """Return whether an experiment can be trained with other corpora, all else being the same."""
    from featser.auxiliary.open_name import OPEN
    from featser.experiment.schema import Experiment

    try:
        Experiment(**{**options, "aux": (OPEN,)})
    except FeatserError:
        return False
    return bool(options)
