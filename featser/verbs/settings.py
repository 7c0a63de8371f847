"""How to fit: what the user says, else the recipe, else the defaults; and what excludes what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from featser.errors import FeatserError, TaskError
from featser.evaluation.enrolment import enrolled_recordings, speaker_norm_of
from featser.evaluation.protocols import Sides
from featser.features.spectrum import N_MELS
from featser.models.encoders import make_encoder
from featser.models.estimators import NETWORKS, members_of
from featser.models.selection import parse_selection
from featser.models.voting import Weights
from featser.recipe import DEFAULT_FEATURES
from featser.tasks import Coupling, Fusion, Joint, Task, TwoPass
from featser.verbs.source import Source


@dataclass(frozen=True)
class Settings:
    """How to fit.

    Attributes
    ----------
    features : tuple of str
        Extractors.
    tasks : tuple of str
        Labels to predict; empty for all that the data support.
    primary, model : str
    weights : 'equal', 'inner', 'stacked' or list of float
    protocols : tuple of str
    speaker_norm : str
        ``none``, ``transductive``, or such as ``enrol:8``.
    seed : int
    augmented : bool
        Whether training parts have the augmented copies that were extracted.
    sides : Sides
        The corpora of ``cross-corpus``, and what becomes of ``dev`` in a ``fixed-split``.
    batches : bool or None
        Whether features are read in batches; None: from a gigabyte on, by models that can.
    enrolment_curve : bool
        Whether other numbers of enrolled recordings are looked at as well.
    coupling : str
        How tasks learn from each other: see :mod:`featser.models.coupling`.
    select : str
        Which features models see: see :func:`featser.models.selection.make_selector`.
    two_pass : str
        Whether each language has a model of its own: see :mod:`featser.models.language`.
    fusion : str
        How extractors are put together: see :mod:`featser.verbs.fused`.
    tune : bool
        Whether estimators choose their settings on speakers left out of the training part.
    encode : str
        What becomes of packed frames: see :func:`featser.models.encoders.make_encoder`.
    joint : str
        Whether tasks share a network, and how their losses are weighted:
        :class:`featser.models.joint.JointNetwork`.
    """

    features: tuple[str, ...] = DEFAULT_FEATURES
    tasks: tuple[str, ...] = ()
    primary: str = "emotion"
    model: str = "vote"
    weights: Weights | Sequence[float] = "equal"
    protocols: tuple[str, ...] = ("speaker-independent",)
    speaker_norm: str = "none"
    seed: int = 0
    augmented: bool = True
    sides: Sides = field(default_factory=Sides)
    batches: bool | None = None
    enrolment_curve: bool = False
    coupling: Coupling = "independent"
    select: str = "none"
    tune: bool = False
    two_pass: TwoPass = "none"
    encode: str = "none"
    joint: Joint = "none"
    fusion: Fusion = "none"


def settings_of(found: Source, **given: Any) -> Settings:
    """Return the settings for a source.

    Parameters
    ----------
    found : Source
        Its recipe, if it has one, and what it was extracted with.
    **given
        Fields of :class:`Settings`; what is None or empty the user has left open.

    Raises
    ------
    FeatserError
        If a value is not valid, or two exclude each other.
    """
    names = [part.name for part in fields(Settings)]
    told: dict[str, Any] = {"primary": found.primary}
    if found.recipe is not None:
        told |= {name: getattr(found.recipe, name) for name in names if hasattr(found.recipe, name)}
    if found.features:
        told["features"] = found.features
    told |= {name: value for name, value in given.items() if not _open(value)}
    told |= {name: tuple(told[name]) for name in ("features", "tasks", "protocols") if name in told}
    told["speaker_norm"] = speaker_norm_of(told.get("speaker_norm", "none"))
    settings = Settings(**told)
    _refuse(settings)
    return settings


def _open(value: Any) -> bool:
    """Return whether the user has said nothing."""
    return value is None or (isinstance(value, list | tuple) and not value)


def _refuse(settings: Settings) -> None:
    """Refuse what is wrong whatever the data."""
    parse_selection(settings.select)
    if settings.encode != "none":
        make_encoder(settings.encode, N_MELS)
    if settings.joint != "none":
        _refuse_joint(settings)
    if settings.enrolment_curve and not enrolled_recordings(settings.speaker_norm):
        raise FeatserError(
            f"--enrolment-curve is for `--speaker-norm enrol`; it is '{settings.speaker_norm}'"
        )


def _refuse_joint(settings: Settings) -> None:
    """Refuse what one network for all tasks cannot be."""
    if settings.model not in NETWORKS:
        raise TaskError(
            f"--joint {settings.joint} needs one network for all tasks, --model "
            f"{', '.join(NETWORKS)}; it is '{settings.model}'"
        )
    for option, value in (
        ("coupling", settings.coupling),
        ("select", settings.select),
        ("two-pass", settings.two_pass),
        ("fusion", settings.fusion),
    ):
        if value not in ("independent", "none"):
            raise TaskError(f"--joint {settings.joint} does not go with --{option} {value}")
    if settings.tune or settings.encode != "none":
        raise TaskError(f"--joint {settings.joint} goes neither with --tune nor with --encode")


_WEIGHTS = {
    "equal": "equal weights",
    "inner": "weights from inner folds",
    "stacked": "weights stacked on inner folds",
}


def describe_model(settings: Settings, tasks: Sequence[Task], batched: bool = False) -> str:
    """Say in a line what was trained."""
    told = _describe_estimator(settings, tasks, batched)
    if settings.encode != "none":
        told += f"; frames encoded by {settings.encode}"
    if settings.select != "none":
        told += f"; features selected by {settings.select}"
    if settings.two_pass != "none":
        told += f"; two-pass {settings.two_pass}"
    if settings.fusion != "none":
        told += f"; streams {settings.fusion}"
    return told if settings.coupling == "independent" else f"{told}; coupling {settings.coupling}"


def _describe_estimator(settings: Settings, tasks: Sequence[Task], batched: bool) -> str:
    if settings.joint != "none":
        how = f"losses weighted: {settings.joint}"
        return f"one network {settings.model} for {len(tasks)} tasks; {how}"
    names = members_of(settings.model)
    how_set = ", settings chosen on left-out speakers" if settings.tune else ""
    if len(names) == 1:
        if batched:
            return f"{names[0]}, fitted batch by batch, without preparation"
        return f"{names[0]}{how_set}"
    if isinstance(settings.weights, str):
        how = _WEIGHTS[settings.weights]
    else:
        how = f"weights {', '.join(f'{weight:g}' for weight in settings.weights)}"
    return f"soft vote of {', '.join(names)}{how_set}; {how}; one for each of {len(tasks)} tasks"
