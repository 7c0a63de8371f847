"""Compare current values with the pinned ones, and describe the differences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.golden.files import Golden, about, as_table, libraries_changed, path_of
from tests.golden.subjects import Subject, Values

WORST = 12
"""How many values a message shows."""


def complaint(subject: Subject, golden: Golden | None, values: Values) -> str:
    """Return what is wrong with a subject's values, and what to do; empty if nothing is."""
    if golden is None:
        return f"{subject.name} has no golden {subject.what}: run `{command(subject)}`"
    outdated = out_of_date(subject, golden)
    if outdated:
        return outdated
    lines = changes(golden, values)
    if not lines:
        return ""
    libraries = libraries_changed(golden)
    if libraries:
        lines.append(f"the values were pinned with other libraries: {'; '.join(libraries)}")
    return "\n".join([f"{subject.what} changed: {subject.fix}", *(f"  {line}" for line in lines)])


def out_of_date(subject: Subject, golden: Golden) -> str:
    """Say how the subject is another than the one whose values are pinned; empty if it is not."""
    now, then = about(subject, []), golden.about
    if now["version"] != then["version"]:
        return (
            f"the version of {subject.name} is {now['version']}, but its golden values are of "
            f"version {then['version']}: run `{command(subject)}`"
        )
    if now["parameters"] != then["parameters"]:
        return (
            f"the parameters of {subject.name} changed since its golden {subject.what} were made: "
            f"run `{command(subject)}`\n  were {then['parameters']}\n  are {now['parameters']}"
        )
    if now["signals"] != then["signals"]:
        return (
            f"{path_of(subject.name)} holds values of other signals than data/signals.npz: run "
            f"`make golden FORCE={subject.name}`"
        )
    return ""


def command(subject: Subject) -> str:
    """Return the command that pins a subject that is out of date."""
    return "make golden-networks" if subject.needs else "make golden"


def changes(golden: Golden, values: Values) -> list[str]:
    """Return a line for each kind of difference: names, undefined values, values."""
    pinned, now = golden.table, as_table(values)
    lines = _other_names(pinned, now)
    both = pinned.merge(now, on=["case", "name"], suffixes=("", "_now"))
    was, value, allowed = (both[c].to_numpy() for c in ("value", "value_now", "tolerance"))
    undefined = np.isnan(was) != np.isnan(value)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(undefined, np.inf, np.abs(value - was) / allowed)
    excess = np.where((was == value) | (np.isnan(was) & np.isnan(value)), 0.0, excess)
    bad = np.flatnonzero(excess > 1)
    if not len(bad):
        return lines
    worst = bad[np.argsort(-excess[bad], kind="stable")][:WORST]
    lines.append(f"out of tolerance: {len(bad)} of {len(both)} values; the worst:")
    lines += [
        f"{both['case'].iloc[i]}: {both['name'].iloc[i]}: pinned {was[i]:.7g}, "
        f"now {value[i]:.7g}, changed by {value[i] - was[i]:+.2g}, tolerance {allowed[i]:.2g}"
        for i in worst.tolist()
    ]
    return lines


def _other_names(pinned: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Say which values are gone, which are new, and whether the others stand in another order."""
    had = [f"{case}: {name}" for case, name in zip(pinned["case"], pinned["name"], strict=True)]
    has = [f"{case}: {name}" for case, name in zip(now["case"], now["name"], strict=True)]
    were, are = set(had), set(has)
    gone, new = [one for one in had if one not in are], [one for one in has if one not in were]
    lines = [
        f"{_n_values(some)} {what}: {'; '.join(some[:3])}" + (" …" if len(some) > 3 else "")
        for what, some in (("gone", gone), ("new", new))
        if some
    ]
    if not lines and had != has:
        moved = next(a for a, b in zip(had, has, strict=True) if a != b)
        lines.append(f"values are in another order, from {moved} on")
    return lines


def _n_values(some: list[str]) -> str:
    return "1 value is" if len(some) == 1 else f"{len(some)} values are"
