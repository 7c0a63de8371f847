"""Fixtures: real recordings, and shared voices, features and a fit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from featser.corpora.synthetic.demo_corpus import write_demo_corpus
from featser.io.lock import exclusive
from tests.flow import featser, featser_here

ROOT = Path(__file__).resolve().parents[1]

# An example may take long on a busy machine; no test is about time. The same examples in every run:
# what fails was changed, and `make fuzz` looks for what no example has found.
hypothesis.settings.register_profile("featser", deadline=None, derandomize=True)
hypothesis.settings.load_profile("featser")

ONE_CORE = ("LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several test processes one core: together they occupy all of them."""
    if config.getoption("numprocesses", None):
        for name in ONE_CORE:
            os.environ.setdefault(name, "1")


def corpora_folder() -> Path | None:
    """``FEATSER_CORPORA``, else ``shared/corpora`` beside the project, if it exists."""
    named = os.environ.get("FEATSER_CORPORA")
    folders = [Path(named)] if named else [ROOT.parent / "shared" / "corpora"]
    return next((folder for folder in folders if folder.is_dir()), None)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with banglaser, ravdess and emodb; skips where it is absent."""
    folder = corpora_folder()
    if folder is None:
        pytest.skip(
            "no real recordings: set FEATSER_CORPORA to a folder with banglaser/, ravdess/, emodb/"
        )
    return folder


@pytest.fixture(scope="session")
def real_recordings(corpora: Path) -> list[Path]:
    """50 real recordings, spread over the three corpora."""
    files: list[Path] = []
    for name, count in (("banglaser", 17), ("ravdess", 17), ("emodb", 16)):
        recordings = sorted((corpora / name).rglob("*.flac"))
        files += recordings[:: max(1, len(recordings) // count)][:count]
    assert len(files) == 50
    return files


@pytest.fixture(scope="session", autouse=True)
def audits_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fits in this process audit the same recordings once; those that are measured do each time."""
    if "not bench" not in request.config.option.markexpr:
        yield
        return
    from featser.experiment import audited
    from tests.audits_once import audit_once

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audited, "audit_manifest", audit_once)
        yield


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Workers started by this test apply the faults of marked recordings."""
    folder = tmp_path / "faults"
    shutil.copytree(ROOT / "tests" / "extraction" / "faults", folder)
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo corpus, written once for all test processes; tests must not change it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    with exclusive(root / "demo.lock"):
        if not (root / "demo" / "truth.csv").exists():  # it is written last
            write_demo_corpus(root / "demo")
    return root / "demo"


@pytest.fixture(scope="session")
def voices(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A subset of the demo corpus: 4 speakers, 2 takes of everything."""
    part = tmp_path_factory.mktemp("voices")
    for file in sorted(demo.glob("*.flac")):
        speaker, *_, take = file.stem.split("-")
        if speaker in ("f1", "f2", "m1", "m2") and int(take) <= 2:
            shutil.copy(file, part)
    assert len(list(part.iterdir())) == 64
    return part


@pytest.fixture(scope="session")
def extracted(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after ``featser extract`` without options."""
    folder = tmp_path_factory.mktemp("work")
    shown = featser("extract", voices, "--corpus", "demo", "-f", "mfcc:basic", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "64 done, 0 reused, 0 unusable" in shown.stdout
    return folder


@pytest.fixture(scope="session")
def fitted(extracted: Path) -> Path:
    """The same folder after ``featser fit`` with a quick model."""
    shown = featser_here(
        "fit", "--model", "logistic,lda", "-o", "run", "--jobs", "1", cwd=extracted
    )
    assert shown.returncode == 0, shown.stderr
    assert "report: run/report.html" in shown.stdout
    return extracted / "run"
