"""Help in panels: the options of a command under the names of what they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand

PANELS = ("Data", "Features", "Model", "Evaluation", "Output", "Timeline", "Advanced")
"""In this order; options of no panel stand under Output."""
WIDEST = 120
"""Columns that help takes at most; below that it is as wide as the terminal."""


class CommandWithPanels(TyperCommand):
    """A command whose help lists its options by panel."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then each panel."""
        parameters = self.get_params(ctx)
        arguments = [one for one in parameters if one.param_type_name == "argument"]
        options = [one for one in parameters if one.param_type_name != "argument"]
        _write(ctx, formatter, "Arguments", arguments)
        for panel in PANELS:
            _write(ctx, formatter, panel, [one for one in options if panel_of(one) == panel])


def panel_of(option: Any) -> str:
    """Return the panel that an option stands in."""
    named = getattr(option, "rich_help_panel", None)
    return named if named in PANELS else "Output"


def _write(ctx: Any, formatter: Any, title: str, parameters: Iterable[Any]) -> None:
    rows = [row for one in parameters if (row := one.get_help_record(ctx)) is not None]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows, col_max=28)
