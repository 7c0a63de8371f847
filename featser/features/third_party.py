"""Extractors of other packages, by the entry point group ``featser.extractors``.

The entry point names a class or a function that takes nothing and returns an extractor. A package
that fails affects no other: its message names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featser.entry_points import EXTRACTORS, Offer, name_conflict, offers
from featser.errors import FeatureError

if TYPE_CHECKING:
    from featser.features.extractor import Extractor, ExtractorInfo


def third_party_names() -> tuple[str, ...]:
    """Return the names that other packages offer; imports nothing of them."""
    return tuple(dict.fromkeys(offer.name for offer in offers(EXTRACTORS)))


def third_party_extractor(name: str, own: frozenset[str]) -> Extractor | None:
    """Make the extractor of another package.

    Parameters
    ----------
    name : str
        Of the entry point.
    own : frozenset of str
        The names of featser's own extractors.

    Returns
    -------
    Extractor or None
        None where no installed package offers it.

    Raises
    ------
    FeatureError
        If it cannot be used; the message names the package.
    """
    offered = offers(EXTRACTORS)
    offer = next((offer for offer in offered if offer.name == name), None)
    return None if offer is None else _made(offer, own, offered)


def list_third_party(own: frozenset[str]) -> tuple[list[ExtractorInfo], list[str]]:
    """Return the extractors of other packages that can be used, and why the others cannot.

    Parameters
    ----------
    own : frozenset of str
        The names of featser's own extractors.

    Returns
    -------
    infos : list of ExtractorInfo
    problems : list of str
        One message for each that cannot be used.
    """
    infos: list[ExtractorInfo] = []
    problems: list[str] = []
    offered = offers(EXTRACTORS)
    for offer in offered:
        try:
            infos.append(_info(offer, own, offered))
        except FeatureError as error:
            problems.append(str(error))
    return infos, problems


def _made(offer: Offer, own: frozenset[str], offered: tuple[Offer, ...]) -> Extractor:
    problem = name_conflict(offer, own, offered)
    if problem:
        raise FeatureError(offer.failure(problem))
    try:
        extractor = offer.load()()
        problem = _problem(extractor, offer)
    except Exception as error:  # code of others, which may raise anything
        raise FeatureError(offer.failure(error)) from error
    if problem:
        raise FeatureError(offer.failure(problem))
    made: Extractor = extractor
    return made


def _problem(extractor: object, offer: Offer) -> str:
    """Return which promise an extractor breaks; empty if it breaks none of those checked here."""
    from featser.features.extractor import Extractor

    if not isinstance(extractor, Extractor):
        return f"{offer.target} returns {type(extractor).__name__}, not an Extractor"
    if extractor.spec != offer.name:
        return f"it calls itself '{extractor.spec}'"
    if len(set(extractor.names)) != len(extractor.names):
        return "two of its values have the same name"
    if offer.distribution not in extractor.library_versions():
        return (
            f"its class is defined in {type(extractor).__module__}, outside the package, so that "
            f"its fingerprint would not change with the package's version"
        )
    extractor.fingerprint()
    return ""


def _info(offer: Offer, own: frozenset[str], offered: tuple[Offer, ...]) -> ExtractorInfo:
    from featser.features.extractor import ExtractorInfo

    extractor = _made(offer, own, offered)
    try:
        return ExtractorInfo(
            name=offer.name,
            title=extractor.description,
            presets={},
            dimension=extractor.dimension,
            families=extractor.families,
            units=extractor.units,
            description=extractor.description,
            rate=extractor.rate,
            cost_ms=extractor.cost_ms,
            package=offer.package,
        )
    except Exception as error:  # as above
        raise FeatureError(offer.failure(error)) from error
