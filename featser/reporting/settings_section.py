"""The report's section on settings: every field of the experiment, by group."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A setting of a run.

    Attributes
    ----------
    group : str
        The group that it belongs to, such as ``Model``.
    name : str
        Its name in recipes.
    value, default : str
        The value and the default, as text.
    meaning : str
        What it decides.
    """

    group: str
    name: str
    value: str
    default: str
    meaning: str

    @property
    def is_changed(self) -> bool:
        """Whether the value differs from the default."""
        return self.value != self.default


def by_group(settings: list[Setting]) -> dict[str, list[Setting]]:
    """Return the settings of each group, in their order.

    Examples
    --------
    >>> by_group([Setting("Model", "tune", "yes", "no", "Tune each estimator.")]).keys()
    dict_keys(['Model'])
    """
    groups: dict[str, list[Setting]] = {}
    for setting in settings:
        groups.setdefault(setting.group, []).append(setting)
    return groups
