"""``--aux``: what of other corpora a fit uses, and what it says of them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.api.predict import predict
from featser.auxiliary.auxiliary_files import write_auxiliary
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.feature_origin import FeatureOrigin
from featser.corpora.manifest import read_manifest
from featser.errors import AuxiliaryError
from featser.experiment.loading.auxiliary_data import load_auxiliary, same_recordings
from featser.experiment.recipe import load_recipe
from featser.features.registry import make_extractor
from featser.models.bundle import load_bundle
from featser.store.feature_store import Store
from featser.tasks import Task
from tests.auxiliary.small_tables import small_table
from tests.flow import featser_here

MFCC = "mfcc:basic"
QUICK = ("-f", MFCC, "-t", "emotion", "--model", "logistic", "--jobs", "1", "--no-audit")


def _written(table: AuxiliaryTable, tmp_path: Path) -> str:
    return str(write_auxiliary(table, tmp_path / f"{table.name}.parquet"))


@pytest.fixture
def others(extracted: Path) -> AuxiliaryTable:
    """Other voices: features of the demo's, moved, with the same emotions."""
    manifest = read_manifest(extracted / "featser-store" / "manifest.parquet")
    extractor = make_extractor(MFCC)
    values = Store(extracted / "featser-store").read(extractor, manifest["key"].tolist())
    rng = np.random.default_rng(0)
    spread = np.nanstd(values, axis=0)
    moved = (values + spread * rng.normal(0.5, 0.7, values.shape)).astype(np.float32)
    rows = manifest.assign(
        corpus="elsewhere",
        file=[f"{row}.wav" for row in range(len(manifest))],
        key=[f"{row:032x}" for row in range(len(manifest))],
    )
    classes = tuple(sorted(set(rows["emotion"])))
    return AuxiliaryTable(
        "elsewhere",
        rows[["file", "speaker", "language", "corpus", "emotion", "key"]],
        {extractor.spec: FeatureOrigin.of(extractor)},
        {extractor.spec: moved},
        "CC0",
        "A. Author, 2020",
        "https://example.org",
        (Task("emotion", classes=classes),),
    )


@pytest.mark.parametrize("norm", ["none", "transductive", "enrol:2"])
def test_a_fit_says_what_it_was_trained_on_as_well(
    norm: str, extracted: Path, others: AuxiliaryTable, tmp_path: Path, voices: Path
) -> None:
    run, path = tmp_path / "run", _written(others, tmp_path)
    relative = os.path.relpath(path, extracted)
    shown = featser_here(
        "fit", *QUICK, "--aux", relative, "--speaker-norm", norm, "-o", run, cwd=extracted
    )
    assert shown.returncode == 0, shown.stderr
    assert load_recipe(run / "recipe.yaml").aux == (path,)
    described = json.loads((run / "run.json").read_text("utf-8"))
    corpus = {"name": "elsewhere", "utterances": 64, "speakers": 4, "licence": "CC0",
              "citation": "A. Author, 2020", "source": "https://example.org"}  # fmt: skip
    (recorded,) = described["auxiliary"]
    assert load_bundle(run / "model.featser").training["auxiliary"] == [recorded]
    assert len(recorded.pop("checksum")) == 32
    assert recorded == corpus
    assert described["model"] == "logistic; auxiliary corpora elsewhere"
    report = (run / "report.html").read_text("utf-8")
    assert "64 of 64 utterances with labels for `emotion`" in shown.stderr + shown.stdout
    assert "emotion: auxiliary corpora: weight " in report
    assert len(pd.read_parquet(run / "predictions.parquet")) == 64
    if norm == "none":
        assert len(predict(run / "model.featser", sorted(voices.glob("*.flac"))[:2])) == 2


@pytest.mark.slow
def test_a_table_with_another_label_or_value_has_another_checksum(
    extracted: Path, others: AuxiliaryTable, tmp_path: Path
) -> None:
    relabelled = others.rows.assign(emotion=others.rows["emotion"].to_numpy()[::-1])
    moved = {spec: values + np.float32(1) for spec, values in others.values.items()}
    checksums = []
    tables = (others, others, replace(others, rows=relabelled), replace(others, values=moved))
    for number, table in enumerate(tables):
        folder = tmp_path / str(number)
        folder.mkdir()
        run, path = folder / "run", _written(table, folder)
        assert featser_here("fit", *QUICK, "--aux", path, "-o", run, cwd=extracted).returncode == 0
        (corpus,) = json.loads((run / "run.json").read_text("utf-8"))["auxiliary"]
        checksums.append(corpus["checksum"])
    assert checksums[0] == checksums[1]
    assert len(set(checksums)) == 3


@pytest.mark.parametrize("coupling", ["chain", "stacked", "powerset"])
@pytest.mark.slow
def test_coupled_tasks_use_auxiliary_rows_too(
    coupling: str, extracted: Path, others: AuxiliaryTable, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    arguments = [one if one != "emotion" else "emotion" for one in QUICK]
    shown = featser_here(
        "fit", *arguments, "-t", "gender", "--coupling", coupling, "--aux",
        _written(others, tmp_path), "-o", run, cwd=extracted,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    predictions = pd.read_parquet(run / "predictions.parquet")
    assert predictions.filter(like=".p[").notna().all(axis=None)


def test_the_corpus_of_the_data_is_left_out_and_nothing_else_left_is_an_error(
    extracted: Path, others: AuxiliaryTable, tmp_path: Path
) -> None:
    path = _written(replace(others, rows=others.rows.assign(corpus="demo")), tmp_path)
    shown = featser_here("fit", *QUICK, "--aux", path, cwd=extracted)
    assert shown.returncode != 0
    reason = (
        "no row is left: auxiliary corpus 'elsewhere' is left out: it is the corpus of the data"
    )
    assert reason in shown.stderr


def test_models_without_weights_and_unknown_corpora_are_refused(extracted: Path) -> None:
    shown = featser_here("fit", *QUICK, "--model", "knn", "--aux", "emodb", cwd=extracted)
    assert "--model knn does not: use --model vote" in shown.stderr
    shown = featser_here("fit", *QUICK, "--aux", "emodbb", cwd=extracted)
    assert "unknown auxiliary corpus 'emodbb'" in shown.stderr


def _target(table: AuxiliaryTable, rows: Any) -> tuple[Any, np.ndarray, pd.DataFrame]:
    extractor = make_extractor("gemaps")
    manifest = table.rows.iloc[rows].assign(corpus="target").reset_index(drop=True)
    return extractor, table.values["gemaps"][rows], manifest


def test_recordings_of_the_data_are_left_out_with_their_speakers(tmp_path: Path) -> None:
    """By bytes (row 0, of speaker s0) and by features (row 5, of speaker s1)."""
    table = small_table(40)
    extractor, X, manifest = _target(small_table(40, seed=1), np.arange(20))
    manifest["key"] = [f"{row + 900:032x}" for row in range(20)]
    manifest.loc[3, "key"] = table.rows["key"][0] + "@0.0-1.0"
    X[7] = table.values["gemaps"][5]
    made = load_auxiliary([_written(table, tmp_path)], [extractor], X, manifest, by_speaker=False)
    assert len(made.X) == 20
    assert {name.split(": ")[1] for name in made.speaker} == {"s2", "s3"}
    assert made.notes == [
        "auxiliary corpus 'own': 2 utterances are in the data as well; all 20 utterances of their "
        "speakers are left out"
    ]
    rows, notes = made.matched([Task("emotion", classes=("sad", "angry"))], manifest)
    assert rows is not None
    assert len(rows.X) == len(rows.labels) == rows.labels["emotion"].notna().sum()
    assert set(rows.labels["emotion"]) == {"sad", "angry"}
    assert "left out, since the task has no such class: happy" in notes[0]
    own = table.rows.iloc[[row for row in range(40) if row % 4 in (2, 3)]]
    expected = own["emotion"][own["emotion"].isin(["sad", "angry"])].tolist()
    assert rows.labels["emotion"].tolist() == expected


def test_a_recording_of_two_auxiliary_corpora_counts_once(tmp_path: Path) -> None:
    """A table that is named by two paths, and another table of the same name."""
    table = small_table(12)
    other = replace(table, rows=table.rows.assign(key=[f"{row + 6:032x}" for row in range(12)]))
    paths = [_written(table, tmp_path), str(tmp_path / "again.parquet"), ""]
    Path(paths[1]).write_bytes(Path(paths[0]).read_bytes())
    paths[2] = str(write_auxiliary(other, tmp_path / "other.parquet"))
    extractor, X, manifest = _target(small_table(12, seed=1), np.arange(12))
    manifest["key"] = [f"{row + 900:032x}" for row in range(12)]
    made = load_auxiliary(paths, [extractor], X, manifest, by_speaker=False)
    assert len(made.X) == 18
    assert made.notes == [
        "auxiliary corpus 'own-2': 12 utterances of another auxiliary corpus are left out, since "
        "each counts once",
        "auxiliary corpus 'own-3': 6 utterances of another auxiliary corpus are left out, since "
        "each counts once",
    ]
    described = made.described([Task("emotion", classes=("sad", "angry"))], manifest)
    rows, _ = made.matched([Task("emotion", classes=("sad", "angry"))], manifest)
    assert rows is not None
    assert [one["name"] for one in described] == ["own", "own-3"]
    assert sum(one["utterances"] for one in described) == len(rows.X) < 18
    assert made.described([Task("mood", classes=("good", "bad"))], manifest) == []


def test_rows_without_a_corpus_are_of_no_corpus_of_the_data(tmp_path: Path) -> None:
    nameless = small_table(12)
    nameless = replace(nameless, rows=nameless.rows.assign(corpus=pd.Series([None] * 12)))
    extractor, X, manifest = _target(small_table(12, seed=1), np.arange(12))
    manifest = manifest.assign(key=[f"{row + 900:032x}" for row in range(12)], corpus="")
    path = _written(nameless, tmp_path)
    assert len(load_auxiliary([path], [extractor], X, manifest, by_speaker=False).X) == 12


def test_rows_without_a_speaker_are_left_out_where_speakers_are_normalised(tmp_path: Path) -> None:
    table = small_table(12)
    table.rows.loc[[2, 7], "speaker"] = None
    extractor, X, manifest = _target(small_table(12, seed=1), np.arange(12))
    manifest["key"] = [f"{row + 900:032x}" for row in range(12)]
    path, task = _written(table, tmp_path), Task("emotion", classes=("angry", "happy", "sad"))
    made = load_auxiliary([path], [extractor], X, manifest, by_speaker=False)
    (corpus,) = made.described([task], manifest)
    assert (corpus["utterances"], corpus["speakers"]) == (11, 4)
    normalised = load_auxiliary([path], [extractor], X, manifest, by_speaker=True)
    assert len(normalised.X) == 10
    assert normalised.notes == [
        "auxiliary corpus 'own': 2 utterances without a speaker are left out, since features are "
        "normalised by speaker"
    ]


def test_two_utterances_that_are_alike_are_not_the_same_recording() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 600)).astype(np.float32)
    halves = X.astype(np.float16).astype(np.float32)
    assert same_recordings(halves, X).all()
    assert not same_recordings(X + rng.normal(0, 0.3, X.shape).astype(np.float32), X).any()
    constant = np.ones((5, 4), dtype=np.float32)
    assert not same_recordings(constant, constant).any()


def test_features_of_another_extractor_are_refused_with_the_command(tmp_path: Path) -> None:
    table = small_table(12, ("rhythm",))
    extractor, X, manifest = _target(small_table(12), np.arange(12))
    with pytest.raises(AuxiliaryError, match="featser aux add own --data own=FOLDER -f gemaps"):
        load_auxiliary([_written(table, tmp_path)], [extractor], X, manifest, by_speaker=False)
