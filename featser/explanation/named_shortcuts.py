"""Which properties of the recordings a run's audit names as shortcuts.

A shortcut leaves traces in most groups of features: an offset or a silence changes spectra, levels
and rhythm. No single group is then missed when it is permuted, however strong the shortcut is.
Explanations therefore begin with what the audit has measured on the recordings themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featser.audit.checks.shortcuts import MOVED_BY_SILENCE, SHORTCUT, SILENCE, TESTED

UNTESTED = (
    "no shortcuts were tested, such as the DC offset or the silence before speech: run `featser "
    "fit` without --no-audit"
)


def named_shortcuts(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each shortcut, the strongest first.

    Parameters
    ----------
    findings : sequence of mapping
        Of an audit, as plain data.

    Returns
    -------
    list of str
        A property that silence changes as well comes after the silence.

    Examples
    --------
    >>> findings = [{"kind": "shortcut", "message": "the level alone predicts `emotion` …",
    ...           "table": [{"fact": "level", "UAR": 0.7}]}]
    >>> named_shortcuts(findings)
    ['Shortcut: the level alone predicts `emotion` ….']
    """
    shortcuts = [one for one in findings if one["kind"] == SHORTCUT]
    has_silence = any(_fact(one) in SILENCE for one in shortcuts)

    def order(one: Mapping[str, Any]) -> tuple[bool, float]:
        return has_silence and _fact(one) in MOVED_BY_SILENCE, -_uar(one)

    return [f"Shortcut: {one['message']}." for one in sorted(shortcuts, key=order)]


def were_tested(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether an audit has tested shortcuts."""
    return any(one["kind"] in (SHORTCUT, TESTED) for one in findings)


def _row(finding: Mapping[str, Any]) -> Mapping[str, Any]:
    table = finding.get("table")
    row = table[0] if isinstance(table, list) and table else {}
    return row if isinstance(row, dict) else {}


def _fact(finding: Mapping[str, Any]) -> str:
    return str(_row(finding).get("fact", ""))


def _uar(finding: Mapping[str, Any]) -> float:
    value = _row(finding).get("UAR")
    return float(value) if isinstance(value, int | float) else 0.0
