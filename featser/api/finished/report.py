"""``featser report``: where a run's report is, and the report as PDF."""

from __future__ import annotations

from pathlib import Path

from featser.api.arguments.path_rules import output_file
from featser.api.validation import validated
from featser.errors import FeatserError
from featser.experiment.runs.folder_lock import only_writer
from featser.reporting.exports.page_pdf import write_page_pdf


@validated(output=output_file(".pdf"))
def report(
    run: str | Path,
    /,
    *,
    pdf: bool = False,
    output: str | Path | None = None,
    browser: str | Path | None = None,
) -> Path:
    """Return the report of a run, as the page that is there or as PDF.

    Parameters
    ----------
    run : str or Path
        A folder that :func:`~featser.api.fit.fit` or :func:`~featser.api.run.run` wrote, or a page
        of featser, such as the one that :func:`~featser.api.compare.compare` writes.
    pdf : bool
        Whether to print it as PDF, beside the page.
    output : str or Path, optional
        Another place for the PDF.
    browser : str or Path, optional
        The Chromium or Chrome that prints; by default the environment variable ``FEATSER_BROWSER``,
        else the one that is installed.

    Returns
    -------
    Path
        The page, or the PDF.

    Raises
    ------
    FeatserError
        If there is no report, or another command writes into the folder.
    ResourceError
        If no browser is installed, or it does not print the page.

    Examples
    --------
    >>> report("run", pdf=True)  # doctest: +SKIP
    PosixPath('run/report.pdf')
    """
    page = Path(run) if Path(run).suffix.lower() == ".html" else Path(run) / "report.html"
    if not page.is_file():
        raise FeatserError(
            f"{page}: no such file: name a folder that `featser fit` wrote, or a page (.html) of "
            f"featser"
        )
    if not pdf and output is None:
        return page
    target = page.with_suffix(".pdf") if output is None else Path(output)
    is_inside = target.resolve().parent == page.resolve().parent and page.name == "report.html"
    with only_writer(page.parent if is_inside else None, "-o"):
        return write_page_pdf(page, target, browser)
