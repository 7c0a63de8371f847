"""What a page holds for its readers to take away and to use: files as links, and the script.

A page loads nothing from elsewhere. Files are data URIs, and the one script is allowed by its hash
in the content security policy, so that no other script runs. A page is complete without it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SCRIPTS = Path(__file__).parents[1] / "templates" / "scripts"
_ORDER = ("copy.js", "navigation.js", "tables.js", "figures.js", "printing.js")


@dataclass(frozen=True)
class DataLink:
    """A file within a page.

    Attributes
    ----------
    label : str
        The text of the link.
    name : str
        The name under which a browser saves the file.
    href : str
        The file as a data URI.
    """

    label: str
    name: str
    href: str


def data_link(label: str, name: str, text: str, media_type: str = "text/plain") -> DataLink:
    """Return a text as a link that saves it as a file.

    Examples
    --------
    >>> data_link("BibTeX", "references.bib", "@misc").href
    'data:text/plain;charset=utf-8;base64,QG1pc2M='
    """
    content = base64.b64encode(text.encode("utf-8", "backslashreplace")).decode("ascii")
    return DataLink(label, name, f"data:{media_type};charset=utf-8;base64,{content}")


@cache
def page_script() -> str:
    """Return the script of a page: what its buttons do, one block for each purpose."""
    blocks = [(_SCRIPTS / name).read_text(encoding="utf-8") for name in _ORDER]
    return "".join(['"use strict";\n', *blocks])


@cache
def script_policy() -> str:
    """Return the source that allows the script, and nothing else, in a content security policy.

    Examples
    --------
    >>> script_policy()[:8]
    "'sha256-"
    """
    return policy_of(page_script())


def policy_of(script: str) -> str:
    """Return the source that allows a script, by its hash, in a content security policy.

    Examples
    --------
    >>> policy_of("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
