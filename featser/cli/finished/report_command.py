"""The command about a run's report: ``featser report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say


def report(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|PAGE",
            help="A folder that `fit` or `run` wrote, or a page (.html) of featser.",
        ),
    ],
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it as PDF, beside the page.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Another place for the PDF: .pdf.")
    ] = None,
    browser: Annotated[
        Path | None,
        typer.Option(
            help="The Chromium or Chrome that prints [FEATSER_BROWSER, else chromium, "
            "chromium-browser or google-chrome]."
        ),
    ] = None,
) -> None:
    """Show where the report of a run is, or print it as PDF.

    The PDF has everything that the page has: what is folded up there is open.
    """
    from featser.api.finished.report import report as run_report

    say(f"report: {run_report(run, pdf=pdf, output=output, browser=browser)}")
