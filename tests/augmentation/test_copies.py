"""Augmented copies: rows that carry their source, the same ones in every process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.api.extract import extract
from featser.audio import content_hash, read_audio
from featser.augmentation.copy_plan import Sound, plan_copies
from featser.augmentation.spec import parse_augmentation, parse_augmentations
from featser.experiment.loading.last_extraction import recall, recall_copies
from featser.extraction.extraction import extract_copies
from featser.features.registry import make_extractor
from featser.store.feature_store import Store
from tests.flow import featser_here
from tests.test_audio import tone, wav

SPEC = "rms:basic"
KINDS = ("noise:snr=10..20,copies=2", "babble:talkers=2", "pitch", "telephone")


def sounds(speakers: int, each: int) -> list[Sound]:
    return [
        Sound((f"{who}-{take}.wav", None, None, "mix"), f"{who}{take:031d}", f"s{who}")
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
    """Such a copy contains two speakers, and most folds by speaker test neither."""
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


@pytest.mark.parametrize(
    "asked",
    [
        ("noise:snr=10", "noise:snr=10.0,copies=1"),
        ("noise:snr=10,copies=2", "noise:snr=1e1,colour=white,copies=3"),
        ("gain", "gain:db=-6..6", "gain:db=-6.0..6"),
        ("codec:name=mp3", "codec:quality=0.1..0.5,name=mp3"),
        ("babble", "babble:talkers=4,copies=2", "pitch"),
    ],
)
def test_plan_of_equal_and_overlapping_augmentations_has_each_copy_once(
    asked: tuple[str, ...],
) -> None:
    most: dict[str, int] = {}
    for one in map(parse_augmentation, asked):
        most[one.definition] = max(most.get(one.definition, 0), one.copies)
    for order in (asked, asked[::-1]):
        plan = plan_copies(sounds(3, 5), [parse_augmentation(one) for one in order])
        assert plan.table["key"].is_unique
        assert len({copy.key for copy in plan.utterances}) == len(plan.utterances)
        assert len(plan.table) == 15 * sum(most.values())
        alone = plan_copies(sounds(3, 5), parse_augmentations(order))
        assert set(alone.table["key"]) == set(plan.table["key"])


@pytest.mark.slow
def test_extract_of_equal_and_overlapping_augmentations_makes_each_copy_once(
    voices: Path, tmp_path: Path
) -> None:
    asked = ["noise:snr=10", "noise:snr=10.0,copies=1", "noise:snr=10,copies=2", "gain:db=-6"]
    result = extract(voices / "m.csv", store=tmp_path / "store", features=[SPEC], augment=asked)
    assert result.altered is not None
    assert result.altered.done == 3 * 12
    [note] = [note for note in result.notes if "asked for" in note]
    assert note == (
        "noise:colour=white,snr=10 is asked for 3 times: the copies are made once, "
        "2 of each utterance"
    )
    assert len(stored(tmp_path / "store")) == 36
    once = extract(voices / "m.csv", store=tmp_path / "once", features=[SPEC], augment=asked[2:])
    assert not [note for note in once.notes if "asked for" in note]
    both = [stored(tmp_path / name) for name in ("store", "once")]
    assert both[0].keys() == both[1].keys()
    assert all(np.array_equal(both[0][key], both[1][key]) for key in both[0])


def test_preset_makes_the_copies_that_it_stands_for_and_is_described_by_them(
    voices: Path, tmp_path: Path
) -> None:
    store = ("--store", tmp_path / "cli", "-f", SPEC, "-j", "1")
    preset = ("--augment", "speaker", "--augment", "vtl")
    shown = featser_here("extract", voices / "m.csv", *store, *preset)
    assert "augmented copies: 24 done" in shown.stdout, shown.stderr
    assert recall(tmp_path / "cli")[0].augmentations == ("pitch", "vtl")

    asked = {"features": [SPEC], "n_jobs": 1}
    twice = ["speaker", "pitch:copies=2"]
    result = extract(voices / "m.csv", store=tmp_path / "python", augment=twice, **asked)
    assert recall(tmp_path / "python")[0].augmentations == ("pitch", "vtl", "pitch:copies=2")
    [note] = [note for note in result.notes if "asked for" in note]
    assert note.startswith("pitch:semitones=-2..2 is asked for 2 times: the copies are made once")
    more, fewer = stored(tmp_path / "python"), stored(tmp_path / "cli")
    assert len(more) == 36
    assert fewer.keys() < more.keys()
    assert all(np.array_equal(more[key], row) for key, row in fewer.items())


def test_copies_that_an_older_version_has_planned_twice_count_once(
    voices: Path, tmp_path: Path
) -> None:
    extract(voices / "m.csv", store=tmp_path / "store", features=[SPEC], augment=["gain:db=-6"])
    file = tmp_path / "store" / "copies.parquet"
    copies = pd.read_parquet(file)
    pd.concat([copies, copies]).to_parquet(file, index=False)
    again = recall_copies(tmp_path / "store")
    pd.testing.assert_frame_equal(again, copies)


def test_the_plan_depends_on_no_order_and_few_donors_change_as_a_corpus_grows() -> None:
    kinds = [parse_augmentation(kind) for kind in KINDS]
    some, more = sounds(8, 6), [*sounds(9, 6)]
    plan, grown = plan_copies(some, kinds), plan_copies(more, kinds)
    shuffled = plan_copies([some[i] for i in np.random.default_rng(0).permutation(48)], kinds)
    assert set(shuffled.table["key"]) == set(plan.table["key"])
    common = set(plan.table["key"]) & set(grown.table["key"])
    assert len(common) >= 0.9 * len(plan.table)


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
    opened, extractor = Store(store), make_extractor(SPEC)
    keys = pd.read_parquet(store / "copies.parquet")["key"].tolist()
    return dict(zip(keys, opened.read(extractor, keys), strict=True))


@pytest.mark.slow
def test_copies_have_equal_bits_for_one_worker_and_two(voices: Path, tmp_path: Path) -> None:
    features = []
    for jobs in (1, 2):
        store = tmp_path / str(jobs)
        result = extract(voices / "m.csv", store=store, features=[SPEC], n_jobs=jobs, augment=KINDS)
        assert result.altered is not None
        assert (result.done, result.altered.done) == (12, 5 * 12)
        features.append(stored(store))
    assert features[0].keys() == features[1].keys()
    assert all(np.array_equal(features[0][key], features[1][key]) for key in features[0])

    again = extract(voices / "m.csv", store=tmp_path / "1", features=[SPEC], augment=KINDS)
    assert again.altered is not None
    assert (again.altered.done, again.altered.reused) == (0, 60), "nothing is computed twice"


def test_a_copy_is_the_features_of_the_altered_sound(voices: Path, tmp_path: Path) -> None:
    extract(voices / "m.csv", store=tmp_path / "store", features=[SPEC], augment=["gain:db=-6"])
    manifest = pd.read_parquet(tmp_path / "store/manifest.parquet")
    copies = pd.read_parquet(tmp_path / "store/copies.parquet").set_index("source")["key"]
    opened, extractor = Store(tmp_path / "store"), make_extractor(SPEC)
    for file, key in zip(manifest["file"][:3], manifest["key"][:3], strict=True):
        signal = read_audio(tmp_path / "store" / file)
        altered = parse_augmentation("gain:db=-6").apply(signal, key, 0)
        np.testing.assert_allclose(opened.read(extractor, [copies[key]])[0], extractor(altered))


def test_no_copy_is_made_of_or_with_a_recording_that_cannot_be_used(
    voices: Path, tmp_path: Path
) -> None:
    result = extract(
        voices / "m.csv", store=tmp_path / "store", features=[SPEC], augment=["babble:talkers=4"]
    )
    assert result.unusable["file"].map(lambda file: Path(file).name).tolist() == ["broken.wav"]
    assert result.altered is not None
    assert result.altered.unusable.empty
    assert len(stored(tmp_path / "store")) == 12


def test_a_copy_that_cannot_be_made_is_listed_and_the_others_are_stored(
    voices: Path, tmp_path: Path
) -> None:
    """A donor disappears between planning and mixing."""
    store = Store(tmp_path / "store")
    places = [(str(voices / f"{number}.wav"), None, None, "mix") for number in range(6)]
    some = [Sound(place, content_hash(place[0]), f"s{row % 2}") for row, place in enumerate(places)]
    gone = [*some, Sound((str(voices / "gone.wav"), None, None, "mix"), "f" * 32, "s0")]
    plan = plan_copies(gone, [parse_augmentation("babble:talkers=3,copies=3")])
    plan.utterances[:] = [u for u in plan.utterances if "gone" not in u.file]
    store.prepare([make_extractor(SPEC)])
    result = extract_copies(plan.utterances, [SPEC], store, n_jobs=1)
    without = sum("gone" not in str(copy.alteration) for copy in plan.utterances)
    assert 0 < without < len(plan.utterances)
    assert result.done == without
    assert result.unusable["reason"].str.contains("no such file").all()
