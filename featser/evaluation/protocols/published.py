"""Published folds, carried out as they are: which rows each tests, and what they share."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from featser.errors import counted
from featser.evaluation.missing import as_text
from featser.evaluation.protocols.folds import UNTESTED, Folds
from featser.evaluation.protocols.overlap import overlap_of
from featser.evaluation.protocols.request import Request

_SHOWN = 3


def published_folds(request: Request) -> Folds:
    """Test the rows of each value of ``fold`` by a model trained on those of the others.

    Rows without a fold are neither tested nor trained on.

    Raises
    ------
    ProtocolError
        If the column ``fold`` is absent or empty, or has one value.
    """
    value = request.column("fold", partly=True)
    names = in_natural_order(np.unique(value[value != ""]))
    request.refuse_one("folds (the manifest's column `fold`, or --folds)", np.array(names))
    number_of = {name: number for number, name in enumerate(names)}
    fold = np.array([number_of.get(one, UNTESTED) for one in value.tolist()], dtype=np.intp)
    without = fold == UNTESTED
    excluded = np.tile(without, (len(names), 1)) if without.any() else None
    folds = Folds(fold, excluded, tuple(names))
    notes = [*_without_fold(request, without), *_shared(request, folds)]
    return Folds(fold, excluded, tuple(names), tuple(notes))


def in_natural_order(names: NDArray[np.str_]) -> list[str]:
    """Return names with the numbers in them in their order: ``2`` comes before ``10``.

    Examples
    --------
    >>> in_natural_order(np.array(["fold10", "fold2"]))
    ['fold2', 'fold10']
    """

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = re.split(r"([0-9]+)", name)
        digits = [part.lstrip("0") if part.isdecimal() else "" for part in parts]
        return [
            (0, len(number), number) if part.isdecimal() else (1, 0, part)
            for part, number in zip(parts, digits, strict=True)
        ]

    return sorted(map(str, names), key=key)


def _without_fold(request: Request, without: NDArray[np.bool_]) -> list[str]:
    """List the rows that no fold names."""
    n_without = int(without.sum())
    if not n_without:
        return []
    rows = np.flatnonzero(without)[:_SHOWN]
    named = as_text(request.table["file"].iloc[rows]) if "file" in request.table else rows
    some = ", ".join(map(str, named)) + (", …" if n_without > _SHOWN else "")
    has, is_ = ("has", "is") if n_without == 1 else ("have", "are")
    return [
        f"{request.protocol}: {counted(n_without, 'utterance')} {has} no fold and {is_} neither "
        f"used for training nor tested: {some}"
    ]


def _shared(request: Request, folds: Folds) -> list[str]:
    """State what training and test sets share."""
    overlap = overlap_of(folds, request.speaker, request.audio)
    if not overlap.phrases and not overlap.n_unnamed:
        return []
    if not overlap.phrases:
        return [
            f"{request.protocol}: {overlap.n_unnamed} of {counted(overlap.n_tested, 'utterance')} "
            f"that are tested have no speaker, so folds may share speakers"
        ]
    return [
        f"{' and '.join(overlap.phrases)}: the figures under '{request.protocol}' are optimistic; "
        f"expect lower ones on new speakers"
    ]
