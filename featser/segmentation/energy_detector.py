"""Voice activity by level: how far each frame rises above a background noise that is tracked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featser.audio.signal import Signal
from featser.segmentation.activity import Activity
from featser.segmentation.band_powers import BandPowers, band_powers

Values = NDArray[np.float32]
_ROUNDS = 30
_BELOW_NOISE_DB = -3.0
_GATED = 0.05
"""With more digital silence than this share, pauses may be gated: what is left is mostly speech."""


@dataclass(frozen=True)
class EnergyDetector:
    r"""Finds speech by its level above the background noise in frequency bands.

    Parameters
    ----------
    noise_span_s : float
        Seconds within which the background noise is taken as steady.
    noise_percentile : float
        The percentile of the levels in that span that is the noise.
    share : float
        Where the threshold lies at least between the levels of background and speech, from 0 to 1.
    spread : float
        How far it lies above the median of the background, in distances of the median from the
        tenth percentile.
    least_db, most_db : float
        Limits of the threshold, in dB above the noise.
    contrast_db : float
        If the levels of background and speech differ by less, there is no speech.
    smoothing_s, phrase_s : float
        Seconds over which levels are averaged before a frame is compared with the threshold, and
        before the levels of background and speech are estimated.

    Notes
    -----
    Let :math:`P_{tb}` be the mean power of frame :math:`t` in band :math:`b` of 16 bands of equal
    width in mel from 80 Hz to 6 kHz, in windows of 32 ms each 10 ms.

    1. **Adaptive noise level.** :math:`N_{tb}` is the 15th percentile of
       :math:`10\log_{10} P_{sb}`, averaged over 50 ms, for all :math:`s` within 5 s of :math:`t`.
       Pauses and, within phrases, the dips between syllables reach it. Frames of digital silence
       do not count.
    2. **Level above noise.** The band levels :math:`D_{tb} = 10\log_{10} P_{tb} - N_{tb}` are
       combined in two ways: as the ratio of sums,
       :math:`A_t = 10\log_{10}\sum_b P_{tb} - 10\log_{10}\sum_b 10^{N_{tb}/10}`, which the loudest
       bands decide, and as the mean of levels :math:`M_t = \frac{1}{16}\sum_b D_{tb}`, to which
       each band contributes equally: it sees speech between the lines of a hum. The difference
       of the two is the spectral flatness of the frame relative to the noise. The score is
       :math:`S_t = \frac{2}{3} A_t + \frac{1}{3} M_t`.
    3. **Threshold.** The scores, averaged over 0.41 s, fall into two clusters (2-means) with the
       means :math:`m_0` (background) and :math:`m_1` (speech). If they differ by less than 2 dB,
       there is no speech. Of the frames of the background, :math:`q_{50}` is the median of the
       scores, averaged over 0.15 s, and :math:`q_{10}` their tenth percentile: weak speech among
       them moves neither far. The threshold is
       :math:`\max(m_0 + 0.12\,(m_1 - m_0),\ q_{50} + 0.5\,(q_{50} - q_{10}))`, between 2 and 8 dB:
       close to a steady background, farther from one that fluctuates, as other voices do.
    4. **Decision.** A frame is speech if its score, averaged over 0.15 s, is above the threshold,
       and so is the score itself: the average bridges moments, the score keeps the borders sharp.

    Hangover (pauses that are bridged), lengths and padding are those of
    :func:`~featser.segmentation.speech_segments.segments_of`. There, sound that rises above the
    noise is left out as noise if its spectral flatness, after the noise is subtracted, is that of
    no speech.

    Memory is 64 bytes for each frame: 23 MB for an hour, and a few times that while levels are
    computed.

    References
    ----------
    R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
    statistics", IEEE Trans. Speech and Audio Processing 9, 2001, for tracking noise through speech.
    S. O. Sadjadi and J. H. L. Hansen, "Unsupervised speech activity detection using voicing
    measures and perceptual spectral flux", IEEE Signal Processing Letters 20, 2013, for thresholds
    from two clusters of a whole recording.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> samples = rng.normal(0, 0.001, 48_000)
    >>> samples[16_000:32_000] += np.sin(np.arange(16_000) / 5) * 0.1
    >>> activity = EnergyDetector().detect([Signal(samples.astype(np.float32), 16_000)])
    >>> float(activity.is_speech.mean().round(1))
    0.3
    """

    noise_span_s: float = 10.0
    noise_percentile: float = 15.0
    share: float = 0.12
    spread: float = 0.5
    least_db: float = 2.0
    most_db: float = 8.0
    contrast_db: float = 2.0
    smoothing_s: float = 0.15
    phrase_s: float = 0.41

    def detect(self, blocks: Iterable[Signal]) -> Activity:
        """Return the frames of a recording that hold speech."""
        powers = band_powers(blocks)
        n_frames = len(powers.values)
        is_sound = powers.values.sum(axis=1) > powers.least * powers.values.shape[1]
        is_speech = np.zeros(n_frames, bool)
        excess = np.zeros_like(powers.values)
        if is_sound.any():
            levels = _decibels(powers.values[is_sound], powers.least)
            is_gated = is_sound.mean() < 1 - _GATED
            noise = self._noise(levels, 2.0 if is_gated else self.noise_percentile)
            is_above = self._above(self._scores(levels, noise))
            is_speech[is_sound] = is_above
            excess[is_sound] = _excess(powers.values[is_sound], _power(noise), is_above)
        return Activity(is_speech, _total_level(powers), powers.seconds, excess)

    def _noise(self, levels: Values, percentile: float) -> Values:
        """Return the level of the background noise in each band of each frame."""
        from scipy.ndimage import percentile_filter, uniform_filter1d

        step = 5
        smoothed = uniform_filter1d(levels, step, axis=0, mode="nearest")[::step]
        size = min(len(smoothed), round(100 * self.noise_span_s / step))
        coarse = np.column_stack(
            [percentile_filter(band, percentile, size=size, mode="mirror") for band in smoothed.T]
        )
        places = np.arange(len(levels)) / step
        return np.column_stack(
            [
                np.interp(places, np.arange(len(coarse)), band).astype(np.float32)
                for band in coarse.T
            ]
        )

    def _scores(self, levels: Values, noise: Values) -> Values:
        ratio = 10 * np.log10(_power(levels).sum(axis=1) / _power(noise).sum(axis=1))
        mean = (levels - noise).mean(axis=1)
        scores: Values = np.maximum((2 * ratio + mean) / 3, _BELOW_NOISE_DB).astype(np.float32)
        return scores

    def _above(self, scores: Values) -> NDArray[np.bool_]:
        """Return which frames are above the threshold that the scores have."""
        phrases, smoothed = (_averaged(scores, s) for s in (self.phrase_s, self.smoothing_s))
        low, high = two_means(phrases)
        if high - low < self.contrast_db:
            return np.zeros(len(scores), bool)
        background = smoothed[phrases <= (low + high) / 2]
        tenth, median = np.percentile(background, [10, 50])
        threshold = max(
            low + self.share * (high - low), float(median + self.spread * (median - tenth))
        )
        threshold = float(np.clip(threshold, self.least_db, self.most_db))
        return np.asarray((smoothed > threshold) & (scores > threshold))


def two_means(values: Values) -> tuple[float, float]:
    """Return the means of the two clusters that values fall into, the lower one first.

    Examples
    --------
    >>> two_means(np.array([0.0, 1.0, 9.0, 10.0], np.float32))
    (0.5, 9.5)
    """
    low, high = (float(value) for value in np.percentile(values, [10, 90]))
    for _ in range(_ROUNDS):
        is_low = values <= (low + high) / 2
        if is_low.all() or not is_low.any():
            break
        low, high = (float(values[part].mean(dtype=np.float64)) for part in (is_low, ~is_low))
    return low, high


def _excess(powers: Values, noise: Values, is_speech: NDArray[np.bool_]) -> Values:
    """Return the power above the mean of the noise, whose percentile is lower."""
    others = ~is_speech if not is_speech.all() else is_speech
    bias = (powers[others] / noise[others]).mean(axis=0)
    return np.asarray(powers - bias * noise)


def _averaged(values: Values, seconds: float) -> Values:
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values, round(100 * seconds), mode="nearest"))


def _total_level(powers: BandPowers) -> Values:
    least = powers.least * powers.values.shape[1]
    return np.asarray(10 * np.log10(np.maximum(powers.values.sum(axis=1), least)))


def _decibels(powers: Values, least: float) -> Values:
    return np.asarray(10 * np.log10(np.maximum(powers, np.float32(least))))


def _power(levels: Values) -> Values:
    return np.asarray(10 ** (levels / 10))
