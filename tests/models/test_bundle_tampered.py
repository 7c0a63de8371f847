"""Bundles from strangers: each fault is refused in one line, and nothing of it is used."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from featser.errors import BundleError, FeatserError
from featser.evaluation.prediction_tables import prediction_table
from featser.models import makers
from featser.models.bundle import applying, load_bundle, save_bundle
from featser.models.storage.ubjson import UbjsonError, parse
from tests.models.conftest import Sample, make_sample
from tests.models.tampering import Members, repack, tamper, unpack
from tests.models.test_bundle import bundle


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Bundles by the model's name, of few trees."""
    folder = tmp_path_factory.mktemp("bundles")
    content_of = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(makers.TREES, "n_estimators", 3)
        patch.setitem(makers.XGBOOST, "n_estimators", 3)
        for name in ("forest", "xgboost", "svm", "knn", "logistic"):
            sample = make_sample(60, 16)
            sample.tasks = sample.tasks[:1]
            path = save_bundle(folder / f"{name}.featser", bundle(sample, name))
            content_of[name] = path.read_bytes()
    return content_of


def refusal(data: bytes, folder: Path) -> str:
    """Return why a bundle is refused; it must be one line."""
    path = folder / "model.featser"
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        load_bundle(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def changed(data: bytes, change: Callable[[Members, Members], None]) -> bytes:
    """Return a bundle after a change, with a checksum that fits."""
    outer = unpack(data)
    inner = unpack(outer["estimators.skops"])
    change(outer, inner)
    return repack(outer, inner)


def schema_nodes(schema: Any, kind: str) -> list[dict[str, Any]]:
    """Return all nodes of a class."""
    if isinstance(schema, dict):
        own = [schema] if schema.get("__class__") == kind else []
        return own + [node for value in schema.values() for node in schema_nodes(value, kind)]
    if isinstance(schema, list):
        return [node for value in schema for node in schema_nodes(value, kind)]
    return []


def with_nodes(field: str, position: int, value: int) -> Callable[[Members, Members], None]:
    """Change a field of a node of the last decision tree."""

    def change(outer: Members, inner: Members) -> None:
        tree = schema_nodes(json.loads(inner["schema.json"]), "Tree")[-1]
        name = tree["content"]["content"]["nodes"]["file"]
        table = np.load(io.BytesIO(inner[name])).copy()
        assert table["left_child"][position] != -1
        table[field][position] = value
        buffer = io.BytesIO()
        np.save(buffer, table)
        inner[name] = buffer.getvalue()

    return change


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("left_child", 0, "comes before its parent"),
        ("right_child", 0, "comes before its parent"),
        ("left_child", 10**9, "has a child that is not among"),
        ("right_child", -5, "has a child that is not among"),
        ("feature", 16, "reads a feature that is not among 16"),
        ("feature", -3, "reads a feature that is not among 16"),
    ],
)
def test_tree_with_bad_node_is_refused(
    saved: dict[str, bytes], tmp_path: Path, field: str, value: int, reason: str
) -> None:
    assert reason in refusal(changed(saved["forest"], with_nodes(field, 0, value)), tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("content", "node_count"), "1", "node count of 1"),
        (("args", 0), "1000000", "reads 1000000 features of 16"),
    ],
)
def test_tree_with_wrong_count_is_refused(
    saved: dict[str, bytes], tmp_path: Path, path: tuple[str, Any], value: str, reason: str
) -> None:
    def change(outer: Members, inner: Members) -> None:
        schema = json.loads(inner["schema.json"])
        tree = schema_nodes(schema, "Tree")[0]
        place = {"content": tree["content"], "args": tree["__reduce__"]["args"]}[path[0]]
        place["content"][path[1]]["content"] = value
        inner["schema.json"] = json.dumps(schema).encode()

    assert reason in refusal(changed(saved["forest"], change), tmp_path)


def test_booster_from_a_path_is_refused(saved: dict[str, bytes], tmp_path: Path) -> None:
    """``Booster(model_file=PATH)`` would open a file of the user who predicts."""
    plain = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    content = [plain | {"content": json.dumps(value)} for value in (None, None, "/etc/hostname")]

    def change(outer: Members, inner: Members) -> None:
        schema = json.loads(inner["schema.json"])
        for node in schema_nodes(schema, "Booster"):
            node["__loader__"] = "ConstructorFromReduceNode"
            node["content"] = {
                "__class__": "tuple",
                "__module__": "builtins",
                "__loader__": "TupleNode",
                "content": content,
            }
        inner["schema.json"] = json.dumps(schema).encode()

    assert "does not load: xgboost.core.Booster" in refusal(
        changed(saved["xgboost"], change), tmp_path
    )


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"left_children", 0, "two parents"),
        (b"right_children", 10**6, "has a child that is not among"),
        (b"split_indices", 10**6, "reads a feature that is not among 16"),
        (b"tree_info", 7, "classes that do not exist"),
        (b"iteration_indptr", 9, "rounds of its boosted trees"),
    ],
)
def test_boosted_tree_with_bad_index_is_refused(
    saved: dict[str, bytes], tmp_path: Path, key: bytes, value: int, reason: str
) -> None:
    def change(outer: Members, inner: Members) -> None:
        name = next(name for name in inner if name.endswith(".bin"))
        data = bytearray(inner[name])
        start = data.index(key + b"[") + len(key) + 1
        if data[start : start + 2] == b"$l":  # one type for all, the count, the first value
            data[start + 12 : start + 16] = value.to_bytes(4, "big")
        else:  # the count, the first value's type, that value
            assert data[start : start + 2] == b"#L"
            data[start + 11] = value
        inner[name] = bytes(data)

    assert reason in refusal(changed(saved["xgboost"], change), tmp_path)


def test_damaged_booster_does_not_reach_its_loader(
    saved: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong length ends XGBoost's own reader in a segmentation fault."""

    def change(outer: Members, inner: Members) -> None:
        name = next(name for name in inner if name.endswith(".bin"))
        data = bytearray(inner[name])
        data[data.index(b"SL") + 5] = 1  # 2³² bytes more
        inner[name] = bytes(data)

    monkeypatch.setattr(xgboost.Booster, "__setstate__", lambda *_: pytest.fail("it was loaded"))
    assert "bytes that are not there" in refusal(changed(saved["xgboost"], change), tmp_path)


def _shorten(name: str) -> Callable[[Members, Members], None]:
    """Replace an attribute's array by one that is shorter by a row."""

    def change(outer: Members, inner: Members) -> None:
        schema = json.loads(inner["schema.json"])
        for kind in ("SVC", "SVR", "KNeighborsClassifier"):
            for node in schema_nodes(schema, kind):
                array = node.get("content", {}).get("content", {}).get(name)
                if array and "file" in array:
                    values = np.load(io.BytesIO(inner[array["file"]]))
                    buffer = io.BytesIO()
                    np.save(buffer, values[:-1])
                    inner[array["file"]] = buffer.getvalue()

    return change


@pytest.mark.parametrize(
    ("model", "attribute"),
    [
        ("svm", "support_vectors_"),
        ("svm", "support_"),
        ("svm", "_n_support"),
        ("svm", "_dual_coef_"),
        ("svm", "_intercept_"),
        ("knn", "_fit_X"),
        ("knn", "_y"),
        ("knn", "classes_"),
    ],
)
def test_arrays_that_compiled_code_trusts_are_checked(
    saved: dict[str, bytes], tmp_path: Path, model: str, attribute: str
) -> None:
    assert "damaged or tampered with" in refusal(
        changed(saved[model], _shorten(attribute)), tmp_path
    )


def test_array_that_announces_more_than_it_has_is_refused(
    saved: dict[str, bytes], tmp_path: Path
) -> None:
    def change(outer: Members, inner: Members) -> None:
        name = next(name for name in inner if name.endswith(".npy"))
        values = np.load(io.BytesIO(inner[name]))
        buffer = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            buffer, {"descr": values.dtype.str, "fortran_order": False, "shape": (10**12,)}
        )
        inner[name] = buffer.getvalue() + values.tobytes()

    assert "bytes that its header announces" in refusal(
        changed(saved["logistic"], change), tmp_path
    )


@pytest.mark.parametrize("member", ["model.json", "estimators.skops"])
def test_decompression_bomb_is_refused_before_it_is_unpacked(
    saved: dict[str, bytes], tmp_path: Path, member: str
) -> None:
    def change(outer: Members, inner: Members) -> None:
        outer[member] = b'{"x":"' + b"a" * 2_000_000 + b'"}'
        inner.clear()

    message = refusal(changed(saved["logistic"], change), tmp_path)
    assert "decompression bomb" in message


def test_a_member_packed_too_well_is_stored(tmp_path: Path) -> None:
    """What save_bundle writes is never mistaken for a bomb."""
    sample = make_sample(60, 16)
    sample.tasks = sample.tasks[:1]
    own = bundle(sample, "logistic")
    own.training["padding"] = "a" * 2_000_000
    assert load_bundle(save_bundle(tmp_path / "m.featser", own)).training == own.training


def test_unknown_member_is_refused(saved: dict[str, bytes], tmp_path: Path) -> None:
    def change(outer: Members, inner: Members) -> None:
        outer["other.txt"] = b"text"

    assert "other.txt" in refusal(changed(saved["logistic"], change), tmp_path)


@pytest.mark.parametrize("content", ["[]", "null", '"text"', "7", "{}", "[[[", "", '{"format": 2}'])
def test_model_json_that_is_no_description_is_refused(
    saved: dict[str, bytes], tmp_path: Path, content: str
) -> None:
    outer = unpack(saved["logistic"]) | {"model.json": content.encode()}
    assert "not a model bundle" in refusal(repack(outer, {}, checksum=False), tmp_path)


FIELDS = ("format", "tasks", "extractors", "n_features", "speaker_norm", "training", "libraries")


@pytest.mark.parametrize("field", [*FIELDS, "checksums"])
@pytest.mark.parametrize("value", ["absent", None, [], "text", -1, {"a": 1}, 1e400])
def test_model_json_with_a_wrong_field_is_refused(
    saved: dict[str, bytes], tmp_path: Path, field: str, value: Any
) -> None:
    outer = unpack(saved["logistic"])
    content = json.loads(outer["model.json"]) | {field: value}
    if value == "absent":
        del content[field]
    if (field, value) in (("extractors", []), ("speaker_norm", "text")):
        pytest.skip("a valid value")
    if field in ("training", "libraries") and value == {"a": 1}:
        content[field] = {"a": [[1]]} if field == "libraries" else 1
    outer["model.json"] = json.dumps(content).encode()
    refusal(repack(outer, {}, checksum=False), tmp_path)


def test_deeply_nested_json_is_refused(saved: dict[str, bytes], tmp_path: Path) -> None:
    deep = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    outer = unpack(saved["logistic"])
    inner = unpack(outer["estimators.skops"])
    assert "nested" in refusal(repack(outer | {"model.json": deep}, {}, False), tmp_path)
    refusal(repack(outer, inner | {"schema.json": deep}), tmp_path)


def test_ubjson_with_lengths_beyond_its_end_is_refused() -> None:
    length = (2**40).to_bytes(8, "big")
    for data in (b"SL" + length, b"[$d#L" + length, b"[#L" + length, b"{L" + length, b"[", b"?"):
        with pytest.raises(UbjsonError):
            parse(data)


def test_estimator_of_wrong_shape_is_refused_when_applied(sample: Sample, tmp_path: Path) -> None:
    """Arrays of NumPy code alone are not checked on loading; their errors are one line too."""
    sample.tasks = sample.tasks[:1]
    own = bundle(sample, "logistic")
    own.model.estimators_["emotion"][-1].members_[0].coef_ = np.zeros((3, 7))
    path = save_bundle(tmp_path / "model.featser", own)
    loaded = load_bundle(path)
    with pytest.raises(BundleError, match="cannot be applied"), applying(path):
        prediction_table(loaded.model, sample.X, loaded.tasks)


def test_unpacked_archive_has_fixed_dates(saved: dict[str, bytes]) -> None:
    outer = zipfile.ZipFile(io.BytesIO(saved["xgboost"]))
    inner = zipfile.ZipFile(io.BytesIO(outer.read("estimators.skops")))
    members = [*outer.infolist(), *inner.infolist()]
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert all(len(member.filename) < 20 for member in members)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_tampered_bundle_is_refused_or_predicts(
    saved: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    """No error but featser's own, no crash and no hang."""
    names = sorted(saved)
    path = tmp_path / "model.featser"
    path.write_bytes(tamper(saved[names[seed % len(names)]], random.Random(seed)))
    X = make_sample(60, 16).X
    with suppress(FeatserError):
        loaded = load_bundle(path)
        with applying(path):
            prediction_table(loaded.model, X, loaded.tasks)
