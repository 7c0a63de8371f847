"""The files of a run's folder, checked as they are read: a folder may come from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.errors import FeatserError, RunError, counted, shortened
from featser.io.file_format import FileFormat
from featser.io.parquet_tables import read_parquet_table

FORMAT = FileFormat("run", 1, unnumbered=1)
"""The format of a run's folder, which its ``run.json`` states."""

MAX_NESTING = 20
"""How deeply the lists and objects of ``run.json`` may be nested."""

_REQUIRED = ("file", "start", "end", "protocol", "fold")


def read_predictions(folder: str | Path) -> pd.DataFrame:
    """Read the predictions of a run.

    Parameters
    ----------
    folder : str or Path
        A folder that ``featser fit`` wrote.

    Returns
    -------
    DataFrame
        Of all protocols.

    Raises
    ------
    FeatserError
        If the folder has no predictions.
    RunError
        If they are damaged.
    """
    import pyarrow

    path = Path(folder) / "predictions.parquet"
    if not path.is_file():
        raise FeatserError(
            f"{folder}: no run: there is no {path.name} in it; `featser fit -o {folder}` makes one"
        )
    try:
        table = read_parquet_table(path)
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        problem = f"not a Parquet file that can be read ({shortened(str(error))})"
        raise _damaged(path, problem) from error
    for problem in _table_problems(table):
        raise _damaged(path, problem)
    return table


def read_findings(folder: str | Path) -> list[dict[str, Any]]:
    """Read what the audit of a run found, as plain data.

    Parameters
    ----------
    folder : str or Path
        A folder that ``featser fit`` wrote.

    Returns
    -------
    list of dict
        With ``kind`` and ``message``; empty where the folder has no ``audit.json``.

    Raises
    ------
    RunError
        If it is damaged.
    """
    path = Path(folder) / "audit.json"
    if not path.is_file():
        return []
    try:
        findings = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"not JSON ({shortened(str(error))})") from error
    if not isinstance(findings, list) or not all(_is_finding(one) for one in findings):
        raise _damaged(path, "not a list of findings")
    return findings


def _is_finding(one: Any) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(n), str) for n in ("kind", "message"))


def read_description(folder: str | Path) -> dict[str, Any]:
    """Read the ``run.json`` of a run.

    Parameters
    ----------
    folder : str or Path
        A folder that ``featser fit`` wrote.

    Returns
    -------
    dict
        Empty where the folder has no such file.

    Raises
    ------
    RunError
        If it is damaged, or of another format.
    """
    file = Path(folder) / "run.json"
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(described, dict):
            raise ValueError(f"holds {_kind(described)}, not an object of fields")
        FORMAT.number_of(described)
        for problem in _field_problems(described):
            raise ValueError(problem)
        json.dumps(described, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise _damaged(file, "nested too deeply") from error
    except (OSError, ValueError) as error:
        raise _damaged(file, shortened(str(error))) from error
    return described


def _damaged(path: Path, problem: str) -> RunError:
    return RunError(f"{path}: {problem}. Run `featser fit` with `-o {path.parent}` again")


def _table_problems(table: pd.DataFrame) -> Iterator[str]:
    """Yield what is wrong with predictions; each check relies on those before it."""
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        yield "two columns have the same name"
    for name in [*_REQUIRED, *(f"{task}.true" for task in _tasks(names))]:
        if name not in names:
            yield f"lacks the column '{name}'"
    for name in ("file", "protocol"):
        is_other = ~table[name].astype(object).map(lambda value: isinstance(value, str))
        if is_other.any():
            yield f"column '{name}' has no text in {_rows(is_other)}"
    if table["fold"].isna().any():
        yield f"column 'fold' has no value in {_rows(table['fold'].isna())}"
    for name in filter(_is_used, names):
        values = table[name].dropna()
        if not values.map(np.isscalar).all():
            yield f"column '{name}' has values that are neither text nor numbers"
    for name in _numeric(names):
        if not (pd.api.types.is_numeric_dtype(table[name]) or table[name].isna().all()):
            yield _not_numbers(table, name)
    repeated = utterances(table).assign(protocol=table["protocol"]).duplicated()
    if repeated.any():
        first = table["file"][repeated].iloc[0]
        yield (
            f"the file, start, end and protocol of {_rows(repeated)} are those of an earlier row, "
            f"such as {shortened(str(first))}"
        )


def _not_numbers(table: pd.DataFrame, name: str) -> str:
    """Say which value of a column is no number, and what is missing where it is a class."""
    is_text = table[name].astype(object).map(lambda value: isinstance(value, str))
    row = int(np.argmax((is_text if is_text.any() else table[name].notna()).to_numpy()))
    text = (
        f"column '{name}' has the value '{shortened(str(table[name].iloc[row]))}' in row {row + 1}"
    )
    task, _, column = name.rpartition(".")
    if column in ("true", "pred"):
        return (
            f"lacks the columns '{task}.p[CLASS]' with the probabilities of classes, and {text}, "
            f"which is no number"
        )
    return f"{text}, which is no number"


def utterances(table: pd.DataFrame) -> pd.DataFrame:
    """Return which utterance each row is of; no start is 0, no end is the file's end.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"file": ["a.wav"], "start": [float("nan")], "end": [None]})
    >>> utterances(table).to_dict("list")
    {'file': ['a.wav'], 'start': [0.0], 'end': [inf]}
    """
    start, end = table["start"].astype(float), table["end"].astype(float)
    return table[["file"]].assign(start=start.fillna(0.0), end=end.fillna(np.inf))


def _is_used(name: str) -> bool:
    return name in ("fold", "speaker", "corpus") or name.endswith((".true", ".pred"))


def _rows(chosen: pd.Series[bool]) -> str:
    return counted(int(chosen.sum()), "row")


def _tasks(names: list[str]) -> list[str]:
    return [name.removesuffix(".pred") for name in names if name.endswith(".pred")]


def _numeric(names: list[str]) -> Iterator[str]:
    """Yield the columns of numbers: times, and the tasks that have no probabilities of classes."""
    yield from ("start", "end")
    for task in _tasks(names):
        if not any(name.startswith(f"{task}.p[") for name in names):
            yield from (f"{task}.true", f"{task}.pred")


def _field_problems(described: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the fields of ``run.json`` that are compared or shown."""
    if _nesting(described) > MAX_NESTING:
        yield f"nested too deeply: more than {MAX_NESTING} levels"
    for name in ("model", "speaker_norm", "featser"):
        if not isinstance(described.get(name, ""), str):
            yield f"field '{name}' is {_kind(described[name])}, not text"
    features = described.get("features", {})
    if not isinstance(features, dict):
        yield f"field 'features' is {_kind(features)}, not an object"
    for spec, fingerprint in features.items():
        if not isinstance(fingerprint, str):
            yield f"field 'features': the version of '{spec}' is {_kind(fingerprint)}, not text"
    auxiliary = described.get("auxiliary", [])
    if not isinstance(auxiliary, list) or not all(isinstance(one, dict) for one in auxiliary):
        yield "field 'auxiliary' is not a list of objects"
    elif not all(isinstance(one.get("checksum", ""), str) for one in auxiliary):
        yield "field 'auxiliary': a checksum is not text"
    shared = described.get("shared", {})
    if not isinstance(shared, dict) or not all(map(_is_texts, shared.values())):
        yield "field 'shared' is not an object of lists of text"
    for name, value in described.items():
        items = value if isinstance(value, list) else []
        if any(isinstance(item, dict) and "name" not in item for item in items):
            yield f"field '{name}': an object in the list lacks 'name'"


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _nesting(content: Any) -> int:
    """Return how deeply lists and objects are nested."""
    deepest, waiting = 0, [(content, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        inside = item.values() if isinstance(item, dict) else item
        if isinstance(item, dict | list):
            waiting += [(value, depth + 1) for value in inside]
    return deepest


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "text",
        type(None): "null",
        bool: "true or false",
    }
    return names.get(type(value), "a number")
