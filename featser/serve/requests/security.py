"""Who may ask: checks against rebound names, foreign pages and missing tokens; headers of answers.

A page of a stranger that is open in the user's browser can send requests to this machine. Two
checks keep it out. The name in ``Host`` must be one of the server: a name that a stranger points at
127.0.0.1 (DNS rebinding) is not. Where a browser says which page a request comes from (``Origin``,
``Sec-Fetch-Site``), it must be a page of the server itself (cross-site request forgery). An address
as a number cannot be rebound, so a server that others may reach accepts any.
"""

from __future__ import annotations

import hmac
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from featser.serve.requests.responses import (
    CLOSE,
    FORBIDDEN,
    MISDIRECTED,
    UNAUTHORIZED,
    RequestError,
    error_response,
)
from featser.serve.settings import LOCAL_NAMES, ServeSettings, address_of, is_loopback

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "featser_token"
OPEN_PATHS = ("/healthz", "/", "/annotate", "/review", "/login", "/assets/style.css")
"""What is answered without the token: nothing about models or recordings. Pages ask for it."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}
"""Of every answer."""


class Guard:
    """The first that a request meets; it refuses or passes on.

    Parameters
    ----------
    app : callable
        What answers the requests that are passed on, by the ASGI protocol.
    settings : ServeSettings
        The names of the server, and its token.
    """

    def __init__(self, app: App, settings: ServeSettings) -> None:
        self.app = app
        self._settings = settings
        self._names = {name.lower() for name in (*LOCAL_NAMES, settings.host, *settings.names)}
        if not settings.is_local:
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, by the ASGI protocol."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = _headers(scope)
        try:
            self._check_host(headers)
            self._check_origin(scope, headers)
            scope["has_token"] = self.has_token(headers)
            if not scope["has_token"] and scope["path"] not in OPEN_PATHS:
                raise RequestError(
                    UNAUTHORIZED,
                    "the token is missing or wrong: send it as `Authorization: Bearer TOKEN`",
                    headers={"WWW-Authenticate": "Bearer"},
                )
        except RequestError as error:
            await _refuse(error, scope, receive, send)
            return
        await self.app(scope, receive, _with_headers(send))

    def has_token(self, headers: Iterable[tuple[str, str]]) -> bool:
        """Whether a request has the token, as a header or as a cookie."""
        if not self._settings.token:
            return True
        given = ""
        for name, value in headers:
            scheme, _, rest = value.partition(" ")
            if name == "authorization" and scheme.lower() == "bearer":
                given = rest.strip()
            elif name == "cookie" and not given:
                given = _cookie(value)
        return is_token(given, self._settings.token)

    def _check_host(self, headers: list[tuple[str, str]]) -> None:
        hosts = [value for name, value in headers if name == "host"]
        name = _name_of(hosts[0]) if len(hosts) == 1 else ""
        if name in self._names or (self._settings.is_local and is_loopback(name)):
            return
        if not self._settings.is_local and name and address_of(name) is not None:
            return
        raise RequestError(
            MISDIRECTED,
            "the Host of this request is not a name of this server: open the address that "
            "`featser serve` printed, or allow the name with --name",
        )

    def _check_origin(self, scope: Scope, headers: list[tuple[str, str]]) -> None:
        by_name = dict(headers)
        origin, site = by_name.get("origin"), by_name.get("sec-fetch-site", "none")
        if origin is not None:
            is_own = urlsplit(origin).netloc.lower() == by_name["host"].lower()
            is_own = is_own and origin.startswith(("http://", "https://"))
        else:
            is_own = site in ("same-origin", "none") or _opens_page(scope, by_name)
        if not is_own:
            raise RequestError(
                FORBIDDEN, "this request comes from a page of another site, which may not ask"
            )


def is_token(given: str, token: str) -> bool:
    """Compare tokens in a time that does not depend on where they differ.

    Examples
    --------
    >>> is_token("a-long-enough-token", "a-long-enough-token"), is_token("", "another")
    (True, False)
    """
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def token_cookie(token: str, is_secure: bool) -> str:
    """Return the header that lets a browser send the token with requests of our own pages."""
    secure = "; Secure" if is_secure else ""
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}"


def _headers(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]]  # fmt: skip


def _cookie(value: str) -> str:
    try:
        morsel = SimpleCookie(value).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _name_of(host: str) -> str:
    """Return the name in ``name:port``; empty if it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _opens_page(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether a user follows a link to a page, which shows nothing to the page with the link."""
    is_page = headers.get("sec-fetch-mode") == "navigate"
    is_page = is_page and headers.get("sec-fetch-dest") == "document"
    return is_page and scope.get("method") == "GET" and not scope["path"].startswith("/v1/")


def _with_headers(send: Send) -> Send:
    """Add the headers of every answer; those that a response has itself go first."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            missing = [(name, value) for name, value in added if name not in present]
            message["headers"] = [*message.get("headers", ()), *missing]
        await send(message)

    return sending


async def _refuse(error: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request, or the opening of a WebSocket; the connection is closed."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": error.message[:100]})
        return
    error.headers = {**(error.headers or {}), **CLOSE}
    await error_response(error)(scope, receive, _with_headers(send))
