"""featser: speech emotion recognition for laboratories with ordinary computers.

The commands are functions here, with the same names and arguments: :func:`fetch`, :func:`scan`,
:func:`segment`, :func:`audit`, :func:`agreement`, :func:`extract`, :func:`fit`, :func:`compare`,
:func:`leakage`, :func:`curve`, :func:`run`, :func:`explain`, :func:`explore`, :func:`relabel`,
:func:`report`, :func:`stress`, :func:`calibrate`, :func:`predict`, :func:`export`.
:func:`timeline` predicts over the time of long recordings. :func:`extract_features`,
:func:`load_model` and :func:`read_audio` work on files without a store, :func:`prediction_sets` on
predictions. :func:`read_annotation` and :func:`write_annotation` exchange labelled intervals with
Praat, ELAN and Audacity.
:class:`Experiment` declares everything that decides a result. All of them are imported on first
use, so that ``import featser`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featser.api.audit import audit
    from featser.api.compare import compare
    from featser.api.curve import curve
    from featser.api.extract import extract
    from featser.api.fetch import fetch
    from featser.api.finished.calibrate import calibrate
    from featser.api.finished.explain import explain
    from featser.api.finished.explain_predictions import explain_predictions
    from featser.api.finished.explore import explore
    from featser.api.finished.relabel import relabel
    from featser.api.finished.report import report
    from featser.api.finished.stress import stress
    from featser.api.fit import fit
    from featser.api.labels.agreement import agreement
    from featser.api.leakage import leakage
    from featser.api.predict import predict, prediction_sets
    from featser.api.run import run
    from featser.api.scan import scan
    from featser.api.segment import segment
    from featser.api.stored.export import export
    from featser.api.timeline import timeline
    from featser.api.without_store import (
        extract_features,
        load_model,
        read_annotation,
        read_audio,
        write_annotation,
    )
    from featser.experiment.schema import Experiment

__version__ = "0.1.0"
__all__ = [
    "Experiment", "__version__", "agreement", "audit", "calibrate", "compare", "curve", "explain",
    "explain_predictions", "explore", "export", "extract", "extract_features", "fetch", "fit",
    "leakage", "load_model", "predict", "prediction_sets", "read_annotation", "read_audio",
    "relabel", "report", "run", "scan", "segment", "stress", "timeline",
    "write_annotation",
]  # fmt: skip

_ELSEWHERE = {
    "Experiment": "featser.experiment.schema",
    "agreement": "featser.api.labels.agreement",
    "calibrate": "featser.api.finished.calibrate",
    "explain": "featser.api.finished.explain",
    "explain_predictions": "featser.api.finished.explain_predictions",
    "explore": "featser.api.finished.explore",
    "export": "featser.api.stored.export",
    "extract_features": "featser.api.without_store",
    "load_model": "featser.api.without_store",
    "prediction_sets": "featser.api.predict",
    "read_annotation": "featser.api.without_store",
    "read_audio": "featser.api.without_store",
    "relabel": "featser.api.finished.relabel",
    "report": "featser.api.finished.report",
    "stress": "featser.api.finished.stress",
    "write_annotation": "featser.api.without_store",
}
"""Names whose module is not called like them."""


def __getattr__(name: str) -> Any:
    if name == "audit":  # a package of that name exists, which can be called
        return import_module("featser.audit")
    if name in __all__:
        return getattr(import_module(_ELSEWHERE.get(name, f"featser.api.{name}")), name)
    raise AttributeError(f"module 'featser' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
