"""``featser demo``: the whole flow on a synthetic corpus, from sound to report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from featser.corpora.demo import write_demo_corpus
from featser.features.extraction import Extraction
from featser.progress import Progress
from featser.verbs.extract import extract
from featser.verbs.fit import fit
from featser.verbs.results import Run

TASKS = ("emotion", "intensity", "gender")


def demo(
    folder: str | Path, progress_of: Callable[[str], Progress], jobs: int = -1, seed: int = 0
) -> tuple[Extraction, Run]:
    """Make the demo corpus, extract its features, fit, and write the report.

    Parameters
    ----------
    folder : str or Path
        Where corpus, store and run are written.
    progress_of : callable
        Given a step's name, what to call with the units done and in all.
    jobs : int
        Worker processes; −1 for one a core.
    seed : int
        Of the corpus and the fit.

    Returns
    -------
    extraction : Extraction
    run : Run
        With the path of the report.
    """
    folder = Path(folder)
    corpus = write_demo_corpus(folder / "corpus", seed)
    store = folder / "store"
    extraction = extract(
        corpus, store, corpus="demo", jobs=jobs, progress=progress_of("Extracting features")
    )
    run = fit(
        store=store,
        tasks=TASKS,
        seed=seed,
        output=folder / "run",
        jobs=jobs,
        command="featser demo",
        progress=progress_of("Fitting folds"),
    )
    return extraction, run
