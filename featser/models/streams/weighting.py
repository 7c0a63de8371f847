"""How much each task's loss counts while several tasks train one network.

The losses that come in are divided by a constant predictor's, so that those of classes and of
values compare: 1 is what knowing nothing costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from featser.errors import TaskError, unknown

SIGMA = 0.01


class TaskWeighter(nn.Module):
    """Equal weights; the other ways of weighting are its subclasses.

    Parameters
    ----------
    n_tasks : int
    n_shared : int
        Values of the representation that the tasks share, for one utterance.
    primary : int
        The position of the primary task.
    fixed : sequence of float, optional
        Weights of the tasks, for the way that takes them.

    Attributes
    ----------
    weights : Tensor, shape (n_tasks,)
        As last used; for the record.
    """

    def __init__(
        self,
        n_tasks: int,
        n_shared: int = 0,
        primary: int = 0,
        fixed: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.n_tasks = n_tasks
        self.primary = primary
        self.weights = torch.full((n_tasks,), 1 / n_tasks)
        self._prepare(n_shared, fixed)

    def _prepare(self, n_shared: int, fixed: Sequence[float] | None) -> None:
        """Make what this way of weighting learns or is given."""

    def loss(self, losses: Tensor, positions: Tensor) -> Tensor:
        """Return what the network is to make small.

        Parameters
        ----------
        losses : Tensor, shape (m,)
            Of the tasks that have labels in the batch.
        positions : Tensor of int, shape (m,)
            Which tasks these are.
        """
        weights = self.weights[positions]
        return (weights * losses).sum() / weights.sum()

    def backward(
        self, losses: Tensor, positions: Tensor, shared: Tensor, parameters: Iterable[Tensor]
    ) -> Tensor:
        """Leave the gradient of the weighted losses in the network's parameters.

        Parameters
        ----------
        losses, there
            As :meth:`loss` has them.
        shared : Tensor, shape (n, …)
            The shared representation of the batch.
        parameters : iterable of Tensor
            The network's.

        Returns
        -------
        Tensor
            The weighted loss.
        """
        loss = self.loss(losses, positions)
        loss.backward()
        return loss.detach()

    def end_epoch(self, losses: Tensor) -> None:
        """Take notice of the tasks' mean training losses, shape (n_tasks,), of an epoch."""


class Fixed(TaskWeighter):
    """Weights that are given, divided by their sum."""

    def _prepare(self, n_shared: int, fixed: Sequence[float] | None) -> None:
        if fixed is None or len(fixed) != self.n_tasks or min(fixed) < 0 or sum(fixed) <= 0:
            raise TaskError(
                f"weighting 'fixed': {self.n_tasks} tasks need as many weights, none negative "
                f"and not all 0; got {fixed}"
            )
        self.weights = torch.tensor(fixed, dtype=torch.float32) / sum(fixed)


class Ming(TaskWeighter):
    """Weights that a linear layer reads off the shared representation, pulled to harder tasks.

    ``z = W·flatten(shared)``, divided by its norm; ``w`` is the batch's mean of ``softmax(z)``.
    ``Σ w_i / (L_i + 0.01)`` updates W alone, ``Σ w_i L_i`` the rest. Ming et al., "Dynamic
    multi-task learning for face recognition with facial expression", 2019. The unit norm holds
    two tasks' weights inside [.196, .804], three tasks' inside [.128, .630]. W begins with equal
    rows, hence equal weights. A task without labels in a batch is in neither sum.
    """

    rate = 1e-3

    def _prepare(self, n_shared: int, fixed: Sequence[float] | None) -> None:
        self.W = nn.Parameter(torch.full((self.n_tasks, n_shared), 1 / n_shared))
        self.own = torch.optim.Adam([self.W], lr=self.rate)

    def read(self, shared: Tensor) -> Tensor:
        """Return the tasks' weights, shape (n_tasks,), for a batch."""
        flat = shared.detach().flatten(start_dim=1)
        return weights_of(flat @ self.W.T)

    def backward(
        self, losses: Tensor, positions: Tensor, shared: Tensor, parameters: Iterable[Tensor]
    ) -> Tensor:
        """Step W by its own loss, then leave the network's gradient."""
        weights = self.read(shared)
        self.weights = weights.detach()
        (self.W.grad,) = torch.autograd.grad(pull(weights[positions], losses.detach()), [self.W])
        self.own.step()
        self.W.grad = None
        loss = (self.weights[positions] * losses).sum()
        loss.backward()
        return loss.detach()


class Naive(Ming):
    """The same weights with one loss, ``Σ w_i L_i``, for all: it drifts to the easy task.

    It is here to be compared with and not to be chosen.
    """

    def backward(
        self, losses: Tensor, positions: Tensor, shared: Tensor, parameters: Iterable[Tensor]
    ) -> Tensor:
        """Step W by the very loss that the network has."""
        weights = self.read(shared)
        self.weights = weights.detach()
        loss = (weights[positions] * losses).sum()
        loss.backward()
        self.own.step()
        self.W.grad = None
        return loss.detach()


def weights_of(z: Tensor) -> Tensor:
    """Return the mean of ``softmax(z / ‖z‖)`` over the rows of z, shape (n, n_tasks)."""
    unit = z / z.norm(dim=1, keepdim=True).clamp_min(1e-8)
    return torch.softmax(unit, dim=1).mean(dim=0)


def pull(weights: Tensor, losses: Tensor) -> Tensor:
    """Return ``Σ w_i / (L_i + 0.01)``, which falls as weight moves to tasks of greater loss."""
    return (weights / (losses + SIGMA)).sum()


class Uncertainty(TaskWeighter):
    """Each task's loss by its estimated noise: ``Σ L_i / (2 σ_i²) + ln σ_i``.

    Kendall, Gal and Cipolla, CVPR 2018. The parameter is ``ln σ_i²``, from 0.
    """

    def _prepare(self, n_shared: int, fixed: Sequence[float] | None) -> None:
        self.log_variance = nn.Parameter(torch.zeros(self.n_tasks))

    def loss(self, losses: Tensor, positions: Tensor) -> Tensor:
        """Return the weighted losses and what each σ costs."""
        log_variance = self.log_variance[positions]
        self.weights = (0.5 * torch.exp(-self.log_variance)).detach()
        return (0.5 * torch.exp(-log_variance) * losses + 0.5 * log_variance).sum()


class DynamicAverage(TaskWeighter):
    """Weights by how slowly each loss fell: ``softmax((L_{t−1} / L_{t−2}) / T)``, T = 2.

    Dynamic weight average: Liu, Johns and Davison, CVPR 2019. Equal in the first two epochs.
    """

    temperature = 2.0

    def _prepare(self, n_shared: int, fixed: Sequence[float] | None) -> None:
        self.past: list[Tensor] = []

    def end_epoch(self, losses: Tensor) -> None:
        """Weigh the next epoch by this one's losses and the last one's."""
        self.past = [*self.past[-1:], losses.detach()]
        if len(self.past) == 2:
            ratio = self.past[1] / self.past[0].clamp_min(1e-8)
            self.weights = torch.softmax(ratio / self.temperature, dim=0)


class Restrained(DynamicAverage):
    """Dynamic restrained uncertainty weighting.

    ``Σ (λ_i + 1/(N σ_i²)) L_i + Σ ln(1 + σ_i²) + |1 − Σ |σ_i||`` with
    ``λ = N·softmax((L_{t−1} / L_{t−2}) / T)``, T = 10. Each σ begins at 1/N.
    """

    temperature = 10.0

    def _prepare(self, n_shared: int, fixed: Sequence[float] | None) -> None:
        super()._prepare(n_shared, fixed)
        self.sigma = nn.Parameter(torch.full((self.n_tasks,), 1 / self.n_tasks))

    def loss(self, losses: Tensor, positions: Tensor) -> Tensor:
        """Return the weighted losses, what each σ costs, and the restraint."""
        variance = self.sigma[positions] ** 2
        weights = self.n_tasks * self.weights[positions] + 1 / (self.n_tasks * variance)
        restraint = (1 - self.sigma.abs().sum()).abs()
        return (weights * losses).sum() + torch.log1p(variance).sum() + restraint


class PrimaryGate(TaskWeighter):
    """Auxiliary tasks move the shared layers as far as they agree with the primary one.

    An auxiliary gradient is multiplied by ``max(0, cos(g_primary, g_auxiliary))`` in all
    parameters that the primary task uses (Du et al., "Adapting auxiliary losses using gradient
    similarity", 2018); an auxiliary head uses its own gradient in full. A batch without labels of
    the primary task has nothing to compare with, and is not gated.
    """

    def backward(
        self, losses: Tensor, positions: Tensor, shared: Tensor, parameters: Iterable[Tensor]
    ) -> Tensor:
        """Leave the gated sum of the tasks' gradients."""
        given = list(parameters)
        gradients = {
            task: torch.autograd.grad(loss, given, retain_graph=True, allow_unused=True)
            for task, loss in zip(positions.tolist(), losses, strict=True)
        }
        main = gradients.get(self.primary)
        gates = torch.zeros(self.n_tasks)
        for task, gradient in gradients.items():
            gates[task] = 1.0 if task == self.primary else agreement(main, gradient)
        self.weights = gates
        for place, parameter in enumerate(given):
            parameter.grad = _gated(
                [(task, gradient[place]) for task, gradient in gradients.items()],
                None if main is None else main[place],
                gates,
            )
        return (gates[positions] * losses.detach()).sum()


def agreement(main: Any, other: Any) -> Tensor:
    """Return ``max(0, cos)`` of two tasks' gradients over the parameters that the first uses."""
    if main is None:
        return torch.ones(())
    pairs = zip(main, other, strict=True)
    both = [(a, b) for a, b in pairs if _uses(a) and b is not None]
    if not both:
        return torch.zeros(())
    first = torch.cat([a.flatten() for a, _ in both])
    second = torch.cat([b.flatten() for _, b in both])
    return torch.cosine_similarity(first, second, dim=0).clamp_min(0.0)


def _gated(parts: Sequence[tuple[int, Any]], main: Any, gates: Tensor) -> Tensor | None:
    """Return one parameter's gradient: gated where the primary task uses it, else in full."""
    present = [(task, part) for task, part in parts if part is not None]
    if not present:
        return None
    gated = _uses(main)
    return sum(gates[task] * part if gated else part for task, part in present)


def _uses(gradient: Any) -> bool:
    """Return whether a task uses a parameter: its gradient exists and is not all 0."""
    return gradient is not None and bool((gradient != 0).any())


WEIGHTERS: dict[str, type[TaskWeighter]] = {
    "equal": TaskWeighter,
    "fixed": Fixed,
    "ming": Ming,
    "uncertainty": Uncertainty,
    "dwa": DynamicAverage,
    "druw": Restrained,
    "primary-gate": PrimaryGate,
}
"""Ways of weighting by name."""


def make_weighter(
    name: str,
    n_tasks: int,
    n_shared: int = 0,
    primary: int = 0,
    fixed: Sequence[float] | None = None,
) -> TaskWeighter:
    """Make a way of weighting by its name.

    Parameters
    ----------
    name : str
        One of :data:`WEIGHTERS`.
    n_tasks, n_shared, primary, fixed
        As :class:`TaskWeighter` has them.

    Raises
    ------
    TaskError
        If there is none of that name, or weights do not fit the tasks.
    """
    if name not in WEIGHTERS:
        raise TaskError(unknown("weighting", name, WEIGHTERS))
    return WEIGHTERS[name](n_tasks, n_shared, primary, fixed)
