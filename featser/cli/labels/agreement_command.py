"""``featser agreement``: how far raters agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featser.cli.console import say, say_text, table
from featser.cli.shared_options import Corpus, LabelNames, bars_of, named_in
from featser.errors import counted

if TYPE_CHECKING:
    from featser.api.labels.agreement import AgreementReport, LabelAgreement


def agreement(
    source: Annotated[
        str,
        typer.Argument(
            help="A table with a column `rater`, or columns such as emotion.r1 and emotion.r2; or "
            "a corpus folder with --corpus."
        ),
    ],
    corpus: Corpus = None,
    mapping: LabelNames = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL=KIND",
            help="The kind of a label: classification, ordinal or regression; repeatable. [by its "
            "values]",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write all raters and recordings: .json."),
    ] = None,
) -> None:
    """Measure how far raters agree, all of them and each one.

    Krippendorff's alpha and Fleiss' kappa of classes, alpha and intraclass correlations of
    numbers, each with a 95 % interval; the human ceiling, which is a rater's figure against the
    other raters in the metric of models; and who and what agrees least. Recordings are not read.
    """
    from featser.api.labels.agreement import agreement as run

    with bars_of():
        result = run(source, corpus=corpus, output=output, kinds=kind, **named_in(mapping))
    for one in result.labels:
        _show(result, one)
    if output is not None:
        say(f"all raters and recordings: {output}")


def _show(result: AgreementReport, one: LabelAgreement) -> None:
    from featser.reporting.numbers import estimate, shows_interval
    from featser.reporting.sections.rater_section import agreement_table, least_agreeing
    from featser.reporting.wording import metric_title

    coefficients = agreement_table(one.agreement)
    made = {row[-1] for row in coefficients.rows}
    if len(made) == 1:  # a column for it would break the others of a narrow terminal
        rows = [row[:-1] for row in coefficients.rows]
        table(coefficients.caption, coefficients.columns[:-1], rows)
        say_text(f"intervals: {made.pop()}")
    else:
        table(coefficients.caption, coefficients.columns, coefficients.rows)
    for note in coefficients.notes:
        say_text(note)
    for content in least_agreeing(one.agreement, result.names):
        table(content.caption, content.columns, content.rows)
    if one.ceiling is not None:
        title, figure = metric_title(one.ceiling.metric), one.ceiling.figure
        over = f" (95 % interval over {one.ceiling_over})" * shows_interval(figure)
        say_text(
            f"human ceiling of {one.agreement.label}: a rater's {title} against the other raters "
            f"is {estimate(figure)}{over}, {counted(one.ceiling.n_ratings, 'rating')}"
        )
        if figure.get("note"):
            say_text(f"note on {one.agreement.label}: {figure['note']}")
