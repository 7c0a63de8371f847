from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from featser.audio import Signal, read_audio
from featser.errors import FeatureError, UnusableAudio
from featser.features.sets import opensmile_sets as module
from featser.features.sets.opensmile_sets import OpenSmile


def noise(seconds: float, seed: int = 0) -> Signal:
    samples = np.random.default_rng(seed).standard_normal(round(16_000 * seconds)) * 0.1
    return Signal(samples.astype(np.float32), 16_000)


@pytest.fixture(scope="module")
def reference():
    """The ``opensmile`` package itself."""
    import opensmile

    sets = {
        "egemaps": opensmile.FeatureSet.eGeMAPSv02,
        "compare": opensmile.FeatureSet.ComParE_2016,
    }
    level = opensmile.FeatureLevel.Functionals
    return {name: opensmile.Smile(feature_set, level) for name, feature_set in sets.items()}


@pytest.mark.corpora
@pytest.mark.parametrize(("name", "count"), [("egemaps", 8), ("compare", 3)])
def test_values_equal_the_opensmile_packages_bit_for_bit(name, count, reference, real_recordings):
    extractor = OpenSmile(name)
    for file in real_recordings[:: len(real_recordings) // count][:count]:
        signal = read_audio(file)
        expected = reference[name].process_signal(signal.samples, 16_000).to_numpy()[0]
        values = extractor(signal)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, expected, err_msg=file.name)


@pytest.mark.parametrize(("name", "dimension"), [("egemaps", 88), ("compare", 6373)])
def test_names_are_opensmiles_after_the_sets_own(name, dimension, reference):
    extractor = OpenSmile(name)
    expected = tuple(f"{name}.{feature}" for feature in reference[name].feature_names)
    assert extractor.names == expected
    assert len(set(extractor.names)) == extractor.dimension == dimension


@pytest.mark.parametrize("name", ["egemaps", "compare"])
def test_a_used_engine_gives_the_values_of_a_new_one(name):
    signals = [noise(seconds, seed) for seed, seconds in enumerate((0.1, 1.0, 0.3, 2.0))]
    used = [OpenSmile(name)(signal) for signal in [*signals, *signals[::-1]]]
    pcm = [module._pcm(signal) for signal in signals]
    fresh = [module._Engine(name, 16_000).run(samples)[0] for samples in pcm]
    for value, expected in zip(used, [*fresh, *fresh[::-1]], strict=True):
        np.testing.assert_array_equal(value, expected)


def test_one_engine_serves_all_calls_of_a_thread(monkeypatch):
    extractor = OpenSmile("egemaps")
    extractor(noise(0.2))
    monkeypatch.setattr(module, "_Engine", None)
    for seed in range(3):
        extractor(noise(0.2, seed))


def test_an_engine_that_failed_is_replaced(monkeypatch):
    signal = noise(0.3)
    expected = OpenSmile("egemaps")(signal)

    def fail(*_):
        raise OSError("lost")

    with monkeypatch.context() as broken:
        broken.setattr("opensmile.core.lib.OpenSMILE.run", fail)
        with pytest.raises(OSError, match="lost"):
            OpenSmile("egemaps")(signal)
    np.testing.assert_array_equal(OpenSmile("egemaps")(signal), expected)


def test_threads_have_engines_of_their_own_and_equal_values():
    signals = [noise(0.5, seed) for seed in range(8)]
    extractor = OpenSmile("egemaps")
    alone = [extractor(signal) for signal in signals]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(extractor, signals))
    np.testing.assert_array_equal(alone, together)


def test_an_extractor_is_pickled_without_its_engine():
    extractor = OpenSmile("egemaps")
    extractor(noise(0.2))
    data = pickle.dumps(extractor)
    assert len(data) < 2000
    assert pickle.loads(data) == extractor


def test_a_forked_process_builds_its_own_engine():
    code = """
import os, sys
import numpy as np
from featser.audio import Signal
from featser.features.sets.opensmile_sets import OpenSmile
signal = Signal((np.random.default_rng(0).standard_normal(16000) * .1).astype("f4"), 16000)
before = OpenSmile("egemaps")(signal)
child = os.fork()
same = np.array_equal(before, OpenSmile("egemaps")(signal))
if child == 0:
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
sys.exit(0 if same and status == 0 else 1)
"""
    if not hasattr(__import__("os"), "fork"):
        pytest.skip("no fork on this system")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_opensmile_prints_nothing(capfd):
    module._Engine("egemaps", 16_000).run(module._pcm(noise(0.3)))
    with pytest.raises(UnusableAudio):
        OpenSmile("egemaps")(noise(0.02))
    assert capfd.readouterr() == ("", "")


def test_a_signal_without_a_single_frame_is_refused_and_the_next_one_is_not():
    with pytest.raises(UnusableAudio, match=r"too short for egemaps: .* no result for 20 ms"):
        OpenSmile("egemaps")(noise(0.02))
    assert OpenSmile("egemaps")(noise(0.1)).shape == (88,)


def test_full_scale_samples_are_refused_since_16_bits_would_wrap_them():
    for sample in (1.0, -1.01, np.nan):
        samples = np.zeros(1600, np.float32)
        samples[7] = sample
        with pytest.raises(FeatureError, match=r"openSMILE takes −1 to 32767/32768"):
            OpenSmile("egemaps")(Signal(samples, 16_000))


def test_the_peaks_that_read_audio_allows_are_taken():
    samples = np.tile(np.array([-1, 32767 / 32768], np.float32), 1600)
    assert np.frombuffer(module._pcm(Signal(samples, 16_000)), np.int16).tolist()[:2] == [
        -32768,
        32767,
    ]


def test_another_rate_and_an_unknown_set_are_refused():
    with pytest.raises(FeatureError, match="takes signals at 16000 Hz"):
        OpenSmile("egemaps")(Signal(np.zeros(800, np.float32), 8000))
    with pytest.raises(FeatureError, match="did you mean 'egemaps'"):
        OpenSmile("egemap")
