"""``make golden``: compute values under every kind of CPU, and pin them with their tolerances.

Without ``FORCE`` only golden files are written that are missing, or whose subject has another
version or other parameters. ``FORCE`` names others by patterns: ``FORCE=extractors/voice``,
``FORCE='results/*'``, ``FORCE='*'`` for all, ``FORCE=signals`` for the signals themselves. Values
that changed although their version, inputs and libraries did not are never written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatch

import numpy as np
from numpy.typing import NDArray

from tests.golden import recordings, signals
from tests.golden.compare import changes, out_of_date
from tests.golden.compute import computed
from tests.golden.files import (
    Golden,
    about,
    as_table,
    is_single,
    libraries_changed,
    read_golden,
    write_golden,
)
from tests.golden.machines import FEW, machines
from tests.golden.subjects import Subject, Values, subjects
from tests.golden.tolerance import check_stated, tolerances


def main() -> None:
    """Write what is out of date, and say what was written."""
    patterns = os.environ.get("FORCE", "").split()
    if any(fnmatch("signals", pattern) for pattern in patterns) or not signals.FILE.exists():
        signals.keep_signals()
        recordings.keep_lossy_recordings()
        print("signals: written")
    by_name = subjects()
    chosen = {name: why for name, one in by_name.items() if (why := _reason(one, patterns))}
    absent = {name: missing for name in chosen if (missing := by_name[name].missing())}
    for name, missing in absent.items():
        print(f"{name}: {chosen.pop(name)}, but needs {', '.join(missing)}: `make golden-networks`")
    for name, why in chosen.items():
        print(f"{name}: {why}")
    if chosen:
        _remake([by_name[name] for name in chosen])
    left = len(by_name) - len(chosen) - len(absent)
    print(f"{len(chosen)} golden files written, {left} left as they are (version unchanged)")


def _reason(subject: Subject, patterns: list[str]) -> str:
    """Return why a subject's golden file is to be written; empty if it is not."""
    golden = read_golden(subject.name)
    if golden is None:
        return "has no golden values"
    if any(fnmatch(subject.name, pattern) for pattern in patterns):
        return "forced"
    return out_of_date(subject, golden).partition(":")[0]


def _remake(chosen: list[Subject]) -> None:
    """Compute subjects, those that train networks under fewer kinds of CPU, and write them."""
    for trains in (False, True):
        some = [subject for subject in chosen if bool(subject.needs) == trains]
        environments = machines()
        if some:
            _measure_and_write(
                some,
                {name: environments[name] for name in environments if name in FEW or not trains},
            )


def _measure_and_write(chosen: list[Subject], environments: Mapping[str, dict[str, str]]) -> None:
    measured: dict[str, list[Values]] = {subject.name: [] for subject in chosen}
    for machine, environment in environments.items():
        print(f"computing as on {machine} …", flush=True)
        for name, values in computed(list(measured), environment).items():
            measured[name].append(values)
    refused = [one.fix for one in chosen if _is_version_forgotten(one, measured[one.name][0])]
    if refused:
        raise SystemExit(f"nothing was written; values changed: {'; '.join(refused)}")
    for subject in chosen:
        tables = [as_table(values) for values in measured[subject.name]]
        first = tables[0]
        for table, machine in zip(tables, environments, strict=True):
            if not table[["case", "name"]].equals(first[["case", "name"]]):
                raise SystemExit(f"{subject.name} gives other names on {machine}")
        numbers = np.array([table["value"].to_numpy() for table in tables])
        allowed = _allowed(subject, first["case"].tolist(), first["name"].tolist(), numbers)
        golden = Golden(first.assign(tolerance=allowed), about(subject, list(environments)))
        write_golden(subject.name, golden, is_single(measured[subject.name][0]))


def _is_version_forgotten(subject: Subject, values: Values) -> bool:
    """Return whether the values of a version changed, with the same libraries and inputs."""
    golden = read_golden(subject.name)
    if golden is None or golden.about["version"] is None or out_of_date(subject, golden):
        return False
    return bool(changes(golden, values)) and not libraries_changed(golden)


def _allowed(
    subject: Subject, cases: list[str], names: list[str], measured: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return a tolerance for each value: the subject's own, or one by what was measured."""
    if subject.tolerance is None:
        return tolerances(cases, names, measured)
    own = map(subject.tolerance, cases, names)
    allowed = np.fromiter(own, np.float32, len(names))
    check_stated(subject.name, cases, names, measured, allowed)
    return allowed


if __name__ == "__main__":
    main()
