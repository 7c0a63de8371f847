"""A command that fails ends with one line, a documented exit code, and never with a traceback."""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from featser.cli.failures import warnings_as_notes
from featser.errors import EXIT_CODES, FeatserError, OutputError
from featser.io.atomic_write import whole, write_text
from tests.flow import PYTHON, featser_here, without_roots_rights

ROOT = Path(__file__).resolve().parents[1]


def one_line(text: str, *parts: str) -> None:
    lines = [line for line in text.splitlines() if line.startswith("featser: ")]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    for part in parts:
        assert part in lines[0], lines[0]


@pytest.fixture
def store(extracted: Path, tmp_path: Path) -> Path:
    """A folder with a store of its own, to be damaged."""
    shutil.copytree(extracted / "featser-store", tmp_path / "featser-store")
    return tmp_path


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two recordings of noise with their labels."""
    for name in ("a", "b"):
        noise = np.random.default_rng(0).normal(0, 0.1, 8000)
        soundfile.write(tmp_path / f"{name}.wav", noise, 16000)
    path = tmp_path / "manifest.csv"
    path.write_text("file,emotion,speaker\na.wav,angry,s1\nb.wav,sad,s2\n")
    return path


def fail_with(error: BaseException) -> Callable[..., None]:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ZeroDivisionError("by zero"), "unexpected error (ZeroDivisionError: by zero)"),
        (KeyError("a\nb"), "unexpected error (KeyError: 'a"),
        (MemoryError(), "too little memory"),
        (RecursionError(), "nested too deeply"),
        (OSError(errno.EIO, "Input/output error", "/disk/x"), "/disk/x: Input/output error"),
    ],
)
def test_unexpected_error_is_one_line_and_its_trace_a_private_file(
    error: Exception, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path))
    monkeypatch.setattr("featser.api.corpora.corpora", fail_with(error))
    shown = featser_here("corpora")
    assert shown.returncode == 70
    one_line(shown.stderr, message, "Details: ")
    trace = Path(shown.stderr.strip().rpartition("Details: ")[2])
    assert trace.parent == tmp_path / "errors"
    assert type(error).__name__ in trace.read_text()
    assert "Traceback" in trace.read_text()
    assert trace.stat().st_mode & 0o077 == 0


def test_unexpected_error_without_any_place_for_the_trace_is_still_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "file"))
    monkeypatch.setattr("featser.api.corpora.corpora", fail_with(ZeroDivisionError()))
    shown = featser_here("corpora")
    assert shown.returncode == 70
    one_line(shown.stderr, "could not be written to any file")


def test_interruption_stays_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featser.api.corpora.corpora", fail_with(KeyboardInterrupt()))
    assert featser_here("corpora").returncode == 130


def test_output_to_a_closed_pipe_ends_quietly() -> None:
    command = " ".join([*PYTHON, "corpora"])
    shown = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout.strip() in ("0", "1")
    assert shown.stderr == ""


def test_too_little_memory_is_one_line(tmp_path: Path) -> None:
    """Under `ulimit -v` a library cannot even be loaded."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (250_000_000, 250_000_000))

    shown = subprocess.run(
        [*PYTHON, "audit", "nowhere.csv"],
        env={**os.environ, "FEATSER_CACHE": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=limit,
        check=False,
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 1
    one_line(shown.stderr, "`ulimit -v` leaves 250 MB of address space", "raise the limit")


# Outputs that cannot be written. Tests may run as root, who may write into read-only folders.
IMPOSSIBLE = {
    "a file where a folder is needed": "file/out{}",
    "a folder": "folder{}",
    "no such device": "/proc/out{}",
}


COMMANDS = [
    "scan table . -o OUT.csv",
    "audit manifest.csv -o OUT.json",
    "extract manifest.csv --store OUT",
    "export OUT.csv",
    "export OUT.parquet",
    "export --audformat OUT",
]


@pytest.mark.parametrize("place", IMPOSSIBLE)
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_cannot_be_written_is_one_line(
    command: str, place: str, store: Path, manifest: Path
) -> None:
    (store / "file").touch()
    ending = Path(command.partition("OUT")[2].split(" ")[0]).name
    output = IMPOSSIBLE[place].format(ending)
    if place == "a folder" and not ending:
        (store / output).touch()  # a file, where the command writes a folder
    elif place == "a folder":
        (store / output).mkdir()
    arguments = command.replace(f"OUT{ending}", output).split(" ")
    shown = featser_here(*arguments, cwd=store)
    assert shown.returncode in (1, 2), shown.stderr
    one_line(shown.stderr, output)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("audit manifest.csv -o locked/facts.csv", "locked/facts.csv"),
        ("predict RUN manifest.csv -o locked/new/out.csv", "locked/new/out.csv"),
        ("predict RUN a.wav --timeline -o locked/out.TextGrid", "locked/out.TextGrid"),
        ("leakage manifest.csv -o locked/study", "locked/study"),
        ("fit --store ../featser-store", "runs"),
        ("curve --store ../featser-store", "runs"),
    ],
    ids=lambda text: text.partition(" ")[0],
)
def test_an_output_in_a_read_only_folder_is_refused_before_the_work(
    command: str, output: str, fitted: Path, store: Path, manifest: Path
) -> None:
    """Else what took hours is lost; the commands without -o run in the folder itself."""
    locked = store / "locked"
    locked.mkdir()
    arguments = command.replace("RUN", str(fitted)).split(" ")
    locked.chmod(0o555)
    try:
        shown = subprocess.run(
            [*without_roots_rights(), *PYTHON, *arguments],
            cwd=store if output.startswith("locked") else locked,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        locked.chmod(0o755)
    assert shown.returncode == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith(f"featser: {output}: cannot be written (Permission denied)")
    one_line(shown.stderr, "Make the folder writable, or choose another place")


@pytest.mark.parametrize(
    "command", ["scan table . -o out.csv", "audit manifest.csv -o out.json", "export out.csv"]
)
def test_full_disk_is_one_line_and_leaves_nothing(
    command: str, store: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr("os.fsync", fail_with(full))
    shown = featser_here(*command.split(" "), cwd=store)
    assert shown.returncode == 1
    one_line(shown.stderr, "No space left on device", "Free space")
    assert not list(store.glob("out.*"))
    assert not list(store.glob(".writing-*"))


def test_an_error_while_another_file_is_read_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole(tmp_path / "out.csv"):
        (tmp_path / "absent").read_text()
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path, "x")
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == errno.EISDIR


NOT_OBJECTS = [b"", b"[]", b"null", b"1", b"{", b"\xff\xfe", b'{"origin": "x"}', b"[" * 100_000]


@pytest.mark.parametrize("content", NOT_OBJECTS)
def test_damaged_source_json_is_one_line(content: bytes, store: Path) -> None:
    (store / "featser-store" / "source.json").write_bytes(content)
    shown = featser_here("export", "out.csv", cwd=store)
    assert shown.returncode == 1
    one_line(shown.stderr, "source.json: damaged", "featser extract")


@pytest.mark.parametrize("name", ["features", "recipe", "cards", "augmentations", "notes"])
def test_source_json_with_a_field_of_another_type_is_one_line(name: str, store: Path) -> None:
    import json

    path = store / "featser-store" / "source.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: 3}))
    shown = featser_here("export", "out.csv", cwd=store)
    assert shown.returncode == 1
    one_line(shown.stderr, "source.json: damaged")


@pytest.mark.parametrize("name", ["copies.parquet", "unusable.csv", "manifest.parquet"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe" * 50, b'"', "a table of another schema"])
def test_damaged_table_of_a_store_is_one_line(name: str, content: bytes | str, store: Path) -> None:
    path = store / "featser-store" / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif name.endswith(".csv"):
        path.write_text("a,b\n1,2\n")
    else:
        pd.DataFrame({"file": ["x"]}).to_parquet(path)
    shown = featser_here("export", "out.csv", cwd=store)
    assert shown.returncode == 1
    one_line(shown.stderr, f"{name}: damaged", "featser extract")


def test_part_file_of_another_schema_is_one_line(store: Path) -> None:
    """The file's name is the checksum of its bytes, so that only its content is wrong."""
    import hashlib

    old = next((store / "featser-store").rglob("part-*.arrow"))
    sink = pa.BufferOutputStream()
    table = pa.table({"unknown": [1, 2, 3]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue().to_pybytes()
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    old.unlink()
    (old.parent / f"part-{digest}.arrow").write_bytes(content)
    shown = featser_here("export", "out.csv", cwd=store)
    assert shown.returncode == 1
    one_line(shown.stderr)


def hostile_parquet(path: Path) -> None:
    """Write a Parquet file whose column's name is no UTF-8."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"file": ["a.wav"], "emotional": ["x"]}), buffer)
    path.write_bytes(buffer.getvalue().replace(b"emotional", b"\xeb\xff\xfeotiona"))


@pytest.mark.parametrize("command", ["audit bad.parquet", "extract bad.parquet", "scan table ."])
def test_parquet_with_names_that_are_no_text_is_one_line(command: str, tmp_path: Path) -> None:
    hostile_parquet(tmp_path / "bad.parquet")
    shown = featser_here(*command.split(" "), cwd=tmp_path)
    assert shown.returncode == 2
    one_line(shown.stderr, "bad.parquet" if "bad" in command else "")


@pytest.mark.extras
def test_scan_of_a_spreadsheet_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04")
    shown = featser_here("scan", "table", "x.xlsx", cwd=tmp_path)
    assert shown.returncode == 2
    one_line(shown.stderr, "x.xlsx")


def test_exit_codes_of_the_guide_and_help_are_those_of_the_table() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    section = text[text.index("## Exit codes") :]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", section[: section.index("\n## ")], re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_CODES
    shown = " ".join(featser_here("--help").stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code}: {meaning}" in shown
    lines = featser_here("--help").stdout.partition("Exit codes:")[2].splitlines()
    assert max(map(len, lines)) <= 80


def test_exit_codes_of_all_errors_are_in_the_table() -> None:
    import featser.errors

    errors = [
        kind
        for kind in vars(featser.errors).values()
        if isinstance(kind, type) and issubclass(kind, FeatserError)
    ]
    assert len(errors) > 10
    assert {kind.exit_code for kind in errors} <= set(EXIT_CODES)


def test_warnings_of_libraries_are_notes_of_one_line_shown_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = warnings.showwarning
    with warnings_as_notes():
        for _ in range(2):
            warnings.warn_explicit("mean of\n empty slice\x1b[2J", RuntimeWarning, "np.py", 3)
        joblib = "A worker stopped while some jobs were given to the executor. This can be caused"
        warnings.warn_explicit(joblib, UserWarning, "executor.py", 788)
    assert warnings.showwarning is before
    shown = capsys.readouterr()
    assert shown.err == "featser: note: mean of empty slice\\x1b[2J\n"
    assert shown.out == ""
