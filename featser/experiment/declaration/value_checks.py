"""What makes the value of one field of an experiment valid, beyond its type.

Every check returns the value in its full form, or raises ValueError with the valid names.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from featser.errors import FeatserError, unknown
from featser.tasks import NamedWeights


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


def valid_name(what: str, name: str, valid: Any) -> str:
    """Return a name that exists, or say which do."""
    if name not in valid:
        raise ValueError(unknown(what, name, valid))
    return name
