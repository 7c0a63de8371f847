"""Bundles of older versions: former modules of classes and former names of parameters."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from featser.models.storage.members import pack
from featser.models.storage.nodes import SCHEMA, all_nodes

MOVED = {
    "featser.models.alignment": "featser.models.fusion.alignment",
    "featser.models.balance": "featser.models.heads.balance",
    "featser.models.boosted": "featser.models.heads.boosted",
    "featser.models.calibration": "featser.models.heads.calibration",
    "featser.models.columns": "featser.models.fusion.columns",
    "featser.models.concordance": "featser.models.heads.concordance",
    "featser.models.couplers": "featser.models.coupling.couplers",
    "featser.models.encoded": "featser.models.encoders.encoded",
    "featser.models.estimators": "featser.models.heads.fixed_epochs",
    "featser.models.exported": "featser.models.exported.exported_network",
    "featser.models.fusion": "featser.models.fusion.gated_vote",
    "featser.models.joint": "featser.models.streams.joint",
    "featser.models.kernel": "featser.models.kernel.multiple_kernels",
    "featser.models.language": "featser.models.language.two_pass",
    "featser.models.normalise": "featser.speakers.normalization",
    "featser.models.ordinal": "featser.models.heads.ordinal",
    "featser.models.selection": "featser.models.selection.selectors",
    "featser.models.tuning": "featser.models.selection.tuning",
    "featser.models.voting": "featser.models.ensemble.voting",
}
"""Module that a bundle may name → the module that has its classes now."""

RENAMED = {"seed": "random_state"}
"""Former name of a parameter of featser's estimators → its name now."""


def former_names(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that classes had in older versions.

    Examples
    --------
    >>> former_names(("featser.models.heads.ordinal.OrdinalClassifier",))
    ('featser.models.ordinal.OrdinalClassifier',)
    """
    names = []
    for name in classes:
        module, _, kind = name.rpartition(".")
        names += [f"{old}.{kind}" for old, new in MOVED.items() if new == module]
    return tuple(names)


def current_name(kind: str) -> str:
    """Return the name that a class has now.

    Examples
    --------
    >>> current_name("featser.models.ordinal.OrdinalClassifier")
    'featser.models.heads.ordinal.OrdinalClassifier'
    """
    module, _, name = kind.rpartition(".")
    return f"{MOVED.get(module, module)}.{name}"


def with_current_names(data: bytes) -> bytes:
    """Return a skops archive with the modules and parameters of this version.

    Parameters
    ----------
    data : bytes
        An archive that was checked.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read(SCHEMA)
        if not any(f'"{name}"'.encode() in text for name in (*MOVED, *RENAMED)):
            return data  # most are: parsing takes a tenth of the time to load
        schema = json.loads(text)
        is_old = False
        for node in all_nodes(schema):
            is_old |= _rename_module(node) | _rename_parameters(node)
        if not is_old:
            return data
        names = [name for name in archive.namelist() if name != SCHEMA]
        members = [(name, archive.read(name)) for name in names]
    text = json.dumps(schema, separators=(",", ":")).encode()
    return pack([*members, (SCHEMA, text)], zipfile.ZIP_STORED)


def _rename_module(node: dict[str, Any]) -> bool:
    """Replace the former module of a node's class; return whether it had one."""
    module = node.get("__module__")
    if not isinstance(module, str) or module not in MOVED:
        return False
    node["__module__"] = MOVED[module]
    return True


def _rename_parameters(node: dict[str, Any]) -> bool:
    """Replace the former names of an estimator's parameters; return whether it had any."""
    if not str(node.get("__module__")).startswith("featser.models."):
        return False
    attributes = node.get("content", {}).get("content", {})
    if node.get("__loader__") != "ObjectNode" or not RENAMED.keys() & attributes.keys():
        return False
    renamed = {RENAMED.get(name, name): value for name, value in attributes.items()}
    node["content"]["content"] = renamed
    return True
