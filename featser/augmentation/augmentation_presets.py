"""Named presets of augmentations: one row each, which help, lists and messages are derived from.

A preset is written wherever augmentations are read. It is replaced by the augmentations that it
stands for before anything is stored, so that a run stays the same when a preset changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from featser.errors import AugmentationError


@dataclass(frozen=True)
class Preset:
    """A name for several augmentations.

    Attributes
    ----------
    name : str
        What users write.
    description : str
        What its copies are, in a line.
    specs : tuple of str
        The augmentations that it stands for, as users write them.
    """

    name: str
    description: str
    specs: tuple[str, ...]


_PRESETS = (
    Preset(
        "speaker",
        "one copy with another pitch, one with another vocal-tract length",
        ("pitch", "vtl"),
    ),
    Preset(
        "field",
        "one copy each in noise, among other voices, by telephone and from far away",
        ("noise:snr=5..30", "babble:snr=5..30", "telephone", "far"),
    ),
)

PRESETS = {preset.name: preset for preset in _PRESETS}
"""For each name the preset."""


def with_presets_named(texts: Iterable[str]) -> tuple[str, ...]:
    """Return augmentations as users write them, with presets replaced by what they stand for.

    Parameters
    ----------
    texts : iterable of str
        Presets, and what :func:`~featser.augmentation.spec.parse_augmentation` reads.

    Returns
    -------
    tuple of str
        Each text once, in the order in which they are named first.

    Raises
    ------
    AugmentationError
        If a preset is given parameters.

    Examples
    --------
    >>> with_presets_named(["speaker", "noise:snr=10", "pitch"])
    ('pitch', 'vtl', 'noise:snr=10')
    """
    return tuple(dict.fromkeys(one for text in texts for one in _specs_of(text)))


def _specs_of(text: str) -> tuple[str, ...]:
    name, colon, _ = text.partition(":")
    if name not in PRESETS:
        return (text,)
    specs = PRESETS[name].specs
    if colon:
        raise AugmentationError(
            f"'{text}': {name} stands for {' and '.join(specs)} and has no parameters; write "
            f"'{name}', or these with parameters"
        )
    return specs
