"""The labels of a recipe: its names of classes, and the labels that it removes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from featser.corpora.labelling.label_map import LabelMap, named, with_classes
from featser.errors import RecipeError, unknown
from featser.experiment.schema import Experiment


def names_of(fields: dict[str, Any]) -> LabelMap:
    """Take other names for columns and classes out of the fields that a user gives.

    Parameters
    ----------
    fields : dict
        Fields of an experiment; ``columns`` and ``labels`` are removed.

    Raises
    ------
    InputError
        If they are not valid.

    Examples
    --------
    >>> names_of({"columns": {"label": "emotion"}, "model": "svm"})
    LabelMap(columns={'label': 'emotion'}, classes={})
    """
    given = {name: fields.pop(name, None) or {} for name in ("columns", "labels")}
    checked = Experiment(**given)
    return named(checked.columns, checked.labels)


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
    where = f"recipe '{recipe.name}', labels" if recipe.name else "labels"
    return _masked(with_classes(table, recipe.labels, where), recipe)


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
                    raise RecipeError(
                        f"{where}: {unknown(other, name, held)}: correct or remove the class in "
                        f"the recipe; `featser run … --set 'masked={{}}'` runs without the field"
                    )
            removed.append((column, table[other].isin(names)))
    for column, chosen in removed:
        table[column] = table[column].mask(chosen)
    return table
