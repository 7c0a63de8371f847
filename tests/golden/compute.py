"""Compute the values of some subjects, and write them as JSON: run once for each kind of CPU."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.golden.subjects import Values, subjects

ROOT = Path(__file__).resolve().parents[2]


def computed(names: Sequence[str], environment: Mapping[str, str]) -> dict[str, Values]:
    """Compute some subjects' values in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "values.json"
        command = [sys.executable, "-m", "tests.golden.compute", str(output), *names]
        subprocess.run(command, cwd=ROOT, env=dict(environment), check=True)
        values: dict[str, Values] = json.loads(output.read_text(encoding="utf-8"))
    return values


def main() -> None:
    """``python -m tests.golden.compute OUTPUT SUBJECT …``."""
    output, *names = sys.argv[1:]
    subject_of = subjects()
    values = {name: subject_of[name].compute() for name in names}
    Path(output).write_text(json.dumps(values), encoding="utf-8")


if __name__ == "__main__":
    main()
