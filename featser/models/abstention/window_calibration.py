"""What a model needs to know about windows of long recordings, to know when not to answer.

Windows are shorter than the recordings that a model was fitted on and lie anywhere in the speech.
Neither the calibration of whole recordings nor their distance in feature space holds for them. Both
are estimated on windows of the training recordings, by models that were not fitted on their
speaker (``featser calibrate``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featser.errors import BundleError
from featser.evaluation.conformal import Calibration
from featser.models.abstention.feature_distance import FeatureDistance
from featser.tasks import Task

_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class WindowCalibration:
    """The calibration of a model for one length of window and one hop.

    Parameters
    ----------
    window_s, hop_s : float
        The length of a window, and of a frame, in seconds.
    calibrations : mapping of str to Calibration
        By task, of frames.
    distance : FeatureDistance or None
        Of windows; None where there were too few.
    """

    window_s: float
    hop_s: float
    calibrations: Mapping[str, Calibration]
    distance: FeatureDistance | None = None

    def fits(self, window_s: float, hop_s: float) -> bool:
        """Return whether it is of such windows.

        Examples
        --------
        >>> WindowCalibration(2.0, 0.5, {}).fits(2.0, 0.25)
        False
        """
        return abs(self.window_s - window_s) + abs(self.hop_s - hop_s) < _ROUNDING

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "window_s": self.window_s,
            "hop_s": self.hop_s,
            "calibration": {name: one.to_dict() for name, one in self.calibrations.items()},
            "distance": None if self.distance is None else self.distance.to_dict(),
        }

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], tasks: Sequence[Task], n_features: int
    ) -> WindowCalibration:
        """Return what :meth:`to_dict` described.

        Raises
        ------
        ValueError
            If something does not fit together, or to the model.
        """
        window_s, hop_s = float(data["window_s"]), float(data["hop_s"])
        if not 0 < hop_s <= window_s < float("inf"):
            raise ValueError(f"windows of {window_s:g} s each {hop_s:g} s")
        classes = {task.name: task.classes for task in tasks}
        distance = data.get("distance")
        return cls(
            window_s,
            hop_s,
            {
                name: Calibration.from_dict(scores, classes[name])
                for name, scores in data["calibration"].items()
            },
            None if distance is None else FeatureDistance.from_dict(distance, n_features),
        )


def calibration_of(
    windows: Sequence[WindowCalibration], window_s: float, hop_s: float
) -> WindowCalibration | None:
    """Return the calibration for such windows; None if the model has none."""
    return next((one for one in windows if one.fits(window_s, hop_s)), None)


def with_calibration(
    windows: Sequence[WindowCalibration], new: WindowCalibration
) -> list[WindowCalibration]:
    """Return calibrations with a new one in place of that for the same windows."""
    return [*(one for one in windows if not one.fits(new.window_s, new.hop_s)), new]


def refuse_oversized_windows(
    path: Path, windows: Sequence[WindowCalibration], size: int, limit: int
) -> None:
    """Refuse calibrations with which a model could be written, but not read any more.

    Parameters
    ----------
    path : Path
        Of the model.
    windows : sequence of WindowCalibration
        All that it would have.
    size, limit : int
        How many bytes its ``model.json`` would have, and may have.

    Raises
    ------
    BundleError
        If there are calibrations, and the size is above the limit.

    Examples
    --------
    >>> refuse_oversized_windows(Path("model.featser"), [], 17_000_000, 16_000_000)
    """
    if windows and size > limit:
        kinds = ", ".join(f"{one.window_s:g} s each {one.hop_s:g} s" for one in windows)
        raise BundleError(
            f"{path}: with calibrations for windows of {kinds}, its model.json would have "
            f"{size / 1e6:.1f} MB, over {limit / 1e6:.0f} MB. Use a longer --hop, or fit the model "
            f"again and calibrate it for fewer kinds of windows"
        )
