"""``featser demo``: the whole flow on a synthetic corpus, from sound to report."""

from __future__ import annotations

from pathlib import Path

from featser.api.extract import extract
from featser.api.fit import fit
from featser.corpora.synthetic.demo_corpus import write_demo_corpus
from featser.experiment.runs.run_files import Run
from featser.extraction.extraction import Extraction

TASKS = ("emotion", "intensity", "gender")


def demo(folder: str | Path, jobs: int = -1, seed: int = 0) -> tuple[Extraction, Run]:
    """Make the demo corpus, extract its features, fit, and write the report.

    Parameters
    ----------
    folder : str or Path
        Where corpus, store and run are written.
    jobs : int
        Worker processes; −1 for one per core.
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
    extraction = extract(corpus, store=store, corpus="demo", n_jobs=jobs)
    run = fit(
        store=store,
        tasks=TASKS,
        seed=seed,
        output=folder / "run",
        n_jobs=jobs,
    )
    return extraction, run
