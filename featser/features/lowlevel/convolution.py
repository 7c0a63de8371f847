"""Kernels of nine weights, three of them 2 and six −1, moved along contours: compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from featser.features.lowlevel.compiled import compiled

LENGTH = 9


@compiled
def pooled_responses(
    contours: Any, dilation: Any, n_contours: Any, rows: Any, twos: Any, bias: Any
) -> Any:
    """Return share, mean excess, position and longest stretch of responses above their biases.

    Parameters
    ----------
    contours : ndarray of float32, shape (d, frames)
        Beyond their ends they continue with their first and last value.
    dilation : ndarray of int, shape (groups,)
        Frames between two weights.
    n_contours : ndarray of int, shape (groups,)
        How many contours are added.
    rows : ndarray of int, shape (groups, m)
        Which contours; the first ``n_contours`` of each group count.
    twos : ndarray of int, shape (groups, patterns, 3)
        Positions of the weights of 2.
    bias : ndarray of float32, shape (groups, patterns)
        What a response must exceed.

    Returns
    -------
    ndarray of float32, shape (groups, patterns, 4)
    """
    n_groups, n_patterns = bias.shape
    frames = contours.shape[1]
    result = np.zeros((n_groups, n_patterns, 4), np.float32)
    response = np.empty(frames, np.float32)
    for group in range(n_groups):
        step = dilation[group]
        padded = _padded_sum(contours, rows[group, : n_contours[group]], (LENGTH // 2) * step)
        # All nine weights are −1, to which 3 is added at the three positions.
        total = np.zeros(frames, np.float32)
        for position in range(LENGTH):
            first = position * step
            total += padded[first : first + frames]
        for pattern in range(n_patterns):
            a = twos[group, pattern, 0] * step
            b = twos[group, pattern, 1] * step
            c = twos[group, pattern, 2] * step
            for frame in range(frames):
                peak = padded[frame + a] + padded[frame + b] + padded[frame + c]
                response[frame] = np.float32(3) * peak - total[frame] - bias[group, pattern]
            _pool(response, result[group, pattern])
    return result


@compiled
def _padded_sum(contours: Any, rows: Any, pad: Any) -> Any:
    frames = contours.shape[1]
    padded = np.zeros(frames + 2 * pad, np.float32)
    for row in rows:
        padded[pad : pad + frames] += contours[row]
    padded[:pad] = padded[pad]
    padded[pad + frames :] = padded[pad + frames - 1]
    return padded


@compiled
def _pool(excess: Any, result: Any) -> None:
    frames = len(excess)
    count, position, stretch, longest = 0, 0, 0, 0
    amount = np.float32(0)
    for frame in range(frames):
        above = 1 if excess[frame] > 0 else 0
        count += above
        position += above * frame
        amount += max(excess[frame], np.float32(0))
        stretch = (stretch + 1) * above
        longest = max(longest, stretch)
    result[0] = np.float32(count / frames)
    result[2] = np.float32(0.5)
    if count > 0:
        result[1] = amount / np.float32(count)
        result[2] = np.float32((position / count + 0.5) / frames)
    result[3] = np.float32(np.log1p(longest))
