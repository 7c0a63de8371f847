"""Features of a few recordings in memory, without a store: what prediction needs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from featser.corpora.utterances import Utterance
from featser.extraction.backends import outcomes
from featser.extraction.chunks import CHUNK, Work
from featser.features.extractor import Extractor
from featser.progress import Progress, silent
from featser.workers.pool import WorkerPool


def compute_all(
    utterances: Sequence[Utterance],
    extractors: Sequence[Extractor],
    n_jobs: int = 1,
    progress: Progress = silent,
) -> tuple[dict[str, dict[str, NDArray[np.float32]]], dict[str, list[str]], dict[str, str]]:
    """Compute features without a store, for prediction.

    Parameters
    ----------
    utterances : sequence of Utterance
        Each with a key of its own.
    extractors : sequence of Extractor
        Workers make them again from their specs.
    n_jobs : int
        Worker processes, as joblib counts them. With one, this process computes itself: a few
        recordings are done before a worker has started, at the price of its protection.
    progress : callable
        Called with the utterances done and in all.

    Returns
    -------
    values : dict of str to dict of str to ndarray of float32, shape (d,)
        By the extractor's spec, then by the utterance's key.
    reasons : dict of str to list of str
        By key, why features are missing.
    remarks : dict of str to str
        By file, what else decoding had to do, or that its channels differ.
    """
    from joblib import effective_n_jobs

    by_spec = {extractor.spec: extractor for extractor in extractors}
    specs = list(by_spec)
    jobs = [(utterance, specs) for utterance in utterances]
    chunks = [jobs[first : first + CHUNK] for first in range(0, len(jobs), CHUNK)]
    is_here = effective_n_jobs(n_jobs) == 1
    work = Work(None, extractors=by_spec) if is_here else Work(WorkerPool())
    values: dict[str, dict[str, NDArray[np.float32]]] = {spec: {} for spec in specs}
    reasons: dict[str, list[str]] = {}
    remarks: dict[str, str] = {}
    done = 0
    with closing(outcomes(chunks, work, n_jobs)) as results:
        for chunk, outcome in results:
            for spec, rows in outcome.values.items():
                values[spec].update(zip(outcome.keys[spec], rows, strict=True))
            remarks |= outcome.remarks
            for key, why in outcome.reasons:
                reasons.setdefault(key, []).append(why)
            done += len(chunk)
            progress(done, len(utterances))
    return values, reasons, remarks
