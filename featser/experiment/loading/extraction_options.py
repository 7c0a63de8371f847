"""How features are extracted: what is read of a recording, and what distributes the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from featser.experiment.declaration import value_checks
from featser.experiment.declaration.field_errors import input_error
from featser.experiment.declaration.option import EXTRACT, Option
from featser.experiment.declaration.validators import checked_if_given
from featser.workers.limits import TIMEOUT


class ExtractionOptions(BaseModel):
    """Options of :func:`featser.extract` that are seldom needed.

    A field is an option of the command line and an argument of the function. Its annotation holds
    its type, its valid values and its :class:`~featser.experiment.declaration.option.Option`.

    Examples
    --------
    >>> ExtractionOptions(trim=True).timeout
    60.0
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trim: Annotated[
        bool,
        Option(
            "Remove leading and trailing silence first: the same as trim:NAME for every extractor.",
            commands=EXTRACT,
        ),
    ] = False
    channel: Annotated[
        str | None,
        checked_if_given(value_checks.channel),
        Option(
            "Channel of recordings that have several: their average, one of them (N from 1 on), "
            "or the loudest. A manifest's column `channel` takes precedence.",
            metavar="mix|left|right|N|loudest",
            commands=("extract", "audit"),
            default_text="default: the recipe's, or mix",
            default_texts={"audit": "default: mix"},
        ),
    ] = None
    pattern: Annotated[
        str | None,
        Option("How paths of recordings below a folder are read, instead of a card.", commands=()),
    ] = None
    columns: Annotated[
        dict[str, str],
        Option("Other names for columns, such as {label: emotion}.", commands=()),
    ] = {}
    labels: Annotated[
        dict[str, dict[str, str | None]],
        Option(
            "Other names for the classes of a label, such as {emotion: {ang: angry}}; null removes "
            "a class.",
            commands=(),
        ),
    ] = {}
    dry_run: Annotated[
        bool,
        Option(
            "Only say what would be computed, how long it takes, and how much memory long "
            "recordings need; augmented copies are left out.",
            commands=("extract",),
        ),
    ] = False
    timeout: Annotated[
        float,
        Field(gt=0),
        Option(
            "Seconds until decoding or one extractor is stopped on a recording, plus a third of "
            "that for each second of audio.",
            metavar="SECONDS",
            commands=("extract", "audit", "run"),
        ),
    ] = TIMEOUT
    backend: Annotated[
        str | None,
        Option(
            "What distributes the work. On this machine: threading or loky, which is not faster. "
            "On a cluster with the recordings under the same paths: dask.",
            metavar="NAME",
            commands=EXTRACT,
            default_text="default: threading",
        ),
    ] = None
    cluster: Annotated[
        str | None,
        Option(
            "The scheduler of Dask, such as tcp://HOST:8786.", metavar="ADDRESS", commands=EXTRACT
        ),
    ] = None


def extraction_options(fields: Mapping[str, Any]) -> ExtractionOptions:
    """Build the options that a user gave.

    Raises
    ------
    InputError
        If an option is unknown or its value is not valid.
    """
    try:
        return ExtractionOptions(**fields)
    except ValidationError as error:
        raise input_error(error, ExtractionOptions.model_fields) from None
