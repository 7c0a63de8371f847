"""Runs as they are compared: their predictions, and in what else they differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.errors import FeatserError, ProtocolError, unknown
from featser.evaluation.protocols import OPTIMISTIC
from featser.evaluation.units import speaker_ids

_SIDES = ("train", "test", "dev")
_SETTINGS = (
    *("speaker_norm", "seed", "augmented_copies", "coupling", "select", "two_pass", "encode"),
    "joint",
    "fusion",
    *_SIDES,
)


@dataclass(frozen=True, eq=False)
class Compared:
    """A run as it is compared.

    Attributes
    ----------
    name : str
        Its folder, as the user named it.
    protocol : str
        Whose predictions are compared.
    predictions : DataFrame
        Of that protocol; the index says which utterance each row is of.
    described : dict
        Its ``run.json``; empty where there is none.
    """

    name: str
    protocol: str
    predictions: pd.DataFrame
    described: dict[str, Any]


def open_runs(names: Sequence[str], protocol: str | None = None) -> list[Compared]:
    """Read runs, of each the predictions of one protocol.

    Parameters
    ----------
    names : sequence of str
        Folders that ``featser fit`` wrote.
    protocol : str, optional
        Whose predictions; by default the first of the first run that all have, else each run's
        leading one.

    Raises
    ------
    FeatserError
        If a folder is no run, or has no such protocol.
    """
    read = [_read(name, protocol) for name in names]
    return [
        Compared(name, own, _keyed(table[table["protocol"] == own]), described)
        for name, own, (table, described) in zip(names, _protocols(read, names), read, strict=True)
    ]


def _read(name: str, protocol: str | None) -> tuple[pd.DataFrame, dict[str, Any]]:
    path = Path(name) / "predictions.parquet"
    if not path.is_file():
        raise FeatserError(
            f"{name}: no run: there is no {path.name} in it; `featser fit -o {name}` makes one"
        )
    table = pd.read_parquet(path)
    if protocol is not None:
        held = list(dict.fromkeys(table["protocol"]))
        if protocol not in held:
            raise ProtocolError(f"{name}: {unknown('protocol', protocol, held)}")
        table = table[table["protocol"] == protocol]
    described = Path(name) / "run.json"
    if not described.is_file():
        return table, {}
    return table, json.loads(described.read_text(encoding="utf-8"))


def _protocols(
    read: Sequence[tuple[pd.DataFrame, dict[str, Any]]], names: Sequence[str]
) -> list[str]:
    """Return whose predictions to take of each run: the first that all have, else the leading."""
    held = [list(dict.fromkeys(map(str, table["protocol"]))) for table, _ in read]
    for name, own in zip(names, held, strict=True):
        if not own:
            raise FeatserError(f"{name}/predictions.parquet: holds no prediction")
    for protocol in held[0]:
        if all(protocol in own for own in held):
            return [protocol] * len(held)
    return [own[0] for own in held]


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """Say in the index which utterance a row is of; no start is 0, no end is the file's end."""
    start, end = table["start"].fillna(0.0), table["end"].fillna(np.inf)
    keys = pd.MultiIndex.from_arrays([table["file"], start, end], names=["file", "start", "end"])
    # Who speaks is told apart across corpora, as long as all of the run is in sight.
    return table.assign(**{"who": speaker_ids(table)}).set_index(keys)


def differences_told(runs: Sequence[Compared], parts: Sequence[pd.DataFrame]) -> list[str]:
    """Say in what else runs differ than in what they predicted.

    Parameters
    ----------
    runs : sequence of Compared
        The runs.
    parts : sequence of DataFrame
        Of each run the predictions that are compared, in the same order.
    """
    notes = []
    first = runs[0]
    if len({run.protocol for run in runs}) > 1:
        told = ", ".join(f"{run.name}: {run.protocol}" for run in runs)
        notes.append(f"the protocols differ ({told}): these figures answer different questions")
    for protocol in sorted({run.protocol for run in runs} & OPTIMISTIC):
        notes.append(f"'{protocol}' is optimistic: speakers are in both training and test")
    for run, part in zip(runs[1:], parts[1:], strict=True):
        if run.protocol == first.protocol and not _same_folds(parts[0]["fold"], part["fold"]):
            notes.append(
                f"the folds of {first.name} and {run.name} differ: part of the difference may be "
                f"their training parts"
            )
    for run, part in zip(runs, parts, strict=True):
        more = len(run.predictions) - len(part)
        if more:
            notes.append(f"{run.name} has {more} more utterances, which are not compared")
        if not run.described:
            notes.append(
                f"{run.name} has no run.json, so its speaker normalisation and seed are not known"
            )
    described = [run for run in runs if run.described]
    for key in _SETTINGS:
        values = {run.name: _plain(run.described.get(key)) for run in described}
        if len(set(values.values())) > 1:
            listed = "; ".join(f"{name}: {value}" for name, value in values.items())
            notes.append(f"{key.replace('_', ' ')} differs ({listed})")
    if described and all(run.described["speaker_norm"] == "transductive" for run in described):
        notes.append("speaker normalisation is transductive: it uses the test speakers' recordings")
    if described and all(run.described["speaker_norm"].startswith("enrol") for run in described):
        notes.append("speakers are enrolled: features are normalised by some of their recordings")
    return notes


def _plain(value: Any) -> str:
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def _same_folds(one: pd.Series[Any], two: pd.Series[Any]) -> bool:
    """Whether the same utterances are tested together, whatever the folds' numbers."""
    both = pd.DataFrame({"one": one.to_numpy(), "two": two.to_numpy()}).drop_duplicates()
    return bool(not both["one"].duplicated().any() and not both["two"].duplicated().any())
