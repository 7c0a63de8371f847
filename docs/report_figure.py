"""Write docs/report.svg, the picture in the README: three figures of a report, one below another.

    python docs/report_figure.py featser-demo/run

``make demo`` writes that run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from featser.io.atomic_write import write_text
from featser.reporting.svg import standalone_svg

PICTURE = Path(__file__).with_name("report.svg")
FIGURES = ("headline-", "recall-0-", "speakers-")
WIDTH, MARGIN = 520.0, 14.0


def picture_of(report: str) -> str:
    """Return the picture: figures of the page, with the page's colours."""
    colours = re.search(r":root \{.*?\}", report, re.DOTALL)
    if colours is None:
        raise SystemExit("the page has no colours: is it a report of `featser fit`?")
    parts, height = [], MARGIN
    for name in FIGURES:
        figure = re.search(rf'<svg(?:(?!</svg>).)*?id="{name}.*?</svg>', report, re.DOTALL)
        if figure is None:
            raise SystemExit(f"the page has no figure '{name}'")
        parts.append(figure.group().replace("<svg", f'<svg x="{MARGIN}" y="{height:g}"', 1))
        size = re.search(r'viewBox="0 0 \S+ (\S+)"', figure.group())
        height += float(size.group(1)) + MARGIN if size else MARGIN
    box = f'viewBox="0 0 {WIDTH + 2 * MARGIN:g} {height:g}" width="{WIDTH + 2 * MARGIN:g}"'
    text = "Figures of a report: UAR with its interval, recall by class, UAR by speaker"
    whole = f'<svg role="img" aria-label="{text}" {box}>\n' + "\n".join(parts) + "\n</svg>"
    style = colours.group().replace("color-scheme: light dark;", "")
    return standalone_svg(whole.replace('pt"', '"'), style)


if __name__ == "__main__":
    page = (Path(sys.argv[1]) / "report.html").read_text(encoding="utf-8")
    write_text(PICTURE, picture_of(page))
    print(PICTURE)
