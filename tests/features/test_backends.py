"""Whatever hands chunks out, the store gets equal bits, and what cannot work is said at once."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from featser.errors import FeatserError
from featser.features import backends
from featser.features.backends import check_backend
from featser.features.chunks import CHUNK, Work
from featser.features.crew import Crew
from featser.features.extraction import extract_features
from featser.features.store import Store
from tests.features.corpus import bits, recordings
from tests.flow import featser


def test_backends_give_equal_bits_also_those_that_give_results_in_rounds(tmp_path: Path) -> None:
    from joblib import parallel_config

    table = recordings(tmp_path / "corpus", [4800 + i for i in range(10 * CHUNK + 3)])
    stores = {}
    for backend in ("threading", "loky"):
        extract_features(table, ["zcr:basic"], Store(tmp_path / backend), n_jobs=2, backend=backend)
        stores[backend] = bits(tmp_path / backend)
    with parallel_config(backend="multiprocessing"):  # it cannot give results as they are done
        found = extract_features(table, ["zcr:basic"], Store(tmp_path / "rounds"), n_jobs=2)
    assert found.done == len(table)
    assert stores["threading"] == stores["loky"] == bits(tmp_path / "rounds")


def test_a_backend_that_does_not_exist_or_has_no_cluster_is_refused(tmp_path: Path) -> None:
    shown = featser("extract", "nowhere", "--backend", "dusk")
    assert shown.returncode == 2
    assert "unknown backend 'dusk'; did you mean 'dask'?" in shown.stderr
    with pytest.raises(FeatserError, match="--cluster h:1: only --backend dask, ray, spark"):
        check_backend("loky", "h:1")


@pytest.mark.parametrize("backend", ["dask", "ray", "spark"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    with pytest.raises(FeatserError, match=rf'pip install "featser\[{backend}\]"'):
        check_backend(backend, None)


def test_a_scheduler_that_nobody_answers_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(FeatserError, match=f"--cluster {address}: nobody answers there"):
            check_backend("dask", address)


def test_a_machine_that_would_make_other_features_is_refused() -> None:
    with pytest.raises(FeatserError, match=r"makes other features of 'zcr:basic'.*it has featser"):
        Work(Crew(), {"zcr:basic": "0123456789abcdef"})([])


def test_why_a_backend_failed_is_found_under_what_failed_after_it() -> None:
    try:
        raise RuntimeError("Traceback of a worker\nModuleNotFoundError: No module named 'x'\n at y")
    except RuntimeError as first:
        wrapped = first
    with (
        pytest.raises(FeatserError, match="the backend spark failed: ModuleNotFoundError: No mod"),
        backends._failures_named("spark"),
    ):
        raise AttributeError("while tidying up") from wrapped
