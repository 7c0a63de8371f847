"""The measurement of voice activity detection: what it mixes, and errors on a small scale."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPORTS = Path(__file__).parents[2] / "reports"


@pytest.fixture(scope="module")
def report() -> Iterator[Any]:
    sys.path.insert(0, str(REPORTS))
    yield importlib.import_module("voice_activity")
    sys.path.remove(str(REPORTS))


@pytest.fixture(scope="module")
def mixtures(report: Any) -> dict[str, Any]:
    """A recording of 20 s in each noise, of voices and a seed that no constant was chosen on."""
    voices = [report.demo_voice(name) for name in report.HALVES[1]]
    return {
        noise: report.mixture(noise, voices[::2], voices[1::2], 7, 20.0) for noise in report.NOISES
    }


def test_noise_has_the_power_of_the_speech(mixtures: dict[str, Any]) -> None:
    for mixed in mixtures.values():
        frames = mixed.speech.reshape(-1, 160)
        speech = np.mean(np.square(frames[mixed.is_speech], dtype=np.float64))
        noise = np.mean(np.square(mixed.noise, dtype=np.float64))
        assert 10 * np.log10(speech / noise) == pytest.approx(0, abs=0.01)
        assert not frames[~mixed.is_speech].any()
        assert 0.3 < mixed.is_speech.mean() < 0.8


def test_energy_is_wrong_in_less_than_8_percent_of_frames_at_10_db(
    report: Any, mixtures: dict[str, Any]
) -> None:
    errors = {name: report.frame_errors(m, 10, "energy")[0] for name, m in mixtures.items()}
    assert np.mean(list(errors.values())) < report.LIMIT, errors


def test_the_page_has_the_tables_of_the_figures(report: Any) -> None:
    import json

    rows = json.loads(report.JSON.read_text(encoding="utf-8"))
    text = "\n".join(report.tables(rows))
    assert text in report.PAGE.read_text(encoding="utf-8")
    assert "which meets the limit of 8 %" in text
    assert report.mean_error(rows, "demo", "energy", 10) < report.LIMIT


def test_a_limit_that_is_missed_is_stated(report: Any) -> None:
    rows = [
        {"material": "demo", "noise": noise, "snr": snr, "method": "energy",
         "error": 0.1, "missed": 0.1, "false": 0.1}
        for noise in report.NOISES
        for snr in report.SNRS
    ]  # fmt: skip
    assert "10.0 %, which misses by 2.0 points" in report.tables(rows)[-1]
