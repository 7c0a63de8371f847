from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from featser.audio import Signal
from featser.errors import FeatureError
from featser.features import extractor as module
from featser.features.extractor import Extractor
from featser.features.registry import extractor_names, list_extractors, make_extractor

SPECS = [
    "handcrafted",
    "handcrafted:full",
    "mfcc:basic",
    "zcr",
    "rms",
    "chroma",
    "mel",
    "logmel",
    "spectral:standard",
    "mfcc+zcr:basic",
    "bangla166",
    "contrasts",
    "covariance",
    "gemaps",
    "modulation",
    "gemaps-contours",
    "voice",
    "rhythm",
    "timbre",
    "pyramid",
    "tarma",
    "tar",
    "static-ar",
    "egemaps",
    "compare",
]


@pytest.mark.parametrize("spec", SPECS)
def test_an_extractor_keeps_the_contract(spec):
    extractor = make_extractor(spec)
    assert isinstance(extractor, Extractor)
    assert make_extractor(extractor.spec) == extractor
    assert make_extractor(extractor.spec).spec == extractor.spec
    assert extractor.spec.startswith(extractor.name)
    assert json.loads(json.dumps(extractor.params)) == extractor.params
    assert len(set(extractor.names)) == len(extractor.names) == extractor.dimension
    assert extractor.version >= 1
    assert extractor.cost_ms > 0
    assert extractor.families
    assert extractor.units
    assert extractor.description
    samples = np.random.default_rng(0).standard_normal(extractor.rate // 2) * 0.1
    values = extractor(Signal(samples.astype(np.float32), extractor.rate))
    assert values.dtype == np.float32
    assert values.shape == (extractor.dimension,)


@pytest.mark.parametrize("spec", SPECS)
def test_a_pickled_extractor_is_the_same(spec):
    extractor = make_extractor(spec)
    again = pickle.loads(pickle.dumps(extractor))
    assert again == extractor
    assert again.names == extractor.names
    assert again.fingerprint() == extractor.fingerprint()


def test_fingerprints_differ_between_all_extractors():
    fingerprints = [make_extractor(spec).fingerprint() for spec in SPECS]
    assert len(set(fingerprints)) == len(SPECS)
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in fingerprints)


def test_a_fingerprint_is_the_same_in_every_process_and_loads_no_library():
    code = f"""
import sys
from featser.features.registry import make_extractor
print([make_extractor(spec).fingerprint() for spec in {SPECS!r}])
assert not {{"opensmile", "librosa", "soxr", "soundfile"}} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str([make_extractor(spec).fingerprint() for spec in SPECS])


def test_a_fingerprint_changes_with_the_code_and_with_a_librarys_version(monkeypatch):
    before = make_extractor("mfcc").fingerprint()
    newer = make_extractor("mfcc")
    monkeypatch.setattr(type(newer), "version", 99)
    assert newer.fingerprint() != before
    monkeypatch.undo()
    monkeypatch.setattr(module, "version", lambda library: "0.0")
    assert make_extractor("mfcc").fingerprint() != before
    monkeypatch.undo()
    assert make_extractor("mfcc").fingerprint() == before


def test_a_loaded_extractor_asks_for_the_versions_where_it_is_loaded(monkeypatch):
    extractor = make_extractor("mfcc")
    here = extractor.fingerprint()
    data = pickle.dumps(extractor)
    monkeypatch.setattr(module, "version", lambda library: "0.0")
    assert pickle.loads(data).fingerprint() != here


def test_the_standard_preset_is_the_default():
    assert make_extractor("mfcc").spec == "mfcc:standard"
    assert make_extractor("mfcc") == make_extractor("mfcc:standard")
    assert make_extractor("mfcc") != make_extractor("mfcc:basic")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mfc", "unknown extractor 'mfc'; did you mean 'mfcc'.*valid: handcrafted, mfcc, zcr"),
        ("", "unknown extractor ''"),
        ("mfcc:ful", "unknown preset of 'mfcc' 'ful'; did you mean 'full'"),
        ("mfcc:", "unknown preset of 'mfcc' ''"),
        ("egemaps:basic", "egemaps has no presets; write 'egemaps'"),
        ("mfcc+handcrafted", "unknown family 'handcrafted'.*valid: mfcc, zcr"),
        ("mfcc+mfcc", "'mfcc' is named 2 times"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(spec, message):
    with pytest.raises(FeatureError, match=message):
        make_extractor(spec)


def test_the_list_names_every_extractor_and_its_size():
    listed = {info.name: info for info in list_extractors()}
    assert tuple(listed) == extractor_names()
    assert listed["handcrafted"].presets == {"basic": 174, "standard": 1218, "full": 1827}
    assert listed["handcrafted"].dimension == 1218
    assert listed["egemaps"].dimension == 88
    assert listed["compare"].dimension == 6373
    assert listed["bangla166"].dimension == 166
    assert listed["bangla166"].rate == 22_050
    assert listed["egemaps"].presets == {}
    assert listed["egemaps"].package == ""
    assert all(info.units and info.description and info.families for info in listed.values())
