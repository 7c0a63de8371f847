"""The intervals of recordings that an annotation gives, to be predicted one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath

import pandas as pd

from featser.annotation.annotation_files import read_with_names
from featser.annotation.interval_table import tiers_of, tiers_of_interest
from featser.errors import InputError, shortened
from featser.io.location import is_local_file, is_remote, local_path, path_part, real_place

SHOWN = 3


def segments_of(
    source: str, files: Sequence[str], shown: Callable[[str], str] = str
) -> pd.DataFrame:
    """Read the intervals of some recordings.

    An interval belongs to the recording that the annotation names by its path, or else by a name
    without folder, or by a path at which there is no file here. An annotation that names no
    recording belongs to the only one.

    Parameters
    ----------
    source : str
        An annotation file, after which ``#TIER`` may name a tier.
    files : sequence of str
        The recordings.
    shown : callable
        Returns what an error calls a recording.

    Returns
    -------
    DataFrame
        ``file``, ``start`` and ``end``, in the order of the recordings and of time.

    Raises
    ------
    InputError
        If a tier must be named, or a recording has no interval, or two recordings have the name
        that the annotation gives.
    AnnotationError
        If the file cannot be read, or has no such tier.
    """
    path, tier = split_tier(source)
    intervals, names = read_with_names(path, tier=tier)
    tiers = tiers_of_interest(tiers_of(intervals))
    if len(tiers) > 1:
        raise InputError(
            f"'{source}' has {len(tiers)} tiers ({', '.join(tiers)}): name one, such as "
            f"{path}#{tiers[0]}",
            "segments",
        )
    intervals = intervals[intervals["tier"].isin(tiers) & (intervals["end"] > intervals["start"])]
    if len(files) == 1 and not any(names.values()):
        owners = dict.fromkeys(names, files[0])
    else:
        owners = _owners(names, files, source)
    of_row = [owners.get(None if pd.isna(place) else place) for place in intervals["file"]]
    owned = intervals[["start", "end"]].assign(file=pd.Series(of_row, intervals.index, dtype="str"))
    tables = []
    for file in files:
        rows = owned[owned["file"] == file]
        if rows.empty:
            raise InputError(
                f"'{source}' has no interval of {shown(file)}{_named(names)}", "segments"
            )
        tables.append(rows.sort_values(["start", "end"]))
    return pd.concat(tables, ignore_index=True)[["file", "start", "end"]]


def split_tier(source: str) -> tuple[str, str | None]:
    """Divide ``FILE#TIER``; ``#`` may also occur in the names of files, folders and tiers.

    Examples
    --------
    >>> split_tier("talk.eaf#speaker A")
    ('talk.eaf', 'speaker A')
    """
    if is_local_file(local_path(source)) or "#" not in source[1:]:
        return source, None
    parts = source.split("#")
    divided = [("#".join(parts[:n]), "#".join(parts[n:])) for n in range(1, len(parts))]
    divided = [one for one in divided if one[0]]
    existing = [one for one in divided if is_local_file(local_path(one[0]))]
    path, tier = (existing or divided)[-1]
    return path, tier or None


def _owners(
    names: Mapping[str | None, str | None], files: Sequence[str], source: str
) -> dict[str | None, str]:
    """Return which recording each one that the annotation names is, if it is among the files."""
    by_place = {real_place(file): file for file in files}
    owners: dict[str | None, str] = {
        place: by_place[real]
        for place in names
        if place is not None and (real := real_place(place)) in by_place
    }
    without = [file for file in files if file not in owners.values()]
    for file in without:
        stem = path_part(file).stem
        fitting = [
            place
            for place, name in names.items()
            if place not in owners and name and _is_loose(place, name) and stem in _stems(name)
        ]
        equal = [other for other in without if path_part(other).stem == stem]
        if fitting and len(fitting) * len(equal) > 1:
            several = [str(names[place]) for place in fitting] if len(fitting) > 1 else equal
            raise InputError(
                f"'{source}': '{shortened(several[0])}' and '{shortened(several[1])}' have the "
                f"same name, so it is not clear which intervals are whose: write the paths of the "
                f"recordings into the annotation",
                "segments",
            )
        owners |= dict.fromkeys(fitting, file)
    return owners


def _is_loose(place: str | None, name: str) -> bool:
    """Whether a name does not say where the recording is: no folder, or one that is not here."""
    if place is None or is_remote(place):
        return False
    return PurePath(name).name == name or not is_local_file(Path(place))


def _stems(name: str) -> tuple[str, str]:
    """Return a name without folder, and without ending: RTTM's have none, but may have points."""
    return path_part(name).name, path_part(name).stem


def _named(names: Mapping[str | None, str | None]) -> str:
    """Say which recordings an annotation names."""
    named = list(dict.fromkeys(shortened(name) for name in names.values() if name))
    if not named:
        return ""
    more = ", …" if len(named) > SHOWN else ""
    return f"; it names {', '.join(named[:SHOWN])}{more}: name the recording there likewise"
