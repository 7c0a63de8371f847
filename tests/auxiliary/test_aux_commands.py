"""``featser aux``: a corpus becomes a table in the user's cache folder, and goes again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.api.stored import auxiliary
from featser.auxiliary import auxiliary_lookup
from featser.auxiliary.auxiliary_files import write_auxiliary
from featser.auxiliary.auxiliary_lookup import find_auxiliary
from featser.corpora.card import load_card
from featser.corpora.manifest import read_manifest
from featser.errors import FeatserError
from featser.features.registry import make_extractor
from featser.features.sets.rhythm import Rhythm
from featser.store.feature_store import Store
from tests.auxiliary.small_tables import small_table
from tests.flow import featser_here


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder; featser brings no tables."""
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(auxiliary_lookup, "shipped_folder", lambda: None)
    return tmp_path / "cache"


def test_add_list_remove(cache: Path, extracted: Path, tmp_path: Path, voices: Path) -> None:
    """The store has the features already; its last extraction stays what it was."""
    store = shutil.copytree(extracted / "featser-store", tmp_path / "store")
    before = (store / "source.json").read_bytes()
    add = ("aux", "add", "demo", "--data", f"demo={voices}", "--store", store)
    shown = featser_here(*add, "-f", "mfcc:basic", "-j", "1")
    assert shown.returncode == 0, shown.stderr
    card = load_card("demo")
    assert "0 done, 64 reused, 0 unusable" in shown.stdout
    assert f"licence: {card.licence} (" in shown.stdout
    assert "cite: " in shown.stdout
    assert "added 'demo': 64 utterances, 4 speakers, labels: emotion, " in shown.stdout
    assert "`featser fit --aux demo` trains with it" in shown.stdout
    assert (store / "source.json").read_bytes() == before

    (table,) = find_auxiliary("demo")
    mfcc = make_extractor("mfcc:basic")
    np.testing.assert_allclose(
        table.features(mfcc), Store(store).read(mfcc, table.rows["key"].tolist()), rtol=2**-10
    )
    manifest = read_manifest(store / "manifest.parquet")
    assert table.rows["key"].tolist() == manifest["key"].tolist()
    assert table.rows["file"].tolist() == [Path(file).name for file in manifest["file"]]
    assert table.rows["emotion"].tolist() == manifest["emotion"].tolist()

    shown = featser_here("aux", "list")
    assert "demo" in shown.stdout
    assert "mfcc:basic" in shown.stdout
    assert f"added ones are in {cache / 'auxiliary'}" in shown.stdout
    shown = featser_here("aux", "remove", "demo")
    assert shown.returncode == 0
    assert not list((cache / "auxiliary").iterdir())
    assert "no auxiliary corpora: `featser aux add" in featser_here("aux", "list").stdout


def test_add_manifest_with_segments_and_without_card(
    cache: Path, voices: Path, tmp_path: Path
) -> None:
    files = sorted(voices.glob("*.flac"))[:4]
    missing = tmp_path / "none.flac"
    table = pd.DataFrame(
        {
            "file": [str(file) for file in [missing, *files, files[0]]],
            "start": [0.0, 0.0, 0.0, 0.0, 0.0, 0.5],
            "end": [1.0, 0.5, 0.5, 0.5, 0.5, 1.0],
            "speaker": ["b", "a", "b", "a", "b", "a"],
            "mood": ["up", "up", "down", "up", "down", None],
        }
    )
    table.to_csv(tmp_path / "clinic.csv", index=False)
    shown = featser_here(
        "aux", "add", "clinic", tmp_path / "clinic.csv", "-f", "mfcc:basic", "-j", "1", cwd=tmp_path
    )
    assert shown.returncode == 0, shown.stderr
    assert "none.flac" in shown.stdout
    assert "added 'clinic': 5 utterances, 2 speakers, labels: mood" in shown.stdout
    assert "licence: not known" in shown.stdout
    (added,) = find_auxiliary("clinic")
    assert added.rows["start"].tolist() == table["start"].tolist()[1:]
    assert added.rows["file"].tolist() == [file.name for file in [*files, files[0]]]
    assert added.rows["key"].nunique() == 5


@pytest.mark.parametrize(
    ("source", "card"), [("s3://bucket/demo", "demo"), ("https://example.org/rows.csv", None)]
)
def test_card_of_the_name_reads_folders_and_no_manifests(
    source: str, card: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest on a web server is refused with a card."""
    asked = []

    def refuse(source: object, corpus: str | None, data: object) -> None:
        asked.append((source, corpus))
        raise FeatserError("not reachable here")

    monkeypatch.setattr(auxiliary, "list_source", refuse)
    for arguments in ({"source": source}, {"data": {"demo": source}}):
        with pytest.raises(FeatserError, match="not reachable here"):
            auxiliary.add_auxiliary("demo", **arguments)
    assert asked == [(source, card)] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ravdess",), "its recordings are needed: add --data ravdess=FOLDER"),
        (("ravdess", "--data", "ravdess"), "write CORPUS=FOLDER"),
        (("open", "--data", "open=."), "'open' stands for all tables"),
        (("../x", "--data", "../x=."), "cannot be the name of an auxiliary corpus"),
        (("own", "none.csv"), "none.csv"),
        (("demo", ".", "-f", "mfccs"), "unknown extractor 'mfccs'"),
    ],
)
def test_add_refused_requests_write_nothing(
    cache: Path, voices: Path, arguments: tuple[str, ...], message: str
) -> None:
    shown = featser_here("aux", "add", *arguments, cwd=voices)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert shown.stderr.count("\n") == 1
    assert not cache.exists()
    assert not (voices / "featser-store").exists()


def test_add_of_a_folder_that_no_layout_is_recognised_in_is_refused(
    cache: Path, tmp_path: Path
) -> None:
    shown = featser_here("aux", "add", "own", ".", cwd=tmp_path)
    assert shown.returncode == 2
    assert "a folder needs --corpus CARD" in shown.stderr
    assert not cache.exists()


def test_add_without_usable_recordings_names_the_first_reason(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    pd.DataFrame({"file": ["a.wav"], "emotion": ["sad"]}).to_csv(tmp_path / "m.csv", index=False)
    shown = featser_here("aux", "add", "own", "m.csv", "-f", "mfcc:basic", "-j", "1", cwd=tmp_path)
    assert shown.returncode == 2
    assert "none of 1 utterance has the features mfcc:basic; the first: " in shown.stderr
    assert "a.wav" in shown.stderr
    assert not cache.exists()


def test_list_names_damaged_and_outdated_tables(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_auxiliary(small_table(), cache / "auxiliary" / "own.parquet")
    (cache / "auxiliary" / "bad.parquet").write_text("no table")
    monkeypatch.setattr(Rhythm, "version", 7)
    shown = featser_here("aux", "list")
    assert shown.returncode == 0
    assert "own" in shown.stdout
    assert f"not listed: {cache / 'auxiliary' / 'bad.parquet'}: not the table" in shown.stdout
    assert "note: 'own' has other features rhythm than this featser computes" in shown.stdout


def test_remove_own_tables_only(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = cache.parent / "shipped"
    write_auxiliary(small_table(), shipped / "first.parquet")
    monkeypatch.setattr(auxiliary_lookup, "shipped_folder", lambda: shipped)
    shown = featser_here("aux", "remove", "first")
    assert shown.returncode == 2
    assert "'first' comes with featser and cannot be removed" in shown.stderr
    write_auxiliary(small_table(), cache / "auxiliary" / "second.parquet")
    shown = featser_here("aux", "remove", "secnd")
    assert "did you mean 'second'? valid: second" in shown.stderr
    assert (shipped / "first.parquet").exists()


@pytest.mark.slow
@pytest.mark.corpora
def test_add_emodb_from_its_recordings(cache: Path, corpora: Path, tmp_path: Path) -> None:
    added = auxiliary.add_auxiliary(
        "emodb",
        data={"emodb": corpora / "emodb"},
        store=tmp_path / "store",
        features="rhythm",
        n_jobs=2,
    )
    assert len(added.table) == 535
    assert added.table.n_speakers == 10
    assert added.table.rows["file"].iloc[0] == "03a01Fa.flac"
    emotion = added.table.tasks[0]
    assert emotion.role == "primary"
    assert set(emotion.classes) == set(load_card("emodb").tasks["emotion"].classes)
    assert (
        added.table.rows["emotion"].value_counts().to_dict() == load_card("emodb").expected.classes
    )
