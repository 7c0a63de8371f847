"""The fields of an experiment, by group: type, valid values, option, and what each goes with.

A field is an option of the command line, a field of recipes, an argument of :func:`featser.fit`, a
row of the report's settings, an entry of ``run.json`` and a line that ``featser compare``
compares. Its annotation holds its type, its valid values and its
:class:`~featser.experiment.declaration.option.Option`; nothing about it is written anywhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from featser.experiment.declaration import label_choices, value_checks
from featser.experiment.declaration.option import ALL_STUDIES, Option
from featser.experiment.declaration.validators import (
    all_checked,
    checked,
    checked_if_given,
    each_checked,
    number_as_text,
    one_or_many,
    path_text,
)
from featser.features.spec_names import DEFAULT_FEATURES
from featser.tasks import Coupling, Fusion, Joint, Kind, NamedWeights, TwoPass

Names = Annotated[
    tuple[str, ...], BeforeValidator(one_or_many), each_checked(value_checks.not_empty)
]
Weights = NamedWeights | tuple[float, ...]
ADVANCED = "Advanced"
MAX_SEED = 2**32 - 1
"""The largest seed that NumPy's and scikit-learn's generators take."""
_RECIPE_ONLY: tuple[str, ...] = ()


class Fields(BaseModel):
    """A group of fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataFields(Fields):
    """Which recordings and labels an experiment is about."""

    name: Annotated[str, Option("The recipe's name.", commands=_RECIPE_ONLY, is_compared=False)] = (
        ""
    )
    title: Annotated[
        str, Option("The recipe in one line.", commands=_RECIPE_ONLY, is_compared=False)
    ] = ""
    paper: Annotated[
        str,
        Option(
            "The publication that the recipe follows.", commands=_RECIPE_ONLY, is_compared=False
        ),
    ] = ""
    corpora: Annotated[
        Names,
        each_checked(value_checks.corpus),
        AfterValidator(value_checks.different_corpora),
        Option(
            "The corpora: names of cards, files of your own cards, a pattern of the paths of "
            "recordings, or `manifest` for the rows of a manifest.",
            commands=_RECIPE_ONLY,
            suggestions=value_checks.corpus_names,
            is_compared=False,
        ),
    ] = ()
    columns: Annotated[
        dict[str, str],
        Option(
            "Other names for columns of the manifest, or of the corpora's cards, such as {label: "
            "emotion}.",
            flags=("--map",),
            commands=_RECIPE_ONLY,
        ),
    ] = {}
    labels: Annotated[
        dict[str, dict[str, str | None]],
        Option(
            "Other names for the classes of a label, such as {emotion: {calm: neutral}}; null "
            "removes a class.",
            flags=("--map",),
            commands=_RECIPE_ONLY,
        ),
    ] = {}
    masked: Annotated[
        dict[str, dict[str, list[str]]],
        Option(
            "Labels that do not count beside classes of another label, such as {intensity: "
            "{emotion: [neutral]}}.",
            commands=_RECIPE_ONLY,
        ),
    ] = {}
    tasks: Annotated[
        Names,
        Option(
            "A label to predict.",
            flags=("--task", "-t"),
            metavar="LABEL",
            default_text="every usable label",
        ),
    ] = ()
    kinds: Annotated[
        dict[str, Kind],
        BeforeValidator(label_choices.kinds),
        Option(
            "The kind of a label: classification, ordinal or regression.",
            flags=("--kind",),
            metavar="LABEL=KIND",
            default_text="by card or values",
        ),
    ] = {}
    aggregate: Annotated[
        dict[str, str],
        BeforeValidator(label_choices.aggregations),
        Option(
            "How a label is made of the ratings of several raters:",
            flags=("--aggregate",),
            commands=ALL_STUDIES,
            panel=ADVANCED,
            metavar="LABEL=METHOD",
            choices=label_choices.aggregation_names,
            default_text="majority, of numbers the mean",
        ),
    ] = {}
    primary: Annotated[
        str,
        Option(
            "The task that folds are balanced by.",
            metavar="LABEL",
            commands=ALL_STUDIES,
            default_text="the card's, emotion, or the first",
        ),
    ] = "emotion"


class FeatureFields(Fields):
    """Which features models see."""

    features: Annotated[
        Names,
        Field(min_length=1),
        all_checked(value_checks.extractors),
        Option(
            "An extractor (see `featser features`).",
            flags=("--features", "-f"),
            metavar="NAME",
            commands=ALL_STUDIES,
            suggestions=value_checks.extractor_names,
            added=value_checks.added_extractors,
            default_text="as extracted",
            is_compared=False,
        ),
    ] = DEFAULT_FEATURES
    channel: Annotated[
        str | None,
        BeforeValidator(number_as_text),
        checked_if_given(value_checks.channel),
        Option(
            "Which channel of recordings that have several: mix, left, right, a number from 1 on, "
            "or loudest; 2/left is that of the second audio stream.",
            commands=_RECIPE_ONLY,
            default_text="mix",
        ),
    ] = None
    augmentation: Annotated[
        Names,
        all_checked(value_checks.augmentations),
        Option(
            "Augmented copies for training folds, such as speaker or noise:snr=5..20,copies=2.",
            commands=_RECIPE_ONLY,
        ),
    ] = ()
    augmented: Annotated[bool, Option("Use augmented copies in training folds.")] = True
    trim: Annotated[
        bool,
        Option(
            "Use features of recordings without leading and trailing silence.",
            commands=ALL_STUDIES,
        ),
    ] = False
    select: Annotated[
        str,
        checked(value_checks.selector),
        Option(
            "Features are selected in the training fold: anova:0.5, mutual:0.5, speakers:0.1, "
            "stability:0.6.",
            panel=ADVANCED,
            metavar="NAME[:NUMBER]",
            needs_memory=True,
        ),
    ] = "none"
    encode: Annotated[
        str,
        checked(value_checks.encoder),
        Option(
            "Encoder of the features `frames`, fitted on the training fold: fisher:64, "
            "supervector:64, ivector:64, bag:512.",
            panel=ADVANCED,
            metavar="NAME[:NUMBER]",
            needs_memory=True,
        ),
    ] = "none"


class ModelFields(Fields):
    """What is fitted to the features."""

    model: Annotated[
        str,
        checked(value_checks.model),
        Option(
            "An estimator, or several with commas between them, which vote.",
            flags=("--model", "-m"),
            metavar="NAME",
            commands=ALL_STUDIES,
            choices=value_checks.model_names,
            is_compared=False,
        ),
    ] = "vote"
    weights: Annotated[
        Weights,
        BeforeValidator(value_checks.weights),
        Option(
            "Weights of a vote: auto, equal, inner, stacked (by inner folds), or numbers: 1,2,1.",
            panel=ADVANCED,
            metavar="WEIGHTS",
        ),
    ] = "auto"
    tune: Annotated[
        bool,
        Option(
            "Tune each estimator (up to 8 settings) on speakers left out of the training fold.",
            panel=ADVANCED,
            needs_memory=True,
        ),
    ] = False
    coupling: Annotated[
        Coupling,
        Option(
            "How tasks use each other's predictions; auto takes the best on inner folds.",
            panel=ADVANCED,
            needs_memory=True,
        ),
    ] = "independent"
    two_pass: Annotated[
        TwoPass,
        Option(
            "Identify the language first, then use a model of that language.",
            panel=ADVANCED,
            excludes=("coupling",),
            needs_memory=True,
        ),
    ] = "none"
    joint: Annotated[
        Joint,
        Option(
            "One network for all tasks, with the losses weighted in this way.",
            panel=ADVANCED,
            excludes=("coupling", "select", "two_pass", "fusion", "tune", "encode"),
        ),
    ] = "none"
    fusion: Annotated[
        Fusion,
        Option(
            "How extractors are combined: side by side (none), aligned in pairs, weighted by a "
            "gate, or each pooled over time.",
            panel=ADVANCED,
            excludes=("coupling", "select", "tune", "encode", "two_pass"),
            needs_memory=True,
        ),
    ] = "none"
    aux: Annotated[
        Names,
        Option(
            "Another corpus to train on as well (`featser aux list`).",
            flags=("--aux",),
            metavar="CORPUS",
            default_text="none",
            excludes=("two_pass", "joint", "fusion", "encode"),
            needs_memory=True,
        ),
    ] = ()
    batches: Annotated[
        bool | None,
        Option(
            "Read features in batches (xgboost only).",
            panel=ADVANCED,
            default_text="from 1 GB of features on",
        ),
    ] = None


class EvaluationFields(Fields):
    """How the model is evaluated."""

    protocols: Annotated[
        Names,
        Field(min_length=1),
        each_checked(value_checks.protocol),
        Option(
            "How folds are made:",
            flags=("--protocol", "-p"),
            metavar="NAME",
            choices=value_checks.protocol_names,
            is_compared=False,
        ),
    ] = ("speaker-independent",)
    train: Annotated[
        Names,
        Option("A corpus of the training set, for cross-corpus.", metavar="CORPUS"),
    ] = ()
    test: Annotated[
        Names, Option("A corpus of the test set, for cross-corpus.", metavar="CORPUS")
    ] = ()
    dev: Annotated[
        Literal["train", "unused"],
        Option("Use of the set `dev` of a fixed split:", panel=ADVANCED),
    ] = "train"
    folds: Annotated[
        str,
        BeforeValidator(path_text),
        Option(
            "Published folds, for folds: a table with `name` and `fold`.",
            metavar="FILE",
            is_compared=False,
        ),
    ] = ""
    speaker_norm: Annotated[
        str,
        checked(value_checks.speaker_norm),
        Option(
            "Normalise by speaker: none, enrol[:N] (by N unscored recordings), transductive "
            "(by all).",
            metavar="NORM",
            needs_memory=True,
            in_batches=("transductive",),
        ),
    ] = "none"
    enrolment_curve: Annotated[
        bool,
        Option(
            "With enrol: also evaluate 0, 1, 2, 4, 8 and 16 recordings.",
            panel=ADVANCED,
            is_compared=False,
        ),
    ] = False
    audit: Annotated[
        bool,
        Option(
            "Audit recordings; keep copies of one in one fold.",
            commands=ALL_STUDIES,
        ),
    ] = True
    draws: Annotated[
        int,
        Field(ge=1, le=10_000, strict=True),
        Option(
            "Random choices of training speakers for each size.",
            commands=("curve",),
            is_compared=False,
        ),
    ] = 5
    seed: Annotated[
        int,
        Field(ge=0, le=MAX_SEED, strict=True),
        Option("Random seed for folds and models.", commands=ALL_STUDIES),
    ] = 0
