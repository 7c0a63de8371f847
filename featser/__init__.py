"""featser: speech emotion recognition for laboratories with ordinary computers.

The verbs of the command line are functions here, with the same names and arguments:
:func:`fetch`, :func:`scan`, :func:`extract`, :func:`fit`, :func:`compare`, :func:`leakage`,
:func:`curve`, :func:`run`, :func:`predict`. They are imported on first use, so that
``import featser`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featser.verbs.compare import compare
    from featser.verbs.curve import curve
    from featser.verbs.extract import extract
    from featser.verbs.fetch import fetch
    from featser.verbs.fit import fit
    from featser.verbs.leakage import leakage
    from featser.verbs.predict import predict
    from featser.verbs.run import run
    from featser.verbs.scan import scan

__version__ = "0.1.0"
__all__ = [
    "__version__", "compare", "curve", "extract", "fetch", "fit", "leakage", "predict", "run",
    "scan",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in __all__[1:]:
        return getattr(import_module(f"featser.verbs.{name}"), name)
    raise AttributeError(f"module 'featser' has no attribute {name!r}")
