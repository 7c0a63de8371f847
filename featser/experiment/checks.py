"""What makes the values of an experiment's fields valid, beyond their types.

Every check returns the value in its full form, or raises ValueError with the valid names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import AfterValidator

from featser.errors import FeatserError, counted, unknown
from featser.tasks import NamedWeights

if TYPE_CHECKING:
    from featser.corpora.card import Card

Value = TypeVar("Value")
Check = Callable[[str], str]


def checked(check: Check) -> AfterValidator:
    """Return a validator of one value."""
    return AfterValidator(lambda value: _as_value_error(check, value))


def checked_if_given(check: Check) -> AfterValidator:
    """Return a validator of one value that may be None."""
    return AfterValidator(lambda value: None if value is None else _as_value_error(check, value))


def each_checked(check: Check) -> AfterValidator:
    """Return a validator of each of several values."""
    return AfterValidator(lambda values: tuple(_as_value_error(check, value) for value in values))


def all_checked(check: Callable[[tuple[str, ...]], tuple[str, ...]]) -> AfterValidator:
    """Return a validator of several values together."""
    return AfterValidator(lambda values: _as_value_error(check, values))


def one_or_many(value: Any) -> Any:
    """Read a single name as a tuple of one.

    Examples
    --------
    >>> one_or_many("mfcc"), one_or_many(["mfcc", "rhythm"])
    (('mfcc',), ('mfcc', 'rhythm'))
    """
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list | set | frozenset) else value


def number_as_text(value: Any) -> Any:
    """Return a number as text: YAML reads names such as 2 as numbers.

    Examples
    --------
    >>> number_as_text(2), number_as_text(None)
    ('2', None)
    """
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def not_empty(name: str) -> str:
    """Refuse an empty name."""
    if not name:
        raise ValueError("is empty: give a name, or leave it out")
    return name


MANIFEST = "manifest"
"""The name under which a recipe's corpora are the rows of a manifest."""


PATTERNED = "recordings"
"""The name of a recipe's corpus whose recordings a pattern of their paths reads."""


def corpus(name: str) -> str:
    """Check a corpus: a card that comes with featser, a card's file, a pattern, or MANIFEST."""
    from featser.corpora.card import load_card
    from featser.corpora.labelling.name_pattern import is_pattern, parse_pattern

    if is_pattern(name):
        return parse_pattern(name).text
    if Path(name).suffix.lower() in (".yaml", ".yml"):
        load_card(name)
        return name
    return valid_name("corpus", name, corpus_names())


def different_corpora(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a corpus that is named twice, also by a card's name and a card's file."""
    named: dict[str, str] = {}
    for name in names if len(names) > 1 else ():
        card = corpus_name(name)
        if card in named:
            other = named[card]
            what = f"'{name}'" if other == name else f"'{name}', the corpus of '{other}',"
            raise ValueError(f"{what} is named twice, so its utterances count twice: remove one")
        named[card] = name
    return names


def corpus_name(corpus: str) -> str:
    """Return the name of a recipe's corpus, by which ``--data`` says where it is.

    Examples
    --------
    >>> corpus_name("emodb"), corpus_name("{speaker}/{emotion}.wav")
    ('emodb', 'recordings')
    """
    from featser.corpora.card import load_card
    from featser.corpora.labelling.name_pattern import is_pattern

    if is_pattern(corpus):
        return PATTERNED
    return corpus if corpus == MANIFEST else load_card(corpus).name


def corpus_names() -> Sequence[str]:
    """Return the names of the corpora without files of cards."""
    from featser.corpora.card import list_cards

    return [*list_cards(), MANIFEST]


def _declared_cards(corpora: Sequence[str]) -> list[Card]:
    """Return the cards of corpora; none if one of them has none, or declares no tasks."""
    from featser.corpora.card import load_card
    from featser.corpora.labelling.name_pattern import is_pattern

    cards = [load_card(name) for name in corpora if name != MANIFEST and not is_pattern(name)]
    return cards if len(cards) == len(corpora) and all(card.tasks for card in cards) else []


def extractors(specs: tuple[str, ...]) -> tuple[str, ...]:
    """Check extractors; return their specs with ``default`` replaced by what it stands for."""
    from featser.features.registry import make_extractors
    from featser.features.spec_names import with_default_named

    named = with_default_named(specs)
    make_extractors(named)
    return named


def extractor_names() -> Sequence[str]:
    """Return the names of the extractors that need no file, and ``default``."""
    from featser.features import registry
    from featser.features.spec_names import DEFAULT

    return [*registry.extractor_names(), DEFAULT, *added_extractors()]


def added_extractors() -> Sequence[str]:
    """Return the names of the extractors that installed packages add."""
    from featser.features.third_party import third_party_names

    return third_party_names()


def augmentations(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Check augmentations; return them with presets replaced by what they stand for."""
    from featser.augmentation.augmentation_presets import with_presets_named
    from featser.augmentation.spec import parse_augmentations

    named = with_presets_named(texts)
    parse_augmentations(named)
    return named


def selector(spec: str) -> str:
    """Check a feature selector."""
    from featser.models.selection.selectors import parse_selection

    parse_selection(spec)
    return spec


def encoder(spec: str) -> str:
    """Check an encoder of packed frames."""
    if spec != "none":
        from featser.features.lowlevel.filterbanks import N_MELS
        from featser.models.encoders import make_encoder

        make_encoder(spec, N_MELS)
    return spec


def speaker_norm(text: str) -> str:
    """Return the full form of a normalisation by speaker."""
    from featser.evaluation.protocols.enrolment_split import NORMS, speaker_norm_of

    try:
        return speaker_norm_of(text)
    except FeatserError as error:
        near = get_close_matches(text.partition(":")[0], [*NORMS, "enrol"], n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"{error}{hint}") from None


def channel(text: str) -> str:
    """Return the full form of a channel."""
    from featser.audio.channels import parse_channel

    return parse_channel(text)


def model(text: str) -> str:
    """Return a model's name with synonyms replaced."""
    from featser.models.registry import canonical_name

    return canonical_name(text)


def model_names() -> Sequence[str]:
    """Return the names of the models."""
    from featser.models import registry

    return [*registry.model_names(), "vote"]


def protocol(name: str) -> str:
    """Return a protocol's name with synonyms replaced."""
    from featser.evaluation.protocols.registry import SYNONYMS

    return valid_name("protocol", SYNONYMS.get(name, name), protocol_names())


def protocol_names() -> Sequence[str]:
    """Return the names of the protocols."""
    from featser.evaluation.protocols.registry import PROTOCOLS

    return list(PROTOCOLS)


PAIRED = ("aligned", "gated")
"""Fusions of exactly two extractors."""
MAX_WEIGHT = 1_000_000


def weights(value: Any) -> Any:
    """Read weights: a name, numbers, or numbers with commas between them."""
    names = get_args(NamedWeights)
    if value in names:
        return value
    numbers = value.split(",") if isinstance(value, str) else value
    try:
        values = tuple(float(number) for number in numbers)
    except (TypeError, ValueError):
        raise ValueError(f"{unknown('value', value, names)}, or numbers such as 1,2,1") from None
    if not values or not all(isfinite(one) and one >= 0 for one in values) or not any(values):
        raise ValueError(f"{value!r}: weights are 0 or more, and not all of them 0")
    if max(values) > MAX_WEIGHT:
        raise ValueError(f"{value!r}: give weights of at most {MAX_WEIGHT:,}; only ratios count")
    return values


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


def path_text(value: Any) -> Any:
    """Return a path as text; what is no path is left to the field."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


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


def valid_name(what: str, name: str, valid: Any) -> str:
    """Return a name that exists, or say which do."""
    if name not in valid:
        raise ValueError(unknown(what, name, valid))
    return name


def _as_value_error(check: Callable[[Value], Value], value: Value) -> Value:
    """Let pydantic collect what a function of featser refuses."""
    try:
        return check(value)
    except FeatserError as error:
        raise ValueError(str(error)) from error
