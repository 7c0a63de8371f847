"""What a user chooses for each label, such as ``arousal=ordinal`` or ``emotion=majority``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from featser.experiment.declaration.validators import one_or_many
from featser.experiment.declaration.value_checks import valid_name
from featser.tasks import Kind


def kinds(value: Any) -> Any:
    """Read kinds of labels: a mapping, or texts such as ``arousal=ordinal``.

    Examples
    --------
    >>> kinds(["arousal=ordinal"])
    {'arousal': 'ordinal'}
    """
    return _by_label("kind", value, "LABEL=KIND, such as arousal=ordinal", get_args(Kind))


def aggregations(value: Any) -> Any:
    """Read methods of aggregation: a mapping, or texts such as ``emotion=majority``.

    Examples
    --------
    >>> aggregations(["emotion=majority"])
    {'emotion': 'majority'}
    """
    how = "LABEL=METHOD, such as emotion=majority"
    return _by_label("aggregation", value, how, aggregation_names())


def aggregation_names() -> Sequence[str]:
    """Return the names of the methods of aggregation."""
    from featser.ratings.methods import method_names

    return method_names()


def _by_label(what: str, value: Any, how: str, valid: Sequence[str]) -> dict[str, str]:
    """Read one valid name for each label."""
    if isinstance(value, Mapping):
        pairs = dict(value)
    else:
        pairs = {}
        for text in one_or_many(value):
            label, equals, name = str(text).partition("=")
            if not equals or not label:
                raise ValueError(f"'{text}': write {how}; valid: {', '.join(valid)}")
            pairs[label] = name
    for name in pairs.values():
        valid_name(what, name, valid)
    return pairs
