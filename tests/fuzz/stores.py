"""Damaged stores are detected by verify, repaired by the same command, and never trusted."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from tests.fuzz.case import Case
from tests.fuzz.damage import damaged
from tests.fuzz.material import FEATURE, corpus


def damaged_stores(case: Case) -> None:
    """Damage, remove or exchange files of a store; read it, then extract again."""
    rng = case.rng()
    store = case.work / "store"
    shutil.copytree(corpus() / "store", store)
    for _ in range(rng.integers(1, 3)):
        _damage_one(store, rng)
    manifest = corpus() / "m.csv"
    case.run("store", "verify", "--store", store)
    case.run("export", "before.csv", "--store", store, "-f", FEATURE)
    again = case.run("extract", manifest, "-f", FEATURE, "--store", store, "-j", "1")
    if again.code != 0:
        return  # refused with a reason, as checked
    exported = case.run("export", "after.csv", "--store", store, "-f", FEATURE)
    if exported.code == 0:
        table = (case.work / "after.csv").read_text(encoding="utf-8").strip().splitlines()
        if len(table) != 33:
            case.report(f"{len(table) - 1} of 32 rows after extracting again")


def _damage_one(store: Path, rng: np.random.Generator) -> None:
    files = sorted(path for path in store.rglob("*") if path.is_file())
    path = files[rng.integers(len(files))]
    kind = rng.integers(6)
    if kind == 0:
        path.unlink()
    elif kind == 1:
        shutil.copy(files[rng.integers(len(files))], path)
    elif kind == 2:
        path.write_bytes(b"")
    elif kind == 3 and path.suffix == ".json":
        path.write_text(str(rng.choice(["null", "[]", "{}", "5", '"a"', "[" * 5000])))
    else:
        path.write_bytes(damaged(path.read_bytes(), rng))
