"""Recordings of noise, a store's bytes, and running ``featser extract`` on them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from featser.features.registry import make_extractor
from featser.store.part_files import read_part
from tests.flow import heed_ctrl_c

ROOT = Path(__file__).resolve().parents[2]
MFCC = make_extractor("mfcc:basic")


def recordings(folder: Path, lengths: Sequence[int]) -> pd.DataFrame:
    """Noise at 16 kHz, a recording for each number of samples."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    files = [folder / f"{number:03d}.wav" for number in range(len(lengths))]
    for file, length in zip(files, lengths, strict=True):
        soundfile.write(file, rng.normal(0, 0.1, length), 16_000)
    return pd.DataFrame({"file": [str(file) for file in files]})


def bits(folder: Path) -> dict[str, bytes]:
    """Every file of the store's features."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "features" in path.parts
    }


def start_extract(
    manifest: Path,
    store: Path,
    *options: str,
    path: Sequence[Path] = (),
    prefix: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start ``featser extract``, with further folders first in its module path."""
    command = [sys.executable, "-m", "featser", "extract", str(manifest), "--store", str(store)]
    paths = os.pathsep.join(map(str, [*path, ROOT]))
    return subprocess.Popen(
        [*prefix, *command, *options],
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "300", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509  # no threads here yet
    )


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, at most a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    """Process ids of a process's children."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in shown.stdout.splitlines()]
    return [child for child, parent in pairs if parent == pid]


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() != "" and not shown.stdout.strip().startswith("Z")


def values(rows: int, seed: int = 0) -> np.ndarray:
    """Rows as :data:`MFCC` has them."""
    return np.random.default_rng(seed).normal(size=(rows, len(MFCC.names))).astype(np.float32)


def flip(file: Path, position: int = -200) -> None:
    """Change one bit of a file."""
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)


def manifest(folder: Path, count: int, first: int = 0, last: int | None = None) -> Path:
    """A manifest of some of the recordings of one folder."""
    corpus = folder / "corpus"
    if not corpus.exists():
        recordings(corpus, [8000] * count)
    path = folder / f"{first}-{last}.csv"
    files = [str(corpus / f"{number:03d}.wav") for number in range(count)]
    pd.DataFrame({"file": files[first:last]}).to_csv(path, index=False)
    return path


def stored_keys(store: Path) -> dict[str, list[str]]:
    """Return all keys in the part files, with repetitions."""
    keys: dict[str, list[str]] = {}
    for part in store.rglob("part-*.arrow"):
        keys.setdefault(part.parent.name, []).extend(read_part(part)[0])
    return keys
