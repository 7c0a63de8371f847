from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import featser
from featser.audio import Signal, read_audio
from featser.errors import FeatureError, UnusableAudio
from featser.features.embeddings.table_embedding import TableEmbedding, table_keys
from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from tests.features.embeddings.plugin_sounds import write_sounds


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sounds(tmp_path_factory.mktemp("joined"), 3)


@pytest.fixture(scope="module")
def table(files: list[Path]) -> Path:
    """Rows of the first two recordings, and of a segment of the first."""
    manifest = pd.DataFrame(
        {"file": [str(files[0]), str(files[1]), str(files[0])], "start": [None, None, 0.1],
         "end": [None, None, 0.4]}
    )  # fmt: skip
    return write(files[0].parent / "table.parquet", table_keys(manifest)["key"].tolist())


def write(path: Path, keys: list[str], **more: list[object]) -> Path:
    numbers = np.arange(len(keys))
    values = pd.DataFrame({"e0": numbers + 0.5, "e1": numbers * 2, "key": keys} | more)
    values.to_parquet(path, index=False)
    return path


def test_a_recording_has_its_row_whatever_it_is_called_and_at_any_rate(table, files, tmp_path):
    extractor = make_extractor(f"table-embedding:{table}")
    assert extractor.names == ("table-embedding.e0", "table-embedding.e1")
    renamed = shutil.copy(files[1], tmp_path / "other.flac")
    for rate in (16_000, 8_000):
        assert extractor(read_audio(renamed, rate)).tolist() == [1.5, 2.0]


def test_a_segment_of_a_recording_has_the_segments_row(table, files):
    assert TableEmbedding(table)(read_audio(files[0], start=0.1, end=0.4)).tolist() == [2.5, 4.0]
    with pytest.raises(UnusableAudio, match=r"no row for it \(key .*@0.1"):
        TableEmbedding(table)(read_audio(files[0], start=0.1, end=0.5))


def test_an_infinite_value_is_refused_with_the_table(table, files, tmp_path):
    keys = table_keys(pd.DataFrame({"file": [str(files[0])]}))["key"].tolist()
    endless = write(tmp_path / "endless.parquet", keys, e2=[float("inf")])
    with pytest.raises(UnusableAudio, match=r"endless\.parquet holds an infinite value"):
        TableEmbedding(endless)(read_audio(files[0]))


def test_keys_that_are_not_text_are_refused(files, tmp_path):
    keys = pa.array([b"\xff"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"key": keys, "e": [1.0]}), tmp_path / "k.parquet")
    with pytest.raises(FeatureError, match=r"k\.parquet: damaged"):
        TableEmbedding(tmp_path / "k.parquet")(read_audio(files[0]))


def test_a_missing_row_is_refused_with_the_key_or_undefined_as_asked(table, files):
    key = table_keys(pd.DataFrame({"file": [str(files[2])]}))["key"][0]
    with pytest.raises(UnusableAudio, match=rf"no row for it \(key {key}\) in table.parquet"):
        TableEmbedding(table)(read_audio(files[2]))
    assert np.isnan(TableEmbedding(table, missing="nan")(read_audio(files[2]))).all()
    assert TableEmbedding(table, missing="nan") != TableEmbedding(table)


def test_what_is_not_the_recording_has_no_row_whatever_missing_says(table, files):
    signal = read_audio(files[0])
    for other in (Signal(signal.samples, signal.rate), signal.cut(0.1)):
        with pytest.raises(UnusableAudio, match="augmented copy"):
            TableEmbedding(table, missing="nan")(other)


def test_extraction_lists_what_has_no_row_and_stores_the_rest(table, files, tmp_path):
    store = tmp_path / "store"
    spec = f"table-embedding:{table}"
    manifest = files[0].parent / "manifest.csv"
    pd.DataFrame({"file": [str(file) for file in files]}).to_csv(manifest, index=False)
    result = featser.extract(manifest, store=store, features=[spec], n_jobs=1)
    assert result.done == 2
    assert result.unusable["file"].tolist() == [str(files[2])]
    assert result.unusable["reason"].str.contains("no row for it").all()
    keys = table_keys(pd.DataFrame({"file": [str(file) for file in files[:2]]}))["key"]
    assert Store(store).read(make_extractor(spec), list(keys)).tolist() == [[0.5, 0], [1.5, 2]]


def test_the_spec_and_the_pickle_make_the_same_extractor(table, files):
    extractor = make_extractor(f"table-embedding:{table}?missing=nan")
    values = extractor(read_audio(files[0]))
    assert make_extractor(extractor.spec) == extractor
    again = pickle.loads(pickle.dumps(extractor))
    assert "_rows" not in vars(again)
    np.testing.assert_array_equal(again(read_audio(files[0])), values)


def test_another_table_makes_other_features_and_a_wrong_checksum_is_refused(table, tmp_path):
    before = TableEmbedding(table)
    other = write(tmp_path / "table.parquet", ["a", "b"])
    assert TableEmbedding(other) != before
    with pytest.raises(FeatureError, match=rf"table.parquet: the SHA-256 is .*{before.sha256}"):
        make_extractor(f"table-embedding:{other}?sha256={before.sha256}")


def test_a_table_that_changes_before_it_is_read_is_refused(files, tmp_path):
    path = write(tmp_path / "table.parquet", ["a", "b"])
    extractor = TableEmbedding(path)
    write(path, ["a", "b", "c"])
    with pytest.raises(FeatureError, match="the file has changed"):
        extractor(read_audio(files[0]))


def test_what_is_no_table_of_embeddings_is_refused_by_name(files, tmp_path):
    signal = read_audio(files[0])
    text = write(tmp_path / "text.parquet", ["a"], note=["spoken softly"])
    with pytest.raises(FeatureError, match=r"text.parquet: column 'note' holds .*not numbers"):
        TableEmbedding(text)(signal)
    twice = write(tmp_path / "twice.parquet", ["a", "a"])
    with pytest.raises(FeatureError, match=r"twice.parquet: has more than one row for key a"):
        TableEmbedding(twice)(signal)
    pd.DataFrame({"file": ["a.wav"], "e0": [1.0]}).to_parquet(tmp_path / "keyless.parquet")
    with pytest.raises(FeatureError, match=r"keyless.parquet: has no column 'key'.*table_keys"):
        TableEmbedding(tmp_path / "keyless.parquet")(signal)
    (tmp_path / "csv.parquet").write_text("key,e0\n")
    with pytest.raises(FeatureError, match=r"csv.parquet: not a Parquet file"):
        TableEmbedding(tmp_path / "csv.parquet")(signal)
    with pytest.raises(FeatureError, match=r"gone.parquet: No such file"):
        TableEmbedding(tmp_path / "gone.parquet")
    with pytest.raises(FeatureError, match="unknown missing of table-embedding 'skip'"):
        make_extractor(f"table-embedding:{twice}?missing=skip")
