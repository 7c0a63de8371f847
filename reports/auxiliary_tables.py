"""Write the tables of auxiliary corpora that come with featser, and data/auxiliary/README.md.

Run ``python reports/auxiliary_tables.py CORPORA``, where CORPORA holds ``emodb/`` and
``banglaser/``; ``make aux CORPORA=FOLDER`` calls it. Their licences permit to distribute what is
made of the recordings. Features stay in a store in the working folder (``--work``), so that
finished steps are not repeated. With the same versions of libraries, tables have the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import report_parser, table_lines

from featser.api.stored.auxiliary import make_auxiliary
from featser.auxiliary.auxiliary_files import COARSE, read_auxiliary, write_auxiliary
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.features.spec_names import DEFAULT

SHIPPED = ("emodb", "banglaser")
FEATURES = (DEFAULT,)
FOLDER = Path(__file__).resolve().parents[1] / "data" / "auxiliary"
MOST_BYTES = 25_000_000
"""Of all tables together."""

LICENCES = {
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
}
"""Licences that permit to distribute what is made of the recordings, and their texts."""


@dataclass(frozen=True)
class Written:
    """A table that was written, and what its coding costs.

    Attributes
    ----------
    table : AuxiliaryTable
        As it is read from the file.
    n_bytes, n_bytes_half, n_bytes_single : int
        The size of the file; with all features in two bytes; of all values in four bytes.
    changes : dict of str to float
        By extractor: root mean square of what the coding changes, in standard deviations of the
        columns.
    """

    table: AuxiliaryTable
    n_bytes: int
    n_bytes_half: int
    n_bytes_single: int
    changes: dict[str, float]


def write_table(table: AuxiliaryTable, folder: Path) -> Written:
    """Write a compact table and measure it."""
    if table.licence not in LICENCES:
        raise SystemExit(f"{table.name}: '{table.licence}' does not permit to distribute tables")
    path = write_auxiliary(table, folder / f"{table.name}.parquet", compact=True)
    with tempfile.TemporaryDirectory() as scratch:
        half = write_auxiliary(table, Path(scratch) / "half.parquet").stat().st_size
    read = read_auxiliary(path)
    changes = {spec: change_of(table.values[spec], read.values[spec]) for spec in table.origins}
    n_values = sum(origin.dimension for origin in table.origins.values())
    return Written(read, path.stat().st_size, half, 4 * n_values * len(table), changes)


def change_of(values: np.ndarray, decoded: np.ndarray) -> float:
    """Return the root mean square of changes, in standard deviations of the columns."""
    if not np.array_equal(np.isnan(values), np.isnan(decoded)):
        raise SystemExit("undefined values were not stored as such")
    deviations = np.nanstd(values.astype(float), axis=0)
    changes = (decoded.astype(float) - values) / np.where(deviations > 0, deviations, 1)
    return float(np.sqrt(np.nanmean(np.square(changes))))


def page(tables: Sequence[Written]) -> list[str]:
    """Return the lines of README.md: attribution, contents, sizes."""
    header = ["table", "utterances", "speakers", "labels", "size"]
    rows = [
        (
            f"`{one.table.name}.parquet`",
            len(one.table),
            one.table.n_speakers,
            ", ".join(f"`{task.name}`" for task in one.table.tasks),
            _megabytes(one.n_bytes),
        )
        for one in tables
    ]
    return [
        "# Tables of auxiliary corpora",
        "",
        "These files have the features and labels of corpora, without their recordings. They come "
        "with featser: `featser aux list` lists them, and [docs/auxiliary.md]"
        "(../../docs/auxiliary.md) explains them. `make aux CORPORA=FOLDER` writes them and this "
        "page.",
        "",
        *table_lines(header, rows),
        "",
        "## Attribution and licences",
        *(line for one in tables for line in attribution(one.table)),
        "",
        "## Contents",
        "",
        *features_lines(tables),
        "",
        "## Sizes",
        "",
        *sizes_lines(tables),
    ]


def attribution(table: AuxiliaryTable) -> list[str]:
    """Return who made a corpus, its licence, and what was changed."""
    return [
        "",
        f"**{table.name}.** {table.citation}. Source: {table.source}. Licence: {table.licence} "
        f"(<{LICENCES[table.licence]}>). Changes: each recording is replaced by numbers that were "
        f"computed from it. The table has the same licence.",
    ]


def features_lines(tables: Sequence[Written]) -> list[str]:
    """Return a table of the extractors: version, values, bytes of a value, change by the coding."""
    origins = tables[0].table.origins
    rows = [
        (
            f"`{spec}`",
            origin.definition["version"],
            origin.dimension,
            1 if spec in COARSE else 2,
            f"{max(one.changes[spec] for one in tables):.1g}",
        )
        for spec, origin in origins.items()
    ]
    libraries = {name: one for origin in origins.values() for name, one in origin.libraries.items()}
    versions = ", ".join(f"{name} {libraries[name]}" for name in sorted(libraries))
    return [
        *table_lines(["features", "version", "values", "bytes a value", "change"], rows),
        "",
        "The change is the root mean square of the difference between stored and computed values, "
        "in standard deviations of each feature; the larger one of the tables. Undefined values "
        f"stay undefined. Computed with {versions}.",
    ]


def sizes_lines(tables: Sequence[Written]) -> list[str]:
    """Return the sizes of the tables, and of other ways to store them."""
    rows = [
        (
            one.table.name,
            _megabytes(one.n_bytes),
            _megabytes(one.n_bytes_half),
            _megabytes(one.n_bytes_single),
        )
        for one in tables
    ]
    sums = [sum(getattr(one, name) for one in tables) for name in _SIZES]
    rows.append(("all", *map(_megabytes, sums)))
    return table_lines(["table", "as it is", "two bytes a value", "four bytes, uncompressed"], rows)


_SIZES = ("n_bytes", "n_bytes_half", "n_bytes_single")


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def main() -> None:
    """Write the tables and the page."""
    parser = report_parser(__doc__, "auxiliary", "emodb/, banglaser/")
    parser.add_argument("--output", type=Path, default=FOLDER, help="where tables are written")
    parser.add_argument("--jobs", type=int, default=-1)
    arguments = parser.parse_args()
    written = []
    for name in SHIPPED:
        folder = arguments.corpora / name
        store = arguments.work / f"{name}-store"
        made = make_auxiliary(name, folder, store=store, features=FEATURES, n_jobs=arguments.jobs)
        written.append(write_table(made, arguments.output))
    n_bytes = sum(one.n_bytes for one in written)
    text = "\n".join(page(written)) + "\n"
    (arguments.output / "README.md").write_text(text, encoding="utf-8")
    print(f"{arguments.output}: {_megabytes(n_bytes)}")
    if n_bytes > MOST_BYTES:
        raise SystemExit(f"the tables have {n_bytes:,} bytes, more than {MOST_BYTES:,}")


if __name__ == "__main__":
    main()
