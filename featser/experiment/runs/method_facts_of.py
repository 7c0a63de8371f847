"""What a methods paragraph needs to know of a run, collected from data, cards and experiment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from featser.corpora.card import Card, list_cards, load_card
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.groups import speaker_ids
from featser.experiment.loading.data import Data
from featser.experiment.model_description import describe_weights
from featser.experiment.plan import left_out_inside
from featser.experiment.schema import Experiment
from featser.models.chosen import AUXILIARY, WEIGHTS
from featser.models.names import fitted_name
from featser.models.registry import find_model, members_of
from featser.reporting.methods.method_facts import CorpusFacts, MethodFacts

_NOT_CITED = ("that of the recordings", "none needed")
"""What the cards of layouts and of the demo corpus state in place of a citation."""


def method_facts(
    experiment: Experiment,
    data: Data,
    cards: Sequence[Card],
    auxiliary: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> MethodFacts:
    """Collect how a run was made.

    Parameters
    ----------
    experiment : Experiment
    data : Data
        What the model was fitted on.
    cards : sequence of Card
        Cards of the user's own, which stand before those of the same name that featser brings.
    auxiliary : sequence of mapping
        The auxiliary corpora that are used, as
        :meth:`~featser.experiment.loading.auxiliary_data.AuxiliaryData.described` has them.
    chosen : mapping
        Protocol → fold → task → estimator → what was chosen on left-out speakers.
    """
    categorical = data.tasks[0].categorical
    names = [fitted_name(name, categorical) for name in members_of(experiment.model)]
    return MethodFacts(
        corpora=tuple(_corpora(data.table, {card.name: card for card in cards})),
        auxiliary=tuple(_auxiliary_facts(one) for one in auxiliary),
        auxiliary_weight=_auxiliary_weight(experiment, data, chosen),
        models={name: find_model(name).title for name in names},
        weights=_weights_in_words(experiment, data, chosen),
        extractors={one.spec: one.description for one in data.extractors},
        options=experiment.to_dict(),
        augmented_copies=0 if data.copies is None else len(data.copies.X),
    )


def _auxiliary_weight(
    experiment: Experiment, data: Data, chosen: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> str:
    """Say in how many folds of the leading protocol each weight was chosen."""
    folds = chosen.get(experiment.protocols[0], {})
    weights = [
        f"{tasks[data.tasks[0].name][AUXILIARY]['weight']:g}"
        for fold, tasks in folds.items()
        if fold != "all" and AUXILIARY in tasks.get(data.tasks[0].name, {})
    ]
    return ", ".join(
        f"{weight} in {n_folds} of {len(weights)} folds"
        for weight, n_folds in Counter(weights).most_common()
    )


def _weights_in_words(
    experiment: Experiment, data: Data, chosen: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> str:
    """Say how members of a vote were weighted; of automatic weights, what they came to."""
    if len(members_of(experiment.model)) == 1:
        return ""
    left_out = left_out_inside(experiment.protocols[0], data)
    if experiment.weights != "auto":
        return describe_weights(experiment, left_out)
    tasks = [task for folds in chosen.values() for fold in folds.values() for task in fold.values()]
    came_to = "stacked" if any(WEIGHTS in task for task in tasks) else "equal"
    return describe_weights(experiment.model_copy(update={"weights": came_to}), left_out)


def _corpora(table: pd.DataFrame, own: Mapping[str, Card]) -> list[CorpusFacts]:
    corpus = pd.Series(as_text(table["corpus"]) if "corpus" in table else "", table.index)
    speakers = pd.Series(speaker_ids(table), table.index)
    return [
        _facts(str(name), speakers[corpus == name], _card(str(name), own))
        for name in dict.fromkeys(corpus)
    ]


def _card(name: str, own: Mapping[str, Card]) -> Card | None:
    if name in own:
        return own[name]
    return load_card(name) if name in list_cards() else None


def _facts(name: str, speakers: pd.Series[str], card: Card | None) -> CorpusFacts:
    n_speakers = len(set(speakers) - {""})
    if card is None:
        return CorpusFacts(name, len(speakers), n_speakers)
    is_layout = card.citation == _NOT_CITED[0]
    return CorpusFacts(
        name,
        len(speakers),
        n_speakers,
        title="" if is_layout else card.title,
        language=card.language,
        licence=card.licence,
        citation="" if card.citation in _NOT_CITED else card.citation,
        source=card.source,
        faults=(*card.faults, *card.cautions),
    )


def _auxiliary_facts(described: Mapping[str, Any]) -> CorpusFacts:
    name = str(described["name"])
    title = load_card(name).title if name in list_cards() else ""
    return CorpusFacts(
        name,
        int(described["utterances"]),
        int(described["speakers"]),
        title=title,
        licence=str(described["licence"]),
        citation=str(described["citation"]),
        source=str(described["source"]),
    )
