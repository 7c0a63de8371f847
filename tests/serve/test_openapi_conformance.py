"""Requests that schemathesis makes from the OpenAPI description are answered as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.serve.annotating import annotating, write_clips
from tests.serve.running_server import RunningServer

pytestmark = [pytest.mark.extras, pytest.mark.slow]
N_EXAMPLES = 15


@pytest.fixture(scope="module")
def described(
    fitted: Path, clips: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server with a model and with recordings to annotate, so that all addresses have data."""
    folder = tmp_path_factory.mktemp("described")
    with annotating(folder, f"demo={fitted}", write_clips(folder, clips[:3])) as server:
        yield server


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_every_endpoint_answers_as_described(described: RunningServer, mode: str) -> None:
    """No server error, no status and no media type that the description does not have.

    Requests follow the description (positive), or break it (negative).
    """
    schemathesis = pytest.importorskip("schemathesis", reason="needs the extra `dev-extras`")
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    from featser.serve.app import ENDPOINTS

    schema = schemathesis.openapi.from_url(f"{described.address}/openapi.json")
    operations = [one.ok() for one in schema.get_all_operations()]
    described_paths = {one.path for one in operations}
    assert described_paths >= {one.path for one in ENDPOINTS} - {"/openapi.json"}
    held = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    n_requests = 0
    if mode == "negative":  # what takes no parameter cannot be given a wrong one
        takes = {one.path for one in ENDPOINTS if one.parameters}
        operations = [one for one in operations if one.path in takes]

    for operation in operations:
        cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))

        @hypothesis.settings(
            max_examples=N_EXAMPLES,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=cases)
        def check(case: Any) -> None:
            nonlocal n_requests
            n_requests += 1
            case.call_and_validate(checks=held, timeout=60)

        check()
    assert n_requests > len(operations)
