"""Ctrl-C: a command ends with one line and the exit code 130, wherever the interruption strikes.

Python raises KeyboardInterrupt between two bytecodes of the main thread. In a finalizer or a
callback it is only reported and then lost, and while Python shuts down it is reported and the exit
code stays 0. :func:`guard` therefore notes that Ctrl-C was pressed, raises what was lost once more,
and has the last word on the exit code.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

EXIT_CODE = 130
"""What shells give a command that Ctrl-C has ended."""

AGAIN_S = 1.0
"""Ctrl-C pressed again after so many seconds ends the process at once; before, it is the echo of
the first: `make` and others pass on a signal that the process has got itself."""

LOST_S = 0.05
"""Seconds after which an interruption that was lost is raised again: what lost it has ended."""


class _Guard:
    """What is known of Ctrl-C while a command runs."""

    def __init__(self) -> None:
        self.is_active = False
        self.is_last = False
        self.was_pressed = False
        self.is_reported = False
        self._pressed_at = 0.0

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the main thread; end the process if that was tried before."""
        del number, frame
        if self.was_pressed:
            if time.monotonic() - self._pressed_at > AGAIN_S:
                self.leave()
            return
        self.was_pressed = True
        self._pressed_at = time.monotonic()
        if self.is_last:  # libraries warn of the work that they were not allowed to finish
            warnings.simplefilter("ignore")
        raise KeyboardInterrupt

    def raise_again(self) -> None:
        """Interrupt the main thread once more; to be called from another thread."""
        self.was_pressed = False
        if hasattr(signal, "pthread_kill"):  # which also ends what the main thread waits for
            signal.pthread_kill(_main_thread().ident or 0, signal.SIGINT)
        else:
            _thread.interrupt_main()

    def tell(self, what: str) -> None:
        """Print the one line, unless it was printed."""
        if not self.is_reported:
            self.is_reported = True
            print(f"\nfeatser: {what}", file=sys.stderr, flush=True)

    def leave(self) -> NoReturn:
        """End the process without waiting for anything; its workers end by themselves."""
        self.tell("interrupted")
        os._exit(EXIT_CODE)


_guard = _Guard()


@contextmanager
def guard(is_last: bool = False) -> Iterator[None]:
    """Let Ctrl-C end a block with the exit code 130; in a block of a block it does nothing more.

    Where Ctrl-C is ignored, as in a shell's background jobs, it stays so; where the caller handles
    it, and in other threads than the main one, it is left to the caller.

    Parameters
    ----------
    is_last : bool
        Whether nothing comes after the block but the end of Python, which is then guarded as well.

    Raises
    ------
    SystemExit
        With the code 130, if Ctrl-C was pressed, however the block took it.
    """
    if not _is_free():
        yield
        return
    _guard.__init__()  # type: ignore[misc]  # as new: one process may run several commands
    _guard.is_active = True
    _guard.is_last = is_last
    signal.signal(signal.SIGINT, _guard.handle)
    ordinary_hook = sys.unraisablehook
    sys.unraisablehook = _hook(ordinary_hook)
    try:
        yield
    except KeyboardInterrupt:
        _end()
    except SystemExit as end:
        if _guard.was_pressed or end.code == EXIT_CODE:
            _end()
        raise
    else:
        if _guard.was_pressed:
            _end()
    finally:
        _guard.is_active = False
        sys.unraisablehook = ordinary_hook
        last = _leave if is_last else signal.default_int_handler
        signal.signal(signal.SIGINT, last)


@contextmanager
def termination_raised() -> Iterator[None]:
    """Let a request to end (SIGTERM, SIGHUP) raise SystemExit in a block, so that it cleans up.

    Where the caller handles or ignores such a signal, and in other threads than the main one, it
    is left to the caller.

    Raises
    ------
    SystemExit
        With 128 and the number of the signal, as shells report it.
    """
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is _main_thread() else ()
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    free = [one for one in signals if signal.getsignal(one) is signal.SIG_DFL]
    for one in free:
        signal.signal(one, _raise_exit)
    try:
        yield
    finally:
        for one in free:
            signal.signal(one, signal.SIG_DFL)


def _raise_exit(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    raise SystemExit(128 + number)


def tell(what: str) -> None:
    """Print the one line that an interrupted command prints.

    Parameters
    ----------
    what : str
        What happened, and how to go on.
    """
    if _guard.is_active:
        _guard.tell(what)
    else:
        print(f"\nfeatser: {what}", file=sys.stderr, flush=True)


def raise_if_pressed() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed and code that is not ours has swallowed it."""
    if _guard.is_active and _guard.was_pressed and threading.current_thread() is _main_thread():
        raise KeyboardInterrupt


def _is_free() -> bool:
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return is_default and threading.current_thread() is _main_thread()


def _main_thread() -> threading.Thread:
    return threading.main_thread()


def _end() -> NoReturn:
    _guard.tell("interrupted; finished work is saved. Run the same command again to continue")
    raise SystemExit(EXIT_CODE)


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    _guard.leave()


def _hook(ordinary: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return a hook for exceptions that nobody can catch, which raises a lost Ctrl-C again."""

    def hook(lost: Any) -> object:
        if lost.exc_type is not None and issubclass(lost.exc_type, KeyboardInterrupt):
            timer = threading.Timer(LOST_S, _guard.raise_again)
            timer.daemon = True
            timer.start()
            return None
        return ordinary(lost)

    return hook
