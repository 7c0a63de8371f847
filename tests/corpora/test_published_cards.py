"""Each card reads every label from names, tables and lists like those of its corpus."""

from __future__ import annotations

import json
from pathlib import Path
from string import ascii_lowercase

import pandas as pd
import pytest

from featser.corpora.card import list_cards, load_card
from featser.corpora.scans.scanning import ScanResult, scan
from featser.errors import CardError
from featser.ratings.rating_columns import read_ratings
from tests.corpora.card_reading import check_every_code_is_used, check_labels_of_names
from tests.corpora.scans.test_scan import names_by_design, row_of, touch

# For each card: a name as published, and all labels that it gives.
READ: dict[str, dict[str, dict[str, str]]] = {
    "kbes": {
        "2-1-0-07": {"emotion": "happy", "intensity": "low", "gender": "female", "item_id": "07"},
        "5-2-1-9": {"emotion": "disgust", "intensity": "high", "gender": "male", "item_id": "9"},
        "1-1-1-1": {"emotion": "neutral", "intensity": "low", "gender": "male", "item_id": "1"},
        "3-2-0-2": {"emotion": "sad", "intensity": "high", "gender": "female", "item_id": "2"},
        "4-2-0-2-1": {"emotion": "angry", "intensity": "high", "item_id": "2-1"},
    },
    "tess": {
        "OAF_back_angry": {"speaker": "OAF", "emotion": "angry", "sentence": "back"},
        "OA_bite_neutral": {"speaker": "OAF", "emotion": "neutral", "gender": "female"},
        "YAF_youth_ps": {"speaker": "YAF", "emotion": "surprised", "sentence": "youth"},
        "YAF_youth_fear": {"emotion": "fearful"},
        "YAF_youth_disgust": {"emotion": "disgust"},
        "YAF_youth_happy": {"emotion": "happy"},
        "YAF_youth_sad": {"emotion": "sad"},
    },
    "savee": {
        "DC_a01": {"speaker": "DC", "emotion": "angry", "gender": "male", "sentence": "a01"},
        "JE_d15": {"speaker": "JE", "emotion": "disgust", "sentence": "d15"},
        "AudioData/KL/sa03": {"speaker": "KL", "emotion": "sad", "sentence": "sa03"},
        "AudioData/KL/su03": {"emotion": "surprised"},
        "AudioData/JK/f03": {"speaker": "JK", "emotion": "fearful"},
        "AudioData/JK/h03": {"emotion": "happy"},
        "AudioData/JK/n30": {"emotion": "neutral"},
    },
    "crema-d": {
        "1001_DFA_ANG_XX": {"speaker": "1001", "emotion": "angry", "sentence": "DFA"},
        "1091_IEO_DIS_LO": {"speaker": "1091", "emotion": "disgust", "intensity": "low"},
        "1091_IEO_FEA_MD": {"emotion": "fearful", "intensity": "medium"},
        "1091_IEO_HAP_HI": {"emotion": "happy", "intensity": "high"},
        "1002_TIE_NEU_XX": {"emotion": "neutral", "intensity": ""},
        "1040_ITH_SAD_X": {"speaker": "1040", "emotion": "sad", "intensity": ""},
    },
    "emovo": {
        "gio-f2-b2": {"speaker": "f2", "gender": "female", "emotion": "happy", "sentence": "b2"},
        "dis-m1-d1": {"speaker": "m1", "gender": "male", "emotion": "disgust", "sentence": "d1"},
        "neu-m3-n5": {"emotion": "neutral"},
        "pau-m3-l4": {"emotion": "fearful"},
        "rab-m3-n5": {"emotion": "angry"},
        "sor-m3-n5": {"emotion": "surprised"},
        "tri-m3-n5": {"emotion": "sad"},
    },
    "shemo": {
        "F03S02": {"speaker": "F03", "gender": "female", "emotion": "sad", "item_id": "02"},
        "M56A123": {"speaker": "M56", "gender": "male", "emotion": "angry", "item_id": "123"},
        "M01F01": {"speaker": "M01", "emotion": "fearful"},
        "M01H01": {"emotion": "happy"},
        "M01N01": {"emotion": "neutral"},
        "M01W01": {"emotion": "surprised"},
    },
    "baved": {
        "0-m-21-0-1-105": {
            "speaker": "0", "gender": "male", "age": "21", "sentence": "0", "level": "neutral",
            "repetition": "105",
        },
        "59-F-19-6-2-1": {"speaker": "59", "gender": "female", "level": "high", "sentence": "6"},
        "59-F-19-6-0-1": {"level": "low"},
    },
    "ased": {
        "n1-01-02-01-03": {
            "speaker": "03", "gender": "female", "emotion": "neutral", "sentence": "n01",
            "repetition": "02",
        },
        "S4-04-02-01-29": {"speaker": "29", "emotion": "sad", "sentence": "s04"},
        "f2-05-01-02-65": {"speaker": "65", "gender": "male", "emotion": "fearful"},
        "h3-05-01-02-65": {"emotion": "happy"},
        "a5-05-01-02-65": {"emotion": "angry"},
    },
    "nemo": {
        "EB0_anger_1": {"speaker": "EB0", "emotion": "angry", "sentence": "1"},
        "WR0_fear_90": {"speaker": "WR0", "emotion": "fearful", "sentence": "90"},
        "WR0_happiness_90": {"emotion": "happy"},
        "WR0_neutral_90": {"emotion": "neutral"},
        "WR0_sadness_90": {"emotion": "sad"},
        "WR0_surprised_90": {"emotion": "surprised"},
    },
    "mesd": {
        "Anger_F_A_tarde": {
            "speaker": "", "emotion": "angry", "voice": "female", "list_id": "A",
            "sentence": "tarde",
        },
        "Disgust_C_B_a_veces": {"emotion": "disgust", "voice": "child", "sentence": "a_veces"},
        "Fear_M_B_mañana": {"emotion": "fearful", "voice": "male", "sentence": "mañana"},
        "Happiness_M_B_x": {"emotion": "happy"},
        "Neutral_M_B_x": {"emotion": "neutral"},
        "Sadness_M_B_x": {"emotion": "sad"},
    },
    "aesdd": {
        "a03 (3)": {"speaker": "3", "emotion": "angry", "sentence": "03", "repetition": ""},
        "d03 (01)": {"speaker": "1", "emotion": "disgust"},
        "f03 (5)b": {"speaker": "5", "emotion": "fearful", "repetition": "b"},
        "h20 (6)": {"speaker": "6", "emotion": "happy", "sentence": "20"},
        "s01 (2)": {"speaker": "2", "emotion": "sad"},
    },
    "enterface05": {
        "eNTERFACE/subject 19/anger/sentence 4/s19_an_4": {
            "speaker": "19", "emotion": "angry", "sentence": "4",
        },
        "subject 11/disgust/sentence 1/s12_di_1": {"speaker": "11", "emotion": "disgust"},
        "subject 12/disgust/sentence 1/s12_di_1": {"speaker": "12", "emotion": "disgust"},
        "subject 3/fear/sentence 5/s_3_fe_5": {"speaker": "3", "emotion": "fearful"},
        "subject 16/surprise/sentence 3/s16_su_3avi": {"speaker": "16", "emotion": "surprised"},
        "subject 1/happiness/sentence 1/s1_ha_1": {"emotion": "happy"},
        "subject 1/sadness/sentence 1/s1_sa_1": {"emotion": "sad"},
    },
    "iemocap": {
        "Session1/sentences/wav/Ses01F_impro04/Ses01F_impro04_F000": {
            "speaker": "Ses01F", "gender": "female", "style": "improvised", "session_id": "1",
            "scene_id": "impro04",
        },
        "Session5/sentences/wav/Ses05F_script01_1b/Ses05F_script01_1b_M012": {
            "speaker": "Ses05M", "gender": "male", "style": "scripted", "scene_id": "script01_1b",
        },
    },
    "msp-improv": {
        "session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01": {
            "speaker": "F01", "gender": "female", "target": "angry", "style_id": "P",
            "sentence": "01",
        },
        "session6/S20N/T/MSP-IMPROV-S20N-M06-T-MF102": {
            "speaker": "M06", "gender": "male", "target": "neutral", "sentence": "20",
        },
        "session6/S20H/T/MSP-IMPROV-S20H-M06-T-MF02": {"target": "happy"},
        "session6/S20S/T/MSP-IMPROV-S20S-M06-T-MF02": {"target": "sad"},
    },
    "fau-aibo": {
        "Ohm_01_000_00": {"speaker": "Ohm_01", "split": "train"},
        "Mont_25_301_11": {"speaker": "Mont_25", "split": "test"},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_card_reads_every_label_from_its_names(name: str, tmp_path: Path) -> None:
    check_labels_of_names(name, READ[name], tmp_path)


@pytest.mark.parametrize("name", READ)
def test_the_names_above_use_every_code_of_the_card(name: str) -> None:
    check_every_code_is_used(name, READ[name])


def test_thirty_two_corpora_have_cards_with_counts_licence_citation_and_source() -> None:
    cards = [load_card(name) for name in list_cards()]
    named = [card for card in cards if card.expected.utterances and card.name != "demo"]
    assert len(named) >= 32
    assert all(card.licence and card.citation and card.source for card in named)


WORDS = [{"word": f"{first}{second}"} for first in "bcdfghjklm" for second in ascii_lowercase[:20]]


@pytest.mark.parametrize(("name", "rows"), [("tess", WORDS), ("savee", []), ("emovo", [])])
def test_a_corpus_that_is_whole_has_the_published_counts(
    name: str, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    card = load_card(name)
    files = [f"{stem}.wav" for stem in names_by_design(card, rows)]
    result = scan(card, touch(tmp_path, files))
    assert len(result.manifest) == card.expected.utterances == len(files)
    assert result.by_class["found"].to_list() == result.by_class["expected"].to_list()
    assert result.manifest["speaker"].nunique() == card.expected.speakers
    assert result.missing == result.unmatched == []
    assert result.notes == list(card.cautions)


def test_an_excluded_recording_is_named_with_its_reason(tmp_path: Path) -> None:
    files = ["AudioWAV/1076_MTI_SAD_XX.wav", "AudioWAV/1001_DFA_SAD_XX.wav"]
    result = scan(load_card("crema-d"), touch(tmp_path, files))
    assert len(result.manifest) == 1
    assert "left out by the card: AudioWAV/1076_MTI_SAD_XX.wav (empty)" in result.notes
    assert result.unmatched == []


@pytest.mark.extras
def test_an_excluded_folder_leaves_its_likes_alone(tmp_path: Path) -> None:
    files = ["subject 6/an.avi", "subject 6/fe/x.avi", "subject 16/anger/s16_an_1.avi"]
    result = scan(load_card("enterface05"), touch(tmp_path, files))
    assert result.manifest["speaker"].to_list() == ["16"]
    assert any("subject 6/an.avi and 1 more (not segmented" in note for note in result.notes)


@pytest.mark.extras
def test_of_a_video_and_its_sound_the_sound_is_read(tmp_path: Path) -> None:
    files = ["subject 1/anger/s1_an_1.avi", "subject 1/anger/s1_an_1.wav", "subject 1/s1_fe_1.AVI"]
    result = scan(load_card("enterface05"), touch(tmp_path, files))
    names = [Path(file).name for file in result.manifest["file"]]
    assert names == ["s1_an_1.wav", "s1_fe_1.AVI"]
    assert any("1 file skipped" in note for note in result.notes)


def test_a_gender_that_contradicts_itself_is_empty_and_named(tmp_path: Path) -> None:
    files = ["n1-01-01-01-07.wav", "a5-01-01-02-07.wav", "n1-01-01-02-08.wav"]
    result = scan(load_card("ased"), touch(tmp_path, files))
    genders = result.manifest.set_index("speaker")["gender"]
    assert genders["07"].isna().all()
    assert genders["08"] == "male"
    assert any("`gender` has several values for the same" in note for note in result.notes)


def scanned(tmp_path: Path, name: str, files: list[str], tables: dict[str, str]) -> ScanResult:
    touch(tmp_path, files)
    for path, text in tables.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text.encode("latin-1"))
    return scan(load_card(name), tmp_path)


IEMOCAP = """\
% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\r
\r
[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.0000, 2.5000]\r
C-E2:\tNeutral;\t()\r
C-E3:\tNeutral; Sadness;\t(caf\xe9)\r
C-F1:\tNeutral;\t()\r
A-E3:\tval 3; act 2; dom  2;\t()\r
A-E4:\tval 2; act 2; dom  3;\t(mixed emotions)\r
C-E1:\tNeutral;\t()\r
C-E3:\tNeutral; Sadness;\t()\r
C-E4:\tSadness;\t(weary)\r
C-F1:\tAnger;\t()\r
A-F1:\tval 5; act 5; dom  5;\t()\r
\r
[10.0100 - 11.3925]\tSes01F_impro01_M000\texc\t[4.0000, 4.0000, 3.0000]\r
A-E3:\tval 4; act 4; dom  ;\t()\r
A-E4:\tval 4; act 4; dom  3;\t()\r
\r
[14.8872 - 18.0175]\tSes01F_impro01_F001\txxx\t[2.5000, 3.0000, 0.0000]\r
[19.2900 - 20.7875]\tSes01F_impro01_F002\tfru\t[2.0000, 3.5000, 3.5000]\r
"""


def test_iemocap_joins_ratings_and_categories_from_its_evaluation_files(tmp_path: Path) -> None:
    names = ["Ses01F_impro01_F000", "Ses01F_impro01_M000", "Ses01F_impro01_F001"]
    names += ["Ses01F_impro01_F002", "Ses01F_impro01_F003"]
    wavs = [f"Session1/sentences/wav/Ses01F_impro01/{name}.wav" for name in names]
    wavs += ["Session1/dialog/wav/Ses01F_impro01.wav"]
    evaluations = "Session1/dialog/EmoEvaluation/"
    tables = {
        f"{evaluations}Ses01F_impro01.txt": IEMOCAP,
        f"{evaluations}._Ses01F_impro01.txt": "\x00",
        f"{evaluations}Categorical/Ses01F_impro01_e2_cat.txt": "something else",
    }
    result = scanned(tmp_path, "iemocap", wavs, tables)
    table = result.manifest.assign(name=[Path(file).stem for file in result.manifest["file"]])
    table = table.set_index("name")
    assert table["emotion"].fillna("").loc[names].to_list() == ["neutral", "happy", "", "", ""]
    assert table["category"].fillna("").loc[names].to_list() == [
        "neutral", "excited", "", "frustrated", "",
    ]  # fmt: skip
    first, second, third, _, fifth = (table.loc[name] for name in names)
    assert (first["valence"], first["arousal"], first["dominance"]) == (2.5, 2.0, 2.5)
    assert first["valence_sd"] == pytest.approx(0.5**0.5)
    assert (first["valence_raters"], first["dominance_raters"]) == (2, 2)
    assert (second["valence_raters"], second["dominance_raters"]) == (2, 1)
    assert pd.isna(second["dominance_sd"])
    assert json.loads(first["emotion.ratings"]) == {
        "E2": "neutral", "E1": "neutral", "E4": "sad",
    }  # fmt: skip
    assert json.loads(second["valence.ratings"]) == {"E3": 4, "E4": 4}
    assert pd.isna(fifth["valence.ratings"])
    assert pd.isna(third["dominance"]), "0 is no rating on a scale from 1 to 5"
    assert pd.isna(fifth["valence"])
    declared = {name: task.kind for name, task in load_card("iemocap").tasks.items()}
    assert {declared[name] for name in ("arousal", "valence", "dominance")} == {"regression"}
    assert any("1 values lie outside 1 to 5 and are taken as missing" in n for n in result.notes)
    assert any("no row for 1 recording, such as Ses01F_impro01_F003" in n for n in result.notes)
    assert not any("not understood" in note for note in result.notes)
    assert result.unmatched == []


MSP = """\
UTD-IMPROV-S01A-F01-P-FM01.avi; H; A:2.800000; V:3.600000; D:3.200000 ; N:4.000000;
WORKER00000014; Happy; Happy, Excited; A:2.000000; V:4.000000; D:3.000000; N:4.000000;
WORKER00000014; Happy; Happy, Excited; A:2.000000; V:4.000000; D:3.000000; N:4.000000;
WORKER00000015; Neutral; Neutral; A:3.000000; V:4.000000; D:NaN; N:NaN;

UTD-IMPROV-S01A-M01-P-FM02.avi; X; A:3.000000; V:3.000000; D:NaN ; N:NaN;
WORKER00000015; Other; Annoyed; (so to say); A:3.000000; V:3.000000; D:NaN; N:NaN;
"""


@pytest.mark.parametrize("file", ["Evalution.txt", "Evaluation.txt", "Documents/Evalution.txt"])
def test_msp_improv_joins_four_ratings_in_their_order_and_fills_none(
    tmp_path: Path, file: str
) -> None:
    wavs = ["MSP-IMPROV-S01A-F01-P-FM01.wav", "session1/MSP-IMPROV-S01A-M01-P-FM02.wav"]
    result = scanned(tmp_path, "msp-improv", wavs, {file: MSP})
    first, second = (row_of(result.manifest, Path(wav).stem) for wav in wavs)
    assert first["emotion"] == "happy"
    four = ["arousal", "valence", "dominance", "naturalness"]
    assert [first[name] for name in four] == [2.8, 3.6, 3.2, 4.0]
    assert [first[f"{name}_raters"] for name in four] == [2, 2, 1, 1]
    assert first["arousal_sd"] == pytest.approx(0.5**0.5)
    assert json.loads(first["emotion.ratings"]) == {
        "WORKER00000014": "happy", "WORKER00000015": "neutral",
    }  # fmt: skip
    assert json.loads(first["arousal.ratings"]) == {"WORKER00000014": 2, "WORKER00000015": 3}
    assert json.loads(second["emotion.ratings"]) == {"WORKER00000015": "other"}
    assert pd.isna(second["emotion"])
    assert (second["arousal"], second["valence"]) == (3.0, 3.0)
    assert pd.isna(second["dominance"])
    assert pd.isna(second["naturalness"])
    assert not any("not understood" in note for note in result.notes)
    declared = {name: task.kind for name, task in load_card("msp-improv").tasks.items()}
    assert {declared[name] for name in four} == {"regression"}


def test_fau_aibo_joins_its_chunk_labels_and_keeps_the_fixed_split(tmp_path: Path) -> None:
    labels = (
        "Ohm_01_000_00 E 0.60\nOhm_01_000_01 A 1.00\nMont_01_000_00 R\nMont_02_000_00.wav N 1\n"
    )
    labels += "Mont_02_000_01 P 0.5\n"
    names = [line.split()[0].removesuffix(".wav") for line in labels.splitlines()]
    result = scanned(
        tmp_path,
        "fau-aibo",
        [f"wav/{name}.wav" for name in names],
        {"labels/IS2009EmotionChallenge/chunk_labels_5cl_corpus.txt": labels},
    )
    for folder in (tmp_path, tmp_path / "wav"):
        table = scan(load_card("fau-aibo"), folder).manifest
        got = table.set_index(table["file"].map(lambda file: Path(file).stem))
        assert got["emotion"].loc[names].to_list() == [
            "emphatic", "angry", "rest", "neutral", "positive",
        ]  # fmt: skip
        assert got["split"].loc[names].to_list() == ["train"] * 2 + ["test"] * 3
        assert got["confidence"].loc[names[0]] == 0.6
    assert "split" not in [task.name for task in result.tasks]


def test_an_unknown_code_in_a_label_list_is_refused_by_its_line(tmp_path: Path) -> None:
    list_ = {"chunk_labels_5cl_corpus.txt": "Ohm_01_000_00 N 1\nOhm_01_000_01 Q 1\n"}
    with pytest.raises(CardError, match=r"line 2: `emotion` is 'Q', not one of the codes A, E, N"):
        scanned(tmp_path, "fau-aibo", ["Ohm_01_000_00.wav"], list_)


def test_a_pattern_that_leaves_the_corpus_is_refused(tmp_path: Path) -> None:
    card = load_card("fau-aibo")
    side = card.tables[0].model_copy(update={"file": ("/**/list.txt",)})
    touch(tmp_path, ["Ohm_01_000_00.wav"])
    with pytest.raises(CardError, match=r"`tables.file` '.*' is not a relative pattern"):
        scan(card.model_copy(update={"tables": (side,)}), tmp_path)


def test_lines_of_a_label_list_that_are_not_understood_are_counted(tmp_path: Path) -> None:
    list_ = {"chunk_labels_5cl_corpus.txt": "# chunks\nOhm_01_000_00 N 1\n"}
    result = scanned(tmp_path, "fau-aibo", ["Ohm_01_000_00.wav"], list_)
    assert any("1 lines cannot be parsed, such as line 1, '# chunks'" in n for n in result.notes)


@pytest.mark.parametrize("key", ["file_id", "file"])
def test_nemo_joins_its_table_without_the_padding(tmp_path: Path, key: str) -> None:
    lines = [
        f"{key}\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage",
        "EB0_anger_1.wav  \tanger  \t Ucho.  \tucho\tEB0 \tfemale \t24 ",
    ]
    text = "\n".join(lines) + "\n"
    result = scanned(tmp_path, "nemo", ["samples/EB0_anger_1.wav"], {"data.tsv": text})
    row = row_of(result.manifest, "EB0_anger_1")
    assert (row["gender"], row["age"], row["text"]) == ("female", "24", "Ucho.")


def test_crema_d_joins_its_actors_by_their_number(tmp_path: Path) -> None:
    actors = {"VideoDemographics.csv": "ActorID,Age,Sex\n1001,51,Male\n1002,21,Female\n"}
    files = [f"AudioWAV/{name}.wav" for name in ("1001_DFA_ANG_XX", "1001_IEO_SAD_LO")]
    files += ["AudioWAV/1002_DFA_ANG_XX.wav", "AudioWAV/1003_DFA_ANG_XX.wav"]
    result = scanned(tmp_path, "crema-d", files, actors)
    table = result.manifest
    assert table["gender"].fillna("").to_list() == ["male", "male", "female", ""]
    assert table["age"].fillna("").to_list() == ["51", "51", "21", ""]
    assert any("no row for 1 recording, such as 1003" in note for note in result.notes)


VOTES = """\
"","A","D","F","H","N","S","fileName","numResponses"
"100001",6,2,0,0,1,0,"1001_DFA_ANG_XX",9
"100002",0,0,0,0,2,2,"1001_IEO_SAD_LO",4
"200001",0,0,0,0,9,0,"1001_DFA_ANG_XX",9
"300001",9,0,0,0,0,0,"1001_DFA_ANG_XX",9
"""


def test_crema_d_joins_the_votes_on_the_voice_and_keeps_the_acted_emotion(tmp_path: Path) -> None:
    files = [f"AudioWAV/{name}.wav" for name in ("1001_DFA_ANG_XX", "1001_IEO_SAD_LO")]
    result = scanned(tmp_path, "crema-d", files, {"processedResults/tabulatedVotes.csv": VOTES})
    table = result.manifest
    assert table["emotion"].to_list() == ["angry", "sad"]
    votes = read_ratings(table, "emotion")
    assert votes.per_item.tolist() == [9, 4]
    assert votes.counts[0].tolist() == [6, 2, 1, 0], votes.classes
    assert not votes.is_named
    with pytest.raises(CardError, match="line 2: `A` is 'many', no number of votes"):
        scanned(
            tmp_path / "2", "crema-d", files, {"tabulatedVotes.csv": VOTES.replace(",6,", ",many,")}
        )


@pytest.mark.parametrize("name", ["tess", "kbes", "mesd", "baved", "savee"])
def test_scanning_says_where_figures_by_speaker_mean_little(name: str, tmp_path: Path) -> None:
    result = scan(load_card(name), touch(tmp_path, [f"{next(iter(READ[name]))}.wav"]))
    assert any("speaker" in caution for caution in load_card(name).cautions)
    assert set(load_card(name).cautions) <= set(result.notes)
