"""Altered copies of a recording are recognised, and other recordings are not."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.audit.checks.duplicates import (
    Pair,
    duplicate_groups,
    find_duplicates,
    groups_of,
    segments_of,
)
from featser.audit.measure.examination import examine_all
from featser.evaluation.protocols.folding import assign_folds
from featser.workers.pool import WorkerPool
from tests.audit.corpus import COPIES, alter, altered_copy


def pairs_of(files: list[str], pool: WorkerPool | None = None) -> list[Pair]:
    segments = segments_of(pd.DataFrame({"file": files}))
    with nullcontext(pool) if pool else WorkerPool() as workers:
        examined = examine_all(segments, jobs=1, pool=workers)
        return find_duplicates(segments, examined, jobs=1, pool=workers)


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_every_altered_copy_of_real_recordings_is_reported_and_nothing_else(
    real_recordings: list[Path], tmp_path: Path, step: int
) -> None:
    originals = [str(file) for file in real_recordings[::step]]
    assert pairs_of(originals) == []
    copies = {
        file: {how: altered_copy(file, how, tmp_path) for how in COPIES} for file in originals[::4]
    }
    files = originals + [copy for made in copies.values() for copy in made.values()]
    groups = dict(zip(files, duplicate_groups(pd.DataFrame({"file": files})), strict=True))
    missed = [
        (file, name)
        for file, made in copies.items()
        for name, copy in made.items()
        if groups[copy] != groups[file]
    ]
    assert missed == []
    assert len(set(groups.values())) == len(originals)


def test_takes_of_one_sentence_by_one_actor_are_different_recordings(corpora: Path) -> None:
    files = [str(file) for file in sorted((corpora / "ravdess" / "Actor_07").glob("*.flac"))]
    assert len(files) == 60
    (pair,) = pairs_of(files)
    assert Path(files[pair.first]).stem == "03-01-03-01-02-01-07"
    assert Path(files[pair.second]).stem == "03-01-03-01-02-02-07"
    assert pair.how == "bytes"


def test_synthetic_voices_that_differ_by_chance_alone_are_different_recordings(
    clean: pd.DataFrame,
) -> None:
    assert len(set(duplicate_groups(clean, jobs=1))) == len(clean)


def test_a_pair_states_how_it_is_identical(twin: pd.DataFrame, tmp_path: Path) -> None:
    file = twin["file"][0]
    copied = shutil.copy(file, tmp_path / "copy.wav")
    padded = alter(file, tmp_path / "padded.wav", lambda x, rate: np.pad(x, (rate, 7)))
    louder = alter(file, tmp_path / "quieter.wav", lambda x, _: 0.5 * x[4000:])
    noise = np.random.default_rng(0)
    noisy = alter(file, tmp_path / "noisy.wav", lambda x, _: x + noise.normal(0, 0.003, len(x)))
    softer = alter(file, tmp_path / "soft.wav", lambda x, _: 0.5 * x)
    others = {copied: "bytes", padded: "samples", louder: "take", noisy: "take", softer: "samples"}
    with WorkerPool() as pool:
        for other, how in others.items():
            (pair,) = pairs_of([file, other], pool)
            assert pair.how == how, other


def test_copies_of_copies_are_one_group(tmp_path: Path) -> None:
    chain = [Pair(a, b, "take", 0.9) for a, b in pairwise((5, 3, 4, 1))]
    assert groups_of(7, chain).tolist() == [0, 1, 2, 1, 1, 1, 6]


def test_groups_keep_copies_in_one_fold(twin: pd.DataFrame, tmp_path: Path) -> None:
    copies = twin.iloc[::6].copy()
    copies["file"] = [
        alter(file, tmp_path / f"{number}.wav", lambda x, _: 0.3 * x[800:])
        for number, file in enumerate(copies["file"])
    ]
    table = pd.concat([twin, copies], ignore_index=True)
    groups = duplicate_groups(table, jobs=1)
    assert len(set(groups)) == len(twin)
    fold = assign_folds("random", table["emotion"], table["speaker"], audio=groups)
    assert (pd.Series(fold).groupby(groups).nunique() == 1).all()


def test_segments_are_compared_by_their_own_sound(twin: pd.DataFrame) -> None:
    one, other = twin["file"][:2]
    table = pd.DataFrame(
        {
            "file": [one, one, one, other],
            "start": [0.0, 0.6, 0.05, 0.0],
            "end": [0.6, 1.1, 0.6, 0.6],
        }
    )
    assert duplicate_groups(table, jobs=1).tolist() == [0, 1, 0, 3]


def test_recordings_that_cannot_be_used_are_in_no_group_but_with_the_same_bytes(
    tmp_path: Path,
) -> None:
    for name, content in (("a.wav", b"x"), ("b.wav", b"x"), ("c.wav", b"y")):
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav", "no.wav", "none.wav")]
    assert duplicate_groups(pd.DataFrame({"file": files}), jobs=1).tolist() == [0, 0, 2, 3, 4]
