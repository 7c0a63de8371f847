"""Figures as SVG inside the page: the page's colours and font, and the same bytes every time."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

from featser.io.escaping import for_svg, for_terminal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Stand-ins that become CSS variables, so that a figure follows the page from light to dark.
INK, MUTED, LINE, ACCENT, PAPER, WARN, FILL = (
    "#010203",
    "#020304",
    "#030405",
    "#040506",
    "#050607",
    "#060708",
    "#070809",
)
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    PAPER: "var(--paper)",
    WARN: "var(--warn)",
    FILL: "var(--fill)",
}
WIDE = 6.0
"""Inches from which a figure is too wide to be shrunk to a small screen."""

_STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud, and has all scripts
    "svg.hashsalt": "featser",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a $
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw and render figures inside this context: matplotlib's defaults and the house style.

    A user's own matplotlib settings neither enter nor change. The glyphs that matplotlib's font
    lacks are the browser's to draw, so its warnings about them are silenced.
    """
    from matplotlib import style

    with style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """Render a figure as an ``<svg>`` element.

    Parameters
    ----------
    figure : Figure
        The figure, made inside :func:`house_style`.
    name : str
        Prefix of the ids inside; unique on the page, of letters, digits and hyphens.
    description : str
        What the figure shows, for those who do not see it.

    Returns
    -------
    str
        Markup without prolog, namespaces, dates or fonts, that asks for nothing outside.
    """
    buffer = StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    markup = buffer.getvalue()
    markup = markup[markup.index("<svg") :]
    markup = re.sub(r"<style.*?</style>", "", markup, flags=re.DOTALL)
    # Only inside tags: a name that looks like an attribute or a colour stays as it is.
    markup = re.sub(r"<[^>]*>", lambda tag: _page_tag(tag.group(), name), markup)
    wide = ' class="wide"' if figure.get_figwidth() >= WIDE else ""
    opening = f'<svg role="img" aria-label="{for_svg(description)}" data-name="{name}"{wide}'
    return markup.replace("<svg", opening, 1).strip()


def standalone_svg(markup: str, style: str) -> str:
    """Return an ``<svg>`` element of a page as a file of its own.

    Parameters
    ----------
    markup : str
        From :func:`inline_svg`.
    style : str
        The CSS that gives the page's colours their values.
    """
    own = f"{style} svg {{ background: var(--paper); font-family: sans-serif; }}"
    head, _, rest = markup.partition(">")
    namespace = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f"{namespace}><style>{own}</style>{rest}\n"


def label(name: object, limit: int = 24) -> str:
    """Make a name fit to stand in a figure: printable, and not longer than ``limit`` characters."""
    text = for_terminal(name)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _page_tag(tag: str, name: str) -> str:
    tag = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", tag)
    tag = re.sub(r"font-family:[^;\"]*;?\s?", "", tag)
    tag = tag.replace("xlink:href", "href")
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = tag.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    for stand_in, variable in _VARIABLES.items():
        tag = tag.replace(stand_in, variable)
    return re.sub(r"\s+", " ", tag)
