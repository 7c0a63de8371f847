"""What other packages offer: entry points, found by their group and loaded when asked for.

A package offers an extractor or a model by a line under ``[project.entry-points."GROUP"]`` of its
``pyproject.toml``. Nothing of a package is imported until its offer is used or listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from featser.errors import FeatserError, shortened

EXTRACTORS = "featser.extractors"
MODELS = "featser.models"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Offer:
    """One entry point of an installed package.

    Attributes
    ----------
    name : str
        What users write.
    group : str
        :data:`EXTRACTORS` or :data:`MODELS`.
    distribution, version : str
        The package, as ``pip list`` shows it.
    target : str
        ``"module:attribute"``.
    """

    name: str
    group: str
    distribution: str
    version: str
    target: str

    @property
    def package(self) -> str:
        """The package with its version."""
        return f"{self.distribution} {self.version}"

    def load(self) -> Any:
        """Import what the entry point names.

        Raises
        ------
        Exception
            Whatever the package raises. :meth:`failure` says which package it is.
        """
        return EntryPoint(self.name, self.target, self.group).load()

    def failure(self, error: BaseException | str) -> str:
        """Return the message for an offer that cannot be used: what, whose, why, and what to do."""
        if isinstance(error, FeatserError):
            reason = str(error)
        elif isinstance(error, BaseException):
            reason = f"{type(error).__name__}: {shortened(str(error))}"
        else:
            reason = error
        kind = "extractor" if self.group == EXTRACTORS else "model"
        return (
            f"the {kind} '{self.name}' of the package {self.package} cannot be used: {reason}; "
            f"update the package, or uninstall it (pip uninstall {self.distribution})"
        )


def offers(group: str) -> tuple[Offer, ...]:
    """Return what installed packages offer, in the order of their names; imports nothing of them.

    Parameters
    ----------
    group : str
        :data:`EXTRACTORS` or :data:`MODELS`.

    Examples
    --------
    >>> offers("featser.group-that-nobody-uses")
    ()
    """
    offered = [
        Offer(
            point.name,
            group,
            "unknown" if point.dist is None else point.dist.name,
            "unknown" if point.dist is None else point.dist.version,
            point.value,
        )
        for point in entry_points(group=group)
    ]
    return tuple(sorted(offered, key=lambda offer: (offer.name, offer.distribution)))


def name_conflict(offer: Offer, own: frozenset[str], others: tuple[Offer, ...]) -> str:
    """Return why an offer's name cannot be used; empty where it can.

    Parameters
    ----------
    offer : Offer
    own : frozenset of str
        The names that featser uses itself.
    others : tuple of Offer
        All offers of the group.
    """
    if offer.name in own:
        return "featser itself uses this name"
    if _NAME.fullmatch(offer.name) is None:
        return "a name consists of letters, digits, '-', '_' and '.'"
    rivals = [o.package for o in others if o.name == offer.name and o != offer]
    return f"{', '.join(rivals)} offers the same name" if rivals else ""


def distributions_of(module: str, group: str) -> dict[str, str]:
    """Return the packages, with versions, that a module with an offer's code belongs to.

    Parameters
    ----------
    module : str
        Such as the ``__module__`` of an extractor's class.
    group : str
        :data:`EXTRACTORS` or :data:`MODELS`.

    Returns
    -------
    dict of str to str
        Empty for featser's own modules and for modules that belong to no such package.
    """
    top = module.partition(".")[0]
    if top == "featser":
        return {}
    return {
        offer.distribution: offer.version
        for offer in offers(group)
        if re.split(r"[.:]", offer.target, maxsplit=1)[0] == top
    }
