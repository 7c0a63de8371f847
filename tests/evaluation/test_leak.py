"""No fold ever has a test recording's content, copy or augmentation in its training set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import ProtocolError
from featser.evaluation.cross_fit import cross_fit
from featser.evaluation.protocols.enrolment_split import draw_enrolment
from featser.evaluation.protocols.folding import (
    PROTOCOLS,
    CorpusSplit,
    independent_units,
    inner_folds,
    make_folds,
    speaker_ids,
)
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.training_copies import Copies, trace_provenance
from featser.speakers.enrolled_folds import EnrolledSpeakers
from featser.tasks import Task

PARTS = ("train", "test", "dev", "other")
PROMISED = {
    "speaker-independent": ["speaker"],
    "leave-one-speaker-out": ["speaker"],
    "sentence-independent": ["sentence"],
    "speaker-and-sentence-independent": ["speaker", "sentence"],
    "leave-one-corpus-out": ["corpus", "speaker"],
    "cross-corpus": ["corpus", "speaker"],
    "fixed-split": [],
    "folds": ["fold"],
    "random": [],
}
"""What no fold has in both training and test, besides the recordings themselves."""
EMOTION = Task("emotion", classes=("angry", "sad"), role="primary")


class FitRecorder:
    """Record every fit; column s of a row is 1 if the row contains recording s."""

    def __init__(self, fits: list[dict[str, Any]]) -> None:
        self.fits = fits

    def __sklearn_clone__(self) -> FitRecorder:
        return FitRecorder(self.fits)

    def fit(self, X: np.ndarray, y: pd.DataFrame, **arguments: Any) -> FitRecorder:
        self.training = {"X": X, "y": y["emotion"].to_numpy(), **arguments}
        return self

    def predict(self, X: np.ndarray) -> pd.DataFrame:
        self.fits.append({**self.training, "test": X})
        return pd.DataFrame({"emotion": np.full(len(X), "sad")})

    def predict_proba(self, X: np.ndarray) -> dict[str, pd.DataFrame]:
        return {"emotion": pd.DataFrame(0.5, index=range(len(X)), columns=["angry", "sad"])}


@st.composite
def corpora_with_copies(draw: st.DrawFn) -> dict[str, Any]:
    """Some utterances, whose speaker may be unknown, whose sounds may repeat, some augmented."""
    rows = draw(st.integers(6, 40))
    speakers = draw(st.integers(2, 8))
    sounds = draw(st.integers(max(2, rows // 2), rows))
    row = st.integers(0, rows - 1)
    several = st.lists(row, min_size=1, max_size=4)
    made = draw(st.lists(several, max_size=30))
    made_of = np.full((len(made), 4), -1, dtype=np.intp)
    for number, origins in enumerate(made):
        made_of[number, : len(origins)] = origins
    return {
        "speaker": np.array([f"s{draw(st.integers(0, speakers - 1))}" for _ in range(rows)]),
        "sound": np.array([draw(st.integers(0, sounds - 1)) for _ in range(rows)]),
        "sentence": np.array([f"t{draw(st.integers(0, 3))}" for _ in range(rows)]),
        "corpus": np.array([f"c{draw(st.integers(0, 2))}" for _ in range(rows)]),
        "split": np.array([draw(st.sampled_from(PARTS)) for _ in range(rows)]),
        "fold": np.array([draw(st.sampled_from(["", "1", "2", "10"])) for _ in range(rows)]),
        "label": np.array(draw(st.lists(st.sampled_from(["angry", "sad"]), min_size=rows,
                                        max_size=rows))),
        "made_of": made_of,
        "seed": draw(st.integers(0, 99)),
    }  # fmt: skip


def sounds_in(sound: np.ndarray, made_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features that encode which recordings utterances and copies contain."""
    own = np.eye(sound.max() + 1, dtype=np.float32)[sound]
    mixed = [own[origins[origins >= 0]].max(axis=0) for origins in made_of]
    return own, np.array(mixed, dtype=np.float32).reshape(len(made_of), own.shape[1])


def test_every_protocol_has_a_promise() -> None:
    assert set(PROMISED) == set(PROTOCOLS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=25)
@given(corpus=corpora_with_copies(), distinct=st.booleans())
def test_nothing_that_a_protocol_holds_out_is_in_the_training_set(
    protocol: str, corpus: dict[str, Any], distinct: bool
) -> None:
    # A fixed split is refused where recordings repeat; published folds are carried out even so.
    if distinct or protocol == "folds":
        corpus["sound"] = np.arange(len(corpus["sound"]))
    own, mixed = sounds_in(corpus["sound"], corpus["made_of"])
    audio = corpus["sound"].astype(str)
    names = ["speaker", "sentence", "corpus", "split", "fold", "label"]
    table = pd.DataFrame({name: corpus[name] for name in names})
    corpus_split = CorpusSplit(test=("c0",)) if corpus["seed"] % 2 else CorpusSplit(dev="unused")
    try:
        folds = make_folds(protocol, table, corpus["label"], audio, corpus["seed"], corpus_split)
    except ProtocolError:  # such as recordings that join all speakers: two folds are impossible
        return
    unit = independent_units(speaker_ids(table), audio)
    labels = pd.DataFrame({"emotion": corpus["label"]})
    fits: list[dict[str, Any]] = []
    copies = Copies(mixed, corpus["made_of"])
    result = cross_fit(
        FitRecorder(fits), own, labels, folds, unit, [EMOTION], n_jobs=1, copies=copies
    )

    assert len(result.predictions) == (folds.test >= 0).sum(), "no copy is predicted"
    assert len(fits) == folds.count
    for record, (train, test) in zip(fits, folds.splits(), strict=True):
        assert not (record["X"].any(axis=0) & record["test"].any(axis=0)).any()
        training_rows = _training_rows(record, train)
        for name in PROMISED[protocol]:
            values = speaker_ids(table) if name == "speaker" else table[name].to_numpy()
            assert not set(values[training_rows]) & set(values[test]), name
        if protocol == "fixed-split":
            assert set(table["split"].iloc[test]) == {"test"}
            assert set(table["split"].iloc[training_rows]) <= {
                "train",
                corpus_split.dev.replace("train", "dev"),
            }
        _no_sound_crosses_an_inner_fold(record)


def _training_rows(record: dict[str, Any], train: np.ndarray) -> np.ndarray:
    """Return the training utterances and the sources of the copies among them."""
    descent = record["provenance"]
    assert descent[descent[:, 0] >= 0, 0].tolist() == train.tolist()
    return np.unique(descent[descent >= 0])


def _no_sound_crosses_an_inner_fold(record: dict[str, Any]) -> None:
    descent = record["provenance"]
    try:
        folds = inner_folds(record["y"], record["speaker"], 4, 0, descent)
    except ProtocolError:  # too few utterances of a class
        return
    for train, test in folds:
        assert (descent[test, 0] >= 0).all(), "no copy is in an inner test set"
        mixed_in = np.isin(descent[train, 1:], descent[test, 0])
        assert not mixed_in.any(), "no copy is trained on without all it was made of"
        if set(record["speaker"][train]).isdisjoint(record["speaker"][test]):
            assert not (record["X"][train].any(axis=0) & record["X"][test].any(axis=0)).any()


def test_a_copy_is_trained_on_wherever_nothing_of_it_is_tested() -> None:
    """A copy of 0, and one of 1 with 2 mixed in: each in the folds that test neither."""
    own, mixed = sounds_in(np.arange(4), made_of := np.array([[0, -1], [1, 2]]))
    labels = pd.DataFrame({"emotion": ["angry", "sad", "angry", "sad"]})
    fits: list[dict[str, Any]] = []
    recorder, units = FitRecorder(fits), np.array(list("abcd"))
    cross_fit(recorder, own, labels, np.arange(4), units, [EMOTION], n_jobs=1,
              copies=Copies(mixed, made_of))  # fmt: skip
    rows = {int(record["test"].argmax()): len(record["X"]) for record in fits}
    assert rows == {0: 3 + 1, 1: 3 + 1, 2: 3 + 1, 3: 3 + 2}
    last = next(record for record in fits if record["test"].argmax() == 3)
    assert last["y"].tolist() == ["angry", "sad", "angry", "angry", "sad"], "a source's labels"
    assert last["speaker"].tolist() == ["a", "b", "c", "a", "b"], "a source's speaker"


class Mean:
    """Predicts by the first feature's sign, so that a prediction shows what a row became."""

    def fit(self, X: np.ndarray, y: pd.DataFrame, **arguments: Any) -> Mean:
        self.fitted_ = np.asarray(X).tolist()
        return self

    def __sklearn_clone__(self) -> Mean:
        return Mean()

    def predict(self, X: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"emotion": np.where(X[:, 0] > 0, "angry", "sad")})

    def predict_proba(self, X: np.ndarray) -> dict[str, pd.DataFrame]:
        return {"emotion": pd.DataFrame(X[:, :2], columns=["angry", "sad"])}


@settings(max_examples=6)
@given(st.integers(0, 99), st.integers(1, 4), st.integers(0, 3))
def test_nothing_scored_changes_another_prediction_nor_the_enrolment(
    seed: int, recordings: int, tested: int
) -> None:
    """Test recordings and their labels affect no prediction of other speakers."""
    rng = np.random.default_rng(seed)
    speaker = np.repeat(["a", "b", "c", "d"], 8)
    X = rng.normal(size=(32, 3)).astype(np.float32)
    labels = pd.DataFrame({"emotion": np.tile(["angry", "sad"], 16)})
    sound = np.char.add("r", np.arange(32).astype(str))
    sound[rng.integers(0, 32)] = sound[rng.integers(0, 32)]
    unit = independent_units(speaker, sound)
    fold = np.unique(unit, return_inverse=True)[1]
    enrolment = draw_enrolment(speaker, sound, Folds(fold), recordings, seed)
    for enrolled, scored in zip(enrolment.enrolled, enrolment.scored, strict=True):
        assert not set(sound[enrolled]) & set(sound[scored])

    def predictions(X: np.ndarray, labels: pd.DataFrame) -> pd.DataFrame:
        adapt = EnrolledSpeakers(speaker, [enrolment])
        result = cross_fit(Mean(), X, labels, fold, unit, [EMOTION], n_jobs=1, adapt=adapt)
        return result.predictions

    before = predictions(X, labels)
    number = tested % (fold.max() + 1)
    # One row is altered, and so are all labels of its fold: only the fold's own truths, and in
    # the draws that score it the row itself, may be others.
    row = int(rng.choice(np.flatnonzero(fold == number)))
    other = labels.copy()
    other.loc[fold == number, "emotion"] = "angry"
    spoken = X.copy()
    spoken[row] += 100
    after = predictions(spoken, other)
    own = before["fold"] == number
    enrols = enrolment.enrolled[:, row][before["draw"]] & (speaker[before.index] == speaker[row])
    same = own & (before.index != row) & ~enrols
    columns = ["emotion.pred", "emotion.p[angry]", "emotion.p[sad]", "emotion.baseline"]
    pd.testing.assert_frame_equal(before.loc[same, columns], after.loc[same, columns])


@pytest.mark.parametrize("made_of", [np.zeros((1, 0), np.intp), np.array([[-1, 0]])])
def test_a_copy_never_exists_without_its_source(made_of: np.ndarray) -> None:
    with pytest.raises(ProtocolError, match="has no source"):
        Copies(np.zeros((1, 2), np.float32), made_of)


def test_the_provenance_distinguishes_utterances_from_copies() -> None:
    rows = trace_provenance(np.array([5, 7]), np.array([[7, 5]]))
    assert rows.tolist() == [[5, -1, -1], [7, -1, -1], [-1, 7, 5]]


def test_recordings_of_unknown_speakers_are_units_of_their_own() -> None:
    unit = independent_units(["a", "", "", "b", ""], ["1", "2", "2", "3", "3"])
    assert unit[1] == unit[2]
    assert unit[3] == unit[4], "a speaker and an unknown one share a recording"
    assert len(set(unit)) == 3
