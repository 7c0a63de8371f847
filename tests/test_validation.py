"""Python refuses what the command line refuses, before any work, and names the valid values."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import featser
from featser.api.validation import RULES, validated
from featser.errors import FeatserError, InputError
from featser.evaluation.protocols.request import CorpusSplit
from featser.experiment.schema import Experiment, flag
from tests.flow import featser_here

PUBLIC = [name for name in featser.__all__ if name not in ("__version__", "Experiment")]
"""The public functions; the class ``Experiment`` checks its fields itself."""


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"fusion": "alligned"}, ("fusion: ", "'alligned'", "did you mean 'aligned'?", "gated")),
        ({"dev": "unusd"}, ("dev: ", "'unusd'", "did you mean 'unused'?", "valid: train")),
        ({"weights": "innner"}, ("weights: ", "'innner'", "did you mean 'inner'?", "stacked")),
        ({"weights": [1, -1]}, ("weights: ", "[1, -1]", "0 or more")),
        ({"weights": "1,x"}, ("weights: ", "'1,x'", "equal, inner, stacked")),
        ({"weights": 2.5j}, ("weights: ", "2.5j", "equal, inner, stacked")),
        ({"coupling": "chian"}, ("coupling: ", "did you mean 'chain'?")),
        ({"two_pass": "sofft"}, ("two_pass: ", "did you mean 'soft'?")),
        ({"joint": "equl"}, ("joint: ", "did you mean 'equal'?")),
        ({"model": "kernl"}, ("model: ", "'kernl'", "did you mean 'kernel'?", "xgboost")),
        ({"model": 3}, ("model: ", "3", "string")),
        ({"protocols": "randm"}, ("protocols: ", "did you mean 'random'?")),
        ({"protocols": ["random", "randm"]}, ("protocols: ", "'randm'")),
        ({"speaker_norm": "transductiv"}, ("speaker_norm: ", "did you mean 'transductive'?")),
        ({"select": "anvoa"}, ("'anvoa'", "did you mean 'anova'?")),
        ({"encode": "fischer"}, ("'fischer'", "did you mean 'fisher'?")),
        ({"weights": "1e308,1e308"}, ("weights: ", "'1e308,1e308'", "at most 1,000,000")),
        ({"seed": -1}, ("seed: ", "-1", "0 or more")),
        ({"seed": 2**32}, ("seed: ", "4294967296", "give 4294967295 or less")),
        ({"draws": 10_001}, ("draws: ", "10001", "give 10000 or less")),
        ({"seed": 1.5}, ("seed: ", "1.5", "integer")),
        ({"n_jobs": 0}, ("n_jobs: ", "1 or more")),
        ({"n_jobs": "2"}, ("n_jobs: ", "'2'", "whole number")),
        ({"cache": "no"}, ("cache: ", "'no'", "True or False")),
        ({"data": "ravdess=x"}, ("data: ", "'ravdess=x'", "give a dict")),
        ({"features": {"mfcc": 1}}, ("features: ", "tuple")),
        ({"features": [1]}, ("features: ", "1", "string")),
        ({"tasks": [""]}, ("tasks: ", "is empty")),
    ],
)
def test_fit_with_a_wrong_argument_names_it_its_value_and_valid_ones(
    arguments: dict[str, Any], parts: tuple[str, ...]
) -> None:
    with pytest.raises(FeatserError) as caught:
        featser.fit(**arguments)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize(("source", "part"), [(3, "give a path"), ("a\0b", "zero byte")])
def test_fit_of_a_wrong_source_names_it(source: Any, part: str) -> None:
    with pytest.raises(InputError, match=f"source: .*{part}"):
        featser.fit(source)


WRONG: dict[str, dict[str, Any]] = {
    "agreement": {"": "x.csv", "output": "x.csv"},
    "audit": {"": "x.csv", "n_jobs": 0},
    "calibrate": {"": "run", "hop": 0.0},
    "compare": {"runs": 3},
    "curve": {"draws": 0},
    "explain": {"": "run", "by": "colour"},
    "explain_predictions": {"": "m.featser", "files": 3},
    "explore": {"": "run", "most": 0},
    "report": {"": "run", "pdf": "yes"},
    "export": {"output": "x.xlsx"},
    "extract": {"": "x.csv", "timeout": -1.0},
    "extract_features": {"": "x.wav", "errors": "ignore"},
    "fetch": {"corpus": "ravdess", "to": 3},
    "fit": {"fusion": "x"},
    "leakage": {"seed": "0"},
    "load_model": {"path": 3},
    "predict": {"": "m.featser", "files": 3},
    "prediction_sets": {"": "m.featser", "files": 3},
    "read_annotation": {"": "x.eaf", "tier": 3},
    "read_audio": {"": "x.wav", "start": -1.0},
    "relabel": {"": "run", "output": "x.txt"},
    "run": {"": "ravdess", "mode": "yes"},
    "scan": {"card": "demo", "folder": "."  , "output": "x.xlsx"},
    "segment": {"": "x.wav", "min_s": -1.0},
    "stress": {"": "run", "conditions": "nois"},
    "timeline": {"": "m.featser", "files": 3, "hop": 0.0},
    "write_annotation": {"intervals": [], "file": "x.eaf"},
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_refuses_a_wrong_argument(name: str) -> None:
    arguments = dict(WRONG[name])
    given = (
        [arguments.pop(""), *([3] if arguments.pop("files", None) else [])]
        if "" in arguments
        else []
    )
    with pytest.raises(InputError):
        getattr(featser, name)(*given, **arguments)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_of_a_public_function_has_a_rule(name: str) -> None:
    function = getattr(featser, name)
    if name == "audit":
        from featser.api.audit import audit as function  # the package of that name is callable
    assert hasattr(function, "__wrapped__"), f"{name} is not validated"
    named = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    assert set(named) <= {*RULES, "output"}


@pytest.mark.parametrize("argument", ["coupling", "two_pass", "joint", "fusion", "dev", "weights"])
def test_command_line_and_python_refuse_a_choice_with_the_same_words(argument: str) -> None:
    with pytest.raises(InputError) as caught:
        featser.fit(**{argument: "nonsense"})
    option = "--" + argument.replace("_", "-")
    shown = featser_here("fit", option, "nonsense")
    assert shown.returncode == 2
    assert shown.stderr.strip() == f"featser: {option}: {caught.value.problem}"


def test_options_of_other_names_are_named_as_on_the_command_line() -> None:
    assert featser_here("fit", "--protocol", "randm").stderr.startswith("featser: --protocol: ")
    assert featser_here("fit", "--task", "").stderr.startswith("featser: --task: ")
    assert featser_here("scan", "", ".").stderr.startswith("featser: CARD: ")


@pytest.mark.parametrize("field", Experiment.model_fields)
def test_errors_name_each_field_by_its_option(field: str) -> None:
    error = InputError("is wrong", field)
    assert error.on_command_line == f"--{flag(field)}: is wrong"


def test_a_single_name_or_path_is_a_list_of_one() -> None:
    assert RULES["features"]("mfcc") == ("mfcc",)
    assert RULES["files"]("one.wav") == ["one.wav"]
    assert RULES["files"](Path("one.wav")) == [Path("one.wav")]
    assert CorpusSplit(train="emodb").train == ("emodb",)  # type: ignore[arg-type]


def test_predict_of_a_single_path_is_one_recording(
    fitted: Path, voices: Path, tmp_path: Path
) -> None:
    recording = next(voices.iterdir())
    for files in (str(recording), recording, [recording]):
        table = featser.predict(next(fitted.rglob("model.featser")), files)  # type: ignore[arg-type]
        assert table["file"].tolist() == [str(recording)]
        assert table["error"].tolist() == [""]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("extract_features", {"files": 3}, "files: 3 is of type int: give a path, or a list"),
        ("extract_features", {"files": "x.wav", "extractors": [1]}, "extractors: 1 is of type"),
        (
            "extract_features",
            {"files": "x.wav", "channel": "middle"},
            "channel 'middle': write mix",
        ),
        ("extract_features", {"files": "x.wav", "n_jobs": 0}, "n_jobs: 0: give 1 or more"),
        ("read_audio", {"file": ""}, "file: is empty"),
        ("read_audio", {"file": "x.wav", "rate": 0}, "rate: 0: give 1000 or more"),
        ("read_audio", {"file": "x.wav", "end": float("inf")}, "end: inf: give seconds, 0 or more"),
        ("read_audio", {"file": "x.wav", "end": "1"}, "end: '1' is of type str: give seconds"),
        ("load_model", {"path": ""}, "path: is empty"),
    ],
)
def test_functions_without_a_store_name_a_wrong_argument(
    name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        getattr(featser, name)(**arguments)


def test_experiment_with_a_wrong_field_is_refused() -> None:
    with pytest.raises(InputError, match="kernl"):
        featser.Experiment(model="kernl")


def test_sides_refuse_another_use_of_dev() -> None:
    with pytest.raises(FeatserError, match="dev: unknown value 'unusd'; did you mean 'unused'"):
        CorpusSplit(dev="unusd")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["fit", "leakage", "curve", "run"])
def test_output_folder_that_is_a_file_is_refused_before_any_work(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        arguments = ["ravdess"] if name == "run" else []
        with pytest.raises(InputError, match=r"output: .*a file"):
            getattr(featser, name)(*arguments, output=output)


def test_a_function_with_an_argument_without_a_rule_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match=r"'unheard_of'.* has no rule"):

        @validated()
        def verb(unheard_of: int) -> None: ...
