"""Detection rate, false alarms and cost of the audit, compared with extraction.

Run ``pytest -m bench tests/benchmarks/bench_audit.py -s``.

Copies of every tenth real recording, altered like real ones, are put among all originals. Costs
are processor time with one worker, medians of a few rounds: the whole audit of RAVDESS beside
extracting its features into a new store (the default ones, of every tenth recording). Nothing is
asserted: the figures are printed and written to ``reports/benchmarks/audit.json``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median

import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from featser.audit.audit_manifest import audit_manifest
from featser.audit.checks.duplicates import find_duplicates, groups_of, segments_of
from featser.audit.measure.examination import examine_all
from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from featser.extraction.extraction import extract_manifest
from featser.features.spec_names import DEFAULT_FEATURES
from featser.store.feature_store import Store
from tests.audit.corpus import COPIES, altered_copy, write_corpus
from tests.audit.faults import FAULTS, names_it

pytestmark = [pytest.mark.bench, pytest.mark.corpora]

FIGURES = Path(__file__).resolve().parents[2] / "reports" / "benchmarks" / "audit.json"
CORPORA = ("banglaser", "emodb", "ravdess")
EVERY = 10
ROUNDS = 2


@pytest.fixture(scope="module")
def record() -> Iterator[Callable[[str, float], None]]:
    """Collect figures; print and write them at the end."""
    figures: dict[str, float] = {}
    yield figures.__setitem__
    print()
    for name, figure in figures.items():
        print(f"{name:60} {figure:10.4g}")
    rounded = {name: round(figure, 4) for name, figure in figures.items()}
    if FIGURES.exists():  # so that a test can be run alone
        rounded = json.loads(FIGURES.read_text(encoding="utf-8")) | rounded
    FIGURES.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def seconds(work: Callable[[], object]) -> float:
    """Processor time, that of ended worker processes included."""
    began = os.times()
    work()
    return sum(os.times()[:4]) - sum(began[:4])


def test_planted_faults(demo: Path, tmp_path: Path, record: Callable[[str, float], None]) -> None:
    clean, twin = tmp_path / "clean", tmp_path / "twin"
    clean.mkdir()
    table = write_corpus(demo, clean)
    n_named = 0
    for fault in FAULTS.values():
        shutil.copytree(clean, twin)
        files = [str(twin / Path(file).name) for file in table["file"]]
        result = audit_manifest(fault.plant(table.assign(file=files)))
        n_named += any(names_it(finding, fault) for finding in result.findings)
        shutil.rmtree(twin)
    record("planted faults", len(FAULTS))
    record("planted faults found", n_named)
    record("errors and warnings without any", len(audit_manifest(table).findings) - 1)


def test_copies(corpora: Path, tmp_path: Path, record: Callable[[str, float], None]) -> None:
    originals = [str(file) for name in CORPORA for file in sorted((corpora / name).rglob("*.flac"))]
    chosen = originals[::EVERY]
    made = {}
    for how in COPIES:
        folders = [tmp_path / how / str(number) for number in range(len(chosen))]
        for folder in folders:
            folder.mkdir(parents=True)
        made[how] = [
            altered_copy(*each) for each in zip(chosen, [how] * len(chosen), folders, strict=True)
        ]
    files = [*originals, *(copy for copies in made.values() for copy in copies)]
    segments = segments_of(pd.DataFrame({"file": files}))
    recordings = examine_all(segments)

    most = len(originals)
    pairs = find_duplicates(segments[:most], recordings[:most])
    record("originals", most)
    for how in ("bytes", "samples", "take"):
        record(f"pairs of originals: {how}", sum(pair.how == how for pair in pairs))
    taken = [pair for pair in pairs if pair.how == "take"]
    for pair in taken:
        names = [Path(files[row]).name for row in (pair.first, pair.second)]
        print(f"{' '.join(names)}: {pair.likeness:.3f}")
    record("lowest likeness of these takes", min(pair.likeness for pair in taken))
    record("pairs of originals not of equal samples, %", 100 * len(taken) / most)

    groups = groups_of(len(files), find_duplicates(segments, recordings))
    group = dict(zip(files, groups.tolist(), strict=True))
    n_recognised = {
        how: sum(group[copy] == group[file] for file, copy in zip(chosen, copies, strict=True))
        for how, copies in made.items()
    }
    record("copies of each kind", len(chosen))
    for how, number in n_recognised.items():
        record(f"copies found: {how}, %", 100 * number / len(chosen))
    record("copies found: all, %", 100 * sum(n_recognised.values()) / (len(chosen) * len(made)))


def test_cost(corpora: Path, tmp_path: Path, record: Callable[[str, float], None]) -> None:
    table = scan(load_card("ravdess"), corpora / "ravdess").manifest
    table = table.assign(file=[str(corpora / "ravdess" / file) for file in table["file"]])
    stores = (Store(tmp_path / str(number)) for number in count())
    work: dict[str, tuple[pd.DataFrame, Callable[[pd.DataFrame], object]]] = {
        "audit": (table, lambda rows: audit_manifest(rows, jobs=1)),
        "handcrafted": (table, lambda r: extract_manifest(r, ["handcrafted"], next(stores), 1)),
        "default features": (
            table[::EVERY], lambda r: extract_manifest(r, DEFAULT_FEATURES, next(stores), 1)
        ),
    }  # fmt: skip
    with threadpool_limits(1):
        # In turns, so that other load affects all equally; the first round warms up.
        rounds = [
            {
                name: seconds(lambda a=act, r=rows: a(r)) / len(rows)
                for name, (rows, act) in work.items()
            }
            for _ in range(1 + ROUNDS)
        ]
    cost = {name: 1000 * median(one[name] for one in rounds[1:]) for name in work}
    record("recordings of the cost", len(table))
    for name, figure in cost.items():
        record(f"{name}, ms a recording", figure)
    for name in ("default features", "handcrafted"):
        record(f"audit beside extracting {name}, %", 100 * cost["audit"] / cost[name])
