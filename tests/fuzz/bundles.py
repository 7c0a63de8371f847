"""Bundles that were damaged or tampered with: refused, or used without harm."""

from __future__ import annotations

import random

from tests.fuzz.case import Case
from tests.fuzz.damage import damaged
from tests.fuzz.material import encoded, model
from tests.models.tampering import tamper


def tampered_bundles(case: Case) -> None:
    """Change a model's file and predict with it."""
    rng = case.rng()
    path = case.inputs / "model.featser"
    if rng.random() < 0.3:
        path.write_bytes(damaged(model(), rng))
    else:
        path.write_bytes(tamper(model(), random.Random(case.seeds[0])))
    recording = case.inputs / "a.wav"
    recording.write_bytes(encoded("wav"))
    case.run("predict", path, recording, "-o", "p.csv")
