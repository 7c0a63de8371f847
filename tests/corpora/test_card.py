"""Cards describe corpora as data, and say precisely what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from featser.corpora.card import list_cards, load_card
from featser.errors import CardError

CARD = """\
name: mine
title: Mine
licence: CC0
citation: none
source: here
grammar:
  pattern: (?P<who>[a-z]+)_(?P<what>01|02)
  example: anna_01
labels:
  speaker: "{who}"
  emotion: {value: "{what}", codes: {01: angry, 02: sad}}
tasks:
  emotion: {kind: classification, classes: [angry, sad]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_card_that_featser_brings_is_valid() -> None:
    names = list_cards()
    assert {"subesco", "banglaser", "ravdess", "emodb", "urdu", "folders", "table", "demo"} <= set(
        names
    )
    assert [load_card(name).name for name in names] == names


def test_cards_share_one_vocabulary_of_emotions() -> None:
    vocabulary = {
        "angry", "happy", "sad", "neutral", "calm", "fearful", "disgust", "surprised", "bored",
        "emphatic", "positive", "rest",
    }  # fmt: skip
    for name in list_cards():
        task = load_card(name).tasks.get("emotion")
        assert task is None or set(task.classes) <= vocabulary, name


def test_an_unknown_card_is_answered_with_the_nearest_one_and_all_of_them() -> None:
    with pytest.raises(CardError, match=r"'ravdes'; did you mean 'ravdess'\? valid: aesdd, ased"):
        load_card("ravdes")


def test_a_card_of_ones_own_is_loaded_by_its_path_and_keeps_codes_as_text(tmp_path: Path) -> None:
    card = load_card(written(tmp_path, CARD))
    assert card.row({"who": "anna", "what": "02"}) == {"speaker": "anna", "emotion": "sad"}


def test_a_card_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"nowhere\.yaml: the card cannot be read: No such file"):
        load_card(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("licence:", "license:", r"line 3: unknown field 'license'; did you mean 'licence'"),
        ("codes:", "code:", r"line 11: unknown field 'code'; .*'codes'.* \(in `labels.emotion`"),
        ("kind: classif", "kind: klassif", r"line 13: `tasks.emotion.kind` is 'klas.*'ordinal'"),
        ("citation: none\n", "", r"the field `citation` is missing: add it"),
        ('"{who}"', '"{whom}"', r"`labels.speaker.value`: unknown group .* did you mean 'who'"),
        ("[angry, sad]", "[angry, bored]", r"unknown code 'bored'"),
        ("anna_01", "anna-01", r"line 6: `grammar`: `example` 'anna-01' does not fit"),
        ("01|02)", "01|02", r"line 6: `grammar`: `pattern` is no regular expression"),
        ("title: Mine", "name: Mine", r"line 2: `name` stands twice"),
        ("tasks:\n  emotion", "tasks:\n  emotoin", r"column 'emotoin'; did you mean 'emotion'"),
        ("name: mine", "name: [mine", r"not YAML"),
    ],
)
def test_an_error_names_file_line_field_value_and_mend(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(CardError, match=r"mine\.yaml") as caught:
        load_card(written(tmp_path, CARD.replace(old, new, 1)))
    assert caught.match(message)


def test_expected_counts_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    text = CARD + "expected: {utterances: 5, classes: {angry: 2, sad: 2}}\n"
    with pytest.raises(CardError, match=r"add up to 4, `expected.utterances` says 5"):
        load_card(written(tmp_path, text))


def test_the_designs_of_the_full_factorial_corpora_have_the_published_sizes() -> None:
    for name in ("banglaser", "ravdess", "demo"):
        card = load_card(name)
        assert card.design is not None
        assert len(list(card.design.cells([]))) == card.expected.utterances, name
