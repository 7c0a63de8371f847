"""Drawing the recordings that enrol test speakers: unlabelled, few, and never scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from featser.errors import FeatserError, ProtocolError
from featser.evaluation.protocols.enrolment_split import (
    UNSCORED,
    draw_enrolment,
    enrolled_recordings,
    enrolment_notes,
    refuse_training_speakers,
    speaker_norm_of,
)
from featser.evaluation.protocols.folding import make_folds, speaker_ids
from featser.evaluation.protocols.folds import UNTESTED, Folds

SPEAKER = np.repeat(["anna", "ben", "cleo"], [12, 12, 5])
SOUND = np.arange(len(SPEAKER)).astype(str)
FOLDS = Folds(np.unique(SPEAKER, return_inverse=True)[1].astype(np.intp))


def test_every_draw_enrols_so_many_of_each_speaker_and_scores_the_others() -> None:
    draws = draw_enrolment(SPEAKER, SOUND, FOLDS, 4)
    for enrolled, scored in zip(draws.enrolled, draws.scored, strict=True):
        assert [enrolled[name == SPEAKER].sum() for name in ("anna", "ben", "cleo")] == [4, 4, 2]
        assert (enrolled != scored).all()
    assert len(np.unique(draws.enrolled, axis=0)) == 5, "five draws are five choices"
    assert draws.fewer == ["cleo"]
    (note,) = enrolment_notes(draws, FOLDS)
    assert "half of the recordings of speakers with fewer than 8 different" in note
    assert note.endswith(": cleo")


@pytest.mark.parametrize("recordings", [0, 1, 4, 99])
def test_every_utterance_is_scored_in_a_draw_that_does_not_hold_it(recordings: int) -> None:
    draws = draw_enrolment(SPEAKER, SOUND, FOLDS, recordings)
    assert (draws.draw != UNSCORED).all()
    assert draws.scored[draws.draw, np.arange(len(SPEAKER))].all()


def test_a_draw_of_fewer_recordings_is_a_subset_of_one_of_more() -> None:
    few, more = (draw_enrolment(SPEAKER, SOUND, FOLDS, number).enrolled for number in (2, 5))
    assert (more | ~few).all()


def test_a_speakers_draws_do_not_depend_on_other_speakers() -> None:
    own = SPEAKER == "ben"
    alone = draw_enrolment(SPEAKER[own], SOUND[own], Folds(np.arange(12)), 4, seed=3)
    among = draw_enrolment(SPEAKER, SOUND, FOLDS, 4, seed=3)
    assert (alone.enrolled == among.enrolled[:, own]).all()
    other = draw_enrolment(SPEAKER, SOUND, FOLDS, 4, seed=4)
    assert (other.enrolled != among.enrolled).any()


def test_no_copy_of_an_enrolled_recording_is_scored_whatever_its_speaker() -> None:
    sound = SOUND.copy()
    sound[1] = sound[0]
    sound[13] = sound[2]
    draws = draw_enrolment(SPEAKER, sound, FOLDS, 4)
    for enrolled, scored in zip(draws.enrolled, draws.scored, strict=True):
        assert not set(sound[enrolled]) & set(sound[scored])
        assert not (enrolled[0] and enrolled[1]), "the same sound tells nothing twice"


def test_what_no_fold_tests_is_neither_enrolled_nor_scored() -> None:
    fold = np.where(np.arange(len(SPEAKER)) % 2, UNTESTED, FOLDS.test)
    draws = draw_enrolment(SPEAKER, SOUND, Folds(fold), 2)
    assert not (draws.enrolled | draws.scored)[:, fold == UNTESTED].any()


@pytest.mark.parametrize(
    "protocol",
    [
        "speaker-independent",
        "leave-one-speaker-out",
        "speaker-and-sentence-independent",
        "leave-one-corpus-out",
        "fixed-split",
    ],
)
def test_no_fold_is_fitted_on_what_enrols_its_test_speakers(protocol: str) -> None:
    rows = np.arange(48)
    table = pd.DataFrame({"speaker": np.char.add("s", (rows // 8).astype(str))})
    table["sentence"] = np.char.add("t", (rows % 3).astype(str))
    table["corpus"] = np.where(rows < 24, "one", "two")
    table["split"] = np.where(rows < 32, "train", "test")
    sound, speaker = rows.astype(str), speaker_ids(table)
    folds = make_folds(protocol, table, np.tile(["angry", "sad"], 24), sound)
    refuse_training_speakers(protocol, speaker, folds)
    draws = draw_enrolment(speaker, sound, folds, 3)
    for train, test in folds.splits():
        enrols = draws.enrolled & np.isin(speaker, speaker[test])
        assert enrols.any()
        assert not enrols[:, train].any()


def test_speakers_of_the_training_set_are_refused_by_name() -> None:
    folds = Folds(np.arange(len(SPEAKER)) % 3)
    with pytest.raises(
        ProtocolError,
        match=r"under 'random' test speakers are also in training \(anna, ben, cleo\)",
    ):
        refuse_training_speakers("random", SPEAKER, folds)
    refuse_training_speakers("speaker-independent", SPEAKER, FOLDS)


@pytest.mark.parametrize(("text", "full"), [("enrol", "enrol:8"), ("enrol:12", "enrol:12")])
def test_enrolling_without_a_number_means_eight(text: str, full: str) -> None:
    assert speaker_norm_of(text) == full
    assert enrolled_recordings(full) == int(full[6:])
    assert enrolled_recordings(speaker_norm_of("transductive")) == 0


@pytest.mark.parametrize("text", ["all", "enrol:0", "enrol:", "enrol:many", "none:3"])
def test_another_normalisation_is_refused_with_the_valid_ones(text: str) -> None:
    with pytest.raises(FeatserError, match="valid are none, transductive, and enrol"):
        speaker_norm_of(text)
