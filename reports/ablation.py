"""Write reports/ablation.md and .json: what the parts of the default system are worth.

Run ``make ablation CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``. Features and finished fits go to a working folder (``--work``), so a run that was
interrupted goes on where it was; what is written here are tables: no audio, nothing about single
utterances. ``--only "other corpora"`` measures one step again, after a change that no other step
depends on, and keeps all other figures. ``reports/ablation_steps.py`` measures;
``reports/ablation_page.py`` writes the page.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence

from ablation_cases import QUICK, SEED, Case, cases_of, extract_all
from ablation_costs import TIMED, costs, spread
from ablation_page import page
from ablation_steps import PRESETS, steps
from common import CORPORA, PROTOCOL, REPORTS, Row, report_parser, write_figures

from featser.audio import read_audio
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.registry import members_of

TABLES = ("families", "votes", "calibration", "training")


def main() -> None:
    """Measure on every corpus; what is finished is written as it comes."""
    began = time.monotonic()
    parser = report_parser(__doc__, "ablation")
    parser.add_argument("--jobs", type=int, default=-1, help="processes at once")
    parser.add_argument("--steps", type=int, help="only so many of the steps, the first ones")
    parser.add_argument("--only", metavar="STEP", help="measure this step again, keep the rest")
    arguments = parser.parse_args()
    work = arguments.work
    os.environ["FEATSER_CACHE"] = str(work.resolve() / "cache")
    extract_all(arguments.corpora, work, PRESETS, arguments.jobs)
    cases = {name: list(cases_of(name, work, arguments.jobs)) for name in CORPORA}
    if arguments.only:
        measure_again(arguments.only, cases)
        return
    results: Row = {
        "seed": SEED, "protocol": PROTOCOL, "model": QUICK,
        "features": list(DEFAULT_FEATURES), "members": list(members_of("vote")),
        "corpora": {name: about(of[0]) for name, of in cases.items()},
        **{table: [] for table in TABLES},
    }  # fmt: skip
    files = [
        file
        for of in cases.values()
        for file in spread(of[0].data.table["file"].tolist(), TIMED // len(cases))
    ]
    results["costs"] = costs([read_audio(file) for file in files])
    planned = list(steps(cases))[: arguments.steps]
    for done, (name, measure, case) in enumerate(planned, start=1):
        for table, row in measure(case):
            results[table].append(case.described | row)
        results["seconds"] = time.monotonic() - began
        results["unfinished"] = [
            f"{name} of {case.corpus}, {case.norm}" for name, _, case in planned[done:]
        ]
        print(f"{results['seconds']:.0f} s: {name} of {case.corpus}, {case.norm}", flush=True)
        write(results)


def measure_again(step: str, cases: Mapping[str, Sequence[Case]]) -> None:
    """Replace the rows of a step by new ones."""
    planned = [(measure, case) for name, measure, case in steps(cases) if name == step]
    if not planned:
        names = sorted({name for name, _, _ in steps(cases)})
        raise SystemExit(f"--only {step}: unknown step; steps are {', '.join(names)}")
    results: Row = json.loads((REPORTS / "ablation.json").read_text(encoding="utf-8"))
    for measure, case in planned:
        for table, row in measure(case):
            new = case.described | row
            rows = results[table]
            rows[[identity(one) for one in rows].index(identity(new))] = new
        print(f"{step} of {case.corpus}, {case.norm}", flush=True)
        write(results)


def identity(row: Row) -> tuple[str | None, ...]:
    """Return what a row of a table is about."""
    return tuple(row.get(name) for name in ("corpus", "norm", "kind", "name"))


def write(results: Row) -> None:
    """Write the figures and the page, in the order of corpora, whatever was measured first."""
    order = list(results["corpora"])
    ordered = dict(results)
    for table in TABLES:
        ordered[table] = sorted(
            results[table], key=lambda row: (order.index(row["corpus"]), row["norm"])
        )
    write_figures(REPORTS / "ablation.json", ordered)
    (REPORTS / "ablation.md").write_text(page(ordered), encoding="utf-8")


def about(case: Case) -> Row:
    """Describe a corpus."""
    return {
        "utterances": len(case.data.table),
        "speakers": len(set(case.data.speaker)),
        "classes": len(case.emotion.classes),
        "folds": case.plan.folds.count,
    }


if __name__ == "__main__":
    main()
