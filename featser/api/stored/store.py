"""``featser store``: what a store holds, whether it is sound, and keeping it small."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featser.errors import DamagedPart, FeatureError, MisplacedPart, StoreError
from featser.experiment.loading.last_extraction import recall, refuse_lost
from featser.experiment.loading.sources.source import STORE
from featser.experiment.runs.fit_cache import remove_fits, sizes
from featser.features.registry import make_extractors
from featser.store import maintenance
from featser.store.feature_store import Store
from featser.store.maintenance import Holding, Waste
from featser.store.verification import Verification, verification_of


def info(store: str | Path = STORE) -> list[Holding]:
    """Return what a store holds of every extractor."""
    with _as_it_stands():
        return maintenance.info(_opened(store))


def verify(store: str | Path = STORE) -> list[str]:
    """Read everything in a store and return a line for each fault."""
    return verification(store).faults


def verification(store: str | Path = STORE) -> Verification:
    """Read everything in a store, and compare it with what the last extraction has computed.

    Returns
    -------
    Verification
        Faults, and what could not be checked.

    Raises
    ------
    StoreError
        If the store does not exist, or part files are replaced meanwhile.
    """
    opened = _opened(store)
    with _as_it_stands():
        verified = verification_of(opened)
    if (opened.folder / "source.json").exists():
        _compare_with_extraction(opened, verified)
    return verified


def _compare_with_extraction(store: Store, verified: Verification) -> None:
    """Find what the last extraction computed and is not there any more."""
    source, unusable = recall(store.folder)
    try:
        extractors = make_extractors(source.extracted)
    except FeatureError as error:
        verified.notes.append(f"what the last extraction has computed cannot be checked: {error}")
        return
    try:
        refuse_lost(source, unusable, store, extractors)
    except (DamagedPart, MisplacedPart):  # which is a fault that is named already
        return
    except StoreError as error:
        verified.faults.append(str(error))


def compact(store: str | Path = STORE) -> dict[str, tuple[int, int]]:
    """Merge part files; return for each extractor's folder how many there were and are."""
    return maintenance.compact(_opened(store))


def gc(
    store: str | Path = STORE, unnamed: bool = False, really: bool = False, fits: bool = False
) -> Waste:
    """Find, and with ``really`` remove, what a store could do without.

    Parameters
    ----------
    store : str or Path
        Where features are kept.
    unnamed : bool
        Whether rows that the last extraction's manifest does not name are removed too. They are
        counted in any case; where several corpora share a store, they are the other corpora's.
    really : bool
        False to look alone.
    fits : bool
        Whether finished fits that a later ``featser fit`` could read are removed too; those of
        other versions are in any case.

    Returns
    -------
    Waste
        What was found.

    Raises
    ------
    StoreError
        If the store does not exist, is damaged, or cannot be written.
    """
    opened = _opened(store)
    named = _named(store)
    if unnamed and named is None:
        raise StoreError(
            f"{store}: no extraction into this store was finished, so nothing says which rows are "
            f"needed; run `featser extract` first, or leave out --unnamed"
        )
    with _as_it_stands():
        removable = maintenance.waste(opened, named)
        current, outdated = sizes(store)
    removable.fits, removable.fits_bytes = len(current), sum(current.values())
    removable.outdated_fits = len(outdated)
    if really:
        maintenance.collect(opened, named if unnamed else None)
        with opened.writing():
            remove_fits(store, fits)
    return removable


@contextmanager
def _as_it_stands() -> Iterator[None]:
    """Read without the lock, which a read-only store does not have."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            f"{error.filename}: went away in the midst of reading: another process merges or "
            f"removes part files; run the same command again when it has finished"
        ) from error


def _opened(store: str | Path) -> Store:
    if not Path(store).is_dir():
        quoted = shlex.quote(str(store))
        raise StoreError(f"{store}: no such store; `featser extract … --store {quoted}` makes one")
    return Store(store)


def _named(store: str | Path) -> set[str] | None:
    if not (Path(store) / "source.json").exists():
        return None
    source, _ = recall(store)
    return set(source.table["key"].dropna())
