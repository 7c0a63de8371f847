"""S3: scanned, extracted and predicted as folders of this machine are, by workers as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from featser.api.extract import extract
from featser.api.fit import fit
from featser.api.predict import predict
from featser.api.scan import scan
from featser.audio import content_hash
from featser.errors import FeatserError, UnusableAudio
from featser.experiment.loading.last_extraction import recall
from featser.features.registry import make_extractor
from featser.io import remote_access
from featser.store.feature_store import Store
from tests.remote_sounds import emodb

pytestmark = pytest.mark.extras


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Six recordings in ``s3://voices/emodb`` of a server on this machine."""
    import fsspec
    import requests
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-a-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(remote_access, "PAUSE_SECONDS", 0.0)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    system.mkdir("voices")
    files = emodb("emodb")
    for name, content in files.items():
        system.pipe_file(f"voices/{name}", content)
    fsspec.filesystem("s3").clear_instance_cache()
    yield files
    server.stop()
    fsspec.filesystem("s3").clear_instance_cache()


def test_s3_gives_the_features_of_local_files_bit_for_bit_and_a_second_run_downloads_nothing(
    bucket: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in bucket.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    scanned = scan("emodb", "s3://voices/emodb", tmp_path / "m.csv")
    assert set(scanned.manifest["file"]) == {f"s3://voices/{name}" for name in bucket}
    remote_store, local_store = tmp_path / "remote", tmp_path / "local"
    extracted = extract(tmp_path / "m.csv", store=remote_store, features=["mfcc:basic"], n_jobs=2)
    assert extracted.done == len(bucket)
    extract(
        tmp_path / "emodb", store=local_store, features=["mfcc:basic"], corpus="emodb", n_jobs=1
    )
    keys = recall(local_store)[0].table["key"].tolist()
    assert recall(remote_store)[0].table["key"].tolist() == keys
    made = make_extractor("mfcc:basic")
    assert np.array_equal(Store(remote_store).read(made, keys), Store(local_store).read(made, keys))

    def refuse(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr("featser.io.remote_files.download", refuse)
    again = extract(
        "s3://voices/emodb", store=remote_store, features=["mfcc:basic"], corpus="emodb", n_jobs=2
    )
    assert (again.done, again.reused) == (0, len(bucket))


def test_a_model_predicts_from_s3_what_it_predicts_from_here(
    bucket: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in bucket.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    store = tmp_path / "store"
    extract("s3://voices/emodb", store=store, features=["mfcc:basic"], corpus="emodb", n_jobs=1)
    run = fit(
        store=store,
        tasks=["emotion"],
        model="lda",
        protocols=["random"],
        output=tmp_path / "run",
        n_jobs=1,
    )
    names = sorted(bucket)
    from_s3 = predict(run.bundle, [f"s3://voices/{name}" for name in names])
    from_folder = predict(run.bundle, [tmp_path / name for name in names])
    assert (from_s3["error"] == "").all()
    assert from_s3.drop(columns="file").equals(from_folder.drop(columns="file"))


def test_what_s3_refuses_is_a_reason(bucket: dict[str, bytes]) -> None:
    with pytest.raises(UnusableAudio, match=r"s3://voices/emodb/none\.wav: .*(404|no such)"):
        content_hash("s3://voices/emodb/none.wav")
    with pytest.raises(UnusableAudio, match="a folder, not a recording"):
        content_hash("s3://voices/emodb")
    with pytest.raises(FeatserError, match=r"s3://nowhere/emodb: .*(404|no such)"):
        scan("emodb", "s3://nowhere/emodb")


def test_an_s3_server_out_of_reach_is_a_reason(
    bucket: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(UnusableAudio, match=r"s3://voices/emodb/03a01Fa\.wav: .*3 tries"):
        content_hash("s3://voices/emodb/03a01Fa.wav")
