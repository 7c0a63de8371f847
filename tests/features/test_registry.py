"""The table of extractors, and what is derived from it."""

from __future__ import annotations

import pytest

from featser.errors import FeatureError
from featser.features.lowlevel.descriptor_families import FAMILIES
from featser.features.registry import (
    FAMILY_NAMES,
    FILE_EXTRACTORS,
    ROWS,
    extractor_names,
    list_extractors,
    make_extractor,
    make_extractors,
    trimmed_specs,
)
from featser.features.spec_names import DEFAULT_FEATURES, with_default_named


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_maker_exists_and_makes_that_extractor(row):
    maker = row.load()
    if row.kind == "file":
        assert callable(maker.parsed)
    else:
        assert make_extractor(row.name).name == row.name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_title_is_short_enough_for_a_list(row):
    assert 0 < len(row.title) <= 40
    assert row.title[-1] != "."


def test_names_are_unique():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


def test_families_are_those_of_the_descriptors():
    assert tuple(FAMILIES) == FAMILY_NAMES


def test_list_has_a_row_for_each_extractor_without_a_file():
    infos = list_extractors()
    assert tuple(info.name for info in infos) == extractor_names()
    assert {info.name: info.title for info in infos}["egemaps"] == "eGeMAPSv02 by openSMILE"
    assert not set(FILE_EXTRACTORS) & set(extractor_names())


def test_unknown_name_is_refused_with_all_names():
    with pytest.raises(FeatureError) as error:
        make_extractor("gemap")
    message = str(error.value)
    assert message.startswith("unknown extractor 'gemap'; did you mean 'gemaps'? valid: ")
    assert message.partition("valid: ")[2].split(", ") == [*(row.name for row in ROWS), "default"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mfcc+", "unknown family ''"),
        ("mfcc+gemaps", "unknown family 'gemaps'"),
        ("onnx-embedding", "names no file"),
        ("trim:trim:mfcc", "trimmed already"),
        ("trim:", "unknown extractor ''"),
        ("default", "'default' stands for several extractors: name one of them"),
        ("mfcc+default", "unknown family 'default'"),
    ],
)
def test_wrong_spec_is_refused_with_the_reason(spec, message):
    with pytest.raises(FeatureError, match=message):
        make_extractor(spec)


def test_joined_families_come_in_the_order_in_which_they_are_named():
    assert make_extractor("zcr+mfcc:basic").families == ("zcr", "mfcc")


def test_same_extractor_written_twice_is_made_once():
    assert len(make_extractors(["trim:mfcc", "trim:mfcc:standard", "mfcc"])) == 2
    assert trimmed_specs(["mfcc"]) == ("trim:mfcc:standard",)


def test_default_stands_for_the_default_extractors_each_once():
    assert with_default_named(["default"]) == DEFAULT_FEATURES
    assert with_default_named(["gemaps", "default", "frames", "default"]) == (
        "gemaps",
        *(name for name in DEFAULT_FEATURES if name != "gemaps"),
        "frames",
    )
    made = make_extractors(["default", "rhythm"])
    assert [extractor.name for extractor in made] == list(DEFAULT_FEATURES)


def test_trim_default_stands_for_each_of_them_without_silence():
    assert trimmed_specs(["default"]) == trimmed_specs(["trim:default"])
    assert [one.name for one in make_extractors(["trim:default"])] == [
        f"trim:{name}" for name in DEFAULT_FEATURES
    ]


@pytest.mark.parametrize("spec", ["default:full", "trim:default:full", "default:"])
def test_default_with_a_preset_is_refused_with_what_to_write(spec):
    with pytest.raises(FeatureError, match=f"^'{spec}': default stands for several extractors"):
        make_extractors(["mfcc", spec])
