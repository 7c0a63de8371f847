"""Tasks on arguments that come one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from featser.workers.pool import PoolClosed, WorkerPool
from featser.workers.streaming import stream_tasks
from featser.workers.task import Failure, Step


def doubled(number: int, begin: Step) -> int:
    begin("double", 0.0)
    if number == 3:
        os._exit(9)
    return 2 * number


def test_results_come_in_order_and_few_arguments_are_taken_ahead() -> None:
    taken: list[int] = []

    def arguments() -> Iterator[int]:
        for number in range(10, 30):
            taken.append(number)
            yield number

    with WorkerPool() as pool:
        results = stream_tasks(pool, doubled, arguments(), n_jobs=2)
        assert next(results) == 20
        assert len(taken) <= 5
        assert list(results) == [2 * number for number in range(11, 30)]


def test_a_task_that_crashes_is_a_failure_among_the_results() -> None:
    with WorkerPool() as pool:
        results = list(stream_tasks(pool, doubled, range(5), n_jobs=2))
    assert [result for result in results if not isinstance(result, Failure)] == [0, 2, 4, 8]
    assert isinstance(results[3], Failure)


def test_an_error_of_the_arguments_closes_the_pool() -> None:
    def arguments() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with WorkerPool() as pool:
        with pytest.raises(ValueError, match="no more"):
            list(stream_tasks(pool, doubled, arguments(), n_jobs=2))
        with pytest.raises(PoolClosed):
            pool.run(doubled, [1])
