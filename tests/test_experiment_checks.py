"""Incompatible settings are declared beside the fields, and refused when an experiment is built."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from featser.errors import InputError
from featser.experiment.explained import check_fields
from featser.experiment.schema import Experiment, option_of

TWO = ("mfcc:basic", "rms:basic")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"fusion": "gated", "features": TWO, "tune": True},
            "--fusion gated cannot be combined with --tune",
        ),
        (
            {"two_pass": "soft", "coupling": "chain"},
            "--two-pass soft cannot be combined with --coupling chain",
        ),
        ({"two_pass": "weighted", "model": "lda,svm"}, "which --model lda does not"),
        (
            {"fusion": "gated", "features": TWO, "weights": "1,2"},
            "--weights 1.0,2.0 has no effect with --fusion gated",
        ),
        (
            {"fusion": "aligned", "features": TWO, "weights": "equal"},
            "--weights equal has no effect with --fusion aligned",
        ),
        ({"fusion": "aligned", "features": "mfcc"}, "combines two extractors; there are 1"),
        (
            {"fusion": "pooled", "features": TWO, "model": "lda,knn,svm"},
            "a model for each of 2 extractors",
        ),
        (
            {"batches": True, "model": "xgboost", "coupling": "chain"},
            "--coupling chain needs all features in memory: leave --batches out",
        ),
        (
            {"batches": True, "model": "xgboost", "speaker_norm": "enrol:4"},
            "--speaker-norm enrol:4 needs all features in memory",
        ),
        ({"batches": True, "model": "vote"}, "--model vote needs all features in memory"),
        (
            {"model": "svm,knn", "weights": "1"},
            "--weights 1 has 1 weight, and 2 models vote (svm, knn): give 2 numbers, such as 1,1",
        ),
        ({"model": "svm,knn", "weights": "2,1,0.5"}, "--weights 2,1,0.5 has 3 weights, and 2"),
        (
            {"model": "lda", "weights": "1,2"},
            "--weights 1,2 needs a vote, and --model lda is one model: leave --weights out",
        ),
        ({"model": "lda", "weights": "inner"}, "--weights inner needs a vote"),
        (
            {"model": "lda", "weights": "1,2", "fusion": "pooled", "features": TWO},
            "--weights 1,2 has 2 weights, and 4 pooled models vote (two for each extractor)",
        ),
        ({"train": "emodb"}, "--train and --test are for `--protocol cross-corpus`"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        Experiment(**fields)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"batches": True, "model": "xgboost", "speaker_norm": "transductive"},
        {"batches": False, "tune": True},
        {"model": "svm,knn", "weights": "1,0"},
        {"model": "vote", "weights": "inner"},
        {"model": "lda", "weights": "1,2,1,1", "fusion": "pooled", "features": TWO},
        {"fusion": "gated", "features": TWO, "batches": False},
        {"train": "emodb", "protocols": "cross-corpus"},
    ],
)
def test_fields_that_go_together_are_accepted(fields: dict[str, Any]) -> None:
    Experiment(**fields)


def test_fields_that_exclude_others_name_fields() -> None:
    for name in Experiment.model_fields:
        assert set(option_of(name).excludes) <= set(Experiment.model_fields)


def test_fields_of_a_recipe_are_refused_as_arguments_of_a_fit() -> None:
    fields = {"labels": {"emotion": {"calm": "neutral"}}}
    with pytest.raises(InputError, match="labels: this field is part of a recipe"):
        check_fields(fields)
    check_fields(fields, in_recipe=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": ""}, "model: unknown model ''"),
        ({"modle": "svm"}, "unknown field 'modle'; did you mean 'model'?"),
        ({"features": []}, "features: "),
        ({"seed": 2**40, "model": "x"}, "model: unknown model 'x'"),
        ({"train": "emodb"}, "--train and --test are for"),
    ],
)
def test_experiment_invalid_field_raises_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        Experiment(**fields)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_experiment_model_validate_raises_validation_error() -> None:
    with pytest.raises(ValidationError):
        Experiment.model_validate({"model": ""})


def test_experiment_hash_is_equal_for_equal_experiments() -> None:
    one = Experiment(kinds={"arousal": "ordinal", "valence": "regression"}, model="rf")
    other = Experiment(kinds={"valence": "regression", "arousal": "ordinal"}, model="forest")
    assert one == other
    assert len({one, other, Experiment()}) == 2


def test_corpora_named_twice_are_refused(tmp_path: Path) -> None:
    card = resources.files("featser.corpora") / "cards" / "emodb.yaml"
    own = tmp_path / "mine.yaml"
    own.write_text(card.read_text(encoding="utf-8"), encoding="utf-8")
    for corpora in (["manifest", "manifest"], ["emodb", "ravdess", "emodb"]):
        with pytest.raises(InputError, match=f"corpora: '{corpora[0]}' is named twice"):
            Experiment(corpora=corpora)
    with pytest.raises(
        InputError, match=r"corpora: '.*mine\.yaml', the corpus of 'emodb', is named twice"
    ):
        Experiment(corpora=["emodb", str(own)])
    assert Experiment(corpora=["manifest", "emodb"]).corpora == ("manifest", "emodb")
