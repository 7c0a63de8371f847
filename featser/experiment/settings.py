"""The fields of an experiment as text, for the report and for comparisons."""

from __future__ import annotations

from typing import Any

from featser.experiment.schema import GROUPS, Experiment, default_of, option_of
from featser.reporting.settings_section import Setting


def described_settings(experiment: Experiment) -> list[Setting]:
    """Return the fields that decide a fit, by group.

    Examples
    --------
    >>> tune = next(one for one in described_settings(Experiment(tune=True)) if one.name == "tune")
    >>> tune.group, tune.value, tune.default
    ('Model', 'yes', 'no')
    """
    return [
        Setting(
            group,
            name,
            _field_text(name, getattr(experiment, name)),
            _field_text(name, default_of(name)),
            option_of(name).meaning,
        )
        for group, fields in GROUPS.items()
        for name in fields.model_fields
        if "fit" in option_of(name).commands or not option_of(name).commands
    ]


def _field_text(name: str, value: Any) -> str:
    is_open = value is None or value in ("", (), {})
    return (option_of(name).default_text if is_open else "") or value_text(value)


def value_text(value: Any) -> str:
    """Return the value of a field, or of an entry of ``run.json``, as text.

    Examples
    --------
    >>> value_text(True), value_text(["svm", "knn"]), value_text({"emotion": {"calm": None}})
    ('yes', 'svm, knn', 'emotion: (calm: removed)')
    """
    if value is None or value == "":
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        pairs = [f"{name}: {_inner_text(one)}" for name, one in value.items()]
        return ", ".join(pairs) or "none"
    if isinstance(value, list | tuple):
        names = [item["name"] if isinstance(item, dict) else item for item in value]
        return ", ".join(map(str, names)) or "none"
    return str(value)


def _inner_text(value: Any) -> str:
    if value is None:
        return "removed"
    return f"({value_text(value)})" if isinstance(value, dict | list) else str(value)
