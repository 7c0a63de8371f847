"""A worker that crashes or hangs loses only its current task."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from featser.corpora.utterances import Utterance
from featser.errors import FeatserError
from featser.extraction.extraction import CHUNK, extract_manifest
from featser.extraction.supervision import compute_jobs
from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from featser.workers.limits import Limits
from featser.workers.pool import WorkerPool
from tests.features.corpus import (
    alive,
    bits,
    children,
    recordings,
    start_extract,
    stored_keys,
    wait_for,
)

GOOD = [4800] * 5


@pytest.mark.slow
def test_each_recording_that_kills_its_worker_is_listed_and_every_other_is_computed(
    tmp_path: Path, faults: Path
) -> None:
    lengths = [*GOOD, 5001, *GOOD, 5002, 5003, *GOOD, 5004, *GOOD, 5005]
    assert len(lengths) > CHUNK
    table = recordings(tmp_path / "corpus", lengths)
    reasons = {}
    for jobs in (1, 2):
        result = extract_manifest(table, ["mfcc:basic"], Store(tmp_path / str(jobs)), n_jobs=jobs)
        assert result.done == 4 * len(GOOD)
        assert (result.unusable["extractor"] == "mfcc:basic").all()
        reasons[jobs] = result.unusable["reason"].tolist()
    assert reasons[1] == reasons[2]
    ends = ["SIGSEGV", "SIGSEGV", "SIGABRT", "SIGKILL, as when the memory runs out"]
    for reason, end in zip(reasons[1], ends, strict=False):
        assert reason == f"the extractor crashed (signal {end})"
    assert reasons[1][-1] == "the extractor crashed (exit code 7)"
    assert bits(tmp_path / "1") == bits(tmp_path / "2")


@pytest.mark.slow
def test_the_other_extractors_of_a_recording_that_crashes_one_are_stored(
    tmp_path: Path, faults: Path
) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5001, 4800])
    store = Store(tmp_path / "store")
    specs = ["zcr:basic", "mfcc:basic", "rms:basic"]
    result = extract_manifest(table, specs, store, n_jobs=1)
    assert result.done == 3
    assert result.unusable["extractor"].tolist() == ["mfcc:basic"]
    keys = [str(key) for key in result.keys]
    stored = {spec: store.has(make_extractor(spec), keys).tolist() for spec in specs}
    assert stored == {
        "zcr:basic": [True, True, True],
        "mfcc:basic": [True, False, True],
        "rms:basic": [True, True, True],
    }


def test_a_decoder_that_crashes_or_fails_makes_the_recording_unusable(
    tmp_path: Path, faults: Path
) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5021, 5022, 4800])
    result = extract_manifest(table, ["zcr:basic"], Store(tmp_path / "store"), n_jobs=1)
    assert result.done == 2
    assert result.unusable["extractor"].tolist() == ["", ""]
    assert result.unusable["reason"].tolist() == [
        "the decoder crashed (signal SIGSEGV)",
        "the decoder failed: ZeroDivisionError: a bug",
    ]


def test_a_recording_that_works_when_tried_alone_is_not_blamed(
    tmp_path: Path, faults: Path
) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5006, 4800])
    result = extract_manifest(table, ["mfcc:basic"], Store(tmp_path / "store"), n_jobs=1)
    assert (faults / "happened").exists()
    assert (result.done, len(result.unusable)) == (3, 0)


@pytest.mark.slow
def test_a_recording_that_takes_too_long_is_given_up_even_in_a_c_call_that_never_returns(
    tmp_path: Path, faults: Path
) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5007, 4800, *[4800] * CHUNK, 5008, 4800])
    store = Store(tmp_path / "store")
    result = extract_manifest(table, ["mfcc:basic", "zcr:basic"], store, n_jobs=2, timeout=2)
    assert result.done == len(table)
    assert result.unusable["extractor"].tolist() == ["mfcc:basic"] * 2
    for reason in result.unusable["reason"]:
        assert reason == (
            "given up: the extractor took more than 2.21 s for 0.3 s of audio (--timeout sets this)"
        )


def test_an_extractor_that_raises_is_listed_with_the_cause(tmp_path: Path, faults: Path) -> None:
    table = recordings(tmp_path / "corpus", [5009, 4800])
    result = extract_manifest(table, ["mfcc:basic"], Store(tmp_path / "store"), n_jobs=1)
    assert result.done == 1
    reason = "the extractor failed: ZeroDivisionError: a bug"
    assert result.unusable["reason"].tolist() == [reason]


def test_what_an_extractor_prints_disturbs_nothing(
    tmp_path: Path, faults: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table = recordings(tmp_path / "corpus", [5010, 4800])
    result = extract_manifest(table, ["mfcc:basic"], Store(tmp_path / "store"), n_jobs=1)
    assert (result.done, len(result.unusable)) == (2, 0)
    assert "said by the extractor" in capfd.readouterr().err


@pytest.mark.slow
def test_other_backends_of_joblib_have_the_same_protection(tmp_path: Path, faults: Path) -> None:
    from joblib import parallel_config

    table = recordings(tmp_path / "corpus", [*[4800] * CHUNK, 5001, 4800])
    with parallel_config(backend="loky"):
        result = extract_manifest(table, ["mfcc:basic"], Store(tmp_path / "store"), n_jobs=2)
    assert (result.done, len(result.unusable)) == (CHUNK + 1, 1)


def test_a_worker_that_cannot_start_is_an_error_and_blames_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    table = recordings(tmp_path / "corpus", [4800])
    with pytest.raises(FeatserError, match=r"cannot start \(exit code 3\)"):
        extract_manifest(table, ["mfcc:basic"], Store(tmp_path / "store"), n_jobs=1)


def test_the_modules_of_the_current_folder_are_not_mistaken_for_a_workers_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "soundfile.py").write_text("raise RuntimeError('the wrong one')\n")
    monkeypatch.chdir(tmp_path)
    table = recordings(tmp_path / "corpus", [4800])
    assert extract_manifest(table, ["zcr:basic"], Store(tmp_path / "store"), n_jobs=1).done == 1


def test_a_limit_must_be_positive() -> None:
    with pytest.raises(FeatserError, match="timeout 0"):
        Limits(timeout=0)


def test_a_worker_that_died_between_two_chunks_is_replaced(tmp_path: Path) -> None:
    table = recordings(tmp_path / "corpus", [4800, 4800])
    jobs = [(Utterance(file, file), ["zcr:basic"]) for file in table["file"]]
    with WorkerPool() as pool:
        first = compute_jobs(pool, jobs[:1])
        for worker in pool._idle:
            worker._process.kill()
        second = compute_jobs(pool, jobs[1:])
    for [computed] in (first, second):
        assert list(computed.values) == ["zcr:basic"]
        assert computed.refusals == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_however_an_extraction_ends_its_workers_end_too_and_finished_work_is_stored(
    tmp_path: Path, faults: Path, how: signal.Signals
) -> None:
    # One worker comes to a call that lasts an hour and never lets go of Python. After Ctrl-C it
    # has no more than that to wait for; where the caller is killed, its own limit ends it.
    table = recordings(tmp_path / "corpus", [4800] * CHUNK + [5008] + [5011] * 60)
    manifest = tmp_path / "corpus" / "m.csv"
    table.to_csv(manifest, index=False)
    store = tmp_path / "store"
    options = ("-f", "zcr:basic", "-f", "mfcc:basic", "--jobs", "2")
    options += ("--timeout", "60" if how is signal.SIGINT else "2")
    process = start_extract(manifest, store, *options, path=[faults])
    wait_for(lambda: len(list(store.rglob("part-*.arrow"))) >= 2)
    workers = children(process.pid)
    assert workers
    process.send_signal(how)
    shown, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert f"{CHUNK} done, 0 reused, 0 unusable; store: {store}" in shown
        assert "interrupted; finished work is saved" in errors
    stored = Store(store)
    [keys] = (rows for name, rows in stored_keys(store).items() if name.startswith("mfcc"))
    assert len(keys) >= CHUNK
    assert stored.read(make_extractor("mfcc:basic"), keys).shape == (len(keys), 40)
    wait_for(lambda: not [worker for worker in workers if alive(worker)])
