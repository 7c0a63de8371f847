"""What a field of an experiment says of itself: its help, its option, what it goes with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

EXTRACT = ("extract",)
FIT = ("fit",)
ALL_STUDIES = ("fit", "leakage", "curve")


@dataclass(frozen=True)
class Option:
    """How a field is described, typed on the command line, and checked against other fields.

    Parameters
    ----------
    help : str
        What the field decides, in one sentence; the default and the choices are added to it.
    flags : tuple of str
        Names on the command line; by default the field's own name, such as ``--two-pass``.
    panel : str
        The panel of the help; by default the field's group.
    metavar : str
        What stands for the value in the help.
    commands : tuple of str
        The commands that offer the option; none for fields that only a recipe has.
    choices : callable, optional
        Returns the valid names, for help and messages.
    suggestions : callable, optional
        Returns names for editors, where there are too many for help.
    added : callable, optional
        Returns further names that installed packages add, for help.
    default_text : str
        What the help shows as default where the value does not say it.
    default_texts : mapping of str to str
        Command → what its help shows instead of `default_text`.
    excludes : sequence of str
        Fields that must have their defaults where this one differs from its own.
    needs_memory : bool
        Whether a value other than the default needs all features in memory, so that features
        cannot be read in batches.
    in_batches : sequence of str
        Values that nevertheless work with features in batches.
    is_compared : bool
        Whether ``featser compare`` reports that runs differ in it. It does not for descriptions,
        for what its table of runs shows, and for what leaves the compared predictions as they are.
    """

    help: str
    flags: tuple[str, ...] = ()
    panel: str = ""
    metavar: str = ""
    commands: tuple[str, ...] = FIT
    choices: Callable[[], Sequence[str]] | None = None
    suggestions: Callable[[], Sequence[str]] | None = None
    added: Callable[[], Sequence[str]] | None = None
    default_text: str = ""
    default_texts: Mapping[str, str] = field(default_factory=dict)
    excludes: tuple[str, ...] = ()
    needs_memory: bool = False
    in_batches: tuple[str, ...] = ()
    is_compared: bool = True

    @property
    def meaning(self) -> str:
        """What the field decides, as a sentence.

        Examples
        --------
        >>> Option("How folds are made:").meaning
        'How folds are made.'
        """
        return f"{self.help.rstrip('.:')}."

    def names(self, field_name: str) -> tuple[str, ...]:
        """Return the option's names on the command line.

        Examples
        --------
        >>> Option("Help.").names("two_pass")
        ('--two-pass',)
        """
        return self.flags or (f"--{field_name.replace('_', '-')}",)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the field in the JSON schema that editors read."""
        described = handler(schema)
        described["description"] = self.meaning
        if described.get("type") == "array":
            return _one_or_many(described, self.choices or self.suggestions)
        if self.choices is not None:
            described["examples"] = list(self.choices())
        return described


def declared_option(model: type[BaseModel], name: str) -> Option:
    """Return the option that a field of a model declares."""
    metadata = model.model_fields[name].metadata
    return next(one for one in metadata if isinstance(one, Option))


def _one_or_many(
    described: dict[str, Any], names: Callable[[], Sequence[str]] | None
) -> dict[str, Any]:
    """Return the schema of several names, or of a single one."""
    item = described.pop("items")
    if names is not None:
        item = item | {"examples": list(names())}
    several = {"type": described.pop("type"), "items": item}
    if "minLength" in described:  # as pydantic calls the least number of a checked tuple
        several["minItems"] = described.pop("minLength")
    return described | {"anyOf": [several, item]}
