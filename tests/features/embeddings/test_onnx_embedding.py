from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featser
from featser.audio import Signal, content_hash, read_audio
from featser.errors import FeatureError, UnusableAudio
from featser.features.embeddings import onnx_embedding as module
from featser.features.embeddings.onnx_embedding import OnnxEmbedding
from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from tests.features.embeddings.plugin_sounds import write_sounds

onnx = pytest.importorskip("onnx", reason="the extra `dev-extras` (onnx) is not installed")
pytest.importorskip("onnxruntime", reason="the extra `onnx` (onnxruntime) is not installed")

pytestmark = pytest.mark.extras
RATE = 16_000
SIZE, WINDOW, HOP = 3, 400, 320
FILTERS = np.random.default_rng(0).standard_normal((SIZE, 1, WINDOW)).astype(np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samples (1, n) to ``frames`` (1, T, 3), filtered every 20 ms, and ``whole`` (1, 3)."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["samples", "one"], ["channel"]),
            helper.make_node("Conv", ["channel", "filters"], ["filtered"], strides=[HOP]),
            helper.make_node("Transpose", ["filtered"], ["frames"], perm=[0, 2, 1]),
            helper.make_node("ReduceMean", ["frames"], ["whole"], axes=[1], keepdims=0),
        ],
        "network",
        [helper.make_tensor_value_info("samples", number, [1, "n"])],
        [
            helper.make_tensor_value_info("frames", number, [1, "t", SIZE]),
            helper.make_tensor_value_info("whole", number, [1, SIZE]),
        ],
        [
            onnx.numpy_helper.from_array(FILTERS, "filters"),
            onnx.numpy_helper.from_array(np.array([1], np.int64), "one"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path_factory.mktemp("network") / "small.onnx"
    onnx.save(model, path)
    return path


def noise(n: int = RATE // 2, gain: float = 0.1) -> Signal:
    samples = np.random.default_rng(1).standard_normal(n) * gain
    return Signal(samples.astype(np.float32), RATE)


def frames_of(samples: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    return windows @ FILTERS[:, 0].T


def test_values_are_the_networks_pooled_over_time(network):
    frames = frames_of(noise().samples)
    np.testing.assert_allclose(OnnxEmbedding(network)(noise()), frames.mean(axis=0), atol=1e-5)
    both = OnnxEmbedding(network, pooling="mean+std")
    expected = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
    np.testing.assert_allclose(both(noise()), expected, atol=1e-5)
    assert both.names[0] == "onnx-embedding.mean_0000"
    assert both.names[-1] == "onnx-embedding.std_0002"
    assert both.dimension == 6


def test_an_output_is_chosen_by_name(network):
    whole = OnnxEmbedding(network, output="whole")
    np.testing.assert_allclose(whole(noise()), OnnxEmbedding(network)(noise()), atol=1e-5)
    with pytest.raises(FeatureError, match=r"one embedding, shape.*pooling=mean"):
        OnnxEmbedding(network, output="whole", pooling="mean+std")(noise())
    with pytest.raises(FeatureError, match=r"unknown output of small.onnx 'hole'; .*'whole'"):
        OnnxEmbedding(network, output="hole")(noise())


def test_a_normalised_utterance_is_the_same_at_any_gain(network):
    extractor = OnnxEmbedding(network, normalise="utterance")
    np.testing.assert_allclose(extractor(noise(gain=0.01)), extractor(noise()), rtol=1e-3)
    samples = noise().samples
    expected = frames_of((samples - samples.mean()) / samples.std()).mean(axis=0)
    np.testing.assert_allclose(extractor(noise()), expected, atol=1e-4)


def test_the_spec_makes_the_same_extractor_and_holds_the_checksum(network):
    extractor = make_extractor(f"onnx-embedding:{network}?pooling=mean+std,normalise=utterance")
    assert make_extractor(extractor.spec) == extractor
    assert make_extractor(extractor.spec).spec == extractor.spec
    assert f"sha256={extractor.sha256}" in extractor.spec
    assert extractor != make_extractor(f"onnx-embedding:{network}")


def test_a_file_that_moved_is_the_same_and_another_file_is_not(network, tmp_path):
    moved = shutil.copy(network, tmp_path / "moved.onnx")
    assert OnnxEmbedding(moved) == OnnxEmbedding(network)
    assert OnnxEmbedding(moved).label == "onnx-embedding"
    with Path(moved).open("ab") as stream:
        stream.write(b"\x00")
    assert OnnxEmbedding(moved) != OnnxEmbedding(network)


def test_a_pickled_extractor_holds_no_session_and_gives_the_same_values(network):
    extractor = OnnxEmbedding(network)
    values = extractor(noise())
    pickled = pickle.dumps(extractor)
    assert len(pickled) < 2000
    again = pickle.loads(pickled)
    assert "_session" not in vars(again)
    np.testing.assert_array_equal(again(noise()), values)


def test_another_checksum_is_refused_with_both(network):
    checksum = OnnxEmbedding(network).sha256
    with pytest.raises(
        FeatureError, match=rf"small.onnx: the SHA-256 is {checksum}, expected {'0' * 64}"
    ):
        make_extractor(f"onnx-embedding:{network}?sha256={'0' * 64}")


def test_a_file_that_changes_before_it_is_opened_is_refused(network, tmp_path):
    path = Path(shutil.copy(network, tmp_path / "changing.onnx"))
    extractor = OnnxEmbedding(path)
    path.write_bytes(path.read_bytes() + b"\x00")
    with pytest.raises(FeatureError, match=r"changing.onnx: the SHA-256 is .*, expected"):
        extractor(noise())


def test_a_missing_or_foreign_file_is_refused_by_name(tmp_path):
    with pytest.raises(FeatureError, match=r"gone.onnx: No such file.*copy it there"):
        OnnxEmbedding(tmp_path / "gone.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(FeatureError, match=r"text.onnx: onnxruntime cannot open it"):
        OnnxEmbedding(tmp_path / "text.onnx")(noise())


def test_a_signal_that_the_network_cannot_take_is_refused_with_its_reason(network):
    with pytest.raises(UnusableAudio, match=r"small.onnx cannot run on 0.01 s"):
        OnnxEmbedding(network)(noise(160))
    with pytest.raises(FeatureError, match=r"resampled\(16000\)"):
        OnnxEmbedding(network)(Signal(np.ones(800, np.float32), 8000))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("?pool=mean", "unknown setting of onnx-embedding 'pool'; did you mean 'pooling'"),
        ("?pooling=max", "unknown pooling of onnx-embedding 'max'"),
        ("?normalise=all", "unknown normalise of onnx-embedding 'all'"),
        ("?rate=fast", "rate=fast: must be samples per second"),
        ("?output=", "output has no value"),
        ("?rate=8000,rate=8000", "rate is given twice"),
    ],
)
def test_settings_that_do_not_exist_are_refused_with_those_that_do(network, settings, message):
    with pytest.raises(FeatureError, match=message):
        make_extractor(f"onnx-embedding:{network}{settings}")


def test_without_a_file_the_spec_is_refused_with_how_to_write_it():
    with pytest.raises(FeatureError, match="names no file: write onnx-embedding:PATH"):
        make_extractor("onnx-embedding")


def test_without_onnxruntime_the_fix_is_named(network, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(FeatureError, match=r"pip install 'featser\[onnx\]'"):
        OnnxEmbedding(network)


def test_workers_open_the_network_themselves_and_the_store_keeps_its_values(network, tmp_path):
    files = write_sounds(tmp_path, 2)
    manifest, store = tmp_path / "manifest.csv", tmp_path / "store"
    pd.DataFrame({"file": [str(file) for file in files]}).to_csv(manifest, index=False)
    result = featser.extract(
        manifest, store=store, features=[f"onnx-embedding:{network}"], n_jobs=1
    )
    assert (result.done, len(result.unusable)) == (2, 0)
    extractor = OnnxEmbedding(network)
    (folder,) = (store / "features").iterdir()
    assert folder.name == f"onnx-embedding-{extractor.fingerprint()}"
    stored = Store(store).read(extractor, [content_hash(file) for file in files])
    np.testing.assert_array_equal(stored, [extractor(read_audio(file)) for file in files])
