"""The pitch contour: the cheapest path through the candidates and the unvoiced state.

Costs are those of a Viterbi search with the weights of the GeMAPS configuration. Each frame costs
the logarithm of its voicing probability, its distance from the usual range of 100–350 Hz, and a
bias where voicing is decided against the threshold of 0.7; each step costs the musical interval
between its two pitches, or a constant where voicing begins or ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.features.lowlevel.compiled import compiled
from featser.features.lowlevel.frame_settings import Floats

REFERENCE_HZ = 27.5
VOICED_FROM = 0.7
MIN_RMS = 1e-3
"""Root mean square of the weighted 60 ms frame up to which it is unvoiced; full scale 1."""

# The configuration's weights: local 2, range 1, threshold 4, voiced–voiced 10, voiced–unvoiced 10.
_WEIGHTS = np.array([2.0, 1.0, 4.0, 10.0, 10.0])


@compiled
def _interval(one: float, other: float) -> float:
    return abs(np.log(one / other)) if one > 0 and other > 0 else 0.0


@compiled
def _out_of_range(hertz: float) -> float:
    if hertz < 100:
        return (100 - hertz) / 100
    return min(max(hertz - 350, 0.0) / 250, 1.2)


@compiled
def _cheapest_path(hertz: Any, voicing: Any, weights: Any, voiced_from: float) -> Any:
    frames, count = hertz.shape
    local, span, threshold, jump, switch = weights
    cost = np.zeros(count + 1)
    new = np.zeros(count + 1)
    back = np.zeros((frames, count + 1), np.int64)
    for t in range(frames):
        top = voicing[t, 0]
        for j in range(count + 1):
            frequency = hertz[t, j] if j < count else 0.0
            if j < count and frequency <= 0:
                new[j] = np.inf
                continue
            probability = voicing[t, j] if j < count else top
            here = -local * np.log(max(probability, 1e-9)) if top > 0 else 0.0
            if j < count:
                here += span * _out_of_range(frequency)
            if (j < count) == (probability < voiced_from):
                here += local * threshold
            best = cost[j] if t == 0 else np.inf
            for i in range(count + 1 if t > 0 else 0):
                step = cost[i]
                if (i < count) != (j < count):
                    step += switch
                elif i < count:
                    apart = _interval(frequency, hertz[t - 1, i])
                    apart += 0.7 * _interval(frequency, hertz[t - 1, 0])
                    apart += 0.4 * _interval(hertz[t, 0], hertz[t - 1, i])
                    step += jump * apart
                if step < best:
                    best = step
                    back[t, j] = i
            new[j] = best + here
        least = new.min()
        for j in range(count + 1):
            cost[j] = new[j] - least
    contour = np.zeros(frames)
    state = np.argmin(cost)
    for t in range(frames - 1, -1, -1):
        if state < count:
            contour[t] = hertz[t, state]
        state = back[t, state]
    return contour


def track(hertz: NDArray[np.float64], voicing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fundamental frequency of each frame.

    An interval is the weighted sum of three: between the two pitches (1), from the later to the
    earlier frame's most probable candidate (0.7), and from the later frame's most probable
    candidate to the earlier pitch (0.4). The configuration leaves the formula open, and its weight
    for changes of the interval has no effect. Without intervals the paths are the reference
    implementation's in every frame; with them, these factors made contours most like its own on
    one half of the speakers, and they are nearer on the other half too.

    Parameters
    ----------
    hertz, voicing : ndarray, shape (frames, candidates)
        From :func:`~featser.features.gemaps.pitch.pitch_candidates`.

    Returns
    -------
    ndarray of float64, shape (frames,)
        In Hz, 55 to 1000; 0 where unvoiced.
    """
    contour: NDArray[np.float64] = _cheapest_path(hertz, voicing, _WEIGHTS, VOICED_FROM)
    return contour


def semitones(hertz: NDArray[np.float64]) -> Floats:
    """Semitones above 27.5 Hz (A0), 12 to 62; 0 where unvoiced."""
    voiced = hertz > 0
    ratio = np.divide(hertz, REFERENCE_HZ, out=np.ones_like(hertz), where=voiced)
    return (12 * np.log2(ratio)).astype(np.float32)
