"""``featser extract`` on long recordings, as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.features.long_signals import voices

MINUTES = 11


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording of eleven minutes."""
    folder = tmp_path_factory.mktemp("long")
    speech = voices(40)
    repeats = -(-MINUTES * 60 * 16_000 // len(speech))
    samples = np.tile(speech, repeats)[: MINUTES * 60 * 16_000]
    soundfile.write(folder / "talk.wav", samples, 16_000, subtype="PCM_16")
    path = folder / "manifest.csv"
    path.write_text(f"file,emotion\n{folder / 'talk.wav'},anger\n", encoding="utf-8")
    return path


def extract(manifest: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "featser", "extract", str(manifest), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr
    return " ".join((run.stdout + run.stderr).split())


def test_a_dry_run_names_long_recordings_and_writes_nothing(manifest: Path) -> None:
    store = manifest.parent / "dry"
    shown = extract(manifest, "--store", str(store), "--dry-run")
    assert "1 recording lasts 10 min or longer: the longest," in shown
    assert "talk.wav (11 min), needs at most 350 MB of memory" in shown
    assert "1 utterance, 11 min of sound" in shown
    assert "nothing was written: this was --dry-run" in shown
    assert not store.exists()


def test_an_extraction_says_it_before(manifest: Path) -> None:
    shown = extract(manifest, "--store", str(manifest.parent / "store"), "-f", "rms:basic")
    assert shown.index("1 recording lasts 10 min or longer") < shown.index("1 done, 0 reused")


PEAK = """
import sys
from pathlib import Path
from featser.corpora.utterances import Utterance
from featser.extraction.compute import compute
from featser.extraction.supervision import warm_up
from featser.features.registry import make_extractors

def peak_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

extractors = make_extractors(["default"])
for extractor in extractors:
    warm_up(extractor)
Path("/proc/self/clear_refs").write_text("5")
before = peak_mb()
computed = compute(Utterance(sys.argv[1], "key"), extractors)
assert not computed.refusals and len(computed.values) == len(extractors)
print(before, peak_mb())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is that of Linux")
def test_eleven_minutes_of_all_default_features_take_little_memory(manifest: Path) -> None:
    """What compilation needs the first time does not count."""
    command = [sys.executable, "-c", PEAK, str(manifest.parent / "talk.wav")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    before, peak = map(float, run.stdout.split())
    assert peak - before < 180
    assert peak < 400
