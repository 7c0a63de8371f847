"""The Jinja2 environment of all pages: names from data are escaped, absent values are errors."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featser.io.escaping import for_html
from featser.reporting.exports.data_links import page_script, script_policy
from featser.reporting.exports.table_links import table_links

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from jinja2.bccache import Bucket
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
"""The folder of the templates and of their style sheet."""

_CODE = re.compile(r"`([^`\n]+)`")


def page_environment(**more: Any) -> Environment:
    """Return the environment of the templates.

    Parameters
    ----------
    **more
        Further names that templates use, beside ``table_links``, ``script`` and
        ``script_policy``.

    Examples
    --------
    >>> page_environment().from_string("{{ name }}").render(name="<b>")
    '&lt;b&gt;'
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        bytecode_cache=_compiled_templates(),
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=for_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = {
        "table_links": table_links,
        "script": Markup(page_script()),
        "script_policy": script_policy(),
    }
    environment.globals |= own | more
    environment.filters |= {"prose": prose, "heading": heading}
    return environment


@functools.cache
def _compiled_templates() -> BytecodeCache:
    """Return a memory of compiled templates, since each report has an environment of its own."""
    from jinja2 import BytecodeCache

    class InMemory(BytecodeCache):
        def __init__(self) -> None:
            self.codes: dict[str, bytes] = {}

        def load_bytecode(self, bucket: Bucket) -> None:
            if bucket.key in self.codes:
                bucket.bytecode_from_string(self.codes[bucket.key])

        def dump_bytecode(self, bucket: Bucket) -> None:
            self.codes[bucket.key] = bucket.bytecode_to_string()

    return InMemory()


def prose(text: str) -> Markup:
    """Return a sentence for a page, escaped, with what stands between backticks as code.

    Examples
    --------
    >>> str(prose("use `--task <name>`"))
    'use <code>--task &lt;name&gt;</code>'
    """
    from markupsafe import Markup, escape

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(for_html(text)))))  # escaped


def heading(text: str) -> str:
    """Return a title with a capital letter.

    Examples
    --------
    >>> heading("missing labels"), heading("")
    ('Missing labels', '')
    """
    return f"{text[:1].upper()}{text[1:]}"
