"""``featser scan``: from a folder of recordings to a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from featser.api.validation import output_file, validated
from featser.corpora.card import load_card
from featser.corpora.labelling.label_map import named
from featser.corpora.manifest import write_manifest
from featser.corpora.scanning import ScanResult
from featser.corpora.scanning import scan as scan_folder


@validated(output=output_file(".csv", ".tsv", ".parquet"))
def scan(
    card: str,
    folder: str | Path,
    output: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str | None]] | None = None,
) -> ScanResult:
    """Read the labels of a corpus from its file names.

    Parameters
    ----------
    card : str
        The name of a card, or a YAML file.
    folder : str or Path
        Where the recordings are: a folder of this machine, or a URL such as ``s3://…``.
    output : str or Path, optional
        The manifest to write, CSV or Parquet by its ending.
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
    """
    result = scan_folder(load_card(card), folder, named(columns, labels))
    if output is not None:
        write_manifest(result.manifest, output)
    return result
