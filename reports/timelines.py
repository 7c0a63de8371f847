"""Write reports/timelines/timelines.md and .json: predictions over time, with known borders.

Run ``make timelines CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``; ``--only emodb`` measures one of them. Each speaker's clips are put one after the other
in random order, with short pauses, so that every border between two emotions is known. The model
that predicts a speaker is fitted without that speaker: with the folds, the features and the default
model of ``featser fit``. What is finished is saved in the working folder and not computed again.
What is written are tables and one picture: no audio.
"""

from __future__ import annotations

import json
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
    signed,
    table_lines,
    with_interval,
    write_report,
    write_section,
)
from long_recordings import SEED, LongRecording, long_recording
from material import Material, material

from featser.evaluation.prediction_tables import prediction_table
from featser.evaluation.timelines.labelled_time import LabelledInterval, LabelledTime
from featser.evaluation.timelines.timeline_metrics import (
    TIMELINE_METRICS,
    compare_timelines,
    evaluate_timelines,
)
from featser.features.file_features import file_features
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES
from featser.io.atomic_write import write_text
from featser.models.building import make_estimator
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task
from featser.timelines.label_intervals import label_intervals
from featser.timelines.recording_timeline import RecordingTimeline, recording_timeline
from featser.timelines.smoothing import parse_smoothing
from featser.timelines.timeline_picture import write_picture
from featser.timelines.window_plan import WindowPlan
from featser.timelines.windowed_prediction import predict_windows
from featser.workers.pool import WorkerPool

MODEL = "vote"
WHOLE, KNOWN = "whole", "known borders"
SMOOTHED = ("none", "mean", "hmm")
SYSTEMS = (WHOLE, *SMOOTHED, KNOWN)
COMPARED = "none"
"""The system that is compared with the baseline."""
DRAWN = "hmm"
"""The system of the picture in the documentation."""
MEANINGS = {
    WHOLE: "one label for all of the recording, as `featser predict` gives it: the baseline",
    "none": "windows of 2 s each 0.5 s, averaged by frame",
    "mean": "the same, `--smooth mean`",
    "hmm": "the same, `--smooth hmm`, its transition cost estimated from each recording",
    KNOWN: "a label for each clip, its borders given: the limit of the model",
}
DOCS = REPORTS.parent / "docs"
MARKS = ("<!-- figures: begin (written by reports/timelines.py) -->", "<!-- figures: end -->")

Intervals = list[LabelledInterval]


def main() -> None:
    """Measure each corpus, and write what is known after each."""
    began = time.monotonic()
    parser = report_parser(__doc__, "timelines")
    parser.add_argument("--only", choices=CORPORA, help="measure this corpus alone")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(CORPORA)
    results: Row = {"model": MODEL, "features": list(DEFAULT_FEATURES), "seed": SEED, "corpora": {}}
    for name in names:
        results["corpora"][name] = measured(name, arguments.corpora, arguments.work)
        print(f"{time.monotonic() - began:.0f} s: {name}", flush=True)
    write_report("timelines", "timelines", results, page(results))
    write_section(DOCS / "timeline.md", MARKS, ["", *figures(results), ""])


def measured(name: str, corpora: Path, work: Path) -> Row:
    """Return the figures of a corpus."""
    data = material(corpora, work, [name], DEFAULT_FEATURES)
    data = data.part(data.table["emotion"].notna().to_numpy())
    classes = tuple(sorted(set(data.table["emotion"])))
    task = Task("emotion", classes=classes, role="primary")
    recordings = predicted(name, data, task, work / name)
    speakers = sorted(recordings)
    times = {
        system: [
            LabelledTime.of(recordings[one]["true"], recordings[one][system], classes)
            for one in speakers
        ]
        for system in SYSTEMS
    }
    durations = [recordings[one]["true"][-1].end for one in speakers]
    return {
        "speakers": len(speakers),
        "clips": len(data.table),
        "minutes": float(np.mean(durations) / 60),
        "borders": int(sum(len(time.distances_s) for time in times[WHOLE])),
        "classes": list(classes),
        "systems": {
            system: {
                key: value.to_dict() for key, value in evaluate_timelines(one, speakers).items()
            }
            for system, one in times.items()
        },
        "gains": {
            system: {
                key: value.to_dict()
                for key, value in compare_timelines(times[WHOLE], times[system], speakers).items()
            }
            for system in SMOOTHED
        },
    }


def predicted(name: str, data: Material, task: Task, work: Path) -> dict[str, dict[str, Intervals]]:
    """Return for each speaker the true intervals, and those that each system predicts."""
    folds = data.folds(SEED)
    recordings: dict[str, dict[str, Intervals]] = {}
    for number in range(folds.count):
        file = work / f"timelines-{number}.json"
        if not file.exists():
            rows = folds.tested(number)
            fitted = fit(data, task, folds.train(number))
            of_fold = {}
            with WorkerPool() as pool:
                for speaker in sorted(set(data.speaker[rows])):
                    own = rows[data.speaker[rows] == speaker]
                    is_shown = (name, number) == ("emodb", 0)
                    picture = DOCS / "timeline.svg" if is_shown else None
                    of_fold[str(speaker)] = one_speaker(data, task, own, fitted, pool, picture)
            write_text(file, json.dumps(of_fold))
        for speaker, intervals in json.loads(file.read_text(encoding="utf-8")).items():
            recordings[speaker] = {
                key: [LabelledInterval(*one) for one in rows] for key, rows in intervals.items()
            }
    return recordings


def fit(data: Material, task: Task, train: np.ndarray) -> MultiTaskEstimator:
    """Fit the default model on the training speakers."""
    blocks = [size for one in make_extractors(DEFAULT_FEATURES) for size in one.blocks]
    estimator = make_estimator(MODEL, task, SEED, blocks=blocks)
    model = MultiTaskEstimator([task], {task.name: estimator})
    fitted: MultiTaskEstimator = model.fit(
        data.X[train], data.table[[task.name]].iloc[train], speaker=data.unit[train]
    )
    return fitted


def one_speaker(
    data: Material,
    task: Task,
    rows: np.ndarray,
    fitted: MultiTaskEstimator,
    pool: WorkerPool,
    picture: Path | None,
) -> dict[str, Intervals]:
    """Return the true intervals of a speaker's recording, and those that each system predicts."""
    table = data.table.iloc[rows].assign(row=rows)
    recording = long_recording(table, task.name, SEED + int(rows[0]))
    extractors = make_extractors(DEFAULT_FEATURES)

    def predict(X: np.ndarray, facts: np.ndarray | None = None) -> pd.DataFrame:
        return prediction_table(fitted, X, [task])

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.wav"
        soundfile.write(file, recording.samples, recording.rate)
        plan = WindowPlan()
        specs = [extractor.spec for extractor in extractors]
        windows = predict_windows(file, plan, specs, predict, pool=pool)
        values, errors = file_features(file, extractors)
    if errors:
        raise SystemExit(f"a long recording has no features: {errors}")
    labels: dict[str, Intervals] = {"true": recording.intervals}
    whole = str(predict(values[None])[f"{task.name}.pred"].iloc[0])
    labels[WHOLE] = [LabelledInterval(0.0, recording.seconds, whole)]
    for name in SMOOTHED:
        timeline = recording_timeline(windows, [task], plan, parse_smoothing(name))
        labels[name] = intervals_of(timeline, task)
        if picture is not None and name == DRAWN:
            write_picture(timeline, picture, "a test speaker of EmoDB, clips in random order")
    labels[KNOWN] = known_borders(data, task, recording, predict)
    return labels


def intervals_of(timeline: RecordingTimeline, task: Task) -> Intervals:
    """Return the stretches of equal label of a timeline."""
    rows = label_intervals(timeline.table, [task.name], "").to_dict("records")
    return [LabelledInterval(row["start"], row["end"], row["label"]) for row in rows]


def known_borders(data: Material, task: Task, recording: LongRecording, predict: Any) -> Intervals:
    """Predict each clip by itself, as an utterance."""
    names = predict(data.X[recording.rows])[f"{task.name}.pred"]
    return [
        LabelledInterval(interval.start, interval.end, str(name))
        for interval, name in zip(recording.intervals, names, strict=True)
    ]


def figures(results: Row) -> list[str]:
    """Write a table for each corpus, with what the timeline gains over one label for all."""
    lines: list[str] = []
    for name, one in results["corpora"].items():
        rows = [
            [f"`{system}`" if system in SMOOTHED else system,
             *(shown(one["systems"][system][row.name]) for row in TIMELINE_METRICS)]
            for system in SYSTEMS
        ]  # fmt: skip
        gains = one["gains"][COMPARED]
        lines += [
            f"**{name}**: {one['speakers']} speakers, a recording of {one['minutes']:.1f} min "
            f"each, {one['clips']} clips, {one['borders']} borders, {len(one['classes'])} classes. "
            f"`{COMPARED}` against one label for all: frame UAR {signed(gains['frame_uar'])}, EDER "
            f"{signed(gains['eder'])}.",
            "",
            *table_lines(["labels", *(row.title for row in TIMELINE_METRICS)], rows),
            "",
        ]
    return lines[:-1]


def shown(figure: Row) -> str:
    """Write a figure with its interval, a dash where it is not defined."""
    value = figure["value"]
    if value is None or not np.isfinite(value):
        return "–"
    return f"{value:.3f}" if not np.isfinite(figure["low"]) else with_interval(figure)


def page(results: Row) -> list[str]:
    """Write the page."""
    return [
        "# Predictions over time",
        "",
        "Synthetic long recordings: each speaker's clips, without the silence around them, in "
        f"random order (seed {results['seed']}) with pauses of 0.2 to 0.6 s. The model "
        f"(`{MODEL}`, default features) is fitted without the speaker, with the folds of "
        "`featser fit`. Figures are over all recordings together, with 95 % intervals over "
        "speakers.",
        "",
        *figures(results),
        "",
        *(f"- {f'`{name}`' if name in SMOOTHED else name}: {MEANINGS[name]}." for name in SYSTEMS),
        "",
        *(f"- {row.title}: {row.meaning}" for row in TIMELINE_METRICS),
        "",
        "Acted emotions change at random here, from clip to clip; in conversations they change "
        "more slowly, and labels of annotators have no sharp borders.",
        "",
        "```sh",
        "make timelines CORPORA=FOLDER",
        "```",
    ]


if __name__ == "__main__":
    main()
