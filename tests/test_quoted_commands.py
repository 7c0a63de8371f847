"""Commands in messages can be copied, also where names of folders have blanks."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from featser.errors import StoreError
from featser.serve.annotating.queue_jobs import QueueSource
from featser.serve.queue_work.refitting import features_of_queue
from tests.flow import featser_here


def extract_command(message: str) -> list[str]:
    """The arguments of the extraction that a message names."""
    match = re.search("`featser (extract [^`]+)`", message)
    assert match is not None, message
    return shlex.split(match[1])


@pytest.fixture
def work(voices: Path, tmp_path: Path) -> Path:
    """A folder with recordings of one speaker in ``my voices`` and of another in ``others``."""
    for folder, speaker in (("my voices", "f1"), ("others", "m1")):
        (tmp_path / folder).mkdir()
        for file in voices.glob(f"{speaker}-*-1.*"):
            shutil.copy(file, tmp_path / folder)
    return tmp_path


def test_extraction_that_a_fit_or_an_export_asks_for_is_carried_out(work: Path) -> None:
    store = ("--store", "my store")
    fit = ("fit", "my voices", "--corpus", "demo", "-f", "mfcc:basic", "--jobs", "1", *store)
    command = extract_command(featser_here(*fit, cwd=work).stderr)
    assert command == [
        "extract", str(work / "my voices"), "--corpus", "demo", *store, "-f", "mfcc:basic"
    ]  # fmt: skip
    done = featser_here(*command, "--jobs", "1", cwd=work)
    assert "8 done" in done.stdout, done.stderr

    next((work / "my store").rglob("part-*.arrow")).unlink()
    refused = featser_here("export", "features.csv", *store, cwd=work)
    command = extract_command(refused.stderr)
    again = featser_here(*command, "-f", "mfcc:basic", "--jobs", "1", cwd=work)
    assert "8 done" in again.stdout, again.stderr
    assert featser_here("export", "features.csv", *store, cwd=work).returncode == 0


def test_extraction_that_a_refit_asks_for_is_carried_out(work: Path) -> None:
    store = str(work / "my store")
    others = ("extract", "others", "--corpus", "demo", "-f", "mfcc:basic", "--jobs", "1")
    assert featser_here(*others, "--store", store, cwd=work).returncode == 0
    queue = QueueSource("annotate", str(work / "my voices"), str(work / "votes.csv"), "demo")
    with pytest.raises(StoreError) as error:
        features_of_queue(queue, store)
    command = extract_command(str(error.value))
    done = featser_here(*command, "-f", "mfcc:basic", "--jobs", "1", cwd=work)
    assert "8 done" in done.stdout, done.stderr
    assert features_of_queue(queue, store).shape[0] == 8


@pytest.mark.parametrize("command", [("fit",), ("store", "info")])
def test_a_store_that_does_not_exist_is_quoted(command: tuple[str, ...], tmp_path: Path) -> None:
    shown = featser_here(*command, "--store", "my store", cwd=tmp_path)
    assert extract_command(shown.stderr)[2:] == ["--store", "my store"]
