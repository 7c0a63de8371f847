"""Recordings whose bytes were changed as if they were text, which leaves noise of them."""

from __future__ import annotations

import codecs

_FEWEST = 16
"""Places that were changed: so many are none by chance."""


def conversion_fault(sample: bytes) -> str:
    r"""Return how samples were converted; empty if they were not.

    Parameters
    ----------
    sample : bytes
        Bytes of samples.

    Examples
    --------
    >>> conversion_fault(bytes(range(256)).replace(b"\n", b"\r\n") * 20)
    'damaged: every line end in its bytes was changed to CR LF; copy it again as a binary file'
    >>> conversion_fault(bytes(range(256)) * 20)
    ''
    """
    n_ends = sample.count(b"\n")
    if n_ends >= _FEWEST and sample.count(b"\r\n") == n_ends:
        how = "every line end in its bytes was changed to CR LF"
    elif _is_utf8(sample):
        how = "its bytes were changed to UTF-8 text"
    else:
        return ""
    return f"damaged: {how}; copy it again as a binary file"


def _is_utf8(sample: bytes) -> bool:
    """Whether bytes are text in UTF-8 that has more than ASCII."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return len(sample) - len(text) >= _FEWEST
