"""The end of a command that fails: one line, an exit code, and for an unexpected error a file.

What featser raises on purpose is a line already, or, where it offers several commands, a line and
those of the commands. What it does not expect is a fault in featser, in a library or in the
machine: the line names the error and the file that holds the details.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from featser.credentials import without_credentials
from featser.errors import FeatserError, InputError, ResourceError
from featser.io.atomic_write import cache_folder
from featser.io.escaping import for_terminal

UNEXPECTED = 70
"""The exit code after an error that featser did not expect (EX_SOFTWARE of sysexits.h)."""


LEAST_ADDRESS_SPACE = 600_000_000
"""Bytes that the libraries need to be loaded; with less, some abort without an exception."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn every error of a block into one line on the error stream and an exit code.

    Ctrl-C and SystemExit pass through. Where nobody reads the output any more (``featser … |
    head``), the command ends without a line.

    Raises
    ------
    SystemExit
        With a code of :data:`featser.errors.EXIT_CODES`.
    """
    try:
        _check_address_space()
        yield
    except InputError as error:
        _say(error.on_command_line)
        code = error.exit_code
    except FeatserError as error:
        _say(str(error))
        code = error.exit_code
    except BrokenPipeError:
        _discard_output()
        code = 1
    except Exception as error:
        code = _unexpected(error)
    else:
        return
    raise SystemExit(code)


_REPLACED_WORKER = "A worker stopped while some jobs were given to the executor"
"""joblib's warning that it starts another worker process, which loses no work."""


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Show warnings of libraries as notes on the error stream, one line each and once.

    Python would print the place in the source and a line of code, which says nothing to a user.
    """
    shown: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        if text not in shown and not text.startswith(_REPLACED_WORKER):
            shown.add(text)
            _say(f"note: {text}")

    before = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def _check_address_space() -> None:
    """Refuse a limit under which libraries abort the process while they are loaded."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limits
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESS_SPACE:
        raise ResourceError(
            f"`ulimit -v` leaves {limit / 1e6:.0f} MB of address space, and featser needs "
            f"{LEAST_ADDRESS_SPACE / 1e6:.0f} MB or more: raise the limit"
        )


def _unexpected(error: Exception) -> int:
    """Say what happened, and where the details are; return the exit code."""
    if isinstance(error, MemoryError):
        _say(
            "this machine, or a limit such as `ulimit -v`, has too little memory for this "
            f"command: use fewer --jobs, fewer features or less data. {_details(error)}"
        )
    elif isinstance(error, RecursionError):
        _say(f"an input is nested too deeply: simplify it. {_details(error)}")
    elif isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        _say(f"{place}{error.strerror}. {_details(error)}")
    else:
        _say(f"unexpected error ({type(error).__name__}: {_summary(error)}). {_details(error)}")
    return UNEXPECTED


def _summary(error: Exception) -> str:
    lines = str(error).strip().splitlines() or ["no message"]
    return lines[0][:300]


def _details(error: Exception) -> str:
    """Write the trace to a file of the user's and return a sentence that names it."""
    name = f"featser-error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    with suppress(Exception):
        trace = "".join(traceback.format_exception(error))
        text = f"{' '.join(map(repr, sys.argv))}\npython {sys.version}\n\n{trace}"
        for folder in (cache_folder() / "errors", Path(tempfile.gettempdir())):
            with suppress(OSError):
                return f"Details: {_written(folder / name, without_credentials(text))}"
    return "The details could not be written to any file"


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it is nobody else's
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _say(text: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads the error stream
        print(f"featser: {for_terminal(text, lines=True)}", file=sys.stderr, flush=True)


def _discard_output() -> None:
    """Keep Python from writing what is left in its buffers when it ends."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
