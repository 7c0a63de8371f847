"""Corpora laid out as IEMOCAP and MSP-IMPROV go through their recipes, missing ratings masked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from reports.rated_corpora import DIMENSIONS, NATURALNESS, write_iemocap, write_msp_improv
from tests.flow import featser_here

FOUR = (*DIMENSIONS, NATURALNESS)
IMPROV = (
    "corpora=[msp-improv]", "tasks=[valence,arousal,dominance,naturalness]", "primary=valence",
)  # fmt: skip
"""What the comment in emotion-naturalness.yaml says of MSP-IMPROV."""

Written = tuple[Path, pd.DataFrame]


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("iemocap")
    return folder, write_iemocap(folder, per_speaker=10, sessions=2)


@pytest.fixture(scope="module")
def improv(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("msp-improv")
    return folder, write_msp_improv(folder, per_speaker=12, sessions=2)


@pytest.mark.parametrize(("name", "tasks"), [("iemocap", DIMENSIONS), ("msp-improv", FOUR)])
def test_the_card_reads_from_the_corpus_what_was_written_into_it(
    name: str, tasks: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    folder, ratings = request.getfixturevalue(name.removeprefix("msp-"))
    result = scan(load_card(name), folder)
    assert result.unmatched == []
    assert not any("not understood" in note for note in result.notes)
    read = result.manifest.set_index(result.manifest["file"].map(lambda file: Path(file).stem))
    ratings = ratings.set_index("name").loc[read.index]
    assert (read["speaker"] == ratings["speaker"]).all()
    for task in tasks:
        np.testing.assert_allclose(read[task].to_numpy(float), ratings[task], atol=1e-6)
    assert ratings[list(tasks)].isna().any().any(), "some ratings are missing, and stay so"


def carried_out(recipe: str, corpus: str, written: Written, folder: Path, *changes: str) -> Path:
    """Run a recipe as a user types it; return the run's folder."""
    sets = [part for change in changes for part in ("--set", change)]
    shown = featser_here(
        "run", recipe, "--data", f"{corpus}={written[0]}", *sets, "-o", "run", "--jobs", "1",
        cwd=folder,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    return folder / "run"


def has_figures_of_what_was_rated(run: Path, ratings: pd.DataFrame, tasks: tuple[str, ...]) -> None:
    """Every task has CCC with an interval, made of the rated utterances and of no others."""
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["speaker-independent"]
    predictions = pd.read_parquet(run / "predictions.parquet")
    names = predictions["file"].map(lambda file: Path(file).stem)
    ratings = ratings.set_index("name").loc[names].reset_index()
    for task in tasks:
        ccc = metrics[task]["ccc"]
        assert -1 <= ccc["low"] <= ccc["value"] <= ccc["high"] <= 1
        true = predictions[f"{task}.true"].to_numpy(float)
        np.testing.assert_allclose(true, ratings[task], atol=1e-6)
        assert np.isfinite(predictions[f"{task}.pred"]).all(), "the unrated are predicted too"
        for fold, means in predictions.groupby("fold")[f"{task}.baseline"]:
            training_rows = ratings.loc[(predictions["fold"] != fold).to_numpy(), task]
            assert set(means.round(9)) == {round(training_rows.mean(), 9)}, "of the rated alone"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert all(task in page for task in tasks)


@pytest.mark.slow
def test_kernels_in_a_chain_replace_the_attention_without_a_network(
    iemocap: Written, tmp_path: Path
) -> None:
    run = carried_out(
        "arousal-valence-attention", "iemocap", iemocap, tmp_path,
        "features=[mfcc:basic]", "model=kernel", "joint=none", "coupling=chain",
    )  # fmt: skip
    has_figures_of_what_was_rated(run, iemocap[1], DIMENSIONS)


@pytest.mark.slow
def test_naturalness_beside_dimensions_runs_on_msp_improv_as_its_recipe_says(
    improv: Written, tmp_path: Path
) -> None:
    run = carried_out(
        "emotion-naturalness", "msp-improv", improv, tmp_path,
        *IMPROV, "features=[mfcc:basic]", "model=ridge", "coupling=stacked",
    )  # fmt: skip
    has_figures_of_what_was_rated(run, improv[1], FOUR)


@pytest.mark.streams
@pytest.mark.parametrize("network", ["attention", "attention-together"])
def test_a_network_with_attention_learns_the_dimensions_together(
    network: str, iemocap: Written, tmp_path: Path
) -> None:
    pytest.importorskip("skorch", reason="networks need the extra `streams`")
    run = carried_out("arousal-valence-attention", "iemocap", iemocap, tmp_path, f"model={network}")
    has_figures_of_what_was_rated(run, iemocap[1], DIMENSIONS)
