"""What is to be predicted: tasks.

A :class:`Task` is one label with its kind. It knows nothing of features or estimators, so that
models, metrics and reports can share it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from featser.errors import TaskError, unknown

Kind = Literal["classification", "ordinal", "regression"]
Role = Literal["primary", "auxiliary"]
Coupling = Literal["independent", "chain", "powerset", "stacked", "auto"]
"""How tasks use each other's predictions: see :mod:`featser.models.coupling.coupling`."""
TwoPass = Literal["none", "common", "hard", "soft", "weighted"]
"""How the language is identified first: see :mod:`featser.models.language.two_pass`."""
NamedWeights = Literal["auto", "equal", "inner", "stacked"]
"""Weights of a vote's members: see :mod:`featser.models.ensemble.voting`."""
Fusion = Literal["none", "aligned", "gated", "pooled"]
"""How streams of features are put together: see :mod:`featser.models.fusion.gated_vote`."""

MAX_CLASSES = 20
"""A label of unknown kind with more different values than that holds numbers, not classes."""

Joint = Literal["none", "equal", "ming", "uncertainty", "dwa", "druw", "primary-gate"]
"""Whether tasks share a network, and how their losses are then weighted:
:mod:`featser.models.streams.joint`."""


@dataclass(frozen=True)
class Task:
    """One label to predict.

    Parameters
    ----------
    name : str
        The manifest's column.
    kind : {'classification', 'ordinal', 'regression'}
        What the label is.
    classes : tuple of str
        The classes, in the order of reports; for ``ordinal`` from low to high.
        Empty for ``regression``.
    role : {'primary', 'auxiliary'}
        One task of a run is primary: folds are stratified by it and reports begin with it.

    Raises
    ------
    TaskError
        If the kind or role is unknown, or the classes do not fit the kind.
    """

    name: str
    kind: Kind = "classification"
    classes: tuple[str, ...] = ()
    role: Role = "auxiliary"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise TaskError(f"task '{self.name}': {unknown('kind', self.kind, get_args(Kind))}")
        if self.role not in get_args(Role):
            raise TaskError(f"task '{self.name}': {unknown('role', self.role, get_args(Role))}")
        if self.kind == "regression" and self.classes:
            raise TaskError(f"task '{self.name}': a regression task has no classes")
        if self.kind != "regression" and len(set(self.classes)) < 2:
            raise TaskError(
                f"task '{self.name}': {self.kind} needs two or more different classes, "
                f"got {list(self.classes)}"
            )

    @property
    def categorical(self) -> bool:
        """Whether predictions are classes with probabilities."""
        return self.kind != "regression"

    def with_role(self, role: Role) -> Task:
        """Return the same task in another role."""
        return replace(self, role=role)

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain data, for JSON."""
        return asdict(self) | {"classes": list(self.classes)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Task:
        """Build a task from :meth:`to_dict`'s data."""
        return cls(**(data | {"classes": tuple(data["classes"])}))
