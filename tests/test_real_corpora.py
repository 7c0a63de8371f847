"""The whole flow on real recordings: scan, extract, fit, predict, on a subset of each corpus."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.flow import featser, featser_here

SUBSETS = {
    # corpus: which speakers, every how many of their recordings, and which labels are tasks
    "banglaser": ({"01", "02", "03", "04"}, 3, {"emotion", "gender"}),
    "ravdess": ({"01", "02", "07", "08"}, 4, {"emotion", "intensity", "gender"}),
    "emodb": ({"03", "08", "10", "13"}, 2, {"emotion", "gender", "naturalness", "recognition"}),
}


def speaker_of(corpus: str, file: Path) -> str:
    return file.stem[:2] if corpus == "emodb" else file.stem[-2:]


@pytest.mark.slow
@pytest.mark.parametrize("corpus", SUBSETS)
def test_scan_extract_fit_predict_on_real_recordings(
    corpora: Path, tmp_path: Path, corpus: str
) -> None:
    speakers, step, tasks = SUBSETS[corpus]
    files = sorted((corpora / corpus).rglob("*.flac"))
    chosen = [file for file in files if speaker_of(corpus, file) in speakers][::step]
    folder = tmp_path / corpus
    folder.mkdir()
    for file in chosen:
        (folder / file.name).symlink_to(file)
    if corpus == "emodb":
        shutil.copy(corpora / corpus / "erkennung.txt", folder)

    scanned = featser_here("scan", corpus, folder, "-o", "m.csv", cwd=tmp_path)
    assert scanned.returncode == 0, scanned.stderr
    assert f"{len(chosen)} utterances" in scanned.stdout

    extracted = featser("extract", "m.csv", cwd=tmp_path)
    assert extracted.returncode == 0, extracted.stderr
    assert f"{len(chosen)} done, 0 reused, 0 unusable" in extracted.stdout

    fitted = featser_here("fit", "--model", "logistic", "-o", "run", "--jobs", "1", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["speaker-independent"]) == tasks
    emotion = metrics["speaker-independent"]["emotion"]
    assert emotion["uar"]["value"] > 1.5 * emotion["chance.uar"]["value"]

    predicted = featser_here(
        "predict", "run/model.featser", chosen[0], chosen[1], "-o", "p.csv", cwd=tmp_path
    )
    assert predicted.returncode == 0, predicted.stderr
    table = pd.read_csv(tmp_path / "p.csv")
    assert {f"{task}.pred" for task in tasks} <= set(table)


def test_banglasers_intensity_is_no_task_and_its_missing_file_is_named(corpora: Path) -> None:
    shown = featser_here("scan", "banglaser", corpora / "banglaser")
    assert shown.returncode == 0
    assert "1466 utterances" in shown.stdout
    assert "03-01-05-01-01-03-19" in shown.stdout
    assert "no task 'intensity': banglaser: intensity is a function of emotion" in shown.stdout


def test_identical_recordings_of_real_corpora_stay_in_one_fold(corpora: Path) -> None:
    from featser.corpora.card import load_card
    from featser.corpora.scans.scanning import scan
    from featser.evaluation.protocols.folding import assign_folds
    from featser.extraction.extraction import identify

    table = scan(load_card("banglaser"), corpora / "banglaser").manifest
    _, keys, refusals = identify(table)
    assert not refusals
    audio = pd.Series(keys)
    assert audio.duplicated().sum() == 2
    for protocol in ("speaker-independent", "random"):
        fold = assign_folds(protocol, table["emotion"], table["speaker"], audio)
        assert (pd.Series(fold).groupby(audio).nunique() == 1).all()
