"""``featser audit``: what would make a result wrong, before any training."""

from __future__ import annotations

import json
from pathlib import Path

from featser.audit.run import Audit, audit_manifest
from featser.evaluation.uncertainty import to_json
from featser.files import write_text
from featser.progress import Progress, silent
from featser.verbs.source import read_source


def audit(
    source: str | Path,
    corpus: str | None = None,
    output: str | Path | None = None,
    primary: str | None = None,
    jobs: int = -1,
    seed: int = 0,
    progress: Progress = silent,
) -> Audit:
    """Find recordings that are there twice, wrong labels, damaged recordings, and give-aways.

    Parameters
    ----------
    source : str or Path
        A manifest, or a corpus folder together with ``corpus``.
    corpus : str, optional
        The card of a corpus folder.
    output : str or Path, optional
        The JSON file to write: ``recordings`` (how many), ``counts`` by severity, ``findings``.
    primary : str, optional
        The label that leads; by default the card's, else ``emotion``.
    jobs, seed, progress
        As in :func:`featser.audit.run.audit_manifest`.

    Returns
    -------
    Audit
        Findings, facts of each recording, and groups of rows with the same sound.

    Raises
    ------
    FeatserError
        If the source cannot be read. Unusable recordings raise nothing: they are findings.
    """
    found = read_source(source, corpus)
    result = audit_manifest(
        found.table, primary or found.primary, jobs, seed, progress, found.cards
    )
    if output is not None:
        told = {"source": str(source), **to_json(result.to_dict())}
        write_text(Path(output), json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False))
    return result
