"""Compare emotion recognition by gemaps and by openSMILE's egemaps: paired differences of UAR.

Run ``python reports/gemaps/separability.py CORPORA`` (half an hour on one core), where CORPORA
holds ``banglaser/``, ``ravdess/`` and ``emodb/``. For each corpus and speaker normalisation,
``svm`` is fitted on the same speaker-independent folds with the one and with the other, beside
``handcrafted`` and alone. The difference of the two UARs over all out-of-fold predictions has a
95 % interval by bootstrap, the same speakers being drawn for both. Features and runs go to
``--work``, where finished runs are kept; ``reports/gemaps/separability.md`` is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

import featser
from featser.evaluation.metrics.metrics import confusion_matrix

HERE = Path(__file__).resolve().parent
CORPORA = ("banglaser", "ravdess", "emodb")
NORMS = ("none", "transductive")
BESIDE: tuple[tuple[str, ...], ...] = (("handcrafted",), ())
DRAWS = 10_000
MARGIN = -0.01


def main() -> None:
    """Fit what is not yet fitted, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="holds banglaser/, ravdess/, emodb/")
    parser.add_argument("--work", type=Path, default=Path("runs/separability"))
    arguments = parser.parse_args()
    rows = []
    for corpus in CORPORA:
        store = arguments.work / f"store-{corpus}"
        featser.extract(
            arguments.corpora / corpus,
            store=store,
            features=["handcrafted", "egemaps", "gemaps"],
            corpus=corpus,
        )
        for norm in NORMS:
            for beside in BESIDE:
                pair = [
                    predictions(arguments.work, store, corpus, norm, [*beside, name])
                    for name in ("gemaps", "egemaps")
                ]
                rows.append(row(corpus, norm, beside, *difference(*pair)))
    (HERE / "separability.md").write_text(page(rows), encoding="utf-8")


def predictions(
    work: Path, store: Path, corpus: str, norm: str, features: list[str]
) -> pd.DataFrame:
    """Return the out-of-fold predictions with some features; fit the run unless it exists."""
    folder = work / f"{corpus}-{norm}-{'+'.join(features)}"
    table = folder / "predictions.parquet"
    if not table.exists():
        featser.fit(
            store=store,
            tasks=["emotion"],
            model="svm",
            speaker_norm=norm,
            features=features,
            seed=0,
            output=folder,
            n_jobs=1,
        )
    return pd.read_parquet(table).set_index("file").sort_index()


def difference(
    ours: pd.DataFrame, theirs: pd.DataFrame
) -> tuple[float, float, float, float, float]:
    """UAR with gemaps and with egemaps, their difference, and its 95 % interval.

    Raises
    ------
    ValueError
        If the two were not tested on the same utterances in the same folds.
    """
    same = ["emotion.true", "speaker", "fold"]
    if not ours[same].equals(theirs[same]):
        raise ValueError("the two runs differ in their utterances or folds: repeat both fits")
    counts = [by_speaker(one) for one in (ours, theirs)]
    speakers = len(counts[0])
    drawn = np.random.default_rng(0).multinomial(
        speakers, np.full(speakers, 1 / speakers), size=DRAWS
    )
    draws = [uar(np.tensordot(drawn, one, 1)) for one in counts]
    low, high = np.nanpercentile(draws[0] - draws[1], [2.5, 97.5])
    first, second = (float(uar(one.sum(axis=0))) for one in counts)
    return first, second, first - second, float(low), float(high)


def by_speaker(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Confusion matrix of each speaker, shape (speakers, classes, classes)."""
    classes = sorted(table["emotion.true"].unique())
    return np.array(
        [
            confusion_matrix(part["emotion.true"], part["emotion.pred"], classes)
            for _, part in table.groupby("speaker")
        ],
        float,
    )


def uar(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean recall of the classes present, of one confusion matrix or many."""
    total = counts.sum(axis=-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return np.nanmean(
        np.divide(right, total, out=np.full(total.shape, np.nan), where=total > 0), -1
    )


def row(corpus: str, norm: str, beside: tuple[str, ...], *figures: float) -> str:
    """Write one comparison."""
    ours, theirs, apart, low, high = figures
    met = "yes" if apart >= MARGIN else "no"
    features = " + ".join([*beside, "…"])
    return (
        f"| {corpus} | {norm} | {features} | {ours:.3f} | {theirs:.3f} | "
        f"{apart:+.3f} [{low:+.3f}, {high:+.3f}] | {met} |"
    )


def page(rows: list[str]) -> str:
    """Write the page."""
    lines = [
        "# Emotion recognition by gemaps and by openSMILE's egemaps",
        "",
        "`python reports/gemaps/separability.py CORPORA`: speaker-independent UAR of emotion by",
        "`svm`, seed 0, the same folds for both; the difference has a 95 % interval by bootstrap",
        "over speakers.",
        "",
        f"| corpus | normalisation | features | gemaps | egemaps | difference | ≥ {MARGIN} |",
        "|---|---|---|---:|---:|---:|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
