"""Tables of results as files: CSV, JSON, Parquet and Excel, by the ending of the name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from featser.errors import ResourceError
from featser.io.atomic_write import whole
from featser.io.escaping import for_csv

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableFormat:
    """A format of tables.

    Attributes
    ----------
    ending : str
        By which it is chosen.
    write : callable
        Writes a table into a file.
    package, extra : str
        The optional package that writes it, and the extra of featser that brings it; empty where
        none is needed.
    """

    ending: str
    write: Callable[[pd.DataFrame, Path], None]
    package: str = ""
    extra: str = ""


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    for_csv(table).to_csv(path, index=False)


def _write_json(table: pd.DataFrame, path: Path) -> None:
    table.to_json(path, orient="records", indent=1, force_ascii=False)


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


def _write_excel(table: pd.DataFrame, path: Path) -> None:
    for_csv(table).to_excel(path, index=False, freeze_panes=(1, 0))


TABLE_FORMATS = (
    TableFormat(".csv", _write_csv),
    TableFormat(".json", _write_json),
    TableFormat(".parquet", _write_parquet),
    TableFormat(".xlsx", _write_excel, "openpyxl", "excel"),
)
"""JSON is a list of objects, one for each row, with null where a value is missing."""

TABLE_ENDINGS = tuple(row.ending for row in TABLE_FORMATS)


def table_format(path: str | Path) -> TableFormat:
    """Return the format of a table by its ending, before anything is computed for it.

    Raises
    ------
    ResourceError
        If the package that writes it is not installed.

    Examples
    --------
    >>> table_format("predictions.CSV").ending
    '.csv'
    """
    ending = Path(path).suffix.lower()
    row = next(row for row in TABLE_FORMATS if row.ending == ending)
    if row.package and find_spec(row.package) is None:
        raise ResourceError(
            f"{path}: {row.ending} files need the package {row.package}, which is not installed: "
            f"pip install 'featser[{row.extra}]', or write .csv"
        )
    return row


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table in the format of its ending, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        Without its index.
    path : str or Path
        One of :data:`TABLE_ENDINGS`.

    Examples
    --------
    >>> import pandas as pd
    >>> write_table(pd.DataFrame({"file": ["a.wav"], "p": [0.5]}), "predictions.json")
    >>> print(Path("predictions.json").read_text())
    [
     {
      "file":"a.wav",
      "p":0.5
     }
    ]
    """
    row = table_format(path)
    with whole(path) as temporary:
        row.write(table, temporary)
