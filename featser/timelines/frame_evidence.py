r"""From overlapping windows to frames: what the windows that cover a frame say of it together.

The probability of a class in a frame is the mean of those of the windows, weighted by the seconds
that they share with the frame; a number likewise.

For a hidden Markov chain, each window brings the logarithm of its likelihoods,
:math:`\log p_w(s) - \log π_s`, with the prior :math:`π_s = 1/K`, since featser's models weigh all
classes alike. A frame has their mean, weighted likewise:

.. math:: \log b_f(s) = \sum_w \frac{|w ∩ f|}{\sum_v |v ∩ f|} (\log p_w(s) - \log π_s).

Windows of length :math:`W` each :math:`H` seconds overlap, so neighbouring frames share evidence,
which the chain takes for independent. Counting each window :math:`H/W` times corrects that in
theory; it made the chain too inert in synthetic recordings with known borders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.timelines.window_plan import WindowPlan, overlaps

LEAST_PROBABILITY = 1e-6

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FrameEvidence:
    """What is observed of one task in each frame.

    Attributes
    ----------
    mean : ndarray, shape (frames, K), or (frames, 1) for numbers
        NaN in frames without speech.
    log_likelihood : ndarray, shape (frames, K)
        Of the classes, up to a constant in each row; 0 where there is no speech.
    hop_s : float
        The length of a frame.
    """

    mean: Doubles
    log_likelihood: Doubles
    hop_s: float


@dataclass(frozen=True, eq=False)
class FrameGrid:
    """The frames of a recording, and the windows that cover them.

    Attributes
    ----------
    frames : ndarray, shape (frames, 2)
        Their beginnings and ends in seconds.
    is_speech : ndarray of bool, shape (frames,)
        Which of them hold speech.
    shared : sparse array, shape (frames, windows)
        Seconds that frames share with the windows that were predicted.
    plan : WindowPlan
        Windows and hop.
    """

    frames: Doubles
    is_speech: NDArray[np.bool_]
    shared: Any
    plan: WindowPlan

    @classmethod
    def of(
        cls,
        plan: WindowPlan,
        duration_s: float,
        windows: Doubles,
        speech_shares: Doubles,
        least_share: float,
    ) -> FrameGrid:
        """Return the frames of a recording.

        Parameters
        ----------
        plan : WindowPlan
            Windows and hop.
        duration_s : float
            Of the recording.
        windows : ndarray, shape (n, 2)
            The windows that were predicted.
        speech_shares : ndarray, shape (frames,)
            Which share of each frame is loud enough.
        least_share : float
            From which on a frame holds speech, if a window covers it.
        """
        frames = plan.frames(duration_s)
        shared = overlaps(windows, frames)
        is_covered = np.asarray(shared.sum(axis=1)).ravel() > 0
        return cls(frames, is_covered & (speech_shares >= least_share), shared, plan)

    def evidence(self, predicted: Doubles) -> FrameEvidence:
        """Return what windows say of frames.

        Parameters
        ----------
        predicted : ndarray, shape (windows, K), or (windows, 1) for numbers
            Probabilities, or numbers.
        """
        seconds = np.asarray(self.shared.sum(axis=1)).reshape(-1, 1)
        total = np.asarray(self.shared @ predicted)
        mean = np.full(total.shape, np.nan)
        is_observed = self.is_speech[:, None] & (seconds > 0)
        np.divide(total, seconds, out=mean, where=is_observed)
        ratio = np.log(np.maximum(predicted, LEAST_PROBABILITY)) + np.log(predicted.shape[1])
        log_likelihood = np.zeros(total.shape)
        np.divide(self.shared @ ratio, seconds, out=log_likelihood, where=is_observed)
        return FrameEvidence(mean, log_likelihood, self.plan.hop_s)
