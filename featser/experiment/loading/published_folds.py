"""Published folds of an experiment: the rows of its source get the column ``fold``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from featser.corpora.fold_lists.fold_list import FoldList, read_fold_list
from featser.corpora.fold_lists.name_matching import match_names
from featser.credentials import without_credentials
from featser.errors import ProtocolError, counted, shortened
from featser.experiment.loading.sources.source import Source
from featser.experiment.schema import Experiment
from featser.io.location import absolute, below, common_folder

_EXAMPLES = 3
COMPARED = (
    "names are compared with the ends of the files' paths, or by their stems, without the ending "
    "of the file"
)


@dataclass(frozen=True)
class MatchedFolds:
    """Published folds of the files of a manifest.

    Attributes
    ----------
    fold_of : dict of str to str
        The file of each matched recording, and its fold.
    unmatched : list of str
        Names without a recording.
    notes : list of str
        Remarks for readers of the figures.
    """

    fold_of: dict[str, str]
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def with_published_folds(source: Source, experiment: Experiment) -> Experiment:
    """Give the rows of a source the folds that an experiment names.

    Parameters
    ----------
    source : Source
        Its table gets the column ``fold``, and its notes remarks, if the experiment names folds.
    experiment : Experiment

    Returns
    -------
    Experiment
        With an absolute path to the folds, so that its recipe works in every folder.

    Raises
    ------
    ManifestError
        If the folds cannot be read.
    ProtocolError
        If names do not match the recordings, or are ambiguous.
    """
    if not experiment.folds:
        return experiment
    matched = matched_folds(read_fold_list(experiment.folds), source.table["file"])
    replaced = "fold" in source.table
    folds = [matched.fold_of.get(file) for file in source.table["file"]]
    source.table["fold"] = pd.Series(folds, source.table.index, dtype="str")
    source.notes += matched.notes
    if replaced:
        source.notes.append("folds: --folds replaces the manifest's column `fold`")
    place = {"folds": absolute(experiment.folds)}
    if source.recipe is not None:
        source.recipe = source.recipe.model_copy(update=place)
    return experiment.model_copy(update=place)


def matched_folds(listed: FoldList, files: Iterable[str]) -> MatchedFolds:
    """Find the recordings of published folds.

    Parameters
    ----------
    listed : FoldList
        The folds by the names of their source.
    files : iterable of str
        The files of a manifest.

    Returns
    -------
    MatchedFolds

    Raises
    ------
    ProtocolError
        If no name fits a file, a name fits several files, or two names with different folds mean
        the same file.

    Examples
    --------
    >>> listed = FoldList("folds.csv", {"03a01Fa": "1", "03a01Nc": "2"})
    >>> matched = matched_folds(listed, ["/wav/03a01Fa.wav", "/wav/03a01Wa.wav"])
    >>> matched.fold_of, matched.unmatched
    ({'/wav/03a01Fa.wav': '1'}, ['03a01Nc'])
    """
    files = list(dict.fromkeys(map(str, files)))
    matches = match_names(listed.fold_of, files)
    _refuse_ambiguous(listed, matches.ambiguous)
    if not matches.file_of:
        raise ProtocolError(
            f"{listed.origin}: none of {counted(len(listed.fold_of), 'name')} fits any of "
            f"{counted(len(files), 'recording')}: {COMPARED}; a name is "
            f"'{shortened(next(iter(listed.fold_of)))}', a recording is "
            f"'{without_credentials(files[0]) if files else 'none'}'"
        )
    fold_of: dict[str, str] = {}
    name_of: dict[str, str] = {}
    for name, file in matches.file_of.items():
        fold = listed.fold_of[name]
        if fold_of.setdefault(file, fold) != fold:
            raise ProtocolError(
                f"{listed.origin}: the names '{shortened(name_of[file])}' (fold {fold_of[file]}) "
                f"and '{shortened(name)}' (fold {fold}) mean the same recording, "
                f"{without_credentials(file)}: leave one of them"
            )
        name_of[file] = name
    unmatched = [name for name in listed.fold_of if name not in matches.file_of]
    notes = [f"folds: {note}" for note in (*listed.notes, *_unmatched_notes(unmatched))]
    return MatchedFolds(fold_of, unmatched, notes)


def _refuse_ambiguous(listed: FoldList, ambiguous: dict[str, list[str]]) -> None:
    if not ambiguous:
        return
    name, files = next(iter(ambiguous.items()))
    folder = common_folder(files)
    shown = ", ".join(below(file, folder) for file in files[:_EXAMPLES])
    more = ", …" if len(files) > _EXAMPLES else ""
    others = f" (and {len(ambiguous) - 1} more)" if len(ambiguous) > 1 else ""
    raise ProtocolError(
        f"{listed.origin}: the name '{shortened(name)}'{others} fits {len(files)} recordings "
        f"({shown}{more}): write the folders above it too, as in a path"
    )


def _unmatched_notes(unmatched: Sequence[str]) -> list[str]:
    if not unmatched:
        return []
    some = ", ".join(map(shortened, unmatched[:_EXAMPLES]))
    more = ", …" if len(unmatched) > _EXAMPLES else ""
    have = "has" if len(unmatched) == 1 else "have"
    return [
        f"{counted(len(unmatched), 'name')} of the published folds {have} no recording here: "
        f"{some}{more}"
    ]
