"""scikit-learn's own checks of every public estimator of ``models`` and ``speakers``.

The estimators are discovered by walking the packages, so that a new one is checked, or listed in
:data:`NOT_CHECKED` with the reason.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

import featser.models
import featser.speakers
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.encoders import BagOfAudioWords, FisherVectors, IVectors, Supervectors
from featser.models.encoders.encoded import FramesAlone, FramesEncoded
from featser.models.encoders.gmm import DiagonalGMM
from featser.models.ensemble.voting import VoteClassifier, VoteRegressor
from featser.models.fusion.alignment import AlignedBlocks
from featser.models.fusion.columns import OnColumns, WithoutColumns
from featser.models.fusion.gated_vote import GatedVote
from featser.models.heads.balance import Balanced
from featser.models.heads.boosted import BatchedXGBClassifier, BatchedXGBRegressor
from featser.models.heads.calibration import GroupCalibrated
from featser.models.heads.concordance import CCCMatched
from featser.models.heads.fixed_epochs import FixedEpochsClassifier, FixedEpochsRegressor
from featser.models.heads.logistic_classifier import LogisticClassifier
from featser.models.heads.ordinal import OrdinalClassifier
from featser.models.kernel.multiple_kernels import KernelClassifier, KernelRegressor
from featser.models.language.two_pass import LanguageRouted
from featser.models.multitask import MultiTaskEstimator
from featser.models.selection.selectors import StabilitySelector
from featser.models.selection.tuning import TunedClassifier, TunedRegressor
from featser.models.transfer.auxiliary_weight import AuxiliaryWeighted
from featser.speakers.normalization import SpeakerNormalizer
from featser.tasks import Task

pytestmark = pytest.mark.slow

CLASSIFIERS = [("logistic", LogisticRegression()), ("bayes", GaussianNB())]
REGRESSORS = [("weak", Ridge(1.0)), ("strong", Ridge(10.0))]
VALUE = Task("value", "regression")
FEW_TREES = {"n_estimators": 10, "colsample_bytree": 1.0, "colsample_bynode": 1.0}

BUILT: dict[type, Callable[[], BaseEstimator]] = {
    AlignedBlocks: lambda: AlignedBlocks([1, 1]),
    AuxiliaryWeighted: lambda: AuxiliaryWeighted(LogisticRegression()),
    BagOfAudioWords: lambda: BagOfAudioWords(1, 4, cepstra=1, deltas=False, nearest=1),
    Balanced: lambda: Balanced(GaussianNB()),
    BatchedXGBClassifier: lambda: BatchedXGBClassifier(**FEW_TREES),
    BatchedXGBRegressor: lambda: BatchedXGBRegressor(**FEW_TREES),
    CCCMatched: lambda: CCCMatched(Ridge()),
    CoupledEstimator: lambda: CoupledEstimator([VALUE], {"value": Ridge()}, "independent"),
    DiagonalGMM: lambda: DiagonalGMM(2),
    FisherVectors: lambda: FisherVectors(1, 2, cepstra=1, deltas=False),
    FixedEpochsClassifier: lambda: FixedEpochsClassifier(hidden_layer_sizes=(20,), max_iter=60),
    FixedEpochsRegressor: lambda: FixedEpochsRegressor(max_iter=100),
    FramesAlone: lambda: FramesAlone(0, 1),
    FramesEncoded: lambda: FramesEncoded(0, 1, 1),
    GatedVote: lambda: GatedVote(CLASSIFIERS, n_folds=2),
    GroupCalibrated: lambda: GroupCalibrated(SVC()),
    IVectors: lambda: IVectors(1, 2, cepstra=1, deltas=False, rank=2),
    KernelClassifier: lambda: KernelClassifier(penalties=(1e-3, 1e-1)),
    KernelRegressor: lambda: KernelRegressor(penalties=(1e-3, 1e-1)),
    LanguageRouted: lambda: LanguageRouted(LogisticRegression(), "common"),
    LogisticClassifier: lambda: LogisticClassifier(tolerance=1e-11),
    MultiTaskEstimator: lambda: MultiTaskEstimator([VALUE], {"value": Ridge()}),
    OnColumns: lambda: OnColumns(LogisticRegression(), [0, 1]),
    WithoutColumns: lambda: WithoutColumns([(0, 1)]),
    OrdinalClassifier: lambda: OrdinalClassifier(LogisticRegression()),
    StabilitySelector: lambda: StabilitySelector(n_draws=4),
    Supervectors: lambda: Supervectors(1, 2, cepstra=1, deltas=False, n_dimensions=2),
    TunedClassifier: lambda: TunedClassifier(LogisticRegression(), [{"C": 0.1}], n_folds=2),
    TunedRegressor: lambda: TunedRegressor(Ridge(), [{"alpha": 10.0}], n_folds=2),
    VoteClassifier: lambda: VoteClassifier(CLASSIFIERS),
    VoteRegressor: lambda: VoteRegressor(REGRESSORS),
}
"""How an estimator is built for the checks; all others are built without arguments."""

COUPLER = "CoupledEstimator fits it on the predictions of several tasks: fit takes no X and y"
FITTED = "fitting a network makes it: it has no fit"
TORCH = "fitting a network needs torch, which the environment of these tests does not have"

NOT_CHECKED: dict[str, str] = {
    "Chain": COUPLER,
    "ExportedHead": FITTED,
    "JointNetwork": TORCH,
    "Powerset": COUPLER,
    "PreparedHead": FITTED,
    "Stacked": COUPLER,
    "Stream": "it is the base class of the networks and has no fit",
    "StreamClassifier": TORCH,
    "StreamEstimator": TORCH,
    "StreamRegressor": TORCH,
    "TotalVariability": "it is fitted on two arrays of statistics: fit takes no X and y",
}
"""Classes that are derived from ``BaseEstimator`` and not checked, with the reason."""

STREAMS = "featser.models.streams"
NEED_TORCH = {
    f"{STREAMS}.batch_augmentation",
    f"{STREAMS}.export",
    f"{STREAMS}.fitting",
    f"{STREAMS}.losses",
    f"{STREAMS}.networks",
    f"{STREAMS}.training",
    f"{STREAMS}.weighting",
}
"""Modules that import torch, which define no estimators."""

EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"
FOLDS = "copies of a row can be in different inner folds, which a weight of the row cannot express"
DRAWN = "each tree is grown on a random draw of rows, which depends on their number"

EXCEPTIONS: dict[type, dict[str, str]] = {
    BatchedXGBClassifier: {EQUIVALENCE: DRAWN},
    BatchedXGBRegressor: {EQUIVALENCE: DRAWN},
    CCCMatched: {EQUIVALENCE: FOLDS},
    GatedVote: {EQUIVALENCE: FOLDS},
    GroupCalibrated: {EQUIVALENCE: FOLDS},
    KernelClassifier: {EQUIVALENCE: FOLDS},
    KernelRegressor: {EQUIVALENCE: FOLDS},
    SpeakerNormalizer: {
        "check_methods_subset_invariance": (
            "it estimates each speaker's mean and deviation on the rows that it transforms"
        )
    },
    TunedClassifier: {EQUIVALENCE: FOLDS},
    TunedRegressor: {EQUIVALENCE: FOLDS},
    VoteClassifier: {EQUIVALENCE: FOLDS},
}
"""The checks that an estimator fails, with the reason; all other checks pass."""


def public_estimators() -> Iterator[type]:
    """Yield the estimators that the modules of ``models`` and ``speakers`` define."""
    for package in (featser.models, featser.speakers):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name in NEED_TORCH and find_spec("torch") is None:
                continue
            module = importlib.import_module(info.name)
            for name, kind in inspect.getmembers(module, inspect.isclass):
                is_own = kind.__module__ == info.name and not name.startswith("_")
                if is_own and issubclass(kind, BaseEstimator) and not inspect.isabstract(kind):
                    yield kind


def failed_checks(estimator: BaseEstimator) -> dict[str, str]:
    """Return the names of the checks that an estimator fails, each with the error."""
    checks = check_estimator(estimator, on_skip=None, on_fail=None)
    return {
        check["check_name"]: repr(check["exception"])
        for check in checks
        if check["status"] == "failed"
    }


CHECKED = [kind for kind in public_estimators() if kind.__name__ not in NOT_CHECKED]


@pytest.mark.parametrize("kind", CHECKED, ids=lambda kind: kind.__name__)
def test_estimator_fails_no_check_but_its_exceptions(kind: type) -> None:
    failed = failed_checks(BUILT.get(kind, kind)())
    assert sorted(failed) == sorted(EXCEPTIONS.get(kind, {})), failed


def test_classes_that_are_not_checked_cannot_be_fitted_alone() -> None:
    kinds = {kind.__name__: kind for kind in public_estimators()}
    assert set(kinds) >= set(NOT_CHECKED)
    for name, reason in NOT_CHECKED.items():
        if reason != TORCH:
            fit = getattr(kinds[name], "fit", None)
            assert fit is None or list(inspect.signature(fit).parameters)[1:3] != ["X", "y"]
