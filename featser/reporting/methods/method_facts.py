"""What a methods paragraph needs to know of a run beside its results, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CorpusFacts:
    """A corpus of a run.

    Attributes
    ----------
    name : str
        Its name in the data; empty where the data name no corpus.
    utterances, speakers : int
        How many of it the run uses.
    title, language, licence, citation, source : str
        As its card states them; empty without a card.
    faults : tuple of str
        Known faults and cautions, as sentences.
    """

    name: str
    utterances: int
    speakers: int
    title: str = ""
    language: str = ""
    licence: str = ""
    citation: str = ""
    source: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class MethodFacts:
    """How a run was made.

    Attributes
    ----------
    corpora, auxiliary : tuple of CorpusFacts
        The corpora of the data, and those that are only trained on.
    auxiliary_weight : str
        Which total weights of the auxiliary corpora were chosen for the primary task.
    models : dict of str to str
        The models fitted for the primary task, and what each is in a few words.
    weights : str
        How the members of a vote are weighted.
    extractors : dict of str to str
        The extractors, by specification, and what each computes.
    options : dict
        The fields of the experiment, as plain data.
    augmented_copies : int
        Altered copies in training folds.
    """

    corpora: tuple[CorpusFacts, ...] = ()
    auxiliary: tuple[CorpusFacts, ...] = ()
    auxiliary_weight: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    weights: str = ""
    extractors: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    augmented_copies: int = 0
