"""Changes to the report of a finished run, and the checksum of it that the run's state holds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featser.experiment.runs.run_state import RunState, checksums
from featser.io.atomic_write import write_text

REPORT = "report.html"
_PLACE = re.compile("<!--pages-->.*?<!--/pages-->", re.DOTALL)


@contextmanager
def changing_report(folder: Path) -> Iterator[None]:
    """Note the new checksum of a report that the block changes.

    Without it, ``featser run`` would take the report for damaged, and fit again. That of a report
    that was changed otherwise before stays as it was.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """
    state = RunState.read(folder)
    noted = state.fit.get("files", {}).get(REPORT)
    is_current = noted is not None and noted == checksums(folder, [REPORT])[REPORT]
    yield
    if is_current:
        state.fit["files"] |= checksums(folder, [REPORT])
        state.write()


def add_link(folder: Path, page: str, title: str) -> bool:
    """Link a page of a run's folder from the navigation of its report.

    Parameters
    ----------
    folder : Path
    page, title : str
        The name of the file, and the text of the link.

    Returns
    -------
    bool
        Whether there is a report with a place for the link; one of an earlier version, or a damaged
        one, has none.
    """
    report = folder / REPORT
    if not report.is_file():
        return False
    try:
        text = report.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    if not _PLACE.search(text):
        return False
    link = f'<li><a href="{html.escape(page)}">{html.escape(title)}</a></li>'
    with changing_report(folder):
        write_text(report, _PLACE.sub(lambda _: f"<!--pages-->{link}<!--/pages-->", text, 1))
    return True
