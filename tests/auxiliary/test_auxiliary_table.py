"""Tables give features of the extractor in use, or say why not and what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from featser.auxiliary.auxiliary_table import AuxiliaryTable
from featser.errors import AuxiliaryError
from featser.features.registry import make_extractor
from featser.features.sets.rhythm import Rhythm
from tests.auxiliary.small_tables import small_table


def with_origin(table: AuxiliaryTable, **changes: object) -> AuxiliaryTable:
    """The table with another origin of `rhythm`."""
    origin = replace(table.origins["rhythm"], **changes)  # type: ignore[arg-type]
    return replace(table, origins={**table.origins, "rhythm": origin})


def test_features_of_same_code_returned() -> None:
    table = small_table()
    rhythm = make_extractor("rhythm")
    np.testing.assert_array_equal(table.features(rhythm), table.values["rhythm"])
    assert table.extractors["rhythm"] == rhythm.fingerprint()


def test_features_lacking_name_the_command_that_computes_them() -> None:
    with pytest.raises(AuxiliaryError) as caught:
        small_table().features(make_extractor("voice"))
    assert str(caught.value) == (
        "auxiliary table 'own' lacks the features voice; it has rhythm, gemaps: use these, or run "
        "`featser aux add own --data own=FOLDER -f voice`, which computes them from the recordings"
    )


def test_features_of_raised_version_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    table = small_table()
    monkeypatch.setattr(Rhythm, "version", 7)
    with pytest.raises(
        AuxiliaryError, match=r"version 1, in use is version 7.*featser aux add own"
    ):
        table.features(make_extractor("rhythm"))


def test_features_of_other_parameters_or_decoder_refused() -> None:
    table = small_table()
    definition = dict(table.origins["rhythm"].definition)
    rhythm = make_extractor("rhythm")
    other = with_origin(table, definition=definition | {"params": {"step": 81}})
    with pytest.raises(AuxiliaryError, match="other values of 'params'"):
        other.features(rhythm)
    other = with_origin(table, definition=definition | {"decoder": -1})
    with pytest.raises(AuxiliaryError, match="version of the decoder -1"):
        other.features(rhythm)
    other = with_origin(table, dimension=3)
    with pytest.raises(AuxiliaryError, match="3 values, in use are 61"):
        other.features(rhythm)


def test_other_library_versions_noted_and_not_refused() -> None:
    table = small_table()
    libraries = dict(table.origins["rhythm"].libraries) | {"numpy": "2.0.0"}
    other = with_origin(table, libraries=libraries, fingerprint="0" * 16)
    rhythm = make_extractor("rhythm")
    assert other.features(rhythm).shape == (12, 61)
    (note,) = other.notes([rhythm])
    assert "'own' were computed with numpy 2.0.0 (here " in note
    assert table.notes([rhythm]) == []


def test_shape_that_contradicts_rows_refused() -> None:
    table = small_table()
    short = replace(table, values={**table.values, "rhythm": table.values["rhythm"][:3]})
    with pytest.raises(AuxiliaryError, match=r"\(3, 61\) values of 'rhythm' for 12 rows"):
        short.features(make_extractor("rhythm"))


def test_rows_without_key_refused() -> None:
    table = small_table()
    with pytest.raises(AuxiliaryError, match="the column `key` is missing"):
        replace(table, rows=table.rows.drop(columns="key"))


def test_display_counts_utterances_and_speakers() -> None:
    assert repr(small_table()) == (
        "<AuxiliaryTable: own: 12 utterances, 4 speakers, features rhythm, gemaps>"
    )
    assert "<td>003.wav</td>" in small_table()._repr_html_()


def test_name_that_is_no_name_refused() -> None:
    with pytest.raises(AuxiliaryError, match="'a b' cannot be the name of an auxiliary corpus"):
        replace(small_table(), name="a b")
