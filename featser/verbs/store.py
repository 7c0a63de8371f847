"""``featser store``: what a store holds, whether it is sound, and keeping it small."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from featser.errors import StoreError
from featser.features import upkeep
from featser.features.store import Store
from featser.features.upkeep import Holding, Waste
from featser.verbs.fits import remove_fits, sizes
from featser.verbs.kept import recall
from featser.verbs.source import STORE


def info(store: str | Path = STORE) -> list[Holding]:
    """Return what a store holds of every extractor."""
    with _as_it_stands():
        return upkeep.info(_opened(store))


def verify(store: str | Path = STORE) -> list[str]:
    """Read everything in a store and return a line for each fault."""
    with _as_it_stands():
        return upkeep.verify(_opened(store))


def compact(store: str | Path = STORE) -> dict[str, tuple[int, int]]:
    """Merge part files; return for each extractor's folder how many there were and are."""
    return upkeep.compact(_opened(store))


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
        found = upkeep.waste(opened, named)
        current, outdated = sizes(store)
    found.fits, found.fits_bytes = len(current), sum(current.values())
    found.outdated_fits = len(outdated)
    if really:
        upkeep.collect(opened, named if unnamed else None)
        with opened.writing():
            remove_fits(store, fits)
    return found


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
        raise StoreError(f"{store}: no such store; `featser extract … --store {store}` makes one")
    return Store(store)


def _named(store: str | Path) -> set[str] | None:
    if not (Path(store) / "source.json").exists():
        return None
    source, _ = recall(store)
    return set(source.table["key"].dropna())
