"""The protocols are scikit-learn splitters that can be used on their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from featser.errors import ProtocolError
from featser.evaluation.protocols import splitters
from featser.evaluation.protocols.folding import make_folds

ROWS = 84
SPEAKER = np.repeat([f"s{number:02d}" for number in range(14)], 6)
SENTENCE = np.tile(["a", "b", "c"], 28)
SPLIT = np.where(np.arange(ROWS) % 7, "train", "test")
LABEL = np.random.default_rng(0).choice(["angry", "sad"], ROWS)


SPLITTERS = pytest.mark.parametrize(
    ("splitter", "groups", "count"),
    [
        (splitters.SpeakerIndependent(seed=1), SPEAKER, 6),
        (splitters.LeaveOneSpeakerOut(), SPEAKER, 14),
        (splitters.SentenceIndependent(), SENTENCE, 3),
        (splitters.SpeakerAndSentenceIndependent(), np.stack([SPEAKER, SENTENCE], axis=1), 18),
        (splitters.LeaveOneCorpusOut(), SENTENCE, 3),
        (splitters.CrossCorpus(test=["a"]), SENTENCE, 1),
        (splitters.FixedSplit(), SPLIT, 1),
        (splitters.PublishedFolds(), SPEAKER, 14),
    ],
    ids=lambda value: type(value).__name__,
)


@SPLITTERS
def test_a_splitter_makes_its_protocols_folds(
    splitter: Any, groups: np.ndarray, count: int
) -> None:
    X = np.zeros((ROWS, 1))
    scores = cross_val_score(DummyClassifier(), X, LABEL, groups=groups, cv=splitter)
    assert len(scores) == count == splitter.get_n_splits(groups=groups)


@SPLITTERS
def test_splitter_with_metadata_routing_receives_groups(
    splitter: Any, groups: np.ndarray, count: int
) -> None:
    X, params = np.zeros((ROWS, 1)), {"groups": groups}
    with config_context(enable_metadata_routing=True):
        scores = cross_validate(DummyClassifier(), X, LABEL, params=params, cv=splitter)
        search = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=splitter)
        search.fit(X, LABEL, groups=groups)
    assert len(scores["test_score"]) == count == search.n_splits_


def test_a_splitters_rows_are_those_of_the_protocol() -> None:
    table = pd.DataFrame({"speaker": SPEAKER, "sentence": SENTENCE})
    name = "speaker-and-sentence-independent"
    expected = make_folds(name, table, LABEL, np.arange(ROWS)).splits()
    splits = splitters.SpeakerAndSentenceIndependent().split(None, LABEL, table)
    for one, two in zip(expected, splits, strict=True):
        assert [part.tolist() for part in one] == [part.tolist() for part in two]


def test_groups_that_are_missing_or_too_few_are_refused() -> None:
    with pytest.raises(ProtocolError, match="SpeakerIndependent needs groups: pass groups=speaker"):
        next(splitters.SpeakerIndependent().split(None, LABEL))
    both = splitters.SpeakerAndSentenceIndependent()
    with pytest.raises(ProtocolError, match=r"2 columns of groups \(speaker and sentence\), got 1"):
        next(both.split(None, LABEL, SPEAKER))
