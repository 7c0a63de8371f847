"""A recording that crashes, hangs or exhausts its decoder costs the audit only that recording."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from featser.audit.audit_manifest import audit_manifest
from featser.audit.checks.duplicates import duplicate_groups, not_compared_findings
from tests.features.corpus import ROOT, alive, children, recordings, wait_for
from tests.flow import PYTHON, heed_ctrl_c


def reasons(table: pd.DataFrame, **options: float) -> dict[str, str]:
    """Why recordings cannot be used, by the name of the file."""
    facts = audit_manifest(table, jobs=2, **options).facts
    names = table["file"].map(lambda file: Path(file).name)
    return {name: why for name, why in zip(names, facts["reason"], strict=True) if why}


def test_recordings_that_crash_the_decoder_are_unusable_with_the_reason_and_no_other_is(
    tmp_path: Path, faults: Path
) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5021, 4800, 5022, 5023, 4800, 5021])
    reason_of = reasons(table)
    assert list(reason_of) == ["001.wav", "003.wav", "004.wav", "006.wav"]
    assert reason_of["001.wav"] == reason_of["006.wav"] == "the decoder crashed (signal SIGSEGV)"
    assert reason_of["003.wav"] == "the decoder failed: ZeroDivisionError: a bug"
    assert reason_of["004.wav"].startswith(
        "the decoder failed: MemoryError: Unable to allocate 256"
    )


def test_a_recording_that_hangs_the_decoder_is_given_up(tmp_path: Path, faults: Path) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5024, 4800])
    reason = "given up: the decoder took more than 1 s (--timeout sets this)"
    assert reasons(table, timeout=1) == {"001.wav": reason}


def test_a_recording_that_can_be_examined_when_tried_alone_is_not_blamed(
    tmp_path: Path, faults: Path
) -> None:
    assert reasons(recordings(tmp_path / "corpus", [4800, 5025, 4800])) == {}
    assert (faults / "happened").exists()


def test_groups_of_duplicates_survive_a_crash(tmp_path: Path, faults: Path) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5021, 4801])
    Path(table["file"][2]).write_bytes(Path(table["file"][0]).read_bytes())
    assert duplicate_groups(table, jobs=1).tolist() == [0, 1, 0]


def test_pairs_that_could_not_be_compared_are_a_warning() -> None:
    row = {"first": "a.wav", "second": "b.wav", "reason": "the comparison crashed (signal SIGABRT)"}
    [finding] = not_compared_findings([row])
    assert (finding.severity, finding.table) == ("warning", [row])
    assert finding.message.startswith("1 pair of recordings may be copies")
    assert not_compared_findings([]) == []


def start_audit(table: pd.DataFrame, faults: Path, *options: str) -> subprocess.Popen[str]:
    manifest = faults.parent / "m.csv"
    table.to_csv(manifest, index=False)
    paths = os.pathsep.join(map(str, [faults, ROOT]))
    return subprocess.Popen(
        [*PYTHON, "audit", str(manifest), *options],
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "300"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509
    )


def test_the_command_lists_a_crash_and_exits_with_1(tmp_path: Path, faults: Path) -> None:
    table = recordings(tmp_path / "corpus", [4800, 5021, 5001])
    output = tmp_path / "audit.json"
    process = start_audit(table, faults, "-o", str(output))
    shown, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in shown + errors
    findings = json.loads(output.read_text(encoding="utf-8"))["findings"]
    [unusable] = [finding for finding in findings if finding["kind"] == "unusable recordings"]
    assert unusable["table"] == [
        {"recording": "001.wav", "reason": "the decoder crashed (signal SIGSEGV)"}
    ]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_an_audit_ends_its_workers_end_too(
    tmp_path: Path, faults: Path, how: signal.Signals
) -> None:
    # One worker is in a C call that lasts an hour. After Ctrl-C it is killed; where the caller is
    # killed, the worker's own limit ends it.
    table = recordings(tmp_path / "corpus", [5024] + [5026] * 70)
    timeout = "60" if how is signal.SIGINT else "1"
    process = start_audit(table, faults, "--jobs", "2", "--timeout", timeout)
    wait_for(lambda: len(children(process.pid)) == 2)
    workers = children(process.pid)
    process.send_signal(how)
    shown, errors = process.communicate(timeout=30)
    assert "Traceback" not in shown + errors
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    wait_for(lambda: not [worker for worker in workers if alive(worker)])
