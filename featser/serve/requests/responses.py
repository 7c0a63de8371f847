"""Answers: JSON, files, and errors as JSON with the messages that the command line prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from featser.errors import FeatserError, UnusableAudio

BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
TIMEOUT = 408
TOO_LARGE = 413
UNSUPPORTED = 415
MISDIRECTED = 421
UNPROCESSABLE = 422
OVERLOADED = 429
UNEXPECTED = 500
STOPPING = 503
CLOSE = {"Connection": "close"}
"""A header of answers after which no more of the request is used."""


@dataclass
class RequestError(Exception):
    """A request that is refused.

    Attributes
    ----------
    status : int
        The HTTP status.
    message : str
        Why, and how to fix it, in one line.
    kind : str
        The name of the error.
    headers : dict of str to str
        Of the answer.
    """

    status: int
    message: str
    kind: str = "RequestError"
    headers: dict[str, str] | None = None


def error_response(error: RequestError) -> Response:
    """Return the answer to a request that is refused; the connection ends where data may follow."""
    content = {"error": {"kind": error.kind, "message": error.message}}
    return JSONResponse(content, error.status, error.headers)


def as_request_error(error: FeatserError) -> RequestError:
    """Return what a client is answered when featser raises an error.

    Examples
    --------
    >>> from featser.errors import InputError
    >>> as_request_error(InputError("0 is not valid", "window"))
    RequestError(status=400, message='window: 0 is not valid', kind='InputError', headers=None)
    """
    if isinstance(error, UnusableAudio):
        return RequestError(UNPROCESSABLE, error.reason, type(error).__name__)
    status = BAD_REQUEST if error.exit_code == 2 else UNPROCESSABLE
    return RequestError(status, str(error), type(error).__name__)


def file_response(data: bytes, media_type: str, name: str) -> Response:
    """Return a file to download, whose name is ours and not the client's."""
    disposition = f'attachment; filename="{name}"'
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition})


def json_response(data: Any) -> Response:
    """Return data as JSON."""
    return JSONResponse(data)
