"""The command that finds speech in long recordings: ``featser segment``."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featser.cli.console import SHOWN, say
from featser.cli.shared_options import Jobs, bars_of
from featser.errors import counted
from featser.segmentation.length_rules import LengthRules
from featser.segmentation.segment_methods import DEFAULT, METHODS

if TYPE_CHECKING:
    from featser.api.segment import Segmentation


def segment(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Recordings, folders of them, URLs, or - for the standard input; and manifests "
            "of whole recordings, whose other columns the segments inherit.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A manifest (.csv, .tsv, .parquet), or for Praat (.TextGrid), ELAN (.eaf), "
            "Audacity (.txt), .rttm, or a folder for audformat. {name} in it stands for the name "
            "of each recording: 'labels/{name}.TextGrid'.",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="|".join(row.usage for row in METHODS),
            help="; ".join(f"{row.name}: {row.summary}" for row in METHODS) + ".",
        ),
    ] = DEFAULT,
    min_s: Annotated[
        float, typer.Option("--min-s", help="Leave out speech that is shorter, in seconds.")
    ] = LengthRules.min_s,
    max_s: Annotated[
        float, typer.Option("--max-s", help="Cut longer speech where it is quietest, in seconds.")
    ] = LengthRules.max_s,
    pad_s: Annotated[
        float, typer.Option("--pad-s", help="Seconds to add before and after speech.")
    ] = LengthRules.pad_s,
    gap_s: Annotated[
        float, typer.Option("--gap-s", help="Bridge pauses in speech that are shorter, in seconds.")
    ] = LengthRules.gap_s,
    channel: Annotated[
        str,
        typer.Option(
            metavar="mix|left|right|N|loudest",
            help="Of recordings with several channels: their average, one of them, or the loudest.",
        ),
    ] = "mix",
    jobs: Jobs = 1,
) -> None:
    """Find the speech in long recordings, and write its segments.

    The manifest is a source of `extract` and `predict`. What is left out (silence, noise, and what
    is too short) is written as well: as a tier of its own, or as a file with `left-out` in its
    name.

    A recording that cannot be used gets a line with its reason; the others are still cut, and the
    exit code is 1.
    """
    from featser.api.segment import segment as run

    with bars_of(saved="nothing was written"):
        result = run(
            files,
            output,
            method=method,
            min_s=min_s,
            max_s=max_s,
            pad_s=pad_s,
            gap_s=gap_s,
            channel=channel,
            n_jobs=jobs,
        )
    show_segmentation(result)
    if result.errors or not len(result.segments):
        raise typer.Exit(1)


def show_segmentation(result: Segmentation) -> None:
    """Print how much speech each recording has, and what was left out."""
    rows = result.recordings.to_dict("records")
    for row in rows[:SHOWN]:
        say(f"{row['file']}: {_summary(row)}")
    if len(rows) > SHOWN:
        say(f"… and {counted(len(rows) - SHOWN, 'more recording')}")
    if len(rows) > 1:
        total = result.recordings.drop(columns="file").sum().to_dict()
        say(f"{counted(len(rows), 'recording')}: {_summary(total)}")
    for note in result.notes:
        say(f"note: {note}")
    for file, reason in result.errors.items():
        say(f"unusable: {file}: {reason}")
    if not len(result.segments):
        say("no segment: no recording has speech; a shorter --min-s or --method silero may find it")
    for path in result.written:
        say(f"written: {path}")


def _summary(row: Mapping[Hashable, Any]) -> str:
    """Say how much speech there is, and what was left out."""
    total, speech = row["seconds"], row["speech_s"]
    fixed = ("file", "seconds", "speech_s", "n_segments")
    reasons = [
        f"{name} {row[name]:.1f} s" if row[name] >= 0.05 else f"{name} under 0.1 s"
        for name in row
        if name not in fixed and row[name]
    ]
    share = f" ({100 * speech / total:.0f} %)" if total else ""
    left_out = f"; left out: {', '.join(reasons)}" if reasons else ""
    segments = counted(int(row["n_segments"]), "segment")
    return f"{speech:.1f} s of {total:.1f} s{share} in {segments}{left_out}"
