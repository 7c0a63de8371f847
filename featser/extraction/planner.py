"""What is left to compute: from a manifest's rows, a block at a time, to chunks.

Nothing here grows with the manifest but a digest for each sound: recordings are identified, and
looked for in the store, as there are workers for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.audio import content_hash
from featser.corpora.utterances import Utterance, places, utterance_key
from featser.errors import StoreError, UnusableAudio
from featser.extraction.chunks import CHUNK, GROUP, Chunk
from featser.extraction.compute import Refusal
from featser.features.extractor import Extractor
from featser.store.digests import Digests, Table, digests_of
from featser.store.feature_store import Store

BLOCK = 1024
"""Rows of a manifest that are looked at together."""

Keys = list[str | None]
"""For each row its key in the store; None where the file cannot be read."""

Block = TypeVar("Block")
"""Rows as an identifier takes them: a table, or utterances that are planned already."""


class Identifier:
    """Finds out which rows of a manifest have a sound that none before them has."""

    def __init__(self) -> None:
        self._planned = Table()
        self._hashes: dict[str, str | UnusableAudio] = {}

    def identify(self, block: pd.DataFrame) -> tuple[list[Utterance], Keys, list[Refusal]]:
        """Read the content hash of every file in some rows.

        Parameters
        ----------
        block : DataFrame
            Column ``file``; optional ``start``, ``end`` and ``channel``.

        Returns
        -------
        utterances : list of Utterance
            One for each sound that no row had before, here or in an earlier block.
        keys : list of str or None
            One for each row; None where the file cannot be read.
        refusals : list of tuple
            ``(file, start, end, extractor, reason)`` for those.
        """
        self._read_hashes(dict.fromkeys(block["file"].astype(str)))
        utterances: dict[str, Utterance] = {}
        keys: Keys = []
        refusals: list[Refusal] = []
        for file, start, end, channel in places(block):
            audio = self._hashes[file]
            if isinstance(audio, UnusableAudio):
                keys.append(None)
                refusals.append((file, start, end, "", audio.reason))
                continue
            key = utterance_key(audio, start, end, channel=channel)
            keys.append(key)
            utterance = Utterance(file, key, start, end, content=audio, channel=channel)
            utterances.setdefault(key, utterance)
        return self._new(list(utterances.values())), keys, refusals

    def knows(self, digests: Digests) -> NDArray[np.bool_]:
        """Return, for the digest of each key, whether a row had that key."""
        planned: NDArray[np.bool_] = self._planned.find(digests)[0] >= 0
        return planned

    def _new(self, utterances: list[Utterance]) -> list[Utterance]:
        digests = digests_of(utterance.key for utterance in utterances)
        new = self._planned.find(digests)[0] < 0
        nought = np.zeros(int(new.sum()), dtype=np.int32)
        self._planned = self._planned.plus(digests[new], nought, nought)
        return [utterance for utterance, chosen in zip(utterances, new, strict=True) if chosen]

    def _read_hashes(self, files: Iterable[str]) -> None:
        """Read what the block before has not: a recording's segments follow each other."""
        cached = {file: self._hashes[file] for file in files if file in self._hashes}
        new = [file for file in files if file not in cached]
        with ThreadPoolExecutor(4) as pool:
            self._hashes = cached | dict(zip(new, pool.map(_hash_or_refusal, new), strict=True))


@dataclass
class _Group:
    """Utterances whose rows are to be in one part file."""

    keys: list[str] = field(default_factory=list)
    under_way: int = 0

    @property
    def tried(self) -> bool:
        return len(self.keys) == GROUP and not self.under_way


class Planned:
    """What an :class:`Identifier` is to utterances whose keys are known already.

    Parameters
    ----------
    utterances : sequence of Utterance
        No two with the same key.
    """

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        self._utterances = utterances

    def identify(self, block: list[Utterance]) -> tuple[list[Utterance], Keys, list[Refusal]]:
        """Return what :meth:`Identifier.identify` does."""
        return block, [utterance.key for utterance in block], []

    def knows(self, digests: Digests) -> NDArray[np.bool_]:
        """Return what :meth:`Identifier.knows` does, also of what the utterances are copies of."""
        keys = {utterance.key for utterance in self._utterances}
        keys |= {copy.alteration.identity for copy in self._utterances if copy.alteration}
        return np.isin(digests, digests_of(keys))


class Pending(Generic[Block]):
    """The chunks that the store lacks; iterated once, from one thread at a time.

    Where the chunks are cut depends on the manifest alone, so that a resumed run makes the very
    part files that an uninterrupted one makes.

    Parameters
    ----------
    blocks : iterable of DataFrame, or of what the identifier takes
        The manifest's rows, some at a time.
    extractors : sequence of Extractor
        What is wanted of each.
    store : Store
        What is there already.
    keyed : callable
        Called with the keys of each block's rows.
    identifier : Identifier or Planned, optional
        What makes utterances of rows; an :class:`Identifier` by default.

    Attributes
    ----------
    refusals : list of tuple
        Rows whose file cannot be read.
    reused, copies : int
        Utterances that the store has, and rows with the sound of another.
    """

    def __init__(
        self,
        blocks: Iterable[Block],
        extractors: Sequence[Extractor],
        store: Store,
        keyed: Callable[[Keys], None],
        identifier: Identifier | Planned | None = None,
    ) -> None:
        self.refusals: list[Refusal] = []
        self.reused = self.copies = 0
        self._blocks = blocks
        self._extractors = extractors
        self._store = store
        self._keyed = keyed
        self._identifier: Any = identifier or Identifier()
        self._group = _Group()
        self._under_way: dict[str, _Group] = {}
        self._tried: deque[list[str]] = deque()

    @property
    def settled(self) -> int:
        """Rows that nothing is computed for."""
        return self.reused + self.copies + len(self.refusals)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield chunks."""
        waiting: list[Utterance] = []
        for block in self._blocks:
            utterances, keys, refusals = self._identifier.identify(block)
            self._keyed(keys)
            self.refusals += refusals
            self.copies += len(keys) - len(refusals) - len(utterances)
            waiting += utterances
            whole = len(waiting) // CHUNK * CHUNK
            yield from self._chunks(waiting[:whole])
            del waiting[:whole]
        yield from self._chunks(waiting)

    def done(self, chunk: Chunk) -> None:
        """Take note that a chunk has been tried, and that what came of it is in the store."""
        group = self._under_way.pop(chunk[0][0].key)
        group.under_way -= 1
        self._note(group)

    def tried(self) -> Iterator[list[str]]:
        """Yield the keys of each group that has been tried as a whole, once."""
        while self._tried:
            yield self._tried.popleft()

    def refuse_lost(self) -> None:
        """Refuse to go on where rows have gone that were, or have been, in the store.

        Raises
        ------
        StoreError
            If some of them are of these utterances: what was reused or done is then not there.
        """
        for extractor in self._extractors:
            n_lost = int(self._identifier.knows(self._store.lost(extractor)).sum())
            if n_lost:
                raise StoreError(
                    f"{self._store.folder_of(extractor)}: the features of {n_lost} utterances "
                    f"have disappeared: part files were removed, as `featser store gc "
                    f"--unnamed` does. The rest is complete; run the same command again to "
                    f"compute the missing ones"
                )

    def _chunks(self, utterances: list[Utterance]) -> Iterator[Chunk]:
        keys = [utterance.key for utterance in utterances]
        has = {made.spec: self._store.has(made, keys) for made in self._extractors}
        for first in range(0, len(utterances), CHUNK):
            chunk: Chunk = []
            rows = range(first, min(first + CHUNK, len(utterances)))
            for row in rows:
                specs = [spec for spec, stored in has.items() if not stored[row]]
                if specs:
                    chunk.append((utterances[row], specs))
            self.reused += len(rows) - len(chunk)
            group = self._group
            group.keys += keys[first : first + CHUNK]
            if len(group.keys) == GROUP:
                self._group = _Group()
            if chunk:
                group.under_way += 1
                self._under_way[chunk[0][0].key] = group
                yield chunk
            else:
                self._note(group)

    def _note(self, group: _Group) -> None:
        if group.tried:
            self._tried.append(group.keys)


def blocks_of(manifest: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield a manifest's rows, a block at a time."""
    for first in range(0, max(1, len(manifest)), BLOCK):
        yield manifest.iloc[first : first + BLOCK]


def _hash_or_refusal(file: str) -> str | UnusableAudio:
    try:
        return content_hash(file)
    except UnusableAudio as error:
        return error
