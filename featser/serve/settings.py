"""What a server is started with: where it listens, who may ask, and its limits."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, replace

from featser.errors import InputError

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""The names of this machine that reach a server on the loopback interface."""
AUTO = "auto"
"""The token that stands for a random one."""
LEAST_TOKEN = 16
"""Characters of the shortest token: fewer could be guessed."""


@dataclass(frozen=True)
class Limits:
    """What a request may cost.

    Parameters
    ----------
    megabytes : float
        Of one request.
    seconds : float
        Of sound of one recording.
    files : int
        Recordings in one request.
    uploads : int
        Requests whose recordings are received at the same time.
    waiting : int
        Requests that wait for a worker; more are refused with 429.
    live : int
        Live sessions at the same time.
    idle_s : float
        Seconds that a client may send nothing while it should.
    upload_s : float
        Seconds that a request may take to arrive.
    timeout_s : float
        Seconds that a worker may compute, and a third of that more for each second of sound.
    worker_megabytes : float
        Memory of a worker process.

    Raises
    ------
    InputError
        If one of them is not positive.
    """

    megabytes: float = 100.0
    seconds: float = 900.0
    files: int = 50
    uploads: int = 8
    waiting: int = 16
    live: int = 4
    idle_s: float = 10.0
    upload_s: float = 120.0
    timeout_s: float = 30.0
    worker_megabytes: float = 4000.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise InputError(f"{value:g} is not valid: give more than 0", name)

    @property
    def n_bytes(self) -> int:
        """Bytes of one request."""
        return int(self.megabytes * 1e6)


@dataclass(frozen=True)
class ServeSettings:
    """How a server is started.

    Parameters
    ----------
    host : str
        The address to listen on.
    port : int
        0 for any that is free.
    token : str
        What clients must know; empty for none; ``auto`` for a random one.
    names : tuple of str
        Further names under which the server is reached, such as that of a reverse proxy.
    workers : int
        Worker processes.
    limits : Limits
        Of requests.

    Raises
    ------
    InputError
        If other machines could reach the server without a token, or a value is not valid.

    Examples
    --------
    >>> ServeSettings().is_local
    True
    >>> ServeSettings(host="0.0.0.0")
    Traceback (most recent call last):
    ...
    featser.errors.InputError: host: 0.0.0.0 can be reached from other machines: add --token auto...
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    names: tuple[str, ...] = ()
    workers: int = 1
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise InputError(f"{self.port} is not valid: give 1 to 65535, or 0 for any", "port")
        if self.workers < 1:
            raise InputError(f"{self.workers} is not valid: give 1 or more", "workers")
        if self.token and self.token != AUTO and len(self.token) < LEAST_TOKEN:
            raise InputError(
                f"the token has {len(self.token)} characters: give {LEAST_TOKEN} or more, or "
                f"auto for a random one",
                "token",
            )
        if not self.token.isascii() or any(letter.isspace() for letter in self.token):
            raise InputError("a token has ASCII characters only, and no spaces", "token")
        if not self.is_local and not self.token:
            raise InputError(
                f"{self.host} can be reached from other machines: add --token auto, or a token "
                f"of {LEAST_TOKEN} or more characters (also as FEATSER_TOKEN)",
                "host",
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)

    def with_random_token(self) -> ServeSettings:
        """Return the settings with a random token in place of ``auto``."""
        if self.token != AUTO:
            return self
        return replace(self, token=secrets.token_urlsafe(24))


def is_loopback(host: str) -> bool:
    """Whether a name or address is that of the loopback interface.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("192.168.1.4")
    (True, True, False)
    """
    if host.lower() in LOCAL_NAMES:
        return True
    address = address_of(host)
    return address is not None and address.is_loopback


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a text is; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
