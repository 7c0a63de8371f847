"""Networks that ignore padding, and whose exports give their predictions."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from featser.errors import TaskError  # noqa: E402
from featser.models.exported.exported_network import ExportedNetwork, Head, Scale  # noqa: E402
from featser.models.streams.export import exported  # noqa: E402
from featser.models.streams.losses import (  # noqa: E402
    columns_of,
    constant_loss,
    evidence,
    task_losses,
    weighted_ccc,
)
from featser.models.streams.networks import NETWORKS, OVER_TIME, Shape, make_network  # noqa: E402
from tests.models.streams.conftest import WIDTH  # noqa: E402

pytestmark = pytest.mark.streams

HEADS = [Head("classification", 3), Head("ordinal", 4), Head("regression", 0, 2.0, 3.0)]


def network_of(name: str, length: int | None = None) -> tuple[torch.nn.Module, Shape]:
    torch.manual_seed(0)
    shape = Shape(WIDTH if length is None else 1, length, HEADS)
    network = make_network(name, shape)
    for module in network.modules():
        if hasattr(module, "variance"):
            module.mean.uniform_(-0.2, 0.2)
            module.variance.uniform_(0.5, 2)
    return network.eval(), shape


@pytest.mark.parametrize("name", NETWORKS)
def test_an_export_says_what_torch_says_for_any_batch_and_length_however_padded(name: str) -> None:
    network, shape = network_of(name)
    graph = exported(network, shape)
    scale = Scale(WIDTH, np.full(WIDTH, 0.3, "f4"), np.full(WIDTH, 2, "f4"))
    rng = np.random.default_rng(0)
    for rows, frames in ((1, 5), (7, 33)):
        X = rng.normal(size=(rows, frames, WIDTH)).astype(np.float32)
        X[-1, 4:] = np.nan
        from_export = ExportedNetwork(graph, scale, HEADS).outputs(X.reshape(rows, -1))
        x, present = scale.inputs(X.reshape(rows, -1))
        with torch.no_grad():
            outputs = network(torch.from_numpy(x), torch.from_numpy(present))[0].numpy()
            alone = [
                network(torch.from_numpy(x[row : row + 1, :length]), torch.ones(1, length))[0]
                for row, length in enumerate(present.sum(axis=1).astype(int))
            ]
        np.testing.assert_allclose(from_export, outputs, atol=1e-5)
        np.testing.assert_allclose(torch.cat(alone).numpy(), outputs, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - set(OVER_TIME)))
def test_an_export_over_vectors_says_what_torch_says(name: str) -> None:
    network, shape = network_of(name, 166)
    scale = Scale(None, np.zeros(166, "f4"), np.ones(166, "f4"))
    X = np.random.default_rng(0).normal(size=(5, 166)).astype(np.float32)
    with torch.no_grad():
        outputs = network(torch.from_numpy(X[:, :, None]), torch.ones(5, 166))[0].numpy()
    from_export = ExportedNetwork(exported(network, shape), scale, HEADS).outputs(X)
    np.testing.assert_allclose(from_export, outputs, atol=1e-5)


def test_networks_that_attend_to_moments_refuse_a_vector() -> None:
    with pytest.raises(TaskError, match="'attention' attends to moments and needs frames"):
        network_of("attention", 166)


def test_ordered_classes_have_falling_steps_and_all_probabilities_sum_to_one() -> None:
    network, _ = network_of("attention")
    outputs = network(10 * torch.randn(20, 9, WIDTH), torch.ones(20, 9))[0].detach().numpy()
    assert (np.diff(outputs[:, 3:6], axis=1) < 0).all()
    for head, part in zip(HEADS[:2], (outputs[:, :3], outputs[:, 3:6]), strict=True):
        probability = head.probabilities(part)
        assert probability.shape == (20, head.n_classes)
        assert (probability >= 0).all()
        np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_the_best_constant_costs_one_in_every_kind_of_task() -> None:
    rng = np.random.default_rng(0)
    weight = rng.uniform(0.2, 2, 50)
    targets = [rng.integers(0, 3, 50), rng.integers(0, 4, 50), rng.normal(2, 3, 50)]
    encoded = [evidence(h, t.astype(float), weight) for h, t in zip(HEADS, targets, strict=True)]
    classes = encoded[0].sum(axis=0)
    above, under = encoded[1].sum(axis=0).reshape(2, -1)
    constant = np.concatenate([np.log(classes), np.log(above / under), [0.1]])
    outputs = torch.from_numpy(np.tile(constant, (50, 1)).astype(np.float32))
    costs = [constant_loss(head, part) for head, part in zip(HEADS, encoded, strict=True)]
    losses, with_loss = task_losses(outputs, torch.from_numpy(np.hstack(encoded)), HEADS, costs)
    assert with_loss.tolist() == [0, 1, 2]
    assert torch.allclose(losses, torch.ones(3), atol=1e-5)


def test_a_missing_label_moves_nothing_and_a_batch_without_any_has_no_such_loss() -> None:
    target, weight = np.array([0.0, 2, 1]), np.array([1.0, 2, 0])
    encoded = [evidence(head, target, weight) for head in HEADS]
    assert [part.shape[1] for part in encoded] == [columns_of(head) for head in HEADS]
    outputs = torch.randn(3, 7, requires_grad=True)
    losses, _ = task_losses(outputs, torch.from_numpy(np.hstack(encoded)), HEADS, [1, 1, 1])
    losses.sum().backward()
    assert (outputs.grad[2] == 0).all()
    assert (outputs.grad[:2] != 0).all()
    none = [encoded[0], 0 * encoded[1], encoded[2][[2, 2, 2]]]
    _, with_loss = task_losses(outputs, torch.from_numpy(np.hstack(none)), HEADS, [1, 1, 1])
    assert with_loss.tolist() == [0]


def test_the_concordance_that_is_trained_for_is_the_one_that_is_reported() -> None:
    from featser.evaluation.metrics.metrics import ccc

    rng = np.random.default_rng(0)
    value = rng.normal(size=40)
    predictions = 0.4 * value + rng.normal(size=40)
    weight = rng.integers(1, 4, 40)
    concordance = weighted_ccc(
        *(torch.from_numpy(part) for part in (predictions, value * weight, weight))
    )
    assert float(concordance) == pytest.approx(
        ccc(np.repeat(value, weight), np.repeat(predictions, weight))
    )
