"""Which types skops is given to build a bundle of, and how its members are stored."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io

from featser.models.bundle import save_bundle
from featser.models.storage.allowed_types import ALLOWED, allowed_types
from featser.models.storage.members import SMALL, pack, refuse_oversized
from featser.models.storage.nodes import SKLEARN, ForeignTypeError
from tests.models.conftest import Sample
from tests.models.test_bundle import Harmful, bundle


def estimators(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("estimators.skops")


def test_only_types_that_occur_are_trusted(sample: Sample, tmp_path: Path) -> None:
    """skops looks at all trusted types at each of 50,000 objects."""
    data = estimators(save_bundle(tmp_path / "model.featser", bundle(sample, "logistic")))
    trusted = allowed_types(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read("schema.json").decode()
    assert "sklearn.pipeline.Pipeline" in trusted
    assert set(trusted) < {*ALLOWED, *SKLEARN}
    assert all(name.rpartition(".")[2] in text for name in trusted)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(trusted)


def test_type_that_is_not_allowed_is_never_trusted(sample: Sample, tmp_path: Path) -> None:
    harmful = Harmful()
    harmful.part = 1
    data = skops.io.dumps({"emotion": harmful})
    with pytest.raises(ForeignTypeError, match="Harmful"):
        allowed_types(data)


def test_arrays_that_hardly_pack_are_stored() -> None:
    """Unpacking 100 MB of floats takes a second; both ways are read."""
    random = np.random.default_rng(0)
    floats = random.standard_normal(300_000).tobytes()
    text = json.dumps(random.integers(0, 50, 400_000).tolist()).encode()
    assert min(len(floats), len(text)) > SMALL
    with zipfile.ZipFile(io.BytesIO(pack([("floats", floats), ("text", text)]))) as archive:
        refuse_oversized(archive, {}, 10**9, 10**9)
        kinds = {member.filename: member.compress_type for member in archive.infolist()}
        assert kinds == {"floats": zipfile.ZIP_STORED, "text": zipfile.ZIP_DEFLATED}
        assert archive.read("floats") == floats
