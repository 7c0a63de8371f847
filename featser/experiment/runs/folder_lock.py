"""One command at a time in a run's folder: two would write over each other's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from featser.errors import RunError
from featser.io.atomic_write import output_errors
from featser.io.lock import exclusive_folder


@contextmanager
def only_writer(folder: str | Path | None, option: str = "") -> Iterator[None]:
    """Keep other commands out of a run's folder for the length of the block.

    The lock ends with the process, however that ends. Where the platform (Windows) or the file
    system has no locks, the block runs without one.

    Parameters
    ----------
    folder : str, Path or None
        The run's folder, which need not exist; with None the block runs without a lock.
    option : str
        The option by which the command writes into another folder; empty where it has none.

    Raises
    ------
    RunError
        If another command writes into the folder.
    OutputError
        If the folder cannot be made.

    Examples
    --------
    >>> with only_writer("run"), only_writer("run", "-o"):
    ...     pass
    Traceback (most recent call last):
    featser.errors.RunError: run: another command is writing into this folder. Wait until it has \
ended, or choose another folder (-o)
    """
    if folder is None:
        yield
        return
    with ExitStack() as stack:
        with output_errors(folder):
            try:
                stack.enter_context(exclusive_folder(folder))
            except BlockingIOError as error:
                choice = f", or choose another folder ({option})" if option else ""
                raise RunError(
                    f"{folder}: another command is writing into this folder. Wait until it has "
                    f"ended{choice}"
                ) from error
        yield
