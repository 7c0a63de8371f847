"""The columns of a manifest, found by the names that they usually have.

A column that has the manifest's own name is used. Otherwise a column such as ``path`` is read as
``file``, and a note says so; two such columns are an error, because nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featser.errors import ManifestError, shortened, unknown
from featser.ratings.wide_tables import renamed_wide_columns, unnamed_label_notes

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "file": (
        "path", "filename", "filepath", "wav", "wavfile", "wavpath", "wavfilename", "audio",
        "audiofile", "audiopath", "audiofilename", "audiofilepath", "recording", "recordingfile",
        "recordingpath", "soundfile", "soundpath", "relativepath", "fullpath", "datei",
        "dateiname", "dateipfad", "pfad",
    ),
    "start": (
        "begin", "onset", "starttime", "begintime", "startsec", "startseconds", "starts", "beginn",
        "anfang",
    ),
    "end": ("stop", "endtime", "stoptime", "endsec", "endseconds", "ends", "ende"),
    "speaker": (
        "spk", "spkr", "speakerid", "spkid", "speakername", "actor", "actorid", "subject",
        "subjectid", "participant", "participantid", "talker", "sprecher",
    ),
    "rater": (
        "raterid", "annotator", "annotatorid", "evaluator", "evaluatorid", "listener", "listenerid",
        "judge", "judgeid", "coder", "coderid", "workerid", "bewerter",
    ),
    "language": ("lang", "sprache"),
    "channel": (),
    "split": (),
    "fold": (),
    "emotion": (),
}  # fmt: skip
"""Usual names of a manifest's columns, without blanks, underscores and case."""

LABEL_NAMES = (
    "emotion", "emotionlabel", "label", "labels", "class", "classname", "emo", "category",
    "target", "affect", "gefühl", "klasse",
)  # fmt: skip
"""Usual names of the leading label, the likeliest first, written as those above."""

_OFFSET = "offset"
"""The end of a segment where a column says its start; else it may be either."""


@dataclass(frozen=True)
class NamedColumns:
    """The columns of a table by the names of a manifest.

    Attributes
    ----------
    names : list of str
        The columns' names, in the table's order.
    written : dict of str to str
        The name in the file of each column that has another one here.
    notes : list of str
        What was read as what.
    """

    names: list[str]
    written: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def plain_name(name: str) -> str:
    """Return a column's name without case, blanks, underscores, dots and hyphens.

    Examples
    --------
    >>> plain_name("File Name"), plain_name("speaker_id")
    ('filename', 'speakerid')
    """
    return re.sub(r"[\s_.\-]+", "", name).casefold()


def has_file_column(names: Sequence[str]) -> bool:
    """Return whether one of some columns may hold recordings, by its name.

    Examples
    --------
    >>> has_file_column(["Path", "label"]), has_file_column(["speaker"])
    (True, False)
    """
    return any(_means(name, "file") for name in names)


def usual_label(names: Sequence[str]) -> str | None:
    """Return which of some labels has the most usual name of the leading one; None without any.

    Examples
    --------
    >>> usual_label(["stress", "Class"])
    'Class'
    """
    ranked = [name for name in names if plain_name(name) in LABEL_NAMES]
    return min(ranked, key=lambda name: LABEL_NAMES.index(plain_name(name)), default=None)


def named_columns(
    names: Sequence[str], where: str, columns: Mapping[str, str] | None = None
) -> NamedColumns:
    """Find the columns of a manifest in a table.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    where : str
        What errors call the table.
    columns : mapping of str to str, optional
        Other names for some columns, which the user gave.

    Returns
    -------
    NamedColumns
        Columns that are no part of a manifest keep their names.

    Raises
    ------
    ManifestError
        If a column that the user renames does not exist, two columns would have one name, or two
        may be meant by one of the manifest's.

    Examples
    --------
    >>> named_columns(["Path", "spk", "label"], "m.csv").names
    ['file', 'speaker', 'label']
    """
    result = NamedColumns(list(names))
    for old, new in (columns or {}).items():
        by_rater = renamed_wide_columns(names, old, new)
        if old not in names and not by_rater:
            raise ManifestError(f"{where}: --map {old}={new}: {unknown('column', old, names)}")
        renamed = by_rater | ({old: new} if old in names else {})
        for column, name in renamed.items():
            if name in result.names:
                hint = (
                    f"give it another name first, such as --map {new}=other"
                    if name == new
                    else "choose another name, or rename that column in the table"
                )
                raise ManifestError(
                    f"{where}: --map {old}={new}: there is a column `{shortened(name)}` already: "
                    f"{hint}"
                )
            _rename(result, column, name)
    for meant in USUAL_NAMES:
        if meant in result.names:
            continue
        candidates = [name for name in result.names if _means(name, meant)]
        if meant == "end" and "start" in result.names:
            candidates += [name for name in result.names if plain_name(name) == _OFFSET]
        if len(candidates) > 1:
            listed = " and ".join(f"`{shortened(name)}`" for name in candidates)
            raise ManifestError(
                f"{where}: {listed} may each be the column `{meant}`: choose one, such as "
                f"--map {candidates[0]}={meant}"
            )
        if candidates:
            _rename(result, candidates[0], meant)
            result.notes.append(f"column `{shortened(candidates[0])}` is read as `{meant}`")
    _refuse_duration(result, where)
    result.notes.extend(unnamed_label_notes(result.names))
    return result


def _rename(result: NamedColumns, old: str, new: str) -> None:
    result.names[result.names.index(old)] = new
    result.written[new] = result.written.pop(old, old)


def _means(name: str, meant: str) -> bool:
    plain = plain_name(name)
    return plain == meant or plain in USUAL_NAMES[meant]


def _refuse_duration(result: NamedColumns, where: str) -> None:
    """Refuse segments whose ends would be lost: they are written as durations."""
    durations = [name for name in result.names if plain_name(name) in ("duration", "dauer")]
    if durations and "start" in result.written and "end" not in result.names:
        raise ManifestError(
            f"{where}: the segments have a `{result.written['start']}` and a `{durations[0]}`, "
            f"but no end: add a column `end` (start plus duration, in seconds)"
        )
