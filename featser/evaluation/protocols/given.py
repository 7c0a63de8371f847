"""Protocols with given training and test sets: whole corpora, or the split of a corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from featser.errors import ProtocolError, counted, unknown
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.folds import UNTESTED, Folds
from featser.evaluation.protocols.groups import independent_units
from featser.evaluation.protocols.request import Request

TRAIN, DEV, TEST = "train", "dev", "test"
"""The sets of a corpus, as audformat names their types."""
_SHOWN = 3


def one_corpus_out(request: Request) -> Folds:
    """Test each corpus by a model that was trained on the others."""
    corpus = request.column("corpus")
    corpora, fold = np.unique(corpus, return_inverse=True)
    request.refuse_one("corpora (the manifest's column `corpus`)", corpora)
    names = tuple(str(name) for name in corpora)
    return _without_shared(request, fold.astype(np.intp), None, names)


def across_corpora(request: Request) -> Folds:
    """Test corpora by a model that was trained on others, as the request names them."""
    chosen = request.corpus_split
    if not chosen.train and not chosen.test:
        return one_corpus_out(request)
    corpus = request.column("corpus")
    corpora = [str(name) for name in np.unique(corpus)]
    for option, names in (("--train", chosen.train), ("--test", chosen.test)):
        for name in names:
            if name not in corpora:
                raise ProtocolError(f"{option} {name}: {unknown('corpus', name, corpora)}")
    both = sorted({*chosen.train} & {*chosen.test})
    if both:
        raise ProtocolError(
            f"--train and --test both name {', '.join(both)}: name each corpus in one of them"
        )
    train = chosen.train or tuple(name for name in corpora if name not in chosen.test)
    test = chosen.test or tuple(name for name in corpora if name not in chosen.train)
    if not train or not test:
        raise ProtocolError(
            f"--{'train' if test else 'test'}: no corpus is left for it, the data have "
            f"{', '.join(corpora)}: name fewer, or add a corpus"
        )
    tested = np.isin(corpus, test)
    fold = np.where(tested, 0, UNTESTED).astype(np.intp)
    name = f"{', '.join(test)} by {', '.join(train)}"
    return _without_shared(request, fold, ~tested & ~np.isin(corpus, train), (name,))


def fixed_split(request: Request) -> Folds:
    """Test the rows whose ``split`` is test; train on train, and on dev if requested.

    Raises
    ------
    ProtocolError
        If no row is for test or none for training, or the same sound is on both sides.
    """
    split = request.column("split", partly=True)
    train = np.isin(split, [TRAIN, DEV] if request.corpus_split.dev == "train" else [TRAIN])
    test = split == TEST
    for side, name in ((test, TEST), (train, TRAIN)):
        if not side.any():
            held = ", ".join(f"'{value}'" for value in np.unique(split) if value)
            raise ProtocolError(
                f"protocol 'fixed-split': no utterance's column `split` is '{name}', the values "
                f"are {held}: write {TRAIN}, {DEV} and {TEST}"
            )
    _refuse_same_sound(request, train, test)
    unused = ~train & ~test
    parts = {name: int((split == name).sum()) for name in (TRAIN, DEV, TEST)}
    counts = ", ".join(f"{count} {name}" for name, count in parts.items() if count)
    notes = [f"fixed-split: the column `split` has {counts} utterances; only test is predicted"]
    if unused.any():
        values = ", ".join(value or "empty" for value in np.unique(split[unused]))
        notes.append(
            f"fixed-split: {counted(int(unused.sum()), 'utterance')} neither in training nor in "
            f"test ({values})"
        )
    notes += _shared_speakers(request, train, test)
    fold = np.where(test, 0, UNTESTED).astype(np.intp)
    return Folds(fold, unused[None] if unused.any() else None, notes=tuple(notes))


def _without_shared(
    request: Request, fold: NDArray[np.intp], unused: NDArray[np.bool_] | None, names: Sequence[str]
) -> Folds:
    """Exclude from each fold speakers of other corpora who share a recording with its test set."""
    unit = independent_units(request.speaker, request.audio)
    count = int(fold.max()) + 1
    excluded = np.zeros((count, len(fold)), dtype=bool)
    notes = []
    for number, name in enumerate(names):
        tested = fold == number
        shared = ~tested & np.isin(unit, unit[tested])
        if unused is not None:
            shared &= ~unused
            excluded[number] |= unused
        excluded[number] |= shared
        if shared.any():
            notes.append(
                f"{request.protocol}, {name}: {counted(int(shared.sum()), 'utterance')} of other "
                f"corpora not used for training, since their speakers share recordings with the "
                f"test corpus"
            )
    return Folds(fold, excluded if excluded.any() else None, tuple(names), tuple(notes))


def _refuse_same_sound(request: Request, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> None:
    audio = request.audio
    both = np.intersect1d(audio[train], audio[test])
    if not len(both):
        return
    file = as_text(request.table["file"]) if "file" in request.table else audio
    pairs = [
        f"{file[train & (audio == sound)][0]} and {file[test & (audio == sound)][0]}"
        for sound in both[:_SHOWN]
    ]
    more = f"; and {len(both) - _SHOWN} more" if len(both) > _SHOWN else ""
    raise ProtocolError(
        f"protocol 'fixed-split': the same sound is in training and test: "
        f"{'; '.join(pairs)}{more}. Drop one of each, or give both the same `split`; "
        f"`featser audit` lists all"
    )


def _shared_speakers(
    request: Request, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> list[str]:
    speaker = request.speaker
    both = np.setdiff1d(np.intersect1d(speaker[train], speaker[test]), [""])
    if not len(both):
        return []
    some = ", ".join(map(str, both[:_SHOWN])) + (", …" if len(both) > _SHOWN else "")
    return [
        f"fixed-split: {counted(len(both), 'speaker')} in both training and test ({some}): the "
        f"figures are optimistic; expect lower ones on new speakers"
    ]
