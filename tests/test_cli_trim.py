"""``--trim``: silence around speech changes nothing, from extraction to prediction."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.api.predict import predict
from tests.flow import featser_here


@pytest.fixture(scope="module")
def work(voices: Path, fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of trimmed features, and one of others."""
    folder = tmp_path_factory.mktemp("trim")
    extract = ("extract", voices, "--corpus", "demo", "-f", "mfcc:basic", "-j", "1")
    fit = ("fit", "--model", "lda", "--no-audit", "-t", "emotion", "-j", "1")
    for arguments in (
        (*extract, "--trim", "--store", "trimmed"),
        (*fit, "--store", "trimmed", "-o", "trimmed-run"),
    ):
        shown = featser_here(*arguments, cwd=folder)
        assert shown.returncode == 0, shown.stderr
    shutil.copytree(fitted, folder / "plain-run")
    return folder


@pytest.fixture(scope="module")
def padded(voices: Path, work: Path) -> tuple[Path, Path]:
    """A recording, and the same after 3 s of silence."""
    plain = sorted(voices.glob("*angry*.flac"))[0]
    samples, rate = soundfile.read(plain, dtype="int16")
    soundfile.write(work / "padded.wav", np.pad(samples, (3 * rate, rate)), rate)
    return plain, work / "padded.wav"


def predicted(model: Path, file: Path, **how: bool) -> pd.DataFrame:
    predictions = predict(model / "model.featser", [file], **how)
    assert predictions["error"].tolist() == [""]
    return predictions.drop(columns=["file", "start", "end", "error"])


@pytest.mark.slow
def test_a_model_of_trimmed_features_predicts_the_same_with_silence_and_without(
    work: Path, padded: tuple[Path, Path]
) -> None:
    plain, silent = (predicted(work / "trimmed-run", file) for file in padded)
    pd.testing.assert_frame_equal(plain, silent, check_exact=True)


def test_predict_trims_for_a_model_of_other_features_if_asked(
    work: Path, padded: tuple[Path, Path]
) -> None:
    plain, silent = (predicted(work / "plain-run", file, trim=True) for file in padded)
    pd.testing.assert_frame_equal(plain, silent, check_exact=True)
    untrimmed = predicted(work / "plain-run", padded[1])
    assert abs(untrimmed["emotion.p[angry]"] - silent["emotion.p[angry]"])[0] > 0.1
    shown = featser_here("predict", "plain-run/model.featser", padded[1], "--trim", cwd=work)
    assert shown.returncode == 0, shown.stderr


def test_a_fit_of_a_source_names_the_option_that_it_lacks(work: Path, voices: Path) -> None:
    arguments = ("fit", voices, "--corpus", "demo", "--store", "trimmed", "-f", "mfcc:basic")
    shown = featser_here(*arguments, cwd=work)
    assert shown.returncode == 1
    assert "it has them without silence around the speech: add --trim" in shown.stderr
    fitted = featser_here(
        *arguments, "--trim", "--model", "lda", "--no-audit", "-o", "again", "-j", "1", cwd=work
    )
    assert fitted.returncode == 0, fitted.stderr
