"""An augmentation as the user types it, as the store knows it, and as it is applied.

``noise:snr=5..20,colour=pink,copies=3`` are three copies of each utterance, each with pink noise
at a signal-to-noise ratio of its own. Whatever is random in a copy comes from one generator whose
seed is a hash of the recording, the augmentation and the copy's index: no other copy, no order
and no process has a say in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from featser.audio import Signal
from featser.augmentation.augmentation_presets import PRESETS, with_presets_named
from featser.augmentation.kinds import KINDS
from featser.augmentation.parameters import Count, Value
from featser.errors import AugmentationError, unknown

COPIES = Count("copies", 1, "of each utterance", low=1, high=100)


@dataclass(frozen=True)
class Augmentation:
    """One kind of augmentation with its parameters.

    Made by :func:`parse_augmentation`.

    Attributes
    ----------
    kind : str
        Such as ``"noise"``.
    params : tuple of (str, value)
        All parameters that the kind has, in alphabetical order; a quantity as its two ends.
    copies : int
        How many copies of each utterance.
    """

    kind: str
    params: tuple[tuple[str, Value], ...]
    copies: int = 1

    @property
    def definition(self) -> str:
        """What a copy depends on, such as ``noise:colour=white,snr=5..20``."""
        parameters = {parameter.name: parameter for parameter in KINDS[self.kind].parameters}
        written = ",".join(f"{name}={parameters[name].text(value)}" for name, value in self.params)
        return f"{self.kind}:{written}"

    @property
    def spec(self) -> str:
        """The definition and the number of copies: :func:`parse_augmentation` reads it."""
        return f"{self.definition},{COPIES.name}={self.copies}"

    @property
    def varies(self) -> bool:
        """Whether some parameter has a range, of which each copy draws a value of its own."""
        return any(isinstance(value, tuple) and value[0] < value[1] for _, value in self.params)

    @property
    def donors(self) -> int:
        """How many other utterances each copy needs; 0 for most kinds."""
        talkers = dict(self.params).get("talkers", 0)
        assert isinstance(talkers, int)
        return talkers

    def key(self, index: int, donor_keys: Sequence[str] = ()) -> str:
        """Return the identity of a copy within its recording.

        Parameters
        ----------
        index : int
            Which copy, from 0.
        donor_keys : sequence of str
            The identities of the other utterances, as many as :attr:`donors`, in the order in
            which :meth:`apply` is given them.

        Returns
        -------
        str
            The definition, ``#``, the index, ``-`` and 16 hexadecimal digits, a hash of the
            donors, the version of the kind's code and those of the libraries that compute it.
            It holds no space, ``+`` or ``@``.

        Raises
        ------
        AugmentationError
            If there is no such copy, the donors are too few or too many, or a library is missing.
        """
        self._check(index, len(donor_keys))
        kind = KINDS[self.kind]
        identity = {
            "definition": self.definition,
            "version": kind.version,
            "libraries": {name: _version(name, self.kind) for name in kind.libraries},
            "donors": list(donor_keys),
        }
        text = json.dumps(identity, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        return f"{self.definition}#{index}-{digest}"

    def apply(
        self, signal: Signal, identity: str, index: int, donors: Sequence[Signal] = ()
    ) -> Signal:
        """Make one copy of an utterance.

        Parameters
        ----------
        signal : Signal
            The utterance.
        identity : str
            The recording's content key; with the definition and the index it decides whatever is
            random.
        index : int
            Which copy, from 0.
        donors : sequence of Signal
            Other utterances, as many as :attr:`donors`, at any rate.

        Returns
        -------
        Signal
            At the same rate, and as long as the utterance unless the kind is ``stretch``; finite
            float32 in [−1, 32767/32768]; with the utterance's gain and note.

        Raises
        ------
        AugmentationError
            If there is no such copy, the donors are too few or too many, or a library is missing.
        """
        self._check(index, len(donors))
        rng = self._generator(identity, index)
        kind = KINDS[self.kind]
        given = dict(self.params)
        values = {
            parameter.name: parameter.draw(given[parameter.name], rng)
            for parameter in kind.parameters
            if parameter.name in given
        }
        return kind.run(signal, values, rng, donors)

    def __str__(self) -> str:
        return self.spec

    def _generator(self, identity: str, index: int) -> np.random.Generator:
        text = json.dumps([identity, self.definition, index])
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))

    def _check(self, index: int, donors: int) -> None:
        if not 0 <= index < self.copies:
            raise AugmentationError(
                f"{self.spec}: no copy {index}: copies are numbered from 0 to {self.copies - 1}"
            )
        if donors != self.donors:
            raise AugmentationError(
                f"{self.spec}: each copy takes {self.donors} other utterances, not {donors}"
            )


def parse_augmentation(text: str) -> Augmentation:
    """Make the augmentation that a text names.

    Parameters
    ----------
    text : str
        ``KIND`` or ``KIND:PARAMETER=VALUE,…``; ``featser augmentations`` lists kinds and
        parameters. A number may be a range such as ``5..20``, of which each copy draws its own
        value. ``copies`` says how many copies of each utterance to make.

    Returns
    -------
    Augmentation
        With ``parse_augmentation(augmentation.spec) == augmentation``.

    Raises
    ------
    AugmentationError
        If the kind, a parameter or a value does not exist or is out of range, or several copies
        would be equal.

    Examples
    --------
    >>> parse_augmentation("noise:snr=5..20.0").spec
    'noise:colour=white,snr=5..20,copies=1'
    """
    kind, colon, rest = text.partition(":")
    if kind in PRESETS:
        raise AugmentationError(f"'{text}' stands for several augmentations: name one of them")
    if kind not in KINDS:
        raise AugmentationError(unknown("augmentation", kind, (*KINDS, *PRESETS)))
    parameters = {one.name: one for one in (*KINDS[kind].parameters, COPIES)}
    values: dict[str, Value] = {}
    for name, written in _pairs(kind, rest) if colon else ():
        if name not in parameters:
            raise AugmentationError(unknown(f"parameter of '{kind}'", name, parameters))
        if name in values:
            raise AugmentationError(f"{kind}: {name} is given twice in '{text}'")
        values[name] = parameters[name].parse(kind, written)
    copies = values.pop(COPIES.name, COPIES.default)
    assert isinstance(copies, int)
    made = Augmentation(kind, _completed(kind, values), copies)
    if copies > 1 and not KINDS[kind].chance and not made.varies:
        raise AugmentationError(
            f"{made.spec}: all copies of an utterance would be equal, because no parameter is "
            f"random: use copies=1, or give a range of values"
        )
    return made


def parse_augmentations(texts: Iterable[str]) -> list[Augmentation]:
    """Make the augmentations that texts name, no copy of any of them twice.

    Parameters
    ----------
    texts : iterable of str
        As :func:`parse_augmentation` reads them, and presets. Those with the same definition are
        one, with as many copies as the one that asks for most: the copies of the others are the
        first of them.

    Returns
    -------
    list of Augmentation
        In the order in which they are named first.

    Raises
    ------
    AugmentationError
        As :func:`parse_augmentation`, or if a preset is given parameters.

    Examples
    --------
    >>> [str(one) for one in parse_augmentations(["noise:snr=10", "noise:snr=10.0,copies=2"])]
    ['noise:colour=white,snr=10,copies=2']
    """
    return joined(map(parse_augmentation, with_presets_named(texts)))


def joined(augmentations: Iterable[Augmentation]) -> list[Augmentation]:
    """Return augmentations of which no two have a copy in common: see :func:`parse_augmentations`.

    Parameters
    ----------
    augmentations : iterable of Augmentation
        Any, also equal ones.
    """
    unique: dict[str, Augmentation] = {}
    for one in augmentations:
        other = unique.get(one.definition)
        if other is None or other.copies < one.copies:
            unique[one.definition] = one
    return list(unique.values())


def _pairs(kind: str, text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals:
            raise AugmentationError(f"{kind}: '{part}' is not of the form parameter=value")
        pairs.append((name.strip(), value.strip()))
    return pairs


def _completed(kind: str, given: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """Fill in the defaults; leave out, or refuse, what does not go with another choice."""
    completed: dict[str, Value] = {}
    for parameter in KINDS[kind].parameters:
        if not parameter.only:
            completed[parameter.name] = given.get(parameter.name, parameter.default)
    for parameter in KINDS[kind].parameters:
        if parameter.only:
            other, valid = parameter.only
            if completed[other] in valid:
                completed[parameter.name] = given.get(parameter.name, parameter.default)
            elif parameter.name in given:
                raise AugmentationError(
                    f"{kind}: {other}={completed[other]} has no {parameter.name}; "
                    f"available for: {', '.join(valid)}"
                )
    return tuple(sorted(completed.items()))


@lru_cache(maxsize=64)
def _version(library: str, kind: str) -> str:
    """Return a distribution's version, kept since looking it up is slow."""
    try:
        return version(library)
    except PackageNotFoundError as error:
        raise AugmentationError(
            f"{kind} needs the package {library}, which is not installed: pip install {library}"
        ) from error
