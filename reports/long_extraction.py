"""Write what features of long recordings cost, and how far blocks are from the whole.

Run ``python reports/long_extraction.py FOLDER``, where FOLDER holds ``ravdess/`` and ``emodb/``.
Their recordings are strung together, in an order drawn with a fixed seed, to 10 and 60 minutes at
16 kHz. Each measurement is a process of its own, as a worker of ``featser extract`` is one: it
computes the extractors on a short voice first, so that nothing is compiled while it is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from common import Row, report_parser, table_lines, write_report

from featser.audio import RATE, read_audio
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES

MINUTES = (10, 60)
MEASUREMENTS = (
    ("10 min", 10, "blocks"),
    ("10 min as a whole", 10, "whole"),
    ("60 min", 60, "blocks"),
)
SHOWN = (("seconds", ".1f"), ("peak_mb", ".0f"))

MEASURED = """
import json, sys, time
from pathlib import Path
import numpy as np
from threadpoolctl import threadpool_limits
import featser.audio.signal as signal_module
from featser.audio import read_audio
from featser.extraction.supervision import warm_up
from featser.features.registry import make_extractors

def peak_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

file, output, in_blocks, *specs = sys.argv[1:]
if in_blocks == "whole":
    signal_module.LONG_S = 1e9
extractors = make_extractors(specs)
for extractor in extractors:
    warm_up(extractor)
rows = [{"step": "imports and compiled code", "seconds": time.process_time(), "peak_mb": peak_mb()}]

def step(name, compute):
    begun = time.process_time()
    result = compute()
    seconds = time.process_time() - begun
    rows.append({"step": name, "seconds": seconds, "peak_mb": peak_mb()})
    return result

with threadpool_limits(1):
    signal = step("decoding", lambda: read_audio(file))
    values = [step(one.spec, lambda one=one: one(signal)) for one in extractors]
np.savez(output, *values)
print(json.dumps(rows))
"""


def main() -> None:
    """Measure, and write ``reports/long/recordings.md``."""
    parser = report_parser(__doc__, "long-extraction", "ravdess/, emodb/")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    files = {minutes: arguments.work / f"{minutes}.wav" for minutes in MINUTES}
    for minutes, file in files.items():
        write_long(file, arguments.corpora, minutes)
    figures: Row = {}
    values = {}
    for name, minutes, how in MEASUREMENTS:
        figures[name] = measured(files[minutes], arguments.work, how)
        values[name] = values_of(arguments.work)
    figures["differences"] = differences(values["10 min"], values["10 min as a whole"])
    write_report("long", "recordings", figures, page_of(figures))


def write_long(file: Path, corpora: Path, minutes: int) -> None:
    """Write recordings one after the other until they last so many minutes."""
    recordings = sorted(
        path for name in ("ravdess", "emodb") for path in (corpora / name).rglob("*.flac")
    )
    order = np.random.default_rng(0).permutation(len(recordings))
    left = minutes * 60 * RATE
    with soundfile.SoundFile(file, "w", RATE, 1, "PCM_16") as sound:
        while left:
            for index in order:
                samples = read_audio(recordings[index]).samples[:left]
                sound.write(samples)
                left -= len(samples)


def measured(file: Path, work: Path, how: str) -> list[Row]:
    """Return seconds and peak memory after each step, of the default features of a recording."""
    specs = [one.spec for one in make_extractors(DEFAULT_FEATURES)]
    command = [sys.executable, "-c", MEASURED, str(file), str(work / "values.npz"), how, *specs]
    subprocess.run(command, check=True, capture_output=True)  # whatever has to be compiled is
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    rows: list[Row] = json.loads(run.stdout)
    return rows


def values_of(work: Path) -> list[np.ndarray]:
    """Return the values of each extractor that were measured last."""
    with np.load(work / "values.npz") as saved:
        return [saved[name] for name in saved.files]


def differences(blocks: Sequence[np.ndarray], whole: Sequence[np.ndarray]) -> list[Row]:
    """Return for each extractor how many values differ, and by how much at most."""
    rows = []
    for extractor, one, other in zip(make_extractors(DEFAULT_FEATURES), blocks, whole, strict=True):
        apart = np.abs(np.nan_to_num(one).astype(np.float64) - np.nan_to_num(other))
        size = np.abs(np.nan_to_num(other)).astype(np.float64)
        relative = np.divide(apart, size, out=np.zeros_like(apart), where=apart > 0)
        rows.append(
            {
                "extractor": extractor.spec,
                "values": len(one),
                "different": int(np.count_nonzero(apart)),
                "greatest": float(relative.max()),
            }
        )
    return rows


def page_of(figures: Row) -> list[str]:
    """Return the page."""
    columns = [figures[name] for name, _, _ in MEASUREMENTS]
    rows = [
        [row["step"], *(f"{column[at][what]:{form}}" for column in columns for what, form in SHOWN)]
        for at, row in enumerate(columns[0])
    ]
    total = ["all"]
    for column in columns:
        seconds = sum(row["seconds"] for row in column[1:])
        total += [f"{seconds:.1f}", f"{column[-1]['peak_mb']:.0f}"]
    header = ["step"]
    for name, _, _ in MEASUREMENTS:
        header += [f"{name}: CPU s", "peak MB"]
    return [
        "# Long recordings",
        "",
        "Written by `python reports/long_extraction.py FOLDER`. Seconds on one core, and the peak "
        "of the memory (VmHWM) of the process until the end of the step, imports included. The "
        "seconds of all steps are without imports and compilation.",
        "",
        *table_lines(header, [*rows, total]),
        "",
        "Values in blocks beside those of the whole, of 10 min: how many differ at all, and the "
        "greatest difference as a share of the value.",
        "",
        *table_lines(
            ["extractor", "values", "different", "greatest difference"],
            [
                [row["extractor"], row["values"], row["different"], f"{row['greatest']:.1e}"]
                for row in figures["differences"]
            ],
        ),
    ]


if __name__ == "__main__":
    main()
