"""Runs as they are compared: their predictions, and in what else they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from featser.errors import FeatserError, ProtocolError, unknown
from featser.evaluation.protocols.groups import speaker_ids
from featser.experiment.runs.run_reading import read_description, read_predictions, utterances
from featser.experiment.schema import Experiment, option_of
from featser.experiment.settings import value_text
from featser.reporting.wording import optimistic, why_optimistic

COMPARED = (
    *(name for name in Experiment.model_fields if option_of(name).is_compared),
    "augmented_copies",
    "featser",
)
"""What of ``run.json`` is compared: every other setting, and what made the run."""


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
        If a folder is no run, is damaged, or has no such protocol.
    """
    read = [_read(name, protocol) for name in names]
    return [
        Compared(name, own, _keyed(table[table["protocol"] == own]), described)
        for name, own, (table, described) in zip(names, _protocols(read, names), read, strict=True)
    ]


def _read(name: str, protocol: str | None) -> tuple[pd.DataFrame, dict[str, Any]]:
    table = read_predictions(name)
    if protocol is not None:
        held = list(dict.fromkeys(table["protocol"]))
        if protocol not in held:
            raise ProtocolError(f"{name}: {unknown('protocol', protocol, held)}")
        table = table[table["protocol"] == protocol]
    return table, read_description(name)


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
    """Say in the index which utterance a row is of."""
    keys = pd.MultiIndex.from_frame(utterances(table))
    # Speakers are distinguished across corpora while all rows of the run are present.
    return table.assign(**{"who": speaker_ids(table)}).set_index(keys)


def described_differences(runs: Sequence[Compared], parts: Sequence[pd.DataFrame]) -> list[str]:
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
        protocols = ", ".join(f"{run.name}: {run.protocol}" for run in runs)
        notes.append(
            f"the protocols differ ({protocols}): these figures answer different questions"
        )
    for protocol in sorted(filter(optimistic, {run.protocol for run in runs})):
        has_speakers = any((part["who"] != "").any() for part in parts)
        notes.append(f"'{protocol}' is optimistic: {why_optimistic(has_speakers=has_speakers)}")
    for run in runs:
        if shared := run.described.get("shared", {}).get(run.protocol):
            notes.append(f"the figures of {run.name} are optimistic: {' and '.join(shared)}")
    for run, part in zip(runs[1:], parts[1:], strict=True):
        if run.protocol == first.protocol and not _same_folds(parts[0]["fold"], part["fold"]):
            notes.append(
                f"the folds of {first.name} and {run.name} differ: part of the difference may be "
                f"due to their training sets"
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
    notes += [
        *_differing_settings(described),
        *_differing_features(described),
        *_differing_auxiliary(described),
    ]
    norms = [str(run.described.get("speaker_norm")) for run in described]
    if norms and all(norm == "transductive" for norm in norms):
        notes.append("speaker normalisation is transductive: it uses the test speakers' recordings")
    if norms and all(norm.startswith("enrol") for norm in norms):
        notes.append("speakers are enrolled: features are normalised by some of their recordings")
    return notes


def differing_settings(runs: Sequence[Compared]) -> list[tuple[str, dict[str, str]]]:
    """Return the settings in which runs differ, each with the value of every run that has it.

    Parameters
    ----------
    runs : sequence of Compared
    """
    differing = []
    for key in COMPARED:
        values = {run.name: value_text(run.described[key]) for run in runs if key in run.described}
        if len(set(values.values())) > 1:
            differing.append((key, values))
    return differing


def _differing_settings(runs: Sequence[Compared]) -> Iterator[str]:
    """Yield the settings in which runs differ, and those that a run does not record."""
    for key, values in differing_settings(runs):
        listed = "; ".join(f"{name}: {value}" for name, value in values.items())
        yield f"`{key}` differs ({listed})"
    for run in runs:
        absent = [f"`{key}`" for key in COMPARED if key not in run.described]
        if absent:
            yield (
                f"{run.name}/run.json does not record {', '.join(absent)}, so whether these differ "
                f"is not known"
            )


def _differing_features(runs: Sequence[Compared]) -> Iterator[str]:
    """Yield the extractors of which runs used different versions."""
    versions: dict[str, set[str]] = {}
    for run in runs:
        for spec, fingerprint in run.described.get("features", {}).items():
            versions.setdefault(spec, set()).add(fingerprint)
    for spec, fingerprints in versions.items():
        if len(fingerprints) > 1:
            yield f"the features '{spec}' were computed by different versions of their code"


def _differing_auxiliary(runs: Sequence[Compared]) -> Iterator[str]:
    """Yield the auxiliary corpora of which runs used different rows or features."""
    checksums: dict[str, set[str]] = {}
    for run in runs:
        for corpus in run.described.get("auxiliary", []):
            if "checksum" in corpus:  # runs of earlier versions have none
                checksums.setdefault(corpus["name"], set()).add(corpus["checksum"])
    for name, different in checksums.items():
        if len(different) > 1:
            yield f"the auxiliary corpus '{name}' had different rows or features"


def _same_folds(one: pd.Series[Any], two: pd.Series[Any]) -> bool:
    """Whether the same utterances are tested together, whatever the folds' numbers."""
    both = pd.DataFrame({"one": one.to_numpy(), "two": two.to_numpy()}).drop_duplicates()
    return bool(not both["one"].duplicated().any() and not both["two"].duplicated().any())
