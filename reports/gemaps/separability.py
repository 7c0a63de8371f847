"""Compare emotion recognition by gemaps and by openSMILE's egemaps: paired differences of UAR.

Run ``python reports/gemaps/separability.py CORPORA`` (half an hour on one core), where CORPORA
holds ``banglaser/``, ``ravdess/`` and ``emodb/``. For each corpus and speaker normalisation,
``svm`` is fitted on the same speaker-independent folds with the one and with the other, beside
``handcrafted`` and alone. The difference of the two UARs over all out-of-fold predictions has a
95 % interval over speakers, each being left out of both at once. Features and runs go to
``--work``, where finished runs are kept; ``reports/gemaps/separability.md`` is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import featser
from featser.evaluation.statistics.comparison import compare_task
from featser.tasks import Task

HERE = Path(__file__).resolve().parent
CORPORA = ("banglaser", "ravdess", "emodb")
NORMS = ("none", "transductive")
BESIDE: tuple[tuple[str, ...], ...] = (("handcrafted",), ())
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
    task = Task("emotion", classes=tuple(sorted(ours["emotion.true"].unique())))
    true, speaker = ours["emotion.true"].to_numpy(), ours["speaker"].to_numpy()
    compared = compare_task(
        task, true, theirs["emotion.pred"].to_numpy(), ours["emotion.pred"].to_numpy(), speaker
    )
    apart = compared.difference
    return compared.b, compared.a, apart.value, apart.low, apart.high


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
        "`svm`, seed 0, the same folds for both; the difference has a 95 % interval",
        "over speakers.",
        "",
        f"| corpus | normalisation | features | gemaps | egemaps | difference | ≥ {MARGIN} |",
        "|---|---|---|---:|---:|---:|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
