"""Scanning reads every label from a name, and reports every irregularity."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from featser.corpora.card import Card, list_cards, load_card
from featser.corpora.card_schema import fill
from featser.corpora.manifest import read_manifest, tasks_from, write_manifest
from featser.corpora.scans.scanning import scan
from featser.errors import CardError


def touch(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def row_of(table: pd.DataFrame, name: str) -> dict[str, Any]:
    rows = table[table["file"].str.contains(name, regex=False)]
    assert len(rows) == 1, name
    return dict(rows.iloc[0])


def names_by_design(card: Card, rows: list[dict[str, str]] | None = None) -> Iterator[str]:
    assert card.design is not None
    for groups in card.design.cells(rows or []):
        yield fill(card.design.name, groups)


def test_speakers_beyond_the_published_ones_are_read_with_a_note(tmp_path: Path) -> None:
    """Their gender is not known: that odd actors are men holds for the published ones."""
    names = [f"03-01-0{e}-01-01-01-{actor}.wav" for actor in ("23", "25", "100") for e in (3, 4)]
    touch(tmp_path / "Actors", names)
    result = scan(load_card("ravdess"), tmp_path)
    assert result.unmatched == []
    genders = result.manifest.groupby("speaker")["gender"].first()
    assert genders["23"] == "male"
    assert genders.drop("23").isna().all()
    expected = "2 speakers beyond the published 24, in the manifest: 100 (2 recordings), 25 (2 rec"
    assert any(note.startswith(expected) for note in result.notes)


def test_subesco_gives_7000_labels_from_names_of_any_case_and_corrects_its_one_bad_name(
    tmp_path: Path,
) -> None:
    card = load_card("subesco")
    rows = [
        {"gender": g, "number": f"{n:02d}", "name": f"NAME{chr(65 + n)}".replace("NAME", "N")}
        for g in "FM"
        for n in range(1, 11)
    ]
    names = [f"{name}.wav" for name in names_by_design(card, rows)]
    names = [n.replace("F_02_NC_S_2_SURPRISE_3.", "F_02_NC_S_2_SURPRISE_3].") for n in names]
    names[0] = names[0].lower()
    result = scan(card, touch(tmp_path, names))
    assert (result.by_class["found"] == 1000).all()
    assert (result.by_class["expected"] == 1000).all()
    assert (result.by_speaker["found"] == result.by_speaker["expected"]).all()
    assert result.unmatched == result.missing == result.notes == []
    corrected = row_of(result.manifest, "3]")
    assert (corrected["speaker"], corrected["gender"], corrected["emotion"]) == (
        "F02",
        "female",
        "surprised",
    )
    assert (corrected["sentence"], corrected["repetition"]) == ("2", "3")
    assert result.manifest["speaker"].nunique() == 20


def test_banglaser_codes_and_its_three_odd_names(tmp_path: Path) -> None:
    names = ["03-01-05-01-02-03-19.wav", "01-01-04-02-03-01-15.wav", "03-01-01-01-01-01-02.flac"]
    table = scan(load_card("banglaser"), touch(tmp_path, names)).manifest
    labels = ["speaker", "gender", "emotion", "intensity", "sentence", "repetition", "language"]
    assert table[labels].to_numpy().tolist() == [
        ["15", "male", "surprised", "strong", "03", "01", "bn"],
        ["02", "female", "happy", "normal", "01", "01", "bn"],
        ["19", "male", "neutral", "normal", "02", "03", "bn"],
    ]


def test_ravdess_by_its_design_has_1440_rows_and_song_does_not_fit(tmp_path: Path) -> None:
    card = load_card("ravdess")
    names = [f"Actor_{name[-2:]}/{name}.wav" for name in names_by_design(card)]
    folder = touch(tmp_path, [*names, "Actor_01/03-02-01-01-01-01-01.wav", "Actor_01/._x.wav"])
    result = scan(card, folder)
    assert result.unmatched == ["Actor_01/03-02-01-01-01-01-01.wav"]
    assert len(result.manifest) == 1440
    assert (result.by_class["found"] == result.by_class["expected"]).all()
    row = row_of(result.manifest, "03-01-06-02-01-02-12")
    assert (row["emotion"], row["intensity"], row["gender"]) == ("fearful", "strong", "female")
    assert [task.name for task in result.tasks] == ["emotion", "gender", "intensity"]
    assert result.tasks[2].kind == "ordinal"
    assert result.tasks[2].classes == ("normal", "strong")


def test_emodb_joins_the_listeners_ratings_from_a_latin_1_table(tmp_path: Path) -> None:
    touch(tmp_path, ["wav/03a01Fa.wav", "wav/16b10Lb.wav", "wav_laryng/03a01Fa.wav"])
    text = "Nr.\tSatz\terkannt\tnatuerlich\r\n3\xa0\xa0\t03a01Fa.wav\t92,50\xa0\xa0\t75,00\xa0\r\n"
    (tmp_path / "erkennung.txt").write_bytes(text.encode("latin-1"))
    for folder in (tmp_path, tmp_path / "wav"):
        result = scan(load_card("emodb"), folder)
        assert len(result.manifest) == 2
        row = row_of(result.manifest, "03a01Fa")
        assert (row["emotion"], row["gender"], row["age"]) == ("happy", "male", "31")
        assert (row["recognition"], row["naturalness"]) == (92.5, 75.0)
        assert row_of(result.manifest, "16b10Lb")["emotion"] == "bored"
        assert result.manifest["naturalness"].isna().sum() == 1
        assert any("has no row for 1 recording, such as" in note for note in result.notes)


def test_emodb_without_its_table_says_which_labels_are_empty(tmp_path: Path) -> None:
    result = scan(load_card("emodb"), touch(tmp_path, ["03a01Fa.wav", "03a01Wa.wav"]))
    assert result.manifest["naturalness"].isna().all()
    assert result.refused["naturalness"] == "missing in every row"
    assert any("erkennung.txt was not found in" in note for note in result.notes)


def test_a_table_beside_the_recordings_with_a_bad_number_is_refused_by_its_line(
    tmp_path: Path,
) -> None:
    touch(tmp_path, ["03a01Fa.wav"])
    (tmp_path / "erkennung.txt").write_text("Satz\terkannt\tnatuerlich\n03a01Fa\tmuch\t1\n")
    with pytest.raises(
        CardError, match=r"erkennung.txt, line 2: `erkannt` is 'much', not a number"
    ):
        scan(load_card("emodb"), tmp_path)


def test_urdu_speakers_are_ids_with_their_gender(tmp_path: Path) -> None:
    names = ["SM1_F19_A019.wav", "SF11_F3_S003.wav", "SM2_F1_H001.wav", "SM2_F1_N001.wav"]
    table = scan(load_card("urdu"), touch(tmp_path, names)).manifest
    assert table[["speaker", "gender", "emotion"]].to_numpy().tolist() == [
        ["SF11", "female", "sad"],
        ["SM1", "male", "angry"],
        ["SM2", "male", "happy"],
        ["SM2", "male", "neutral"],
    ]


def test_folders_are_classes_and_speakers_come_from_a_table_alone(tmp_path: Path) -> None:
    touch(tmp_path, ["রাগ/a.b.wav", "রাগ/2.wav", "sad/a.b.wav", "sad/2.mp3", "loose.wav"])
    result = scan(load_card("folders"), tmp_path)
    assert result.unmatched == ["loose.wav"]
    assert result.manifest["speaker"].isna().all()
    assert any("4 utterances without a speaker" in note for note in result.notes)
    assert result.tasks[0].classes == ("sad", "রাগ")
    (tmp_path / "speakers.csv").write_text("file,speaker\nsad/a.b.wav,03\nsad/2,04\n")
    table = scan(load_card("folders"), tmp_path).manifest
    assert row_of(table, "sad/a.b")["speaker"] == "03"
    assert row_of(table, "sad/2")["speaker"] == "04"
    assert table["speaker"].isna().sum() == 2


def test_a_table_is_scanned_like_a_corpus_and_lost_recordings_are_named(tmp_path: Path) -> None:
    touch(tmp_path, ["audio/1.wav", "audio/2.wav"])
    lines = [
        "file;speaker;emotion",
        "audio/1.wav;03;sad",
        "audio/2.wav;04;angry",
        "audio/3.wav;04;sad",
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    for path in (tmp_path, tmp_path / "manifest.csv"):
        result = scan(load_card("table"), path)
        assert result.missing == [str(tmp_path.resolve() / "audio/3.wav")]
        assert result.by_class["found"].to_dict() == {"angry": 1, "sad": 2}
        assert [task.name for task in result.tasks] == ["emotion"]
        assert result.notes == [
            "task `emotion`: the class 'angry' has one utterance only, so it cannot be in both "
            "training and test set: add recordings, or empty that label"
        ]


def test_names_that_do_not_fit_are_listed_and_hidden_files_are_not(tmp_path: Path) -> None:
    odd = ["03-01-09-01-01-01-01.wav", "interview.wav", "x/03-01-01-01-01-01-9.flac"]
    hidden = ["._03-01-01-01-01-01-01.wav", ".cache/03-01-01-01-01-01-03.wav", "notes.txt"]
    result = scan(
        load_card("ravdess"), touch(tmp_path, ["03-01-01-01-01-01-01.wav", *odd, *hidden])
    )
    assert result.unmatched == odd
    assert len(result.manifest) == 1
    assert "1 utterance; the published corpus has 1440" in result.notes
    assert len(result.missing) == 1439


def test_a_corpus_that_was_unpacked_twice_is_reported(tmp_path: Path) -> None:
    touch(tmp_path, ["03-01-01-01-01-01-01.wav", "copy/03-01-01-01-01-01-01.wav"])
    result = scan(load_card("ravdess"), tmp_path)
    assert any("does the folder contain the corpus twice?" in note for note in result.notes)


def test_links_in_a_circle_end_and_broken_ones_are_noted(tmp_path: Path) -> None:
    touch(tmp_path, ["z/03-01-01-01-01-01-01.wav"])
    (tmp_path / "z" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a").symlink_to(tmp_path / "z", target_is_directory=True)
    (tmp_path / "03-01-01-01-01-01-02.wav").symlink_to(tmp_path / "gone.wav")
    result = scan(load_card("ravdess"), tmp_path)
    assert result.manifest["file"].to_list() == [str(tmp_path / "z/03-01-01-01-01-01-01.wav")]
    assert any("03-01-01-01-01-01-02.wav is not a file (a broken link?)" in n for n in result.notes)


def test_a_subfolder_that_cannot_be_read_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, ["03-01-01-01-01-01-01.wav", "locked/03-01-01-01-01-01-02.wav"])
    listing = os.scandir

    def guarded(path: Path) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", guarded)
    result = scan(load_card("ravdess"), tmp_path)
    assert len(result.manifest) == 1
    assert any("locked cannot be read (Permission denied)" in note for note in result.notes)


def test_a_name_that_is_not_utf_8_is_listed_as_not_fitting(tmp_path: Path) -> None:
    touch(tmp_path, ["sad/1.wav"])
    try:
        (tmp_path / "sad" / os.fsdecode(b"\xff.wav")).touch()
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    assert scan(load_card("folders"), tmp_path).unmatched == ["sad/\\udcff.wav"]


def test_a_folder_that_is_missing_empty_or_of_another_corpus_is_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        CardError, match=r"gone: no such folder: give the folder that holds RAVDESS"
    ):
        scan(load_card("ravdess"), tmp_path / "gone")
    with pytest.raises(CardError, match=r"holds no audio .*zenodo"):
        scan(load_card("ravdess"), tmp_path)
    touch(tmp_path, ["03a01Fa.wav"])
    with pytest.raises(
        CardError, match=r"none of 1 names matches .*'03a01Fa.wav'.*like '03-01-06-01-02-01-12'"
    ):
        scan(load_card("ravdess"), tmp_path)
    with pytest.raises(CardError, match="not a folder"):
        scan(load_card("ravdess"), touch(tmp_path, ["x.wav"]) / "x.wav")


def test_no_card_is_needed_to_find_the_tasks_of_a_manifest_that_names_its_corpora(
    tmp_path: Path,
) -> None:
    touch(tmp_path, [f"{name}.wav" for name in names_by_design(load_card("banglaser"))][:1400])
    result = scan(load_card("banglaser"), tmp_path)
    again = read_manifest(write_manifest(result.manifest, tmp_path / "m" / "manifest.csv"))
    assert again["file"].str.startswith("../").all()
    assert tasks_from(again) == (result.tasks, result.refused)


@pytest.mark.corpora
def test_the_real_banglaser_lacks_one_recording_and_its_intensity_is_no_task(corpora: Path) -> None:
    result = scan(load_card("banglaser"), corpora / "banglaser")
    assert len(result.manifest) == 1466
    assert result.manifest["speaker"].nunique() == 34
    assert result.by_class["found"].to_dict() == {
        "angry": 306, "happy": 306, "neutral": 242, "sad": 306, "surprised": 306,
    }  # fmt: skip
    assert result.by_class["expected"].to_dict()["neutral"] == 243
    assert result.missing == ["03-01-05-01-01-03-19"]
    assert result.unmatched == []
    assert [task.name for task in result.tasks] == ["emotion", "gender"]
    assert "intensity is a function of emotion (angry → strong" in result.refused["intensity"]
    less = result.by_speaker[result.by_speaker["found"] != result.by_speaker["expected"]]
    assert less.index.to_list() == ["19"]


@pytest.mark.corpora
def test_the_real_ravdess_is_whole_and_has_intensity(corpora: Path) -> None:
    result = scan(load_card("ravdess"), corpora / "ravdess")
    assert len(result.manifest) == 1440
    assert result.by_class["found"].to_list() == result.by_class["expected"].to_list()
    assert result.missing == result.unmatched == result.notes == []
    assert "intensity" in [task.name for task in result.tasks]


@pytest.mark.corpora
def test_the_real_emodb_is_whole_and_has_every_rating(corpora: Path) -> None:
    for folder in (corpora / "emodb", corpora / "emodb" / "wav"):
        result = scan(load_card("emodb"), folder)
        assert len(result.manifest) == 535
        assert result.by_class["found"].to_list() == result.by_class["expected"].to_list()
        assert result.manifest["naturalness"].between(0, 100).all()
        assert result.manifest["recognition"].min() >= 80
        assert result.unmatched == result.notes == []
        kinds = {task.name: task.kind for task in result.tasks}
        assert kinds["naturalness"] == kinds["recognition"] == "regression"


def test_every_card_is_spoken_of_in_the_guide_to_the_data() -> None:
    text = (Path(__file__).parents[3] / "data" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in list_cards())


def test_names_in_decomposed_form_give_composed_labels_and_match_side_tables(
    tmp_path: Path,
) -> None:
    names = ["fröhlich/é1.wav", "fröhlich/é2.wav", "wütend/é1.wav"]
    touch(tmp_path, [unicodedata.normalize("NFD", name) for name in names])
    rows = [f"{name},Zoë" for name in names]
    rows[0] = unicodedata.normalize("NFD", rows[0])
    (tmp_path / "speakers.csv").write_text("\n".join(["file,speaker", *rows]), encoding="utf-8")
    result = scan(load_card("folders"), tmp_path)
    assert result.manifest["emotion"].tolist() == ["fröhlich", "fröhlich", "wütend"]
    assert result.manifest["speaker"].tolist() == ["Zoë"] * 3
    assert all(Path(file).is_file() for file in result.manifest["file"])
