"""Write the figures of the README and of reports/README.md: the recipes on real recordings.

Run ``make reports CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``. Features and runs go to a working folder (``--work``): runs that are finished there are
read and not fitted again, so remove it to start over. This script writes only the tables and the
leading runs' ``metrics.json``: no audio, nothing about single utterances.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from common import (
    CORPORA,
    PROTOCOL,
    REPORTS,
    Row,
    median_figure,
    report_parser,
    section_between,
    table_lines,
    with_interval,
)
from emobox_page import MARKS as EMOBOX_MARKS
from systems import MARKS as SYSTEMS_MARKS

import featser
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.experiment.recipe import load_recipe
from featser.features.spec_names import DEFAULT_FEATURES

SEEDS = (0, 1, 2)
NORMS = ("none", "enrol:8", "transductive")


class Condition(NamedTuple):
    """How a recipe is fitted."""

    protocol: str
    norm: str
    model: str = "vote"
    tune: bool = False
    encode: str = "none"

    @property
    def label(self) -> str:
        """What its folder is called."""
        label = self.norm.replace(":", "") if self.protocol == PROTOCOL else self.protocol
        return label + "-tuned" * self.tune + "-encoded" * (self.encode != "none")

    @property
    def options(self) -> str:
        """What the user types, but for the seed."""
        options = f"--protocol {self.protocol} --speaker-norm {self.norm} --model {self.model}"
        options += " --tune" * self.tune
        return options if self.encode == "none" else f"{options} --encode {self.encode}"

    @property
    def features(self) -> str:
        """What the user adds to extract what is encoded."""
        names = () if self.encode == "none" else (*DEFAULT_FEATURES, "frames")
        return "".join(f" -f {name}" for name in names)

    @property
    def model_text(self) -> str:
        """What the tables call the model."""
        text = self.model + ", tuned" * self.tune
        return text if self.encode == "none" else f"{text}, {self.encode}"


CONDITIONS = (
    *(Condition(PROTOCOL, norm) for norm in NORMS),
    *(Condition(PROTOCOL, norm, encode="fisher") for norm in NORMS),
    Condition(PROTOCOL, "none", tune=True),
    Condition("random", "none", "kernel"),
)
EVERY_TASK = tuple(Condition(PROTOCOL, norm) for norm in NORMS)
"""Where all usable tasks are fitted, and not emotion alone."""
PUBLISHED = {"banglaser": 0.852, "ravdess": 0.677, "emodb": 0.6925}
"""Accuracy of a Bangla multi-stream system (2025) that divided recordings at random."""
MARKS = ("<!-- figures: begin (written by reports/baselines.py) -->", "<!-- figures: end -->")


def main() -> None:
    """Run every recipe under every speaker normalisation and write the tables."""
    arguments = report_parser(__doc__, "baselines").parse_args()
    rows: list[Row] = []
    for seed in SEEDS:
        for name in CORPORA:
            rows += run_recipe(name, seed, arguments.corpora, arguments.work)
        write(_of_all_seeds(rows))


def write(rows: list[Row]) -> None:
    """Write reports/README.md and the README's table, as far as seeds are done."""
    results = REPORTS / "README.md"
    before = results.read_text(encoding="utf-8")
    others = [section_between(before, marks) for marks in (SYSTEMS_MARKS, EMOBOX_MARKS)]
    text = "\n".join([page(rows), *(f"{section}\n" for section in others if section)])
    results.write_text(text, encoding="utf-8")
    readme = REPORTS.parent / "README.md"
    readme.write_text(with_figures(readme.read_text(encoding="utf-8"), rows), encoding="utf-8")


def run_recipe(name: str, seed: int, corpora: Path, work: Path) -> Iterator[Row]:
    """Extract a recipe's features, fit it under all conditions, and give a row for each figure."""
    store = work / f"store-{name}"
    featser.extract(
        name, store=store, features=(*DEFAULT_FEATURES, "frames"), data={name: corpora / name}
    )
    for condition in CONDITIONS:
        if condition.tune and seed != SEEDS[0]:
            continue  # takes several times as long, and one seed shows whether it is worth it
        yield from _fitted(name, condition, seed, store, work)


def _of_all_seeds(rows: list[Row]) -> list[Row]:
    """Return the first seed's rows, each with the figures that all seeds gave."""
    by_condition: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = tuple(row[part] for part in ("recipe", "task", "protocol", "norm", "model"))
        by_condition.setdefault(key, []).append(row)
    return [same[0] | {"seeds": [row["figures"] for row in same]} for same in by_condition.values()]


def _fitted(name: str, condition: Condition, seed: int, store: Path, work: Path) -> Iterator[Row]:
    leading = seed == SEEDS[0]
    label = f"{name}-{condition.label}"
    folder = work / f"{label}-{seed}"
    curve = condition.norm.startswith("enrol") and leading
    if not (folder / "report.html").exists():  # the last file that a fit writes
        _fit(condition, seed, store, folder, curve, leading and condition in EVERY_TASK)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[condition.protocol]
    if leading:
        (REPORTS / label).mkdir(exist_ok=True)
        shutil.copy(folder / "metrics.json", REPORTS / label / "metrics.json")
    primary = next(iter(metrics))
    for task, figures in metrics.items():
        yield {
            "recipe": name,
            "task": task,
            "primary": task == primary,
            "protocol": condition.protocol,
            "folds": pd.read_csv(folder / "folds.csv")["fold"].nunique(),
            "norm": condition.norm,
            "model": condition.model_text,
            "metric": next(iter(figures)),
            "figures": figures,
            "command": f"featser extract {name} --data {name}=FOLDER{condition.features} && "
            f"featser fit {condition.options}"
            + " --enrolment-curve" * curve
            + "  # then --task emotion --seed 1, --seed 2" * (not condition.tune),
        }


def _fit(
    condition: Condition, seed: int, store: Path, folder: Path, curve: bool, every_task: bool
) -> None:
    frames = () if condition.encode == "none" else ("frames",)
    featser.fit(
        store=store,
        output=folder,
        protocols=[condition.protocol],
        speaker_norm=condition.norm,
        model=condition.model,
        tune=condition.tune,
        encode=condition.encode,
        features=(*DEFAULT_FEATURES, *frames),
        tasks=() if every_task else ("emotion",),
        seed=seed,
        enrolment_curve=curve,
    )


def median(row: Row, metric: str) -> Mapping[str, Any]:
    """Return the seed's figure whose value is in the middle, with its own interval."""
    return median_figure([figures[metric] for figures in row["seeds"]])


def spread(row: Row, metric: str) -> str:
    """Write the least and the greatest value of all seeds."""
    values = [figures[metric]["value"] for figures in row["seeds"]]
    return f"{min(values):.3f}–{max(values):.3f}" if len(values) > 1 else ""


def page(rows: list[Row]) -> str:
    """Write reports/README.md."""
    commands = dict.fromkeys(row["command"] for row in rows)
    parts = [
        "# Results",
        "Every figure was written by `make reports CORPORA=FOLDER`; each line's own command is "
        "below. With its 95 % interval over speakers: of the primary task "
        f"{_seeds(rows)}; other tasks: seed 0. A seed divides speakers otherwise, "
        "but not EmoDB's, of whom each is a fold. Protocols:",
        "\n".join(
            f"- `{name}`: {PROTOCOLS[name].title}."
            for name in dict.fromkeys(r["protocol"] for r in rows)
        ),
        "Speakers: `none`: nothing is known of the test speaker. `enrol:8`: eight of the test "
        "speaker's recordings, unlabelled and never scored, say what the speaker's average is. "
        "`transductive`: all of the test speaker's recordings, unlabelled, do.",
        "The features, the encoder, the kernel's width and the default vote were chosen while "
        "looking at figures of these three corpora, so a little of each figure is that choice "
        "([ablation.md](ablation.md)). "
        "Penalties and temperatures are chosen in each training set alone. `kernel` stands for "
        "`random`, since its penalty adapts to speakers that are known. `fisher`: with Fisher "
        "vectors of frames, fitted in each training set (`--encode fisher`). `tuned`: settings "
        "chosen for each corpus inside training sets (`--tune`), seed 0 alone.",
        "## Figures",
        _table(rows),
        "## Enrolled recordings",
        "UAR of emotion with so many unlabelled recordings of each test speaker; five draws "
        "together, seed 0. With none of them a speaker is taken for the average one.",
        _curves(rows),
        "## Beside published figures",
        "Accuracy when recordings are divided at random (the same speakers in training and test), "
        "as in a published Bangla multi-stream system, which augmented its recordings; ours are "
        "not. By speaker beside it: what remains for someone new.",
        _published(rows),
        "## Commands",
        "\n".join(["```sh", *commands, "```"]),
    ]
    return "\n\n".join(parts) + "\n"


def _seeds(rows: list[Row]) -> str:
    count = max(len(row["seeds"]) for row in rows)
    return f"the median of seeds 0 to {count - 1}" if count > 1 else "seed 0"


def _table(rows: list[Row]) -> str:
    header = [
        "corpus", "task", "protocol (folds)", "speaker norm", "model", "metric", "value", "seeds",
        "chance",
    ]  # fmt: skip
    cells = []
    for row in rows:
        marked = " **optimistic**" if row["protocol"] == "random" else ""
        metric = row["metric"]
        chance = row["figures"].get("chance.uar", {}).get("value")
        cells.append(
            [
                load_recipe(row["recipe"]).corpora[0],
                row["task"],
                f"{row['protocol']} ({row['folds']}){marked}",
                row["norm"],
                row["model"],
                metric.upper(),
                with_interval(median(row, metric)),
                spread(row, metric),
                "" if chance is None else f"{chance:.3f}",
            ]
        )
    return "\n".join(table_lines(header, cells))


def _curves(rows: list[Row]) -> str:
    chosen = [
        row
        for row in rows
        if row["primary"] and row["norm"].startswith("enrol") and row["model"] == "vote"
    ]
    names = [name for name in chosen[0]["figures"] if name.startswith("enrolled[")]
    names = [name for name in names if name.endswith(chosen[0]["metric"])]
    heads = [name.removeprefix("enrolled[").split("]")[0] for name in names]
    cells = [
        [row["recipe"], *(with_interval(row["figures"][name]) for name in names)] for row in chosen
    ]
    return "\n".join(table_lines(["corpus", *heads], cells))


def _published(rows: list[Row]) -> str:
    header = ["corpus", "published, random", "ours, random", "ours, by speaker"]
    cells = []
    for name in CORPORA:
        by_protocol = {
            row["protocol"]: with_interval(median(row, "accuracy"))
            for row in rows
            if row["recipe"] == name
            and row["primary"]
            and row["norm"] == "none"
            and row["model"] in ("vote", "kernel")
        }
        cells.append([name, f"{PUBLISHED[name]:.3f}", by_protocol["random"], by_protocol[PROTOCOL]])
    return "\n".join(table_lines(header, cells))


def with_figures(readme: str, rows: list[Row]) -> str:
    """Put the primary tasks' speaker-independent figures between the README's marks."""
    begin, end = (readme.index(mark) for mark in MARKS)
    header = [
        "corpus", "model", "nothing known of the speaker", "8 recordings enrolled", "transductive",
        "chance",
    ]  # fmt: skip
    lines = []
    for name, model in product(CORPORA, ("vote", "vote, fisher")):
        by_norm = {
            row["norm"]: row
            for row in rows
            if row["recipe"] == name
            and row["primary"]
            and row["protocol"] == PROTOCOL
            and row["model"] == model
        }
        cells = [with_interval(median(by_norm[norm], by_norm[norm]["metric"])) for norm in NORMS]
        chance = by_norm["none"]["figures"]["chance.uar"]["value"]
        lines.append([name, model, *cells, f"{chance:.3f}"])
    table = "\n".join(table_lines(header, lines))
    return f"{readme[:begin]}{MARKS[0]}\n{table}\n{readme[end:]}"


if __name__ == "__main__":
    main()
