"""Damaged recordings through ``extract`` and ``audit``: every one is used or listed."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd

from tests.fuzz.case import Case
from tests.fuzz.command import Outcome
from tests.fuzz.damage import damaged
from tests.fuzz.material import FEATURE, FORMATS, encoded

COUNTS = re.compile(r"(\d+) done, (\d+) reused(?:, (\d+) copies of others)?, (\d+) unusable")
SECONDS_EACH = 0.5


def damaged_recordings(case: Case) -> None:
    """Damage a recording for each seed; extract features of all, audit all."""
    files = [_damaged_recording(case, seed) for seed in case.seeds]
    labels = np.resize(["angry", "neutral", "sad"], len(files))
    speakers = np.resize(["a", "b", "c", "d"], len(files))
    table = pd.DataFrame({"file": files, "speaker": speakers, "emotion": labels})
    manifest = case.inputs / "m.csv"
    table.to_csv(manifest, index=False)
    limit = 20 + SECONDS_EACH * len(files)
    options = ("-j", "2", "--timeout", "15")
    extracted = case.run("extract", manifest, "-f", FEATURE, *options, limit=limit)
    _check_counts(case, extracted, len(files))
    audited = case.run("audit", manifest, "-o", "audit.json", *options, limit=limit)
    if "took more than" in extracted.output + audited.output:
        case.report("a step took more than 15 s")
    if audited.code in (0, 1):
        _check_audit(case, len(files))


def _damaged_recording(case: Case, seed: int) -> str:
    rng = case.rng(seed)
    ending = str(rng.choice(list(FORMATS)))
    name = f"{seed}.{ending if rng.random() < 0.9 else rng.choice(list(FORMATS))}"
    (case.inputs / name).write_bytes(damaged(encoded(ending), rng))
    return name


def _check_counts(case: Case, outcome: Outcome, n_rows: int) -> None:
    match = COUNTS.search(outcome.output)
    if match is None:
        case.report("extract does not say how many recordings it used")
    elif sum(int(count or 0) for count in match.groups()) != n_rows:
        case.report(f"{n_rows} rows became: {match.group()}")


def _check_audit(case: Case, n_rows: int) -> None:
    path = case.work / "audit.json"
    if not path.exists():
        case.report("audit wrote no findings")
    elif json.loads(path.read_text(encoding="utf-8"))["recordings"] != n_rows:
        case.report("rows lost by audit")
