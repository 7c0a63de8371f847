"""Tables that come with featser fit its extractors, name their terms, and hold true values."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.auxiliary.auxiliary_files import read_auxiliary
from featser.auxiliary.auxiliary_lookup import shipped_folder
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from featser.extraction.extraction import extract_manifest
from featser.features.registry import make_extractor, make_extractors
from featser.features.spec_names import DEFAULT_FEATURES
from featser.store.feature_store import Store
from tests.auxiliary.small_tables import small_table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "data" / "auxiliary"
MAKE = "run `make aux CORPORA=FOLDER`"
EVERY = 50
"""Recordings of which one is extracted again."""


@pytest.fixture
def shipped() -> list[AuxiliaryTable]:
    tables = [read_auxiliary(file) for file in sorted(FOLDER.glob("*.parquet"))]
    if not tables:
        pytest.skip(f"this checkout has no tables of auxiliary corpora: {MAKE}")
    return tables


@pytest.fixture
def script() -> Any:
    sys.path.insert(0, str(ROOT / "reports"))
    try:
        import auxiliary_tables
    finally:
        sys.path.remove(str(ROOT / "reports"))
    return auxiliary_tables


def test_shipped_features_are_those_of_extractors_in_use(shipped: list[AuxiliaryTable]) -> None:
    """It fails when the version of an extractor is raised and the tables are not made again."""
    for table in shipped:
        assert {make_extractor(spec).spec for spec in DEFAULT_FEATURES} <= set(table.origins), MAKE
        for spec, origin in table.origins.items():
            assert origin.difference(make_extractor(spec)) == "", f"{table.name}, {spec}: {MAKE}"


def test_shipped_tables_name_licence_and_citation(
    shipped: list[AuxiliaryTable], script: Any
) -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for table in shipped:
        card = load_card(table.name)
        assert (table.licence, table.citation) == (card.licence, card.citation)
        for text in (card.citation, card.source, card.licence, script.LICENCES[card.licence]):
            assert text in page
    assert {table.name for table in shipped} == set(script.SHIPPED)
    assert sum(file.stat().st_size for file in FOLDER.glob("*.parquet")) <= script.MOST_BYTES


def test_shipped_rows_are_those_of_the_published_corpora(shipped: list[AuxiliaryTable]) -> None:
    for table in shipped:
        expected = load_card(table.name).expected
        n_missing = len(load_card(table.name).known_missing)
        assert len(table) == (expected.utterances or 0) - n_missing
        assert table.n_speakers == expected.speakers
        counts = table.rows["emotion"].value_counts()
        assert set(counts.index) == set(expected.classes)
        assert (pd.Series(expected.classes) - counts).sum() == n_missing
        assert not table.rows["file"].str.contains(r"^/|\\|:").any()


@pytest.mark.corpora
@pytest.mark.parametrize("name", ["banglaser", "emodb"])
def test_shipped_values_equal_those_of_recordings(name: str, corpora: Path, tmp_path: Path) -> None:
    file = FOLDER / f"{name}.parquet"
    if not file.exists():
        pytest.skip(f"{file} does not exist: {MAKE}")
    table = read_auxiliary(file)
    manifest = scan(load_card(name), corpora / name).manifest.iloc[::EVERY].reset_index(drop=True)
    specs = list(table.origins)
    store = Store(tmp_path / "store")
    extracted = extract_manifest(manifest, specs, store, n_jobs=2)
    assert len(extracted.unusable) == 0
    row_of = {key: row for row, key in enumerate(table.rows["key"])}
    rows = [row_of[str(key)] for key in extracted.keys or ()]
    assert table.rows["emotion"].iloc[rows].tolist() == manifest["emotion"].tolist()
    for extractor in make_extractors(specs):
        X = store.read(extractor, [str(key) for key in extracted.keys or ()])
        decoded = table.features(extractor)[rows]
        tolerance = table.values._stored[extractor.spec].column_coding.tolerance(X)  # type: ignore[attr-defined]
        assert np.array_equal(np.isnan(X), np.isnan(decoded)), extractor.spec
        # Kinds of CPU differ in the last bits; a count, such as frames above a bias, then differs
        # by one frame in few recordings: one value of 2,500 is the most that was seen.
        excess = (np.abs(decoded.astype(float) - X) - tolerance) / (np.nanstd(X, axis=0) + 1e-12)
        assert np.nanmean(excess > 1e-3) <= 1e-3, extractor.spec
        assert np.nanmax(excess) <= 0.5, extractor.spec


def test_page_names_terms_versions_and_sizes(script: Any, tmp_path: Path) -> None:
    table = replace(small_table(specs=("rhythm", "rocket")), name="own")
    written = script.write_table(table, tmp_path)
    page = "\n".join(script.page([written]))
    assert "| `own.parquet` | 12 | 4 | `emotion`, `arousal` |" in page
    assert "A. Author, „Ein Korpus“, 2020. Source: https://example.org. Licence: CC0 (<" in page
    versions = {spec: origin.definition["version"] for spec, origin in table.origins.items()}
    assert f"| `rhythm` | {versions['rhythm']} | 61 | 2 | " in page
    assert f"| `rocket` | {versions['rocket']} | 9216 | 1 | 0.04 |" in page
    assert f"numpy {np.__version__}" in page
    assert written.n_bytes < written.n_bytes_half < written.n_bytes_single


def test_table_whose_licence_forbids_it_is_not_written(script: Any, tmp_path: Path) -> None:
    table = replace(small_table(specs=("rhythm",)), licence="CC BY-NC-SA 4.0")
    with pytest.raises(SystemExit, match="does not permit"):
        script.write_table(table, tmp_path)
    assert not list(tmp_path.iterdir())


def test_shipped_folder_of_a_checkout() -> None:
    assert shipped_folder() == FOLDER


def test_shipped_folder_of_an_installation(tmp_path: Path) -> None:
    """As the wheel has it: `featser/data/auxiliary`."""
    package = tmp_path / "featser"
    (package / "data" / "auxiliary").mkdir(parents=True)
    module = package / "auxiliary" / "auxiliary_lookup.py"
    module.parent.mkdir()
    shutil.copy(ROOT / "featser" / "auxiliary" / module.name, module)
    code = "import runpy, sys\nprint(runpy.run_path(sys.argv[1])['shipped_folder']())\n"
    shown = subprocess.run(
        [sys.executable, "-c", code, module],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == str(package / "data" / "auxiliary")
