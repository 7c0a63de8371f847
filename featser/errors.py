"""The errors that featser raises.

Every message names what is wrong (the file, the field, the value) and how to mend it, so that
the command line prints it as it stands, without a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class FeatserError(Exception):
    """Base of all errors that featser raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line exits with: 2 where the request itself is at fault.
    """

    exit_code = 2


class CardError(FeatserError):
    """A corpus card, or a folder that does not fit it."""


class DownloadError(FeatserError):
    """A corpus that cannot be downloaded, or not unpacked."""

    exit_code = 1


class ManifestError(FeatserError):
    """A manifest that cannot be read, or lacks what a step needs."""


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


class ResourceError(FeatserError):
    """What this machine cannot give, such as enough memory."""

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
        Why, in words that help to mend it.
    """

    exit_code = 1

    def __init__(self, file: str | Path, reason: str) -> None:
        super().__init__(str(file), reason)
        self.file = str(file)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


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
    near = get_close_matches(str(value), names, n=1)
    hint = f" did you mean '{near[0]}'?" if near else ""
    return f"unknown {what} '{value}';{hint} valid: {', '.join(names)}"
