"""The pages of the server and their assets, which are read once, from the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from featser.io.escaping import for_html
from featser.serve.requests.responses import NOT_FOUND, UNAUTHORIZED, RequestError
from featser.serve.requests.security import is_token, token_cookie
from featser.serve.running import Running, running

FOLDER = Path(__file__).parent
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MOST_FORM = 4096


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes
    ----------
    path, title : str
        Where it is, and what the navigation calls it.
    template : str
        In the folder ``templates``; it extends ``layout.html.j2``.
    script : str
        Its ES module, in the folder ``assets``.
    """

    path: str
    title: str
    template: str
    script: str

    @property
    def queue(self) -> str:
        """The queue that it shows; empty for pages without one."""
        return self.path.strip("/")

    def is_offered(self, server: Running) -> bool:
        """Whether a server has what the page shows."""
        if not self.queue:
            return bool(server.descriptions)
        return self.queue in server.queues or self.queue in server.pending


TRY = Page("/", "Try", "try.html.j2", "try.js")
ANNOTATE = Page("/annotate", "Annotate", "annotate.html.j2", "annotate.js")
REVIEW = Page("/review", "Review", "review.html.j2", "review.js")
PAGES = (TRY, ANNOTATE, REVIEW)
"""All pages, in the order of the navigation."""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=for_html,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    """Return all assets by name, with their media types: no name of a request is opened."""
    files = sorted((FOLDER / "assets").iterdir())
    return {
        file.name: (file.read_bytes(), MEDIA_TYPES[file.suffix])
        for file in files
        if file.suffix in MEDIA_TYPES
    }


def render(page: Page, pages: Sequence[Page] = (), **values: Any) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    page : Page
        One of :data:`PAGES`, or another with the same layout.
    pages : sequence of Page
        Those that the navigation lists.
    **values
        What its template names; all is escaped.
    """
    return _environment().get_template(page.template).render(page=page, pages=pages, **values)


async def show_page(page: Page, request: Request) -> Response:
    """Answer a page; who lacks the token is asked for it."""
    server = running(request)
    given = request.query_params.get("token")
    if given is not None:  # the address that was printed at the start
        return _with_token(request, given)
    if not request.scope["has_token"]:
        return HTMLResponse(render(LOGIN, is_wrong=False), UNAUTHORIZED)
    offered = [one for one in PAGES if one.is_offered(server)]
    if page not in offered:
        return RedirectResponse(offered[0].path, 303)
    return HTMLResponse(render(page, offered, models=list(server.descriptions.values())))


async def log_in(request: Request) -> Response:
    """Take the token of a form, and keep it in a cookie of this browser."""
    body = b""
    async for data in request.stream():
        body += data
        if len(body) > MOST_FORM:
            raise RequestError(413, "the form is too large", headers={"Connection": "close"})
    from urllib.parse import parse_qs

    given = parse_qs(body.decode("latin-1")).get("token", [""])[0]
    return _with_token(request, given)


def _with_token(request: Request, given: str) -> Response:
    """Store the token as a cookie, and lead to an address without it."""
    token = running(request).settings.token
    if not token or not is_token(given, token):
        return HTMLResponse(render(LOGIN, is_wrong=True), UNAUTHORIZED)
    response = RedirectResponse("/", 303)
    is_secure = request.headers.get("x-forwarded-proto") == "https"
    response.headers["Set-Cookie"] = token_cookie(token, is_secure)
    return response


async def asset(request: Request) -> Response:
    """Answer an asset."""
    name = request.path_params["name"]
    if name not in assets():
        raise RequestError(NOT_FOUND, "there is no such file", "NotFound")
    data, media_type = assets()[name]
    return Response(data, media_type=media_type, headers={"Cache-Control": "no-cache"})


LOGIN = Page("/login", "Token", "login.html.j2", "")
