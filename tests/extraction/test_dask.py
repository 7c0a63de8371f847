"""A Dask cluster whose workers die gives the features that a single machine gives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from featser.api.extract import extract
from featser.extraction.chunks import CHUNK
from featser.store import maintenance
from featser.store.feature_store import Store
from tests.features.corpus import (
    alive,
    bits,
    children,
    manifest,
    start_extract,
    stored_keys,
    wait_for,
)

pytestmark = pytest.mark.extras

COUNT = 24 * CHUNK
SPECS = ["handcrafted:full", "mfcc:basic"]


@contextmanager
def cluster(
    folder: Path, failures: int
) -> Iterator[tuple[str, subprocess.Popen[bytes], list[subprocess.Popen[bytes]]]]:
    """A scheduler that tries a task again so often, and two workers of one thread each."""
    where = folder / "scheduler.json"
    settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(failures)}
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        options = ["--scheduler-file", str(where), "--no-dashboard", "--host", "127.0.0.1"]
        with (folder / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *options], env={**os.environ, **settings}, stdout=log, stderr=log
            )
        started.append(process)
        return process

    try:
        scheduler = start("scheduler", "--port", "0")
        wait_for(lambda: where.exists() and where.read_text().rstrip().endswith("}"))
        workers = [start("worker", "--no-nanny", "--nthreads", "1") for _ in range(2)]
        wait_for(lambda: (folder / "dask.log").read_text().count("Registered to") == 2)
        yield json.loads(where.read_text())["address"], scheduler, workers
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


@pytest.mark.parametrize("failures", [3, 0])
def test_a_worker_killed_half_way_costs_nothing_whether_or_not_dask_tries_its_chunk_again(
    tmp_path: Path, failures: int
) -> None:
    table = manifest(tmp_path, COUNT)
    extract(table, store=tmp_path / "here", features=SPECS)
    cluster_store = tmp_path / "there"
    options = [word for spec in SPECS for word in ("-f", spec)]
    with cluster(tmp_path, failures) as (address, _, workers):
        process = start_extract(
            table, cluster_store, *options, "--backend", "dask", "--cluster", address
        )
        wait_for(
            lambda: (
                len(list(cluster_store.rglob("part-*.arrow"))) >= 4
                and all(children(worker.pid) for worker in workers)
            )
        )
        inner = [pid for worker in workers for pid in children(worker.pid)]
        workers[0].send_signal(signal.SIGKILL)
        assert len(list(cluster_store.rglob("part-*.arrow"))) < COUNT // CHUNK * len(
            SPECS
        )  # as they come
        shown, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert f"{COUNT} done, 0 reused, 0 unusable" in shown
        wait_for(lambda: not [pid for pid in inner if alive(pid)])
        assert children(workers[1].pid) == []
    assert bits(cluster_store) == bits(tmp_path / "here")  # every value, and the part files' names
    for keys in stored_keys(cluster_store).values():
        assert len(keys) == len(set(keys)) == COUNT
    assert maintenance.verify(Store(cluster_store)) == []


def test_a_scheduler_that_is_lost_is_an_error_and_the_same_command_goes_on(tmp_path: Path) -> None:
    table = manifest(tmp_path, COUNT)
    store = tmp_path / "store"
    with cluster(tmp_path, 3) as (address, scheduler, _):
        options = ("-f", "handcrafted:full", "--backend", "dask", "--cluster", address)
        process = start_extract(table, store, *options)
        wait_for(lambda: len(list(store.rglob("part-*.arrow"))) >= 2)
        scheduler.kill()
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"the Dask scheduler at {address} is lost; finished work is saved" in errors
    assert "Traceback" not in errors
    finished = sum(len(keys) for keys in stored_keys(store).values())
    assert finished >= 2 * CHUNK
    again = extract(table, store=store, features=["handcrafted:full"])
    assert (again.reused, again.done) == (finished, COUNT - finished)
