"""The model ``open``: fitted once on the corpora that featser brings, and honest about it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from featser.auxiliary import auxiliary_lookup
from featser.auxiliary.auxiliary_files import write_auxiliary
from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.auxiliary.feature_origin import FeatureOrigin
from featser.corpora.manifest import read_manifest
from featser.errors import AuxiliaryError, OutputError
from featser.features.registry import make_extractor, make_extractors
from featser.models.bundle import load_bundle
from featser.store.feature_store import Store
from featser.studies import open_model as module
from featser.studies.open_model import fit_open, open_model, statement
from featser.tasks import Task
from tests.auxiliary.small_tables import small_table
from tests.flow import featser_here

MFCC = "mfcc:basic"


@pytest.fixture
def brought(extracted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two corpora of voices; one of them has a class of its own."""
    manifest = read_manifest(extracted / "featser-store" / "manifest.parquet")
    extractor = make_extractor(MFCC)
    values = Store(extracted / "featser-store").read(extractor, manifest["key"].tolist())
    folder = tmp_path / "brought"
    folder.mkdir()
    for number, name in enumerate(("first", "second")):
        rows = manifest[["file", "speaker", "language", "emotion", "key"]].assign(corpus=name)
        rows["key"] = [f"{number}{row:031x}" for row in range(len(rows))]
        rows["file"] = [f"{row}.wav" for row in range(len(rows))]
        if number:
            rows["emotion"] = rows["emotion"].replace("sad", "bored")
        moved = (values + number * 0.1 * np.nanstd(values, axis=0)).astype(np.float32)
        classes = tuple(sorted(set(rows["emotion"])))
        table = AuxiliaryTable(
            name, rows, {MFCC: FeatureOrigin.of(extractor)}, {MFCC: moved}, "CC0", "A. Author",
            "https://example.org", (Task("emotion", classes=classes),),
        )  # fmt: skip
        write_auxiliary(table, folder / f"{name}.parquet")
    monkeypatch.setattr(auxiliary_lookup, "shipped_folder", lambda: folder)
    monkeypatch.setattr(module, "DEFAULT_FEATURES", (MFCC,))
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    return folder


def test_it_is_fitted_once_and_says_what_it_is_with_every_prediction(
    brought: Path, tmp_path: Path, voices: Path
) -> None:
    files = sorted(voices.glob("*.flac"))[:2]
    shown = featser_here("predict", "--model", "open", *files, "-j", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("emotion=") == 2
    assert "model 'open': fitted on acted speech of 2 corpora, first (" in shown.stderr
    assert "CC0), second (" in shown.stderr
    assert "On a corpus that it was not fitted on: emotion UAR " in shown.stderr
    (path,) = (tmp_path / "cache" / "models").iterdir()
    written = path.stat().st_mtime_ns
    again = featser_here("predict", "open", *files, "-j", "1", cwd=tmp_path)
    assert again.stdout == shown.stdout
    assert path.stat().st_mtime_ns == written
    bundle = load_bundle(path)
    assert bundle.tasks[0].classes == ("angry", "happy", "neutral")
    assert bundle.training["utterances"] == 96, "rows of a class that one corpus lacks are left out"
    assert [one["licence"] for one in bundle.training["open"]] == ["CC0", "CC0"]


def test_a_cache_that_cannot_be_written_is_refused_before_the_fit(
    brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file", "utf-8")
    monkeypatch.setattr(module, "fit_open", lambda *_: pytest.fail("it was fitted"))
    with pytest.raises(OutputError, match="cannot be written"):
        open_model(1)


def test_other_corpora_are_another_model(brought: Path) -> None:
    before = open_model(1)
    table = auxiliary_lookup.find_auxiliary("open")[0]
    write_auxiliary(replace(table, licence="CC BY 4.0"), brought / "first.parquet")
    after = open_model(1)
    assert before != after
    assert ", CC BY 4.0)" in statement(load_bundle(after).training)


def test_figures_are_of_corpora_that_a_model_was_not_fitted_on(brought: Path) -> None:
    """The second corpus is the first with shuffled labels: its figure is about chance."""
    first, second = auxiliary_lookup.find_auxiliary("open")
    rng = np.random.default_rng(0)
    rows = second.rows.assign(emotion=rng.permutation(second.rows["emotion"].to_numpy()))
    wrong = replace(second, rows=rows, values={MFCC: second.values[MFCC]})
    training = fit_open([first, wrong], make_extractors([MFCC]), 1).training
    figures = training["metrics"]["leave-one-corpus-out"]["emotion"]
    assert figures["first"]["value"] < 0.6
    assert figures["second"]["value"] < 0.6
    right = fit_open([first, second], make_extractors([MFCC]), 1).training
    assert right["metrics"]["leave-one-corpus-out"]["emotion"]["second"]["value"] > 0.8


def test_a_single_corpus_or_other_features_are_refused() -> None:
    with pytest.raises(AuxiliaryError, match="needs two corpora or more"):
        fit_open([small_table()], make_extractors(["gemaps"]), 1)
    pair = [small_table(), small_table(seed=1)]
    with pytest.raises(AuxiliaryError, match="lacks the features timbre"):
        fit_open(pair, make_extractors(["timbre"]), 1)


def test_a_file_called_open_is_a_bundle_of_the_user(
    brought: Path, tmp_path: Path, voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").write_bytes(b"no bundle")
    shown = featser_here("predict", "open", next(voices.glob("*.flac")), cwd=tmp_path)
    assert shown.returncode != 0
    assert not (tmp_path / "cache" / "models").exists()


def test_models_of_earlier_versions_leave_the_cache(
    brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two are retained, for two installations with one cache; other files are left alone."""
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    other = folder / "mine.featser"
    for age, file in enumerate([other, *(folder / f"open-{name}.featser" for name in "abc")]):
        file.write_bytes(b"old")
        os.utime(file, (1000 - age, 1000 - age))
    path = open_model(n_jobs=1)
    assert sorted(folder.iterdir()) == sorted([path, folder / "open-a.featser", other])
