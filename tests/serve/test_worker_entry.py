"""A worker searches for no garbage during its first job, and as usual from then on."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from featser.workers.task import unobserved

pytest.importorskip("python_multipart", reason="needs the extra `serve`")

from featser.serve.predicting import worker_entry
from featser.serve.predicting.jobs import Job

pytestmark = pytest.mark.extras
JOB = Job("predict", "model", "model.featser")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens in a new worker, in its order; nothing is frozen in this process."""
    happened: list[str] = []

    def answered(job: Job, begin: Any) -> str:
        happened.append("with search" if gc.isenabled() else "without search")
        if job.task == "fail":
            raise RuntimeError
        return job.task

    monkeypatch.setattr(worker_entry, "_answered", answered)
    monkeypatch.setattr(worker_entry, "_JOBS", [])
    monkeypatch.setattr(gc, "freeze", lambda: happened.append("frozen"))
    return happened


def test_only_the_first_job_is_without_search(calls: list[str]) -> None:
    for _ in range(3):
        assert worker_entry.run_job(JOB, unobserved) == "predict"
    assert calls == ["without search", "frozen", "with search", "with search"]
    assert gc.isenabled()


def test_after_a_first_job_that_fails_garbage_is_searched_again(calls: list[str]) -> None:
    with pytest.raises(RuntimeError):
        worker_entry.run_job(Job("fail", "model", "model.featser"), unobserved)
    assert gc.isenabled()
    worker_entry.run_job(JOB, unobserved)
    assert calls == ["without search", "frozen", "with search"]
