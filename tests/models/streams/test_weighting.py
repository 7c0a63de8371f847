"""Weights of tasks: their bounds, the tasks that they favour, and the resulting gradients."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from featser.errors import TaskError  # noqa: E402
from featser.models.streams.weighting import (  # noqa: E402
    SIGMA,
    WEIGHTERS,
    DynamicAverage,
    Ming,
    Naive,
    PrimaryGate,
    Restrained,
    agreement,
    make_weighter,
    pull,
    weights_of,
)

pytestmark = pytest.mark.streams


@pytest.mark.parametrize(("tasks", "low", "high"), [(2, 0.196, 0.804), (3, 0.128, 0.630)])
def test_the_unit_norm_bounds_weights_and_the_bounds_are_reached(
    tasks: int, low: float, high: float
) -> None:
    z = 100 * torch.randn(10_000, tasks, generator=torch.Generator().manual_seed(0))
    weights = torch.stack([weights_of(row[None]) for row in z[:2000]])
    assert weights.min() > low - 5e-4
    assert weights.max() < high + 5e-4
    favoured = torch.full((1, tasks), -1.0)
    favoured[0, 0] = tasks - 1
    assert weights_of(favoured).max() == pytest.approx(high, abs=5e-4)
    assert weights_of(-favoured).min() == pytest.approx(low, abs=5e-4)


def fitted_weights(kind: type[Ming], losses: list[float], steps: int = 60) -> torch.Tensor:
    """Return the weights after some steps on constant losses."""
    generator = torch.Generator().manual_seed(0)
    weighter = kind(len(losses), 5)
    weighter.own = torch.optim.Adam([weighter.W], lr=0.01)
    with_loss = torch.arange(len(losses))
    for _ in range(steps):
        shared = torch.rand(16, 5, generator=generator)
        given = torch.tensor(losses, requires_grad=True)
        weighter.backward(given, with_loss, shared, [])
    return weighter.weights


def test_equal_losses_leave_equal_weights() -> None:
    assert torch.allclose(fitted_weights(Ming, [0.7, 0.7, 0.7]), torch.full((3,), 1 / 3))


def test_the_harder_task_gains_weight_and_the_naive_variant_drifts_to_the_easy_one() -> None:
    assert fitted_weights(Ming, [1.5, 0.5])[0] > 0.6
    assert fitted_weights(Naive, [1.5, 0.5])[0] < 0.4
    three = fitted_weights(Ming, [0.4, 0.8, 1.6])
    assert three[0] < three[1] < three[2]


def test_the_gradient_of_the_weight_loss_is_the_published_one_and_that_of_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    losses = torch.tensor([0.3, 1.2, 0.8], dtype=torch.float64)
    z = torch.randn(1, 3, generator=generator, dtype=torch.float64)
    unit = (z / z.norm()).requires_grad_()
    weights = torch.softmax(unit, dim=1)[0]
    (gradient,) = torch.autograd.grad(pull(weights, losses), unit)
    hardness = 1 / (losses + SIGMA)
    expected = weights * (hardness - (weights * hardness).sum())
    assert torch.allclose(gradient[0], expected)

    shared = torch.rand(7, 4, generator=generator, dtype=torch.float64)
    W = torch.randn(3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda W: pull(weights_of(shared @ W.T), losses), (W,))


def test_the_weight_loss_moves_the_weights_alone_and_the_model_loss_the_rest() -> None:
    layer = torch.nn.Linear(3, 4)
    weighter = Ming(2, 4)
    shared = layer(torch.rand(6, 3))
    losses = torch.stack([shared.mean() ** 2 + 1, shared.std() + 0.2])
    weights = weighter.read(shared).detach()
    expected = torch.autograd.grad((weights * losses).sum(), layer.weight, retain_graph=True)[0]
    before = weighter.W.detach().clone()
    weighter.backward(losses, torch.arange(2), shared, layer.parameters())
    assert torch.allclose(layer.weight.grad, expected)
    assert weighter.W.grad is None
    assert not torch.equal(weighter.W.detach(), before)


def test_tasks_whose_loss_falls_slowly_gain_weight_from_the_third_epoch_on() -> None:
    for kind, temperature in ((DynamicAverage, 2.0), (Restrained, 10.0)):
        weighter = kind(2)
        weighter.end_epoch(torch.tensor([1.0, 1.0]))
        assert weighter.weights.tolist() == [0.5, 0.5]
        weighter.end_epoch(torch.tensor([0.9, 0.3]))
        ratio = torch.tensor([0.9, 0.3]) / temperature
        assert torch.allclose(weighter.weights, torch.softmax(ratio, dim=0))


def test_the_restrained_loss_is_the_published_sum() -> None:
    weighter = Restrained(2)
    with torch.no_grad():
        weighter.sigma.copy_(torch.tensor([0.5, -0.8]))
    losses = torch.tensor([0.7, 1.1])
    expected = sum(
        (1 + 1 / (2 * s**2)) * loss + torch.log(torch.tensor(1 + s**2))
        for s, loss in ((0.5, 0.7), (-0.8, 1.1))
    ) + abs(1 - 1.3)
    assert weighter.loss(losses, torch.arange(2)).item() == pytest.approx(float(expected), rel=1e-6)


def test_an_auxiliary_task_moves_shared_layers_as_far_as_it_agrees_and_its_head_in_full() -> None:
    shared = torch.tensor([1.0, 1.0], requires_grad=True)
    head = torch.tensor([2.0], requires_grad=True)
    weighter = PrimaryGate(3)
    losses = torch.stack(
        [3 * shared[0], 2 * shared[0] + 2 * shared[1] + head[0], -shared[0] + 5 * head[0]]
    )
    weighter.backward(losses, torch.arange(3), shared, [shared, head])
    gate = 0.5**0.5
    assert torch.allclose(shared.grad, torch.tensor([3 + 2 * gate, 2 * gate]))
    assert head.grad.item() == 6
    assert torch.allclose(weighter.weights, torch.tensor([1, gate, 0]))
    assert agreement([torch.ones(2)], [None]) == 0
    assert agreement(None, [torch.ones(2)]) == 1


@pytest.mark.parametrize("name", WEIGHTERS)
def test_every_weighter_leaves_a_gradient_where_a_task_has_no_label(name: str) -> None:
    layer = torch.nn.Linear(3, 4)
    weighter = make_weighter(name, 3, 4, fixed=[1, 2, 3])
    shared = layer(torch.rand(6, 3))
    losses = torch.stack([shared.mean() ** 2 + 1, shared.std() + 0.2])
    loss = weighter.backward(losses, torch.tensor([0, 2]), shared, layer.parameters())
    assert torch.isfinite(loss)
    assert layer.weight.grad.abs().sum() > 0
    weighter.end_epoch(torch.tensor([1.0, 0.5, 0.0]))


def test_an_unknown_weighter_and_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TaskError, match="did you mean 'ming'"):
        make_weighter("mning", 2)
    with pytest.raises(TaskError, match="2 tasks need as many weights"):
        make_weighter("fixed", 2, fixed=[1.0])
