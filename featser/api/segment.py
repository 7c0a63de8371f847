"""``featser segment``: from long recordings to the segments that hold speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from featser.annotation.interval_table import LEFT_OUT
from featser.annotation.recordings import length_of
from featser.annotation.segment_files import check_output, write_segments
from featser.api.arguments.path_rules import path, refuse_source_as_output
from featser.api.validation import validated
from featser.audio.channels import MIX
from featser.errors import InputError, counted
from featser.experiment.loading.named_recordings import (
    STDIN_NAME,
    NamedRecordings,
    named_recordings,
)
from featser.io.location import absolute, real_place
from featser.io.result_display import Display, ShownResult
from featser.progress import Progress, stage
from featser.progress_bars import showing_progress
from featser.segmentation.length_rules import LengthRules
from featser.segmentation.many_recordings import SegmentPlan, segment_all
from featser.segmentation.segment_methods import DEFAULT, parse_method


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation(ShownResult):
    """The segments of recordings.

    Parameters
    ----------
    intervals : DataFrame
        ``file``, ``start``, ``end``, ``tier`` and ``label``: segments, and in the tier ``left out``
        the rest of each recording with the reason; then other columns of the source.
    recordings : DataFrame
        One row for each recording that could be used: ``file``, ``seconds``, ``speech_s``,
        ``n_segments``, and the seconds of each reason.
    errors : dict of str
        Recordings that cannot be used, with the reason.
    notes : list of str
        How the source was read.
    written : list of Path
        The files that were written.
    """

    intervals: pd.DataFrame
    recordings: pd.DataFrame
    errors: dict[str, str]
    notes: list[str] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)

    @property
    def segments(self) -> pd.DataFrame:
        """The segments alone."""
        return self.intervals[self.intervals["tier"] != LEFT_OUT].reset_index(drop=True)

    def display(self) -> Display:
        """Return counts, and a row for each recording."""
        text = (
            f"{counted(len(self.segments), 'segment')} of "
            f"{counted(len(self.recordings), 'recording')}, {len(self.errors)} unusable"
        )
        rows = self.recordings.round(1).astype(object).to_numpy().tolist()
        return Display(text, list(map(str, self.recordings.columns)), rows)


@validated(output=path)
@showing_progress
def segment(
    files: str | Path | Sequence[str | Path],
    /,
    output: str | Path | None = None,
    *,
    method: str = DEFAULT,
    channel: str = MIX,
    n_jobs: int = 1,
    **lengths: float,
) -> Segmentation:
    """Find the speech in long recordings.

    Parameters
    ----------
    files : str, Path or sequence of them
        Recordings and folders of them, URLs; and manifests of whole recordings, whose other
        columns every segment of a recording inherits.
    output : str or Path, optional
        What to write, in the format of its ending: a manifest (``.csv``, ``.tsv``, ``.parquet``),
        ``.TextGrid``, ``.eaf``, ``.txt`` (Audacity), ``.rttm``, or the folder of an audformat
        database. ``{name}`` in it stands for the name of each recording: ``"labels/{name}.eaf"``.
        What was left out is a tier, or a second file with ``left-out`` in its name.
    method : str
        ``"energy"``, ``"silero"`` (extra ``silero``), or ``"fixed:WINDOW,HOP"`` in seconds.
    channel : str
        The channel to read: ``mix``, ``left``, ``right``, ``loudest``, or a number from 1 on.
    n_jobs : int
        Worker processes; -1 for one per core.
    **lengths
        In seconds, fields of :class:`~featser.segmentation.length_rules.LengthRules`: speech
        shorter than ``min_s`` is left out, speech longer than ``max_s`` cut where it is quietest;
        ``pad_s`` is added before and after, and pauses shorter than ``gap_s`` are bridged.

    Returns
    -------
    Segmentation
        The segments, what was left out with its reason, and what could not be used.

    Raises
    ------
    InputError
        If an argument is not valid, or the output cannot hold the recordings.
    FeatserError
        If a source cannot be read, or a package is missing.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> samples = np.random.default_rng(0).normal(0, 0.001, 48_000)
    >>> samples[16_000:32_000] += np.sin(np.arange(16_000) / 5) * 0.1
    >>> soundfile.write("tone.wav", samples, 16_000)
    >>> segment("tone.wav", pad_s=0.0).segments[["start", "end"]].round(1).values.tolist()
    [[1.0, 2.0]]
    """
    named, _ = parse_method(method)
    plan = SegmentPlan(method, LengthRules.of(lengths), channel)
    with named_recordings(_sequence(files)) as source:
        recordings = _whole_recordings(source)
        listed = recordings["file"].tolist()
        names = [STDIN_NAME if file == source.stdin else absolute(file) for file in listed]
        if output is not None:
            refuse_source_as_output([output], _sequence(files))
            check_output(output, names)
        outcomes = segment_all(listed, plan, n_jobs, _progress(listed))
        result = _collected(recordings.assign(file=names), outcomes, named.label, source.notes)
    if channel != MIX and len(result.intervals):
        result.intervals["channel"] = channel
    if output is not None and len(result.recordings):
        result.written.extend(write_segments(result.intervals, output, names))
    return result


def _sequence(files: str | Path | Sequence[str | Path]) -> Sequence[str | Path]:
    return [files] if isinstance(files, str | Path) else files


def _whole_recordings(source: NamedRecordings) -> pd.DataFrame:
    """Return a row for each recording, with the columns that its segments inherit."""
    table = source.table
    if table[["start", "end"]].notna().any(axis=None):
        raise InputError(
            "the manifest has segments already (`start`, `end`): name the recordings", "files"
        )
    twice = table["file"].duplicated()
    if twice.any():
        raise InputError(f"'{table['file'][twice].iloc[0]}' is named twice: remove one", "files")
    table = _without_other_names(table.drop(columns=["start", "end"]), source.notes)
    return table.dropna(axis="columns", how="all")


def _without_other_names(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return the first row of each recording; a link to it, or another way to write it, is noted.

    Raises
    ------
    InputError
        If a manifest says something else of the other name.
    """
    places = table["file"].map(real_place)
    is_first = ~places.duplicated()
    others = table.columns.drop("file")
    for row in np.flatnonzero(~is_first):
        again = table.iloc[row]
        first = table[places == places.iloc[row]].iloc[0]
        both = f"'{again['file']}' is the recording '{first['file']}' under another name"
        if not first[others].equals(again[others]):
            raise InputError(f"{both}, and their columns differ: remove one", "files")
        notes.append(f"{both}: it is read once")
    return table[is_first].reset_index(drop=True)


def _progress(files: Sequence[str]) -> Progress:
    """Return what shows the seconds of one recording, or how many recordings are done."""
    shown = stage("Finding speech")
    if len(files) != 1:
        return shown
    announced = round(length_of(files[0]) or 0)

    def show(done: int, total: int) -> None:
        shown(done, max(done, total, announced))

    return show


def _collected(
    recordings: pd.DataFrame,
    outcomes: Sequence[pd.DataFrame | str],
    label: str,
    notes: Sequence[str],
) -> Segmentation:
    tables, rows = [], []
    errors: dict[str, str] = {}
    for row, outcome in zip(recordings.to_dict("records"), outcomes, strict=True):
        record = {str(column): value for column, value in row.items()}
        name = record["file"]
        if isinstance(outcome, str):
            errors[name] = outcome
            continue
        is_segment = outcome["kind"] == label
        lengths = outcome["end"] - outcome["start"]
        reasons = lengths[~is_segment].groupby(outcome["kind"][~is_segment]).sum()
        rows.append(
            {
                "file": name,
                "seconds": float(outcome["end"].max()),
                # Windows may overlap; what is left out never does.
                "speech_s": float(outcome["end"].max() - reasons.sum()),
                "n_segments": int(is_segment.sum()),
                **reasons.to_dict(),
            }
        )
        part = outcome.rename(columns={"kind": "label"})
        tier = is_segment.map({True: label, False: LEFT_OUT})
        part = part.assign(**record, tier=tier)
        tables.append(part[["file", "start", "end", "tier", "label", *_others(record)]])
    intervals = (
        pd.concat(tables, ignore_index=True)
        if tables
        else pd.DataFrame(columns=["file", "start", "end", "tier", "label"])
    )
    summary = pd.DataFrame(rows, columns=None if rows else ["file", "seconds", "speech_s"])
    return Segmentation(intervals, summary.fillna(0.0), errors, list(notes))


def _others(record: dict[str, Any]) -> list[str]:
    return [name for name in record if name not in ("file", "label", "tier")]
