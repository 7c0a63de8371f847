"""The options of a command are those that the fields declare for it, and functions stay short."""

from __future__ import annotations

import inspect

import pytest
import typer
from pydantic import BaseModel

import featser
from featser.cli.main import app
from featser.experiment.declaration.option import declared_option
from featser.experiment.loading.extraction_options import ExtractionOptions
from featser.experiment.schema import Experiment
from tests.flow import featser_here

COMMANDS = ("extract", "audit", "run", "fit", "leakage", "curve")
MOST_PARAMETERS = 8


@pytest.mark.parametrize("command", COMMANDS)
def test_command_has_the_options_that_the_fields_declare_for_it(command: str) -> None:
    options = {
        option.name: option for option in typer.main.get_command(app).commands[command].params
    }
    models: tuple[type[BaseModel], ...] = (Experiment, ExtractionOptions)
    for model in models:
        for name in model.model_fields:
            option = declared_option(model, name)
            if command not in option.commands:
                continue
            assert option.names(name)[0] in str(options[name].opts), name
            assert options[name].help.startswith(option.help.rstrip(".:")), name


@pytest.mark.parametrize(
    ("command", "default"),
    [("extract", "[default: the recipe's, or mix]"), ("audit", "[default: mix]")],
)
def test_help_of_channel_shows_the_default_of_the_command(command: str, default: str) -> None:
    parameters = typer.main.get_command(app).commands[command].params
    (option,) = [option for option in parameters if option.name == "channel"]
    assert option.help.endswith(f"takes precedence. {default}")


def test_option_of_an_extraction_is_refused_as_in_python(tmp_path) -> None:
    shown = featser_here("extract", tmp_path, "--corpus", "demo", "--timeout", "0")
    assert shown.returncode == 2
    assert "--timeout: 0.0: input should be greater than 0" in shown.stderr
    shown = featser_here("extract", tmp_path, "--corpus", "demo", "--channel", "middle")
    assert "--channel: channel 'middle': write mix, left, right" in shown.stderr


@pytest.mark.parametrize("name", [name for name in dir(featser) if not name.startswith("_")])
def test_public_function_has_few_parameters(name: str) -> None:
    function = getattr(featser, name)
    if inspect.isfunction(function):
        assert len(inspect.signature(function).parameters) <= MOST_PARAMETERS
