"""The protocols, one row each: how folds are made, and how to read the figures.

A new protocol is a function ``Request -> Folds`` and a row here; the command line, recipes, error
messages, reports and tests read this table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Protocol:
    """How recordings are divided into folds.

    Parameters
    ----------
    name : str
        As users type it.
    title : str
        What it does, in one line.
    where : str
        On what its figures hold; the beginning of a sentence.
    folds : str
        How folds are made, as one or more sentences.
    maker : str
        ``module:function`` within :mod:`featser.evaluation` that makes the folds.
    optimistic : bool
        Whether its figures are too good, since speakers are in both training and test.
    across_corpora : bool
        Whether only classes that corpora share are used for training and scored.
    as_given : bool
        Whether folds are carried out as they are given, also where training and test sets share
        speakers or recordings; what they share is stated beside every figure, and every fold has
        scores of its own.
    written : str
        How a paper writes it, with ``{count}`` for the number of folds; by default the name.
    without_speakers : tuple of str
        ``where`` and ``folds`` where the data do not give the speakers; empty: the same.
    """

    name: str
    title: str
    where: str
    folds: str
    maker: str
    optimistic: bool = False
    across_corpora: bool = False
    as_given: bool = False
    written: str = ""
    without_speakers: tuple[str, ...] = ()

    def described(self, *, has_speakers: bool) -> Protocol:
        """Return the row with the sentences that fit the data."""
        if has_speakers or not self.without_speakers:
            return self
        where, folds = self.without_speakers
        return replace(self, where=where, folds=folds)


_ROWS = (
    Protocol(
        "speaker-independent",
        "no speaker in both training and test: leave one speaker out up to 12 speakers, else 6 "
        "groups of speakers",
        "On speakers who are not in the training set",
        "No speaker is in both training and test.",
        "division:by_speaker",
        written="{count}-fold cross-validation with no speaker in both training and test set",
    ),
    Protocol(
        "leave-one-speaker-out",
        "each speaker tested by a model of all others, however many there are",
        "On speakers who are not in the training set",
        "Each speaker is tested by a model that was trained on all others.",
        "division:one_speaker_out",
        written="leave-one-speaker-out cross-validation ({count} folds)",
    ),
    Protocol(
        "speaker-and-sentence-independent",
        "neither speaker nor sentence in both training and test: up to 6 groups of each, every "
        "pair of groups a fold",
        "On speakers and sentences that are not in the training set",
        "Neither a speaker nor a sentence is in both training and test: each group of speakers "
        "is tested with each group of sentences, by a model that was trained on neither.",
        "division:by_speaker_and_sentence",
        written="cross-validation over {count} pairs of a group of speakers and a "
        "group of sentences, with neither speakers nor sentences in both training and test set",
    ),
    Protocol(
        "leave-one-corpus-out",
        "each corpus tested by a model of all others; classes that all share",
        "On corpora that are not in the training set",
        "Each corpus is tested by a model that was trained on the others. Classes that not all "
        "corpora have are neither used for training nor scored.",
        "given:one_corpus_out",
        written="leave-one-corpus-out cross-validation ({count} folds) on the classes "
        "that all corpora share",
        across_corpora=True,
    ),
    Protocol(
        "cross-corpus",
        "corpora tested by a model of other ones, as --train and --test name them; without them "
        "as leave-one-corpus-out",
        "On corpora that are not in the training set",
        "The corpora tested are not those that the model was trained on. Classes that are not in "
        "both sets are neither used for training nor scored.",
        "given:across_corpora",
        written="tests on corpora that were not in the training set, on the classes "
        "that both sets share",
        across_corpora=True,
    ),
    Protocol(
        "fixed-split",
        "the manifest's column `split`: trained on train and dev, tested on test",
        "On the corpus's own test set",
        "The corpus defines the training set and the test set.",
        "given:fixed_split",
        written="a test on the test set that the corpus defines",
    ),
    Protocol(
        "folds",
        "published folds, from --folds FILE or the manifest's column `fold`, carried out as they "
        "are",
        "On the published test folds",
        "The folds are published ones: each is tested by a model that was trained on the others.",
        "published:published_folds",
        written="cross-validation on {count} published folds, which were carried out as they are",
        as_given=True,
    ),
    Protocol(
        "sentence-independent",
        "no sentence in both training and test, but speakers are: OPTIMISTIC",
        "On sentences that are not in the training set, by speakers who are",
        "OPTIMISTIC: no sentence is in both training and test, but speakers are, so the model "
        "was trained on the speakers it is tested on; expect less on new speakers.",
        "division:by_sentence",
        written="{count}-fold cross-validation with no sentence in both training and test set",
        optimistic=True,
        without_speakers=(
            "On sentences that are not in the training set, by any speaker",
            "OPTIMISTIC: no sentence is in both training and test, but the data do not give "
            "the speakers, who may be in both; expect less on new speakers.",
        ),
    ),
    Protocol(
        "random",
        "5 folds whatever the speaker: OPTIMISTIC, since speakers are in both training and test; "
        "only to compare with papers that did so",
        "On speakers who are also in the training set",
        "OPTIMISTIC: speakers are in both training and test, so the model was trained on "
        "the speakers it is tested on; expect less on new speakers. Only to compare with papers "
        "that did the same.",
        "division:by_utterance",
        written="{count}-fold cross-validation over utterances",
        optimistic=True,
        without_speakers=(
            "On recordings whose speakers are not given",
            "OPTIMISTIC: the data do not give the speakers, who may be in both training and "
            "test; expect less on new speakers. Fill in the manifest's column `speaker` to "
            "divide by speaker.",
        ),
    ),
)

PROTOCOLS = {row.name: row for row in _ROWS}
"""Name → row, in the order of help and documentation."""

SYNONYMS = {"loco": "leave-one-corpus-out", "loso": "leave-one-speaker-out"}
"""Usual short names, and the protocols that they stand for."""
