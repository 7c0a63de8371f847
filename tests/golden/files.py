"""Golden files: for each subject a Parquet table of values, with what they are of as metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.golden import signals
from tests.golden.subjects import Subject, Values

FOLDER = Path(__file__).parent / "data"
COLUMNS = ("case", "name", "value", "tolerance")


@dataclass(frozen=True, eq=False)
class Golden:
    """What is pinned of a subject.

    Attributes
    ----------
    table : DataFrame
        ``case``, ``name``, ``value``, ``tolerance``.
    about : dict
        ``version`` and ``parameters`` of the subject, ``made_with`` (versions of libraries),
        ``machines`` (the kinds of CPU that were compared), ``signals`` (their checksum; None
        where the values do not depend on them).
    """

    table: pd.DataFrame
    about: Mapping[str, Any]


def path_of(name: str) -> Path:
    """Return where the golden file of a subject is."""
    return FOLDER / f"{name}.parquet"


def about(subject: Subject, machines: list[str]) -> dict[str, Any]:
    """Return what a golden file says of its subject."""
    identity = subject.identity()
    return {
        "version": identity["version"],
        "parameters": _as_json(identity["parameters"]),
        "made_with": {name: _version(name) for name in identity["libraries"]},
        "machines": machines,
        "signals": signals.checksum() if subject.uses_signals else None,
    }


def read_golden(name: str) -> Golden | None:
    """Return what is pinned of a subject; None if nothing is."""
    path = path_of(name)
    if not path.exists():
        return None
    table = pq.read_table(path)
    metadata = json.loads(table.schema.metadata[b"golden"])
    return Golden(table.to_pandas(), metadata)


def write_golden(name: str, golden: Golden, single: bool) -> None:
    """Write a subject's golden file; ``single`` says that its values are float32."""
    width = pa.float32() if single else pa.float64()
    rows = golden.table
    text = pa.dictionary(pa.int32(), pa.string())
    table = pa.table(
        {
            "case": pa.array(rows["case"], pa.string()).cast(text),
            "name": pa.array(rows["name"], pa.string()).cast(text),
            "value": pa.array(rows["value"].to_numpy(), width, from_pandas=False),
            "tolerance": pa.array(rows["tolerance"].to_numpy(), pa.float32()),
        }
    ).replace_schema_metadata({"golden": json.dumps(golden.about, sort_keys=True)})
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", compression_level=19)


def as_table(values: Values) -> pd.DataFrame:
    """Put values into a table: ``case``, ``name``, ``value``."""
    rows = [(case, name, value) for case, named in values.items() for name, value in named.items()]
    table = pd.DataFrame(rows, columns=list(COLUMNS[:3]))
    table["value"] = table["value"].astype(np.float64)
    return table


def is_single(values: Values) -> bool:
    """Whether all values fit into float32."""
    numbers = as_table(values)["value"].to_numpy()
    return bool(np.array_equal(numbers.astype(np.float32), numbers, equal_nan=True))


def libraries_changed(golden: Golden) -> list[str]:
    """Say which libraries have other versions than when the values were pinned."""
    made_with = golden.about["made_with"]
    return [
        f"{name} {was}, now {_version(name)}"
        for name, was in made_with.items()
        if _version(name) != was
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _as_json(parameters: Any) -> Any:
    """Return parameters as they come back from a file."""
    return json.loads(json.dumps(parameters))
