"""Write the table of published systems in reports/README.md: every recipe on real recordings.

Run ``make systems CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/``, ``emodb/``
and, if there is one, ``subesco/``; ``--only NAME`` carries out only some. Features and runs stay
in a working folder (``--work``), so that finished steps are not repeated and an interrupted run
continues. This script writes tables and each run's ``metrics.json``: no audio, nothing about
single utterances. What is run, and what was published, is in
``reports/systems_rows.py``.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from common import (
    REPORTS,
    TIMEOUT,
    report_parser,
    table_lines,
    with_interval,
    write_section,
)
from systems_claims import Measured, claims_table, differences, keep, tested_table
from systems_rows import ENTRIES, Entry

import featser
from featser.errors import FeatserError
from featser.experiment.recipe import load_recipe
from featser.reporting.wording import metric_title, optimistic

PAGES = REPORTS / "systems"
DIFFERENCES = PAGES / "differences.json"
MARKS = ("<!-- systems: begin (written by reports/systems.py) -->", "<!-- systems: end -->")
CLIPS = "pyaa_speech_emotion"

INTRODUCTION = """## Published systems

Ten published systems, each a recipe of `pipelines/` whose comment says what is the paper's and
what is ours. A published figure stands beside a protocol only for orientation: corpora agree, but
divisions, features and often classes differ, or are not stated. Intervals: 95 %, over
speakers. Each run's own page has all figures of it."""


CLAIMS_INTRODUCTION = """### What each idea shows

Differences between runs of the table above, by speaker, one seed, as `featser compare` tells them:
the same recordings, an interval and p from leaving one speaker at a time out of both runs (not
corrected for the number of lines). "Within chance":
the interval reaches what was to be shown. Of e, blocks of noise, and of i, six members against one
pooling alone, are in [fusion/fusion.md](fusion/fusion.md); h once more, with other folds, in
[two-pass/two-pass.md](two-pass/two-pass.md); j, normalised by speaker, in
[tarma/fear.md](tarma/fear.md); what a small language gains from a large one in
[transfer/transfer.md](transfer/transfer.md); b and d, tasks together and alone and in the tails, in
[dimensions/dimensions.md](dimensions/dimensions.md)."""

TESTS_INTRODUCTION = """What must hold wherever the truth is known is held by tests (`make test`,
`make test-streams`):"""


def main() -> None:
    """Carry out the requested runs that are possible, then write the pages and the table."""
    parser = report_parser(__doc__, "systems")
    parser.add_argument("--only", action="append", metavar="NAME", help="an entry's label")
    arguments = parser.parse_args()
    failed = []
    for entry in chosen(arguments.only, arguments.corpora):
        print(f"{entry.label}:", flush=True)
        try:
            carry_out(entry, arguments.corpora, arguments.work)
        except FeatserError as error:
            failed.append(entry.label)
            print(f"{entry.label}: {error}", file=sys.stderr, flush=True)
            continue
        shown = keep(DIFFERENCES, differences(arguments.work, entry.label))
        write_table(REPORTS / "README.md", finished(ENTRIES), shown)
    if failed:
        sys.exit(f"not done: {', '.join(failed)}")


def chosen(names: Sequence[str] | None, corpora: Path) -> list[Entry]:
    """Return the entries that are asked for, those of them whose corpora are here."""
    by_label = {entry.label: entry for entry in ENTRIES}
    for name in names or ():
        if name not in by_label:
            sys.exit(f"--only {name}: valid are {', '.join(by_label)}")
    selected = []
    for entry in ENTRIES if names is None else [by_label[name] for name in names]:
        folders = [CLIPS if name == "table" else name for name in entry.corpora]
        missing = [name for name in folders if not (corpora / name).is_dir()]
        if entry.networks and find_spec("skorch") is None:
            print(f"{entry.label}: left out: networks need `featser[streams]`", flush=True)
        elif missing:
            print(f"{entry.label}: left out: no {', '.join(missing)} in {corpora}", flush=True)
        else:
            selected.append(entry)
    return selected


def carry_out(entry: Entry, corpora: Path, work: Path) -> None:
    """Run an entry's recipe as far as it is not done, and write its page."""
    outcome = featser.run(
        load_recipe(entry.recipe, entry.changes),
        data={name: place(name, corpora, work) for name in entry.corpora},
        output=work / entry.label,
        store=work / "store",
        timeout=TIMEOUT,
    )
    target = PAGES / entry.label
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(outcome.folder / "metrics.json", target / "metrics.json")
    predictions = pd.read_parquet(outcome.folder / "predictions.parquet")
    page = result_page(entry, outcome.metrics, predictions)
    (target / "result.md").write_text(page, encoding="utf-8")


def place(corpus: str, corpora: Path, work: Path) -> Path:
    """Return where a corpus is; ``table`` are the clips with arousal and valence."""
    if corpus != "table":
        return corpora / corpus
    clips = (corpora / CLIPS).resolve()
    columns = [
        pd.read_csv(clips / f"{name}.csv", header=None, names=["file", name], index_col="file")
        for name in ("arousal", "valence")
    ]
    listed = pd.concat(columns, axis=1).reset_index()
    # The tables name .wav; the clips are .flac.
    listed["file"] = [str(clips / f"{Path(name).stem}.flac") for name in listed["file"]]
    work.mkdir(parents=True, exist_ok=True)
    listed.to_csv(work / "clips.csv", index=False)
    return work / "clips.csv"


def finished(entries: Iterable[Entry]) -> list[tuple[Entry, dict[str, Any]]]:
    """Return the entries that were ever carried out, with their metrics."""
    results = []
    for entry in entries:
        path = PAGES / entry.label / "metrics.json"
        if path.exists():
            results.append((entry, json.loads(path.read_text(encoding="utf-8"))))
    return results


def write_table(
    readme: Path, done: Sequence[tuple[Entry, Mapping[str, Any]]], shown: Measured
) -> None:
    """Put the tables between their marks, or at the page's end where it has none."""
    claims = claims_table(shown)
    parts = [INTRODUCTION, "", *table(done), "", CLAIMS_INTRODUCTION, "", *claims]
    parts += ["", TESTS_INTRODUCTION, "", *tested_table()]
    write_section(readme, MARKS, parts)


def table(done: Sequence[tuple[Entry, Mapping[str, Any]]]) -> list[str]:
    """Return the table's lines: one for each protocol, task and metric of an entry."""
    header = ["system", "corpus", "protocol", "figure", "published", "ours", "chance", "run"]
    rows = []
    for entry, metrics in done:
        for protocol, by_task in metrics.items():
            marked = " **optimistic**" if optimistic(protocol) else ""
            for task, metric in entry.figures:
                if task not in by_task:
                    continue
                figures = by_task[task]
                chance = figures.get(f"chance.{metric}", {}).get("value")
                rows.append(
                    [
                        f"{entry.system}: {entry.what}",
                        ", ".join(entry.corpora),
                        f"{protocol}{marked}",
                        f"{task} {metric_title(metric)}",
                        entry.published.get(f"{task} {metric}", ""),
                        value(figures[metric]),
                        "" if chance is None else f"{chance:.3f}",
                        f"[{entry.label}](systems/{entry.label}/result.md)",
                    ]
                )
    commands = [entry.command for entry, _ in done]
    return [*table_lines(header, rows), "", "```sh", *commands, "```"]


def value(figure: Mapping[str, Any]) -> str:
    """Write a value with its interval."""
    if figure["value"] is None:
        return "undefined"
    if figure.get("low") is None or figure["low"] == figure["high"]:
        return f"{figure['value']:.3f}"
    return with_interval(figure)


def result_page(entry: Entry, metrics: Mapping[str, Any], predictions: pd.DataFrame) -> str:
    """Write a run's page: all its figures, and the confusion matrix."""
    parts = [
        f"# {entry.what} ({', '.join(entry.corpora)})",
        f"Recipe: [{entry.recipe}](../../../pipelines/{entry.recipe}.yaml). {entry.note}".strip(),
        f"```sh\n{entry.command}\n```",
    ]
    for protocol, by_task in metrics.items():
        parts.append(f"## {protocol}{' (OPTIMISTIC)' if optimistic(protocol) else ''}")
        cells = [
            [task, metric_title(metric), value(figure)]
            for task, figures in by_task.items()
            for metric, figure in figures.items()
        ]
        parts.append("\n".join(table_lines(["task", "figure", "value"], cells)))
        primary = next(iter(by_task))
        rows = predictions[predictions["protocol"] == protocol]
        parts += _confusion(primary, rows)
    return "\n\n".join(parts) + "\n"


def _confusion(task: str, predictions: pd.DataFrame) -> list[str]:
    """Return the counts of truth against prediction; nothing of a task without classes."""
    true, pred = predictions[f"{task}.true"], predictions[f"{task}.pred"]
    if f"{task}.p[{true.dropna().iloc[0]}]" not in predictions:
        return []
    counts = pd.crosstab(true, pred)
    heads = [str(name) for name in counts.columns]
    cells = [
        [name, *row.tolist()] for name, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    table_of_counts = "\n".join(table_lines([task, *heads], cells))
    return ["Rows: the truth; columns: what was predicted.", table_of_counts]


if __name__ == "__main__":
    main()
