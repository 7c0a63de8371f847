"""The kinds and presets of augmentations as they are listed for users."""

from __future__ import annotations

from dataclasses import dataclass

from featser.augmentation.augmentation_presets import PRESETS
from featser.augmentation.kinds import KINDS
from featser.augmentation.parameters import Parameter
from featser.augmentation.spec import COPIES, parse_augmentations


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter in the list of augmentations, in words.

    Attributes
    ----------
    name, default, allowed, description : str
        What the user types, what holds where nothing is typed, what may be typed (with the
        unit), and what it is.
    """

    name: str
    default: str
    allowed: str
    description: str


@dataclass(frozen=True)
class AugmentationInfo:
    """A line of the list of augmentations.

    Attributes
    ----------
    name, description : str
        What the user types, and what it does.
    parameters : tuple of ParameterInfo
        ``copies``, which all have, is the last.
    cost_ms : float
        Rough milliseconds for a copy of 3.5 s of speech at 16 kHz on one core.
    """

    name: str
    description: str
    parameters: tuple[ParameterInfo, ...]
    cost_ms: float


@dataclass(frozen=True)
class PresetInfo:
    """A preset in the list of augmentations.

    Attributes
    ----------
    name, description : str
        What the user types, and what its copies are.
    specs : tuple of str
        The augmentations that it stands for.
    copies : int
        How many copies of each utterance, of all its augmentations together.
    cost_ms : float
        Rough milliseconds for these copies of 3.5 s of speech at 16 kHz on one core.
    """

    name: str
    description: str
    specs: tuple[str, ...]
    copies: int
    cost_ms: float


def list_augmentations() -> tuple[AugmentationInfo, ...]:
    """Return what there is to choose from; imports no library that computes.

    Examples
    --------
    >>> [info.name for info in list_augmentations()][:3]
    ['babble', 'clipping', 'codec']
    """
    return tuple(
        AugmentationInfo(
            kind.name,
            kind.description,
            tuple(_described(parameter) for parameter in (*kind.parameters, COPIES)),
            kind.cost_ms,
        )
        for kind in KINDS.values()
    )


def list_augmentation_presets() -> tuple[PresetInfo, ...]:
    """Return the presets to choose from; imports no library that computes.

    Examples
    --------
    >>> [info.specs for info in list_augmentation_presets() if info.name == "speaker"]
    [('pitch', 'vtl')]
    """
    infos = []
    for preset in PRESETS.values():
        augmentations = parse_augmentations(preset.specs)
        copies = sum(one.copies for one in augmentations)
        cost_ms = sum(one.copies * KINDS[one.kind].cost_ms for one in augmentations)
        infos.append(PresetInfo(preset.name, preset.description, preset.specs, copies, cost_ms))
    return tuple(infos)


def _described(parameter: Parameter) -> ParameterInfo:
    words = parameter.description
    if parameter.only:
        words += f" ({', '.join(parameter.only[1])} only)"
    return ParameterInfo(
        parameter.name, parameter.text(parameter.default), parameter.allowed, words
    )
