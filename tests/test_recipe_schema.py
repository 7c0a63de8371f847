"""``featser recipe schema``: the JSON schema that editors check recipes with."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from featser.experiment.recipe import list_recipes, recipe_schema
from featser.experiment.schema import Experiment, default_of, option_of
from tests.flow import featser_here

TYPES = {
    "string": str, "array": list, "object": dict, "boolean": bool, "integer": int,
    "number": (int, float), "null": type(None),
}  # fmt: skip


def faults_of(value: Any, schema: dict[str, Any], where: str = "") -> list[str]:
    """Check a value by the keywords that recipes need."""
    if "anyOf" in schema:
        several = [faults_of(value, one, where) for one in schema["anyOf"]]
        return min(several, key=len)
    if not isinstance(value, TYPES[schema["type"]]):
        return [f"{where}: {value!r} is no {schema['type']}"]
    faults = []
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{where}: {value!r} is none of {schema['enum']}")
    if isinstance(value, list):
        for item in value:
            faults += faults_of(item, schema["items"], where)
        if len(value) < schema.get("minItems", 0):
            faults.append(f"{where}: too few")
    if isinstance(value, dict):
        faults += [f"{name} is missing" for name in schema.get("required", ()) if name not in value]
        properties, others = schema.get("properties", {}), schema["additionalProperties"]
        for name, inner in value.items():
            if name in properties or others:
                faults += faults_of(inner, properties.get(name, others), name)
            else:
                faults.append(f"{name} is no field")
    return faults


@pytest.mark.parametrize("name", list_recipes())
def test_recipe_of_featser_is_valid_by_the_schema(name: str) -> None:
    recipe = yaml.safe_load(list_recipes()[name].read_text(encoding="utf-8"))
    assert faults_of(recipe, recipe_schema()) == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"modle": "svm"}, "modle is no field"),
        ({"coupling": "chains"}, "coupling: 'chains' is none of"),
        ({"features": []}, "features: too few"),
        ({"seed": "soon"}, "seed: 'soon' is no integer"),
        ({"kinds": {"arousal": "ordinals"}}, "arousal: 'ordinals' is none of"),
    ],
)
def test_schema_refuses_what_featser_refuses(fields: dict[str, Any], fault: str) -> None:
    recipe = {"name": "mine", "corpora": "ravdess", **fields}
    assert any(one.startswith(fault) for one in faults_of(recipe, recipe_schema()))


def test_schema_requires_name_and_corpora() -> None:
    assert faults_of({}, recipe_schema()) == ["name is missing", "corpora is missing"]


def test_command_prints_every_field_with_description_default_and_choices() -> None:
    shown = featser_here("recipe", "schema")
    assert shown.returncode == 0, shown.stderr
    properties = json.loads(shown.stdout)["properties"]
    assert list(properties) == list(Experiment.model_fields)
    for name, described in properties.items():
        assert described["description"] == option_of(name).meaning
        default = default_of(name)
        assert described["default"] == (list(default) if isinstance(default, tuple) else default)
    assert "svm" in properties["model"]["examples"]
    assert "ravdess" in properties["corpora"]["anyOf"][1]["examples"]
    assert "gemaps" in properties["features"]["anyOf"][1]["examples"]
    assert "random" in properties["protocols"]["anyOf"][1]["examples"]
