"""Recipes: experiments as YAML files. One under ``pipelines/`` reproduces a published system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from featser.errors import RecipeError, shortened, unknown
from featser.experiment.explained import REQUIRED, make_recipe
from featser.experiment.schema import Experiment
from featser.io.atomic_write import write_text
from featser.io.yaml_loading import YamlError, load_yaml, read_yaml_text

RECIPE = "recipe.yaml"
"""The file of a run's folder that holds the experiment."""


def list_recipes() -> dict[str, Path]:
    """Return the recipes that come with featser: name → file."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "pipelines", here.parent / "pipelines"):
        if folder.is_dir():
            return {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    return {}


def load_recipe(source: str | Path, changes: Sequence[str] = ()) -> Experiment:
    """Read a recipe.

    Parameters
    ----------
    source : str or Path
        A YAML file, or the name of a recipe that comes with featser.
    changes : sequence of str
        Fields that are to have other values, such as ``model=svm``, ``features=[mfcc, rhythm]``
        or ``labels.emotion.calm=neutral``: after the first ``=`` stands YAML.

    Returns
    -------
    Experiment
        Checked.

    Raises
    ------
    RecipeError
        If the file is missing or not YAML, or a field is unknown, missing or invalid; the
        message names the field, its value and the valid ones.
    """
    path = list_recipes().get(str(source), Path(source))
    try:
        data = load_yaml(read_yaml_text(path))
    except OSError as error:
        names = ", ".join(list_recipes())
        raise RecipeError(f"{source}: cannot be read ({error}); recipes here: {names}") from error
    except YamlError as error:
        raise RecipeError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{path}: a recipe is a table of fields: {', '.join(_fields())}")
    for change in changes:
        _change(data, change)
    where = " ".join([str(path), *(f"--set {change}" for change in changes)])
    return make_recipe(data, where)


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of recipes: each field's meaning, valid values and default.

    Examples
    --------
    >>> recipe_schema()["properties"]["dev"]["enum"]
    ['train', 'unused']
    """
    described = Experiment.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "featser recipe",
        "description": "An experiment of featser: everything that decides a result.",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "properties": described["properties"],
    }


def write_recipe(folder: Path, experiment: Experiment) -> None:
    """Write an experiment into its run's folder; one without a name gets that of the folder."""
    from featser.auxiliary.auxiliary_lookup import absolute_name  # which imports pandas

    fields = experiment.to_dict() | {
        "name": experiment.name or folder.absolute().name,
        "aux": [absolute_name(name) for name in experiment.aux],
    }
    write_text(folder / RECIPE, yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))


def _change(data: dict[str, Any], change: str) -> None:
    """Give a field the value that ``KEY=VALUE`` names; a dot in the key leads into a table."""
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set '{change}': write FIELD=VALUE, such as model=svm")
    *tables, last = key.split(".")
    if (first := key.split(".")[0]) not in _fields():
        raise RecipeError(f"--set {change}: {unknown('field', first, _fields())}")
    try:
        value = load_yaml(text)
    except YamlError as error:
        raise RecipeError(f"--set {shortened(change)}: {error}") from error
    for name in tables:
        data = data.setdefault(name, {})
        if not isinstance(data, dict):
            raise RecipeError(f"--set {change}: '{name}' is {data!r}, which has no fields")
    data[last] = value


def _fields() -> list[str]:
    return list(Experiment.model_fields)
