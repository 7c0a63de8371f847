"""Refuses every address beyond this machine, and notes each attempt, in every Python that finds it.

Worker processes find it as well: they get the module path of the process that starts them. Files
beside this one say which processes loaded it (``loaded``), what they tried to reach (``attempts``)
and which programs they started (``programs``).
"""

import ipaddress
import json
import os
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
HOSTS = {  # of the arguments of an event, the one that has the host
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.getnameinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
PROGRAMS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system")


def note(file, *what):
    with (FOLDER / file).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps([os.getpid(), *what]) + "\n")


def is_here(host):
    """Whether a host is this machine; the path of a Unix socket, and no host at all, are."""
    if host is None or host in ("", "localhost", b"", b"localhost"):
        return True
    text = host.decode("utf-8", "replace") if isinstance(host, bytes) else str(host)
    if text.startswith(("/", "\0")):
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def hook(event, arguments):
    if event in HOSTS:
        address = arguments[HOSTS[event]]
        host = address[0] if isinstance(address, tuple) else address
        if not is_here(host):
            note("attempts", event, str(host))
            raise OSError(f"{event} to {host} is refused by this test")
    elif event in PROGRAMS:
        note("programs", event, os.fsdecode(arguments[0]))


sys.addaudithook(hook)
note("loaded", sys.orig_argv)
