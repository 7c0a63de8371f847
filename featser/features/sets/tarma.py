"""How the vocal tract moves within 120 ms: time-varying ARMA models of short windows.

An ordinary linear prediction takes a window of speech as stationary, which speech in fear or anger
is less than in calm. Here the prediction's coefficients move within the window, and their movement
is described. After work on fear-type emotions (anger, disgust, fear) with time-dependent ARMA
models (2015), which models syllables and unvoiced segments; windows, orders and functionals here
are featser's own choice.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featser.audio import Signal
from featser.errors import UnusableAudio
from featser.features.extractor import Extractor
from featser.features.lowlevel.frame_settings import Floats
from featser.features.lowlevel.functionals import functional_names, functionals
from featser.features.lowlevel.time_varying_ar import (
    Array,
    Fitted,
    Settings,
    fit_windows,
    index_of_movement,
)

RATE = 8_000
PREEMPHASIS = 0.97
"""Part of the sample before that is taken from each: the voice's fall towards high frequencies
would take most of the coefficients."""

PRESET = "standard"

SOUNDING_DB = 40.0
"""A window sounds if its level is at most this far below the loudest window's."""

DEFAULT = Settings()

_LEAST_POWER = 1e-12
_LEAST_INDEX = 1e-2


class Tarma(Extractor):
    """Coefficients, residual and movement of models of windows, with 14 functionals.

    The signal at 8 kHz, its high frequencies raised by a first difference
    ``x[t] − 0.97 x[t − 1]``, is modelled in windows of 120 ms every 60 ms
    (``fit_windows``). Contours over the windows that sound, with
    the statistics of :data:`~featser.features.lowlevel.functionals.PRESETS`, ``standard``:

    - ``a01_0`` … ``a10_2`` and ``c01_0`` … ``c04_2``: coefficients of the autoregressive and the
      moving-average part, for each function of time (``_0`` is the mean over the window);
    - ``residual``: level of the prediction's errors, in dB; ``gain``: how far it is below the
      level of the window, in dB;
    - ``movement_1``, ``movement_2``, ``movement``: log10 of the index of non-stationarity, for each
      function of time but the constant and for all, 0.01 at the least
      (:func:`~featser.features.lowlevel.time_varying_ar.index_of_movement`).

    Parameters
    ----------
    name : str
        What it is registered as.
    settings : Settings
        Windows and orders.
    """

    version: ClassVar[int] = 1

    def __init__(self, name: str = "tarma", settings: Settings = DEFAULT) -> None:
        self.name = name
        self.settings = settings
        self.rate = RATE
        self.cost_ms = 25.0 if settings.moving_average else 4.0
        self.units = "1, dB, decades, and these per s and per window"
        self.description = "linear prediction whose coefficients move within windows of 120 ms"

    @property
    def params(self) -> dict[str, Any]:
        """Windows, orders, functionals, pre-emphasis and limit of what sounds."""
        settings = self.settings
        return {
            "window": settings.window,
            "hop": settings.hop,
            "order": settings.order,
            "functions": settings.functions,
            "moving_average": settings.moving_average,
            "long_order": settings.long_order,
            "functionals": PRESET,
            "preemphasis": PREEMPHASIS,
            "sounding_db": SOUNDING_DB,
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The kinds of descriptor."""
        return ("linear prediction",)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Contour and functional, such as ``tarma.a01_0.mean``."""
        settings = self.settings
        courses = range(settings.functions)
        contours = [
            *(f"a{i:02}_{k}" for i in range(1, settings.order + 1) for k in courses),
            *(f"c{j:02}_{k}" for j in range(1, settings.moving_average + 1) for k in courses),
            *("residual", "gain"),
            *(f"movement_{k}" for k in courses[1:]),
            *(("movement",) if settings.functions > 1 else ()),
        ]
        return functional_names((f"{self.name}.{contour}" for contour in contours), PRESET)

    def __call__(self, signal: Signal) -> Floats:
        """Compute the values; statistics of change are NaN for fewer than nine windows that sound.

        Raises
        ------
        UnusableAudio
            If the signal is shorter than a window and what its first prediction needs: 123 ms.
        FeatureError
            If the signal has another rate.
        """
        self._check_rate(signal)
        settings, samples = self.settings, signal.samples.astype(np.float64)
        raised = samples[1:] - PREEMPHASIS * samples[:-1]
        if len(raised) < settings.least:
            raise UnusableAudio(
                "signal",
                f"too short for {self.name}: {1000 * signal.seconds:.0f} ms, "
                f"{1000 * (settings.least + 1) / RATE:.0f} ms are needed",
            )
        fitted = fit_windows(raised, settings)
        contours = _contours(fitted)[:, _sounding(fitted)]
        frame_rate = RATE / settings.hop
        return functionals(contours.astype(np.float32), PRESET, frame_rate).ravel()


def tar() -> Tarma:
    """Return the extractor ``tar``: no moving average."""
    return Tarma("tar", Settings(moving_average=0))


def static_ar() -> Tarma:
    """Return the extractor ``static-ar``, to compare with: coefficients that do not move."""
    return Tarma("static-ar", Settings(functions=1, moving_average=0))


def _contours(fitted: Fitted) -> Array:
    """Contours in the order of the names, shape (contours, windows)."""
    count, _, functions = fitted.ar.shape
    rows = [fitted.ar.reshape(count, -1), fitted.ma.reshape(count, -1)]
    residual = _level(fitted.residual)
    rows += [residual[:, None], (_level(fitted.power) - residual)[:, None]]
    if functions > 1:
        index = index_of_movement(fitted)
        all_of_it = np.column_stack([index, index.sum(axis=1)])
        rows.append(np.log10(np.maximum(all_of_it, _LEAST_INDEX)))
    return np.hstack(rows).T


def _sounding(fitted: Fitted) -> NDArray[np.bool_]:
    level = _level(fitted.power)
    sounding: NDArray[np.bool_] = level >= level.max() - SOUNDING_DB
    return sounding


def _level(power: Array) -> Array:
    """In dB re 1, −120 dB at the least."""
    return 10 * np.log10(power + _LEAST_POWER)
