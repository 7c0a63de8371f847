"""The labels of a recipe: its names of classes, and the labels that it removes."""

from __future__ import annotations

import pandas as pd

from featser.errors import RecipeError, unknown
from featser.experiment.schema import Experiment


def with_labels_of(recipe: Experiment, table: pd.DataFrame) -> pd.DataFrame:
    """Return a manifest with the classes named and the labels removed as a recipe has it.

    Parameters
    ----------
    recipe : Experiment
        Its ``labels`` and ``masked``.
    table : DataFrame
        The manifest of its corpora; its columns of labels are replaced.

    Raises
    ------
    RecipeError
        If the manifest has no such label or class.
    """
    return _masked(_renamed(table, recipe), recipe)


def _renamed(table: pd.DataFrame, recipe: Experiment) -> pd.DataFrame:
    """Give classes the names that the recipe has for them."""
    where = f"recipe '{recipe.name}', labels"
    for column, names in recipe.labels.items():
        if column not in table:
            raise RecipeError(f"{where}: {unknown('label', column, table.columns)}")
        held = sorted(map(str, table[column].dropna().unique()))
        for name in names:
            if name not in held:
                raise RecipeError(f"{where}: {unknown(column, name, held)}")
        renamed = [names.get(value, value) for value in table[column]]
        table[column] = pd.Series(renamed, table.index, dtype=table[column].dtype)
    return table


def _masked(table: pd.DataFrame, recipe: Experiment) -> pd.DataFrame:
    """Remove labels where the recipe says that they do not count."""
    where = f"recipe '{recipe.name}', masked"
    removed = []
    for column, conditions in recipe.masked.items():
        for other, names in conditions.items():
            for label in (column, other):
                if label not in table:
                    raise RecipeError(f"{where}: {unknown('label', label, table.columns)}")
            held = sorted(map(str, table[other].dropna().unique()))
            for name in names:
                if name not in held:
                    raise RecipeError(f"{where}: {unknown(other, name, held)}")
            removed.append((column, table[other].isin(names)))
    for column, chosen in removed:
        table[column] = table[column].mask(chosen)
    return table
