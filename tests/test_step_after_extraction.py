"""An extraction ends with a fit that can be carried out, also where no speakers are named."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.flow import featser_here


def next_command(shown: str) -> list[str]:
    """The arguments of the command in the last line."""
    match = re.match(r"next: (featser [^(]+)", shown.splitlines()[-1])
    assert match is not None, shown
    return shlex.split(match[1])[1:]


@pytest.mark.slow
def test_the_next_step_of_recordings_without_speakers_is_carried_out(
    voices: Path, tmp_path: Path
) -> None:
    extracted = featser_here(
        "extract", voices, "--pattern", "{voice}-{emotion}-{intensity}-{take}.flac",
        "-f", "mfcc:basic", "--store", "my store", "--jobs", "1", cwd=tmp_path,
    )  # fmt: skip
    assert extracted.returncode == 0, extracted.stderr
    command = next_command(extracted.stdout)
    assert command == ["fit", "--protocol", "random", "--store", "my store"]
    assert "optimistic figures: 64 utterances have no speaker, and" in extracted.stdout
    refused = featser_here("fit", "--store", "my store", cwd=tmp_path)
    assert "--protocol random" in refused.stderr
    fitted = featser_here(
        *command, "-t", "emotion", "--model", "lda", "--no-audit", "--jobs", "1", cwd=tmp_path
    )
    assert fitted.returncode == 0, fitted.stderr


def test_the_next_step_of_recordings_with_speakers_is_a_fit(voices: Path, tmp_path: Path) -> None:
    extracted = featser_here(
        "extract", voices, "--corpus", "demo", "-f", "mfcc:basic", "--jobs", "1", cwd=tmp_path
    )
    assert next_command(extracted.stdout) == ["fit"]


def test_only_recordings_that_a_fit_uses_need_a_speaker(voices: Path, tmp_path: Path) -> None:
    """A recording that cannot be used needs none; one that can decides the next step."""
    files = [voices / f"{speaker}-sad-normal-1.flac" for speaker in ("f1", "m1")]
    (tmp_path / "broken.wav").write_bytes(b"no audio at all")
    rows = [f"{files[0]},f1,sad", f"{files[1]},m1,sad", "broken.wav,,sad"]
    table = tmp_path / "m.csv"
    extract = ("extract", "m.csv", "-f", "mfcc:basic", "--jobs", "1")

    table.write_text("\n".join(["file,speaker,emotion", *rows]), encoding="utf-8")
    shown = featser_here(*extract, cwd=tmp_path)
    assert "2 done, 0 reused, 1 unusable" in shown.stdout, shown.stderr
    assert next_command(shown.stdout) == ["fit"]

    rows[1] = f"{files[1]},,sad"
    table.write_text("\n".join(["file,speaker,emotion", *rows]), encoding="utf-8")
    shown = featser_here(*extract, cwd=tmp_path)
    assert next_command(shown.stdout) == ["fit", "--protocol", "random"]
    assert "1 utterance has no speaker, and figures" in shown.stdout
