"""Files that a bundle names are opened beside the bundle, or where the user trusts its paths."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser.errors import BundleError
from featser.features.registry import make_extractor
from featser.models.bundle import Bundle
from featser.models.bundle_extractors import rebuild_extractors


class _Model:
    tasks = ()
    n_features_in_ = 2


def bundle_of(table: Path) -> Bundle:
    extractor = make_extractor(f"table-embedding:{table}")
    described = {
        "spec": extractor.spec,
        "version": extractor.version,
        "params": extractor.params,
        "names": list(extractor.names),
    }
    return Bundle(_Model(), [described], "none", {}, {})  # type: ignore[arg-type]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "embeddings.parquet"
    path.parent.mkdir()
    pd.DataFrame({"key": ["a"], "e0": [1.0], "e1": [2.0]}).to_parquet(path)
    return path


def test_file_that_is_not_beside_the_bundle_is_refused(tmp_path: Path, table: Path) -> None:
    with pytest.raises(BundleError, match=r"put it beside the bundle.*--trust-paths"):
        rebuild_extractors(bundle_of(table), tmp_path / "model.featser")


def test_file_in_a_trimmed_spec_is_refused_too(tmp_path: Path, table: Path) -> None:
    bundle = bundle_of(table)
    bundle.extractors[0]["spec"] = f"trim:{bundle.extractors[0]['spec']}"
    with pytest.raises(BundleError, match="put it beside the bundle"):
        rebuild_extractors(bundle, tmp_path / "model.featser")


def test_trusted_path_is_opened_where_it_is(tmp_path: Path, table: Path) -> None:
    made = rebuild_extractors(bundle_of(table), tmp_path / "model.featser", trust_paths=True)
    assert made[0].path == table  # type: ignore[attr-defined]


def test_file_beside_the_bundle_is_opened(tmp_path: Path, table: Path) -> None:
    bundle = bundle_of(table)
    moved = table.rename(tmp_path / table.name)
    made = rebuild_extractors(bundle, tmp_path / "model.featser")
    assert made[0].path == moved  # type: ignore[attr-defined]


def test_features_of_another_width_than_the_model_are_refused(tmp_path: Path, table: Path) -> None:
    bundle = bundle_of(table)
    bundle.model.n_features_in_ = 3
    with pytest.raises(BundleError, match="extractors give 2 features, its model reads 3"):
        rebuild_extractors(bundle, tmp_path / "model.featser", trust_paths=True)
