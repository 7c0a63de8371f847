"""Write reports/tarma/fear.md and .json: fear-type emotion against the rest, on RAVDESS.

Run ``python reports/tarma/fear.py CORPORA``, where CORPORA holds ``ravdess/``. Anger, disgust and
fear are one class, all other emotions the other. The same model is fitted on linear prediction with
coefficients that stand still (``static-ar``), that move (``tar``), and that move beside a moving
average (``tarma``), from the 166 published values, and from these with each. Features and runs go
to ``--work``, where finished runs stay; this script writes tables only: no audio, nothing
about single utterances.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import featser
from featser.corpora.manifest import write_manifest
from featser.evaluation.statistics.comparison import compare_task
from featser.evaluation.statistics.intervals import to_json
from featser.features.registry import make_extractor
from featser.tasks import Task

HERE = Path(__file__).resolve().parent
FEAR_TYPE = ("angry", "disgust", "fearful")
LABEL = "fear_type"
SETS = (
    ("static-ar",),
    ("tar",),
    ("tarma",),
    ("bangla166",),
    ("bangla166", "static-ar"),
    ("bangla166", "tar"),
    ("bangla166", "tarma"),
)
COMPARED = (
    (("static-ar",), ("tar",)),
    (("static-ar",), ("tarma",)),
    (("tar",), ("tarma",)),
    (("bangla166",), ("bangla166", "tar")),
    (("bangla166", "static-ar"), ("bangla166", "tar")),
)
PUBLISHED = {
    ("static-ar",): 0.714,
    ("tar",): 0.755,
    ("bangla166",): 0.727,
    ("bangla166", "tar"): 0.789,
}
"""Measured before with other functionals and another model."""
MODEL = "kernel"
NORM = "transductive"
SEEDS = (0, 1, 2)
TASK = Task(LABEL, classes=("fear-type", "other"), role="primary")
Row = dict[str, Any]
Specs = tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """UAR with its interval, and the out-of-fold predictions in the order of the files."""

    uar: Row
    predictions: pd.DataFrame


Outcomes = dict[tuple[Specs, int], Outcome]


def main() -> None:
    """Extract, fit every set of features under every seed, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="holds ravdess/")
    parser.add_argument("--work", type=Path, default=Path("runs/tarma"))
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    arguments = parser.parse_args()
    store = arguments.work / "store"
    manifest = labelled(arguments.corpora / "ravdess", arguments.work / "manifest.csv")
    specs = sorted({spec for specs in SETS for spec in specs})
    featser.extract(manifest, store=store, features=specs, n_jobs=arguments.jobs)
    outcomes = {
        (specs, seed): outcome(arguments.work, store, specs, seed, arguments.jobs)
        for seed in arguments.seeds
        for specs in SETS
    }
    results = {
        "corpus": "ravdess", "model": MODEL, "norm": NORM, "protocol": "speaker-independent",
        "seeds": list(arguments.seeds),
        "figures": [figures(specs, outcomes) for specs in SETS],
        "differences": [difference(*pair, outcomes) for pair in COMPARED],
    }  # fmt: skip
    text = json.dumps(to_json(results), indent=1, ensure_ascii=False, allow_nan=False)
    (HERE / "fear.json").write_text(text + "\n", encoding="utf-8")
    (HERE / "fear.md").write_text(page(results), encoding="utf-8")


def labelled(folder: Path, path: Path) -> Path:
    """Write RAVDESS' manifest with the label to predict, and return its path."""
    table = featser.scan("ravdess", folder).manifest
    label = np.where(table["emotion"].isin(FEAR_TYPE), *TASK.classes)
    # Not called ravdess, whose card says which labels there are to learn.
    table = table[["file", "speaker"]].assign(corpus="ravdess-fear", **{LABEL: label})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_manifest(table, path)
    return path


def outcome(work: Path, store: Path, specs: Specs, seed: int, jobs: int) -> Outcome:
    """Return what one set of features gave; a run that is finished is read."""
    folder = work / f"{'+'.join(specs)}-{seed}"
    if not (folder / "report.html").exists():  # which is written last
        fit(folder, store, specs, seed, jobs)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    predictions = pd.read_parquet(folder / "predictions.parquet")
    return Outcome(
        metrics["speaker-independent"][LABEL]["uar"], predictions.set_index("file").sort_index()
    )


def fit(folder: Path, store: Path, specs: Specs, seed: int, jobs: int) -> None:
    """Fit one set of features; folds that are known are read."""
    featser.fit(
        store=store,
        tasks=[LABEL],
        primary=LABEL,
        model=MODEL,
        speaker_norm=NORM,
        features=specs,
        seed=seed,
        output=folder,
        n_jobs=jobs,
        audit=False,
    )


def seeds_of(outcomes: Outcomes) -> list[int]:
    """Return the seeds that were run, the first of them first."""
    return list(dict.fromkeys(seed for _, seed in outcomes))


def figures(specs: Specs, outcomes: Outcomes) -> Row:
    """Return a set's UAR: with its interval under the first seed, and under every seed."""
    uar = [outcomes[specs, seed].uar for seed in seeds_of(outcomes)]
    return {
        "features": list(specs),
        "values": sum(make_extractor(spec).dimension for spec in specs),
        "uar": uar[0],
        "seeds": [one["value"] for one in uar],
        "before": PUBLISHED.get(specs),
    }


def difference(from_: Specs, to: Specs, outcomes: Outcomes) -> Row:
    """Return by how much a set is better than another: first seed's interval, every seed's value.

    Raises
    ------
    ValueError
        If the two were not tested on the same utterances in the same folds.
    """
    rows = []
    for seed in seeds_of(outcomes):
        a, b = (outcomes[specs, seed].predictions for specs in (from_, to))
        same = [f"{LABEL}.true", "speaker", "fold"]
        if not a[same].equals(b[same]):
            raise ValueError("the two runs differ in their utterances or folds: repeat both fits")
        compared = compare_task(
            TASK,
            a[f"{LABEL}.true"].to_numpy(),
            a[f"{LABEL}.pred"].to_numpy(),
            b[f"{LABEL}.pred"].to_numpy(),
            a["speaker"].to_numpy(),
        )
        rows.append(compared.difference.to_dict())
    return {
        "from": list(from_),
        "to": list(to),
        "difference": rows[0],
        "seeds": [row["value"] for row in rows],
    }


def page(results: Row) -> str:
    """Write the page."""
    seeds = " ".join(map(str, results["seeds"]))
    lines = [
        "# Fear-type emotion on RAVDESS, by linear prediction that moves or stands still",
        "",
        f"`python reports/tarma/fear.py CORPORA --seeds {seeds}`: anger, disgust and fear against",
        f"the rest; speaker-independent UAR of `{results['model']}`, features normalised by "
        "speaker",
        "with all of the test speaker's unlabelled recordings (transductive), with the first",
        "seed's 95 % interval over speakers. A seed divides speakers otherwise.",
        "*Before*: first measurements, with other functionals and another model. Functionals,",
        "pre-emphasis and the ridge were chosen while looking at such figures of RAVDESS.",
        "",
        "| features | values | UAR | seeds | before |",
        "|---|---:|---:|---|---:|",
        *(_figure_line(row) for row in results["figures"]),
        "",
        "| from | to | difference | seeds |",
        "|---|---|---:|---|",
        *(_difference_line(row) for row in results["differences"]),
    ]
    return "\n".join(lines) + "\n"


def _figure_line(row: Row) -> str:
    before = "" if row["before"] is None else f"{row['before']:.3f}"
    return (
        f"| {' + '.join(row['features'])} | {row['values']} | {_interval(row['uar'], '.3f')} | "
        f"{min(row['seeds']):.3f}–{max(row['seeds']):.3f} | {before} |"
    )


def _difference_line(row: Row) -> str:
    seeds = ", ".join(f"{value:+.3f}" for value in row["seeds"])
    return (
        f"| {' + '.join(row['from'])} | {' + '.join(row['to'])} | "
        f"{_interval(row['difference'], '+.3f')} | {seeds} |"
    )


def _interval(figure: Row, form: str) -> str:
    return f"{figure['value']:{form}} [{figure['low']:{form}}, {figure['high']:{form}}]"


if __name__ == "__main__":
    main()
