"""``trim:SPEC`` is an extractor on recordings without the silence around the speech."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile

from featser.corpora.utterances import Alteration, Utterance
from featser.errors import FeatureError
from featser.extraction.compute import compute
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor, trimmed_specs

RATE = 16_000


def voice(seconds: float = 0.6) -> np.ndarray:
    """Harmonics of 150 Hz that glide, from their first sample on."""
    t = np.arange(1, round(seconds * RATE) + 1) / RATE
    phase = 2 * np.pi * (150 * t + 40 * t**2)
    return sum(0.2 / k * np.sin(k * phase + k) for k in range(1, 12))


def written(path: Path, samples: np.ndarray) -> str:
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return str(path)


def values(file: str, *specs: str, alteration: Alteration | None = None) -> dict[str, np.ndarray]:
    outcome = compute(
        Utterance(file, "key", alteration=alteration), [make_extractor(spec) for spec in specs]
    )
    assert outcome.refusals == []
    return outcome.values


@pytest.mark.parametrize("spec", ["trim:mfcc:basic", "trim:gemaps", "trim:rhythm", "trim:frames"])
def test_a_trimmed_extractor_keeps_the_contract(spec: str) -> None:
    extractor = make_extractor(spec)
    assert isinstance(extractor, Extractor)
    assert make_extractor(extractor.spec) == extractor
    assert pickle.loads(pickle.dumps(extractor)) == extractor
    assert json.loads(json.dumps(extractor.params)) == extractor.params
    inner = make_extractor(spec.removeprefix("trim:"))
    assert extractor.names == inner.names
    assert extractor.frame_width == inner.frame_width
    assert extractor.fingerprint() != inner.fingerprint()
    assert extractor.label.startswith("trim_")
    assert ":" not in extractor.label


def test_silence_around_a_recording_changes_no_value(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.wav", voice())
    padded = written(tmp_path / "padded.wav", np.pad(voice(), (3 * RATE + 77, RATE // 3)))
    specs = ("trim:mfcc:basic", "trim:rms:basic", "mfcc:basic", "rms:basic")
    one, other = values(plain, *specs), values(padded, *specs)
    for spec in specs[:2]:
        assert np.array_equal(one[spec], other[spec], equal_nan=True)
        assert np.array_equal(one[spec], one[spec.removeprefix("trim:")], equal_nan=True)
    for spec in specs[2:]:
        assert not np.array_equal(one[spec], other[spec], equal_nan=True)


def test_silence_is_cut_before_a_copy_is_altered(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.wav", voice())
    padded = written(tmp_path / "padded.wav", np.pad(voice(), RATE))
    noisy = Alteration("noise:snr=10", 0, "identity")
    one = values(plain, "trim:rms:basic", alteration=noisy)
    other = values(padded, "trim:rms:basic", alteration=noisy)
    assert np.array_equal(one["trim:rms:basic"], other["trim:rms:basic"])


def test_what_is_too_short_without_silence_is_refused_to_trimmed_extractors_alone(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "short.wav", np.pad(voice(0.06), RATE))
    specs = ("rms:basic", "trim:rms:basic")
    outcome = compute(Utterance(file, "key"), [make_extractor(spec) for spec in specs])
    assert set(outcome.values) == {"rms:basic"}
    reason = "too short without leading and trailing silence: 60 ms, 100 ms are needed"
    assert outcome.refusals == [(file, None, None, "trim:rms:basic", reason)]
    alone = compute(Utterance(file, "key"), [make_extractor("trim:rms:basic")])
    assert alone.refusals == [(file, None, None, "", reason)]


def test_a_silent_recording_is_refused_as_without_trimming(tmp_path: Path) -> None:
    file = written(tmp_path / "silent.wav", np.zeros(RATE))
    outcome = compute(Utterance(file, "key"), [make_extractor("trim:rms:basic")])
    assert "silent: every sample is about 0" in outcome.refusals[0][-1]


def test_trimming_twice_and_trimming_finished_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="trimmed already"):
        make_extractor("trim:trim:mfcc")
    with pytest.raises(FeatureError, match=r"unknown extractor 'mfc'.*did you mean 'mfcc'"):
        make_extractor("trim:mfc")
    assert trimmed_specs(["mfcc", "trim:mfcc"]) == ("trim:mfcc:standard", "trim:mfcc:standard")
    table = tmp_path / "table.csv"
    table.write_text("file,x\na.wav,1\n", encoding="utf-8")
    with pytest.raises(FeatureError, match="reads finished values from a file"):
        make_extractor(f"trim:table-embedding:{table}")
