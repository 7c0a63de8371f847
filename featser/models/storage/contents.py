"""The fields of ``model.json``, checked before anything else of a bundle is read."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_FEATURES = 10_000_000
MAX_NESTING = 60
MAX_WINDOW_S = 3600.0

_Text = Annotated[str, Field(max_length=100_000)]
_Count = Annotated[int, Field(ge=0, le=MAX_FEATURES)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class TaskFields(_Strict):
    """A task, as :meth:`featser.tasks.Task.to_dict` gives it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: _Text
    kind: Literal["classification", "ordinal", "regression"]
    classes: list[_Text] = []
    role: Literal["primary", "auxiliary"] = "auxiliary"


class ExtractorFields(_Strict):
    """An extractor, as the store describes it."""

    spec: _Text
    version: int = 0
    params: dict[str, Any] = {}
    names: list[_Text] = []


class PlaceFields(_Strict):
    """Where packed frames stand among the features."""

    model_config = ConfigDict(strict=True, extra="forbid")

    first: _Count
    last: _Count
    width: Annotated[int, Field(ge=1, le=MAX_FEATURES)]


class EnrolmentFields(_Strict):
    """What normalising by enrolled speakers has estimated."""

    least: Annotated[float, Field(ge=0)]
    most: Annotated[float, Field(ge=0)]
    frames: PlaceFields | None = None
    mean: list[float]
    variance: list[float]
    tau: list[float]


class DistanceFields(_Strict):
    """A fitted distance in feature space; arrays as base64."""

    columns: list[list[_Count]]
    mean: str
    scale: str
    components: str
    variance: str
    residual: Annotated[float, Field(gt=0)]
    limit: Annotated[float, Field(gt=0)]


class DomainFields(_Strict):
    """What the training recordings were like."""

    ranges: dict[_Text, list[float]] | None = None
    distance: DistanceFields | None = None


class WindowFields(_Strict):
    """The calibration for windows of one length."""

    window_s: Annotated[float, Field(gt=0, le=MAX_WINDOW_S)]
    hop_s: Annotated[float, Field(gt=0, le=MAX_WINDOW_S)]
    calibration: dict[_Text, dict[_Text, list[list[float]]]] = {}
    distance: DistanceFields | None = None


class NeighbourFields(_Strict):
    """Names, labels and, as base64, positions of training utterances."""

    positions: str
    files: list[_Text]
    speakers: list[_Text]
    labels: dict[_Text, list[_Text]]


class ComparisonFields(_Strict):
    """Training rows that predictions are compared with; arrays as base64."""

    background: str
    neighbours: NeighbourFields | None = None


class ContentFields(_Strict):
    """All of ``model.json``."""

    kind: Literal["bundle"] = "bundle"
    format: int
    coupling: _Text = "independent"
    tasks: Annotated[list[TaskFields], Field(min_length=1)]
    extractors: list[ExtractorFields]
    n_features: _Count
    speaker_norm: _Text
    training: dict[str, Any]
    libraries: dict[str, _Text]
    enrolment: EnrolmentFields | None = None
    domain: DomainFields | None = None
    comparison: ComparisonFields | None = None
    notes: list[_Text] = []
    calibration: dict[_Text, dict[_Text, list[list[float]]]] = {}
    windows: list[WindowFields] = []
    checksums: dict[str, _Text]


def read_format(text: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the object in ``model.json``, and the versions that it was saved with.

    The versions and the format are read before the other fields, which another format may have
    changed.

    Raises
    ------
    ValueError
        If it is no JSON object, or nested too deeply.
    """
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("model.json is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError(f"model.json holds {_kind(content)}, not an object of fields")
    _refuse_deep(content)
    if "format" not in content:
        raise ValueError("model.json lacks the field 'format'")
    libraries = content.get("libraries")
    versions = libraries if isinstance(libraries, dict) else {}
    return content, {str(k): str(v)[:40] for k, v in versions.items()}


def check_fields(content: dict[str, Any]) -> None:
    """Check all fields.

    Raises
    ------
    ValueError
        With the first field that is missing or wrong.
    """
    try:
        fields = ContentFields.model_validate(content)
    except ValidationError as error:
        raise ValueError(_first_fault(error)) from error
    names = [task.name for task in fields.tasks]
    if len(set(names)) < len(names):
        raise ValueError("model.json: tasks: two tasks have the same name")
    if "estimators.skops" not in fields.checksums:
        raise ValueError("model.json: checksums lacks the field 'estimators.skops'")
    enrolment = fields.enrolment
    if enrolment is not None:
        lengths = {len(enrolment.mean), len(enrolment.variance), len(enrolment.tau)}
        if len(lengths) > 1:
            raise ValueError("model.json: enrolment: its lists have different lengths")


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"])[:100]
    if fault["type"] == "missing":
        return f"model.json lacks the field '{place}'"
    return f"model.json: {place}: {fault['msg']}"


def _refuse_deep(content: Any) -> None:
    waiting = [(content, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise ValueError("model.json is nested too deeply")
        if isinstance(item, dict):
            waiting += [(value, depth + 1) for value in item.values()]
        elif isinstance(item, list):
            waiting += [(value, depth + 1) for value in item]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"model.json has {name}, which is no JSON")


def _kind(value: Any) -> str:
    names = {list: "a list", str: "text", type(None): "null", bool: "true or false"}
    return names.get(type(value), "a number")
