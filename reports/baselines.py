"""Write the figures of the README and of reports/README.md: the recipes on real recordings.

Run ``make reports CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``. Features, tables of other corpora and runs go to a working folder (``--work``): runs
that are finished there are read and not fitted again, so remove it to start over. This script
writes only the tables and the leading runs' ``metrics.json``: no audio, nothing about single
utterances.
"""

from __future__ import annotations

import json
import os
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
from featser.api.stored.auxiliary import add_auxiliary
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.experiment.recipe import load_recipe

SEEDS = (0, 1, 2)
NORMS = ("none", "enrol:8", "transductive")


class Condition(NamedTuple):
    """How a recipe is fitted."""

    protocol: str
    norm: str
    model: str = "vote"
    aux: bool = False

    @property
    def label(self) -> str:
        """What its folder is called."""
        label = self.norm.replace(":", "") if self.protocol == PROTOCOL else self.protocol
        return label + "-aux" * self.aux

    def options(self, name: str) -> str:
        """Return what the user types to fit a corpus, but for the seed."""
        options = f"--protocol {self.protocol} --speaker-norm {self.norm} --model {self.model}"
        return options + "".join(f" --aux {other}" for other in self.others(name))

    def others(self, name: str) -> tuple[str, ...]:
        """Return the auxiliary corpora beside a corpus."""
        return tuple(other for other in CORPORA if other != name) if self.aux else ()

    @property
    def model_text(self) -> str:
        """What the tables call the model."""
        return self.model + ", other corpora" * self.aux


CONDITIONS = (
    *(Condition(PROTOCOL, norm) for norm in NORMS),
    *(Condition(PROTOCOL, norm, aux=True) for norm in ("none", "transductive")),
    Condition("random", "none", "kernel"),
)
EVERY_TASK = tuple(Condition(PROTOCOL, norm) for norm in NORMS)
"""Where all usable tasks are fitted, and not emotion alone."""
PUBLISHED = {"banglaser": 0.852, "ravdess": 0.677, "emodb": 0.6925}
"""Accuracy of a Bangla multi-stream system (2025) that divided recordings at random."""
MARKS = ("<!-- figures: begin (written by reports/baselines.py) -->", "<!-- figures: end -->")


def main() -> None:
    """Run every recipe under every speaker normalisation and write the tables."""
    parser = report_parser(__doc__, "baselines")
    parser.add_argument("--seed", type=int, action="append", help="repeatable; 0, 1 and 2 without")
    arguments = parser.parse_args()
    os.environ["FEATSER_CACHE"] = str(arguments.work.resolve() / "cache")
    for name in CORPORA:
        store = arguments.work / f"store-{name}"
        data = {name: arguments.corpora / name}
        featser.extract(name, store=store, data=data)
        add_auxiliary(name, store=store, data=data)
    rows: list[Row] = []
    for seed in arguments.seed or SEEDS:
        for name in CORPORA:
            rows += run_recipe(name, seed, arguments.work)
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


def run_recipe(name: str, seed: int, work: Path) -> Iterator[Row]:
    """Fit a corpus under all conditions, and give a row for each figure."""
    for condition in CONDITIONS:
        yield from _fitted(name, condition, seed, work / f"store-{name}", work)


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
        _fit(name, condition, seed, store, folder, curve, leading and condition in EVERY_TASK)
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
            "command": f"featser extract {name} --data {name}=FOLDER && "
            f"featser fit {condition.options(name)}"
            + " --enrolment-curve" * curve
            + " --task emotion" * (condition not in EVERY_TASK),
        }


def _fit(
    name: str,
    condition: Condition,
    seed: int,
    store: Path,
    folder: Path,
    curve: bool,
    every_task: bool,
) -> None:
    featser.fit(
        store=store,
        output=folder,
        protocols=[condition.protocol],
        speaker_norm=condition.norm,
        model=condition.model,
        aux=condition.others(name),
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
    count = max(len(row["seeds"]) for row in rows)
    again = ", ".join(f"--seed {seed}" for seed in SEEDS[1:count])
    then = f"  # then --task emotion {again}" if again else ""
    commands = dict.fromkeys(f"{row['command']}{then}" for row in rows)
    parts = [
        "# Results",
        "Every figure was written by `make reports CORPORA=FOLDER`; each line's own command is "
        f"below. With its 95 % interval over speakers. The primary task: {_seeds(rows)}; other "
        "tasks: seed 0. A seed divides speakers otherwise, but not EmoDB's, of whom each is a "
        "fold. Protocols:",
        "\n".join(
            f"- `{name}`: {PROTOCOLS[name].title}."
            for name in dict.fromkeys(r["protocol"] for r in rows)
        ),
        "Speakers: `none`: nothing is known of the test speaker. `enrol:8`: eight of the test "
        "speaker's recordings, unlabelled and never scored, say what the speaker's average is. "
        "`transductive`: all of the test speaker's recordings, unlabelled, do.",
        "The features, the kernel's width and the default vote were chosen while looking at "
        "figures of these three corpora, so a little of each figure is that choice "
        "([ablation.md](ablation.md)). Penalties, temperatures, the share of random convolutions "
        "and the weight of other corpora are chosen in each training set alone. `kernel` has the "
        "protocol `random`, since its penalty adapts to the speakers of the training set. "
        "`other corpora`: trained on the other two corpora as well (`--aux`), after "
        "`featser aux add NAME --data NAME=FOLDER` for each of them.",
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
    for name, model in product(CORPORA, ("vote", "vote, other corpora")):
        by_norm = {
            row["norm"]: row
            for row in rows
            if row["recipe"] == name
            and row["primary"]
            and row["protocol"] == PROTOCOL
            and row["model"] == model
        }
        cells = [
            with_interval(median(by_norm[norm], by_norm[norm]["metric"])) if norm in by_norm else ""
            for norm in NORMS
        ]
        chance = by_norm["none"]["figures"]["chance.uar"]["value"]
        lines.append([name, model, *cells, f"{chance:.3f}"])
    table = "\n".join(table_lines(header, lines))
    caption = f"Each cell: {_seeds(rows)}, with a 95 % interval over speakers."
    return f"{readme[:begin]}{MARKS[0]}\n{caption}\n\n{table}\n{readme[end:]}"


if __name__ == "__main__":
    main()
