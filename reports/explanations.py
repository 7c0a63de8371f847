"""Write reports/explanations/ and docs/listening.md: what models listen to on three corpora.

Run ``python reports/explanations.py CORPORA``, where CORPORA holds a folder for each corpus. It
extracts, fits with default settings and explains. ``--runs FOLDER`` takes finished default fits
instead: ``run-NAME``, of which copies are explained, and ``store-NAME``. It writes tables only: no
audio, nothing about single utterances.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import CORPORA, REPORTS, Row, report_parser, write_figures, write_section
from explanations_page import EXAMPLE, example_lines, page
from voice_literature import compared

import featser
from featser.api.finished.explain import Explanation
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.runs.interpretable_values import interpretable_values
from featser.experiment.runs.reopened_run import ReopenedRun, reopen_run
from featser.explanation.class_differences import class_differences, difference_frame
from featser.explanation.importance_table import importance_dict, importance_frame
from featser.io.result_tables import write_table

DOCS = REPORTS.parent / "docs"
FOLDER = REPORTS / "explanations"
PAIR = ("happy", "angry")
"""Two classes of high arousal and opposite valence, which all three corpora have."""
MARKS = ("<!-- figures of reports/explanations.py -->", "<!-- end of the figures -->")


def main() -> None:
    """Explain each corpus, and write tables, figures and pages."""
    parser = report_parser(__doc__, "explanations")
    parser.add_argument("--runs", type=Path, help="has run-NAME and store-NAME of finished fits")
    parser.add_argument(
        "--correlated", action="store_true", help=f"only joined groups of {EXAMPLE}, with --runs"
    )
    parser.add_argument("--pages", action="store_true", help="only write the pages again")
    parser.add_argument("--only", nargs="+", choices=CORPORA, default=list(CORPORA))
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    if arguments.pages:
        write_pages(json.loads((FOLDER / "explanations.json").read_text(encoding="utf-8")))
        return
    if arguments.correlated:
        results = json.loads((FOLDER / "explanations.json").read_text(encoding="utf-8"))
        places = fitted(EXAMPLE, arguments.corpora, arguments.work, arguments.runs)
        results["corpora"][EXAMPLE]["correlated"] = correlated_groups(*places)
        write_figures(FOLDER / "explanations.json", results)
        write_pages(to_json(results))
        return
    results: Row = {"corpora": {}}
    for name in arguments.only:
        run, store = fitted(name, arguments.corpora, arguments.work, arguments.runs)
        explanation = featser.explain(run, store=store)
        results["corpora"][name] = measured(name, explanation, store)
        if name == EXAMPLE:
            results["corpora"][name]["correlated"] = correlated_groups(run, store)
        print(f"{explanation.seconds:.0f} s: {name}", flush=True)
    write_figures(FOLDER / "explanations.json", results)
    if set(arguments.only) == set(CORPORA):
        write_pages(to_json(results))


def write_pages(results: Row) -> None:
    """Write docs/listening.md, and the example of docs/explanations.md."""
    text = "\n".join(page(results)) + "\n"
    (DOCS / "listening.md").write_text(text, encoding="utf-8")
    write_section(DOCS / "explanations.md", MARKS, example_lines(results["corpora"][EXAMPLE]))


def fitted(name: str, corpora: Path, work: Path, runs: Path | None) -> tuple[Path, Path]:
    """Return the folder of a finished run, which is written into, and its store."""
    run = work / f"run-{name}"
    if runs is not None:
        shutil.copytree(runs / f"run-{name}", run, dirs_exist_ok=True)
        return run, runs / f"store-{name}"
    store = work / f"store-{name}"
    data = {name: corpora / name}
    featser.extract(name, store=store, data=data)
    featser.fit(store=store, output=run)
    return run, store


def measured(name: str, explanation: Explanation, store: Path) -> Row:
    """Write the tables of a corpus, and return its figures."""
    task = explanation.importance.task
    differences = difference_frame(explanation.differences)
    opened = reopen_run(explanation.folder, store)
    pair = pair_differences(opened)
    write_table(_rounded(importance_frame(explanation.importance)), FOLDER / f"{name}-groups.csv")
    write_table(_rounded(differences), FOLDER / f"{name}-classes.csv")
    write_table(_rounded(pair), FOLDER / f"{name}-{'-'.join(PAIR)}.csv")
    speaker = opened.data.speaker
    return {
        "utterances": len(speaker),
        "speakers": len(set(speaker.tolist()) - {""}),
        "classes": list(task.classes),
        **importance_dict(explanation.importance),
        "shortcuts": explanation.shortcuts,
        "class_sentences": explanation.class_sentences,
        "expected": compared(differences.to_dict("records")),
        "pair": _named(pair),
    }


def correlated_groups(run: Path, store: Path) -> list[Row]:
    """Return the figures of the groups of a run, with those that vary together joined."""
    explanation = featser.explain(run, store=store, by="correlated")
    groups: list[Row] = importance_dict(explanation.importance)["groups"]
    return groups


def pair_differences(opened: ReopenedRun) -> pd.DataFrame:
    """Compare the two classes of :data:`PAIR` within speakers."""
    task = opened.task()
    features, values = interpretable_values(opened)
    labels = opened.plan.labels[task.name].to_numpy(dtype=object)
    rows = np.flatnonzero(np.isin(labels, PAIR))
    compared_pair = class_differences(
        values[rows], features, labels[rows], opened.data.speaker[rows], PAIR[:1]
    )
    readable = [one for one in compared_pair if one.feature.is_readable]
    return difference_frame(readable).assign(
        descriptor=[one.feature.descriptor for one in readable]
    )


def _named(pair: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the five largest discoveries, one for each descriptor."""
    discoveries = pair[pair["p_adjusted"] <= 0.05].drop_duplicates("descriptor")
    names = ["words", "descriptor", "feature", "unit", "difference", "sd", "sd.low", "sd.high"]
    return list(discoveries[names].head(5).to_dict("records"))


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Round numbers to four significant digits."""
    numeric = table.select_dtypes("floating").columns
    rounded = {name: [float(f"{value:.4g}") for value in table[name]] for name in numeric}
    return table.assign(**rounded)


if __name__ == "__main__":
    main()
