"""What makes the fields of an experiment valid together.

Every check raises ValueError with what the fields need of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from featser.errors import FeatserError, counted
from featser.experiment.declaration.value_checks import MANIFEST, valid_name
from featser.tasks import NamedWeights

if TYPE_CHECKING:
    from featser.corpora.card import Card

PAIRED = ("aligned", "gated")
"""Fusions of exactly two extractors."""


def vote_weights(given: NamedWeights | tuple[float, ...], model: str, n_pooled: int) -> None:
    """Check that there is a vote to weight, and a weight for each of its members.

    ``n_pooled`` is how many models of pooled extractors vote; 0 without such a fusion.
    """
    from featser.models.registry import members_of

    members = members_of(model)
    n_members = n_pooled or len(members)
    if given == "auto" or (isinstance(given, str) and n_members > 1):
        return
    typed = given if isinstance(given, str) else ",".join(f"{weight:g}" for weight in given)
    if n_members == 1:
        raise ValueError(
            f"--weights {typed} needs a vote, and --model {model} is one model: leave --weights "
            f"out, or name several models, such as --model {model},knn"
        )
    if len(given) != n_members:
        what = f"{n_pooled} pooled models" if n_pooled else f"{n_members} models"
        names = "two for each extractor" if n_pooled else ", ".join(members)
        raise ValueError(
            f"--weights {typed} has {counted(len(given), 'weight')}, and {what} vote ({names}): "
            f"give {n_members} numbers, such as {','.join('1' * n_members)}, or auto"
        )


def joint(how: str, model: str) -> None:
    """Check that a joint network is asked for with a network."""
    from featser.models.registry import NETWORKS

    if how != "none" and model not in NETWORKS:
        raise ValueError(
            f"--joint {how} needs one network for all tasks, --model "
            f"{', '.join(NETWORKS)}; it is '{model}'"
        )


def batches(model: str, in_memory: Sequence[str]) -> None:
    """Check that a model can be fitted in batches, and that no option needs all features."""
    from featser.models.registry import refuse_all_at_once

    if in_memory:
        raise ValueError(
            f"{in_memory[0]} needs all features in memory: leave --batches out, or that option"
        )
    try:
        refuse_all_at_once(model)
    except FeatserError as error:
        raise ValueError(str(error)) from error


def two_pass(how: str, model: str) -> None:
    """Check that the models of weighted languages take weights of utterances."""
    from featser.models.registry import find_model, members_of

    if how != "weighted":
        return
    without = [name for name in members_of(model) if not find_model(name).uses_weights]
    if without:
        raise ValueError(
            f"--two-pass {how} needs models that take weights of utterances, which --model "
            f"{', '.join(without)} does not: use --two-pass soft, or another model"
        )


def auxiliary(corpora: Sequence[str], model: str) -> None:
    """Check that models of auxiliary corpora take weights of utterances."""
    from featser.models.registry import find_model, members_of

    if not corpora:
        return
    without = [name for name in members_of(model) if not find_model(name).uses_weights]
    if without:
        raise ValueError(
            f"--aux needs models that take weights of utterances, which --model "
            f"{', '.join(without)} does not: use --model vote, or another model"
        )


def soft_labels(label: str, method: str, model: str, hard_only: Sequence[str]) -> None:
    """Check that models and options can be fitted on shares of votes."""
    from featser.models.registry import FITTED_ON_VOTES, find_model, members_of
    from featser.ratings.methods import method_of

    if not method_of(method).is_soft:
        return
    typed = f"--aggregate {label}={method}"
    without = [name for name in members_of(model) if not find_model(name).takes_soft_labels]
    if without:
        raise ValueError(
            f"{typed} needs models that can be fitted on shares of votes, which --model "
            f"{', '.join(without)} cannot: use --model vote, {', '.join(FITTED_ON_VOTES)}, or "
            f"--aggregate {label}=majority"
        )
    if hard_only:
        raise ValueError(
            f"{typed} cannot be combined with {hard_only[0]}, which is fitted on one class for "
            f"each utterance: leave it out, or use --aggregate {label}=majority"
        )


def fusion(how: str, model: str, features: Sequence[str]) -> None:
    """Check that there are as many extractors and models as a fusion combines."""
    from featser.models.registry import members_of

    count, names = len(features), ", ".join(features)
    if how in PAIRED and count != 2:
        raise ValueError(f"--fusion {how} combines two extractors; there are {count}: {names}")
    members = members_of(model)
    if how == "pooled" and len(members) not in (1, count):
        raise ValueError(
            f"--fusion {how} needs a model for each of {count} extractors ({names}), or one for "
            f"all; --model names {len(members)}: {', '.join(members)}"
        )


def corpus_split(corpora: Sequence[str], protocols: Sequence[str]) -> None:
    """Check that corpora of the training and the test set are named for cross-corpus."""
    if corpora and "cross-corpus" not in protocols:
        raise ValueError(
            f"--train and --test are for `--protocol cross-corpus`; the protocols are "
            f"{', '.join(protocols)}"
        )


def published_folds(folds: str, protocols: Sequence[str]) -> None:
    """Check that published folds are given for a protocol that carries them out."""
    from featser.evaluation.protocols.registry import PROTOCOLS

    if folds and not any(PROTOCOLS[name].as_given for name in protocols):
        raise ValueError(
            f"--folds is for `--protocol folds`; the protocols are {', '.join(protocols)}"
        )


def enrolment_curve(is_asked: bool, norm: str) -> None:
    """Check that an enrolment curve is asked for with enrolment."""
    from featser.evaluation.protocols.enrolment_split import enrolled_recordings

    if is_asked and not enrolled_recordings(norm):
        raise ValueError(
            f"--enrolment-curve is for `--speaker-norm enrol`; --speaker-norm is '{norm}'"
        )


def corpora_in_split(names: Sequence[str], corpora: Sequence[str]) -> None:
    """Check that the corpora of the training and the test set are the experiment's."""
    cards = _declared_cards(corpora)
    if cards:
        for name in names:
            valid_name("corpus", name, [card.name for card in cards])


def tasks(names: Sequence[str], corpora: Sequence[str], declared: Sequence[str]) -> None:
    """Check that the cards of the corpora, or other fields, declare labels of these names."""
    cards = _declared_cards(corpora)
    if cards:
        valid = {task for card in cards for task in card.tasks}
        valid |= {"language", *declared}  # every card has a language
        for name in names:
            valid_name("task", name, sorted(valid))


def _declared_cards(corpora: Sequence[str]) -> list[Card]:
    """Return the cards of corpora; none if one of them has none, or declares no tasks."""
    from featser.corpora.card import load_card
    from featser.corpora.labelling.name_pattern import is_pattern

    cards = [load_card(name) for name in corpora if name != MANIFEST and not is_pattern(name)]
    return cards if len(cards) == len(corpora) and all(card.tasks for card in cards) else []
