"""Cards describe corpora as data, and errors in them are located precisely."""

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
        "amused", "anxious", "apologetic", "assertive", "concerned", "contempt", "emphatic",
        "encouraging", "enthusiastic", "excited", "positive", "rest", "sarcastic", "sleepy",
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


def test_a_private_card_needs_neither_licence_nor_citation(tmp_path: Path) -> None:
    private = CARD.replace("licence: CC0\n", "").replace("citation: none\n", "")
    assert load_card(written(tmp_path, private)).licence == ""
    offered = "download: {terms: 'https://a.org', files: [{url: 'https://a.org/a.zip'}]}\n"
    with pytest.raises(CardError, match=r"`download` needs `licence` and `citation`: add them"):
        load_card(written(tmp_path, private + offered))


def test_a_missing_card_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"nowhere\.yaml: the card cannot be read: No such file"):
        load_card(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("licence:", "license:", r"line 3: unknown field 'license'; did you mean 'licence'"),
        ("codes:", "code:", r"line 11: unknown field 'code'; .*'codes'.* \(in `labels.emotion`"),
        ("kind: classif", "kind: klassif", r"line 13: `tasks.emotion.kind` is 'klas.*'ordinal'"),
        ("title: Mine\n", "", r"the field `title` is missing: add it"),
        ('"{who}"', '"{whom}"', r"`labels.speaker.value`: unknown group .* did you mean 'who'"),
        ("[angry, sad]", "[angry, bored]", r"unknown code 'bored'"),
        ("anna_01", "anna-01", r"line 8: `grammar`: `example` 'anna-01' does not match"),
        ("01|02)", "01|02", r"line 7: `grammar`: `pattern` is not a regular expression"),
        ("title: Mine", "name: Mine", r"line 2: `name` occurs twice"),
        ("tasks:\n  emotion", "tasks:\n  emotoin", r"column 'emotoin'; did you mean 'emotion'"),
        ("name: mine", "name: [mine", r"not YAML"),
        ("name: mine", "name: My Own", r"line 1: `name` is 'My Own': use a-z, 0-9, - and _"),
        ("title: Mine", "title: [Mine]", r"line 2: `title` is \['Mine'\]: write text"),
        ("tasks:", "primary: mood\ntasks:", r"line 12: `primary`: unknown task 'mood'; valid: em"),
        ("tasks:", "faults: one\ntasks:", r"line 12: `faults` is 'one': write a list, such as"),
        ("tasks:", "expected: 5\ntasks:", r"line 12: `expected` is '5': write its fields below"),
        ("tasks:", "layout: list\ntasks:", r"line 12: `layout` is 'list': write 'files', 'mani"),
        ("tasks:", "? [a]\n: b\ntasks:", r"line 12: the name of a field is a word"),
        ("02)\n", "02)\n  ignore_case: si\n", r"line 8: .*ignore_case` is 'si': write true or f"),
    ],
)
def test_an_error_names_file_line_field_value_and_fix(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(CardError, match=r"mine\.yaml") as caught:
        load_card(written(tmp_path, CARD.replace(old, new, 1)))
    assert caught.match(message)


TABLE = """\
tables:
  - file: ratings.txt
    key: "{name}"
    lines:
      row: (?P<name>\\S+) (?P<valence>\\S+)
    numbers: {valence: valence}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("row:", "rows:", r"line 18: unknown field 'rows'; .*'row'.* \(in `tables.0.lines`\)"),
        ("\\S+)\n", "\\S+\n", r"line 18: `tables.0.lines`: `row` is not a regular expression"),
        ("valence}", "valenc}", r"line 19: `tables.0`: .*group of `lines.row` 'valenc'; did you"),
        ('"{name}"', "name", r"line 16: `tables.0`: `key` 'name': put groups .* in braces"),
        (
            "    lines",
            "    encoding: utf-99\n    lines",
            r"line 17: .*`encoding` 'utf-99' is unknown",
        ),
        ("    lines", "    separator: ''\n    lines", r"line 17: .*`separator` '': write one char"),
        ("    lines", "    bounds: [5, 1]\n    lines", r"line 17: .*write the least value, then"),
        ("    lines", "    bounds: [1, x]\n    lines", r"`tables.0.bounds.1` is 'x': write a numb"),
        (
            "    lines",
            "    ratings: {v: v}\n    lines",
            r"line 17: .*no group of `lines.rating`, so 'v' cannot",
        ),
        (
            "    lines",
            "    codes: {valence: {}}\n    lines",
            r"line 17: .*no column of `texts` or `votes`, so 'valence'",
        ),
        ("    lines", '    join_on: "{whom}"\n    lines', r"line 17: .*'whom'; did you mean 'who'"),
    ],
)
def test_an_error_in_a_table_of_a_card_names_line_field_value_and_fix(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    changed = TABLE.replace(old, new, 1)
    assert changed != TABLE
    with pytest.raises(CardError, match=r"mine\.yaml") as caught:
        load_card(written(tmp_path, CARD + changed))
    assert caught.match(message)


def test_an_example_that_holds_an_unknown_code_is_refused(tmp_path: Path) -> None:
    text = CARD.replace("01|02", "01|02|03").replace("anna_01", "anna_03")
    message = (
        r"line 8: `grammar.example`: emotion: '03' is not one of the codes 01, 02: "
        r"correct one of them"
    )
    with pytest.raises(CardError, match=message):
        load_card(written(tmp_path, text))


def test_expected_counts_without_tasks_are_refused(tmp_path: Path) -> None:
    text = CARD[: CARD.index("tasks:")] + "expected: {classes: {angry: 2, sad: 2}}\n"
    with pytest.raises(
        CardError, match=r"line 12: `expected.classes` needs `tasks` with `emotion`"
    ):
        load_card(written(tmp_path, text))


def test_utterances_without_the_main_label_count_as_expected(tmp_path: Path) -> None:
    text = CARD.replace("02: sad", "02: ''").replace("[angry, sad]", "[angry]")
    card = load_card(
        written(tmp_path, text + "expected: {utterances: 5, unlabelled: 3, classes: {angry: 2}}\n")
    )
    assert card.row({"who": "anna", "what": "02"})["emotion"] == ""


def test_a_card_of_a_table_takes_no_grammar(tmp_path: Path) -> None:
    text = CARD.replace("tasks:", "layout: audformat\ntasks:")
    with pytest.raises(CardError, match=r"`layout: audformat` reads a table: remove grammar"):
        load_card(written(tmp_path, text))


def test_expected_counts_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    text = CARD + "expected: {utterances: 5, classes: {angry: 2, sad: 2}}\n"
    with pytest.raises(CardError, match=r"add up to 4, `expected.utterances` is 5"):
        load_card(written(tmp_path, text))


def test_the_designs_of_the_full_factorial_corpora_have_the_published_sizes() -> None:
    for name in ("banglaser", "ravdess", "demo"):
        card = load_card(name)
        assert card.design is not None
        assert len(list(card.design.cells([]))) == card.expected.utterances, name


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ("[{who: 0..99999999, what: [a]}]", "more than 10,000 numbers"),
        ("[{who: 0..9999, what: 0..9999}]", "100,000,000 recordings, more than 1,000,000"),
    ],
)
def test_a_design_of_countless_recordings_is_refused(
    tmp_path: Path, blocks: str, message: str
) -> None:
    text = CARD + f"design:\n  name: '{{who}}'\n  blocks: {blocks}\n"
    with pytest.raises(CardError, match=message):
        load_card(written(tmp_path, text))
