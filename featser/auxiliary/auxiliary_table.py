"""The features and labels of a corpus that others are trained with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.auxiliary.feature_origin import FeatureOrigin
from featser.errors import AuxiliaryError, counted, shortened
from featser.features.extractor import Extractor
from featser.io.result_display import Display, ShownResult
from featser.tasks import Task

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What a table can be called."""

ROW_COLUMNS = ("file", "speaker", "language", "corpus", "key")
"""Columns that the rows of every table have."""


@dataclass(frozen=True, eq=False, repr=False)
class AuxiliaryTable(ShownResult):
    """Features and labels of a corpus, without its recordings.

    Parameters
    ----------
    name : str
        What users write, such as ``"emodb"``: at most 64 of a-z, 0-9, - and _.
    rows : DataFrame, n rows
        A manifest: ``file`` (relative to the corpus's folder), ``speaker``, ``language``,
        ``corpus``, a column for each label, and ``key``: the identity of the recording's bytes as
        in the store, by which a recording that two corpora share is found.
    origins : mapping of str to FeatureOrigin
        What computed the features, by the extractor's spec.
    values : mapping of str to ndarray of float32, shape (n, dimension)
        The features, by the extractor's spec. Tables that are read from a file read an
        extractor's features when they are asked for.
    licence, citation, source : str
        The terms of the corpus, what to cite, and where it is available.
    tasks : tuple of Task
        The labels that can be predicted, with their kinds and classes.

    Examples
    --------
    >>> from featser.features.registry import make_extractor
    >>> rhythm = make_extractor("rhythm")
    >>> rows = pd.DataFrame(
    ...     {"file": ["a.wav"], "speaker": ["1"], "language": ["de"], "corpus": ["own"],
    ...      "emotion": ["angry"], "key": ["0f3a"]}
    ... )
    >>> values = {rhythm.spec: np.zeros((1, rhythm.dimension), np.float32)}
    >>> table = AuxiliaryTable("own", rows, {rhythm.spec: FeatureOrigin.of(rhythm)}, values)
    >>> table
    <AuxiliaryTable: own: 1 utterance, 1 speaker, features rhythm>
    >>> table.features(rhythm).shape
    (1, 61)
    """

    name: str
    rows: pd.DataFrame
    origins: Mapping[str, FeatureOrigin]
    values: Mapping[str, NDArray[np.float32]]
    licence: str = ""
    citation: str = ""
    source: str = ""
    tasks: tuple[Task, ...] = field(default=())

    def __post_init__(self) -> None:
        refuse_bad_name(self.name)
        for name in ROW_COLUMNS:
            if name not in self.rows:
                raise AuxiliaryError(
                    f"auxiliary table '{self.name}': the column `{name}` is missing"
                )
        if set(self.origins) != set(self.values):
            raise AuxiliaryError(
                f"auxiliary table '{self.name}': features of {sorted(self.values)}, but origins of "
                f"{sorted(self.origins)}"
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def extractors(self) -> dict[str, str]:
        """The fingerprint of each extractor whose features it has, by its spec."""
        return {spec: origin.fingerprint for spec, origin in self.origins.items()}

    @property
    def n_speakers(self) -> int:
        """The number of speakers; 0 where none is named."""
        return len(self.rows[["corpus", "speaker"]].dropna(subset="speaker").drop_duplicates())

    def features(self, extractor: Extractor) -> NDArray[np.float32]:
        """Return the features that an extractor computes, of every row.

        Parameters
        ----------
        extractor : Extractor
            What computes them. Its name, parameters and code version must be those of the table;
            versions of libraries may differ (see :meth:`notes`).

        Returns
        -------
        ndarray of float32, shape (n, dimension)
            NaN where a value is undefined.

        Raises
        ------
        AuxiliaryError
            If the table lacks these features, or has those of another version.
        """
        if problem := self.problem_with([extractor]):
            raise AuxiliaryError(problem)
        values = self.values[extractor.spec]
        if values.shape != (len(self.rows), extractor.dimension):
            raise AuxiliaryError(
                f"auxiliary table '{self.name}': {values.shape} values of '{extractor.spec}' for "
                f"{counted(len(self.rows), 'row')} and {extractor.dimension} features"
            )
        return values

    def problem_with(self, extractors: Sequence[Extractor]) -> str:
        """Return why the table cannot give the features of some extractors, and how to fix it.

        Parameters
        ----------
        extractors : sequence of Extractor
            Those that are needed.

        Returns
        -------
        str
            Empty if it has the features of all of them.
        """
        flags = " ".join(f"-f {one.spec}" for one in extractors)
        remedy = (
            f"run `featser aux add {self.name} --data {self.name}=FOLDER {flags}`, which computes "
            f"them from the recordings"
        )
        lacking = [one.spec for one in extractors if one.spec not in self.origins]
        if lacking:
            return (
                f"auxiliary table '{self.name}' lacks the features {', '.join(lacking)}; it has "
                f"{', '.join(self.origins) or 'none'}: use these, or {remedy}"
            )
        for one in extractors:
            if difference := self.origins[one.spec].difference(one):
                return (
                    f"auxiliary table '{self.name}' has other features '{one.spec}' than this "
                    f"featser computes ({difference}): {remedy}"
                )
        return ""

    def notes(self, extractors: Sequence[Extractor]) -> list[str]:
        """Return which features were computed with other versions of libraries.

        Parameters
        ----------
        extractors : sequence of Extractor
            Those that are in use, all of which the table has.

        Returns
        -------
        list of str
            At most one sentence.
        """
        changes = dict.fromkeys(
            change for one in extractors for change in self.origins[one.spec].library_changes(one)
        )
        if not changes:
            return []
        return [
            f"the features of auxiliary corpus '{self.name}' were computed with "
            f"{', '.join(changes)}; values may differ by rounding errors"
        ]

    def display(self) -> Display:
        """Return its size, and the rows."""
        text = (
            f"{self.name}: {counted(len(self), 'utterance')}, "
            f"{counted(self.n_speakers, 'speaker')}, features {', '.join(self.origins)}"
        )
        shown = self.rows.astype(object).where(self.rows.notna(), None)
        return Display(text, list(shown.columns), shown.to_numpy().tolist())


def refuse_bad_name(name: str) -> None:
    """Raise AuxiliaryError for what cannot be the name of a table.

    Examples
    --------
    >>> refuse_bad_name("ravdess")
    """
    if not NAME.fullmatch(name):
        raise AuxiliaryError(
            f"'{shortened(name)}' cannot be the name of an auxiliary corpus: use a-z, 0-9, - and "
            f"_, at most 64 of them"
        )
