"""A finding: one thing that would make a result wrong, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Finding:
    """One fault of the data, or one property that limits what the results mean.

    Parameters
    ----------
    kind : str
        The kind of finding, in a few words that are the same for all findings of that kind, such as
        ``"clipping"``.
    severity : {'error', 'warning', 'note'}
        ``error``: results are wrong until it is fixed. ``warning``: they may be wrong.
        ``note``: they are right but hold under narrower conditions.
    message : str
        What is wrong and how to fix it, as one sentence or two.
    table : list of dict
        The files or values concerned: rows with the same keys and JSON values.
    """

    kind: str
    severity: Severity
    message: str
    table: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain data, for JSON."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "message": self.message,
            "table": [dict(row) for row in self.table],
        }


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with errors first, then warnings, then notes; else in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def row_of(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of a finding's table from a row of a DataFrame: missing values become None."""
    row: dict[str, Any] = {}
    for name, value in values.items():
        plain = value.item() if hasattr(value, "item") else value
        row[str(name)] = None if plain is None or plain != plain else plain  # noqa: PLR0124  # NaN
    return row
