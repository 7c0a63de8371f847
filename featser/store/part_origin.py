"""What a part file says of itself: which extractor made its rows, and which columns they have.

It stands in the metadata of the file's Arrow schema, under :data:`FIELD`, so that a file that is
put into the folder of another extractor is noticed, even one with rows of the same width. The name
of a part file is a checksum of all of its bytes, of these too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from featser.features.extractor import Extractor

FIELD = b"featser"
DTYPE = "float32"


@dataclass(frozen=True)
class Origin:
    """The extractor that rows come from, as far as it matters for their values.

    Attributes
    ----------
    fingerprint : str
        The extractor's.
    columns : str
        A digest of the names of its values, in their order.
    n_columns : int
        How many there are.
    """

    fingerprint: str
    columns: str
    n_columns: int

    @cached_property
    def metadata(self) -> bytes:
        """What a part file holds: the same bytes for the same origin."""
        fields = {
            "extractor": self.fingerprint,
            "columns": self.columns,
            "n_columns": self.n_columns,
            "dtype": DTYPE,
        }
        return json.dumps(fields, sort_keys=True).encode()

    @cached_property
    def schema(self) -> Any:
        """The Arrow schema of a part file, with its metadata."""
        import pyarrow as pa

        values = pa.list_(pa.float32(), self.n_columns)
        return pa.schema([("key", pa.string()), ("values", values)], {FIELD: self.metadata})


def origin_of(extractor: Extractor) -> Origin:
    """Return the origin of an extractor's rows.

    Examples
    --------
    >>> from featser.features.registry import make_extractor
    >>> origin_of(make_extractor("mfcc:basic")).n_columns
    40
    """
    return _origin_of(extractor)


@lru_cache(maxsize=64)
def _origin_of(extractor: Extractor) -> Origin:
    return _origin(extractor.fingerprint(), extractor.names)


def described_origin(description: Mapping[str, Any]) -> Origin:
    """Return the origin of the rows of the extractor that an ``extractor.json`` describes.

    Raises
    ------
    KeyError, TypeError
        If the description lacks the fingerprint or the names.
    """
    return _origin(str(description["fingerprint"]), [str(name) for name in description["names"]])


def fingerprint_in(metadata: bytes) -> str:
    """Return the fingerprint in what a part file holds; empty where it holds none."""
    try:
        fields = json.loads(metadata)
    except ValueError:
        return ""
    fingerprint = str(fields.get("extractor", "")) if isinstance(fields, dict) else ""
    return fingerprint if re.fullmatch(r"[0-9a-f]{16}", fingerprint) else ""


def _origin(fingerprint: str, names: Sequence[str]) -> Origin:
    digest = hashlib.blake2b(json.dumps(list(names)).encode(), digest_size=8)
    return Origin(fingerprint, digest.hexdigest(), len(names))
