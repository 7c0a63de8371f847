"""A newcomer's first folder, however its labels are written, becomes a finished fit."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import audformat
import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.corpora.synthetic.demo_corpus import SPEAKERS, STYLES, vary
from featser.corpora.synthetic.synthesizer import RATE, synthesise
from tests.flow import featser_here

SPOKEN = ("f1", "f2", "m1", "m2")
WORDS = {"angry": "wütend", "sad": "traurig", "happy": "fröhlich"}
Commands = list[list[str]]


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 short utterances: 4 speakers, 3 emotions, 2 takes, named ``SPEAKER_EMOTION_TAKE.wav``."""
    folder = tmp_path_factory.mktemp("voices")
    for number, speaker in enumerate(SPOKEN):
        for emotion in WORDS:
            for take in (1, 2):
                rng = np.random.default_rng([number, take, len(emotion)])
                style = vary(STYLES[emotion], rng)
                spoken = synthesise(SPEAKERS[speaker], style, rng, seconds=0.6)
                soundfile.write(folder / f"{speaker}_{emotion}_{take}.wav", spoken.samples, RATE)
    return folder


def table_of(voices: Path) -> pd.DataFrame:
    names = sorted(file.name for file in voices.iterdir())
    fields = [name.removesuffix(".wav").split("_") for name in names]
    return pd.DataFrame(
        {"name": names, "speaker": [f[0] for f in fields], "emotion": [f[1] for f in fields]}
    )


def copied(voices: Path, root: Path, name_of: Callable[[str, str, str], str]) -> list[str]:
    """Copy the voices to places that their speaker, emotion and take decide."""
    names = []
    for file in sorted(voices.iterdir()):
        name = name_of(*file.stem.split("_"))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / name)
        names.append(name)
    return names


def nested_speakers(voices: Path, root: Path) -> Commands:
    copied(voices, root / "in", lambda *of: f"{of[0]}/{WORDS[of[1]]}/{of[2]}.wav")
    return [["extract", "in"]]


def nested_classes(voices: Path, root: Path) -> Commands:
    copied(voices, root / "in", lambda *of: f"{of[1].upper()}/{of[0]}/{of[2]}.wav")
    return [["extract", "in"]]


def table_in_the_folder(voices: Path, root: Path) -> Commands:
    names = copied(voices, root / "in", "wav/{}-{}-{}.wav".format)
    table = table_of(voices).assign(path=names).rename(columns={"emotion": "class"})
    table[["path", "speaker", "class"]].to_csv(root / "in/meta.csv", index=False)
    return [["extract", "in"]]


def path_and_label(voices: Path, root: Path) -> Commands:
    names = copied(voices, root / "wav", "{}-{}-{}.wav".format)
    table = table_of(voices).assign(path=[f"wav/{name}" for name in names])
    table = table.rename(columns={"emotion": "label", "speaker": "spk"})
    table[["path", "spk", "label"]].to_csv(root / "list.csv", index=False)
    return [["extract", "list.csv"]]


def german_excel_csv(voices: Path, root: Path) -> Commands:
    """Semicolons, decimal commas, Latin-1, German words: what a German Excel saves as CSV."""
    names = copied(voices, root, "{}-{}-{}.wav".format)
    lines = ["Datei;Sprecher;Beginn;Ende;Gefühl"]
    for name, row in zip(names, table_of(voices).itertuples(), strict=True):
        lines.append(f"{name};{row.speaker};0,05;0,55;{WORDS[row.emotion]}")
    (root / "Liste.csv").write_bytes("\r\n".join(lines).encode("latin-1"))
    return [["extract", "Liste.csv"]]


def windows_paths(voices: Path, root: Path) -> Commands:
    names = copied(voices, root, "{}/{}/{}.wav".format)
    table = table_of(voices).assign(file=[name.replace("/", "\\") for name in names])
    table[["file", "speaker", "emotion"]].to_csv(root / "list.csv", index=False)
    return [["extract", "list.csv"]]


def utf16(voices: Path, root: Path) -> Commands:
    """What Excel saves as Unicode text."""
    names = copied(voices, root, "{}-{}-{}.wav".format)
    table = table_of(voices).assign(filename=names).replace({"emotion": WORDS})
    table[["filename", "speaker", "emotion"]].to_csv(
        root / "list.txt", index=False, sep="\t", encoding="utf-16"
    )
    return [["extract", "list.txt"]]


def one_label_column(voices: Path, root: Path) -> Commands:
    names = copied(voices, root, "{}-{}-{}.wav".format)
    table = table_of(voices).assign(wav=names).rename(columns={"emotion": "Stimmung"})
    table[["wav", "speaker", "Stimmung"]].to_csv(
        root / "list.csv", index=False, encoding="utf-8-sig"
    )
    return [["extract", "list.csv"]]


def nfd_names(voices: Path, root: Path) -> Commands:
    """Names of a Mac's files, and a table that was typed elsewhere."""
    names = copied(
        voices,
        root,
        lambda *of: unicodedata.normalize("NFD", f"{WORDS[of[1]]}/{of[0]}-{of[2]}.wav"),
    )
    table = table_of(voices).assign(file=[unicodedata.normalize("NFC", name) for name in names])
    table[["file", "speaker", "emotion"]].to_csv(root / "list.csv", index=False)
    return [["extract", "list.csv"]]


def excel(voices: Path, root: Path) -> Commands:
    names = copied(voices, root, "{}-{}-{}.wav".format)
    table = table_of(voices).assign(Recording=names)
    table[["Recording", "speaker", "emotion"]].to_excel(root / "list.xlsx", index=False)
    return [["extract", "list.xlsx"]]


def pattern(voices: Path, root: Path) -> Commands:
    copied(voices, root / "in", "speaker-{}/day 1/{}_{}.wav".format)
    read = "speaker-{speaker}/*/{emotion}_{take}.wav"
    return [["scan", "in", "--pattern", read, "-o", "list.csv"], ["extract", "list.csv"]]


def zipped(voices: Path, root: Path) -> Commands:
    """A folder for each speaker and in it one for each class, packed as people send them."""
    copied(voices, root / "in/corpus", "{}/{}/{}.wav".format)
    shutil.make_archive(str(root / "corpus"), "zip", root / "in")
    shutil.rmtree(root / "in")
    return [["extract", "corpus.zip", "--corpus", "folders-by-speaker"]]


def parquet_with_recordings(voices: Path, root: Path) -> Commands:
    """Recordings in a column of a table, as dataset hubs publish them."""
    table = table_of(voices)
    table["audio"] = [{"bytes": (voices / n).read_bytes(), "path": n} for n in table["name"]]
    table.drop(columns="name").to_parquet(root / "train.parquet")
    return [["extract", "train.parquet"]]


def mixed_endings(voices: Path, root: Path) -> Commands:
    """Recordings from several devices: the ending and its case differ from file to file."""
    names = copied(voices, root / "in", "{}/{}/{}.wav".format)
    for number, name in enumerate(names):
        samples, rate = soundfile.read(root / "in" / name)
        (root / "in" / name).unlink()
        ending = (".WAV", ".flac", ".mp3", ".ogg", ".aiff")[number % 5]
        soundfile.write((root / "in" / name).with_suffix(ending), samples, rate)
    return [["extract", "in"]]


def audformat_database(voices: Path, root: Path) -> Commands:
    """A database as the package audformat itself writes it."""
    names = copied(voices, root / "db", "audio/{}-{}-{}.wav".format)
    table = table_of(voices)
    db = audformat.Database("voices")
    db["files"] = audformat.Table(audformat.filewise_index(names))
    for column in ("speaker", "emotion"):
        labels = sorted(set(table[column]))
        db.schemes[column] = audformat.Scheme(labels=labels)
        db["files"][column] = audformat.Column(scheme_id=column)
        db["files"][column].set(table[column].tolist())
    db.save(str(root / "db"))
    return [["extract", "db"]]


def raters_of(voices: Path, names: list[str]) -> pd.DataFrame:
    """Three raters of all voices, of whom two are right, and one names the next emotion."""
    table = table_of(voices).assign(file=names)
    following = dict(zip(WORDS, [*list(WORDS)[1:], *list(WORDS)[:1]], strict=True))
    others = table["emotion"].map(following)
    return table.assign(anna=table["emotion"], ben=table["emotion"], carla=others)


def raters_long(voices: Path, root: Path) -> Commands:
    """A row for each recording and rater."""
    table = raters_of(voices, copied(voices, root, "{}-{}-{}.wav".format))
    columns = ["file", "speaker"]
    long = table.drop(columns="emotion").melt(columns, ["anna", "ben", "carla"], "rater", "emotion")
    long.to_csv(root / "ratings.csv", index=False)
    return [["extract", "ratings.csv"], ["agreement", "ratings.csv"]]


def raters_wide(voices: Path, root: Path) -> Commands:
    """A column for each rater."""
    table = raters_of(voices, copied(voices, root, "{}-{}-{}.wav".format))
    names = {"anna": "emotion.r1", "ben": "emotion.r2", "carla": "emotion.r3"}
    wide = table.rename(columns=names)[["file", "speaker", *names.values()]]
    wide.to_csv(root / "ratings.csv", index=False)
    return [["extract", "ratings.csv"], ["agreement", "ratings.csv"]]


QUICK = [nested_speakers, german_excel_csv, raters_long]
MORE = [
    path_and_label,
    zipped,
    nested_classes,
    table_in_the_folder,
    pattern,
    windows_paths,
    utf16,
    one_label_column,
    nfd_names,
    raters_wide,
    parquet_with_recordings,
    mixed_endings,
    audformat_database,
]
LAYOUTS = [
    *QUICK,
    *(pytest.param(layout, marks=pytest.mark.slow) for layout in MORE),
    pytest.param(excel, marks=pytest.mark.extras),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_first_folder_becomes_a_finished_fit(
    voices: Path, tmp_path: Path, layout: Callable[[Path, Path], Commands]
) -> None:
    """At most two options each, and one more that keeps the test short."""
    commands = [*layout(voices, tmp_path), ["fit"]]
    quick = {"extract": ["-f", "mfcc:basic"], "fit": ["-m", "logistic"]}
    for command in commands:
        assert sum(part.startswith("-") for part in command) <= 2
        shown = featser_here(*command, *quick.get(command[0], []), cwd=tmp_path)
        assert shown.returncode == 0, shown.stdout + shown.stderr
    (run,) = (tmp_path / "runs").iterdir()
    (tasks,) = json.loads((run / "metrics.json").read_text(encoding="utf-8")).values()
    (task,) = tasks
    predictions = pd.read_parquet(run / "predictions.parquet")
    assert predictions["speaker"].value_counts().to_dict() == dict.fromkeys(SPOKEN, 6)
    assert sorted(predictions[f"{task}.true"].value_counts()) == [8, 8, 8]
    assert not predictions[f"{task}.pred"].isna().any()
