"""The conditions of a stress test, in one table: what is done to recordings, from mild to severe.

Each level is an augmentation with fixed parameters. Whatever is random in it (noise, rooms,
talkers) is drawn by a generator whose seed is a hash of the recording and the augmentation, so a
level alters a recording in the same way in every stress test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from featser.augmentation.kinds import KINDS
from featser.augmentation.spec import Augmentation, parse_augmentation
from featser.errors import InputError, unknown


@dataclass(frozen=True)
class Level:
    """A level of a condition.

    Attributes
    ----------
    label : str
        What differs from the other levels, with its unit.
    spec : str
        The augmentation.
    """

    label: str
    spec: str

    @cached_property
    def augmentation(self) -> Augmentation:
        """The augmentation, parsed."""
        return parse_augmentation(self.spec)

    @property
    def cost_s(self) -> float:
        """Roughly the seconds that 3.5 s of speech cost on one core."""
        return KINDS[self.augmentation.kind].cost_ms / 1000


@dataclass(frozen=True)
class Condition:
    """What is done to recordings.

    Attributes
    ----------
    name : str
        What the user types.
    title : str
        For tables and figures.
    description : str
        In a line.
    levels : tuple of Level
        From mild to severe where they are graded.
    is_graded : bool
        Whether each level alters more than the one before it.
    """

    name: str
    title: str
    description: str
    levels: tuple[Level, ...]
    is_graded: bool = True


def _graded(labels: str, spec: str, values: Sequence[object]) -> tuple[Level, ...]:
    """Return levels that differ in one value, which stands for each ``{}``."""
    return tuple(Level(labels.format(value), spec.format(value)) for value in values)


_SNR_DB = (20, 10, 5, 0)

_CONDITIONS = (
    Condition(
        "noise",
        "White noise",
        "white noise, by the ratio of the active speech level to the noise",
        _graded("{} dB SNR", "noise:colour=white,snr={}", _SNR_DB),
    ),
    Condition(
        "babble",
        "Babble",
        "four other recordings of the corpus, of one other speaker, by the same ratio",
        _graded("{} dB SNR", "babble:snr={},talkers=4", _SNR_DB),
    ),
    Condition(
        "telephone",
        "Telephone",
        "G.711 is 300–3400 Hz in 8 bits at 8 kHz; GSM is GSM 06.10 up to 4 kHz, without a filter",
        (Level("G.711", "telephone:law=mu"), Level("GSM", "codec:name=gsm")),
        is_graded=False,
    ),
    Condition(
        "mp3",
        "MP3",
        "MP3 at variable bit rates, about 43, 29 and 23 kbit/s for speech at 16 kHz",
        _graded("quality {}", "codec:name=mp3,quality={}", (0.5, 0.1, 0.01)),
    ),
    Condition(
        "reverb",
        "Reverberation",
        "a room, the microphone 2 m from the talker, by its reverberation time",
        _graded("RT60 {} s", "reverb:distance=2,rt60={}", (0.3, 0.6, 1.0)),
    ),
    Condition(
        "clipping",
        "Clipping",
        "the peaks cut off so many decibels below the loudest sample",
        _graded("{} dB", "clipping:db={}", (6, 12, 20)),
    ),
    Condition(
        "gain",
        "Gain",
        "another level; louder only as far as the peaks allow",
        (Level("20 dB louder", "gain:db=20"), Level("20 dB quieter", "gain:db=-20")),
        is_graded=False,
    ),
    Condition(
        "far",
        "Far microphone",
        "a room, its noise (pink) and the lower level, by the distance of the microphone",
        (
            Level("1 m", "far:db=-10,distance=1,rt60=0.5,snr=20"),
            Level("2 m", "far:db=-16,distance=2,rt60=0.5,snr=14"),
            Level("3 m", "far:db=-20,distance=3,rt60=0.5,snr=10"),
        ),
    ),
)

CONDITIONS = {condition.name: condition for condition in _CONDITIONS}
"""For each name the condition."""


def chosen_conditions(names: Sequence[str]) -> list[Condition]:
    """Return the conditions that are asked for, in the order of the table; all by default.

    Parameters
    ----------
    names : sequence of str
        Names, or several of them with commas between.

    Raises
    ------
    InputError
        If there is no such condition.

    Examples
    --------
    >>> [condition.name for condition in chosen_conditions(["telephone,noise"])]
    ['noise', 'telephone']
    """
    asked = [name.strip() for text in names for name in text.split(",")]
    for name in asked:
        if name not in CONDITIONS:
            raise InputError(unknown("condition", name, CONDITIONS), "conditions")
    return [one for one in _CONDITIONS if not asked or one.name in asked]
