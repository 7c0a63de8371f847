"""Kernel ridge regression whose penalty is chosen on speakers it leaves out, without refitting.

Predictions of a speaker's utterances by a model without that speaker have a closed form, so that
leave-one-speaker-out scores of all penalties need one factorisation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featser.evaluation.protocols.groups import speaker_groups
from featser.evaluation.training_copies import utterances_of

Floats = NDArray[np.float64]
LeftOut = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows that are left out together, and those of them that are then predicted."""


def kernel(
    X: NDArray[np.floating],
    Z: NDArray[np.floating],
    blocks: Sequence[int],
    gamma: float,
    weights: Sequence[float] | None = None,
    squares: Sequence[NDArray[np.floating]] | None = None,
) -> Floats:
    r"""Return the kernel between rows of features: a weighted mean over the blocks.

    .. math:: k(x, z) = \sum_b w_b \exp\Bigl(-\frac{\gamma}{2 d_b}
              \lVert x_b - z_b \rVert^2\Bigr) + 1

    Two random rows of standardised features are :math:`2 d_b` apart, so that γ means the same
    whatever a block's size. The 1 stands for an intercept.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Standardised features.
    Z : ndarray, shape (m, d)
        Others.
    blocks : sequence of int
        How many features each block has, in their order; they sum to d.
    gamma : float
        Above 0: how local the kernel is.
    weights : sequence of float, optional
        The weight of each block, 0 or more; they sum to 1. All blocks weigh the same by default.
    squares : sequence of ndarray, shape (m,), optional
        What :func:`block_squares` returns for Z, where it is already computed.

    Returns
    -------
    ndarray of float, shape (n, m)
        From 1 to 2.
    """
    total = np.zeros((len(X), len(Z)))
    of_z = block_squares(Z, blocks) if squares is None else squares
    shares = weights or [1.0] * len(blocks)
    first = 0
    for width, weight, square_z in zip(blocks, shares, of_z, strict=True):
        if weight == 0:
            first += width
            continue
        a, b = X[:, first : first + width], Z[:, first : first + width]
        square = np.add.outer(np.einsum("ij,ij->i", a, a), square_z)
        square -= 2 * (a @ b.T)
        np.maximum(square, 0, out=square)
        total += weight * np.exp(-gamma / (2 * width) * square)
        first += width
    return (total if weights else total / len(blocks)) + 1


def block_squares(
    Z: NDArray[np.floating], blocks: Sequence[int]
) -> tuple[NDArray[np.floating], ...]:
    """Return the squared length of each row of features within each block.

    Parameters
    ----------
    Z : ndarray, shape (m, d)
        Features.
    blocks : sequence of int
        How many features each block has, in their order.

    Returns
    -------
    tuple of ndarray, shape (m,)
        One for each block.

    Examples
    --------
    >>> block_squares(np.array([[1.0, 2.0, 3.0]]), [1, 2])
    (array([1.]), array([13.]))
    """
    ends = np.cumsum(blocks).tolist()
    parts = [Z[:, end - width : end] for end, width in zip(ends, blocks, strict=True)]
    return tuple(np.einsum("ij,ij->i", part, part) for part in parts)


@dataclass(frozen=True, eq=False)
class RidgePath:
    r"""Ridge regressions of the same rows for any penalty, each also without any group of rows.

    Minimises :math:`\sum_i w_i \lVert y_i - \phi_i^T \beta \rVert^2 + \lambda
    \lVert \beta \rVert^2`.

    Parameters
    ----------
    phi : ndarray of float, shape (n, m)
        Inputs.
    target : ndarray of float, shape (n, k)
        Target values.
    weight : ndarray of float, shape (n,)
        Of the rows, 0 or more.
    """

    phi: Floats
    target: Floats
    weight: Floats

    @cached_property
    def _root(self) -> Floats:
        return np.asarray(np.sqrt(self.weight)[:, None])

    @cached_property
    def _basis(self) -> tuple[Floats, Floats, Floats]:
        """The eigenvalues and eigenvectors of the inputs' scatter, and the rows in them."""
        inputs = self._root * self.phi
        power, vectors = np.linalg.eigh(inputs.T @ inputs)
        return np.maximum(power, 0), vectors, inputs @ vectors

    @cached_property
    def _along(self) -> Floats:
        """The target along the eigenvectors."""
        return np.asarray(self._basis[2].T @ (self._root * self.target))

    def coefficients(self, penalty: float) -> Floats:
        """Return β, shape (m, k), for a penalty λ above 0."""
        power, vectors, _ = self._basis
        return np.asarray(vectors @ (self._along / (power + penalty)[:, None]))

    def without(self, groups: Sequence[LeftOut]) -> Callable[[float], Floats]:
        """Return what predicts rows, for a penalty, by the models without their group.

        For a group g of rows with the part :math:`H_{gg}` of the (weighted) hat matrix, the
        residuals without the group are :math:`(I - H_{gg})^{-1}` times those with it
        (Cook & Weisberg 1982, *Residuals and Influence in Regression*, section 2.2).

        Parameters
        ----------
        groups : sequence of (left, predicted)
            Rows that are left out together, and those of them that are predicted.

        Returns
        -------
        callable
            Takes λ, above 0; returns an ndarray of float, shape (n, k), NaN for rows that no group
            predicts.
        """
        power, _, rows = self._basis
        # Copied once, and not for every penalty: it is what these sums wait for.
        parts = [
            (left, rows[left], np.isin(left, predicted) if len(predicted) < len(left) else ...)
            for left, predicted in groups
        ]

        def predicted_with(penalty: float) -> Floats:
            shrinkage = 1 / (power + penalty)
            residual = self._root * self.target - rows @ (shrinkage[:, None] * self._along)
            result = np.full(self.target.shape, np.nan)
            for left, own, chosen in parts:
                part = np.eye(len(left)) - (own * shrinkage) @ own.T
                without = np.linalg.solve(part, residual[left])
                some = left[chosen]
                result[some] = self.target[some] - without[chosen] / self._root[some]
            return result

        return predicted_with


def left_out_groups(
    stratum: NDArray[np.intp],
    speaker: ArrayLike | None,
    provenance: NDArray[np.intp] | None,
) -> list[LeftOut]:
    """Return which rows are left out together, and which of them are then predicted.

    Parameters
    ----------
    stratum : ndarray of int, shape (n,)
        Classes from 0; all 0 for a regression.
    speaker : array-like, shape (n,), or None
        Speaker of each row.
    provenance : ndarray of int, shape (n, 1 + k), or None
        Which rows are augmented copies, and of what: see ``trace_provenance``.

    Returns
    -------
    list of (left, predicted)
        The utterances of a speaker are predicted, and left out together with all copies that are
        made of them. Without speakers, with a single speaker, or where a class has a single
        speaker, each utterance is a group of its own.
    """
    single = np.arange(len(stratum))
    own = single if provenance is None else utterances_of(provenance)
    units = speaker_groups(speaker, len(single))
    pairs = np.unique(np.column_stack([stratum[own], units[own]]), axis=0)[:, 0]
    if np.bincount(pairs, minlength=1).min() < 2:
        units = single
    groups = []
    for unit in np.unique(units[own]):
        predicted = own[units[own] == unit]
        groups.append((_with_copies(predicted, provenance), predicted))
    return groups


def _with_copies(rows: NDArray[np.intp], provenance: NDArray[np.intp] | None) -> NDArray[np.intp]:
    if provenance is None:
        return rows
    touched = np.isin(provenance[:, 1:], provenance[rows, 0]).any(axis=1)
    return np.concatenate([rows, np.flatnonzero(touched)])


def root_of(gram: Floats, dtype: Any) -> Floats:
    """Return the Cholesky factor of a kernel matrix, which a small ridge keeps regular.

    Parameters
    ----------
    gram : ndarray of float, shape (m, m)
        The kernel between landmarks.
    dtype : dtype
        Of the features that it was computed from; its precision decides on the ridge.
    """
    ridge = max(1e-10, 100 * float(np.finfo(dtype).eps))
    return np.asarray(np.linalg.cholesky(gram + ridge * np.eye(len(gram))))


def rooted(compared: Floats, landmarks: NDArray[np.intp], dtype: Any) -> tuple[Floats, Floats]:
    """Return the landmarks' factor, shape (m, m), and the inputs of a ridge path, shape (n, m).

    Parameters
    ----------
    compared : ndarray of float, shape (m, n)
        The kernel between landmarks and rows.
    landmarks : ndarray of int, shape (m,)
        Which rows they are.
    dtype : dtype
        As :func:`root_of` has it.
    """
    root = root_of(compared[:, landmarks], dtype)
    return root, solved(root, compared).T


def solved(root: Floats, right: Floats, transposed: bool = False) -> Floats:
    """Solve a triangular system for right-hand sides, shape (m, n), by a factor, shape (m, m)."""
    from scipy.linalg import solve_triangular

    solution = solve_triangular(root, right, lower=True, trans=int(transposed), check_finite=False)
    return np.asarray(solution, dtype=np.float64)
