"""The table of a finding of the audit; properties are named as in the verdict."""

from __future__ import annotations

from typing import Any

from featser.audit.checks.shortcuts import PROBED, TESTED
from featser.reporting.numbers import estimate, number
from featser.reporting.tables import Table, of_finding


def finding_table(finding: dict[str, Any]) -> Table | None:
    """Return the table of a finding of the audit.

    Parameters
    ----------
    finding : dict
        As ``audit.json`` has it: ``kind`` and ``table`` (list of rows).

    Returns
    -------
    Table or None
        The first rows; None if the finding has none.

    Examples
    --------
    >>> row = {"fact": "level", "UAR": 0.3, "low": 0.2, "high": 0.4, "chance": 0.2}
    >>> row |= {"best class": "angry", "its UAR": 0.7}
    >>> finding_table({"kind": "shortcuts tested", "table": [row]}).rows
    [['speech level', '0.300 [0.200, 0.400]', 'angry', '0.700']]
    """
    rows = finding["table"]
    if rows and finding["kind"] == TESTED:
        return _of_shortcuts(rows)
    return of_finding(finding)


def _of_shortcuts(rows: list[dict[str, Any]]) -> Table:
    """Return the properties that were tested, with the names of verdicts, the strongest first."""
    ordered = sorted(rows, key=lambda row: -1.0 if row["UAR"] is None else row["UAR"], reverse=True)
    texts = [
        [
            PROBED[row["fact"]].name if row["fact"] in PROBED else str(row["fact"]),
            estimate({"value": row["UAR"], "low": row["low"], "high": row["high"]}),
            str(row["best class"]),
            number(row["its UAR"]),
        ]
        for row in ordered
    ]
    columns = ["property", "UAR", "class predicted best", "UAR of this class"]
    return Table(
        TESTED,
        columns,
        texts,
        {0, 2},
        notes=[
            f"UAR with its 95 % interval; chance is {number(rows[0]['chance'])}. The last column "
            f"is the UAR of this class against all others, with a chance level of 0.500."
        ],
    )
