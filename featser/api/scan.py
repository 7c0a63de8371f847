"""``featser scan``: from a folder of recordings to a manifest."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from featser.annotation.annotated_scan import scan_annotated
from featser.api.arguments.path_rules import output_file, refuse_source_as_output
from featser.api.validation import validated
from featser.corpora.card import Card, load_card
from featser.corpora.labelling.label_map import LabelMap, named
from featser.corpora.manifest import write_manifest
from featser.corpora.scans.file_listing import table_file
from featser.corpora.scans.folder_layouts import layout_of
from featser.corpora.scans.pattern_scan import scan_pattern
from featser.corpora.scans.scanning import ScanResult
from featser.corpora.scans.scanning import scan as scan_folder
from featser.errors import InputError
from featser.experiment.loading.sources.folder_sources import refuse_run
from featser.experiment.loading.sources.manifest_sources import is_manifest
from featser.io.location import is_remote, local_path
from featser.io.nested_files import is_archive


@validated(output=output_file(".csv", ".tsv", ".parquet"))
def scan(
    card: str | Path,
    folder: str | Path | None = None,
    output: str | Path | None = None,
    *,
    pattern: str | None = None,
    annotation: str | None = None,
    corpus: str | None = None,
    columns: Mapping[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str | None]] | None = None,
) -> ScanResult:
    """Read the labels of a corpus from its file names.

    Parameters
    ----------
    card : str
        The name of a card, or a YAML file; or the folder itself, if ``folder`` is None. Its
        layout is then recognised, or ``pattern`` describes it.
    folder : str or Path, optional
        Where the recordings are: a folder of this machine, a zip or tar archive, or a URL such as
        ``s3://…``.
    output : str or Path, optional
        The manifest to write, CSV or Parquet by its ending.
    pattern : str, optional
        How paths of recordings below the folder are read, instead of a card:
        ``"{speaker}/*/{emotion}_{take}.wav"``, where ``*`` is any text within one name and ``**``
        any number of folders.
    annotation : str, optional
        The tier of labelled intervals beside the recordings that are the utterances, instead of a
        card.
    corpus : str, optional
        The card, if ``card`` is the folder, as in :func:`featser.extract`.
    columns : dict of str to str, optional
        Other names for columns, such as ``{"label": "emotion"}``.
    labels : dict of dict, optional
        Other names for the classes of a label, such as ``{"emotion": {"ang": "angry"}}``; None
        removes a class.

    Returns
    -------
    ScanResult
        The manifest, what does not fit, what is missing, and counts.

    Raises
    ------
    CardError
        If the card is unknown or the folder does not fit it.
    AnnotationError
        If intervals cannot be read, or the tier does not exist.
    InputError
        If the manifest would replace the table that is read.
    """
    names = named(columns, labels)
    ways = {"pattern": pattern, "annotation": annotation, "corpus": corpus}
    used = [argument for argument, value in ways.items() if value is not None]
    if used and folder is not None:
        raise InputError("takes the place of a card: leave CARD out", used[0])
    if len(used) > 1:
        raise InputError(f"cannot be used with --{used[0]}: choose one of them", used[1])
    if corpus is not None:
        card, folder = corpus, card
    if annotation is not None:
        result = scan_annotated(card, annotation, names)
    elif pattern is not None:
        result = scan_pattern(card, pattern, names)
    elif folder is None:
        result = _scan_bare(card, names, output)
    else:
        result = _scan_by_card(load_card(card), folder, names, output)
    if output is not None:
        write_manifest(result.manifest, output)
    return result


def _no_folder(given: str | Path) -> str:
    if not is_remote(given) and local_path(given).is_file() and is_manifest(given):
        command = shlex.join(["featser", "scan", "table", str(given)])
        return f"'{given}' is a file: a table of recordings is read by `{command}`"
    return (
        f"'{given}' is no folder of this machine: name a card (`featser corpora` lists them) "
        f"and a folder, or a folder alone"
    )


def _scan_bare(folder: str | Path, names: LabelMap, output: str | Path | None = None) -> ScanResult:
    """Scan a folder or archive by its layout, or say that the argument is neither."""
    if is_remote(folder) or not (local_path(folder).is_dir() or is_archive(local_path(folder))):
        raise InputError(_no_folder(folder), "card")
    refuse_run(local_path(folder))
    layout, notes = layout_of(local_path(folder))
    card, place = (layout.card, folder) if layout.table is None else ("table", layout.table)
    result = _scan_by_card(load_card(card), place, names, output)
    return replace(result, notes=[*notes, *result.notes])


def _scan_by_card(
    card: Card, folder: str | Path, names: LabelMap, output: str | Path | None
) -> ScanResult:
    """Scan a folder or a table, unless the manifest would replace that table."""
    result = scan_folder(card, folder, names)
    if output is not None and card.layout == "manifest":
        table = folder if is_remote(folder) else table_file(local_path(folder))
        refuse_source_as_output([output], [table])
    return result
