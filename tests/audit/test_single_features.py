"""Features that give the class away are named; features of a voice are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import featser
from featser.audit.checks.single_features import (
    GIVEN_AWAY,
    FeatureBlock,
    Labelled,
    single_feature_findings,
    single_feature_recalls,
)
from featser.features.embeddings.table_embedding import table_keys
from tests.flow import featser as run_featser
from tests.flow import featser_here

N_SPEAKERS, N_EACH = 16, 24
CLASSES = ("angry", "happy", "neutral", "sad")


def labelled(n_classes: int = 4) -> Labelled:
    codes = np.arange(N_SPEAKERS * N_EACH) % n_classes
    fold = np.repeat(np.arange(N_SPEAKERS), N_EACH)
    return Labelled("emotion", CLASSES[:n_classes], codes, fold, True)


def noise(width: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(N_SPEAKERS * N_EACH, width))


def block(X: NDArray[np.float64], *, computed_here: bool = True) -> FeatureBlock:
    names = [f"v{column}" for column in range(X.shape[1])]
    return FeatureBlock("table-embedding:t.csv", names, X, computed_here)


def test_thousands_of_random_features_give_no_warning() -> None:
    for n_classes in (3, 4):
        assert single_feature_findings([block(noise(5000))], labelled(n_classes)) == []


def test_an_informative_feature_of_a_voice_gives_no_warning() -> None:
    """Two thirds of the distance to the next class is noise, as of loudness by emotion."""
    label = labelled()
    X = label.codes[:, None] + 0.7 * noise(1)
    uar, _ = single_feature_recalls(X, label)
    assert uar[0] > 0.5
    assert single_feature_findings([block(X)], label) == []


@pytest.mark.parametrize("n_classes", [3, 4])
def test_a_column_sorted_by_class_is_named(n_classes: int) -> None:
    """The row numbers of a table that was sorted by class."""
    label = labelled(n_classes)
    X = noise(6)
    X[np.argsort(label.codes, kind="stable"), 3] = np.arange(len(X))
    (finding,) = single_feature_findings([block(X)], label)
    assert (finding.kind, finding.severity) == (GIVEN_AWAY, "warning")
    assert [row["feature"] for row in finding.table] == ["v3"]
    assert finding.table[0]["UAR"] > 0.9
    assert "`v3` of table-embedding:t.csv alone predicts `emotion`" in finding.message
    assert "new speakers" in finding.message


def test_a_feature_that_has_words_is_named_by_them_and_by_its_name() -> None:
    label = labelled(3)
    X = label.codes[:, None].astype(float)
    name = "gemaps.F0semitoneFrom27.5Hz_sma3nz_pctlrange0-2"
    (finding,) = single_feature_findings([FeatureBlock("gemaps", [name], X)], label)
    assert finding.table[0]["feature"] == f"F0 range ({name})"
    assert f"the feature 'F0 range' (`{name}`) of gemaps alone predicts" in finding.message


def test_one_column_per_class_is_named_although_each_tells_one_class_only() -> None:
    label = labelled()
    X = np.eye(4)[label.codes]
    (finding,) = single_feature_findings([block(X)], label)
    assert [row["best class"] for row in finding.table] == list(CLASSES)
    assert all(row["UAR"] < 0.6 and row["its UAR"] == 1 for row in finding.table)
    assert "so do 3 more of its features" in finding.message


def test_a_code_spread_over_all_columns_is_reported_for_the_extractor() -> None:
    """No single column shows the class, and featser does not compute the values itself."""
    label = labelled()
    codes = np.random.default_rng(1).normal(size=(4, 40))
    X = codes[label.codes] + 1.2 * noise(40)
    uar, one_class = single_feature_recalls(X, label)
    assert uar.max() < 0.7
    assert one_class.max() < 0.95
    (finding,) = single_feature_findings([block(X, computed_here=False)], label)
    assert "together predict `emotion`" in finding.message
    assert single_feature_findings([block(X)], label) == []


def test_missing_values_that_follow_the_class_are_named() -> None:
    label = labelled(3)
    X = noise(2)
    X[label.codes == 1, 1] = np.nan
    (finding,) = single_feature_findings([block(X)], label)
    assert [row["feature"] for row in finding.table] == ["v1"]


def test_two_classes_are_not_tested() -> None:
    """One feature of the voice can separate two classes, such as loudness anger and sadness."""
    label = labelled(2)
    assert single_feature_findings([block(label.codes[:, None] + 0.1 * noise(1))], label) == []


def test_few_rows_give_no_warning() -> None:
    """With 40 rows the best of 5,000 random features would come close to a threshold."""
    codes = np.arange(40) % 4
    label = Labelled("emotion", CLASSES, codes, np.arange(40) // 10, True)
    assert single_feature_findings([block(codes[:, None].astype(float))], label) == []


@given(seed=st.integers(0, 1000), scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
def test_recalls_depend_on_the_order_of_values_only(seed: int, scale: float, shift: float) -> None:
    label = labelled()
    X = np.round(noise(3, seed), 3)
    expected = single_feature_recalls(X, label)
    for actual, value in zip(single_feature_recalls(X * scale, label), expected, strict=True):
        np.testing.assert_allclose(actual, value)
    moved = single_feature_recalls(np.exp(X / 4) + shift * 0, label)
    np.testing.assert_allclose(moved[0], expected[0])


def test_recalls_of_a_fold_come_from_the_other_folds() -> None:
    """A feature whose meaning turns with the speaker predicts nothing on new speakers."""
    label = labelled(2)
    sign = np.where(label.fold % 2 == 0, 1.0, -1.0)
    X = ((2 * label.codes - 1) * sign)[:, None]
    uar, _ = single_feature_recalls(X, label)
    assert uar[0] < 0.5


@pytest.mark.slow
def test_fit_warns_of_a_table_that_was_sorted_by_class(voices: Path, tmp_path: Path) -> None:
    files = sorted(voices.glob("*.flac"), key=lambda file: file.stem.split("-")[1])
    honest = np.random.default_rng(0).normal(size=len(files))
    keys = table_keys(pd.DataFrame({"file": [str(file) for file in files]}))["key"]
    table = pd.DataFrame({"key": keys, "row": np.arange(64.0), "v": honest})
    table.to_parquet(tmp_path / "t.parquet")
    spec = "table-embedding:t.parquet"
    arguments = ("--corpus", "demo", "-f", "mfcc:basic", "-f", spec, "-j", 1)
    shown = run_featser("extract", voices, *arguments, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    shown = featser_here("fit", "-m", "lda", "-t", "emotion", "-j", 1, "-o", "run", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"audit: warning: {GIVEN_AWAY}: the feature" in " ".join(shown.stdout.split())
    findings = json.loads((tmp_path / "run" / "audit.json").read_text(encoding="utf-8"))
    (finding,) = [row for row in findings if row["kind"] == GIVEN_AWAY]
    assert [row["feature"] for row in finding["table"]] == ["table-embedding.row"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8").lower()
    assert GIVEN_AWAY in page
    assert "the feature <code>table-embedding.row</code> of table-embedding" in page


@pytest.mark.slow
def test_features_of_real_voices_stay_below_the_thresholds(corpora: Path) -> None:
    """EmoDB has the highest figures of the three corpora: few speakers, clear acting."""
    rows = featser.scan("emodb", corpora / "emodb").manifest
    files = [str(corpora / "emodb" / file) for file in rows["file"]]
    features = featser.extract_features(files, ["gemaps-contours", "timbre", "voice"])
    for classes in (sorted(set(rows["emotion"])), ["angry", "fearful", "neutral", "sad"]):
        chosen = rows["emotion"].isin(classes).to_numpy()
        label = rows["emotion"][chosen].astype(str).to_numpy(dtype=str)
        fold = np.unique(rows["speaker"][chosen], return_inverse=True)[1]
        codes = np.searchsorted(classes, label)
        labelled_rows = Labelled("emotion", classes, codes, fold, True)
        X = features.to_numpy()[chosen]
        uar, _ = single_feature_recalls(X, labelled_rows)
        assert uar.max() > 0.4, "the probe finds what the features hold"
        assert single_feature_findings([block(X)], labelled_rows) == []
