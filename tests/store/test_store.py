"""Features are computed once, looked up by content, and complete or absent, with equal bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.corpora.utterances import utterance_key
from featser.errors import StoreError
from featser.extraction.extraction import CHUNK, extract_manifest
from featser.features.registry import make_extractor
from featser.store.description import describe
from featser.store.feature_store import Store

MFCC = make_extractor("mfcc:basic")
DIMENSION = len(MFCC.names)


def values(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, DIMENSION)).astype(np.float32)


def recordings(folder: Path, count: int, seconds: float = 0.3) -> pd.DataFrame:
    """Return noise with a name, which is enough for a store."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    files = [folder / f"{number:03d}.wav" for number in range(count)]
    for file in files:
        soundfile.write(file, rng.normal(0, 0.1, int(16_000 * seconds)), 16_000)
    return pd.DataFrame({"file": [str(file) for file in files]})


def bits(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_was_added_is_read_back_in_any_order_and_number(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = values(3), values(2, seed=1)
    store.add(MFCC, ["a", "b", "c"], first)
    store.add(MFCC, ["d", "e"], second)
    for opened in (store, Store(tmp_path)):
        read_back = opened.read(MFCC, ["e", "a", "a", "c"])
        assert np.array_equal(read_back, np.stack([second[1], first[0], first[0], first[2]]))
        assert opened.has(MFCC, ["a", "z"]).tolist() == [True, False]


def test_undefined_values_stay_nan(tmp_path: Path) -> None:
    row = values(1)
    row[0, 3] = np.nan
    Store(tmp_path).add(MFCC, ["a"], row)
    assert np.isnan(Store(tmp_path).read(MFCC, ["a"])[0, 3])


def test_a_change_of_parameters_never_brings_back_the_old_values(tmp_path: Path) -> None:
    Store(tmp_path).add(MFCC, ["a"], values(1))
    assert not Store(tmp_path).has(make_extractor("mfcc:standard"), ["a"]).any()


def test_segments_and_augmented_copies_are_other_utterances() -> None:
    keys = {
        utterance_key("h"),
        utterance_key("h", 0.0, 1.0),
        utterance_key("h", 1.0),
        utterance_key("h", augmentation="noise-1"),
    }
    assert len(keys) == 4


def test_missing_rows_are_an_error_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"1 of 1 .*featser extract .* -f mfcc:basic"):
        Store(tmp_path).read(MFCC, ["a"])


def test_a_damaged_part_is_named_with_the_fix(tmp_path: Path) -> None:
    Store(tmp_path).add(MFCC, ["a"], values(1))
    part = next(tmp_path.rglob("part-*.arrow"))
    part.write_bytes(part.read_bytes()[:40])
    with pytest.raises(StoreError, match=f"{part.name}.*damaged.*delete"):
        Store(tmp_path).read(MFCC, ["a"])


def test_a_lost_or_damaged_index_costs_nothing(tmp_path: Path) -> None:
    store, row = Store(tmp_path), values(1)
    store.add(MFCC, ["a"], row)
    store.flush(MFCC)
    index = next(tmp_path.rglob("index-*.arrow"))
    index.write_bytes(b"nonsense")
    assert np.array_equal(Store(tmp_path).read(MFCC, ["a"]), row)
    index.unlink()
    assert np.array_equal(Store(tmp_path).read(MFCC, ["a"]), row)


def test_an_index_older_than_the_parts_is_rebuilt(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(MFCC, ["a"], values(1))
    store.flush(MFCC)
    store.add(MFCC, ["b"], values(1, seed=1))
    assert Store(tmp_path).has(MFCC, ["a", "b"]).all()


def test_the_store_says_what_made_its_values(tmp_path: Path) -> None:
    Store(tmp_path).add(MFCC, ["a"], values(1))
    described = Store(tmp_path).extractors()
    assert described == [json.loads(json.dumps(describe(MFCC)))]
    assert described[0]["names"] == list(MFCC.names)


def test_a_full_disk_is_a_clear_error_and_the_store_stays_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    store = Store(tmp_path)
    store.add(MFCC, ["a"], values(1))

    def fsync_to_full_disk(descriptor: int) -> None:
        with full.open("wb", buffering=0) as device:
            device.write(b"x")

    monkeypatch.setattr(os, "fsync", fsync_to_full_disk)
    with pytest.raises(StoreError, match=r"No space left on device.*free some space"):
        store.add(MFCC, ["b"], values(1))
    assert Store(tmp_path).has(MFCC, ["a", "b"]).tolist() == [True, False]
    assert not list(tmp_path.rglob(".writing-*"))


def test_nothing_is_computed_twice_and_a_grown_corpus_costs_its_growth(tmp_path: Path) -> None:
    table = recordings(tmp_path / "corpus", 20)
    store = Store(tmp_path / "store")
    assert extract_manifest(table.iloc[:18], ["mfcc:basic"], store, n_jobs=1).done == 18
    again = extract_manifest(table, ["mfcc:basic"], Store(tmp_path / "store"), n_jobs=1)
    assert (again.done, again.reused) == (2, 18)
    other = extract_manifest(table, ["mfcc:basic", "zcr:basic"], store, n_jobs=1)
    assert (other.done, other.reused) == (20, 0)


def test_a_renamed_recording_is_recognised_and_copies_are_computed_once(tmp_path: Path) -> None:
    table = recordings(tmp_path / "corpus", 2)
    store = Store(tmp_path / "store")
    extract_manifest(table, ["mfcc:basic"], store, n_jobs=1)
    renamed = Path(table["file"][0]).rename(tmp_path / "corpus" / "নাম.wav")
    copy = tmp_path / "copy.wav"
    copy.write_bytes(renamed.read_bytes())
    result = extract_manifest(
        pd.DataFrame({"file": [str(renamed), str(copy)]}), ["mfcc:basic"], store, n_jobs=1
    )
    assert (result.done, result.reused, result.copies) == (0, 1, 1)
    assert result.keys[0] == result.keys[1]


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_worker_or_two_give_equal_bits(tmp_path: Path, jobs: int) -> None:
    table = recordings(tmp_path / "corpus", 2 * CHUNK + 3)
    specs = ["mfcc:standard", "spectral:standard"]
    extract_manifest(table, specs, Store(tmp_path / "one"), n_jobs=1)
    extract_manifest(table, specs, Store(tmp_path / "other"), n_jobs=jobs)
    assert bits(tmp_path / "one") == bits(tmp_path / "other")


def run_extract(folder: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "featser", "extract", str(folder), "--corpus", "folders"]
    options = ["--store", str(store), "-f", "handcrafted:full", "--jobs", "2"]
    return subprocess.Popen(
        [*command, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.slow
def test_a_kill_costs_at_most_a_chunk_a_worker_and_the_resumed_store_has_equal_bits(
    tmp_path: Path,
) -> None:
    for label in ("angry", "sad"):
        recordings(tmp_path / "corpus" / label, 6 * CHUNK, seconds=1.0)
    # Equal bytes in both classes would be copies: make the second class another sound.
    for number, file in enumerate(sorted((tmp_path / "corpus" / "sad").glob("*.wav"))):
        samples, rate = soundfile.read(file)
        soundfile.write(file, samples * (0.5 + number / 1000), rate)
    assert run_extract(tmp_path / "corpus", tmp_path / "whole").wait() == 0

    process = run_extract(tmp_path / "corpus", tmp_path / "killed")
    parts = tmp_path / "killed" / "features"
    deadline = time.monotonic() + 60
    while len(list(parts.rglob("part-*.arrow"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    survived = {path.name: path.read_bytes() for path in parts.rglob("part-*.arrow")}
    assert 3 <= len(survived) < 12

    assert run_extract(tmp_path / "corpus", tmp_path / "killed").wait() == 0
    whole, resumed = bits(tmp_path / "whole"), bits(tmp_path / "killed")
    left_over = {name for name in resumed if ".writing-" in name}
    assert {n: b for n, b in resumed.items() if n not in left_over} == whole
    for name, content in survived.items():
        assert next(path for path in parts.rglob(name)).read_bytes() == content
