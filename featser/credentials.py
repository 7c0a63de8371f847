"""Addresses without the credentials in them, for all that is written or shown."""

from __future__ import annotations

import re
from urllib.parse import unquote

_USER = re.compile(r"(?<=://)[^\s/?#]*@")
_TAIL = re.compile(r"[?#]\S*?(?=[:,.)'\"<>]*(?:\s|$))")
_SECRET_WORDS = frozenset(
    (
        "accesskey", "accesskeyid", "apikey", "auth", "authorization", "authtoken", "bearer",
        "code", "credential", "credentials", "hmac", "jwt", "key", "keyid", "passphrase", "passwd",
        "password", "policy", "pw", "pwd", "sas", "secret", "session", "sessionid", "sig",
        "signature", "signed", "subscriptionkey", "token",
    )
)  # fmt: skip
_SECRET_PREFIXES = ("x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-obs-", "x-bce-")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")


def without_credentials(text: str) -> str:
    """Return a location, or text that names some, without what gives access to it.

    Every address passes through here before it is shown or written: manifests, logs, reports and
    errors are shared more widely than passwords should be. Users, passwords and the parameters of
    signed addresses are removed; everything else stays. An address without them is fetched with
    the credentials of this machine: ``~/.netrc`` (or the file that ``NETRC`` names) for web
    servers, and for other protocols their own environment and configuration files.

    Parameters
    ----------
    text : str
        A path, a URL, or a message.

    Examples
    --------
    >>> without_credentials("https://ann:secret@example.org/a.wav?token=1&part=2")
    'https://example.org/a.wav?part=2'
    """
    if "://" not in text:
        return text
    return _USER.sub("", _TAIL.sub(_without_secrets, text))


def _without_secrets(tail: re.Match[str]) -> str:
    """Remove the secret parameters from what follows the first ``?`` or ``#`` of an address."""
    _, *parts = re.split(r"([?&;#])", tail[0])
    remaining: list[str] = []
    opening = ""
    for mark, parameter in zip(parts[::2], parts[1::2], strict=True):
        name, equals, _ = parameter.partition("=")
        if equals and _is_secret(unquote(name)):
            opening = opening or mark * (mark in "?#")
        else:
            remaining += [(opening if mark in "&;" and opening else mark), parameter]
            opening = ""
    return "".join(remaining)


def _is_secret(name: str) -> bool:
    lower = name.lower()
    if lower.startswith(_SECRET_PREFIXES):
        return True
    words = {word.lower() for word in _WORD.findall(name)}
    return bool(words & _SECRET_WORDS) or re.sub(r"[^a-z0-9]", "", lower) in _SECRET_WORDS
