"""A card whose columns have other names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from featser.corpora.card import Card
from featser.errors import CardError, unknown


def with_columns(card: Card, columns: Mapping[str, str]) -> Card:
    """Return a card of ``layout: files`` whose columns have other names.

    Parameters
    ----------
    card : Card
        The card.
    columns : mapping of str to str
        Column → its other name.

    Raises
    ------
    CardError
        If the card has no such column, or the other name is not possible.

    Examples
    --------
    >>> from featser.corpora.card import load_card
    >>> with_columns(load_card("folders"), {"emotion": "stress"}).primary
    'stress'
    """
    if not columns:
        return card
    for old, new in columns.items():
        if old not in card.columns:
            raise CardError(f"--map {old}={new}: {unknown('column', old, card.columns)}")
        if new in card.columns and new not in columns:
            raise CardError(f"--map {old}={new}: the card has a column `{new}` already")

    def renamed(fields: Mapping[str, Any]) -> dict[str, Any]:
        return {columns.get(name, name): value for name, value in fields.items()}

    data = card.model_dump(mode="json", exclude_unset=True)
    for part in ("labels", "tasks", "never_tasks"):
        if part in data:
            data[part] = renamed(data[part])
    for label in data.get("labels", {}).values():
        if isinstance(label, dict) and label.get("same_for"):
            label["same_for"] = columns.get(label["same_for"], label["same_for"])
    for table in data.get("tables", ()):
        for part in ("numbers", "texts", "codes"):
            if part in table:
                table[part] = renamed(table[part])
    data["primary"] = columns.get(card.primary, card.primary)
    try:
        return Card.model_validate(data)
    except ValidationError as error:
        why = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        pairs = " ".join(f"--map {old}={new}" for old, new in columns.items())
        raise CardError(f"{pairs}: {why}") from error
