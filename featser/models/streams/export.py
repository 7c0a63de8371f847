"""From a trained network to the ONNX graph that predicts."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from featser.models.streams.networks import Attentive, Network, Shape

OPSET = 17


class _Predicting(nn.Module):
    """A network without what only training needs."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, present: Tensor) -> Any:
        outputs, _shared, *attention = self.network(x, present)
        return (outputs, *attention)


def exported(network: Network, shape: Shape) -> NDArray[np.uint8]:
    """Return a network as the bytes of an ONNX model, for any number and length of utterances.

    Parameters
    ----------
    network : Network
        Trained.
    shape : Shape
        As it was made with.

    Returns
    -------
    ndarray of uint8
        With inputs ``x`` and ``present``, and outputs ``outputs`` and maybe ``attention``.
    """
    length = 60 if shape.length is None else shape.length
    example = (torch.zeros(2, length, shape.n_inputs), torch.ones(2, length))
    names = ["outputs", *(["attention"] if isinstance(network, Attentive) else [])]
    over_time = {0: "n"} if shape.length is not None else {0: "n", 1: "t"}
    axes = {"x": over_time, "present": over_time, "outputs": {0: "n"}}
    if len(names) > 1:
        axes["attention"] = {0: "n", 2: "step"}
    file = io.BytesIO()
    network.eval()
    with warnings.catch_warnings():
        # The exporter that traces: the other needs onnxscript and takes several times as long.
        # It warns of being old, and of recurrence over batches of other sizes, which is tested.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Predicting(network).eval(),
            example,
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=["x", "present"],
            output_names=names,
            dynamic_axes=axes,
        )
    return np.frombuffer(file.getvalue(), dtype=np.uint8)
