"""The description of the API by the OpenAPI standard, derived from the registry of endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featser import __version__
from featser.serve.requests.endpoint import Endpoint

ERRORS = {
    400: "The request is wrong.",
    401: "The token is missing or wrong.",
    403: "The request comes from a page of another site.",
    404: "There is no such queue, run or order on this server.",
    408: "The request came too slowly.",
    409: "Not possible now: the recordings have changed, or there is nothing to undo or export.",
    413: "The request is too large.",
    415: "The request is compressed, or declares a type that is no recording.",
    421: "The host is not a name of this server.",
    422: "A recording or a model cannot be used.",
    429: "Too many requests: try again after the seconds in Retry-After.",
    500: "An error that featser did not expect.",
    503: "The server is stopping.",
    507: "A click could not be saved, for example on a full disk: it may be sent again.",
}
NAME = {
    "name": "name",
    "in": "query",
    "description": "What the answer calls a recording that is the body itself.",
    "schema": {"type": "string"},
}


def openapi(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the description of endpoints.

    Parameters
    ----------
    endpoints : sequence of Endpoint
        All that a server answers.
    """
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "featser",
            "version": __version__,
            "description": "Speech emotion recognition on this machine.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message"],
            "properties": {"kind": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses: dict[str, Any] = {
        "200": {"description": "Done.", "content": {name: {} for name in endpoint.answers}}
    }
    for status, meaning in ERRORS.items():
        responses[str(status)] = {"description": meaning, "content": error}
    parameters = [parameter.description for parameter in endpoint.parameters]
    operation: dict[str, Any] = {
        "summary": endpoint.meaning,
        "operationId": endpoint.path.strip("/").replace("/", "_").replace(".", "_"),
        "parameters": [*parameters, NAME] if endpoint.takes_recordings else parameters,
        "responses": responses,
    }
    if endpoint.takes_recordings:
        binary = {"type": "string", "format": "binary"}
        form = {"type": "object", "properties": {"file": {"type": "array", "items": binary}}}
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": binary},
                "multipart/form-data": {"schema": form},
            },
        }
    return operation
