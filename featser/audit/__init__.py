"""The audit: duplicates, contradictory labels, damage and shortcuts, before any training.

``featser.audit(…)`` is the command of that name (:func:`featser.api.audit.audit`), so this package
can be called; import ``Finding`` and ``audit_manifest`` from its modules. It may import from
``evaluation``, ``corpora``, ``audio`` and the layers below, but not from ``models`` or
``extraction``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    """A package that can be called like the public function of the same name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return import_module("featser.api.audit").audit(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
