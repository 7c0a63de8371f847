"""A small experiment: made-up utterances of 14 speakers, their features, and ways to fit them.

All numbers are multiples of 1/64, so every machine writes and reads the same ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.golden import adapter

Table = NDArray[np.float32]

EMOTIONS = ("angry", "happy", "neutral", "sad")
EFFORTS = ("low", "middle", "high")
SPEAKERS, SENTENCES, TAKES = 14, 3, 3
ROWS = SPEAKERS * SENTENCES * TAKES
SAME_RECORDING = (4, 5)
"""Two rows of one speaker whose files have the same content."""

CARD = """\
name: golden
title: Made-up utterances
licence: CC0
citation: none needed
source: the golden tests
layout: manifest
primary: emotion
tasks:
  emotion: {kind: classification, classes: [angry, happy, neutral, sad]}
  arousal: {kind: regression}
  effort: {kind: ordinal, classes: [low, middle, high]}
  gender: {kind: classification, classes: [female, male]}
"""


@dataclass(frozen=True)
class Experiment:
    """How the utterances are fitted.

    Attributes
    ----------
    settings : mapping
        Arguments of the adapter's ``fit``.
    features : tuple of str
        Of ``prosody``, ``timbre`` and ``frames``.
    source : str
        ``corpus``, which a card describes; ``corpora``, a table of three corpora; ``few``, the
        first six speakers of ``corpus``; ``published``, a table of all with folds; or
        ``augmented``, a table of all with altered copies.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ("prosody", "timbre")
    source: str = "corpus"

    def definition(self) -> dict[str, Any]:
        """Return it as plain data, with a checksum of the utterances and their features."""
        return {
            "settings": dict(self.settings),
            "features": list(self.features),
            "source": self.source,
            "data": checksum(),
        }


@cache
def utterances() -> pd.DataFrame:
    """Return the manifest: labels, some of them missing, and all that protocols divide by."""
    rng = np.random.default_rng(2)
    row = np.arange(ROWS)
    speaker, sentence = row // (SENTENCES * TAKES), row // TAKES % SENTENCES
    emotion = np.concatenate([rng.permutation(9) for _ in range(SPEAKERS)]) % 4
    excited = np.isin(emotion, (0, 1)).astype(float)
    arousal = _coarse(excited + rng.normal(0, 0.6, ROWS))
    effort = np.digitize(arousal + rng.normal(0, 0.4, ROWS), (0.2, 0.9))
    table = pd.DataFrame(
        {
            "file": [f"u{number:03d}.wav" for number in row],
            "speaker": [f"s{number:02d}" for number in speaker],
            "sentence": [f"t{number}" for number in sentence],
            "language": np.where(speaker % 2 == 0, "bn", "en"),
            "corpus": "golden",
            "split": np.select([speaker < 4, speaker < 6], ["test", "dev"], "train"),
            "emotion": np.array(EMOTIONS)[emotion],
            "arousal": arousal,
            "effort": np.array(EFFORTS)[effort],
            "gender": np.where(speaker // 2 % 2 == 0, "female", "male"),
        }
    )
    table.loc[[11, 50, 97], "arousal"] = np.nan
    table.loc[[20, 70], "emotion"] = np.nan
    table.loc[[33, 101], "effort"] = np.nan
    return table


@cache
def features() -> dict[str, pd.DataFrame]:
    """Return the values of each extractor but ``frames``; some are undefined."""
    rng = np.random.default_rng(3)
    table = utterances()
    return {
        name: pd.DataFrame(_values(table, count, rng), columns=_names(count))
        for name, count in (("prosody", 6), ("timbre", 10))
    }


def _names(count: int) -> list[str]:
    """Return names of descriptors over time, as pooling asks for them."""
    return [f"d{place // 2}.{('mean', 'max')[place % 2]}" for place in range(count)]


def _values(table: pd.DataFrame, count: int, rng: np.random.Generator) -> Table:
    """Return values that depend on labels, speaker and language, with noise and gaps."""
    emotion = pd.Categorical(table["emotion"].fillna("neutral"), EMOTIONS).codes
    speaker = table["speaker"].str[1:].astype(int).to_numpy()
    values = rng.normal(0, 0.6, (4, count))[emotion]
    values += rng.normal(0, 0.8, (SPEAKERS, count))[speaker]
    values += np.outer(table["arousal"].fillna(0.5), rng.normal(0, 0.7, count))
    values += np.outer(table["language"] == "en", rng.normal(0, 1.2, count))
    values += np.outer(table["gender"] == "male", rng.normal(0, 0.6, count))
    values += rng.normal(0, 0.9, values.shape)
    values[rng.random(values.shape) < 0.01] = np.nan
    return _coarse(values).astype(np.float32)


def copies() -> Table:
    """Return the values of ``prosody`` for an altered copy of each utterance."""
    values = features()["prosody"].to_numpy()
    noise = np.random.default_rng(7).normal(0.3, 0.5, values.shape)
    return (values + _coarse(noise)).astype(np.float32)


@cache
def frames() -> list[Table]:
    """Return the log-mel frames of each utterance, shape (10 to 15, bands)."""
    rng = np.random.default_rng(5)
    emotion = pd.Categorical(utterances()["emotion"].fillna("neutral"), EMOTIONS).codes
    tilt = np.linspace(-1, 1, adapter.frame_bands()) * np.array([3, 1, -1, -3])[:, None]
    made = []
    for one in emotion:
        count = int(rng.integers(10, 16))
        level = rng.normal(-40, 8, (count, 1))
        made.append(_coarse(level + tilt[one] + rng.normal(0, 4, (count, tilt.shape[1]))))
    return [one.astype(np.float32) for one in made]


def _coarse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(values * 64) / 64


@cache
def checksum() -> str:
    """Return a fingerprint of these utterances and features."""
    digest = sha256(utterances().to_csv(index=False).encode() + CARD.encode())
    for table in features().values():
        digest.update(table.to_csv(index=False).encode())
    for one in frames():
        digest.update(np.ascontiguousarray(one, "<f4").tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Workplace:
    """Where the utterances and their features are on disk.

    Attributes
    ----------
    folder : Path
    specs : dict of str to str
        For each of ``prosody``, ``timbre`` and ``frames`` the extractor as it is asked for.
    """

    folder: Path
    specs: Mapping[str, str]

    def source(self, name: str) -> Path:
        """Return the manifest, or the folder that holds one."""
        return self.folder / (name if self.card(name) else f"{name}.csv")

    def card(self, name: str) -> str | None:
        """Return the card that describes a source."""
        without = ("corpora", "augmented", "published")
        return None if name in without else str(self.folder / "golden.yaml")

    def store(self, name: str) -> Path:
        """Return the store that a source's features are in."""
        return self.folder / ("store-of-copies" if name == "augmented" else "store")


_TEMPORARY_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""The folder of this process, removed as it ends."""


@cache
def workplace() -> Workplace:
    """Write the utterances and their features, once for each process."""
    _TEMPORARY_FOLDERS.append(tempfile.TemporaryDirectory(prefix="featser-golden-"))
    folder = Path(_TEMPORARY_FOLDERS[-1].name)
    table = utterances()
    files = []
    for row, name in enumerate(table["file"]):
        files.append(folder / name)
        same = SAME_RECORDING[0] if row in SAME_RECORDING else row
        files[-1].write_text(f"This file stands for recording {same}.", encoding="utf-8")
    absolute = table.assign(file=[str(file) for file in files])
    _write_manifest(absolute, folder / "corpus")
    _write_manifest(absolute.iloc[: 6 * SENTENCES * TAKES], folder / "few")
    corpora = np.array(["one", "two", "three"])[np.arange(ROWS) * 3 // ROWS]
    absolute.assign(corpus=corpora).to_csv(folder / "corpora.csv", index=False)
    absolute.to_csv(folder / "augmented.csv", index=False)
    absolute.assign(fold=_folds()).to_csv(folder / "published.csv", index=False)
    (folder / "golden.yaml").write_text(CARD, encoding="utf-8")
    store = folder / "store"
    specs = {
        name: adapter.store_table(store, folder / f"{name}.parquet", files, values)
        for name, values in features().items()
    }
    specs["frames"] = adapter.store_frames(store, files, frames())
    prosody = features()["prosody"]
    adapter.store_copies(folder / "store-of-copies", specs["prosody"], files, prosody, copies())
    return Workplace(folder, specs)


def _folds() -> list[str]:
    """Return folds that share speakers and a recording; some utterances have none."""
    return ["" if row % 20 == 19 else str(row % 4 + 9) for row in range(ROWS)]


def _write_manifest(table: pd.DataFrame, folder: Path) -> None:
    folder.mkdir()
    table.to_csv(folder / "manifest.csv", index=False)


def fit(experiment: Experiment) -> adapter.Fitted:
    """Carry an experiment out."""
    place = workplace()
    return adapter.fit(
        place.source(experiment.source),
        place.card(experiment.source),
        place.store(experiment.source),
        [place.specs[name] for name in experiment.features],
        experiment.settings,
    )
