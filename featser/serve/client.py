"""A client of ``featser serve``, for Python without featser's models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from featser.errors import FeatserError

ATTEMPTS = 8
TIMEOUT_S = 300.0


class ServerError(FeatserError):
    """What a server answered in place of a result.

    Parameters
    ----------
    status : int
        The HTTP status; 0 where there was no answer.
    message : str
        Why, as the command line says it.
    """

    exit_code = 1

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """Asks a server for predictions.

    Where the server is busy (429), it is asked again after the time that it names.

    Parameters
    ----------
    address : str
        Such as ``http://127.0.0.1:8765``.
    token : str
        The server's, if it has one.

    Examples
    --------
    >>> client = Client("http://127.0.0.1:8765")
    >>> client.predict("clip.wav")["predictions"][0]["emotion.pred"]  # doctest: +SKIP
    'happy'
    """

    def __init__(self, address: str = "http://127.0.0.1:8765", token: str = "") -> None:
        self.address = address.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc: the server is near
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def predict(self, files: str | Path | Sequence[str | Path], **options: Any) -> dict[str, Any]:
        """Predict recordings; options are those of ``POST /v1/predict``.

        Returns
        -------
        dict
            ``model``, ``predictions`` (a dict for each recording, as :func:`featser.predict` has
            rows) and ``notes``.

        Raises
        ------
        ServerError
            If the server refuses, or does not answer.
        """
        return self._post("predict", files, options)

    def timeline(self, files: str | Path | Sequence[str | Path], **options: Any) -> dict[str, Any]:
        """Predict over the time of recordings: ``frames``, as :func:`featser.timeline` has rows.

        With ``segments="auto"`` they are the segments of speech, each of which is predicted once.
        """
        return self._post("timeline", files, options)

    def features(self, files: str | Path | Sequence[str | Path], **options: Any) -> dict[str, Any]:
        """Compute ``features``, as :func:`featser.extract_features` has rows."""
        return self._post("features", files, options)

    def models(self) -> list[dict[str, Any]]:
        """Return what the models of the server are."""
        described: list[dict[str, Any]] = self._ask("GET", "/v1/models").json()["models"]
        return described

    def _post(
        self, what: str, files: str | Path | Sequence[str | Path], options: dict[str, Any]
    ) -> dict[str, Any]:
        several = [files] if isinstance(files, str | Path) else list(files)
        with ExitStack() as stack:
            opened = [stack.enter_context(Path(file).open("rb")) for file in several]
            form = [("file", (Path(file).name, stream))
                    for file, stream in zip(several, opened, strict=True)]  # fmt: skip
            answer: dict[str, Any] = self._ask(
                "POST", f"/v1/{what}", params=_texts(options), files=form
            ).json()
        return answer

    def _ask(self, method: str, path: str, **request: Any) -> requests.Response:
        for attempt in range(1, ATTEMPTS + 1):
            for _, (_, stream) in request.get("files", ()):
                stream.seek(0)
            try:
                response = self._session.request(
                    method, self.address + path, timeout=TIMEOUT_S, allow_redirects=False, **request
                )
            except requests.RequestException as error:
                raise ServerError(
                    0,
                    f"{self.address}: no answer ({type(error).__name__}); is `featser serve` "
                    f"running?",
                ) from error
            if response.status_code != 429 or attempt == ATTEMPTS:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        if response.status_code != 200:
            raise ServerError(response.status_code, _message(response))
        return response


def _texts(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as an address holds them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in options.items()
        if value is not None
    }


def _message(response: requests.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {response.status_code} {response.reason}"
