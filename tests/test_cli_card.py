"""``featser card new``: as a user types it, with and without a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from featser.corpora.card import load_card
from tests.corpora.card_reading import touch
from tests.flow import PYTHON, featser_here, heed_ctrl_c


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    touch(tmp_path / "in", [f"{s}_{e}_{t}.wav" for s in ("s1", "s2") for e in "AHS" for t in "12"])
    return tmp_path


def test_a_card_is_proposed_written_and_used(folder: Path) -> None:
    made = featser_here("card", "new", "in", "--yes", "-o", "mine.yaml", cwd=folder)
    assert made.returncode == 0, made.stderr
    assert "next: featser extract in --corpus mine.yaml" in made.stdout
    shown = featser_here("scan", "in", "--corpus", "mine.yaml", "-o", "m.csv", cwd=folder)
    assert shown.stdout.startswith("12 utterances")
    assert featser_here("scan", "mine.yaml", "in", cwd=folder).stdout.startswith("12 utterances")
    again = featser_here("card", "new", "in", "--yes", "-o", "mine.yaml", cwd=folder)
    assert again.returncode == 2
    assert "'mine.yaml' exists already" in again.stderr


def test_scan_takes_one_way_to_read_a_folder(folder: Path) -> None:
    both = featser_here("scan", "in", "--corpus", "demo", "--pattern", "{emotion}", cwd=folder)
    assert both.returncode == 2
    assert "--corpus: cannot be used with --pattern" in both.stderr
    twice = featser_here("scan", "demo", "in", "--corpus", "demo", cwd=folder)
    assert twice.returncode == 2
    assert "--corpus: takes the place of a card" in twice.stderr


def test_levels_of_folders_are_shown_first(tmp_path: Path) -> None:
    touch(tmp_path / "in", [f"p{n}/{e}_{t}.wav" for n in "12" for e in "AHS" for t in "12"])
    shown = featser_here("card", "new", "in", "--yes", cwd=tmp_path).stdout
    places = [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")]
    assert places[:3] == ["folder 1", "part 1 of the name", "part 2 of the name"], shown


def test_cards_that_exist_for_a_folder_are_named_before_a_new_one(tmp_path: Path) -> None:
    names = [f"03-01-{e}-01-01-01-{s}.wav" for s in ("01", "02") for e in ("03", "04", "05")]
    touch(tmp_path / "clinic", names)
    made = featser_here("card", "new", "clinic", "--yes", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    reads = "note: the card ravdess reads these names already: `featser extract clinic --corpus "
    assert f"{reads}ravdess`\n" in made.stdout.partition("Fields of the names")[0]
    assert "exists already" not in made.stdout
    again = featser_here("card", "new", "clinic", "--yes", cwd=tmp_path)
    assert again.returncode == 2
    uses = "note: 'clinic.yaml' exists already: `featser extract clinic --corpus clinic.yaml` uses"
    assert uses in again.stdout
    assert "'clinic.yaml' exists already: name another file with -o" in again.stderr


@contextmanager
def on_a_terminal(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the command with a terminal as its input; at the end of the block it is gone."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PYTHON, "card", "new", "in"],
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.communicate()
        os.close(ours)


def test_the_questions_correct_the_proposal(folder: Path) -> None:
    answers = ["", "stress level", "stress", "-", "low", "high", "", "Clinic", "clinic", "de"]
    with on_a_terminal(folder) as (process, terminal):
        os.write(terminal, ("\n".join(answers) + "\n\x04").encode())
        shown = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 0, shown
    assert "'stress level' is no name of a column" in shown
    card = load_card(folder / "clinic.yaml")
    assert (card.name, card.language, card.primary) == ("clinic", "de", "stress")
    assert list(card.labels) == ["speaker", "stress"]
    assert card.labels["stress"].codes == {"A": "low", "H": "high", "S": "S"}


def test_ctrl_c_writes_nothing(folder: Path) -> None:
    with on_a_terminal(folder) as (process, _):
        assert process.stdout is not None
        shown = b""
        while b"column [" not in shown and (more := process.stdout.read1()):
            shown += more
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert [file.name for file in folder.iterdir()] == ["in"]
