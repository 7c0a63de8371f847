"""The types that a bundle may hold."""

from __future__ import annotations

from featser.models.storage.moved import current_name, former_names
from featser.models.storage.nodes import ForeignTypeError, check_estimators
from featser.models.third_party import classes_in_bundles

ALLOWED = (
    "featser.models.fusion.alignment.AlignedBlocks",
    "featser.models.heads.balance.Balanced",
    "featser.models.heads.boosted.BatchedXGBClassifier",
    "featser.models.heads.boosted.BatchedXGBRegressor",
    "featser.models.heads.calibration.GroupCalibrated",
    "featser.models.fusion.columns.OnColumns",
    "featser.models.fusion.columns.WithoutColumns",
    "featser.models.heads.concordance.CCCMatched",
    "featser.models.coupling.couplers.Chain",
    "featser.models.coupling.couplers.Powerset",
    "featser.models.coupling.couplers.Stacked",
    "featser.models.encoders.bag.BagOfAudioWords",
    "featser.models.encoders.fisher.FisherVectors",
    "featser.models.encoders.gmm.DiagonalGMM",
    "featser.models.encoders.ivector.IVectors",
    "featser.models.encoders.supervector.Supervectors",
    "featser.models.encoders.variability.TotalVariability",
    "featser.models.encoders.encoded.FramesAlone",
    "featser.models.encoders.encoded.FramesEncoded",
    "featser.models.exported.exported_network.ExportedHead",
    "featser.models.exported.exported_network.ExportedNetwork",
    "featser.models.exported.exported_network.Head",
    "featser.models.exported.exported_network.Scale",
    "featser.models.heads.fixed_epochs.FixedEpochsClassifier",
    "featser.models.heads.fixed_epochs.FixedEpochsRegressor",
    "featser.models.heads.logistic_classifier.LogisticClassifier",
    "featser.models.streams.joint.PreparedHead",
    "featser.models.fusion.gated_vote.GatedVote",
    "featser.models.kernel.multiple_kernels.KernelClassifier",
    "featser.models.kernel.multiple_kernels.KernelRegressor",
    "featser.models.language.two_pass.LanguageRouted",
    "featser.speakers.normalization.Clip",
    "featser.speakers.normalization.Impute",
    "featser.speakers.normalization.Standardise",
    "featser.models.heads.ordinal.OrdinalClassifier",
    "featser.models.transfer.auxiliary_weight.AuxiliaryWeighted",
    "featser.models.selection.selectors.ScoreSelector",
    "featser.models.selection.selectors.SpeakerTaskSelector",
    "featser.models.selection.selectors.StabilitySelector",
    "featser.models.streams.estimators.StreamClassifier",
    "featser.models.streams.estimators.StreamRegressor",
    "featser.models.selection.tuning.TunedClassifier",
    "featser.models.selection.tuning.TunedRegressor",
    "featser.models.ensemble.voting.VoteClassifier",
    "featser.models.ensemble.voting.VoteRegressor",
    "numpy.dtype",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
"""Types that a bundle may hold beside those that skops trusts (scikit-learn's and NumPy's own)."""


def allowed_types(data: bytes) -> tuple[str, ...]:
    """Check which types the estimators of a bundle have, and return those that are to be built.

    skops goes through the types that it may build at each of an archive's objects, of which a
    model has 50,000. So it is given those that occur, not all that are allowed.

    Parameters
    ----------
    data : bytes
        A skops archive.

    Returns
    -------
    tuple of str
        By their names of this version, sorted.

    Raises
    ------
    ForeignTypeError
        If it names a type that neither featser nor an installed package allows.
    """
    own = (*ALLOWED, *former_names(ALLOWED))
    try:
        occurring = check_estimators(data, own)
    except ForeignTypeError:
        # Packages that add models are imported only where a bundle may be of one of them.
        added = classes_in_bundles()
        if not added:
            raise
        occurring = check_estimators(data, (*own, *added))
    return tuple(sorted({current_name(name) for name in occurring}))
