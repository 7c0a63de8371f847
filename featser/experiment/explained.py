"""Why an experiment was refused, in one line that names the field, its value and the valid ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from featser.errors import InputError, RecipeError
from featser.experiment.declaration.field_errors import input_error, problem_of
from featser.experiment.schema import Experiment, option_of

REQUIRED = ("name", "corpora")
"""Fields that every recipe has."""


def check_fields(fields: Mapping[str, Any], *, in_recipe: bool = False) -> None:
    """Refuse values that are not valid whatever the source, before any work.

    Parameters
    ----------
    fields : mapping
        Names and values of fields.
    in_recipe : bool
        Whether they change a recipe, so that its corpora and labels can be among them.

    Raises
    ------
    InputError
        As :class:`Experiment`, but for fields that exclude each other; or if a field must be
        in a recipe.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    for name in given:
        if not in_recipe and name in Experiment.model_fields and not option_of(name).commands:
            raise InputError("this field is part of a recipe: write one, or use `run`", name)
    try:
        Experiment.model_validate(given)
    except ValidationError as error:
        if error.errors()[0]["loc"]:
            raise input_error(error, Experiment.model_fields) from None


def make_recipe(fields: Mapping[str, Any], where: str) -> Experiment:
    """Build an experiment from the fields of a recipe, which names its corpora.

    Raises
    ------
    RecipeError
        As :class:`Experiment`, or if there is no name or no corpus.
    """
    for needed in REQUIRED:
        if not fields.get(needed):
            raise RecipeError(f"{where}: field '{needed}' is missing")
    try:
        recipe = Experiment.model_validate(fields)
    except ValidationError as error:
        raise RecipeError(f"{where}: {explain(error)}") from error
    if recipe.tasks and recipe.primary not in recipe.tasks:
        raise RecipeError(
            f"{where}: the primary task '{recipe.primary}' is not among the tasks: add "
            f"`primary: {recipe.tasks[0]}`, or add it to `tasks`"
        )
    return recipe


def explain(error: ValidationError) -> str:
    """Say what is wrong with each field of a recipe."""
    lines = []
    for one in error.errors():
        name = str(one["loc"][0]) if one["loc"] else ""
        problem = problem_of(one, Experiment.model_fields)
        lines.append(f"field '{name}': {problem}" if name in Experiment.model_fields else problem)
    return "; ".join(dict.fromkeys(lines))
