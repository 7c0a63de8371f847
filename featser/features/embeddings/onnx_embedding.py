"""Embeddings by a network in an ONNX file, run by onnxruntime on the processor (extra ``onnx``).

The network takes samples, shape (1, n), (n,) or (1, 1, n), and gives one embedding, shape (1, E),
or one for each frame, shape (1, T, E), which are pooled over time.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from featser.audio import RATE, Signal
from featser.errors import FeatureError, UnusableAudio, unknown
from featser.features.embeddings.file_extractor import FileExtractor, mismatch, parsed_settings
from featser.features.lowlevel.frame_settings import Floats

POOLINGS = {"mean": ("mean",), "mean+std": ("mean", "std")}
"""Statistics over time; ``std`` is the population's."""

NORMALISATIONS = ("none", "utterance")
"""Of the samples: as they are, or with zero mean and unit variance over the utterance."""

KEYS = ("sha256", "pooling", "normalise", "output", "rate")
SHAPES = "(1, E) or (1, T, E)"

_LEAST_STD = 1e-7


class OnnxEmbedding(FileExtractor):
    """The output of a network for the samples.

    The file is opened on first use, in the process that uses it, with one thread; what is pickled
    is its path. The bytes that are run are those whose checksum was compared, so the whole network
    must be in the one file.

    Parameters
    ----------
    path : str or Path
        The ONNX file.
    sha256 : str
        What its checksum must be; empty for whatever it is.
    pooling : {'mean', 'mean+std'}
        Statistics over time where the network gives an embedding for each frame; one embedding
        is its own mean, and has no ``std``.
    normalise : {'none', 'utterance'}
        What is done to the samples before.
    output : str
        The output (layer) to use; empty for the network's first.
    rate : int
        Samples per second that the network expects.

    Raises
    ------
    FeatureError
        If the file is missing or another, a setting does not exist, or onnxruntime is missing.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "onnxruntime", "soundfile", "soxr")

    def __init__(
        self,
        path: str | Path,
        sha256: str = "",
        pooling: str = "mean",
        normalise: str = "none",
        output: str = "",
        rate: int = RATE,
    ) -> None:
        self.name = "onnx-embedding"
        for what, value, valid in (
            ("pooling", pooling, POOLINGS),
            ("normalise", normalise, NORMALISATIONS),
        ):
            if value not in valid:
                raise FeatureError(unknown(f"{what} of {self.name}", value, valid))
        if find_spec("onnxruntime") is None:
            raise FeatureError(
                f"{self.name} needs onnxruntime, which is not installed: "
                f"`pip install 'featser[onnx]'`"
            )
        super().__init__(path, sha256)
        self.pooling, self.normalise, self.output, self.rate = pooling, normalise, output, rate
        self.cost_ms = 1000.0
        self.units = "the network's own"
        self.description = f"embeddings by {self.path.name}"

    @classmethod
    def parsed(cls, text: str) -> OnnxEmbedding:
        """Make one of ``PATH?sha256=…,pooling=…,normalise=…,output=…,rate=…``.

        Raises
        ------
        FeatureError
            If there is no path, or a setting is not right.
        """
        path, settings = parsed_settings("onnx-embedding", text, KEYS)
        rate = settings.pop("rate", str(RATE))
        if not rate.isdecimal() or int(rate) < 1:
            raise FeatureError(f"onnx-embedding: rate={rate}: must be samples per second")
        return cls(path, rate=int(rate), **settings)

    @property
    def settings(self) -> dict[str, str]:
        """What is typed after the path, but for the checksum."""
        return {
            "pooling": self.pooling,
            "normalise": self.normalise,
            "output": self.output,
            "rate": str(self.rate),
        }

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Statistic and number, such as ``onnx-embedding.mean_0000``; runs the network once.

        Raises
        ------
        FeatureError
            If the network cannot be opened or does not give embeddings.
        """
        hiss = np.random.default_rng(0).standard_normal(self.rate) * 0.1
        size = self._embedded(hiss.astype(np.float32)).shape[1]
        return tuple(
            f"{self.name}.{statistic}_{index:04}"
            for statistic in POOLINGS[self.pooling]
            for index in range(size)
        )

    def __call__(self, signal: Signal) -> Floats:
        """Run the network.

        Raises
        ------
        UnusableAudio
            If it cannot run on so short a signal, or gives NaN or infinite values.
        FeatureError
            If the signal has another rate, or the network cannot be opened.
        """
        self._check_rate(signal)
        frames = self._embedded(np.asarray(signal.samples, np.float32))
        if not len(frames):
            raise UnusableAudio(
                "signal", f"too short for {self.path.name}, which gives no frame of it"
            )
        if not np.isfinite(frames).all():
            raise UnusableAudio("signal", f"{self.path.name} gives NaN or infinite values")
        values = [getattr(frames, statistic)(axis=0) for statistic in POOLINGS[self.pooling]]
        return np.concatenate(values).astype(np.float32)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_session", None)
        return state

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        content = self.path.read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        if checksum != self.sha256:
            raise FeatureError(mismatch(self.path, self.sha256, checksum))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has an exception for each of its states
            raise FeatureError(
                f"{self.path}: onnxruntime cannot open it ({error}); it must be one ONNX file, "
                f"its weights inside"
            ) from error
        self._check_ends(session)
        return session

    def _check_ends(self, session: Any) -> None:
        """Refuse a network with another input than samples, or without the output."""
        inputs = session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) not in (1, 2, 3):
            shapes = ", ".join(f"{one.name} {one.shape}" for one in inputs)
            raise FeatureError(
                f"{self.path}: takes {shapes}; export it with one input, the samples: "
                f"(n,), (1, n) or (1, 1, n)"
            )
        outputs = [one.name for one in session.get_outputs()]
        if self.output and self.output not in outputs:
            raise FeatureError(unknown(f"output of {self.path.name}", self.output, outputs))

    def _embedded(self, samples: Floats) -> Floats:
        """Return what the network gives, a row a frame, shape (T, E)."""
        session = self._session
        (source,) = session.get_inputs()
        if self.normalise == "utterance":
            samples = samples - samples.mean()
            samples = samples / np.maximum(samples.std(), np.float32(_LEAST_STD))
        given = samples.reshape((1,) * (len(source.shape) - 1) + (-1,))
        output = self.output or session.get_outputs()[0].name
        try:
            (frames,) = session.run([output], {source.name: given})
        except Exception as error:  # onnxruntime has an exception for each of its states
            seconds = len(samples) / self.rate
            raise UnusableAudio(
                "signal", f"{self.path.name} cannot run on {seconds:.2f} s of it: {error}"
            ) from error
        if frames.ndim not in (2, 3) or frames.shape[0] != 1:
            raise FeatureError(
                f"{self.path}: output '{output}' has shape {frames.shape}, expected {SHAPES}"
            )
        if frames.ndim == 2 and self.pooling != "mean":
            raise FeatureError(
                f"{self.path}: output '{output}' is one embedding, shape {frames.shape}: there is "
                f"nothing to pool; write pooling=mean"
            )
        embedded: Floats = frames.reshape(-1, frames.shape[-1]).astype(np.float32)
        return embedded
