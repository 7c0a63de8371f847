"""``featser agreement``: how far the raters of a table agree, without its recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from featser.api.arguments.path_rules import output_file
from featser.api.validation import validated
from featser.corpora.label_kinds import classes_in_order
from featser.corpora.labelling.label_map import named
from featser.credentials import without_credentials
from featser.errors import TaskError, counted, unknown
from featser.evaluation.protocols.groups import speaker_ids
from featser.evaluation.statistics.human_ceiling import HumanCeiling, human_ceiling
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.declaration.label_choices import kinds as label_kinds
from featser.experiment.loading.rated_labels import NO_RATINGS
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.loading.sources.source import Source
from featser.io.atomic_write import write_text
from featser.io.location import below, common_folder
from featser.io.result_display import Display, ShownResult
from featser.progress import announce
from featser.progress_bars import showing_progress
from featser.ratings.agreement.agreement import Agreement, agreement_of
from featser.ratings.long_tables import ALL_AGREE
from featser.ratings.rating_columns import rated_labels, read_ratings
from featser.ratings.ratings import Ratings
from featser.tasks import Kind, Task


@dataclass(frozen=True, eq=False)
class LabelAgreement:
    """How far the raters of one label agree.

    Attributes
    ----------
    agreement : Agreement
        Coefficients, raters and recordings.
    ceiling : HumanCeiling or None
        Each rater scored against the others; None where no recording has two ratings.
    ceiling_over : {"speakers", "recordings"}
        What its interval is over: recordings where no speaker is named.
    """

    agreement: Agreement
    ceiling: HumanCeiling | None
    ceiling_over: str = "speakers"


@dataclass(frozen=True, eq=False, repr=False)
class AgreementReport(ShownResult):
    """How far the raters of a table agree.

    Attributes
    ----------
    labels : list of LabelAgreement
        In the table's order.
    names : list of str
        The name of each recording, by its row.
    """

    labels: list[LabelAgreement]
    names: list[str]

    def display(self) -> Display:
        """Return the coefficients of all labels."""
        rows = [
            [one.agreement.label, figure.title, f"{figure.value:.3f}"]
            for one in self.labels
            for figure in one.agreement.figures
        ]
        listed = ", ".join(one.agreement.label for one in self.labels)
        text = f"agreement of raters on {listed}: {counted(len(self.names), 'recording')}"
        return Display(text, ["label", "coefficient", "value"], rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for JSON."""
        return {
            "recordings": len(self.names),
            "labels": [self._label(one) for one in self.labels],
        }

    def _label(self, one: LabelAgreement) -> dict[str, Any]:
        agreement, ceiling = one.agreement, one.ceiling
        items = agreement.items.assign(recording=[self.names[n] for n in agreement.items["row"]])
        return {
            "label": agreement.label,
            "kind": agreement.kind,
            "ratings": agreement.n_ratings,
            "raters": agreement.n_raters,
            "coefficients": [figure.to_dict() for figure in agreement.figures],
            "human_ceiling": None
            if ceiling is None
            else {"metric": ceiling.metric, "ratings": ceiling.n_ratings, **ceiling.figure},
            "by_rater": _records(agreement.raters),
            "ceiling_by_rater": [] if ceiling is None else _records(ceiling.raters),
            "by_recording": _records(items.drop(columns="row")),
        }


@validated(output=output_file(".json"))
@showing_progress
def agreement(
    source: str | Path,
    /,
    *,
    corpus: str | None = None,
    output: str | Path | None = None,
    kinds: Mapping[str, Kind] | Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str | None]] | None = None,
) -> AgreementReport:
    """Measure how far raters agree, all of them and each one.

    The recordings themselves are not read.

    Parameters
    ----------
    source : str or Path
        A manifest with ratings, or a corpus folder together with ``corpus``.
    corpus : str, optional
        The card of a corpus folder.
    output : str or Path, optional
        The JSON file to write, with all raters and recordings.
    kinds : dict of str to str, or sequence of str, optional
        Kinds of labels, such as ``{"arousal": "ordinal"}`` or ``["arousal=ordinal"]``; by default
        numbers are regression, and all others classification.
    columns : dict of str to str, optional
        Other names for columns, such as ``{"label": "emotion"}``.
    labels : dict of dict, optional
        Other names for the classes of a label; None removes the votes for a class.

    Returns
    -------
    AgreementReport

    Raises
    ------
    TaskError
        If the source has no ratings by several raters, or ``kinds`` names no rated label.
    FeatserError
        If the source cannot be read.
    """
    read = read_source(source, corpus, names=named(columns, labels))
    for note in read.all_notes():
        if note != ALL_AGREE:  # which is said of each label, beside its coefficients
            announce(f"note: {note}")
    rated = rated_labels(read.table)
    if not rated:
        raise TaskError(f"{without_credentials(str(source))}: {NO_RATINGS}")
    asked = _kinds_of(rated, kinds or {})
    folder = common_folder(read.table["file"])
    result = AgreementReport(
        [_measured(read, label, asked.get(label)) for label in rated],
        [below(file, folder) for file in read.table["file"]],
    )
    if output is not None:
        described = {"source": without_credentials(str(source)), **to_json(result.to_dict())}
        text = json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(Path(output), text)
    return result


def _kinds_of(rated: Sequence[str], kinds: Mapping[str, Kind] | Sequence[str]) -> dict[str, Kind]:
    """Return the kinds of labels that are declared, each of which has ratings."""
    asked: dict[str, Kind] = label_kinds(kinds)
    for label, kind in asked.items():
        if label not in rated:
            raise TaskError(f"--kind {label}={kind}: {unknown('rated label', label, rated)}")
    return asked


def _measured(source: Source, label: str, kind: Kind | None) -> LabelAgreement:
    ratings = read_ratings(source.table, label)
    if kind is None:
        kind = "classification" if ratings.is_categorical else "regression"
    if kind == "ordinal":
        ratings = ratings.as_classes()
        ratings = ratings.in_order(classes_in_order(pd.Series(ratings.classes)))
    measured = agreement_of(ratings, label, kind)
    speaker = source.table.get("speaker", pd.Series(dtype=str))
    over = "speakers" if speaker.notna().any() else "recordings"
    return LabelAgreement(measured, _ceiling(ratings, label, kind, source.table), over)


def _ceiling(ratings: Ratings, label: str, kind: Kind, table: pd.DataFrame) -> HumanCeiling | None:
    classes = () if kind == "regression" else ratings.as_classes().classes
    if kind != "regression" and len(classes) < 2:
        return None
    return human_ceiling(ratings, Task(label, kind, classes), speaker_ids(table))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
