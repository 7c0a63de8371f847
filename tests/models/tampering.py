"""Changes to the bytes of a bundle that an accident or an attacker could make."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

Members = dict[str, bytes]


def tamper(data: bytes, rng: random.Random) -> bytes:
    """Return a bundle with one kind of change, checksums corrected where that lets it go further.

    Parameters
    ----------
    data : bytes
        A valid bundle.
    rng : random.Random
        Chooses the change.
    """
    if rng.random() < 0.15:
        return _flipped(data, rng)
    outer = unpack(data)
    inner = unpack(outer["estimators.skops"])
    rng.choice(CHANGES)(outer, inner, rng)
    return repack(outer, inner, checksum=rng.random() < 0.95)


def unpack(data: bytes) -> Members:
    """Return the members of an archive by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(members: Members) -> bytes:
    """Return an archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def repack(outer: Members, inner: Members, checksum: bool = True) -> bytes:
    """Return a bundle of these members, with a checksum that fits."""
    if inner:
        outer["estimators.skops"] = pack(inner)
    if checksum and "estimators.skops" in outer:
        digest = hashlib.sha256(outer["estimators.skops"]).hexdigest()
        try:
            description = json.loads(outer.get("model.json", b""))
            description["checksums"]["estimators.skops"] = digest
            outer["model.json"] = json.dumps(description).encode()
        except (ValueError, KeyError, TypeError):
            pass
    return pack(outer)


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 20])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)) :]
    return bytes(changed)


def _flip_member(outer: Members, inner: Members, rng: random.Random) -> None:
    name = rng.choice(sorted(inner))
    if inner[name]:
        inner[name] = _flipped(inner[name], rng)


def _swap_members(outer: Members, inner: Members, rng: random.Random) -> None:
    a, b = rng.choice(sorted(inner)), rng.choice(sorted(inner))
    inner[a], inner[b] = inner[b], inner[a]


def _drop_member(outer: Members, inner: Members, rng: random.Random) -> None:
    members = rng.choice([outer, inner, inner])
    del members[rng.choice(sorted(members))]


def _edit_schema(outer: Members, inner: Members, rng: random.Random) -> None:
    schema = json.loads(inner["schema.json"])
    for _ in range(rng.choice([1, 1, 2, 5])):
        _edit_node(schema, rng)
    inner["schema.json"] = json.dumps(schema).encode()


def _edit_description(outer: Members, inner: Members, rng: random.Random) -> None:
    description = json.loads(outer["model.json"])
    if rng.random() < 0.1:
        description = rng.choice([[], None, "text", 7, {}])
    else:
        _edit_node(description, rng)
    outer["model.json"] = json.dumps(description).encode()


def _edit_array(outer: Members, inner: Members, rng: random.Random) -> None:
    """Write extreme numbers into the values of an array, behind its header."""
    name = rng.choice([name for name in sorted(inner) if name.endswith(".npy")])
    content = bytearray(inner[name])
    start = 10 + int.from_bytes(content[8:10], "little")
    for _ in range(rng.choice([1, 4, 50])):
        if start + 8 > len(content):
            return
        place = start + 8 * rng.randrange((len(content) - start) // 8)
        value = rng.choice([-(2**63), -2, -1, 0, 1, 2**31, 2**62, 2**63 - 1, 0x7FF8 << 48])
        content[place : place + 8] = (value % 2**64).to_bytes(8, "little")
    inner[name] = bytes(content)


CHANGES: tuple[Callable[[Members, Members, random.Random], None], ...] = (
    _flip_member,
    _swap_members,
    _drop_member,
    _edit_schema,
    _edit_schema,
    _edit_schema,
    _edit_description,
    _edit_array,
    _edit_array,
)

_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**12,
    1e308,
    "",
    "null",
    "-1",
    "1000000000",
    "1e400",
    '"text"',
    "[]",
    "{}",
    "../../etc/passwd",
    "/etc/hostname",
    "schema.json",
    "ObjectNode",
    "ConstructorFromReduceNode",
    "FunctionNode",
    "builtins",
    "os",
    "system",
    [],
    {},
    "x" * 1000,
)


def _edit_node(root: Any, rng: random.Random) -> None:
    """Replace, remove or exchange a value at a random depth."""
    node = root
    while True:
        keys = _keys(node)
        if not keys:
            return
        key = rng.choice(keys)
        if not _keys(node[key]) or rng.random() < 0.1:
            break
        node = node[key]
    action = rng.random()
    if action < 0.6:
        node[key] = rng.choice(_VALUES)
    elif action < 0.8:
        del node[key]
    else:
        other = rng.choice(keys)
        node[key], node[other] = node[other], node[key]


def _keys(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node)
    return list(range(len(node))) if isinstance(node, list) else []
