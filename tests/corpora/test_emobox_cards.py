"""The cards of the corpora of EmoBox read names, folders and tables as EmoBox lists them."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.card import load_card
from featser.corpora.scans.scanning import ScanResult, scan
from featser.errors import CardError
from tests.corpora.card_reading import check_every_code_is_used, check_labels_of_names
from tests.corpora.scans.test_scan import names_by_design, row_of, touch

# For each card: a name as published, and all labels that it gives.
READ: dict[str, dict[str, dict[str, str]]] = {
    "cafe": {
        "CaFE_48k/Peur/Fort/12-P-2-5": {
            "speaker": "12", "gender": "female", "age": "37", "emotion": "fearful",
            "intensity": "strong", "sentence": "5",
        },
        "CaFE_48k/Neutre/07-N-1-1": {
            "speaker": "07", "gender": "male", "age": "15", "emotion": "neutral",
            "intensity": "mild", "sentence": "1",
        },
        "01-C-1-6": {"emotion": "angry", "age": "46"},
        "01-D-1-6": {"emotion": "disgust"},
        "01-J-1-6": {"emotion": "happy"},
        "01-S-1-6": {"emotion": "surprised"},
        "01-T-1-6": {"emotion": "sad"},
    },
    "oreau": {
        "OréauFR_02/f/sessj/10a02Ja": {
            "speaker": "10", "gender": "female", "emotion": "happy", "sentence": "Ja02",
            "repetition": "a",
        },
        "f/sessc/37a11Ca": {"gender": "female", "emotion": "angry"},
        "m/sesss/07z03Sa": {
            "speaker": "07", "gender": "male", "emotion": "surprised", "sentence": "Sz03",
        },
        "sessd/22a03Da": {"speaker": "22", "gender": "", "emotion": "disgust"},
        "33a01Na": {"gender": "", "emotion": "neutral"},
        "16a09Pa": {"emotion": "fearful"},
        "29a09Ta": {"emotion": "sad", "sentence": "Ta09"},
    },
    "polish": {
        "m1.a_nie_2": {
            "speaker": "m1", "gender": "male", "emotion": "angry", "sentence": "nie",
            "repetition": "2",
        },
        "m5.n_tak_5": {"speaker": "m5", "emotion": "neutral", "sentence": "tak"},
        "m3.s_trzymaj_5": {"emotion": "fearful", "sentence": "trzymaj"},
    },
    "jl-corpus": {
        "JL(wav+txt)/male2_concerned_6b_1": {
            "speaker": "male2", "gender": "male", "emotion": "concerned", "sentence": "6b",
            "repetition": "1",
        },
        "female1_apologetic_15b_2": {
            "speaker": "female1", "gender": "female", "emotion": "apologetic", "sentence": "15b",
            "repetition": "2",
        },
    },
    "turev-db": {
        "Sound Source/Calm/1984_sk_eger": {
            "speaker": "1984", "emotion": "calm", "sentence": "eger",
        },
        "Sound Source/Happy/7895_mt_bugu": {"speaker": "7895", "emotion": "happy"},
        "Sound Source/Sad/1358_hl_algi": {"speaker": "1358", "emotion": "sad"},
        "Sound Source/Angry/1157_kz_yigilmak": {"speaker": "1157", "emotion": "angry"},
        "1234_sk_cay": {"speaker": "1234"},
        "6783_sk_koku": {"speaker": "6783"},
    },
    "casia": {
        "wangzhe/neutral/239": {
            "speaker": "wangzhe", "gender": "male", "emotion": "neutral", "sentence": "239",
        },
        "casia/zhaoquanyin/sad/227": {
            "speaker": "zhaoquanyin", "gender": "female", "emotion": "sad",
        },
        "liuchanhg/angry/201": {"speaker": "liuchanhg", "gender": "female", "emotion": "angry"},
        "ZhaoZuoxiang/fear/250": {
            "speaker": "ZhaoZuoxiang", "gender": "male", "emotion": "fearful",
        },
        "wangzhe/happy/239": {"emotion": "happy"},
        "wangzhe/surprise/239": {"emotion": "surprised"},
    },
    "esd": {
        "0005/Neutral/0005_000001": {
            "speaker": "0005", "gender": "male", "emotion": "neutral", "language_id": "zh",
            "item_id": "000001",
        },
        "0016/Angry/train/0016_000699": {
            "speaker": "0016", "gender": "female", "emotion": "angry", "language_id": "en",
        },
        "0011/Happy/evaluation/0011_000701": {"emotion": "happy", "gender": "male"},
        "0010/Sad/test/0010_001051": {"emotion": "sad", "language_id": "zh"},
        "0020/Surprise/0020_001401": {"emotion": "surprised", "language_id": "en"},
    },
    "emov-db": {
        "jenie_Amused/amused_57-84_0057": {
            "speaker": "jenie", "gender": "female", "emotion": "amused", "sentence": "0057",
        },
        "bea_Disgusted/disgust_1-28_0003": {"speaker": "bea", "emotion": "disgust"},
        "bea_Angry/anger_281-308_0296": {"speaker": "bea", "emotion": "angry"},
        "EmoV-DB_sorted/josh/Neutral/neutral_1-28_0001": {
            "speaker": "josh", "gender": "male", "emotion": "neutral", "sentence": "0001",
        },
        "EmoV-DB_sorted/sam/Sleepy/sleepiness_1-28_0011": {"speaker": "sam", "emotion": "sleepy"},
    },
    "mead": {
        "W019/audio/neutral/level_1/020": {
            "speaker": "W019", "gender": "female", "emotion": "neutral", "intensity": "low",
            "item_id": "020",
        },
        "M024/audio/angry/level_3/007": {
            "speaker": "M024", "gender": "male", "emotion": "angry", "intensity": "high",
        },
        "M024/audio/contempt/level_2/007": {"emotion": "contempt", "intensity": "medium"},
        "M024/audio/disgusted/level_2/007": {"emotion": "disgust"},
        "M024/audio/fear/level_2/007": {"emotion": "fearful"},
        "M024/audio/happy/level_2/007": {"emotion": "happy"},
        "M024/audio/sad/level_2/007": {"emotion": "sad"},
        "M024/audio/surprised/level_2/007": {"emotion": "surprised"},
    },
    "resd": {
        "train/happiness_enthusiasm_32/32_happiness_enthusiasm_h_120": {
            "speaker": "", "emotion": "happy", "dialogue_id": "32", "item_id": "120",
        },
        "test/04_fear_enthusiasm/04_fear_enthusiasm e_150": {
            "emotion": "enthusiastic", "dialogue_id": "04",
        },
        "test/08_sadness_anger/08_sadness_anger a_010": {"emotion": "angry"},
        "28_disgust_enthusiasm_d_130": {"emotion": "disgust"},
        "41_fear_disgust_f_050": {"emotion": "fearful"},
        "27_neutral_fear_n_100": {"emotion": "neutral"},
        "50_enthusiasm_sadness_s_020": {"emotion": "sad"},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_card_reads_every_label_from_its_names(name: str, tmp_path: Path) -> None:
    check_labels_of_names(name, READ[name], tmp_path)


@pytest.mark.parametrize("name", READ)
def test_the_names_above_use_every_code_of_the_card(name: str) -> None:
    check_every_code_is_used(name, READ[name])


@pytest.mark.parametrize("name", ["cafe", "polish", "casia"])
def test_a_whole_corpus_has_the_published_counts(name: str, tmp_path: Path) -> None:
    card = load_card(name)
    files = [f"{path}.wav" for path in names_by_design(card)]
    result = scan(card, touch(tmp_path, files))
    assert len(result.manifest) == card.expected.utterances == len(files)
    assert result.by_class["found"].to_list() == result.by_class["expected"].to_list()
    assert result.manifest["speaker"].nunique() == card.expected.speakers
    assert result.missing == result.unmatched == []
    assert result.notes == list(card.cautions)


def test_jl_corpus_has_240_recordings_of_each_of_its_ten_emotions(tmp_path: Path) -> None:
    card = load_card("jl-corpus")
    files = [
        f"{speaker}_{emotion}_{number}{letter}_{session}.wav"
        for speaker in ("female1", "female2", "male1", "male2")
        for emotion in card.tasks["emotion"].classes
        for number in range(1, 16)
        for letter in "ab"
        for session in (1, 2)
    ]
    result = scan(card, touch(tmp_path, files))
    assert result.unmatched == result.notes == []
    assert result.by_class["found"].to_list() == result.by_class["expected"].to_list()


@pytest.mark.parametrize("folder", ["Or\u00e9auFR_0", "Ore\u0301auFR_0"])
def test_oreau_passes_over_its_first_version(folder: str, tmp_path: Path) -> None:
    files = [f"{folder}{version}/f/sessj/10a02Ja.wav" for version in (1, 2)]
    result = scan(load_card("oreau"), touch(tmp_path, files))
    assert [Path(file).parts[-4] for file in result.manifest["file"]] == [f"{folder}2"]


def test_turev_db_passes_over_the_filtered_copies(tmp_path: Path) -> None:
    copies = "Model Output for Test Data/testEmotions500HighPass/sound/Angry"
    files = [f"{copies}/1157_kz_dil.wav", "Sound Source/Angry/1157_kz_dil.wav"]
    result = scan(load_card("turev-db"), touch(tmp_path, files))
    assert [Path(file).parts[-3] for file in result.manifest["file"]] == ["Sound Source"]


@pytest.mark.parametrize(
    ("name", "file"),
    [("mead", "W019/audio/neutral/level_1/020.m4a"), ("emns", "recorded_audio_mNQTB2g.webm")],
)
def test_a_corpus_in_another_format_is_refused_with_the_command(
    name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CardError, match=r"holds no audio.*ffmpeg -i"):
        scan(load_card(name), touch(tmp_path, [file]))


@pytest.mark.parametrize("name", ["casia", "emov-db", "resd", "emns"])
def test_scanning_says_where_figures_by_speaker_mean_little(name: str, tmp_path: Path) -> None:
    names = {**READ, "emns": {"recorded_audio_mNQTB2g": {}}}[name]
    result = scan(load_card(name), touch(tmp_path, [f"{next(iter(names))}.wav"]))
    cautions = load_card(name).cautions
    assert any("speaker" in caution for caution in cautions)
    assert set(cautions) <= set(result.notes)


def with_table(tmp_path: Path, name: str, files: list[str], table: str, text: str) -> ScanResult:
    touch(tmp_path, [*files, table])
    (tmp_path / table).write_text(text, encoding="utf-8")
    return scan(load_card(name), tmp_path)


EMOZIONALMENTE = """\
file_name,actor,sentence,emotion_expressed
1614680733939.wav,anna,Vorrei il numero telefonico del Signor Piatti.,neutrality
1613840532900.wav,bruno,"Sì, domani.",joy
1614251417932.wav,anna,La casa è grande.,disgust
"""


def test_emozionalmente_joins_speaker_and_emotion_from_its_samples(tmp_path: Path) -> None:
    stems = ["1614680733939", "1613840532900", "1614251417932", "1613592928482"]
    files = [f"audio/{stem}.wav" for stem in stems]
    result = with_table(tmp_path, "emozionalmente", files, "metadata/samples.csv", EMOZIONALMENTE)
    first, second, third, fourth = (row_of(result.manifest, stem) for stem in stems)
    assert (first["speaker"], first["emotion"]) == ("anna", "neutral")
    assert (second["speaker"], second["emotion"]) == ("bruno", "happy")
    assert (second["sentence"], second["item_id"]) == ("Sì, domani.", "1613840532900")
    assert (third["speaker"], third["emotion"]) == ("anna", "disgust")
    assert pd.isna(fourth["speaker"])
    assert any("no row for 1 recording, such as 1613592928482" in n for n in result.notes)
    assert list(result.by_speaker.index) == ["anna", "bruno"]


def test_emozionalmente_knows_the_seven_emotions_of_its_samples() -> None:
    side = load_card("emozionalmente").tables[0]
    assert set(side.codes["emotion"]) == {
        "anger", "disgust", "fear", "joy", "neutrality", "sadness", "surprise",
    }  # fmt: skip


EMNS = """\
id|utterance|description|emotion|date|status|gender|age|level|audio_recording|user_id
1|I can't, not now.|soft|Sarcastic||Complete|Female|20s|5|wavs/recorded_audio_mNQTB2g.webm|3
2|Look at that!|loud|Surprised||Complete|Female|20s|9|wavs/recorded_audio.webm|3
3|Not recorded.|loud|Happy||Needs Updating|Female|20s|9||3
4|Not recorded either.|loud|Sad||Needs Updating|Female|20s|9||3
"""


def test_emns_joins_its_table_by_names_below_wavs(tmp_path: Path) -> None:
    files = ["cleaned_webm/recorded_audio_mNQTB2g.wav", "cleaned_webm/recorded_audio.wav"]
    result = with_table(tmp_path, "emns", files, "metadata.csv", EMNS)
    first, second = (row_of(result.manifest, Path(file).name) for file in files)
    assert (first["emotion"], first["text"]) == ("sarcastic", "I can't, not now.")
    assert (second["emotion"], second["speaker"], second["gender"]) == (
        "surprised",
        "Imz",
        "female",
    )
    assert not any("no row" in note for note in result.notes)
