"""Files of auxiliary tables: what is written is read, equal bytes, damage is one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featser.auxiliary.auxiliary_files import (
    _checksum,
    _packed,
    _rows_checksum,
    read_auxiliary,
    write_auxiliary,
)
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.errors import AuxiliaryError
from featser.features.registry import make_extractor
from tests.auxiliary.small_tables import SPECS, small_table


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_auxiliary(small_table(), tmp_path / "own.parquet")


def tolerance_of(read: AuxiliaryTable, table: AuxiliaryTable, spec: str) -> np.ndarray:
    return read.values._stored[spec].column_coding.tolerance(table.values[spec])


@pytest.mark.parametrize("compact", [False, True])
def test_what_was_written_is_read(tmp_path: Path, compact: bool) -> None:
    table = small_table()
    read = read_auxiliary(write_auxiliary(table, tmp_path / "own.parquet", compact))
    pd.testing.assert_frame_equal(read.rows, table.rows)
    for name in ("name", "licence", "citation", "source", "tasks", "origins", "extractors"):
        assert getattr(read, name) == getattr(table, name)
    for spec in SPECS:
        X, decoded = table.values[spec], read.features(make_extractor(spec))
        assert np.array_equal(np.isnan(X), np.isnan(decoded))
        error = np.abs(decoded - X)
        assert np.nanmax(error - tolerance_of(read, table, spec)) <= 0
        assert np.nanmax(error / np.abs(X)) <= 2**-10


def test_rocket_takes_one_byte_in_compact_files_only(tmp_path: Path) -> None:
    table = small_table(specs=("rocket",))
    for compact, kind in ((False, "float16"), (True, "int8")):
        read = read_auxiliary(write_auxiliary(table, tmp_path / "own.parquet", compact))
        assert read.values._stored["rocket"].coding == kind
        decoded = read.features(make_extractor("rocket"))
        error = np.abs(decoded - table.values["rocket"])
        assert np.nanmax(error - tolerance_of(read, table, "rocket")) <= 0


def test_more_rows_than_a_row_group_come_back_in_order(tmp_path: Path) -> None:
    table = small_table(n_rows=9000, specs=("rhythm",))
    read = read_auxiliary(write_auxiliary(table, tmp_path / "own.parquet"))
    decoded = read.features(make_extractor("rhythm"))
    np.testing.assert_allclose(decoded, table.values["rhythm"], rtol=2**-10)
    assert read.rows["key"].tolist() == table.rows["key"].tolist()


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    first = write_auxiliary(small_table(), tmp_path / "a.parquet").read_bytes()
    second = write_auxiliary(small_table(), tmp_path / "b.parquet").read_bytes()
    assert first == second
    other = write_auxiliary(small_table(seed=1), tmp_path / "c.parquet").read_bytes()
    assert first != other


def test_writing_what_was_read_loses_no_more(written: Path) -> None:
    again = write_auxiliary(read_auxiliary(written), written.with_name("again.parquet"))
    read, twice = read_auxiliary(written), read_auxiliary(again)
    for spec in SPECS:
        extractor = make_extractor(spec)
        np.testing.assert_allclose(twice.features(extractor), read.features(extractor), rtol=2**-20)


def test_pandas_opens_the_rows(written: Path) -> None:
    table = pd.read_parquet(written)
    assert table["speaker"].tolist() == small_table().rows["speaker"].tolist()
    assert len(table["features:1:gemaps"][0]) == 2 * 88


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuxiliaryError, match=r"other\.parquet: no such file; `featser aux list`"):
        read_auxiliary(tmp_path / "other.parquet")


def read_all(path: Path) -> None:
    table = read_auxiliary(path)
    for spec in table.origins:
        _ = table.values[spec]


def assert_refused(path: Path) -> None:
    with pytest.raises(AuxiliaryError) as caught:
        read_all(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert len(message) < 500


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_one_line_or_changes_nothing(written: Path, data: st.DataObject) -> None:
    content = bytearray(written.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = written.with_name("damaged.parquet")
    path.write_bytes(content)
    message = ""
    try:
        read = read_auxiliary(path)
        features = {spec: read.values[spec] for spec in SPECS}
    except AuxiliaryError as error:
        message = str(error)
    if message:
        assert message.startswith(str(path))
        assert "\n" not in message
        return
    table = read_auxiliary(written)
    pd.testing.assert_frame_equal(read.rows, table.rows)
    for spec in SPECS:
        np.testing.assert_array_equal(features[spec], table.values[spec])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_that_was_cut_off_is_one_line(written: Path, data: st.DataObject) -> None:
    content = written.read_bytes()
    path = written.with_name("cut.parquet")
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert_refused(path)


def test_other_parquet_files_and_text_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    small_table().rows.to_parquet(other)
    assert_refused(other)
    other.write_text("file,speaker\na.wav,1\n")
    assert_refused(other)
    other.unlink()
    other.mkdir()
    assert_refused(other)


def rewritten(path: Path, **changes: object) -> Path:
    """The file with another header whose checksum is right."""
    with pq.ParquetFile(path) as file:
        table, header = file.read(), json.loads(file.metadata.metadata[b"featser"])
    features = changes.pop("features", {})
    header |= changes
    header["features"][0] |= features
    text = json.dumps(header).encode()
    metadata = {b"featser": text, b"featser.checksum": _checksum(text).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 99},
        {"kind": "bundle"},
        {"name": "two\nlines"},
        {"n_rows": 13},
        {"n_rows": "many"},
        {"surplus": 1},
        {"rows_checksum": "0"},
        {"tasks": [{"name": "x", "kind": "ordinal", "classes": ["one"], "role": "primary"}]},
        {"features": {"dimension": 62}},
        {"features": {"dimension": 0}},
        {"features": {"dimension": 10**12}},
        {"features": {"coding": "int8"}},
        {"features": {"column": "features:9:none"}},
        {"features": {"column": "speaker"}},
        {"features": {"scale": "AAAA"}},
        {"features": {"offset": "ä"}},
        {"features": {"offset": _packed(np.full(61, np.inf, np.float32))}},
        {"features": {"checksum": "0"}},
        {"features": {"spec": "gemaps"}},
    ],
)
def test_a_header_that_contradicts_the_file_is_refused(
    written: Path, changes: dict[str, object]
) -> None:
    assert_refused(rewritten(written, **changes))


def test_file_without_the_column_key_is_refused(written: Path) -> None:
    with pq.ParquetFile(written) as file:
        table, header = file.read(), json.loads(file.metadata.metadata[b"featser"])
    table = table.drop_columns(["key"])
    rows = table.select([name for name in table.column_names if not name.startswith("features:")])
    header["rows_checksum"] = _rows_checksum(rows)
    text = json.dumps(header).encode()
    metadata = {b"featser": text, b"featser.checksum": _checksum(text).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), written)
    with pytest.raises(AuxiliaryError, match=r"own\.parquet: .*the column `key` is missing"):
        read_auxiliary(written)


def test_rows_that_are_no_manifest_are_refused(tmp_path: Path) -> None:
    table = small_table()
    table = replace(table, rows=table.rows.assign(file="a.wav"))
    with pytest.raises(AuxiliaryError, match="remove one"):
        write_auxiliary(table, tmp_path / "own.parquet")
    assert not list(tmp_path.iterdir())


def test_a_file_that_was_replaced_after_reading_is_refused(written: Path) -> None:
    read = read_auxiliary(written)
    write_auxiliary(small_table(seed=1), written)
    with pytest.raises(AuxiliaryError, match="was replaced while it was in use"):
        read.features(make_extractor("rhythm"))


def test_schema_of_arrow_is_plain(written: Path) -> None:
    """Readers in other languages need no Arrow schema: text, numbers, fixed-size bytes."""
    with pq.ParquetFile(written) as file:
        kinds = {str(field.type) for field in file.schema_arrow}
        assert b"ARROW:schema" not in file.metadata.metadata
    assert kinds == {"string", "double", "fixed_size_binary[122]", "fixed_size_binary[176]"}
    assert pa.__version__
