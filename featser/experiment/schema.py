"""The experiment: everything that decides a result, declared once.

:mod:`featser.experiment.declaration.fields` declares its fields, and this module what they are
together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, model_validator

from featser.experiment.declaration import combination_checks
from featser.experiment.declaration.field_errors import input_error
from featser.experiment.declaration.fields import (
    DataFields,
    EvaluationFields,
    FeatureFields,
    Fields,
    ModelFields,
)
from featser.experiment.declaration.option import Option, declared_option

if TYPE_CHECKING:
    from featser.evaluation.protocols.request import CorpusSplit

GROUPS: Mapping[str, type[Fields]] = {
    "Data": DataFields,
    "Features": FeatureFields,
    "Model": ModelFields,
    "Evaluation": EvaluationFields,
}


_HARD_ONLY = ("coupling", "two_pass", "joint", "fusion", "tune")
"""Fields whose models are fitted on one class for each utterance."""


class Experiment(EvaluationFields, ModelFields, FeatureFields, DataFields):
    """Everything that decides a result.

    The fields are those of the groups: data, features, model, evaluation. ``featser recipe
    schema`` prints them as a JSON schema.

    Raises
    ------
    InputError
        If a field is unknown, a value is not valid, or two fields exclude each other.
        ``Experiment.model_validate`` raises pydantic's ``ValidationError`` instead.

    Examples
    --------
    >>> Experiment(model="svm", protocols="loso").protocols
    ('leave-one-speaker-out',)
    """

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise input_error(error, type(self).model_fields) from None

    # pydantic: model_validate does not call __init__, so that it raises ValidationError.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    @property
    def corpus_split(self) -> CorpusSplit:
        """The training and test corpora, for protocols that need them."""
        from featser.evaluation.protocols.request import CorpusSplit

        return CorpusSplit(self.train, self.test, self.dev)

    @model_validator(mode="after")
    def _check_exclusions(self) -> Experiment:
        for name in self.changed_fields():
            for other in option_of(name).excludes:
                if getattr(self, other) != default_of(other):
                    raise ValueError(
                        f"{self.typed(name)} cannot be combined with {self.typed(other)}"
                    )
        return self

    @model_validator(mode="after")
    def _check_needs(self) -> Experiment:
        if self.batches:
            combination_checks.batches(
                self.model, [self.typed(name) for name in self.fields_in_memory()]
            )
        if self.fusion in combination_checks.PAIRED and self.weights != default_of("weights"):
            raise ValueError(
                f"{self.typed('weights')} has no effect with {self.typed('fusion')}, which has one "
                f"model or weights its models itself: leave --weights out"
            )
        pooled = 2 * len(self.features) if self.fusion == "pooled" else 0
        combination_checks.vote_weights(self.weights, self.model, pooled)
        combination_checks.joint(self.joint, self.model)
        combination_checks.two_pass(self.two_pass, self.model)
        combination_checks.auxiliary(self.aux, self.model)
        for label, method in self.aggregate.items():
            hard_only = [name for name in _HARD_ONLY if getattr(self, name) != default_of(name)]
            combination_checks.soft_labels(
                label, method, self.model, [self.typed(name) for name in hard_only]
            )
        combination_checks.fusion(self.fusion, self.model, self.features)
        combination_checks.enrolment_curve(self.enrolment_curve, self.speaker_norm)
        combination_checks.corpora_in_split((*self.train, *self.test), self.corpora)
        combination_checks.corpus_split((*self.train, *self.test), self.protocols)
        combination_checks.published_folds(self.folds, self.protocols)
        combination_checks.tasks(
            (*self.tasks, self.primary), self.corpora, (*self.kinds, *self.columns.values())
        )
        return self

    def changed_fields(self) -> list[str]:
        """Return the fields whose values differ from their defaults."""
        return [name for name in type(self).model_fields if getattr(self, name) != default_of(name)]

    def fields_in_memory(self) -> list[str]:
        """Return the fields whose values need all features in memory.

        Examples
        --------
        >>> Experiment(tune=True, speaker_norm="transductive").fields_in_memory()
        ['tune']
        """
        names = [name for name in self.changed_fields() if option_of(name).needs_memory]
        return [name for name in names if getattr(self, name) not in option_of(name).in_batches]

    def typed(self, name: str) -> str:
        """Return a field with its value as it is typed on the command line, for messages.

        Examples
        --------
        >>> Experiment(tune=True).typed("tune"), Experiment(coupling="chain").typed("coupling")
        ('--tune', '--coupling chain')
        """
        value = getattr(self, name)
        if value is True:
            return f"--{flag(name)}"
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        return f"--{flag(name)} {text}"

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain data, for JSON and YAML.

        Examples
        --------
        >>> Experiment(model="svm").to_dict()["protocols"]
        ['speaker-independent']
        """
        return self.model_dump(mode="json")


def option_of(name: str) -> Option:
    """Return a field's option."""
    return declared_option(Experiment, name)


def default_of(name: str) -> Any:
    """Return a field's default."""
    return Experiment.model_fields[name].get_default()


def flag(name: str) -> str:
    """Return a field's name on the command line, without the dashes.

    Examples
    --------
    >>> flag("tasks"), flag("two_pass")
    ('task', 'two-pass')
    """
    return option_of(name).names(name)[0].removeprefix("--")


def group_of(name: str) -> str:
    """Return the group that a field belongs to.

    Examples
    --------
    >>> group_of("model")
    'Model'
    """
    return next(group for group, fields in GROUPS.items() if name in fields.model_fields)
