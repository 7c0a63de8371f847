"""Results of experiments that have golden values: each model, each protocol, each option.

The names come from featser's own tables, so that a new one has no golden result and a test asks
for it. What each experiment gives is little: the leading metric of each task (intervals have
tests of their own), the fold that tests each utterance, and what is predicted for a few of them out
of fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tests.golden import adapter, experiments
from tests.golden.experiments import Experiment
from tests.golden.subjects import Subject, Values, without_version

Experiments = Mapping[str, Experiment]
"""Case → how it is fitted."""

PROBABILITY = 1e-3
"""Tolerance of probabilities, predicted numbers and metrics: kinds of CPU move them by 1e-6 and
less, and one utterance more that is recognised moves UAR by 0.01 and more."""
TREES = 1e-6
"""The same of trees, whose splits do not move; what remains is float32 arithmetic."""
NETWORK = 1e-2
"""The same of networks by attention: many steps of training make more of rounding."""
CONVOLUTIONAL = 0.25
"""The same of networks with convolutions, for all but the folds: training under another kind of
CPU or another number of threads moves single probabilities by up to 0.11."""
CONVOLUTIONS = ("cnn", "cnn-lstm", "cnn-bilstm", "multiscale")
TREE_MODELS = ("forest", "extra-trees", "xgboost")

SHOWN = 7
"""Every seventh utterance's predictions are pinned."""

CLASSES, NUMBERS = ("emotion", "effort"), ("arousal",)
ONE_KIND = {
    "svm": CLASSES,
    "logistic": CLASSES,
    "lda": CLASSES,
    "svr": NUMBERS,
    "ridge": NUMBERS,
    "forest": CLASSES[:1],
    "extra-trees": CLASSES[:1],
}
"""Models that are made for labels of one kind, or take long; all others predict classes, levels and
numbers."""
LONG = ("forest", "extra-trees")
"""Models whose experiment with levels and numbers is one of its own, for it takes long."""

FULL = {"enrol": "enrol:2", "fisher": "fisher:2", "supervector": "supervector:2"}
FULL |= {"ivector": "ivector:2", "bag": "bag:8"}
"""How an option's value is asked for, where its default is too much for so few utterances."""

DEFAULTS = {"coupling": "independent", "weights": "equal"}
"""Defaults of options, if not ``none``: other experiments have the default."""

TORCH = ("torch", "skorch", "onnx")


def results() -> list[Subject]:
    """Return a subject for each model, protocol and value of an option."""
    networks = adapter.network_names()
    return [
        *(
            _subject(f"models/{name}", _of_model(name), TREES if name in TREE_MODELS else None)
            for name in adapter.model_names()
            if name not in networks
        ),
        *(
            _subject(f"long/{name}", {"one split": _experiment({"model": name} | ORDERED)}, TREES)
            for name in LONG
        ),
        *(_subject(f"protocols/{name}", _of_protocol(name)) for name in adapter.protocol_names()),
        *(
            _subject(f"{option}/{value}", _of_option(option, value))
            for option, value in _options()
            if option != "joint"
        ),
        *(_subject(f"others/{name}", cases) for name, cases in OTHERS.items()),
        *(_network(f"networks/{name}", {"model": name}) for name in networks),
        *(
            _network(f"joint/{value}", {"model": "attention", "joint": value})
            for option, value in _options()
            if option == "joint"
        ),
    ]


def _options() -> list[tuple[str, str]]:
    """Return each option with each value that is not its default."""
    return [
        (option, value)
        for option, values in adapter.option_values().items()
        for value in values
        if value != DEFAULTS.get(option, "none")
    ]


def _subject(
    name: str, cases: Experiments, tolerance: float | None = None, needs: Sequence[str] = ()
) -> Subject:
    definitions = {case: one.definition() for case, one in cases.items()}
    models = "".join(str(one.settings["model"]) for one in cases.values())
    target = "golden-networks" if needs else "golden"
    libraries = [*needs, *(["xgboost-cpu"] if "xgboost" in models else [])]
    return Subject(
        f"results/{name}",
        partial(without_version, definitions, tuple(libraries)),
        partial(compute, cases),
        f"if this is meant, run `make {target} FORCE=results/{name}`",
        what="results",
        tolerance=partial(tolerance_of, limit=tolerance or PROBABILITY),
        uses_signals=False,
        needs=tuple(needs),
    )


def tolerance_of(case: str, name: str, limit: float) -> float:
    """Return how far a value may be from what is pinned: folds not at all."""
    return 0.0 if case.endswith(": folds") else limit


def _experiment(
    settings: Mapping[str, object],
    features: tuple[str, ...] = ("prosody", "timbre"),
    source: str = "corpus",
) -> Experiment:
    """Return an experiment with one fold and a quick model, where the settings say nothing else."""
    quick = {"model": "logistic", "protocol": "fixed-split", "tasks": CLASSES, "primary": "emotion"}
    return Experiment(quick | settings, features, source)


MIXED = (*CLASSES, *NUMBERS)
ORDERED = {"tasks": ("effort", "arousal"), "primary": "effort"}
BY_NUMBER = {"model": "ridge", "tasks": NUMBERS, "primary": "arousal"}


def _of_model(name: str) -> Experiments:
    tasks = ONE_KIND.get(name, MIXED)
    primary = "arousal" if tasks == NUMBERS else "emotion"
    return {"one split": _experiment({"model": name, "tasks": tasks, "primary": primary})}


def _of_protocol(name: str) -> Experiments:
    if name == "leave-one-corpus-out":
        return {"three corpora": _experiment({"protocol": name}, source="corpora")}
    if name == "cross-corpus":
        sides = {"protocol": name, "train": ("one",), "test": ("three", "two")}
        return {
            "two corpora by one": _experiment(sides, source="corpora"),
            "each by the others": _experiment({"protocol": name}, source="corpora"),
        }
    if name == "folds":
        published = {"protocol": name, "tasks": ("emotion",)}
        return {"speakers in several folds": _experiment(published, source="published")}
    if name == "fixed-split":
        unused = {"protocol": name, "dev": "unused"}
        return {"dev is learnt": _experiment({}), "dev is unused": _experiment(unused)}
    cases = {"14 speakers": _experiment({"protocol": name, "tasks": ("emotion",)})}
    if name in ("speaker-independent", "speaker-and-sentence-independent"):
        few = {"protocol": name, "tasks": ("emotion",)}
        cases["6 speakers"] = _experiment(few, source="few")
    if name in ("speaker-independent", "random"):
        cases["balanced by numbers"] = _experiment({"protocol": name} | BY_NUMBER)
    return cases


def _of_option(option: str, value: str) -> Experiments:
    chosen = {option: FULL.get(value, value)}
    if option == "encode":
        return {"one split": _experiment(chosen, ("prosody", "frames"))}
    if option == "weights":
        chosen |= {"model": "kernel,lda,knn"}
    if option in ("coupling", "select"):
        chosen |= {"model": "kernel", "tasks": MIXED}
    return {"one split": _experiment(chosen)}


OTHERS: Mapping[str, Experiments] = {
    "weights-given": {"1 to 3": _experiment({"model": "kernel,lda", "weights": (1.0, 3.0)})},
    "tune": {
        name: _experiment({"model": name, "tune": True, "tasks": CLASSES[:1]})
        for name in ("kernel", "logistic")
    },
    "batches": {"one split": _experiment({"model": "xgboost", "batches": True})},
    "augmented": {
        "copies are learnt from": _experiment({}, ("prosody",), "augmented"),
        "copies are not": _experiment({"augmented": False}, ("prosody",), "augmented"),
    },
    "seed": {
        f"seed 3, {protocol}": _experiment({"protocol": protocol, "seed": 3, "tasks": ("emotion",)})
        for protocol in ("random", "speaker-independent")
    },
    "all-rows": {
        name: _experiment({"model": name, "on_all": True, "tasks": MIXED})
        for name in ("kernel", "knn")
    },
    "enrolment-curve": {"one split": _experiment({"speaker_norm": "enrol:2"} | {"curve": True})},
}


def _network(name: str, settings: Mapping[str, object]) -> Subject:
    cases = {"one split": _experiment(settings, ("frames",))}
    limit = CONVOLUTIONAL if settings["model"] in CONVOLUTIONS else NETWORK
    return _subject(name, cases, limit, TORCH)


def compute(cases: Experiments) -> Values:
    """Carry experiments out, and return what is pinned of them."""
    values: Values = {}
    for case, experiment in cases.items():
        fitted = experiments.fit(experiment)
        values[f"{case}: metrics"] = dict(fitted.metrics)
        values[f"{case}: folds"] = {file: float(fold) for file, fold in fitted.folds.items()}
        rows = "all rows" if experiment.settings.get("on_all") else "out of fold"
        values[f"{case}: {rows}"] = {
            f"{file} {name}": float(value)
            for file, named in list(fitted.predictions.items())[::SHOWN]
            for name, value in named.items()
        }
    return values
