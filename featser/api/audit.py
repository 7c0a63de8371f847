"""``featser audit`` and ``folds check``: what would make a result wrong, before any training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from featser.api.arguments.path_rules import output_file, path, refuse_source_as_output
from featser.api.validation import validated
from featser.audio.channels import MIX
from featser.audit.audit_manifest import Audit, audit_manifest
from featser.audit.folds_check import FoldsCheck, compare_folds
from featser.corpora.fold_lists.fold_list import is_manifest_of_folds, read_fold_list
from featser.corpora.label_columns import tasks_from
from featser.corpora.labelling.label_map import named
from featser.credentials import without_credentials
from featser.errors import TaskError, unknown
from featser.evaluation.statistics.intervals import to_json
from featser.experiment.audited import contents_of
from featser.experiment.loading.published_folds import matched_folds
from featser.experiment.loading.requested_tasks import primary_of
from featser.experiment.loading.sources.folder_sources import corpus_or_pattern
from featser.experiment.loading.sources.manifest_sources import with_channel
from featser.experiment.loading.sources.named_sources import read_source
from featser.experiment.loading.sources.source import Source
from featser.io.atomic_write import write_text
from featser.io.result_tables import TABLE_ENDINGS, table_format, write_table
from featser.progress import announce, stage
from featser.progress_bars import showing_progress
from featser.workers.limits import TIMEOUT

FINDINGS_ENDING = ".json"
AUDIT_ENDINGS = (FINDINGS_ENDING, *(name for name in TABLE_ENDINGS if name != FINDINGS_ENDING))


@validated(output=output_file(*AUDIT_ENDINGS))
@showing_progress
def audit(
    source: str | Path,
    /,
    *,
    corpus: str | None = None,
    pattern: str | None = None,
    output: str | Path | None = None,
    primary: str | None = None,
    n_jobs: int = -1,
    seed: int = 0,
    timeout: float = TIMEOUT,
    channel: str = MIX,
    columns: Mapping[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str | None]] | None = None,
) -> Audit:
    """Find duplicate recordings, wrong labels, damaged recordings, and shortcuts.

    Parameters
    ----------
    source : str or Path
        A manifest, or a corpus folder together with ``corpus``.
    corpus : str, optional
        The card of a corpus folder.
    pattern : str, optional
        How paths of recordings below the folder are read, instead of ``corpus``:
        ``"{speaker}/*/{emotion}_{take}.wav"``, as :func:`featser.scan` has it.
    output : str or Path, optional
        The file to write. As JSON: ``recordings`` (how many), ``counts`` by severity,
        ``findings``, and ``facts`` (what is known of each recording). As a table, by its ending:
        the facts alone, a row for each recording.
    primary : str, optional
        The label that leads; by default the card's, else ``emotion``, else the first that can be
        predicted.
    n_jobs, seed, timeout
        As in :func:`featser.audit.audit_manifest.audit_manifest`.
    channel : str
        Which channel of recordings that have several: ``mix``, ``left``, ``right``, a number from
        1 on, or ``loudest``; a row's own ``channel`` goes first.
    columns : dict of str to str, optional
        Other names for columns, such as ``{"label": "emotion"}``.
    labels : dict of dict, optional
        Other names for the classes of a label, such as ``{"emotion": {"ang": "angry"}}``; None
        removes a class.

    Returns
    -------
    Audit
        Findings, facts of each recording, and groups of rows with the same sound.

    Raises
    ------
    FeatserError
        If the source cannot be read. Unusable recordings raise nothing: they are findings.
    TaskError
        If ``primary`` is no label of the source, or one that cannot be predicted.
    """
    is_table = output is not None and Path(output).suffix.lower() != FINDINGS_ENDING
    if output is not None and is_table:
        table_format(output)  # a missing package is named before anything is measured
    how = corpus_or_pattern(source, corpus, pattern)
    read = read_source(source, how, names=named(columns, labels))
    if output is not None:
        refuse_source_as_output([output], [source, *read.locations.values()])
    read.table = with_channel(read.table, channel)
    if primary is not None:
        _refuse_no_label(read, primary)
    leading, note = (primary, None) if primary is not None else primary_of(read, (), {})
    for line in [*read.all_notes(), *([note] if note else [])]:
        announce(f"note: {line}")
    result = audit_manifest(
        read.table,
        leading,
        n_jobs,
        seed,
        stage("Examining recordings"),
        read.cards,
        timeout,
    )
    if output is not None and is_table:
        write_table(result.recordings(), output)
    elif output is not None:
        described = {"source": without_credentials(str(source)), **to_json(result.to_dict())}
        _write_json(output, described)
    return result


@validated(folds=path, output=output_file(".json"))
def check_folds(
    folds: str | Path,
    source: str | Path | None = None,
    /,
    *,
    corpus: str | None = None,
    pattern: str | None = None,
    primary: str | None = None,
    output: str | Path | None = None,
) -> FoldsCheck:
    """Check whether published folds keep speakers and recordings apart.

    Parameters
    ----------
    folds : str or Path
        The folds: as :func:`featser.corpora.fold_lists.fold_list.read_fold_list` reads them.
    source : str or Path, optional
        A manifest, or a corpus folder with ``corpus``, which gives speakers, labels and
        recordings. By default the table of folds itself, if it is a manifest with a column
        ``fold``.
    corpus : str, optional
        The card of a corpus folder.
    pattern : str, optional
        How paths below a folder are read, in place of ``corpus``, as :func:`featser.scan` does.
    primary : str, optional
        The label whose classes are counted; by default the card's, else ``emotion``.
    output : str or Path, optional
        The JSON file to write.

    Returns
    -------
    FoldsCheck

    Raises
    ------
    FeatserError
        If the folds or the source cannot be read.
    ProtocolError
        If two folds test a recording, names do not match, or there are fewer than two folds.

    Examples
    --------
    >>> check_folds("folds.csv", "manifest.csv").is_disjoint  # doctest: +SKIP
    True
    """
    corpus = corpus_or_pattern(source, corpus, pattern)
    listed = read_fold_list(folds)
    has_recordings = source is not None or is_manifest_of_folds(folds)
    if has_recordings:
        read = read_source(folds if source is None else source, corpus)
    else:
        read = Source(pd.DataFrame({"file": list(listed.fold_of)}), listed.origin)
    matched = matched_folds(listed, read.table["file"])
    folds_of_rows = [matched.fold_of.get(file) for file in read.table["file"]]
    table = read.table.assign(fold=pd.Series(folds_of_rows, read.table.index, dtype="str"))
    content = contents_of(table) if has_recordings else None
    result = compare_folds(table, content, primary or read.primary)
    result.unmatched_names.extend(matched.unmatched)
    result.notes.extend(listed.notes)
    if output is not None:
        _write_json(output, {"source": listed.origin, **to_json(result.to_dict())})
    return result


def _write_json(output: str | Path, described: dict[str, Any]) -> None:
    text = json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(Path(output), text)


def _refuse_no_label(source: Source, primary: str) -> None:
    """Refuse a label that the checks for shortcuts could not look at."""
    tasks, refused = tasks_from(source.table, source.cards, primary)
    if primary in refused:
        raise TaskError(f"--primary {primary}: no label that can be predicted: {refused[primary]}")
    names = [task.name for task in tasks]
    if primary not in names:
        raise TaskError(f"--primary {primary}: {unknown('label', primary, names)}")
