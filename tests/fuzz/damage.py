"""Damage to bytes, as disks, networks and attackers do it."""

from __future__ import annotations

import numpy as np

HEADER = 96
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to three kinds of damage."""
    for _ in range(rng.integers(1, 4)):
        content = _KINDS[rng.integers(len(_KINDS))](content, rng)
    return content


def _flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.integers(1, 30) if changed else 0):
        changed[rng.integers(len(changed))] ^= 1 << rng.integers(8)
    return bytes(changed)


def _truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content) + 1)]


def _inserted(content: bytes, rng: np.random.Generator) -> bytes:
    place = rng.integers(len(content) + 1)
    return content[:place] + rng.bytes(int(rng.integers(1, 400))) + content[place:]


def _removed(content: bytes, rng: np.random.Generator) -> bytes:
    first = rng.integers(len(content) + 1)
    return content[:first] + content[first + int(rng.integers(1, 400)) :]


def _repeated(content: bytes, rng: np.random.Generator) -> bytes:
    first = rng.integers(len(content) + 1)
    last = first + int(rng.integers(1, 2000))
    return content[:last] + content[first:last] * int(rng.integers(1, 4)) + content[last:]


def _header(content: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite a number near the beginning by one at the edge of its range."""
    width = int(rng.choice([1, 2, 4, 8]))
    place = int(rng.integers(max(1, min(HEADER, len(content)))))
    number = int(rng.choice(NUMBERS)) & ((1 << 8 * width) - 1)
    order = "little" if rng.random() < 0.5 else "big"
    return content[:place] + number.to_bytes(width, order) + content[place + width :]


def _zeroed(content: bytes, rng: np.random.Generator) -> bytes:
    first = rng.integers(len(content) + 1)
    gap = content[first : first + int(rng.integers(1, 1000))]
    return content[:first] + bytes(len(gap)) + content[first + len(gap) :]


_KINDS = (_flipped, _truncated, _inserted, _removed, _repeated, _header, _header, _zeroed)
