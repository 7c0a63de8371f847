from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from featser.audio import PEAK, Signal
from featser.augmentation import kinds, spec
from featser.augmentation.augmentation_list import (
    list_augmentation_presets,
    list_augmentations,
)
from featser.augmentation.augmentation_presets import PRESETS, with_presets_named
from featser.augmentation.parameters import Choice, Count, Parameter, Quantity
from featser.augmentation.spec import Augmentation, parse_augmentation, parse_augmentations
from featser.errors import AugmentationError

ALL = [
    "noise",
    "noise:colour=pink",
    "babble",
    "clipping",
    "far",
    "gain",
    "pitch",
    "stretch",
    "vtl",
    "reverb",
    "telephone",
    "telephone:law=a",
    *(f"codec:name={name}" for name in ("adpcm", "gsm", "mp3", "ulaw", "vorbis")),
]


def sound(seed: int, rate: int = 16_000, seconds: float = 0.4) -> Signal:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate)) * 0.1
    return Signal(samples.astype(np.float32), rate, gain=0.5, note="kept")


DONORS = tuple(sound(seed, 22_050, 0.3) for seed in range(4))


def copy_of(text: str, signal: Signal, identity: str = "a recording", index: int = 0) -> Signal:
    augmentation = parse_augmentation(text)
    return augmentation.apply(signal, identity, index, DONORS[: augmentation.donors])


@pytest.fixture(autouse=True)
def clear_versions() -> None:
    spec._version.cache_clear()


def digests() -> dict[str, str]:
    return {
        text: hashlib.blake2b(copy_of(text, sound(1)).samples.tobytes()).hexdigest() for text in ALL
    }


def test_every_kind_is_listed_with_what_may_be_typed():
    listed = {info.name: info for info in list_augmentations()}
    assert set(listed) == {text.partition(":")[0] for text in ALL}
    for info in listed.values():
        assert info.description
        assert info.cost_ms > 0
        names = [parameter.name for parameter in info.parameters]
        assert names[-1] == "copies"
        assert names[:-1] == sorted(names[:-1])
        for parameter in info.parameters:
            assert parameter.description
            assert parameter.allowed
            typed = parse_augmentation(f"{info.name}:{parameter.name}={parameter.default}")
            assert typed == parse_augmentation(info.name)
    snr = listed["noise"].parameters[1]
    assert (snr.name, snr.default, snr.allowed) == ("snr", "5..20", "-20..60 dB")


def test_every_preset_is_listed_with_what_it_stands_for_and_its_cost():
    listed = {info.name: info for info in list_augmentation_presets()}
    assert set(listed) == set(PRESETS)
    costs = {info.name: info.cost_ms for info in list_augmentations()}
    assert not set(PRESETS) & set(costs), "a preset has no name of a kind"
    assert listed["field"].copies == 4
    speaker = listed["speaker"]
    assert speaker.specs == ("pitch", "vtl")
    assert speaker.copies == 2
    assert speaker.cost_ms == costs["pitch"] + costs["vtl"]


def test_preset_counts_the_copies_of_its_augmentations(monkeypatch):
    many = dataclasses.replace(PRESETS["speaker"], specs=("pitch:copies=3", "gain"))
    monkeypatch.setitem(PRESETS, "speaker", many)
    costs = {info.name: info.cost_ms for info in list_augmentations()}
    info = next(one for one in list_augmentation_presets() if one.name == "speaker")
    assert info.copies == 4
    assert info.cost_ms == pytest.approx(3 * costs["pitch"] + costs["gain"])


def test_preset_stands_for_its_augmentations_each_once():
    assert with_presets_named(["vtl", "speaker", "gain", "speaker"]) == ("vtl", "pitch", "gain")
    assert parse_augmentations(["speaker"]) == parse_augmentations(["pitch", "vtl"])
    more = parse_augmentations(["speaker", "pitch:copies=2", "pitch"])
    assert [str(one) for one in more] == [
        "pitch:semitones=-2..2,copies=2",
        "vtl:factor=0.9..1.1,copies=1",
    ]


def test_preset_with_parameters_or_as_one_augmentation_is_refused():
    with pytest.raises(AugmentationError, match=r"^'speaker:copies=2': speaker stands for pitch "):
        parse_augmentations(["gain", "speaker:copies=2"])
    with pytest.raises(AugmentationError, match="'speaker' stands for several augmentations"):
        parse_augmentation("speaker")
    with pytest.raises(AugmentationError, match=r"did you mean 'speaker'.*vtl, speaker, field$"):
        parse_augmentations(["speakers"])


def test_listing_and_parsing_load_no_library_that_computes():
    heavy = ("scipy", "soxr", "soundfile", "python_stretch", "librosa", "pandas")
    code = (
        "from featser.augmentation.augmentation_list import *; list_augmentations();"
        "from featser.augmentation.spec import parse_augmentation; list_augmentation_presets();"
        "parse_augmentation('noise:snr=5').key(0);"
        f"import sys; print([m for m in {heavy!r} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("noise", "noise:colour=white,snr=5..20,copies=1"),
        ("noise:snr=10", "noise:colour=white,snr=10,copies=1"),
        ("noise:snr=10..10.0,colour=white", "noise:colour=white,snr=10,copies=1"),
        ("noise:copies=3, snr = 5..20 ,colour=pink", "noise:colour=pink,snr=5..20,copies=3"),
        ("pitch:semitones=-2..2", "pitch:semitones=-2..2,copies=1"),
        ("pitch:semitones=-0", "pitch:semitones=0,copies=1"),
        ("babble:snr=10..20", "babble:snr=10..20,talkers=4,copies=1"),
        ("stretch:rate=.9", "stretch:rate=0.9,copies=1"),
        ("codec", "codec:name=mp3,quality=0.1..0.5,copies=1"),
        ("codec:name=gsm", "codec:name=gsm,copies=1"),
        ("codec:quality=1,name=vorbis", "codec:name=vorbis,quality=1,copies=1"),
    ],
)
def test_what_means_the_same_has_the_same_canonical_text(text, canonical):
    augmentation = parse_augmentation(text)
    assert augmentation.spec == str(augmentation) == canonical
    assert parse_augmentation(canonical) == augmentation
    assert hash(parse_augmentation(canonical)) == hash(augmentation)
    assert pickle.loads(pickle.dumps(augmentation)) == augmentation


def texts_of(parameter: Parameter) -> st.SearchStrategy[str]:
    if isinstance(parameter, Choice):
        return st.sampled_from(parameter.options)
    if isinstance(parameter, Count):
        return st.integers(parameter.low, parameter.high).map(str)
    assert isinstance(parameter, Quantity)
    numbers = st.floats(parameter.low, parameter.high)
    return st.tuples(numbers, numbers).map(lambda ends: f"{min(ends)!r}..{max(ends)!r}")


@st.composite
def typed(draw) -> str:
    kind = draw(st.sampled_from([one for one in kinds.KINDS.values() if one.name != "codec"]))
    given_values = [
        f"{one.name}={draw(texts_of(one))}"
        for one in draw(st.permutations([*kind.parameters, spec.COPIES]))
        if draw(st.booleans())
    ]
    return kind.name + (":" + ",".join(given_values) if given_values else "")


@settings(max_examples=100)
@given(typed())
def test_parsing_the_canonical_text_gives_the_same_augmentation(text):
    try:
        augmentation = parse_augmentation(text)
    except AugmentationError:  # several copies without variation
        reject()
    assert parse_augmentation(augmentation.spec) == augmentation
    key = augmentation.key(augmentation.copies - 1, ["d"] * augmentation.donors)
    assert re.fullmatch(r"[a-z]+:[a-z0-9=.,e-]+#\d+-[0-9a-f]{16}", key)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nois", "unknown augmentation 'nois'; did you mean 'noise'? valid: babble, "),
        ("", "unknown augmentation ''; valid: "),
        ("noise:", "noise: '' is not of the form parameter=value"),
        ("noise:snr", "noise: 'snr' is not of the form parameter=value"),
        ("noise:sn=3", "unknown parameter of 'noise' 'sn'; did you mean 'snr'? valid: colour, "),
        ("noise:snr=loud", "noise: snr=loud is neither a number nor a range such as 5..20"),
        ("noise:snr=5..", "noise: snr=5.. is neither a number nor a range such as 5..20"),
        ("noise:snr=5..99", "noise: snr=5..99 is out of range: allowed: -20..60 dB"),
        ("noise:snr=nan", "noise: snr=nan is out of range: allowed: -20..60 dB"),
        ("noise:snr=inf", "noise: snr=inf is out of range: allowed: -20..60 dB"),
        ("noise:snr=20..5", "noise: snr=20..5 is an empty range: write the smaller number first"),
        ("noise:snr=5,snr=6", "noise: snr is given twice in 'noise:snr=5,snr=6'"),
        ("noise:colour=red", "unknown colour of 'noise' 'red'; valid: white, pink"),
        ("noise:copies=0", "noise: copies=0: allowed: a whole number, 1..100"),
        ("noise:copies=1..3", "noise: copies=1..3: allowed: a whole number, 1..100"),
        ("babble:talkers=2.5", "babble: talkers=2.5: allowed: a whole number, 1..16"),
        ("vtl:factor=2", "vtl: factor=2 is out of range: allowed: 0.8..1.25"),
        ("telephone:copies=2", "telephone:law=mu,copies=2: all copies of an utterance would"),
        (
            "pitch:semitones=1,copies=3",
            "pitch:semitones=1,copies=3: all copies of an",
        ),
        ("codec:name=gsm,quality=1", "codec: name=gsm has no quality; available for: mp3, v"),
    ],
)
def test_a_wrong_text_is_refused_with_what_would_be_right(text, message):
    with pytest.raises(AugmentationError) as caught:
        parse_augmentation(text)
    assert str(caught.value).startswith(message)


def test_an_unknown_copy_and_missing_donors_are_refused():
    noise, babble = parse_augmentation("noise:copies=2"), parse_augmentation("babble:talkers=2")
    assert (noise.donors, babble.donors) == (0, 2)
    for index in (-1, 2):
        with pytest.raises(AugmentationError, match="copies are numbered from 0 to 1"):
            noise.apply(sound(0), "a", index)
        with pytest.raises(AugmentationError, match="copies are numbered from 0 to 1"):
            noise.key(index)
    with pytest.raises(AugmentationError, match="each copy takes 2 other utterances, not 0"):
        babble.apply(sound(0), "a", 0)
    with pytest.raises(AugmentationError, match="each copy takes 2 other utterances, not 3"):
        babble.key(0, ["a", "b", "c"])
    silent = Signal(np.zeros(4000, np.float32), 16_000)
    with pytest.raises(AugmentationError, match="donor 2 is digital silence"):
        babble.apply(sound(0), "a", 0, (sound(1), silent))


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_stretch.Signalsmith", None)
    with pytest.raises(AugmentationError, match="pip install python-stretch"):
        copy_of("pitch", sound(0))

    def absent(library: str) -> str:
        raise spec.PackageNotFoundError(library)

    monkeypatch.setattr(spec, "version", absent)
    with pytest.raises(AugmentationError, match="noise needs the package numpy, which is not"):
        parse_augmentation("noise").key(0)


def test_the_key_changes_with_whatever_changes_a_copy_and_with_nothing_else(monkeypatch):
    noise = parse_augmentation("noise:snr=5..20,copies=3")
    key = noise.key(1)
    assert key.startswith("noise:colour=white,snr=5..20#1-")
    assert parse_augmentation("noise:copies=2").key(1) == key
    others = {
        noise.key(0),
        parse_augmentation("noise:snr=5..21,copies=3").key(1),
        parse_augmentation("noise:colour=pink,copies=3").key(1),
        parse_augmentation("gain:copies=3").key(1),
    }
    assert len(others | {key}) == 5
    babble = parse_augmentation("babble:talkers=2")
    assert len({babble.key(0, pair) for pair in ("ab", "ba", "ac")}) == 3
    monkeypatch.setattr(spec, "version", lambda name: version(name) + "1")
    spec._version.cache_clear()
    assert noise.key(1) not in others | {key}
    monkeypatch.undo()
    spec._version.cache_clear()
    assert noise.key(1) == key
    newer = {**kinds.KINDS["noise"].__dict__, "version": 99}
    monkeypatch.setitem(kinds.KINDS, "noise", kinds.Kind(**newer))
    assert noise.key(1) not in others | {key}


@settings(max_examples=60)
@given(
    st.sampled_from(ALL),
    st.sampled_from((8000, 11_025, 16_000, 44_100, 48_000)),
    st.floats(0.1, 0.4),
    st.sampled_from((0.0, 1e-4, 0.1, 3.0)),
    st.integers(0, 5),
)
def test_a_copy_is_finite_in_range_at_the_same_rate_and_as_long(text, rate, seconds, level, seed):
    samples = level * np.random.default_rng(seed).standard_normal(round(seconds * rate))
    signal = Signal(np.clip(samples, -1, PEAK).astype(np.float32), rate, gain=0.5, note="kept")
    before = signal.samples.copy()
    copy = copy_of(text, signal, str(seed))
    assert copy.samples.dtype == np.float32
    assert copy.samples.flags.c_contiguous
    assert np.isfinite(copy.samples).all()
    assert copy.samples.min() >= -1
    assert copy.samples.max() <= PEAK
    assert (copy.rate, copy.gain, copy.note) == (rate, 0.5, "kept")
    assert np.array_equal(signal.samples, before)
    if not text.startswith("stretch"):
        assert len(copy.samples) == len(samples)
    if level == 0:
        # G.711's A-law and the perceptual codecs have no code for silence.
        assert np.abs(copy.samples).max() < 1e-3


@pytest.mark.parametrize("text", ALL)
def test_the_same_copy_comes_out_in_any_order_and_another_for_what_differs(text):
    # These kinds are deterministic.
    fixed = text.startswith("telephone") or text in {
        f"codec:name={name}" for name in ("adpcm", "gsm", "ulaw")
    }
    copies = 1 if fixed else 3
    many = parse_augmentation(f"{text}{',' if ':' in text else ':'}copies={copies}")
    donors, order = DONORS[: many.donors], range(copies)
    forth = [many.apply(sound(1), "one", index, donors).samples for index in order]
    back = [many.apply(sound(1), "one", index, donors).samples for index in order[::-1]][::-1]
    for a, b in zip(forth, back, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(copy_of(text, sound(1), "one").samples, forth[0])
    other = many.apply(sound(1), "two", 0, donors).samples
    for different in (*forth[1:], other):
        assert np.array_equal(forth[0], different) == fixed


@pytest.mark.slow
def test_another_process_with_other_threads_makes_the_same_bits():
    code = (
        "import json; from tests.augmentation.test_augmentation import digests;"
        "print(json.dumps(digests()))"
    )
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "7"}
    environment = {**os.environ, **threads}
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert json.loads(shown.stdout) == digests()


def test_a_range_is_drawn_uniformly_over_its_whole_width():
    gain = parse_augmentation("gain:db=-6..6,copies=100")
    tone = Signal(np.full(1600, 0.1, np.float32), 16_000)
    drawn = [20 * np.log10(gain.apply(tone, "a", i).samples[0] / 0.1) for i in range(100)]
    assert -6 <= min(drawn) < -5.5
    assert 5.5 < max(drawn) <= 6
    assert abs(np.mean(drawn)) < 1.1  # three standard errors of a uniform mean


def test_an_augmentation_is_plain_data():
    assert parse_augmentation("gain:db=3") == Augmentation("gain", (("db", (3.0, 3.0)),), 1)
