"""Compilation costs no recording its time, and its result is kept where it can be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from featser.extraction.extraction import extract_manifest
from featser.store.feature_store import Store
from featser.workers import compilation
from featser.workers.compilation import with_compilation_cache
from tests.features.corpus import ROOT, recordings
from tests.flow import featser, without_roots_rights

IGNORED = shutil.ignore_patterns("__pycache__")
CACHES = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")


@pytest.fixture(autouse=True)
def _forget_the_folder() -> None:
    compilation._cache_folder.cache_clear()


def test_a_folder_that_the_user_names_is_used() -> None:
    given = {"NUMBA_CACHE_DIR": "/somewhere", "HOME": "/home"}
    assert with_compilation_cache(given) == given


def test_compiled_code_is_stored_beside_the_source_files_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compilation, "_is_writable", lambda folder: True)
    assert with_compilation_cache({}) == {}


def test_read_only_packages_keep_code_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "_package_folders", lambda: [tmp_path / "read-only"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert with_compilation_cache({}) == {"NUMBA_CACHE_DIR": str(tmp_path / "cache/featser/numba")}


def test_a_folder_that_others_may_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled code is run: no other user may place it there."""
    shared = tmp_path / "cache" / "featser" / "numba"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setattr(compilation, "_package_folders", lambda: [tmp_path / "read-only"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    [folder] = with_compilation_cache({}).values()
    assert Path(folder).parent == tmp_path
    assert Path(folder).stat().st_mode & 0o777 == 0o700


def test_numba_keeps_code_where_neither_package_nor_home_can_be_written(tmp_path: Path) -> None:
    """Numba refuses on its own: `cannot cache function: no locator available`."""
    site, home, temporary = (tmp_path / name for name in ("site", "home", "temporary"))
    shutil.copytree(ROOT / "featser", site / "featser", ignore=IGNORED)
    for folder in (home, temporary):
        folder.mkdir()
    folders = [home, *(path for path in site.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    code = "import os, featser.features.gemaps.periods; print(os.environ['NUMBA_CACHE_DIR'])"
    environment = {name: value for name, value in os.environ.items() if name not in CACHES}
    try:
        shown = subprocess.run(
            [*without_roots_rights(), sys.executable, "-P", "-c", code],
            env={
                **environment,
                "PYTHONPATH": str(site),
                "HOME": str(home),
                "TMPDIR": str(temporary),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert Path(shown.stdout.strip()).parent == temporary, shown.stderr


def test_the_first_call_of_an_extractor_counts_against_no_recording(
    tmp_path: Path, faults: Path
) -> None:
    """In each worker the first call of `rms` takes 1.5 s, as when it has to be compiled."""
    table = recordings(tmp_path / "corpus", [4800] * 3)
    result = extract_manifest(table, ["rms:basic"], Store(tmp_path / "s"), n_jobs=1, timeout=1)
    assert (result.done, len(result.unusable)) == (3, 0)


@pytest.mark.slow
def test_no_recording_is_refused_on_a_cold_cache_which_is_warm_after_it(tmp_path: Path) -> None:
    table = recordings(tmp_path / "corpus", [8000] * 2)
    cache = tmp_path / "cache"
    table.to_csv(tmp_path / "m.csv", index=False)
    options = ("-f", "gemaps", "--timeout", "8", "-j", "1")
    environment = {"NUMBA_CACHE_DIR": str(cache)}
    cold = featser("extract", "m.csv", *options, cwd=tmp_path, env=environment)
    assert "2 done, 0 reused, 0 unusable" in cold.stdout, cold.stdout
    cached = {path.name for path in cache.rglob("*.nbc")}
    assert len(cached) >= 10
    warm = featser("extract", "m.csv", *options, "--store", "s", cwd=tmp_path, env=environment)
    assert "2 done, 0 reused, 0 unusable" in warm.stdout, warm.stdout
    assert {path.name for path in cache.rglob("*.nbc")} == cached
