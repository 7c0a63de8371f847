"""Hostile manifests: cells, columns, encodings, bytes, in each format of tables."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pandas as pd

from tests.fuzz.case import Case
from tests.fuzz.damage import damaged
from tests.fuzz.hostile import HOSTILE
from tests.fuzz.material import FEATURE, corpus

COLUMNS = (
    "file", "start", "end", "speaker", "emotion", "corpus", "language", "split", "fold", "channel",
    "gender", "arousal", "key", "index", "", "Unnamed: 0", "emotion.1", "__proto__",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252", "utf-32")
ENDINGS = ("csv", "tsv", "parquet", "json")
Cells = list[list[Any]]


def hostile_manifests(case: Case) -> None:
    """Write one hostile manifest and give it to a command."""
    rng = case.rng()
    ending = str(rng.choice(ENDINGS, p=[0.4, 0.15, 0.3, 0.15]))
    manifest = case.inputs / f"m.{ending}"
    manifest.write_bytes(_manifest(rng, ending))
    store = ("--store", "store")
    commands = (
        ("extract", manifest, "-f", FEATURE, *store, "-j", "1", "--timeout", "15"),
        ("audit", manifest, "-j", "1", "--timeout", "15", "-o", "audit.json"),
        ("fit", manifest, *store, "-j", "1", "--model", "logistic"),
    )
    case.run(*commands[rng.choice(len(commands), p=[0.5, 0.4, 0.1])])


def _manifest(rng: np.random.Generator, ending: str) -> bytes:
    names, rows = _cells(rng)
    if ending == "parquet":
        content = _parquet(names, rows, rng)
    elif ending == "json":
        records = [dict(zip(names, row, strict=True)) for row in rows]
        content = json.dumps(records if rng.random() < 0.7 else {"a": records}).encode()
    else:
        separator = "\t" if ending == "tsv" else str(rng.choice([",", ";"], p=[0.9, 0.1]))
        table = pd.DataFrame(rows, columns=pd.Index(names))
        text = table.to_csv(index=False, sep=separator)
        content = text.encode(
            str(rng.choice(ENCODINGS)) if rng.random() < 0.3 else "utf-8", "replace"
        )
    return damaged(content, rng) if rng.random() < 0.2 else content


def _cells(rng: np.random.Generator) -> tuple[list[str], Cells]:
    """Return the names of columns and rows of a valid manifest with some hostile cells."""
    table = pd.read_csv(corpus() / "m.csv").iloc[: rng.integers(0, 9)]
    table["file"] = [str(corpus() / name) for name in table["file"]]
    names, rows = list(table), table.to_numpy(object).tolist()
    for _ in range(rng.integers(0, 3)):
        names.append(str(rng.choice(COLUMNS)))
        fill = HOSTILE[rng.integers(len(HOSTILE))]
        rows = [[*row, fill if rng.random() < 0.7 else rng.normal()] for row in rows]
    for _ in range(rng.integers(0, 5) if rows else 0):
        row = rows[rng.integers(len(rows))]
        row[rng.integers(len(row))] = HOSTILE[rng.integers(len(HOSTILE))]
    if rng.random() < 0.1:
        names[rng.integers(len(names))] = HOSTILE[rng.integers(len(HOSTILE))]
    return names, rows


def _parquet(names: list[str], rows: Cells, rng: np.random.Generator) -> bytes:
    """Write columns of any type, nested ones too, and sometimes metadata that lie."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = []
    for place in range(len(names)):
        cells = [row[place] for row in rows]
        columns.append(_typed(cells, rng))
    table = pa.Table.from_arrays(columns, names=[name or "empty" for name in names])
    if rng.random() < 0.2:
        lies = (b"{}", b"[", b'{"columns": 5}', b'{"index_columns": ["x"], "columns": []}')
        table = table.replace_schema_metadata({b"pandas": lies[rng.integers(len(lies))]})
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def _typed(cells: list[Any], rng: np.random.Generator) -> Any:
    import pyarrow as pa

    text = pa.array([str(cell).encode("utf-8", "replace").decode() for cell in cells], pa.string())
    if rng.random() < 0.75:
        return text
    makers = (
        text.dictionary_encode,
        lambda: text.cast(pa.binary()),
        lambda: pa.array([[cell] for cell in text.to_pylist()], pa.list_(pa.string())),
        lambda: pa.array([{"a": cell} for cell in text.to_pylist()]),
        lambda: pa.array(range(len(cells)), pa.int8()),
        lambda: pa.array([2**62] * len(cells), pa.timestamp("ns")),
        lambda: pa.nulls(len(cells)),
        lambda: pa.array([True] * len(cells)),
        lambda: pa.array([float("inf")] * len(cells)),
    )
    return makers[rng.integers(len(makers))]()
