"""A folder without a card is read by the layout that it certainly has, or refused with commands."""

from __future__ import annotations

import re
import shlex
import zipfile
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featser.api.scan import scan
from featser.corpora.labelling.name_pattern import parse_pattern
from featser.corpora.labelling.pattern_suggestion import suggested_pattern
from featser.corpora.scans.folder_layouts import layout_of
from featser.errors import CardError, FeatserError, InputError
from featser.experiment.loading.sources.named_sources import read_source
from tests.flow import featser_here

SPEAKERS = ("Anna", "Bert", "Carl")
EMOTIONS = ("angry", "03_Sad", "fröhlich")


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def nested(folder: Path, form: str) -> Path:
    return touch(folder, *(form.format(s=s, e=e) for s in SPEAKERS for e in EMOTIONS))


@pytest.mark.parametrize(
    ("form", "card", "speakers", "classes"),
    [
        ("{e}/{s}-1.wav", "folders", set(), set(EMOTIONS)),
        ("{s}/{e}/1.wav", "folders-by-speaker", set(SPEAKERS), set(EMOTIONS)),
        ("{e}/{s}/1.wav", "folders-by-class", set(SPEAKERS), set(EMOTIONS)),
        ("all/{s}/{e}/1.wav", "folders-by-speaker", set(SPEAKERS), set(EMOTIONS)),
    ],
)
def test_folders_of_emotions_are_read_with_a_note(
    tmp_path: Path, form: str, card: str, speakers: set[str], classes: set[str]
) -> None:
    source = read_source(nested(tmp_path, form))
    assert source.corpora == (card,)
    assert set(source.table["speaker"].dropna()) == speakers
    assert set(source.table["emotion"]) == classes
    assert f"the same as `featser extract {tmp_path} --corpus {card}`" in source.notes[0]
    result = scan(tmp_path)
    assert result.manifest["emotion"].tolist() == source.table["emotion"].tolist()


def test_training_and_test_sets_are_no_speakers(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{s}/{e}/1.wav" for s in ("train", "Test") for e in EMOTIONS))
    assert layout_of(tmp_path)[0].card == "folders"


def test_the_card_of_a_corpus_goes_before_folders(voices: Path, tmp_path: Path) -> None:
    assert layout_of(voices)[0].card == "demo"
    for name in ("angry", "happy", "sad"):
        touch(tmp_path, *(f"{name}/f{n}-{name}-normal-1.wav" for n in (1, 2)))
    layout, notes = layout_of(tmp_path)
    assert layout.card == "demo"
    assert "other ways to read" in notes[1]
    assert "--corpus folders`" in notes[1]


def written(folder: Path, *names: str, file: str = "labels.csv") -> None:
    lines = ["path,label", *(f"{name},{n % 2}x" for n, name in enumerate(names))]
    (folder / file).write_text("\n".join(lines))


def test_a_manifest_that_names_every_recording_is_read(tmp_path: Path) -> None:
    names = [f"{e}/{s}.wav" for s in "ab" for e in EMOTIONS]
    touch(tmp_path, *names)
    written(tmp_path, *names)
    (tmp_path / "notes.csv").write_text("who,when\nx,y\n")
    source = read_source(tmp_path)
    assert source.corpora == ("manifest",)
    assert source.locations == {"manifest": str(tmp_path / "labels.csv")}
    notes = "\n".join(source.notes)
    assert "the manifest labels.csv with label" in source.notes[0]
    assert "a folder for each class" in source.notes[1]
    assert re.search(r"notes\.csv is not read as a manifest: .*no column `file`", notes)
    assert "column `path` is read as `file`" in notes
    written(tmp_path, *names, file="more.csv")
    with pytest.raises(CardError, match=r"(?s)`featser extract .*labels\.csv`.*more\.csv`"):
        read_source(tmp_path)


def test_a_manifest_of_some_recordings_is_not_certain_beside_folders(tmp_path: Path) -> None:
    names = [f"{e}/{s}.wav" for s in "ab" for e in EMOTIONS]
    touch(tmp_path, *names)
    written(tmp_path, *names[:-1])
    with pytest.raises(CardError, match=r"(?s)not certain.*labels\.csv`.*--corpus folders`"):
        read_source(tmp_path)
    touch(tmp_path, "more.wav")  # now no folder of classes is recognised
    assert layout_of(tmp_path)[0].table == tmp_path / "labels.csv"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no recordings; a folder needs --corpus CARD"),
        (["x_1.wav", "y_1.wav"], r"no layout is recognised.*x_1.*--pattern '\{emotion\}_\*' -o m"),
        (["a_x_1.wav", "a_y_1.wav"], r"--pattern '\*_\{emotion\}_\*' -o manifest.csv`"),
        (
            ["Anna/1.wav", "Bert/1.wav"],
            r"Bert are classes:\n    `featser extract .* folders`\n",
        ),
        (
            ["a/x/1.wav", "b/x/1.wav", "a/y/1.wav"],
            r"--corpus folders`.*--corpus folders-by-speaker`.*--corpus folders-by-class`",
        ),
        (["f1_sad/1.wav", "f2_sad/1.wav", "f1_joy/1.wav"], r"not certain.*--pattern '\{speaker\}/"),
    ],
)
def test_what_is_not_certain_is_refused_with_the_command_of_each_candidate(
    tmp_path: Path, names: list[str], message: str
) -> None:
    touch(tmp_path, *names)
    for read in (read_source, scan):
        with pytest.raises(CardError, match=f"(?s){message}"):
            read(tmp_path)


def test_the_commands_of_a_refusal_are_quoted_for_a_shell(tmp_path: Path) -> None:
    folder = touch(tmp_path / "a b", "Anna/1.wav", "Bert/1.wav")
    with pytest.raises(CardError, match=f"`featser extract '{folder}' --corpus folders`"):
        read_source(folder)


def test_scan_of_what_is_no_folder_asks_for_a_card() -> None:
    with pytest.raises(InputError, match="'ravdess' is no folder of this machine: name a card"):
        scan("ravdess")


def test_scan_of_a_table_says_how_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "my labels.csv").write_text("file,emotion\na.wav,sad\n", encoding="utf-8")
    shown = featser_here("scan", "my labels.csv", cwd=tmp_path)
    command = shlex.split(shown.stderr.split("`featser ")[1].partition("`")[0])
    assert featser_here(*command, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("top", ["", "own/"])
def test_an_archive_has_the_layout_of_its_folder(tmp_path: Path, top: str) -> None:
    names = ("joy/a_1.wav", "joy/b_1.wav", "sad/a_2.wav")
    with zipfile.ZipFile(tmp_path / "voices.zip", "w") as archive:
        for name in names:
            archive.writestr(f"{top}{name}", "")
    result = scan(tmp_path / "voices.zip")
    assert result.manifest["emotion"].tolist() == ["joy", "joy", "sad"]
    assert read_source(tmp_path / "voices.zip").corpora == ("folders",)
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as archive:
        archive.writestr("a.wav", "")
    with pytest.raises(CardError, match="no layout is recognised"):
        scan(tmp_path / "plain.zip")


def test_names_of_two_corpora_are_those_of_the_one_whose_design_has_them(tmp_path: Path) -> None:
    """RAVDESS of normal intensity fits BanglaSER's grammar, but not what BanglaSER recorded."""
    touch(tmp_path, *(f"03-01-0{e}-01-01-0{r}-01.wav" for e in range(1, 6) for r in (1, 2)))
    assert layout_of(tmp_path)[0].card == "ravdess"
    (tmp_path / "both").mkdir()
    touch(tmp_path / "both", "03-01-02-01-01-01-01.wav", "03-01-04-02-01-01-01.wav")
    with pytest.raises(CardError, match=r"(?s)banglaser`.*ravdess`"):
        layout_of(tmp_path / "both")


def test_the_folder_of_a_run_is_refused_with_its_recipe(tmp_path: Path) -> None:
    touch(tmp_path, "recipe.yaml")
    written(tmp_path, "a.wav")
    for read in (read_source, scan):
        with pytest.raises(FeatserError, match=r"the folder of a run.*name its recipe"):
            read(tmp_path)


def test_folders_of_classes_without_speakers_say_how_to_name_them(tmp_path: Path) -> None:
    touch(tmp_path, "joy/a_1.wav", "joy/b_1.wav", "sad/a_2.wav")
    (note,) = (note for note in scan(tmp_path).notes if "without a speaker" in note)
    assert "Write speakers.csv: columns file (joy/a_1) and speaker; or, if" in note
    pattern = note.split("--pattern '")[1].partition("'")[0]
    assert scan(tmp_path, pattern=pattern).manifest["speaker"].tolist() == ["a", "b", "a"]
    names = ("joy/a_1", "joy/b_1", "sad/a_2")
    rows = "".join(f"{name},{name[4]}\n" for name in names)
    (tmp_path / "speakers.csv").write_text(f"file,speaker\n{rows}", encoding="utf-8")
    assert scan(tmp_path).manifest["speaker"].tolist() == ["a", "b", "a"]


_NAMES = st.lists(
    st.from_regex(r"([a-c]{1,2}/){0,2}[a-b1-2]{1,3}([_. {*'-][a-b1-2 ]{1,2}){0,3}", fullmatch=True),
    min_size=1,
    max_size=6,
    unique=True,
)


@given(_NAMES)
def test_a_suggested_pattern_reads_at_least_one_name_and_none_in_two_ways(names: list[str]) -> None:
    files = [PurePath(f"{name}.wav") for name in names]
    pattern = parse_pattern(suggested_pattern(files))
    readings = [pattern.groups(file.with_suffix("").as_posix()) for file in files]
    assert any(readings)


@pytest.mark.parametrize(
    "names",
    [
        ["rec_01_x.wav", "rec_02_y.wav"],
        ["1.wav", "b_2.wav"],
        ["r-1-2.wav", "r-1-3-4.wav"],
        ["s 1/a{b}*.wav", "s 1/it's_b.wav"],
        ["s/t/q1.wav", "s/u/q2.wav", "q3.wav"],
    ],
)
def test_the_suggested_command_scans_the_folder(tmp_path: Path, names: list[str]) -> None:
    touch(tmp_path / "in", *names)
    refused = featser_here("extract", "in", cwd=tmp_path)
    command = shlex.split(refused.stderr.split("`featser scan ")[1].partition("`")[0])
    shown = featser_here("scan", *command, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "utterance" in shown.stdout
    assert (tmp_path / "manifest.csv").exists()
