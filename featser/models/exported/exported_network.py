"""Fitted networks as plain data: an ONNX graph and the few numbers that predicting needs.

Nothing here imports torch; onnxruntime is imported for the first prediction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from featser.features.packed_frames import unpacked
from featser.models.exported.onnx_session import run_graph
from featser.models.heads.softmax import softmax

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]

ROWS_AT_ONCE = 256


@dataclass
class Head:
    """The outputs of a network for one task, and their conversion to predictions.

    Parameters
    ----------
    kind : {'classification', 'ordinal', 'regression'}
        Softmax over the classes; ``σ(output_k) = P(class > k)``; or one standardised value.
    n_classes : int
        0 for a regression.
    centre, spread : float
        Mean and standard deviation of a regression's labels in training.
    """

    kind: str
    n_classes: int = 0
    centre: float = 0.0
    spread: float = 1.0

    @property
    def size(self) -> int:
        """How many outputs of the network it has."""
        return {"classification": self.n_classes, "ordinal": self.n_classes - 1}.get(self.kind, 1)

    def probabilities(self, outputs: NDArray[np.floating]) -> Floats:
        """Return the classes' probabilities, shape (n, k), of outputs, shape (n, size)."""
        exact = outputs.astype(np.float64)
        if self.kind == "classification":
            return softmax(exact, 1.0)
        ends = np.ones((len(exact), 1))
        above = 0.5 * (1 + np.tanh(exact / 2))
        return np.asarray(-np.diff(np.hstack([ends, above, 0 * ends]), axis=1))

    def values(self, outputs: NDArray[np.floating]) -> Floats:
        """Return a regression's predictions, shape (n,), of outputs, shape (n, 1)."""
        return np.asarray(outputs[:, 0].astype(np.float64) * self.spread + self.centre)


@dataclass
class Scale:
    """What makes inputs comparable: mean and deviation of each descriptor, or of each feature.

    Parameters
    ----------
    width : int or None
        Descriptors of a frame; None for a feature vector, which is read as a sequence of one
        value each.
    mean, deviation : ndarray of float32
        Shape (width,), or (d,) for a vector. A deviation of 0 is kept as 1.
    """

    width: int | None
    mean: Float32s
    deviation: Float32s

    @classmethod
    def estimate(cls, X: ArrayLike, width: int | None) -> Scale:
        """Estimate mean and deviation of the frames that are present, or of the columns."""
        if width is None:
            values = np.asarray(X, dtype=np.float64)
        else:
            frames, present = unpacked(X, width)
            values = frames[present].astype(np.float64)
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        steady = deviation <= 1e-6 * np.abs(mean) + 1e-12
        deviation = np.where(steady, 1.0, deviation)
        return cls(width, mean.astype(np.float32), deviation.astype(np.float32))

    def inputs(self, X: ArrayLike) -> tuple[Float32s, Float32s]:
        """Return what a network reads of features, shape (n, d).

        Returns
        -------
        x : ndarray of float32, shape (n, T, D)
            Standardised; 0 beyond an utterance's end. T is the longest utterance's here.
        present : ndarray of float32, shape (n, T)
            1 where there is a frame.
        """
        if self.width is None:
            columns = (np.asarray(X, dtype=np.float32) - self.mean) / self.deviation
            return columns[:, :, None], np.ones(columns.shape, dtype=np.float32)
        frames, present = unpacked(X, self.width)
        longest = int(np.flatnonzero(present.any(axis=0))[-1]) + 1
        frames, present = frames[:, :longest], present[:, :longest]
        scaled = (frames - self.mean) / self.deviation
        return np.where(present[:, :, None], scaled, np.float32(0)), present.astype(np.float32)


@dataclass
class ExportedNetwork:
    """A fitted network, which predicts on onnxruntime.

    Parameters
    ----------
    graph : ndarray of uint8
        The bytes of the ONNX model: inputs ``x``, shape (n, T, D), and ``present``, shape (n, T);
        outputs ``outputs``, shape (n, all heads' sizes), and ``attention`` where it has one.
    scale : Scale
    heads : list of Head
        In the order of the outputs.
    threads : int
        How many a prediction may use.
    """

    graph: NDArray[np.uint8]
    scale: Scale
    heads: list[Head]
    threads: int = 1

    def outputs(self, X: ArrayLike) -> Float32s:
        """Return the network's outputs, shape (n, sizes), for features, shape (n, d)."""
        return np.concatenate([values[0] for _, values in self._run(X, "outputs")])

    def attention(self, X: ArrayLike) -> Float32s:
        """Return each task's attention, shape (n, tasks, T'): over steps in time it sums to 1.

        T' is the number of steps of the longest utterance; a shorter one has 0 beyond its end.
        """
        parts = [values[0] for _, values in self._run(X, "attention")]
        longest = max(part.shape[2] for part in parts)
        return np.concatenate(
            [np.pad(part, ((0, 0), (0, 0), (0, longest - part.shape[2]))) for part in parts]
        )

    def of_head(self, X: ArrayLike, position: int) -> Float32s:
        """Return one head's outputs, shape (n, size)."""
        before = sum(head.size for head in self.heads[:position])
        return self.outputs(X)[:, before : before + self.heads[position].size]

    def _run(self, X: ArrayLike, output: str) -> Iterator[tuple[int, list[Float32s]]]:
        values, graph = np.asarray(X), self.graph.tobytes()
        for start in range(0, len(values), ROWS_AT_ONCE):
            x, present = self.scale.inputs(values[start : start + ROWS_AT_ONCE])
            given = {"x": x, "present": present}
            yield start, run_graph(graph, given, [output], self.threads)


class ExportedHead(BaseEstimator):
    """One task's estimator among those that share a network; made by fitting, never fitted.

    Parameters
    ----------
    network : ExportedNetwork
        Shared.
    position : int
        Which of its heads this is.
    classes : ndarray of int, shape (k,), or None
        The positions of the task's classes that training had; None for a regression.
    """

    def __init__(
        self, network: ExportedNetwork, position: int, classes: NDArray[np.intp] | None
    ) -> None:
        self.network = network
        self.position = position
        self.classes = classes

    @property
    def classes_(self) -> NDArray[np.intp]:
        """The classes, shape (k,)."""
        if self.classes is None:
            raise AttributeError("a regression has no classes")
        return self.classes

    @property
    def head(self) -> Head:
        """The head of this task."""
        return self.network.heads[self.position]

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        return self.head.probabilities(self.network.of_head(X, self.position))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes, or the values, shape (n,)."""
        if self.classes is None:
            return self.head.values(self.network.of_head(X, self.position))
        predicted: NDArray[np.intp] = self.classes[np.argmax(self.predict_proba(X), axis=1)]
        return predicted
