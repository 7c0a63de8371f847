"""Patterns read fields from names of folders and files, one way or not at all."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.api.scan import scan
from featser.corpora.labelling.name_pattern import parse_pattern
from featser.corpora.manifest import read_manifest
from featser.errors import CardError, InputError
from tests.flow import featser_here

PATTERN = "{speaker}/*/{emotion}_{take}.wav"


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("pattern", "name", "groups"),
    [
        (PATTERN, "f1/day/sad_1", {"speaker": "f1", "emotion": "sad", "take": "1"}),
        (PATTERN, "f1/sad_1", None),
        ("**/{emotion}/*.wav", "a/b/sad/x", {"emotion": "sad"}),
        ("**/{emotion}/*.wav", "sad/x", {"emotion": "sad"}),
        ("{emotion}/**", "sad/x/y/z", {"emotion": "sad"}),
        ("{s}/{s}-{emotion}.*", "f1/f1-sad", {"s": "f1", "emotion": "sad"}),
        ("{s}/{s}-{emotion}.*", "f1/f2-sad", None),
        ("{emotion}{take:d}.wav", "sad12", {"emotion": "sad", "take": "12"}),
        ("a.b({emotion})", "a.b(sad)", {"emotion": "sad"}),
        ("a.b({emotion})", "axb(sad)", None),
    ],
)
def test_a_pattern_gives_the_fields_of_a_path_that_fits(
    pattern: str, name: str, groups: dict[str, str] | None
) -> None:
    if pattern == "{emotion}{take:d}.wav":
        with pytest.raises(CardError, match="can be read as emotion 'sad1', take '2'"):
            parse_pattern(pattern).groups(name)
        name, groups = "sad2", {"emotion": "sad", "take": "2"}
    assert parse_pattern(pattern).groups(name) == groups


def test_a_path_with_two_readings_is_refused_and_digits_decide() -> None:
    with pytest.raises(CardError, match=r"emotion 'very_sad', take '1', and as emotion 'very'"):
        parse_pattern("{emotion}_{take}").groups("very_sad_1")
    groups = parse_pattern("{emotion}_{take:d}").groups("very_sad_1")
    assert groups == {"emotion": "very_sad", "take": "1"}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("/data/{emotion}.wav", "write the path below the folder"),
        ("*/x.wav", "reads no field"),
        ("{emotion/x.wav", r"'\{' in '\{emotion' is not valid"),
        ("{1}.wav", r"'\{' in"),
        ("{take²}.wav", r"'\{take²\}' in '\{take²\}' is not valid"),
        ("{emotion}***.wav", r"'\*\*\*' in"),
        ("a**/{emotion}", r"'\*\*' in 'a\*\*'"),
        ("{file}.wav", r"`\{file\}` has a fixed meaning"),
        ("{emotion}.txt", r"'\.txt' is no ending of audio files"),
        ("a//{emotion}", "has no name"),
    ],
)
def test_patterns_that_are_not_valid_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        parse_pattern(pattern)


fields = st.text(alphabet="abcßé01 -.", min_size=1, max_size=5)


@given(fields, fields, fields)
def test_what_is_written_by_a_pattern_is_read_by_it(speaker: str, emotion: str, rest: str) -> None:
    groups = parse_pattern("{speaker}/*/x_{emotion}_y.*").groups(f"{speaker}/{rest}/x_{emotion}_y")
    assert groups == {"speaker": speaker, "emotion": emotion}


def test_scan_counts_the_values_of_each_field_and_teaches_with_what_does_not_fit(
    tmp_path: Path,
) -> None:
    names = [f"{s}/d/{e}_{t}.wav" for s in ("f1", "m1") for e in ("sad", "happy") for t in (1, 2)]
    touch(tmp_path / "in", *names, "f1/d/noise.wav", "f1/d/sad_3.flac")
    result = scan(tmp_path / "in", pattern=PATTERN)
    assert result.fields == {
        "speaker": {"f1": 4, "m1": 4},
        "emotion": {"happy": 4, "sad": 4},
        "take": {"1": 4, "2": 4},
    }
    assert [task.name for task in result.tasks] == ["emotion"]
    assert result.unmatched == ["f1/d/noise.wav"]
    assert "1 recording without the ending .wav, such as f1/d/sad_3.flac" in result.notes[0]
    assert (
        "'noise' in 'f1/d/noise' does not fit `{emotion}_{take}`; `{name}` and" in result.notes[1]
    )
    shown = featser_here(
        "scan", "in", "--pattern", PATTERN, "-o", "m.csv", "--map", "take=take_id", cwd=tmp_path
    )
    assert shown.returncode == 0, shown.stderr
    assert "happy 4, sad 4" in shown.stdout
    assert read_manifest(tmp_path / "m.csv")["take_id"].tolist() == ["1", "2"] * 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.wav"], r"no recording fits .*: 'a' lies 0 folders deep, and the pattern describes 2"),
        (["f/d/x.wav"], r"'x' in 'f/d/x' does not fit `\{emotion\}_\{take\}`"),
        (["f/d/x_1.mp3"], r"none ends in \.wav; there is 'f/d/x_1\.mp3', say"),
        (["f/d/x_y_1.wav"], r"'f/d/x_y_1' can be read as"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_with_its_first_file(
    tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(CardError, match=message):
        scan(touch(tmp_path, *names), pattern=PATTERN)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("own", ["NFC", "NFD"])
def test_accents_of_pattern_and_files_match_in_both_unicode_forms(
    tmp_path: Path, form: str, own: str
) -> None:
    folder = touch(tmp_path, *(unicodedata.normalize(own, f"café/{name}.wav") for name in "ab"))
    result = scan(folder, pattern=unicodedata.normalize(form, "café/{émotion}.wav"))
    assert sorted(result.manifest["émotion"]) == ["a", "b"]


def test_a_pattern_takes_the_place_of_a_card(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave CARD out"):
        scan("demo", tmp_path, pattern=PATTERN)
    with pytest.raises(CardError, match="no such folder"):
        scan(tmp_path / "none", pattern=PATTERN)
