"""Write the figures of the README and of reports/README.md: the recipes on real recordings.

Run ``make reports CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``. Features and runs go to a working folder (``--work``); what is written here is the
table and each run's ``metrics.json``: no audio, nothing about single utterances.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import featser
from featser.evaluation.protocols import PROTOCOLS
from featser.recipe import load_recipe

HERE = Path(__file__).resolve().parent
RECIPES = ("banglaser", "ravdess", "emodb")
NORMS: dict[str, Sequence[str]] = {
    "none": ("speaker-independent", "random"),
    "transductive": ("speaker-independent",),
}
MARKS = ("<!-- figures: begin (written by reports/baselines.py) -->", "<!-- figures: end -->")


def main() -> None:
    """Run every recipe under every speaker normalisation and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="holds banglaser/, ravdess/, emodb/")
    parser.add_argument("--work", type=Path, default=Path("runs/baselines"))
    arguments = parser.parse_args()
    rows = [row for name in RECIPES for row in run_recipe(name, arguments.corpora, arguments.work)]
    (HERE / "README.md").write_text(page(rows), encoding="utf-8")
    readme = HERE.parent / "README.md"
    readme.write_text(with_figures(readme.read_text(encoding="utf-8"), rows), encoding="utf-8")


def run_recipe(name: str, corpora: Path, work: Path) -> Iterator[dict[str, Any]]:
    """Extract and fit a recipe, keep its metrics, and give a row for each task and protocol."""
    store, data = work / f"store-{name}", {name: corpora / name}
    featser.extract(name, store, data=data)
    for norm, protocols in NORMS.items():
        output = work / f"{name}-{norm}"
        shutil.rmtree(output, ignore_errors=True)
        run = featser.fit(store=store, protocols=protocols, speaker_norm=norm, output=output)
        kept = HERE / f"{name}-{norm}" / "metrics.json"
        kept.parent.mkdir(exist_ok=True)
        shutil.copy(run.folder / "metrics.json", kept)
        flags = " ".join(f"--protocol {protocol}" for protocol in protocols)
        command = (
            f"featser extract {name} --data {name}=FOLDER && "
            f"featser fit {flags} --speaker-norm {norm}"
        )
        folds = run.folds.groupby("protocol")["fold"].nunique()
        for protocol in protocols:
            for task in run.data.tasks:
                metrics = json.loads(kept.read_text(encoding="utf-8"))[protocol][task.name]
                yield {
                    "recipe": name,
                    "task": task.name,
                    "primary": task.role == "primary",
                    "protocol": protocol,
                    "folds": int(folds[protocol]),
                    "norm": norm,
                    "seed": run.settings.seed,
                    "metric": next(iter(metrics)),
                    "figure": next(iter(metrics.values())),
                    "chance": metrics.get("chance.uar", {}).get("value"),
                    "command": command,
                }


def figure(values: dict[str, float]) -> str:
    """Write a value with its interval."""
    return f"{values['value']:.3f} [{values['low']:.3f}, {values['high']:.3f}]"


def page(rows: list[dict[str, Any]]) -> str:
    """Write reports/README.md."""
    lines = [
        "# Results",
        "",
        "Every figure was written by `make reports CORPORA=FOLDER`; each line's own command is "
        "below. Value and 95 % interval (bootstrap over speakers, 1000 draws). Protocols:",
        "",
        *(f"- `{name}`: {PROTOCOLS[name]}." for name in dict.fromkeys(r["protocol"] for r in rows)),
        "",
        "`transductive`: each speaker's features are normalised by that speaker's own unlabelled "
        "recordings, the test speaker's included.",
        "",
        "The members of the default vote and their settings were chosen while looking at figures "
        "of these three corpora, so a little of each figure is that choice.",
        "",
        "| corpus | task | protocol (folds) | speaker norm | seed | metric | value | chance |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        marked = " **optimistic**" if row["protocol"] == "random" else ""
        chance = "" if row["chance"] is None else f"{row['chance']:.3f}"
        lines.append(
            f"| {load_recipe(row['recipe']).corpora[0]} | {row['task']} | {row['protocol']} "
            f"({row['folds']}){marked} | {row['norm']} | {row['seed']} | {row['metric'].upper()} "
            f"| {figure(row['figure'])} | {chance} |"
        )
    commands = dict.fromkeys(row["command"] for row in rows)
    return "\n".join([*lines, "", "```sh", *commands, "```", ""])


def with_figures(readme: str, rows: list[dict[str, Any]]) -> str:
    """Put the primary tasks' speaker-independent figures between the README's marks."""
    begin, end = (readme.index(mark) for mark in MARKS)
    lines = ["| corpus | no speaker normalisation | transductive | chance |", "|---|---|---|---|"]
    for name in RECIPES:
        found = {
            row["norm"]: row
            for row in rows
            if row["recipe"] == name and row["primary"] and row["protocol"] != "random"
        }
        plain, norm = found["none"], found["transductive"]
        lines.append(
            f"| {name} | {figure(plain['figure'])} | {figure(norm['figure'])} "
            f"| {plain['chance']:.3f} |"
        )
    table = "\n".join(lines)
    return f"{readme[:begin]}{MARKS[0]}\n{table}\n{readme[end:]}"


if __name__ == "__main__":
    main()
