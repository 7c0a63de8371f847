"""What has golden values: the subject of each golden file, and how its values are computed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.golden import adapter, recordings, signals

Values = dict[str, dict[str, float]]
"""Case → name → value; what is refused has the single name ``refused``."""


@dataclass(frozen=True)
class Subject:
    """Something with golden values.

    Attributes
    ----------
    name : str
        Such as ``extractors/mfcc``; the golden file's path without its ending.
    identity : callable
        Returns ``version``, ``parameters`` and ``libraries``.
    compute : callable
        Returns the values.
    fix : str
        What to do where a change of the values is meant.
    what : str
        What the values are called in messages.
    tolerance : callable, optional
        Takes a case and a name, and returns how far that value may be from what is pinned; by
        default as far as :func:`tests.golden.tolerance.tolerances` says.
    uses_signals : bool
        Whether the values depend on ``data/signals.npz``.
    needs : tuple of str
        Modules without which the values cannot be computed.
    """

    name: str
    identity: Callable[[], Mapping[str, Any]]
    compute: Callable[[], Values]
    fix: str
    what: str = "values"
    tolerance: Callable[[str, str], float] | None = None
    uses_signals: bool = True
    needs: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """Return the modules that it needs and that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]


@cache
def subjects() -> dict[str, Subject]:
    """Return all subjects by name."""
    from tests.golden.results import results  # which are subjects, too

    every = [*extractors(), *decoders(), *augmentations(), *encoders(), *results()]
    return {one.name: one for one in every}


def extractors() -> list[Subject]:
    return [
        Subject(
            f"extractors/{name}",
            partial(adapter.extractor_identity, specs),
            partial(_features, specs),
            f"raise `version` of {name}, then run `make golden`",
        )
        for name, specs in adapter.extractor_specs().items()
    ]


def _features(specs: list[str]) -> Values:
    values = {}
    for spec in specs:
        for name, samples in signals.stored_signals().items():
            features = adapter.features(spec, samples, signals.RATE)
            values[f"{spec} of {name}"] = {"refused": 1.0} if features is None else features
    return values


def decoders() -> list[Subject]:
    fix = "raise the decoder's version, then run `make golden`"
    return [Subject("audio", adapter.decoder_identity, _decoded, fix)]


def _decoded() -> Values:
    values = {}
    with tempfile.TemporaryDirectory() as folder:
        for case, one in recordings.write_recordings(Path(folder)).items():
            samples, gain = adapter.decode(one.file, one.rate, one.start, one.end)
            values[case] = _sketch(samples, gain)
    return values


ALTERED = {
    "babble": ("babble", "babble:snr=0,talkers=2"),
    "clipping": ("clipping", "clipping:db=20"),
    "codec": (
        "codec:name=mp3",
        "codec:name=vorbis,quality=0.3",
        "codec:name=adpcm",
        "codec:name=gsm",
        "codec:name=ulaw",
    ),
    "far": ("far", "far:db=-20,distance=3,rt60=0.6,snr=10"),
    "gain": ("gain", "gain:db=-20"),
    "noise": ("noise", "noise:snr=10,colour=pink"),
    "pitch": ("pitch", "pitch:semitones=3"),
    "reverb": ("reverb", "reverb:rt60=0.3,distance=1.5"),
    "stretch": ("stretch", "stretch:rate=1.2"),
    "telephone": ("telephone", "telephone:law=a"),
    "vtl": ("vtl", "vtl:factor=0.85"),
}
"""Kind of altered copy → how it is asked for."""


def augmentations() -> list[Subject]:
    return [
        Subject(
            f"augmentations/{kind}",
            partial(adapter.augmentation_identity, kind, specs),
            partial(_altered, specs),
            f"raise `version` of {kind}, then run `make golden`",
        )
        for kind, specs in ALTERED.items()
    ]


def _altered(specs: tuple[str, ...]) -> Values:
    samples = signals.stored_signals()
    speech, others = (
        samples["speech"][2_000:22_000],
        [samples["loud"], samples["noisy"], samples["whisper"]],
    )
    donors = [*others, samples["short"]]
    return {
        spec: _sketch(*adapter.augment(spec, 0, speech, signals.RATE, donors)) for spec in specs
    }


POINTS = 80
"""How many samples of a signal are pinned, at equal distances."""


def _sketch(samples: NDArray[np.float32], gain: float) -> dict[str, float]:
    """Return the fingerprint of a signal: its length, level, peak and some samples."""
    places = np.linspace(0, len(samples) - 1, POINTS).round().astype(int)
    wide = samples.astype(np.float64)
    return {
        "length": float(len(samples)),
        "gain": gain,
        "rms": float(np.sqrt(np.mean(wide**2))),
        "peak": float(np.abs(wide).max()),
        "change": float(np.abs(np.diff(wide)).mean()),
        **{f"sample {place}": float(samples[place]) for place in places.tolist()},
    }


ENCODED = ("fisher:3", "supervector:3", "ivector:3", "bag:12")
"""Encoders as they are asked for."""


def encoders() -> list[Subject]:
    names = [spec.partition(":")[0] for spec in ENCODED]
    return [
        Subject(
            f"encoders/{name}",
            partial(without_version, {"spec": spec}),
            partial(_encoded, spec),
            f"if that is meant, run `make golden FORCE=encoders/{name}`",
        )
        for name, spec in zip(names, ENCODED, strict=True)
    ]


def without_version(
    parameters: Mapping[str, Any], libraries: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the identity of what has no version."""
    names = ("numpy", "scipy", "scikit-learn", *libraries)
    return {"version": None, "parameters": parameters, "libraries": names}


WIDTH = 6


def _encoded(spec: str) -> Values:
    X, y = packed_frames()
    vectors = adapter.encode(spec, WIDTH, X, y)
    return {
        f"row {row}": {f"value {place}": float(value) for place, value in enumerate(vectors[row])}
        for row in (0, 1, 16, 17, 22, 23)
    }


def packed_frames(rows: int = 24, most: int = 40) -> tuple[NDArray[np.float32], NDArray[np.int_]]:
    """Return rows of frames, NaN beyond each row's end, and two classes that tilt the bands."""
    rng = np.random.default_rng(11)
    y = np.arange(rows) % 2
    bands = np.linspace(-1, 1, WIDTH) * (2.0 * y - 1)[:, None, None]
    frames = -40 + rng.normal(0, 6, (rows, most, 1)) + 3 * bands
    frames += rng.normal(0, 2, (rows, most, WIDTH))
    frames[:, 10:16] -= 60
    for row, length in enumerate(rng.integers(most // 2, most + 1, rows)):
        frames[row, length:] = np.nan
    return frames.reshape(rows, -1).astype(np.float32), y
