"""``featser export``: the store as one table with named columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featser.api.arguments.path_rules import output_file, refuse_source_as_output
from featser.api.validation import validated
from featser.corpora.audformat_io import write_audformat
from featser.errors import FeatserError
from featser.experiment.loading.last_extraction import recall, refuse_lost
from featser.experiment.loading.sources.source import STORE
from featser.extraction.extraction import usable
from featser.features.registry import make_extractors
from featser.features.spec_names import DEFAULT_FEATURES
from featser.io.atomic_write import whole
from featser.io.escaping import for_csv
from featser.store.feature_store import Store


@validated(output=output_file(".csv", ".parquet"))
def export(
    output: str | Path, store: str | Path = STORE, features: Sequence[str] = ()
) -> tuple[int, int]:
    """Write the utterances of the last extraction with their features.

    Parameters
    ----------
    output : str or Path
        ``.parquet`` or ``.csv``.
    store : str or Path
        Where the features are.
    features : sequence of str
        Extractors; when empty, those of the last extraction.

    Returns
    -------
    rows, columns : int
        Utterances and features written.

    Raises
    ------
    FeatserError
        If nothing was extracted yet, features that were extracted are not there any more, or the
        ending is neither of the two.
    """
    path = Path(output)
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise FeatserError(f"{output}: the ending says the format: .parquet or .csv")
    source, unusable = recall(store)
    refuse_source_as_output([output], list(source.locations.values()))
    opened = Store(store)
    extractors = make_extractors(features or source.features or DEFAULT_FEATURES)
    refuse_lost(source, unusable, opened, extractors)
    table = source.table[usable(source.table, extractors, opened)].reset_index(drop=True)
    keys = table.pop("key").tolist()
    names = [name for extractor in extractors for name in extractor.names]
    values = np.hstack([opened.read(extractor, keys) for extractor in extractors])
    joined = pd.concat([table, pd.DataFrame(values, columns=names)], axis=1)
    with whole(path) as temporary:
        if path.suffix.lower() == ".csv":
            for_csv(joined).to_csv(temporary, index=False)
        else:
            joined.to_parquet(temporary, index=False)
    return len(joined), len(names)


def export_audformat(folder: str | Path, store: str | Path = STORE) -> int:
    """Write the manifest of the last extraction as an audformat database; no audio is copied.

    Parameters
    ----------
    folder : str or Path
        A folder that does not exist yet, or is empty.
    store : str or Path
        Where the extraction went.

    Returns
    -------
    int
        Utterances written.

    Raises
    ------
    FeatserError
        If nothing was extracted yet, or the folder holds something.
    """
    source, _ = recall(store)
    write_audformat(source.table.drop(columns="key"), folder)
    return len(source.table)
