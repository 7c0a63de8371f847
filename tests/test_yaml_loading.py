"""YAML from users is refused in a line where it is hostile, before it costs time or memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from featser.corpora.card import load_card
from featser.errors import CardError, RecipeError
from featser.experiment.recipe import load_recipe
from featser.io.yaml_loading import HEADERS, YamlError, compose_yaml, load_yaml, read_yaml_text

BILLION = "a: &a [x, x]\n" + "".join(
    f"{chr(97 + i)}: &{chr(97 + i)} [{', '.join([f'*{chr(96 + i)}'] * 9)}]\n" for i in range(1, 9)
)

HOSTILE = {
    "aliases": (BILLION, r"line 2: aliases \(`\*a`\) are not allowed"),
    "an alias of itself": ("a: &a [*a]", "line 1: aliases"),
    "deep lists": ("a: " + "[" * 10_000, "nesting"),
    "deep mappings": ("{a: " * 500, "nesting"),
    "deep blocks": ("- " * 5_000, "more than 32 levels of nesting"),
    "many values": ("- a\n" * 30_000, "line 20000: more than 20,000 values"),
    "many bytes": ("# " + "x" * 300_000, "larger than 256 kB"),
    "a key twice": ("name: x\nname: y", "line 2: `name` occurs twice"),
    "a key that is a list": ("? [a]\n: b", "line 1: a key is a list"),
    "a Python object": ("a: !!python/object/apply:os.getcwd []", "line 1: not YAML: could not"),
    "a date that is none": ("a: 2024-99-99", "cannot be converted"),
    "an integer of 5,000 digits": ("a: " + "9" * 5_000, "cannot be converted"),
    "a tag that does not fit": ("a: !!timestamp z", "cannot be converted"),
    "a control character": ("a: \x00", "not YAML"),
    "a zero byte": ('a: "b\\0"', "line 1: a value holds a zero byte"),
    "two documents": ("--- a\n--- b", "line 2: not YAML"),
    "an open quote": ("a: 'b", "line 1: not YAML"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_load_yaml_hostile_text_is_refused_in_one_line(case: str) -> None:
    text, message = HOSTILE[case]
    with pytest.raises(YamlError, match=message) as caught:
        load_yaml(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("case", ["aliases", "deep lists", "many values", "many bytes"])
def test_cards_and_recipes_hostile_file_is_named(case: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(HOSTILE[case][0], encoding="utf-8")
    with pytest.raises(CardError, match=rf"mine\.yaml: .*{HOSTILE[case][1]}"):
        load_card(file)
    with pytest.raises(RecipeError, match=rf"mine\.yaml: .*{HOSTILE[case][1]}"):
        load_recipe(file)


@pytest.mark.parametrize("key", ["1", "null", "yes", "2.5", "2024-01-01"])
def test_load_recipe_key_that_is_not_text_is_refused(key: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: x\nlabels: {{emotion: {{{key}: calm}}}}\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=f"line 2: the key `{key}` is not text: write it in"):
        load_recipe(file)


def test_load_recipe_hostile_change_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: x\ncorpora: [emodb]\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"--set features=.*nesting"):
        load_recipe(file, ["features=" + "[" * 3_000])


def test_load_card_many_faults_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("".join(f"x{i}: y\n" for i in range(900)), encoding="utf-8")
    with pytest.raises(CardError, match="and 897 more") as caught:
        load_card(file)
    assert "\n" not in str(caught.value)


def test_load_yaml_header_counts_what_aliases_stand_for() -> None:
    assert load_yaml("a: &a [1, 2]\nb: *a\n1: c", HEADERS) == {"a": [1, 2], "b": [1, 2], 1: "c"}
    with pytest.raises(YamlError, match="more than 500,000 values"):
        load_yaml(BILLION, HEADERS)
    with pytest.raises(YamlError, match="an alias contains itself"):
        load_yaml("a: &a [*a]", HEADERS)


def test_compose_yaml_scalars_stay_text() -> None:
    node = compose_yaml("a: 01\nb: no")
    assert node is not None
    assert [value.value for _, value in node.value] == ["01", "no"]
    assert compose_yaml("") is None


def test_read_yaml_text_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: \xff")
    with pytest.raises(YamlError, match="not UTF-8 text"):
        read_yaml_text(tmp_path / "a.yaml")


@pytest.mark.parametrize("text", ["1:2", "-1:2", "1:2.5", "190:20:30"])
def test_load_yaml_numbers_with_colons_are_text(text: str) -> None:
    """YAML 1.1 reads them as numbers to base 60."""
    assert load_yaml(f"seed: {text}") == {"seed": text}


def test_load_yaml_other_scalars_keep_their_types() -> None:
    text = "[1, -0x1F, 017, 0b11, 1_000, 1.5, -.inf, 1e3, 1.0e+3, yes, ~, 2024-01-02T03:04:05, a]"
    assert load_yaml(text) == yaml.safe_load(text)
