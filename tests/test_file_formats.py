"""Files of older formats, pinned in ``tests/formats``, are read; others are refused with a remedy.

The documents are as older versions wrote them, apart from what depends on the libraries installed:
the estimators of a bundle and the fingerprint of an extractor.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featser.api.compare import compare
from featser.errors import BundleError, FeatserError, StoreError
from featser.experiment.runs import run_reading
from featser.features.registry import make_extractor
from featser.io.file_format import FileFormat
from featser.models import bundle
from featser.models.bundle import Bundle, library_versions, load_bundle, save_bundle
from featser.models.coupling.coupling import CoupledEstimator
from featser.store import description
from featser.store.feature_store import Store
from featser.store.maintenance import info
from tests.models.test_coupling import dependent
from tests.models.test_coupling import fitted as fit_coupled

FORMATS = Path(__file__).with_name("formats")
RMS = make_extractor("rms:basic")


def pinned(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FORMATS / f"{name}.json").read_text(encoding="utf-8"))
    return document


def model_of(coupling: str) -> CoupledEstimator:
    return fit_coupled(dependent(rows=120), coupling)  # type: ignore[arg-type]


def rewritten(path: Path, document: dict[str, Any]) -> Path:
    """Put another ``model.json`` into a bundle."""
    with zipfile.ZipFile(path) as archive:
        estimators = archive.read("estimators.skops")
    document["checksums"] = {"estimators.skops": hashlib.sha256(estimators).hexdigest()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(document))
        archive.writestr("estimators.skops", estimators)
    return path


def saved(folder: Path, model: CoupledEstimator) -> Path:
    return save_bundle(folder / "model.featser", Bundle(model, [], "none", {}, library_versions()))


def test_new_files_state_their_kind_and_format(fitted: Path) -> None:
    with zipfile.ZipFile(fitted / "model.featser") as archive:
        model = json.loads(archive.read("model.json"))
    assert (model["kind"], model["format"]) == ("bundle", 4)
    run = json.loads((fitted / "run.json").read_text(encoding="utf-8"))
    assert (run["kind"], run["format"]) == ("run", 1)
    (folder,) = (fitted.parent / "featser-store" / "features").iterdir()
    features = json.loads((folder / "extractor.json").read_text(encoding="utf-8"))
    assert (features["kind"], features["format"]) == ("features", 2)


@pytest.mark.parametrize(
    ("name", "coupling"),
    [("bundle-2-first", "independent"), ("bundle-2", "independent"), ("bundle-3", "chain")],
)
def test_bundle_of_an_older_format_predicts_the_same(
    tmp_path: Path, name: str, coupling: str
) -> None:
    model = model_of(coupling)
    loaded = load_bundle(rewritten(saved(tmp_path, model), pinned(name))).model
    X = dependent(rows=120).X
    assert loaded.predict(X).equals(model.predict(X))


def test_every_older_format_has_a_pinned_document() -> None:
    pins = {path.stem for path in FORMATS.glob("*.json")}
    assert {f"bundle-{number}" for number in bundle.FORMAT.older} <= pins
    assert {f"features-{number}" for number in description.FORMAT.older} <= pins
    assert {f"run-{number}" for number in run_reading.FORMAT.older} <= pins
    assert {"features-2", "run-unnumbered"} <= pins, "without the word `kind`"


@pytest.mark.parametrize("change", [{"format": 99}, {"format": "4"}, {"format": True}])
def test_bundle_of_another_format_is_refused_with_the_versions_that_wrote_it(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    document = {"kind": "bundle", **pinned("bundle-2"), **change}
    document["libraries"] = {"featser": "9.9.9"}
    path = rewritten(saved(tmp_path, model_of("independent")), document)
    with pytest.raises(BundleError, match=r"reads formats 2, 3, 4 of kind 'bundle'\. .*9\.9\.9"):
        load_bundle(path)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"format": 99}, "saved with a newer featser: install that one, or fit it again"),
        ({"format": 1}, "saved with an older featser: install that one, or fit it again"),
        ({"format": "4"}, "saved with the very versions installed here, so the file is damaged"),
        ({"kind": "run"}, "Give a model.featser that `featser fit` wrote"),
    ],
)
def test_bundle_of_another_format_saved_with_the_installed_versions_gets_a_fitting_hint(
    tmp_path: Path, change: dict[str, Any], hint: str
) -> None:
    document = {"kind": "bundle", **pinned("bundle-2"), **change, "libraries": library_versions()}
    path = rewritten(saved(tmp_path, model_of("independent")), document)
    with pytest.raises(BundleError, match=hint) as refusal:
        load_bundle(path)
    assert ("damaged" in str(refusal.value)) == (change == {"format": "4"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.add(RMS, ["a", "b"], np.ones((2, 2), dtype=np.float32))
    store.flush(RMS)
    return Store(store.folder)


def rewrite_description(store: Store, **changes: Any) -> Path:
    """Write the pinned ``extractor.json`` of format 2 with changes."""
    file = store.folder_of(RMS) / "extractor.json"
    document = pinned("features-2") | {"fingerprint": RMS.fingerprint()} | changes
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_features_of_an_older_description_are_read_and_its_kind_is_added(store: Store) -> None:
    file = rewrite_description(store)
    np.testing.assert_array_equal(store.read(RMS, ["a", "b"]), np.ones((2, 2)))
    assert info(store)[0].rows == 2
    store.prepare([RMS])
    assert json.loads(file.read_text(encoding="utf-8"))["kind"] == "features"
    np.testing.assert_array_equal(Store(store.folder).read(RMS, ["a"]), np.ones((1, 2)))


@pytest.mark.parametrize("change", [{"format": 99}, {"kind": "bundle"}])
def test_features_of_another_format_are_refused_and_stay_as_they_are(
    store: Store, change: dict[str, Any]
) -> None:
    file = rewrite_description(store, **change)
    before = file.read_bytes()
    row = np.ones((1, 2), dtype=np.float32)
    for use in (
        lambda: store.read(RMS, ["a"]),
        lambda: store.prepare([RMS]),
        lambda: store.add(RMS, ["c"], row),
        lambda: info(store),
    ):
        with pytest.raises(StoreError, match="Run `featser extract` with another --store"):
            use()
    assert file.read_bytes() == before


def run_with(fitted: Path, folder: Path, document: dict[str, Any] | None) -> Path:
    run = shutil.copytree(fitted, folder, ignore=shutil.ignore_patterns("*.featser"))
    text = "[]" if document is None else json.dumps(document)
    (run / "run.json").write_text(text, encoding="utf-8")
    return run


def test_run_without_a_format_is_compared(fitted: Path, tmp_path: Path) -> None:
    older = run_with(fitted, tmp_path / "older", pinned("run-unnumbered"))
    assert compare([fitted, older]).common == 64


@pytest.mark.parametrize("document", [{"kind": "run", "format": 99}, {"kind": "bundle"}, None])
def test_run_of_another_format_is_refused_with_the_command_that_makes_it_again(
    fitted: Path, tmp_path: Path, document: dict[str, Any] | None
) -> None:
    other = run_with(fitted, tmp_path / "other", document)
    with pytest.raises(FeatserError, match=f"Run `featser fit` with `-o {other}` again"):
        compare([fitted, other])


def test_format_of_a_file_without_a_number_is_refused_unless_one_is_declared() -> None:
    assert FileFormat("run", 2, unnumbered=1, older=(1,)).number_of({}) == 1
    with pytest.raises(ValueError, match="format None of kind 'bundle'; this featser reads format"):
        FileFormat("bundle", 4).number_of({})


def test_format_of_another_type_is_shown_with_its_quotes() -> None:
    message = "format '1' of kind 'run'; this featser reads format 1 of kind 'run'"
    with pytest.raises(ValueError, match=message):
        FileFormat("run", 1).number_of({"format": "1"})
    with pytest.raises(ValueError, match=r"format 1 of kind \['run'\]; this"):
        FileFormat("run", 1).number_of({"format": 1, "kind": ["run"]})
