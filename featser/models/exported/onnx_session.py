"""Running an ONNX graph on onnxruntime; a session is opened where it is needed and never kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import ResourceError


def run_graph(
    graph: bytes, given: Mapping[str, NDArray[np.float32]], outputs: Sequence[str], threads: int = 1
) -> list[NDArray[np.float32]]:
    """Run a graph once.

    Parameters
    ----------
    graph : bytes
        An ONNX model.
    given : mapping of str to ndarray
        Its inputs by name.
    outputs : sequence of str
        Names of outputs.
    threads : int
        How many it may use.

    Returns
    -------
    list of ndarray
        Those outputs.

    Raises
    ------
    ResourceError
        If onnxruntime is not installed.
    """
    values = _session(graph, threads).run(list(outputs), dict(given))
    return [np.asarray(values, dtype=np.float32) for values in values]


@lru_cache(maxsize=16)
def _session(graph: bytes, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ResourceError(
            "this model holds a network, which needs the package onnxruntime to predict: "
            'pip install "featser[onnx]"'
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
