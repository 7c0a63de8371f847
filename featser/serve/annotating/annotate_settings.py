"""What a server annotates: the manifest that its command line names, and the options for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from featser.errors import InputError
from featser.io.location import is_remote, path_part
from featser.models.storage.bundle_name import BUNDLE
from featser.serve.annotating.queue_jobs import QueueSource

BUNDLE_ENDING = ".featser"
PREDICTIONS = "predictions.parquet"
ENDINGS = (".csv", ".tsv", ".parquet")
MANIFEST_LIKE = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".textgrid", ".eaf", ".rttm", ".yaml")
"""Endings of arguments that are meant as manifests, also where there is no such file."""


@dataclass(frozen=True)
class AnnotateSettings:
    """Options of annotation.

    Parameters
    ----------
    output : str
        The table that annotations are exported to, ``.csv``, ``.tsv`` or ``.parquet``; the journal
        beside it has the same name with ``.jsonl``. Empty: beside what is annotated.
    corpus : str, optional
        The card of a corpus folder.
    labels : tuple of str
        As ``emotion=angry,sad`` or ``arousal=1..9``; empty: the labels of the manifest.
    store : str
        A feature store, to fit models on the annotations.

    Raises
    ------
    InputError
        If the output has another ending.
    """

    output: str = ""
    corpus: str | None = None
    labels: tuple[str, ...] = ()
    store: str = ""

    def __post_init__(self) -> None:
        if self.output and Path(self.output).suffix.lower() not in ENDINGS:
            raise InputError(f"'{self.output}': give a .csv, .tsv or .parquet file", "output")


@dataclass(frozen=True)
class ServeArguments:
    """What the arguments of the command stand for.

    Attributes
    ----------
    models : tuple of str
        Bundles, runs with a bundle, and ``open``, each perhaps as ``NAME=…``.
    runs : tuple of str
        Folders with out-of-fold predictions.
    manifest : str
        What is annotated; empty if nothing is.
    """

    models: tuple[str, ...]
    runs: tuple[str, ...]
    manifest: str


def sorted_arguments(arguments: Sequence[str | Path]) -> ServeArguments:
    """Tell models, runs and a manifest apart.

    Raises
    ------
    InputError
        If there are two manifests.

    Examples
    --------
    >>> sorted_arguments(["clips.csv", "bangla=bn.featser", "open"])
    ServeArguments(models=('bangla=bn.featser', 'open'), runs=(), manifest='clips.csv')
    """
    models, runs, manifests = [], [], []
    for argument in map(str, arguments):
        place = Path(argument.partition("=")[2] or argument)
        place = Path(argument) if Path(argument).exists() else place
        has_predictions = (place / PREDICTIONS).is_file()
        if has_predictions:
            runs.append(str(place))
        if _is_manifest(argument):
            manifests.append(argument)
        elif not has_predictions or (place / BUNDLE).is_file():
            models.append(argument)
    if len(manifests) > 1:
        raise InputError(
            f"{manifests[0]} and {manifests[1]} are both to be annotated: start a server for each, "
            f"or put them into one manifest",
            "models",
        )
    return ServeArguments(tuple(models), tuple(runs), manifests[0] if manifests else "")


def annotate_source(arguments: ServeArguments, settings: AnnotateSettings) -> QueueSource:
    """Return the queue of the manifest.

    Raises
    ------
    InputError
        If the output is the manifest itself, or must be named since it is elsewhere.
    """
    output = settings.output or _default_output(arguments.manifest)
    if Path(output).absolute() == Path(arguments.manifest).absolute():
        raise InputError(f"'{output}' is the manifest itself: name another file", "output")
    return QueueSource(
        "annotate",
        arguments.manifest,
        output,
        settings.corpus,
        tuple(settings.labels),
        arguments.runs,
    )


def review_source(run: str) -> QueueSource:
    """Return the queue of a run; its journal lies beside the folder, which a new run replaces.

    Examples
    --------
    >>> review_source("/runs/emodb-1").journal
    '/runs/emodb-1-corrected.jsonl'
    """
    folder = Path(run).absolute()
    return QueueSource("review", run, str(folder.parent / f"{folder.name}-corrected.csv"))


def _is_manifest(argument: str) -> bool:
    path = Path(argument)
    if path.is_dir():
        return not (path / BUNDLE).is_file() and not (path / PREDICTIONS).is_file()
    if path.is_file():
        return path.suffix.lower() != BUNDLE_ENDING
    return path_part(argument).suffix.lower() in MANIFEST_LIKE


def _default_output(manifest: str) -> str:
    """Return the table beside a manifest or folder that annotations go to.

    Raises
    ------
    InputError
        If the manifest is not on this machine.
    """
    if is_remote(manifest):
        raise InputError(f"{manifest} is elsewhere: name the file for annotations here", "output")
    path = Path(manifest).absolute()
    stem = path.name if path.is_dir() else path.stem
    return str(path.parent / f"{stem}-annotations.csv")
