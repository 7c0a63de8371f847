"""The errors that featser raises.

Every message names what is wrong (the file, the field, the value) and how to fix it, so that
the command line prints it as it stands, without a traceback.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from featser.credentials import without_credentials

EXIT_CODES = {
    0: "The command did what was asked.",
    1: "Something could not be used or written: a recording, a store, a model, an output; or "
    "`audit`, `folds check` or `store verify` found errors. Finished work is saved.",
    2: "The request is wrong: an option, an argument, a manifest, a card or a recipe.",
    70: "An error that featser did not expect. The message names the file with the details.",
    130: "Interrupted by Ctrl-C. Finished work is saved.",
}
"""The exit codes of the command line, as docs/command-line.md and `featser --help` list them."""


class FeatserError(Exception):
    """Base of all errors that featser raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line exits with: 2 where the request itself is at fault.
    """

    exit_code = 2

    def __str__(self) -> str:
        return without_credentials(super().__str__())


class InputError(FeatserError):
    """An argument or an option with a value that is not valid.

    Parameters
    ----------
    problem : str
        What is wrong, with the value and the valid ones.
    argument : str
        The name of the argument in Python; empty where the problem names it.
    """

    def __init__(self, problem: str, argument: str = "") -> None:
        super().__init__(problem, argument)
        self.problem = problem
        self.argument = argument

    def __str__(self) -> str:
        return f"{self.argument}: {self.problem}" if self.argument else self.problem

    @property
    def on_command_line(self) -> str:
        """The message with the name that the argument has on the command line."""
        if not self.argument:
            return self.problem
        name = _OPTIONS.get(self.argument, f"--{self.argument.replace('_', '-')}")
        return f"{name}: {self.problem}"


_OPTIONS = {
    "card": "CARD",
    "changes": "--set",
    "columns": "--map",
    "conditions": "--condition",
    "files": "FILES",
    "folder": "FOLDER",
    "kinds": "--kind",
    "labels": "--map",
    "protocols": "--protocol",
    "recipe": "RECIPE",
    "runs": "RUNS",
    "source": "SOURCE",
    "tasks": "--task",
}
"""Arguments whose names differ on the command line."""


class OutputError(FeatserError, OSError):
    """A file or folder that cannot be written.

    It is an OSError as well, with its ``errno`` and ``filename``.

    Parameters
    ----------
    path : str or Path
        What was to be written.
    cause : OSError
        Why it cannot be.
    """

    exit_code = 1

    def __init__(self, path: str | Path, cause: OSError) -> None:
        super().__init__(str(path))
        self.path = str(path)
        self.errno = cause.errno
        self.strerror = os.strerror(cause.errno) if cause.errno else str(cause)
        self.filename = str(path)

    def __str__(self) -> str:
        fix = _OUTPUT_FIXES.get(self.errno or 0, "Choose another place")
        return (
            f"{self.path}: cannot be written ({self.strerror}). {fix}, and run the same command "
            f"again: finished work is saved"
        )


_OUTPUT_FIXES = {
    errno.ENOSPC: "Free space on this disk, or choose another place",
    errno.EDQUOT: "Free space in your quota, or choose another place",
    errno.EFBIG: "Raise the limit on the size of files (`ulimit -f`)",
    errno.EACCES: "Make the folder writable, or choose another place",
    errno.EPERM: "Make the folder writable, or choose another place",
    errno.EROFS: "Choose a place on another disk: this one is read-only",
    errno.EISDIR: "Name a file: this is a folder",
    errno.ENOTDIR: "Choose another place: a part of this path is a file and not a folder",
    errno.EEXIST: "Choose another place: a part of this path is a file and not a folder",
    errno.ENAMETOOLONG: "Choose a shorter name",
}


class CardError(FeatserError):
    """A corpus card, or a folder that does not fit it."""


class DownloadError(FeatserError):
    """A corpus that cannot be downloaded, or not unpacked."""

    exit_code = 1


class ManifestError(FeatserError):
    """A manifest that cannot be read, or lacks what a step needs."""


class AnnotationError(FeatserError):
    """A file of labelled intervals that cannot be read, or intervals that a format cannot hold."""


class RecipeError(FeatserError):
    """A recipe with an unknown or contradictory field."""


class FeatureError(FeatserError):
    """An extractor, or a parameter of one, that does not exist."""


class AugmentationError(FeatserError):
    """An augmentation, or a parameter of one, that does not exist or cannot be had."""


class TaskError(FeatserError):
    """A task that the labels do not support."""


class ProtocolError(FeatserError):
    """A protocol that the data do not allow."""


class StoreError(FeatserError):
    """A feature store that is damaged, incomplete or not a store."""

    exit_code = 1


class DamagedPart(StoreError):  # noqa: N818  # named as what it is, like UnusableAudio
    """A file of the store whose bytes are not those that were written."""


class MisplacedPart(StoreError):  # noqa: N818  # as DamagedPart
    """A part file whose rows are not of the extractor in whose folder it lies.

    Parameters
    ----------
    message : str
        What is wrong, and how to fix it.
    fingerprint : str
        The extractor that the file names; empty where it names none.
    """

    def __init__(self, message: str, fingerprint: str = "") -> None:
        super().__init__(message)
        self.fingerprint = fingerprint


class AuxiliaryError(FeatserError):
    """A table of an auxiliary corpus that does not exist, is damaged, or lacks what is needed."""


class ResourceError(FeatserError):
    """What this machine cannot give, such as enough memory."""

    exit_code = 1


class RunError(FeatserError):
    """A run whose folder is damaged, or in use by another command."""

    exit_code = 1


class BundleError(FeatserError):
    """A model bundle that cannot be trusted, read or used here."""

    exit_code = 1


class UnusableAudio(FeatserError):  # noqa: N818  # a verdict on the recording, named as users read it
    """A recording that cannot be used, and why.

    Parameters
    ----------
    file : str or Path
        The recording.
    reason : str
        Why, in words that help to fix it.
    """

    exit_code = 1

    def __init__(self, file: str | Path, reason: str) -> None:
        self.file = without_credentials(str(file))
        self.reason = without_credentials(reason)
        super().__init__(self.file, self.reason)

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


SHOWN_CHARACTERS = 120


def counted(n: int, noun: str) -> str:
    """Return a number with its noun in singular or plural.

    Examples
    --------
    >>> counted(1, "file"), counted(2, "file")
    ('1 file', '2 files')
    """
    return f"{n} {noun}{'s' * (n != 1)}"


def shortened(text: str) -> str:
    r"""Return text as an error message shows it: one line of at most 120 characters.

    Examples
    --------
    >>> shortened("a\nb")
    'a b'
    """
    line = " ".join(text[: 4 * SHOWN_CHARACTERS].split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]} …"


def unknown(what: str, value: object, valid: Iterable[str]) -> str:
    """Say that a name is unknown, with the nearest valid one and all of them.

    Parameters
    ----------
    what : str
        What the name stands for, such as ``"extractor"``.
    value : object
        The name that was given.
    valid : iterable of str
        The names that exist.

    Returns
    -------
    str
        The message.

    Examples
    --------
    >>> unknown("corpus", "ravdes", ["emodb", "ravdess"])
    "unknown corpus 'ravdes'; did you mean 'ravdess'? valid: emodb, ravdess"
    """
    names = list(valid)
    shown = shortened(str(value))
    near = get_close_matches(shown, names, n=1)
    hint = f" did you mean '{near[0]}'?" if near else ""
    return f"unknown {what} '{shown}';{hint} valid: {', '.join(names)}"
