"""One file that predicts from raw audio: the model, and all it needs to know about itself.

``model.featser`` is a ZIP archive of two members: ``model.json`` (tasks, extractors with their
parameters and fingerprints, library versions, what it was trained on, checksums) and
``estimators.skops`` (the fitted estimators in skops' format, which holds no code). Loading builds
objects of the types in :data:`ALLOWED` only, and refuses a file that names any other.
"""

from __future__ import annotations

import copy
import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from featser.errors import BundleError
from featser.files import whole
from featser.models.coupling import CoupledEstimator
from featser.models.enrolment import EnrolmentNormalizer
from featser.models.multitask import MultiTaskEstimator
from featser.tasks import Task

FORMAT = 2
COUPLED_FORMAT = 3
"""Of models whose tasks are coupled, which earlier versions cannot predict with."""

LIBRARIES = ("featser", "numpy", "scikit-learn", "scipy", "skops")

ALLOWED = (
    "featser.models.alignment.AlignedBlocks",
    "featser.models.balance.Balanced",
    "featser.models.boosted.BatchedXGBClassifier",
    "featser.models.boosted.BatchedXGBRegressor",
    "featser.models.calibration.GroupCalibrated",
    "featser.models.columns.OnColumns",
    "featser.models.concordance.CCCMatched",
    "featser.models.couplers.Chain",
    "featser.models.couplers.Powerset",
    "featser.models.couplers.Stacked",
    "featser.models.encoders.bag.BagOfAudioWords",
    "featser.models.encoders.fisher.FisherVectors",
    "featser.models.encoders.gmm.DiagonalGMM",
    "featser.models.encoders.ivector.IVectors",
    "featser.models.encoders.supervector.Supervectors",
    "featser.models.encoders.variability.TotalVariability",
    "featser.models.encoded.FramesAlone",
    "featser.models.encoded.FramesEncoded",
    "featser.models.exported.ExportedHead",
    "featser.models.exported.ExportedNetwork",
    "featser.models.exported.Head",
    "featser.models.exported.Scale",
    "featser.models.estimators.FixedEpochsClassifier",
    "featser.models.estimators.FixedEpochsRegressor",
    "featser.models.joint.PreparedHead",
    "featser.models.fusion.GatedVote",
    "featser.models.kernel.KernelClassifier",
    "featser.models.kernel.KernelRegressor",
    "featser.models.language.LanguageRouted",
    "featser.models.normalise.Clip",
    "featser.models.normalise.Standardise",
    "featser.models.ordinal.OrdinalClassifier",
    "featser.models.selection.ScoreSelector",
    "featser.models.selection.SpeakerTaskSelector",
    "featser.models.selection.StabilitySelector",
    "featser.models.streams.estimators.StreamClassifier",
    "featser.models.streams.estimators.StreamRegressor",
    "featser.models.transfer.ContinuedClassifier",
    "featser.models.tuning.TunedClassifier",
    "featser.models.tuning.TunedRegressor",
    "featser.models.voting.VoteClassifier",
    "featser.models.voting.VoteRegressor",
    "numpy.dtype",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
"""Types that a bundle may hold beside those that skops trusts (scikit-learn's and NumPy's own)."""


@dataclass
class Bundle:
    """A fitted model with what it needs to be used on new recordings.

    Parameters
    ----------
    model : MultiTaskEstimator
        Fitted.
    extractors : list of dict
        Descriptions as the store gives them, in the order of the feature columns.
    speaker_norm : str
        How features were made comparable across speakers before the model: ``none``,
        ``transductive``, or such as ``enrol:8``.
    training : dict
        What it was trained on and how well it did; plain data.
    libraries : dict of str to str
        Versions at fitting.
    normalizer : EnrolmentNormalizer, optional
        Where speakers are enrolled: fitted.
    """

    model: MultiTaskEstimator
    extractors: list[dict[str, Any]]
    speaker_norm: str
    training: dict[str, Any]
    libraries: dict[str, str]
    normalizer: EnrolmentNormalizer | None = None

    @property
    def tasks(self) -> Sequence[Task]:
        """What it predicts."""
        return self.model.tasks


def save_bundle(path: str | Path, bundle: Bundle) -> Path:
    """Write a model bundle, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Usually ``model.featser``.
    bundle : Bundle
        With a fitted model.

    Returns
    -------
    Path
        The file.
    """
    import skops.io

    # All at once: tasks may share a network.
    held: dict[str, Any] = _without_requests(dict(bundle.model.estimators_))
    coupler = getattr(bundle.model, "coupler_", None)
    if coupler is not None:
        held = {"estimators": held, "coupler": _without_requests(coupler)}
    data = skops.io.dumps(held)
    description = {
        "format": FORMAT if coupler is None else COUPLED_FORMAT,
        "coupling": getattr(bundle.model, "chosen_", "independent"),
        "tasks": [task.to_dict() for task in bundle.tasks],
        "extractors": bundle.extractors,
        "n_features": int(bundle.model.n_features_in_),
        "speaker_norm": bundle.speaker_norm,
        "training": bundle.training,
        "libraries": bundle.libraries,
        "enrolment": None if bundle.normalizer is None else bundle.normalizer.to_dict(),
        "notes": list(getattr(bundle.model, "notes_", ())),
        "checksums": {"estimators.skops": hashlib.sha256(data).hexdigest()},
    }
    path = Path(path)
    with whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _write_member(archive, "model.json", json.dumps(description, indent=1).encode())
        _write_member(archive, "estimators.skops", data)
    return path


def load_bundle(path: str | Path) -> Bundle:
    """Read a model bundle.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Bundle
        Ready to predict.

    Raises
    ------
    BundleError
        If the file is missing, damaged, of a later format, names a type that is not allowed,
        or cannot be read by the libraries installed here.
    """
    import skops.io

    path = Path(path)
    description, data = _read_members(path)
    libraries = description["libraries"]
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(data=data)) - set(ALLOWED))
        if foreign:
            raise BundleError(
                f"{path}: it holds types that featser does not load: {', '.join(foreign)}; "
                f"nothing of it was run"
            )
        held = skops.io.loads(data, trusted=list(ALLOWED))
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(
            f"{path}: cannot be loaded ({type(error).__name__}: {error}). "
            f"{_version_hint(libraries)}"
        ) from error
    tasks = tuple(Task.from_dict(task) for task in description["tasks"])
    enrolment = description.get("enrolment")
    return Bundle(
        _model(tasks, held, description),
        description["extractors"],
        description["speaker_norm"],
        description["training"],
        libraries,
        None if enrolment is None else EnrolmentNormalizer.from_dict(enrolment),
    )


def _model(
    tasks: Sequence[Task], held: dict[str, Any], description: dict[str, Any]
) -> MultiTaskEstimator:
    """Put together what was saved; of coupled tasks the estimators that predicting needs."""
    model: MultiTaskEstimator
    if description["format"] == FORMAT:
        model = MultiTaskEstimator(tasks, held)
        model.estimators_ = held
    else:
        model = CoupledEstimator(tasks, held["estimators"])
        model.estimators_, model.coupler_ = held["estimators"], held["coupler"]
        model.chosen_ = description["coupling"]
    model.n_features_in_ = description["n_features"]
    model.notes_ = description.get("notes", [])
    return model


def library_versions(extra: Sequence[str] = ()) -> dict[str, str]:
    """Return the versions of the libraries that a model depends on."""
    return {name: version(name) for name in (*LIBRARIES, *extra)}


def _write_member(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    # A fixed date: the same model gives the same file.
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, data)


def _read_members(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            description = json.loads(archive.read("model.json"))
            data = archive.read("estimators.skops")
    except FileNotFoundError as error:
        raise BundleError(
            f"{path}: no such file; `featser fit` writes RUN/model.featser"
        ) from error
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BundleError(f"{path}: not a model bundle, or a damaged one ({error})") from error
    if description.get("format") not in (FORMAT, COUPLED_FORMAT):
        raise BundleError(
            f"{path}: format {description.get('format')}, this featser reads {FORMAT} and "
            f"{COUPLED_FORMAT}; "
            f"{_version_hint(description.get('libraries', {}))}"
        )
    if hashlib.sha256(data).hexdigest() != description["checksums"]["estimators.skops"]:
        raise BundleError(f"{path}: damaged: estimators.skops does not match its checksum")
    return description, data


def _version_hint(libraries: dict[str, str]) -> str:
    here = library_versions()
    other = [f"{n} {v} (here {here[n]})" for n, v in libraries.items() if here.get(n, v) != v]
    if not other:
        return "It was saved with the very versions installed here, so the file is damaged"
    return f"It was saved with {', '.join(other)}: install those, or fit it again"


def _without_requests(estimator: Any) -> Any:
    """Return a copy without metadata requests: they only serve fitting, and skops refuses them."""
    estimator = copy.deepcopy(estimator)
    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
        elif hasattr(item, "get_params"):
            vars(item).pop("_metadata_request", None)
            waiting += vars(item).values()
        elif type(item).__module__.startswith("sklearn.") and hasattr(item, "__dict__"):
            waiting += vars(item).values()
    return estimator
