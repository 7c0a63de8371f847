"""A worker pool returns a result or a failure for every task, whatever the tasks do."""

from __future__ import annotations

import os
import pickle
import signal
import time

import pytest

from featser.errors import FeatserError
from featser.workers.limits import Limits, available_memory
from featser.workers.mapping import map_tasks
from featser.workers.pool import PoolClosed, WorkerPool
from featser.workers.task import Failure
from tests.features.corpus import alive, wait_for
from tests.workers.tasks import act, start_slowly


def test_every_fault_is_a_failure_of_its_own_task() -> None:
    arguments = ["a", "crash", "b", "raise", "c", "hang", "d"]
    with WorkerPool(Limits(timeout=1)) as pool:
        results = pool.run(act, arguments)
    assert results == [
        "a",
        Failure("acting", "crash", "crashed (signal SIGSEGV)"),
        "b",
        Failure("acting", "error", "failed: ValueError: two lines"),
        "c",
        Failure("acting", "timeout", "took more than 1 s (--timeout sets this)"),
        "d",
    ]


def test_allocations_beyond_the_limit_fail_and_the_worker_lives() -> None:
    with WorkerPool(Limits(memory_bytes=600 << 20)) as pool:
        before, failure, small, after = pool.run(act, ["pid", "allocate 700", "allocate 8", "pid"])
    assert isinstance(failure, Failure)
    assert failure.kind == "error"
    assert failure.what.startswith("failed: MemoryError: Unable to allocate 700. MiB")
    assert small == 8 << 20
    assert before == after


def test_the_default_limit_is_the_memory_of_this_machine() -> None:
    total = available_memory()
    assert total is not None
    with WorkerPool() as pool:
        [failure] = pool.run(act, [f"allocate {(total >> 20) + 1024}"])
    assert isinstance(failure, Failure)
    assert "MemoryError" in failure.what


def test_the_time_to_start_does_not_count_against_the_limit_of_a_step() -> None:
    with WorkerPool(Limits(timeout=0.5)) as pool:
        assert pool.run(start_slowly, [1.0]) == [1.0]


def test_results_are_in_order_with_several_workers() -> None:
    progress = []
    arguments = [*map(str, range(20)), "crash"]
    with WorkerPool() as pool:
        results = map_tasks(pool, act, arguments, 2, 3, lambda *done: progress.append(done))
    assert results[:20] == arguments[:20]
    assert isinstance(results[20], Failure)
    assert progress[-1] == (21, 21)
    with WorkerPool() as pool:
        assert map_tasks(pool, act, []) == []


def test_an_interruption_closes_the_pool_and_kills_its_workers() -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    pool = WorkerPool()
    [worker] = pool.run(act, ["pid"])
    with pytest.raises(KeyboardInterrupt):
        map_tasks(pool, act, ["a", "hang"], 2, progress=interrupt)
    wait_for(lambda: not alive(worker))
    with pytest.raises(PoolClosed):
        pool.run(act, ["a"])


def test_a_worker_that_died_between_two_calls_is_replaced() -> None:
    with WorkerPool() as pool:
        [worker] = pool.run(act, ["pid"])
        os.kill(worker, signal.SIGKILL)
        [other] = pool.run(act, ["pid"])
    assert other != worker


def test_a_pool_sent_to_this_process_again_is_the_same_one() -> None:
    pool = pickle.loads(pickle.dumps(WorkerPool(Limits(timeout=3))))
    assert pickle.loads(pickle.dumps(pool)) is pool
    assert pool.limits.timeout == 3


def test_a_task_that_the_worker_cannot_import_is_a_crash_and_not_a_wait(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(act, "__qualname__", "absent")
    monkeypatch.setattr("tests.workers.tasks.absent", act, raising=False)
    started = time.monotonic()
    with WorkerPool() as pool:
        assert pool.run(act, ["a"]) == [Failure("", "crash", "crashed (exit code 1)")]
    assert time.monotonic() - started < 60
    assert "AttributeError" in capfd.readouterr().err


@pytest.mark.parametrize("limits", [{"timeout": 0}, {"timeout": float("nan")}, {"memory_bytes": 0}])
def test_limits_must_be_positive(limits: dict[str, float]) -> None:
    with pytest.raises(FeatserError, match=next(iter(limits))):
        Limits(**limits)  # type: ignore[arg-type]
