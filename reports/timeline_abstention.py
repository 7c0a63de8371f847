"""Write reports/timelines/abstention.md and .json: prediction sets and marks over time, measured.

Run ``make timeline-abstention CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``; ``--only emodb`` measures one of them. Models are fitted without the test speakers, with
the folds, the features and the default model of ``featser fit``. They predict two long recordings
of each test speaker, in windows of 2 s each 0.5 s: one that ``featser calibrate`` would make, which
calibrates, and one of the report on timelines, whose clips are in another order with other pauses,
which is tested. The calibration for a speaker is that of all others. What is finished is saved in
the working folder and not computed again. What is written are tables: no audio.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from common import (
    CORPORA,
    REPORTS,
    Row,
    report_parser,
    table_lines,
    with_interval,
    write_report,
    write_section,
)
from long_recordings import SEED, LongRecording, long_recording
from material import Material, material
from timelines import fit

from featser.corpora.utterances import places
from featser.evaluation.conformal import Calibration
from featser.evaluation.prediction_tables import conformal_columns, prediction_table
from featser.evaluation.statistics.intervals import interval_by_speaker
from featser.evaluation.statistics.set_coverage import ALL_CLASSES, coverage_table
from featser.experiment.windows.joined_recordings import joined_recording, longest_shared
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES
from featser.io.atomic_write import whole
from featser.models.abstention.feature_distance import FeatureDistance
from featser.models.abstention.training_domain import compared_columns
from featser.tasks import Task
from featser.timelines.recording_timeline import recording_timeline
from featser.timelines.smoothing import parse_smoothing
from featser.timelines.window_plan import WindowPlan
from featser.timelines.windowed_prediction import WindowedPrediction, predict_windows
from featser.workers.pool import WorkerPool

CALIBRATED = ("whole recordings", "windows")
"""What prediction sets, and the limit of the distance, are estimated on."""
KINDS = ("calibrating", "tested")
CHANGE_S = 1.0
"""Frames that lie farther from another emotion are also counted by themselves."""
DOCS = REPORTS.parent / "docs"
MARKS = (
    "<!-- abstention: begin (written by reports/timeline_abstention.py) -->",
    "<!-- abstention: end -->",
)


def main() -> None:
    """Measure each corpus, and write what is known after each."""
    began = time.monotonic()
    parser = report_parser(__doc__, "timeline-abstention")
    parser.add_argument("--only", nargs="+", choices=CORPORA, default=list(CORPORA))
    arguments = parser.parse_args()
    results: Row = {"seed": SEED, "features": list(DEFAULT_FEATURES), "corpora": {}}
    for name in arguments.only:
        results["corpora"][name] = measured(name, arguments.corpora, arguments.work)
        print(f"{time.monotonic() - began:.0f} s: {name}", flush=True)
        write_report("timelines", "abstention", results, page(results))
        write_section(DOCS / "timeline.md", MARKS, ["", *figures(results), ""])


def measured(name: str, corpora: Path, work: Path) -> Row:
    """Return the figures of a corpus."""
    data = material(corpora, work, [name], DEFAULT_FEATURES)
    data = data.part(data.table["emotion"].notna().to_numpy())
    task = Task("emotion", classes=tuple(sorted(set(data.table["emotion"]))), role="primary")
    folds = data.folds(SEED)
    saved = [of_fold(data, task, folds, number, work / name) for number in range(folds.count)]
    frames = {kind: pd.concat([one[f"{kind} frames"] for one in saved]) for kind in KINDS}
    tested = frames["tested"]
    calibrated = dict(zip(CALIBRATED, sets_by(task, frames), strict=True))
    settled = (tested["change_s"] > CHANGE_S).to_numpy()
    return {
        "speakers": tested["speaker"].nunique(),
        "frames": len(tested),
        "settled": float(settled.mean()),
        "sets": {
            kind: coverage_table(task, table, table["speaker"]).to_dict("records")
            for kind, table in calibrated.items()
        },
        "settled_sets": {
            kind: coverage_table(
                task, table[settled], table["speaker"][settled]
            ).to_dict("records")
            for kind, table in calibrated.items()
        },
        "marked": marked(saved),
    }  # fmt: skip


def sets_by(task: Task, frames: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the p-values of tested frames, by the calibration on recordings and on windows."""
    tested = frames["tested"]
    columns = conformal_columns(task)
    probabilities = [f"{task.name}.p[{name}]" for name in task.classes]
    by_windows = tested.copy()
    for speaker, rows in tested.groupby("speaker", sort=False):
        others = frames["calibrating"][frames["calibrating"]["speaker"] != speaker]
        codes = pd.Categorical(others[f"{task.name}.true"], categories=list(task.classes)).codes
        values = others[probabilities].to_numpy(dtype=float)
        calibration = Calibration.of(task.classes, codes.astype(np.intp), values, others["speaker"])
        of_rows = calibration.p_values(rows[probabilities].to_numpy(dtype=float))
        by_windows.loc[(tested["speaker"] == speaker).to_numpy(), columns] = of_rows
    return tested, by_windows


def marked(saved: list[Row]) -> Row:
    """Return which share of ordinary windows the feature distance marks."""
    shares: dict[str, list[pd.DataFrame]] = {kind: [] for kind in CALIBRATED}
    for number, one in enumerate(saved):
        others = [other for at, other in enumerate(saved) if at != number]
        X = np.concatenate([other["calibrating X"] for other in others])
        who = np.concatenate([other["calibrating speaker"] for other in others])
        distance = FeatureDistance.of(X, [(0, X.shape[1])], who, SEED)
        assert distance is not None
        is_far = distance.distances(one["tested X"]) > distance.limit
        for kind, values in zip(CALIBRATED, (one["tested far"], is_far), strict=True):
            shares[kind].append(
                pd.DataFrame({"far": values.astype(float), "speaker": one["tested speaker"]})
            )
    figures = {}
    for kind, tables in shares.items():
        table = pd.concat(tables)
        far = table["far"].to_numpy()
        interval = interval_by_speaker(
            lambda share, _: float(np.mean(share)), far, far, table["speaker"].to_numpy(str)
        )
        figures[kind] = interval.to_dict()
    return figures


def of_fold(data: Material, task: Task, folds: Any, number: int, work: Path) -> Row:
    """Return what the model of a fold says of its test speakers, computed once."""
    file = work / f"abstention-{number}.parts"
    if not file.exists():
        saved = fold_results(data, task, folds, number)
        with whole(file) as temporary:
            pd.to_pickle(saved, temporary)
    result: Row = pd.read_pickle(file)
    return result


def fold_results(data: Material, task: Task, folds: Any, number: int) -> Row:
    """Predict both recordings of each test speaker of a fold."""
    train, rows = folds.train(number), folds.tested(number)
    fitted = fit(data, task, train)
    extractors = make_extractors(DEFAULT_FEATURES)
    columns = compared_columns(extractors)
    limit = FeatureDistance.of(data.X[train], columns, data.unit[train])
    assert limit is not None
    frames: dict[str, list[pd.DataFrame]] = {kind: [] for kind in KINDS}
    features: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    who: dict[str, list[str]] = {kind: [] for kind in KINDS}
    far: list[np.ndarray] = []
    with WorkerPool() as pool:
        for speaker in sorted(set(data.speaker[rows])):
            own = rows[data.speaker[rows] == speaker]
            for kind, recording in both_recordings(data, task, own).items():
                windows, X = predicted(recording, fitted, task, pool)
                frames[kind].append(true_frames(windows, recording, task, str(speaker), fitted))
                features[kind].append(np.concatenate([X[:, a:b] for a, b in columns], axis=1))
                who[kind] += [str(speaker)] * len(X)
                if kind == "tested":
                    far.append(limit.distances(X) > limit.limit)
    saved: Row = {"tested far": np.concatenate(far)}
    for kind in KINDS:
        saved[f"{kind} frames"] = pd.concat(frames[kind], ignore_index=True)
        saved[f"{kind} X"] = np.concatenate(features[kind])
        saved[f"{kind} speaker"] = np.array(who[kind])
    return saved


def both_recordings(data: Material, task: Task, rows: np.ndarray) -> dict[str, LongRecording]:
    """Return a speaker's recordings: that which calibrates, and that which is tested."""
    table = data.table.iloc[rows].assign(row=rows)
    tested = long_recording(table, task.name, SEED + int(rows[0]))
    joined = joined_recording(
        list(places(data.table)), rows, np.random.default_rng(SEED + 10_000 + int(rows[0]))
    )
    assert joined is not None
    labels = data.table[task.name].to_numpy()
    intervals = [
        tested.intervals[0]._replace(start=float(start), end=float(end), label=str(labels[row]))
        for (start, end), row in zip(joined.spans, joined.rows, strict=True)
    ]
    return {
        "calibrating": LongRecording(joined.samples, tested.rate, intervals, joined.rows),
        "tested": tested,
    }


def predicted(
    recording: LongRecording, fitted: Any, task: Task, pool: WorkerPool
) -> tuple[WindowedPrediction, np.ndarray]:
    """Return the predictions of windows, and the features of those with speech."""
    features: list[np.ndarray] = []

    def predict(X: np.ndarray, facts: np.ndarray) -> pd.DataFrame:
        first = sum(map(len, features))
        features.append(X)
        return prediction_table(fitted, X, [task]).assign(row=np.arange(first, first + len(X)))

    specs = [extractor.spec for extractor in make_extractors(DEFAULT_FEATURES)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.wav"
        soundfile.write(file, recording.samples, recording.rate, "FLOAT")
        windows = predict_windows(file, WindowPlan(), specs, predict, pool=pool)
    used = windows.table["row"].dropna().to_numpy(dtype=np.intp)
    return windows, np.concatenate(features)[used]


def true_frames(
    windows: WindowedPrediction, recording: LongRecording, task: Task, speaker: str, fitted: Any
) -> pd.DataFrame:
    """Return the frames with speech and a true class, and the p-values by whole recordings."""
    plan = WindowPlan()
    table = recording_timeline(windows, [task], plan, parse_smoothing("none")).table
    table = table[table["speech"]].reset_index(drop=True)
    spans = np.array([[one.start, one.end] for one in recording.intervals])
    labels = np.array([one.label for one in recording.intervals])
    at = longest_shared(table[["start", "end"]].to_numpy(), spans, np.arange(len(labels)))
    named = table[[f"{task.name}.p[{name}]" for name in task.classes]]
    p_values = fitted.calibrations_[task.name].p_values(named.to_numpy(dtype=float))
    frames = named.assign(
        **{f"{task.name}.true": np.where(at >= 0, labels[at], None)},
        speaker=speaker,
        change_s=seconds_to_change(table[["start", "end"]].to_numpy(), spans, labels, at),
        **dict(zip(conformal_columns(task), p_values.T, strict=True)),
    )
    return frames[at >= 0]


def seconds_to_change(
    frames: np.ndarray, spans: np.ndarray, labels: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """Return how far the nearest speech of another class is from each frame, in seconds."""
    gap = np.maximum(frames[:, :1] - spans[:, 1], spans[:, 0] - frames[:, 1:])
    other = labels[None, :] != labels[at][:, None]
    nearest: np.ndarray = np.where(other, np.maximum(gap, 0), np.inf).min(axis=1)
    return nearest


def figures(results: Row) -> list[str]:
    """Write what sets cover, and which share of ordinary windows is marked."""
    return [
        "Prediction sets of frames (windows of 2 s each 0.5 s) of test speakers, each speaker with "
        "the same weight; 95 % intervals over speakers. *Settled* frames are more than "
        f"{CHANGE_S:g} s away from another emotion.",
        "",
        *coverage_lines(results),
        "",
        "Share of windows of ordinary recordings of test speakers that are marked by their feature "
        "distance:",
        "",
        *table_lines(
            ["corpus", *(f"limit from {kind}" for kind in CALIBRATED)],
            [
                [name, *(with_interval(one["marked"][kind]) for kind in CALIBRATED)]
                for name, one in results["corpora"].items()
            ],
        ),
    ]


def coverage_lines(results: Row) -> list[str]:
    """Write a row for each corpus, coverage and calibration."""
    rows = []
    for name, one in results["corpora"].items():
        for kind in CALIBRATED:
            overall = [row for row in one["sets"][kind] if row["class"] == ALL_CLASSES]
            for row in overall:
                rows.append([name, kind, f"{row['coverage']:g}", *cells(one, kind, row)])
    header = ["corpus", "calibrated on", "coverage", "covered", "worst class", "covered, settled",
              "classes in the set", "one class"]  # fmt: skip
    return table_lines(header, rows)


def cells(one: Row, kind: str, row: Row) -> list[str]:
    """Write the figures of all classes at one coverage."""

    def same(other: Row) -> bool:
        return bool(other["coverage"] == row["coverage"])

    by_class = [r["covered"] for r in one["sets"][kind] if same(r) and r["class"] != ALL_CLASSES]
    settled = next(r for r in one["settled_sets"][kind] if same(r) and r["class"] == ALL_CLASSES)
    return [
        estimate(row, "covered"), f"{min(by_class):.3f}", estimate(settled, "covered"),
        f"{row['set_size']:.2f}", f"{row['answered']:.3f}",
    ]  # fmt: skip


def estimate(row: Row, name: str) -> str:
    """Write a figure with its interval, if it has one."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or not np.isfinite(low):
        return f"{row[name]:.3f}"
    return f"{row[name]:.3f} [{low:.3f}, {high:.3f}]"


def page(results: Row) -> list[str]:
    """Write the page."""
    return [
        "# When a model should not answer, over time",
        "",
        "Synthetic long recordings of speakers whom the model was not fitted on, as in "
        "[timelines.md](timelines.md); default features and model. Calibrated on *whole "
        "recordings*: the scores and the feature distance that `featser fit` stores. Calibrated on "
        "*windows*: those that `featser calibrate` adds, of all speakers but the tested one, from "
        "recordings in another order with other pauses.",
        "",
        *figures(results),
        "",
        "```sh",
        "make timeline-abstention CORPORA=FOLDER",
        "```",
    ]


if __name__ == "__main__":
    main()
