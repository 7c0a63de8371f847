"""Augmented copies: rows that carry their source, the same ones in every process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.audio import read_audio
from featser.features.augmentation.spec import parse_augmentation
from featser.features.copies import Sound, plan_copies
from featser.features.extraction import extract_copies
from featser.features.extractor import make_extractor
from featser.features.store import Store
from featser.verbs.extract import extract
from tests.test_audio import tone, wav

SPEC = "rms:basic"
KINDS = ("noise:snr=10..20,copies=2", "babble:talkers=2", "pitch", "telephone")


def sounds(speakers: int, each: int) -> list[Sound]:
    return [
        Sound((f"{who}-{take}.wav", None, None), f"{who}{take:031d}", f"s{who}")
        for who in range(speakers)
        for take in range(each)
    ]


def test_a_copys_key_begins_with_its_sources() -> None:
    plan = plan_copies(sounds(2, 2), [parse_augmentation("noise:copies=3")])
    assert len(plan.table) == len(plan.utterances) == 12
    for row in plan.table.to_dict("records"):
        assert row["key"].partition("+")[0] == row["source"]
    assert plan.table["key"].is_unique


def test_babble_is_of_one_other_speaker() -> None:
    """A copy then rests on two speakers, and most folds by speaker test neither."""
    plan = plan_copies(sounds(6, 5), [parse_augmentation("babble:talkers=3,copies=2")])
    by_key = {sound.key: sound.speaker for sound in sounds(6, 5)}
    others = set()
    for source, donors in zip(plan.table["source"], plan.table["donors"], strict=True):
        speakers = {by_key[donor] for donor in donors.split()}
        assert len(donors.split()) == 3
        assert len(speakers) == 1
        assert speakers != {by_key[source]}
        others |= speakers
    assert len(others) == 6, "not always the same one"


def test_where_speakers_are_unknown_babble_is_of_any_others() -> None:
    unknown = [Sound(sound.place, sound.key, "") for sound in sounds(1, 4)]
    plan = plan_copies(unknown, [parse_augmentation("babble:talkers=3")])
    for source, donors in zip(plan.table["source"], plan.table["donors"], strict=True):
        assert source not in donors.split()
        assert len(set(donors.split())) == 3


def test_utterances_with_too_few_others_are_counted() -> None:
    plan = plan_copies(sounds(1, 4), [parse_augmentation("babble"), parse_augmentation("gain")])
    assert len(plan.table) == 4
    assert plan.short == {"babble:snr=10..20,talkers=4": 4}


def test_the_plan_depends_on_no_order_and_few_donors_change_as_a_corpus_grows() -> None:
    kinds = [parse_augmentation(kind) for kind in KINDS]
    some, more = sounds(8, 6), [*sounds(9, 6)]
    plan, grown = plan_copies(some, kinds), plan_copies(more, kinds)
    shuffled = plan_copies([some[i] for i in np.random.default_rng(0).permutation(48)], kinds)
    assert set(shuffled.table["key"]) == set(plan.table["key"])
    kept = set(plan.table["key"]) & set(grown.table["key"])
    assert len(kept) >= 0.9 * len(plan.table)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 recordings of 3 speakers, and one that is no audio; a manifest beside them."""
    folder = tmp_path_factory.mktemp("voices")
    rows = []
    for number in range(12):
        hum = tone(0.5, hz=100 + 20 * number) * np.random.default_rng(number).uniform(0.2, 0.9)
        wav(folder / f"{number}.wav", hum)
        rows.append((f"{number}.wav", f"s{number % 3}", "angry" if number % 2 else "sad"))
    (folder / "broken.wav").write_bytes(b"no audio at all")
    rows.append(("broken.wav", "s0", "sad"))
    pd.DataFrame(rows, columns=["file", "speaker", "emotion"]).to_csv(folder / "m.csv", index=False)
    return folder


def stored(store: Path) -> dict[str, np.ndarray]:
    kept, extractor = Store(store), make_extractor(SPEC)
    keys = pd.read_parquet(store / "copies.parquet")["key"].tolist()
    return dict(zip(keys, kept.read(extractor, keys), strict=True))


def test_copies_have_equal_bits_for_one_worker_and_two(voices: Path, tmp_path: Path) -> None:
    found = []
    for jobs in (1, 2):
        store = tmp_path / str(jobs)
        result = extract(voices / "m.csv", store, [SPEC], jobs=jobs, augment=KINDS)
        assert result.altered is not None
        assert (result.done, result.altered.done) == (12, 5 * 12)
        found.append(stored(store))
    assert found[0].keys() == found[1].keys()
    assert all(np.array_equal(found[0][key], found[1][key]) for key in found[0])

    again = extract(voices / "m.csv", tmp_path / "1", [SPEC], augment=KINDS)
    assert again.altered is not None
    assert (again.altered.done, again.altered.reused) == (0, 60), "nothing is computed twice"


def test_a_copy_is_the_features_of_the_altered_sound(voices: Path, tmp_path: Path) -> None:
    extract(voices / "m.csv", tmp_path / "store", [SPEC], augment=["gain:db=-6"])
    manifest = pd.read_parquet(tmp_path / "store/manifest.parquet")
    copies = pd.read_parquet(tmp_path / "store/copies.parquet").set_index("source")["key"]
    kept, extractor = Store(tmp_path / "store"), make_extractor(SPEC)
    for file, key in zip(manifest["file"][:3], manifest["key"][:3], strict=True):
        signal = read_audio(tmp_path / "store" / file)
        altered = parse_augmentation("gain:db=-6").apply(signal, key, 0)
        np.testing.assert_allclose(kept.read(extractor, [copies[key]])[0], extractor(altered))


def test_no_copy_is_made_of_or_with_a_recording_that_cannot_be_used(
    voices: Path, tmp_path: Path
) -> None:
    result = extract(voices / "m.csv", tmp_path / "store", [SPEC], augment=["babble:talkers=4"])
    assert result.unusable["file"].map(lambda file: Path(file).name).tolist() == ["broken.wav"]
    assert result.altered is not None
    assert result.altered.unusable.empty
    assert len(stored(tmp_path / "store")) == 12


def test_a_copy_that_cannot_be_made_is_listed_and_the_others_are_kept(
    voices: Path, tmp_path: Path
) -> None:
    """A donor has gone between planning and mixing."""
    kept = Store(tmp_path / "store")
    places = [(str(voices / f"{number}.wav"), None, None) for number in range(6)]
    some = [Sound(place, f"{row:032d}", f"s{row % 2}") for row, place in enumerate(places)]
    gone = [*some, Sound((str(voices / "gone.wav"), None, None), "f" * 32, "s0")]
    plan = plan_copies(gone, [parse_augmentation("babble:talkers=3,copies=3")])
    plan.utterances[:] = [u for u in plan.utterances if "gone" not in u.file]
    kept.prepare([make_extractor(SPEC)])
    result = extract_copies(plan.utterances, [SPEC], kept, n_jobs=1)
    without = sum("gone" not in str(copy.alteration) for copy in plan.utterances)
    assert 0 < without < len(plan.utterances)
    assert result.done == without
    assert result.unusable["reason"].str.contains("no such file").all()
