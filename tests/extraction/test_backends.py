"""With every backend the store has equal bits, and what cannot work is refused at once."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from featser.errors import FeatserError
from featser.extraction import backends
from featser.extraction.backends import check_backend
from featser.extraction.chunks import CHUNK, Work
from featser.extraction.extraction import extract_manifest
from featser.store.feature_store import Store
from featser.workers.pool import WorkerPool
from tests.features.corpus import bits, recordings
from tests.flow import featser_here


@pytest.mark.slow
def test_backends_give_equal_bits(tmp_path: Path) -> None:
    table = recordings(tmp_path / "corpus", [4800 + i for i in range(2 * CHUNK + 3)])
    stores = {}
    for backend in ("threading", "loky"):
        extract_manifest(table, ["zcr:basic"], Store(tmp_path / backend), n_jobs=2, backend=backend)
        stores[backend] = bits(tmp_path / backend)
    assert stores["threading"] == stores["loky"]


def test_a_backend_that_does_not_exist_or_has_no_cluster_is_refused(tmp_path: Path) -> None:
    shown = featser_here("extract", "nowhere", "--backend", "dusk")
    assert shown.returncode == 2
    assert "unknown backend 'dusk'; did you mean 'dask'?" in shown.stderr
    with pytest.raises(FeatserError, match="--cluster h:1: only --backend dask"):
        check_backend("loky", "h:1")


@pytest.mark.parametrize("backend", ["dask"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    with pytest.raises(FeatserError, match=rf'pip install "featser\[{backend}\]"'):
        check_backend(backend, None)


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(FeatserError, match=f"--cluster {address}: no answer"):
            check_backend("dask", address)


def test_a_machine_that_would_make_other_features_is_refused() -> None:
    with pytest.raises(
        FeatserError,
        match=r"computes 'zcr:basic' with other library versions than this machine",
    ):
        Work(WorkerPool(), {"zcr:basic": "0123456789abcdef"})([])
