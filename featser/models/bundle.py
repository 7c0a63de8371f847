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
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from featser.audio.channels import MIX, parse_channel
from featser.errors import BundleError, FeatserError, InputError, TaskError
from featser.evaluation.conformal import Calibration
from featser.io.atomic_write import whole
from featser.io.file_format import FileFormat
from featser.io.result_display import Display, ShownResult
from featser.models.abstention.training_domain import TrainingDomain
from featser.models.abstention.window_calibration import (
    WindowCalibration,
    refuse_oversized_windows,
)
from featser.models.comparison.comparison import Comparison
from featser.models.coupling.coupling import CoupledEstimator
from featser.models.multitask import MultiTaskEstimator
from featser.models.storage.allowed_types import allowed_types
from featser.models.storage.bundle_name import BUNDLE
from featser.models.storage.contents import check_fields, read_format
from featser.models.storage.loaded import LoadedError, check_loaded
from featser.models.storage.members import MemberError, pack, refuse_oversized
from featser.models.storage.moved import with_current_names
from featser.models.storage.nodes import (
    MAX_ESTIMATORS,
    ForeignTypeError,
    NodeError,
    fixed_bytes,
)
from featser.models.storage.trees import TreeError
from featser.speakers.enrolment_normalizer import EnrolmentNormalizer
from featser.tasks import Task

FORMAT = FileFormat("bundle", 4, older=(2, 3))
"""Format 2 is of independent tasks and format 3 of coupled tasks; format 4 is of both."""

LIBRARIES = ("featser", "numpy", "scikit-learn", "scipy", "skops")

MEMBERS = {"model.json": 16_000_000, "estimators.skops": MAX_ESTIMATORS}
"""How many bytes each member of a bundle may unpack to; there are no others."""

_UNREADABLE = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    struct.error,
)
"""What reading a damaged archive or its JSON raises."""


@dataclass(repr=False)
class Bundle(ShownResult):
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
    channel : str
        Which channel of recordings it was fitted on: see :mod:`featser.audio.channels`.
    domain : TrainingDomain, optional
        What the training recordings were like; bundles of earlier versions have none.
    comparison : Comparison, optional
        Training rows that single predictions are compared with; the same.
    windows : sequence of WindowCalibration
        For windows of long recordings, where ``featser calibrate`` has added them.
    """

    model: MultiTaskEstimator
    extractors: list[dict[str, Any]]
    speaker_norm: str
    training: dict[str, Any]
    libraries: dict[str, str]
    normalizer: EnrolmentNormalizer | None = None
    channel: str = MIX
    domain: TrainingDomain | None = None
    comparison: Comparison | None = None
    windows: Sequence[WindowCalibration] = ()

    def display(self) -> Display:
        """Return the model's tasks and extractors."""
        specs = ", ".join(str(extractor["spec"]) for extractor in self.extractors)
        rows = [[task.name, task.kind, ", ".join(task.classes)] for task in self.tasks]
        names = ", ".join(task.name for task in self.tasks)
        return Display(f"predicts {names} from {specs}", ["task", "kind", "classes"], rows)

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

    Raises
    ------
    BundleError
        If calibrations for windows make it larger than :func:`load_bundle` reads.
    """
    import skops.io

    # All at once: tasks may share a network.
    held: dict[str, Any] = _without_requests(dict(bundle.model.estimators_))
    coupler = getattr(bundle.model, "coupler_", None)
    if coupler is not None:
        held = {"estimators": held, "coupler": _without_requests(coupler)}
    data = fixed_bytes(skops.io.dumps(held))
    description = {
        **FORMAT.header,
        "coupling": getattr(bundle.model, "chosen_", "independent"),
        "tasks": [task.to_dict() for task in bundle.tasks],
        "extractors": bundle.extractors,
        "n_features": int(bundle.model.n_features_in_),
        "speaker_norm": bundle.speaker_norm,
        "training": bundle.training,
        "libraries": bundle.libraries,
        "channel": bundle.channel,
        "domain": None if bundle.domain is None else bundle.domain.to_dict(),
        "comparison": None if bundle.comparison is None else bundle.comparison.to_dict(),
        "enrolment": None if bundle.normalizer is None else bundle.normalizer.to_dict(),
        "notes": list(getattr(bundle.model, "notes_", ())),
        "calibration": {
            name: calibration.to_dict()
            for name, calibration in getattr(bundle.model, "calibrations_", {}).items()
        },
        "windows": [one.to_dict() for one in bundle.windows],
        "checksums": {"estimators.skops": hashlib.sha256(data).hexdigest()},
    }
    path = Path(path)
    text = json.dumps(description, indent=1).encode()
    refuse_oversized_windows(path, bundle.windows, len(text), MEMBERS["model.json"])
    with whole(path) as temporary:
        temporary.write_bytes(pack([("model.json", text), ("estimators.skops", data)]))
    return path


def load_bundle(path: str | Path) -> Bundle:
    """Read a model bundle.

    Everything is checked before it is used: the sizes of members before they are unpacked, the
    fields of ``model.json``, which types are built and how (:mod:`featser.models.storage.nodes`),
    and the arrays that compiled code relies on (:mod:`featser.models.storage.loaded`).

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
        holds arrays that do not fit together, or cannot be read by the libraries installed here.
    """
    path = Path(path)
    description, data = _read_members(path)
    held = _build(path, data, description["libraries"])
    try:
        tasks = tuple(Task.from_dict(task) for task in description["tasks"])
        enrolment, n_features = description.get("enrolment"), description["n_features"]
        domain, comparison = description.get("domain"), description.get("comparison")
        domain = None if domain is None else TrainingDomain.from_dict(domain, n_features)
        if comparison is not None:
            comparison = Comparison.from_dict(comparison, n_features, domain)
        return Bundle(
            _model(tasks, held, description),
            description["extractors"],
            description["speaker_norm"],
            description["training"],
            description["libraries"],
            None if enrolment is None else EnrolmentNormalizer.from_dict(enrolment),
            _channel(path, description),
            domain,
            comparison,
            [
                WindowCalibration.from_dict(one, tasks, n_features)
                for one in description.get("windows", ())
            ],
        )
    except (TaskError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BundleError(f"{path}: damaged: {one_line(error)}") from error


@contextmanager
def applying(path: str | Path) -> Iterator[None]:
    """Turn what goes wrong inside a bundle's model into a :class:`BundleError`.

    Not every array of a model can be checked on loading. Those whose shapes do not fit end in
    errors of NumPy or scikit-learn, which say nothing to whoever predicts.

    Parameters
    ----------
    path : str or Path
        The bundle.

    Examples
    --------
    >>> with applying("model.featser"):  # doctest: +SKIP
    ...     bundle.model.predict(X)
    """
    try:
        yield
    except (FeatserError, MemoryError):
        raise
    except Exception as error:
        raise BundleError(
            f"{path}: its model cannot be applied, so the file is damaged or does not fit the "
            f"libraries installed here ({one_line(error)}); fit it again"
        ) from error


def one_line(error: BaseException) -> str:
    """Return an error's type and the beginning of its message, on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _build(path: Path, data: bytes, libraries: dict[str, str]) -> Any:
    """Check and build the estimators."""
    try:
        allowed = allowed_types(data)
        data = with_current_names(data)
        import skops.io  # which imports all of scikit-learn: only for what has passed the check

        # skops and its libraries warn of other versions, which the message below names.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = skops.io.loads(data, trusted=list(allowed))
        check_loaded(held)
    except ForeignTypeError as error:
        raise BundleError(
            f"{path}: it holds types that featser does not load: {str(error)[:400]}; "
            f"nothing of it was run"
        ) from error
    except (MemberError, NodeError, LoadedError, TreeError) as error:
        raise BundleError(
            f"{path}: damaged or tampered with: {error}; use it no more, and fit it again"
        ) from error
    except Exception as error:
        raise BundleError(
            f"{path}: cannot be loaded ({one_line(error)}). {_version_hint(libraries)}"
        ) from error
    return held


def _channel(path: Path, description: dict[str, Any]) -> str:
    """Return the channel that the model was fitted on; earlier versions averaged them."""
    try:
        return parse_channel(description.get("channel", MIX))
    except InputError as error:
        raise BundleError(f"{path}: damaged: {error}") from error


def _model(
    tasks: Sequence[Task], held: dict[str, Any], description: dict[str, Any]
) -> MultiTaskEstimator:
    """Put together what was saved; of coupled tasks the estimators that predicting needs."""
    model: MultiTaskEstimator
    coupled = description.get("coupling", "independent") != "independent"
    estimators = held["estimators"] if coupled else held
    missing = {task.name for task in tasks} - set(estimators)
    if not coupled and missing:  # a coupler needs only some of them
        raise ValueError("its estimators are of other tasks than model.json names")
    if coupled:
        model = CoupledEstimator(tasks, estimators)
        model.coupler_ = held["coupler"]
        model.chosen_ = description["coupling"]
    else:
        model = MultiTaskEstimator(tasks, estimators)
    model.estimators_ = estimators
    model.n_features_in_ = description["n_features"]
    model.notes_ = description.get("notes", [])
    classes = {task.name: task.classes for task in tasks}
    model.calibrations_ = {
        name: Calibration.from_dict(scores, classes[name])
        for name, scores in description.get("calibration", {}).items()
    }
    return model


def library_versions(extra: Sequence[str] = ()) -> dict[str, str]:
    """Return the versions of the libraries that a model depends on."""
    return {name: version(name) for name in (*LIBRARIES, *extra)}


def _read_members(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_oversized(archive, MEMBERS, 0, sum(MEMBERS.values()))
            description, libraries = read_format(archive.read("model.json"))
            try:
                FORMAT.number_of(description)
            except ValueError as error:
                hint = _format_hint(description, libraries)
                raise BundleError(f"{path}: {error}. {hint}") from error
            check_fields(description)
            data = archive.read("estimators.skops")
    except FileNotFoundError as error:
        raise BundleError(
            f"{path}: no such file; `featser fit` writes RUN/model.featser"
        ) from error
    except IsADirectoryError as error:
        raise BundleError(
            f"{path}: a folder without {BUNDLE}, which `featser fit` writes"
        ) from error
    except _UNREADABLE as error:
        reason = str(error) if type(error) in (MemberError, ValueError) else one_line(error)
        raise BundleError(f"{path}: not a model bundle, or a damaged one ({reason})") from error
    if hashlib.sha256(data).hexdigest() != description["checksums"]["estimators.skops"]:
        raise BundleError(f"{path}: damaged: estimators.skops does not match its checksum")
    return description, data


def _format_hint(description: dict[str, Any], libraries: dict[str, str]) -> str:
    """Say how to fix that a file is of another kind or format."""
    if description.get("kind", FORMAT.kind) != FORMAT.kind:
        return "Give a model.featser that `featser fit` wrote"
    number = description["format"]
    if type(number) is not int or _other_versions(libraries):
        return _version_hint(libraries)
    age = "a newer" if number > FORMAT.number else "an older"
    return f"It was saved with {age} featser: install that one, or fit it again"


def _other_versions(libraries: dict[str, str]) -> list[str]:
    here = library_versions()
    return [f"{n} {v} (here {here[n]})" for n, v in libraries.items() if here.get(n, v) != v]


def _version_hint(libraries: dict[str, str]) -> str:
    other = _other_versions(libraries)
    if not other:
        return "It was saved with the very versions installed here, so the file is damaged"
    return f"It was saved with {', '.join(other)}: install those, or fit it again"


def _without_requests(estimator: Any) -> Any:
    """Return a copy without metadata requests: they only serve fitting, and skops refuses them."""
    estimator = copy.deepcopy(estimator)
    visited: set[int] = set()
    waiting = [estimator]
    while waiting:
        item = waiting.pop()
        if id(item) in visited:
            continue
        visited.add(id(item))
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
