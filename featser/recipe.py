"""Recipes: what to run, as data. A YAML file under ``pipelines/`` reproduces a result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from featser.corpora.card import list_cards, load_card
from featser.errors import FeatserError, RecipeError, unknown
from featser.tasks import Coupling, Fusion, Joint, TwoPass

if TYPE_CHECKING:
    from featser.evaluation.request import Sides

DEFAULT_FEATURES = (
    "handcrafted",
    "gemaps",
    "gemaps-contours",
    "voice",
    "rhythm",
    "timbre",
    "covariance",
    "modulation",
    "contrasts",
)


class Recipe(BaseModel):
    """One experiment.

    Attributes
    ----------
    name, title : str
        How it is called, and what it is, in a line.
    paper : str
        The publication it follows, if any.
    corpora : list of str
        Cards; ``--data NAME=FOLDER`` says where each is.
    features : list of str
        Extractors, such as ``handcrafted`` or ``mfcc:basic``.
    augmentation : list of str
        Augmented copies for training folds, such as ``noise:snr=5..20,copies=2``.
    labels : dict of str to dict
        For a label's column other names for its classes, such as ``{emotion: {calm: neutral}}``,
        so that corpora share them; an empty one removes the label.
    masked : dict of str to dict
        Which labels do not count beside which classes of another label, such as
        ``{intensity: {emotion: [neutral]}}``: neutral utterances then have no intensity.
    tasks : list of str
        Labels to predict; empty for all that the corpora truly have.
    primary : str
        The task that folds are balanced by and reports begin with.
    model : str
        An estimator's name, several with commas between, or ``vote``.
    weights : 'equal', 'inner', 'stacked' or list of float
        Of a vote's members.
    coupling : 'independent', 'chain', 'powerset', 'stacked' or 'auto'
        How tasks learn from each other.
    select : str
        Which features models see, chosen in the fold, such as ``anova:0.5``; ``none``: all.
    two_pass : 'none', 'common', 'hard', 'soft' or 'weighted'
        Whether each language has a model of its own, and how they are chosen.
    encode : str
        What models see of the features ``frames``, such as ``fisher:64``; ``none``: nothing.
    joint : str
        One network for all tasks, their losses weighted ``equal``, ``ming``, …; ``none``: one each.
    fusion : 'none', 'aligned', 'gated' or 'pooled'
        How extractors are put together: side by side; two of them also aligned with each other;
        those voting by a gate; or each pooled over time by maximum and by mean, all voting.
    tune : bool
        Whether estimators choose their settings on speakers left out of the training part.
    protocols : list of str
        How it is evaluated, the first one leading.
    train, test : list of str
        The corpora of ``cross-corpus`` on either side; empty for all others.
    dev : 'train' or 'unused'
        What becomes of the part ``dev`` of a ``fixed-split``.
    speaker_norm : str
        Whether each speaker's features are normalised by that speaker's own recordings: ``none``,
        ``transductive`` (by all of them), or ``enrol:N`` (by N that are given beforehand).
    seed : int
        Of everything random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
    paper: str = ""
    corpora: list[str] = Field(min_length=1)
    features: list[str] = Field(default=list(DEFAULT_FEATURES), min_length=1)
    augmentation: list[str] = []
    labels: dict[str, dict[str, str | None]] = {}
    masked: dict[str, dict[str, list[str]]] = {}
    tasks: list[str] = []
    primary: str = "emotion"
    model: str = "vote"
    weights: Literal["equal", "inner", "stacked"] | list[float] = "equal"
    tune: bool = False
    coupling: Coupling = "independent"
    select: str = "none"
    two_pass: TwoPass = "none"
    encode: str = "none"
    joint: Joint = "none"
    fusion: Fusion = "none"
    protocols: list[str] = Field(default=["speaker-independent"], min_length=1)
    train: list[str] = []
    test: list[str] = []
    dev: Literal["train", "unused"] = "train"
    speaker_norm: str = "none"
    seed: int = 0

    @property
    def sides(self) -> Sides:
        """What is for training and what for test, for protocols that must be told."""
        from featser.evaluation.request import Sides

        return Sides(tuple(self.train), tuple(self.test), self.dev)

    @field_validator("corpora")
    @classmethod
    def _known_corpora(cls, names: list[str]) -> list[str]:
        _refuse_unknown("corpus", names, list_cards())
        return names

    @field_validator("features")
    @classmethod
    def _known_features(cls, specs: list[str]) -> list[str]:
        from featser.features.extractor import make_extractor

        for spec in specs:
            _as_value_error(make_extractor, spec)
        return specs

    @field_validator("augmentation")
    @classmethod
    def _known_augmentation(cls, specs: list[str]) -> list[str]:
        from featser.features.augmentation.spec import parse_augmentation

        for spec in specs:
            _as_value_error(parse_augmentation, spec)
        return specs

    @field_validator("protocols")
    @classmethod
    def _known_protocols(cls, names: list[str]) -> list[str]:
        from featser.evaluation.protocols import PROTOCOLS

        _refuse_unknown("protocol", names, list(PROTOCOLS))
        return names

    @field_validator("speaker_norm")
    @classmethod
    def _known_speaker_norm(cls, text: str) -> str:
        from featser.evaluation.enrolment import speaker_norm_of

        _as_value_error(speaker_norm_of, text)
        return speaker_norm_of(text)

    @field_validator("model")
    @classmethod
    def _known_model(cls, name: str) -> str:
        from featser.models.estimators import members_of

        _as_value_error(members_of, name)
        return name

    @field_validator("select")
    @classmethod
    def _known_selection(cls, spec: str) -> str:
        from featser.models.selection import parse_selection

        _as_value_error(parse_selection, spec)
        return spec

    @field_validator("encode")
    @classmethod
    def _known_encoder(cls, spec: str) -> str:
        from featser.features.spectrum import N_MELS
        from featser.models.encoders import make_encoder

        if spec != "none":
            _as_value_error(partial(make_encoder, width=N_MELS), spec)
        return spec

    @model_validator(mode="after")
    def _known_sides(self) -> Recipe:
        _refuse_unknown("corpus", [*self.train, *self.test], self.corpora)
        return self

    @model_validator(mode="after")
    def _known_tasks(self) -> Recipe:
        valid = {task for name in self.corpora for task in load_card(name).tasks}
        if valid:
            valid.add("language")  # of every recording its card says it
            _refuse_unknown("task", [*self.tasks, self.primary], sorted(valid))
        if self.tasks and self.primary not in self.tasks:
            raise ValueError(f"the primary task '{self.primary}' is not among the tasks")
        return self


def list_recipes() -> dict[str, Path]:
    """Return the recipes that come with featser: name → file."""
    here = Path(__file__).resolve().parent
    for folder in (here / "pipelines", here.parent / "pipelines"):
        if folder.is_dir():
            return {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    return {}


def load_recipe(source: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    source : str or Path
        A YAML file, or the name of a recipe that comes with featser.
    changes : sequence of str
        Fields that are to have other values, such as ``model=svm``, ``features=[mfcc, rhythm]``
        or ``labels.emotion.calm=neutral``: after the first ``=`` stands YAML.

    Returns
    -------
    Recipe
        Checked.

    Raises
    ------
    RecipeError
        If the file is missing or not YAML, or a field is unknown, missing or invalid; the
        message names the field, its value and the valid ones.
    """
    path = list_recipes().get(str(source), Path(source))
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(list_recipes())
        raise RecipeError(f"{source}: cannot be read ({error}); recipes here: {known}") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise RecipeError(f"{path}: a recipe is a table of fields: {', '.join(_fields())}")
    for change in changes:
        _change(data, change)
    try:
        return Recipe(**data)
    except ValidationError as error:
        where = " ".join([str(path), *(f"--set {change}" for change in changes)])
        raise RecipeError(f"{where}: {'; '.join(map(_explain, error.errors()))}") from error


def _change(data: dict[str, Any], change: str) -> None:
    """Give a field the value that ``KEY=VALUE`` names; a dot in the key leads into a table."""
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set '{change}': write FIELD=VALUE, such as model=svm")
    *tables, last = key.split(".")
    if (first := key.split(".")[0]) not in _fields():
        raise RecipeError(f"--set {change}: {unknown('field', first, _fields())}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"--set {change}: the value is not YAML: {error}") from error
    for name in tables:
        data = data.setdefault(name, {})
        if not isinstance(data, dict):
            raise RecipeError(f"--set {change}: '{name}' is {data!r}, which has no fields")
    data[last] = value


def _fields() -> list[str]:
    return list(Recipe.model_fields)


def _explain(error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return unknown("field", field, _fields())
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"field '{field}' is missing"
    return f"field '{field}': {message}" if field else message


def _refuse_unknown(what: str, names: Sequence[str], valid: Sequence[str]) -> None:
    for name in names:
        if name not in valid:
            raise ValueError(unknown(what, name, valid))


def _as_value_error(check: Any, value: str) -> None:
    """Let pydantic collect what a featser function refuses."""
    try:
        check(value)
    except FeatserError as error:
        raise ValueError(str(error)) from error
