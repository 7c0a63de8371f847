"""The networks: a trunk of convolutions, a summary over time, a head for each task.

Inputs are ``x``, shape (n, T, D), 0 beyond an utterance's end, and ``present``, shape (n, T), 1
where there is a frame. Outputs do not depend on the padding of an utterance:
normalising, pooling, recurrence and attention all keep to what is present.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from featser.errors import TaskError, unknown
from featser.models.exported.exported_network import Head

CONVOLUTIONS = (256, 256, 128, 64)
"""Channels of the convolutions of system ``cnn`` and its two recurrent sisters."""

STEPS = 128
"""About how many steps in time the first convolution leaves of a feature vector."""

WINDOWS = (6, 12, 25)
"""Window lengths of ``multiscale`` in steps of 40 ms: 0.25, 0.5 and 1 s."""

FAR = -1e4


@dataclass(frozen=True)
class Shape:
    """What a network is to read and say.

    Parameters
    ----------
    n_inputs : int
        D, descriptors of a frame; 1 for a feature vector.
    length : int or None
        Of a feature vector, whose positions mean something; None for frames.
    heads : sequence of Head
    dropout : float
    """

    n_inputs: int
    length: int | None
    heads: Sequence[Head]
    dropout: float = 0.3


class MaskedNorm(nn.Module):
    """Batch normalisation whose mean and variance are those of the frames that are present."""

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Normalise h, shape (n, c, t), where ``mask``, shape (n, 1, t), is 1."""
        mean, variance = self.mean, self.variance
        if self.training:
            count = mask.sum()
            mean = (h * mask).sum(dim=(0, 2)) / count
            variance = ((h - mean[:, None]) ** 2 * mask).sum(dim=(0, 2)) / count
            with torch.no_grad():
                self.mean.lerp_(mean, self.momentum)
                self.variance.lerp_(variance, self.momentum)
        factor = self.gain * torch.rsqrt(variance + 1e-5)
        return h * factor[:, None] + (self.bias - mean * factor)[:, None]


class Block(nn.Module):
    """A convolution, normalised, rectified, and the greatest of each two steps."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        stride: int = 1,
        pool: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.stride, self.pool = stride, pool
        self.convolution = nn.Conv1d(n_in, n_out, kernel, stride, kernel // 2, bias=False)
        self.norm = MaskedNorm(n_out)
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, h: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return h, shape (n, c, t), and what is present of it, shape (n, 1, t)."""
        mask = mask[:, :, :: self.stride]
        h = torch.relu(self.norm(self.convolution(h), mask)) * mask
        if self.pool:
            # The last step of an odd number stays, or padding would decide whether it does.
            h = functional.max_pool1d(h, 2, ceil_mode=True)
            mask = functional.max_pool1d(mask, 2, ceil_mode=True)
        return self.dropout(h), mask


class Trunk(nn.Module):
    """Several blocks, the first of which takes the widest view and the longest steps."""

    def __init__(
        self, shape: Shape, channels: Sequence[int], pools: Sequence[bool], dropout: float
    ) -> None:
        super().__init__()
        stride = 2 if shape.length is None else max(1, -(-shape.length // STEPS))
        blocks = [
            Block(shape.n_inputs, channels[0], 2 * stride + 1, stride, pools[0], dropout),
            *(
                Block(before, after, 3, 1, pool, dropout)
                for before, after, pool in zip(channels, channels[1:], pools[1:], strict=False)
            ),
        ]
        self.blocks = nn.ModuleList(blocks)
        self.n_outputs = channels[-1]

    def forward(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return descriptions, shape (n, c, t), of x, shape (n, T, D), and which are present."""
        h, mask = x.transpose(1, 2), present[:, None, :]
        for block in self.blocks:
            h, mask = block(h, mask)
        return h, mask

    def steps(self, length: int) -> int:
        """Return how many steps in time the blocks leave of a length."""
        for block in self.blocks:
            length = -(-length // block.stride)
            length = -(-length // 2) if block.pool else length
        return length


class Recurrence(nn.Module):
    """An LSTM over what is present, forwards, or forwards and backwards."""

    def __init__(self, n_in: int, n_hidden: int, both_ways: bool) -> None:
        super().__init__()
        self.forwards = nn.LSTM(n_in, n_hidden, batch_first=True)
        self.backwards = nn.LSTM(n_in, n_hidden, batch_first=True) if both_ways else None
        self.n_outputs = n_hidden * (2 if both_ways else 1)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Return states, shape (n, n_outputs, t), for h, shape (n, c, t)."""
        steps = h.transpose(1, 2)
        values, _ = self.forwards(steps)
        if self.backwards is not None:
            # Turned round within its own length, so that padding still comes after the end.
            turn = _turned(mask[:, 0, :])
            back, _ = self.backwards(_taken(steps, turn))
            values = torch.cat([values, _taken(back, turn)], dim=2)
        return values.transpose(1, 2) * mask


def _turned(mask: Tensor) -> Tensor:
    """Return for each step, shape (n, t), which one mirrors it within the utterance."""
    place = torch.cumsum(torch.ones_like(mask), dim=1) - 1
    last = (place * mask).max(dim=1, keepdim=True).values
    return (last - place).clamp_min(0.0).to(torch.int64)


def _taken(steps: Tensor, order: Tensor) -> Tensor:
    return torch.gather(steps, 1, order[:, :, None].expand(-1, -1, steps.shape[2]))


def mean_and_greatest(h: Tensor, mask: Tensor) -> Tensor:
    """Return mean and greatest value in time, shape (n, 2 c), of h, shape (n, c, t)."""
    mean = (h * mask).sum(dim=2) / mask.sum(dim=2)
    greatest = (h + FAR * (1 - mask)).max(dim=2).values
    return torch.cat([mean, greatest], dim=1)


class OrdinalOutputs(nn.Module):
    """One score against K − 1 rising thresholds: the logits of ``P(class > k)``, which fall."""

    def __init__(self, n_in: int, n_steps: int) -> None:
        super().__init__()
        self.score = nn.Linear(n_in, 1)
        self.first = nn.Parameter(torch.tensor([-0.5 * (n_steps - 1)]))
        self.rises = nn.Parameter(torch.full((n_steps - 1,), 0.54))  # softplus(0.54) is 1

    def forward(self, h: Tensor) -> Tensor:
        """Return logits, shape (n, K − 1)."""
        rises = torch.cat([self.first, functional.softplus(self.rises)])
        return self.score(h) - torch.cumsum(rises, dim=0)


def outputs_of(head: Head, n_in: int) -> Any:
    """Return the layer that gives a head's outputs of n_in values."""
    if head.kind == "ordinal":
        return OrdinalOutputs(n_in, head.size)
    return nn.Linear(n_in, head.size)


class Network(nn.Module):
    """Base: what is common to all networks. ``forward`` gives outputs and what tasks share."""

    n_shared: int

    def _make_heads(self, shape: Shape, n_in: int, n_hidden: int = 64) -> None:
        self.hidden = nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Dropout(shape.dropout))
        self.outputs = nn.ModuleList([outputs_of(head, n_hidden) for head in shape.heads])
        self.n_shared = n_hidden

    def _projected(self, summary: Tensor) -> tuple[Tensor, Tensor]:
        shared = self.hidden(summary)
        return torch.cat([layer(shared) for layer in self.outputs], dim=1), shared


class Convolutional(Network):
    """Convolutions 256-256-128-64, then nothing, an LSTM or a bidirectional one (system f).

    Over frames the summary is mean and greatest value in time; over a feature vector, where a
    position is a feature, all positions are kept.
    """

    def __init__(self, shape: Shape, recurrence: str = "none") -> None:
        super().__init__()
        self.fixed = shape.length is not None
        self.trunk = Trunk(shape, CONVOLUTIONS, (True, True, True, False), 0.5 * shape.dropout)
        n_values = self.trunk.n_outputs
        self.recurrence = None
        if recurrence != "none":
            self.recurrence = Recurrence(n_values, 64, recurrence == "both")
            n_values = self.recurrence.n_outputs
        size = 2 if shape.length is None else self.trunk.steps(shape.length)
        self._make_heads(shape, n_values * size)

    def forward(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs, shape (n, sizes), and what the tasks share, shape (n, n_shared)."""
        h, mask = self.trunk(x, present)
        if self.recurrence is not None:
            h = self.recurrence(h, mask)
        return self._projected(h.flatten(start_dim=1) if self.fixed else mean_and_greatest(h, mask))


class Attentive(Network):
    """A shared trunk and, for each task, an attention of its own over time (system b).

    ``a_t = softmax_t(wᵀ h_t)`` over what is present, ``r = Σ_t a_t h_t``. The trunk has two
    convolutions and a bidirectional LSTM; ``h_t`` holds both.

    Parameters
    ----------
    shape : Shape
    together : bool
        One attention for all tasks, to compare with.
    """

    def __init__(self, shape: Shape, together: bool = False) -> None:
        super().__init__()
        self.trunk = Trunk(shape, (64, 64), (False, True), 0.5 * shape.dropout)
        self.recurrence = Recurrence(64, 32, both_ways=True)
        n_values = self.trunk.n_outputs + self.recurrence.n_outputs
        self.n_tasks = len(shape.heads)
        self.query = nn.Conv1d(n_values, 1 if together else self.n_tasks, 1, bias=False)
        self.dropout = nn.Dropout(shape.dropout)
        self.outputs = nn.ModuleList([outputs_of(head, n_values) for head in shape.heads])
        self.n_shared = self.n_tasks * n_values

    def forward(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return outputs, what the tasks share, and attention, shape (n, tasks, t)."""
        h, mask = self.trunk(x, present)
        h = torch.cat([h, self.recurrence(h, mask)], dim=1)
        attention = torch.softmax(self.query(h) + FAR * (1 - mask), dim=2)
        attention = attention.expand(-1, self.n_tasks, -1)
        pooled = self.dropout(torch.bmm(attention, h.transpose(1, 2)))
        values = [layer(pooled[:, task]) for task, layer in enumerate(self.outputs)]
        return torch.cat(values, dim=1), pooled, attention


class MultiScale(Network):
    """Windows of 0.25, 0.5 and 1 s and the whole, shifted by half a window (system a).

    In each window a softmax over its steps weights them; across windows their mean and
    their greatest value are taken.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.trunk = Trunk(shape, (128, 128, 64), (False, False, False), 0.5 * shape.dropout)
        n_values = self.trunk.n_outputs
        self.query = nn.Conv1d(n_values, len(WINDOWS) + 1, 1, bias=False)
        self._make_heads(shape, n_values * (2 * len(WINDOWS) + 1))

    def forward(self, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs, shape (n, sizes), and what the tasks share, shape (n, n_shared)."""
        h, mask = self.trunk(x, present)
        # Bounded, so that no window's denominator vanishes beside a loud one.
        weight = torch.exp(4 * torch.tanh(self.query(h))) * mask
        whole = (h * weight[:, -1:]).sum(dim=2) / weight[:, -1:].sum(dim=2)
        scales = [
            windowed(h, weight[:, place : place + 1], window)
            for place, window in enumerate(WINDOWS)
        ]
        return self._projected(torch.cat([whole, *scales], dim=1))


def windowed(h: Tensor, weight: Tensor, window: int) -> Tensor:
    """Return mean and greatest value across windows of the weighted means inside them.

    Parameters
    ----------
    h : Tensor, shape (n, c, t)
    weight : Tensor, shape (n, 1, t)
        Of each step; 0 where there is none.
    window : int
        In steps; each begins half a window after the last.

    Returns
    -------
    Tensor, shape (n, 2 c)
        A window in which nothing is present does not count.
    """
    padding = (0, window - 1)
    step = max(1, window // 2)
    over = functional.avg_pool1d(functional.pad(h * weight, padding), window, step)
    under = functional.avg_pool1d(functional.pad(weight, padding), window, step)
    mask = (under > 0).to(h.dtype)
    return mean_and_greatest(over / under.clamp_min(1e-8), mask)


Make = Callable[[Shape], Network]

NETWORKS: dict[str, Make] = {
    "cnn": Convolutional,
    "cnn-lstm": lambda shape: Convolutional(shape, "forwards"),
    "cnn-bilstm": lambda shape: Convolutional(shape, "both"),
    "attention": Attentive,
    "attention-together": lambda shape: Attentive(shape, together=True),
    "multiscale": MultiScale,
}
"""Networks by name."""

OVER_TIME = ("attention", "attention-together", "multiscale")
"""Networks that only make sense where a step is a moment and not a feature."""


def make_network(name: str, shape: Shape) -> Network:
    """Make a network by its name.

    Raises
    ------
    TaskError
        If there is none of that name, or it reads frames and is given a feature vector.
    """
    if name not in NETWORKS:
        raise TaskError(unknown("network", name, NETWORKS))
    if shape.length is not None and name in OVER_TIME:
        raise TaskError(
            f"network '{name}' attends to moments and needs frames: extract `frames` and give "
            f"width=, or take one of {', '.join(n for n in NETWORKS if n not in OVER_TIME)}"
        )
    return NETWORKS[name](shape)
