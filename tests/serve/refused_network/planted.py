"""An attempt to reach another machine: by this process, and by a worker process of its own."""

import socket
from contextlib import suppress

from featser.workers.limits import Limits
from featser.workers.pool import WorkerPool

ADDRESS = ("192.0.2.1", 80)  # an address that is reserved for examples
NAME = "planted.example"


def reach(what, begin=lambda *_: None):
    begin("reaching", 0.0)
    if what == "address":
        with suppress(OSError):
            socket.create_connection(ADDRESS, 1)
    elif what == "name":
        with suppress(OSError):
            socket.getaddrinfo(NAME, 80)
    else:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.sendto(b"x", ADDRESS)


if __name__ == "__main__":
    import planted

    pool = WorkerPool(Limits(30))
    for kind in ("address", "name", "datagram"):
        reach(kind)
        [result] = pool.run(planted.reach, [kind])
        assert result is None, result
    pool.close()
