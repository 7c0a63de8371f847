"""The names in ``dir(featser)``: documented, lazily imported, and working from files alone."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featser
from featser.audio import read_audio
from featser.features import extract_features


def test_dir_shows_the_public_names_and_nothing_else() -> None:
    assert dir(featser) == sorted(featser.__all__)
    for name in featser.__all__:
        assert getattr(featser, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = featser.nonsense


@pytest.mark.parametrize("name", ["extract_features", "load_model", "read_audio"])
def test_functions_without_a_store_are_documented_with_an_example(name: str) -> None:
    text = inspect.getdoc(getattr(featser, name)) or ""
    for heading in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{heading}\n---" in text


def test_import_of_a_name_of_its_own_loads_only_what_it_needs() -> None:
    code = (
        "import sys\nfrom featser import Experiment, read_audio, load_model, extract_features\n"
        "print([m for m in ('sklearn', 'torch', 'xgboost', 'matplotlib') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_extract_features_of_files_is_a_table_of_them(voices: Path) -> None:
    files = sorted(voices.iterdir())[:2]
    table = featser.extract_features(files, extractors=["mfcc:basic", "rms:basic"])
    assert table.index.tolist() == [str(file) for file in files]
    pd.testing.assert_frame_equal(table, extract_features(files, ["mfcc:basic", "rms:basic"]))
    one = featser.extract_features(str(files[0]), extractors="rms:basic")
    assert one.shape == (1, 2)


def test_read_audio_of_a_segment_is_that_of_the_audio_package(voices: Path) -> None:
    file = next(voices.iterdir())
    signal = featser.read_audio(file, rate=8_000, start=0.1, end=0.4)
    np.testing.assert_array_equal(signal.samples, read_audio(file, 8_000, 0.1, 0.4).samples)


def test_load_model_gives_the_tasks_that_it_predicts(fitted: Path) -> None:
    bundle = featser.load_model(fitted / "model.featser")
    assert [task.name for task in bundle.tasks] == ["emotion", "gender", "intensity"]
