"""All that the golden tests use of featser: when the package is restructured, adapt this module.

Nothing else in this folder imports featser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio import DECODER_VERSION, Signal, content_hash, read_audio
from featser.augmentation.augmentation_list import list_augmentations
from featser.augmentation.kinds import KINDS
from featser.augmentation.spec import parse_augmentation
from featser.corpora.synthetic.synthesizer import Speaker, Style, synthesise
from featser.corpora.utterances import utterance_key
from featser.errors import UnusableAudio
from featser.evaluation.protocols.enrolment_split import NORMS
from featser.evaluation.protocols.folding import PROTOCOLS
from featser.features.lowlevel.filterbanks import N_MELS
from featser.features.registry import list_extractors, make_extractor
from featser.models.encoders import ENCODERS, make_encoder
from featser.models.registry import NETWORKS
from featser.models.registry import model_names as registered_models
from featser.models.selection.selectors import SELECTORS
from featser.store.feature_store import Store
from featser.tasks import Coupling, Fusion, Joint, NamedWeights, TwoPass

Samples = NDArray[np.float32]


def speak(
    speaker: dict[str, float], style: dict[str, float], random_state: int, **how: Any
) -> Samples:
    """Return an utterance of the demo voice."""
    rng = np.random.default_rng(random_state)
    return synthesise(Speaker(**speaker), Style(**style), rng, **how).samples


def extractor_specs() -> dict[str, list[str]]:
    """Return what can be extracted: for each extractor its presets, or itself."""
    return {
        info.name: [f"{info.name}:{preset}" for preset in info.presets] or [info.name]
        for info in list_extractors()
    }


def extractor_identity(specs: Sequence[str]) -> dict[str, Any]:
    """Return the version of an extractor, and all else in its fingerprint but for libraries."""
    made = {spec: make_extractor(spec) for spec in specs}
    versions = {extractor.version for extractor in made.values()}
    assert len(versions) == 1, f"presets of one extractor have several versions: {versions}"
    return {
        "version": versions.pop(),
        "parameters": {
            spec: {
                "params": extractor.params,
                "rate": extractor.rate,
                "offset": extractor.offset,
                "duration": extractor.duration,
            }
            for spec, extractor in made.items()
        },
        "libraries": sorted({library for one in made.values() for library in one.libraries}),
    }


def features(spec: str, samples: Samples, rate: int) -> dict[str, float] | None:
    """Return an extractor's values by name, in their order; None if it refuses the signal."""
    extractor = make_extractor(spec)
    signal = Signal(samples, rate)
    if extractor.offset is not None:
        signal = signal.cut(extractor.offset, extractor.duration)
        if not len(signal.samples):
            return None
    try:
        values = extractor(signal.resampled(extractor.rate))
    except UnusableAudio:
        return None
    assert values.dtype == np.float32
    assert len(set(extractor.names)) == len(values)
    return dict(zip(extractor.names, values.tolist(), strict=True))


def decoder_identity() -> dict[str, Any]:
    """Return the decoder's version."""
    return {"version": DECODER_VERSION, "parameters": {}, "libraries": ["soundfile", "soxr"]}


def decode(
    file: Path, rate: int, start: float | None = None, end: float | None = None
) -> tuple[Samples, float]:
    """Return a recording's samples, and what they were multiplied by."""
    signal = read_audio(file, rate, start, end)
    assert signal.rate == rate
    return signal.samples, signal.gain


def augmentation_kinds() -> list[str]:
    """Return the kinds of altered copies."""
    return [info.name for info in list_augmentations()]


def augmentation_identity(kind: str, specs: Sequence[str]) -> dict[str, Any]:
    """Return the version of a kind, and what the specs stand for."""
    return {
        "version": KINDS[kind].version,
        "parameters": {spec: parse_augmentation(spec).definition for spec in specs},
        "libraries": list(KINDS[kind].libraries),
    }


def augment(
    spec: str, index: int, samples: Samples, rate: int, others: Sequence[Samples]
) -> tuple[Samples, float]:
    """Return an altered copy, and its gain."""
    augmentation = parse_augmentation(spec)
    donors = [Signal(other, rate) for other in others[: augmentation.donors]]
    copy = augmentation.apply(Signal(samples, rate), "golden", index, donors)
    assert copy.rate == rate
    return copy.samples, copy.gain


def encoder_names() -> list[str]:
    """Return the encoders of packed frames."""
    return list(ENCODERS)


def encode(spec: str, width: int, X: NDArray[np.float32], y: NDArray[Any]) -> NDArray[np.float32]:
    """Fit an encoder on the first two thirds of the rows, and encode all of them."""
    encoder = make_encoder(spec, width, 0)
    count = 2 * len(X) // 3
    encoder.fit(X[:count], y[:count])
    return np.asarray(encoder.transform(X))


def model_names() -> list[str]:
    """Return all that a model can be called, networks among them."""
    return ["vote", *registered_models()]


def network_names() -> list[str]:
    """Return the models that torch fits."""
    return list(NETWORKS)


def protocol_names() -> list[str]:
    """Return the protocols."""
    return list(PROTOCOLS)


def option_values() -> dict[str, list[str]]:
    """Return what the options of a fit can be, by the names that :func:`fit` has for them."""
    return {
        "weights": list(get_args(NamedWeights)),
        "coupling": list(get_args(Coupling)),
        "fusion": list(get_args(Fusion)),
        "two_pass": list(get_args(TwoPass)),
        "joint": list(get_args(Joint)),
        "speaker_norm": list(NORMS),
        "select": ["none", *SELECTORS],
        "encode": ["none", *ENCODERS],
    }


def frame_bands() -> int:
    """Return how many bands a packed frame has."""
    return N_MELS


def store_table(store: Path, table: Path, files: Sequence[Path], values: pd.DataFrame) -> str:
    """Put values into a store as embeddings from a table; return the extractor's spec."""
    keys = _keys(files)
    values.assign(key=keys).drop_duplicates("key").to_parquet(table, index=False)
    spec = f"table-embedding:{table}"
    _add_rows(store, spec, keys, values.to_numpy(np.float32))
    return spec


def store_frames(store: Path, files: Sequence[Path], frames: Sequence[Samples]) -> str:
    """Put frames into a store as packed frames; return the extractor's spec."""
    packed = np.full((len(files), make_extractor("frames").dimension), np.nan, np.float32)
    for row, one in zip(packed, frames, strict=True):
        row[: one.size] = one.ravel()
    _add_rows(store, "frames", _keys(files), packed)
    return "frames"


def store_copies(
    store: Path, spec: str, files: Sequence[Path], values: pd.DataFrame, copies: Samples
) -> None:
    """Put utterances into a store, and a copy of each as if it had been made by adding noise."""
    keys = _keys(files)
    noise = parse_augmentation("noise").definition
    altered = [f"{key}+{noise}#0" for key in keys]
    _add_rows(store, spec, keys + altered, np.concatenate([values.to_numpy(np.float32), copies]))
    table = pd.DataFrame({"key": altered, "source": keys, "donors": "", "augmentation": noise})
    table.assign(index=0).to_parquet(store / "copies.parquet", index=False)
    source = {"origin": "golden", "features": [spec], "recipe": None, "augmentations": ["noise"]}
    source |= {"unmatched": [], "notes": [], "cards": []}
    (store / "source.json").write_text(json.dumps(source), encoding="utf-8")


def _keys(files: Sequence[Path]) -> list[str]:
    return [utterance_key(content_hash(str(file))) for file in files]


def _add_rows(store: Path, spec: str, keys: list[str], values: NDArray[np.float32]) -> None:
    first = sorted({key: row for row, key in reversed(list(enumerate(keys)))}.values())
    Store(store).add(make_extractor(spec), [keys[row] for row in first], values[first])


@dataclass(frozen=True, eq=False)
class Fitted:
    """What an experiment gives.

    Attributes
    ----------
    metrics : dict of str to float
        Of each task the leading metric: ``emotion uar``, …; of an enrolment curve its points as
        well.
    folds : dict of str to int
        File name → the fold that tests it.
    predictions : dict of str to dict of str to float
        File name → ``emotion.p[angry]``, ``arousal.pred`` … → value, out of fold.
    """

    metrics: Mapping[str, float]
    folds: Mapping[str, int]
    predictions: Mapping[str, Mapping[str, float]]


def fit(
    source: Path, card: str | None, store: Path, specs: Sequence[str], settings: Mapping[str, Any]
) -> Fitted:
    """Fit as ``featser.fit`` does with one protocol, writing nothing.

    The settings may hold ``curve`` (of enrolment), ``train``, ``test`` and ``dev`` (the sides of a
    protocol), and ``on_all``: predictions are then those of the model fitted on all rows, which is
    not fitted without.
    """
    how = dict(settings)
    on_all = how.pop("on_all", False)
    how["enrolment_curve"] = how.pop("curve", False)
    module = import_module("featser.experiment.carry_out")
    with (
        patch.object(module, "cross_fit", partial(module.cross_fit, final=on_all)),
        patch.object(module, "write_run", lambda run: None),
    ):
        run = import_module("featser.api.fit").fit(
            source,
            store=store,
            corpus=card,
            features=specs,
            protocols=[how.pop("protocol")],
            output=store,
            n_jobs=1,
            audit=False,
            cache=False,
            **how,
        )
    (metrics,) = run.metrics.values()
    folds = run.folds.drop_duplicates("file")
    return Fitted(
        _leading(metrics),
        dict(zip(map(_name, folds["file"]), folds["fold"].tolist(), strict=True)),
        _numbers(_predicted_again(run) if on_all else run.predictions),
    )


def _leading(metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, float]:
    """Return the first metric of each task, and whatever is named after it."""
    figures = {}
    for task, by_name in metrics.items():
        leading = next(iter(by_name))
        for name, figure in by_name.items():
            if name == leading or name.startswith("enrolled["):
                value = figure["value"]
                figures[f"{task} {name}"] = float("nan") if value is None else float(value)
    return figures


def _name(file: str) -> str:
    return Path(file).name


def _predicted_again(run: Any) -> pd.DataFrame:
    """Return what the model fitted on all rows predicts for them."""
    predicted = run.model.predict(run.data.X).add_suffix(".pred")
    probabilities = [
        table.rename(columns=lambda name, task=task: f"{task}.p[{name}]")
        for task, table in run.model.predict_proba(run.data.X).items()
    ]
    parts = [run.data.table[["file"]], predicted, *probabilities]
    return pd.concat([part.reset_index(drop=True) for part in parts], axis=1)


def _numbers(predictions: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return probabilities and predicted numbers by file."""
    columns = [
        name
        for name in predictions
        if ".p[" in name
        or (name.endswith(".pred") and pd.api.types.is_numeric_dtype(predictions[name]))
    ]
    rows = predictions[columns].to_dict("records")
    return dict(zip(map(_name, predictions["file"]), rows, strict=True))
