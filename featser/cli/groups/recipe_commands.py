"""The commands about recipes: ``featser recipe …``."""

from __future__ import annotations

import json

import typer

recipes = typer.Typer(help="About recipes.", no_args_is_help=True)


@recipes.callback()
def _about_recipes() -> None:
    """Help to write recipes."""


@recipes.command("schema")
def recipe_schema() -> None:
    """Print the JSON schema of recipes, with which editors complete and check them.

    In VS Code with the YAML extension: `featser recipe schema > recipe.schema.json`, and in the
    first line of a recipe: # yaml-language-server: $schema=recipe.schema.json
    """
    from featser.experiment.recipe import recipe_schema as schema

    typer.echo(json.dumps(schema(), indent=2))
