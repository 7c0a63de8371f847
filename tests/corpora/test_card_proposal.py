"""What names of folders and recordings propose for a card."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser.corpora.card import Card, load_card, parse_card
from featser.corpora.proposal.card_proposal import CardProposal, propose
from featser.corpora.scans.scanning import scan
from featser.errors import CardError, InputError
from tests.corpora.card_reading import touch

EMOTIONS = ("angry", "sad", "happy")


def proposed(folder: Path, names: list[str]) -> CardProposal:
    touch(folder, names)
    return propose(folder)


def read(folder: Path, proposal: CardProposal) -> pd.DataFrame:
    return scan(parse_card(proposal.to_yaml(), "card.yaml"), folder).manifest


def columns(proposal: CardProposal) -> list[str]:
    return [proposal.columns[one.place] for one in proposal.fields.varying]


def names(
    form: str, speakers: tuple[str, ...] = ("anna", "ben", "carl"), takes: int = 2
) -> list[str]:
    every = [(s, e, t) for s in speakers for e in EMOTIONS for t in range(1, takes + 1)]
    return [form.format(s=s, e=e, t=t) + ".wav" for s, e, t in every]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("{s}_{e}_{t}", ["speaker", "emotion", "take"]),
        ("{e}-{t} {s}", ["emotion", "take", "speaker"]),
        ("{s}/{e}/{t}", ["speaker", "emotion", "take"]),
        ("{e}/{s}.{t}", ["emotion", "speaker", "take"]),
        ("{s}/rec_{s}_{e}{t}", ["", "speaker", "emotion", "take"]),
        ("all/session 1/{s}__{e}__{t}", ["speaker", "emotion", "take"]),
    ],
)
def test_speaker_emotion_and_take_are_proposed(
    tmp_path: Path, form: str, expected: list[str]
) -> None:
    proposal = proposed(tmp_path, names(form))
    assert columns(proposal) == expected
    table = read(tmp_path, proposal)
    assert table["speaker"].value_counts().to_dict() == {"anna": 6, "ben": 6, "carl": 6}
    assert table["emotion"].value_counts().to_dict() == dict.fromkeys(EMOTIONS, 6)


@pytest.mark.parametrize("corpus", ["ravdess", "emodb", "savee", "demo"])
def test_the_names_of_published_corpora_propose_what_their_cards_say(
    tmp_path: Path, corpus: str
) -> None:
    """The columns alone: what codes mean cannot be read from them."""
    card = load_card(corpus)
    recordings = _recordings(card)
    table = read(tmp_path, proposed(tmp_path, recordings))
    published = scan(card, tmp_path).manifest
    for column in ("speaker", "emotion"):
        pairs = set(zip(table[column], published[column], strict=True))
        assert len(pairs) == table[column].nunique() == published[column].nunique(), column


def _recordings(card: Card) -> list[str]:
    if card.name == "emodb":
        texts = ["a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10"]
        speakers = ["03", "08", "09", "10", "11", "12", "13", "14", "15", "16"]
        return [
            f"{s}{t}{e}{v}.wav" for s in speakers for t in texts for e in "WLEAFTN" for v in "ab"
        ]
    assert card.design is not None
    form = "{actor}/" + card.design.name if card.name == "ravdess" else card.design.name
    form = "Actor_" + form if card.name == "ravdess" else form
    return [form.format(**cell) + ".wav" for cell in card.design.cells([])]


def test_a_number_that_occurs_with_both_genders_names_two_speakers(tmp_path: Path) -> None:
    forms = [
        name for g in ("female", "male") for name in names(f"{g}/{{s}}/{{e}}_{{t}}", ("01", "02"))
    ]
    table = read(tmp_path, proposed(tmp_path, forms))
    assert sorted(table["speaker"].unique()) == ["female01", "female02", "male01", "male02"]
    assert sorted(table["gender"].unique()) == ["female", "male"]


def test_sets_become_the_split(tmp_path: Path) -> None:
    forms = [name for g in ("train", "val") for name in names(f"{g}/{{s}}_{{e}}_{{t}}")]
    assert set(read(tmp_path, proposed(tmp_path, forms))["split"]) == {"train", "dev"}


def test_codes_are_proposed_with_a_note_to_check(tmp_path: Path) -> None:
    forms = [f"{s}_{e}_{t}.wav" for s in ("s1", "s2") for e in "AHS" for t in (1, 2)]
    proposal = proposed(tmp_path, forms)
    assert proposal.codes["emotion"] == {"A": "A", "H": "H", "S": "S"}
    notes = " ".join(proposal.notes())
    assert "part 2 of the name (A 4, H 4, S 4) is proposed as the label" in notes
    assert "part 1 of the name (s1 6, s2 6) is proposed as the speaker: check it" in notes


def test_recordings_of_another_structure_are_named(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, [*names("{s}_{e}_{t}"), "noise.wav"])
    assert proposal.fields.others == ("noise",)
    assert "1 recording of another structure, such as noise" in proposal.notes()[0]
    assert len(read(tmp_path, proposal)) == 18


def test_names_without_a_structure_or_a_label_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="holds no recordings"):
        propose(tmp_path)
    touch(tmp_path / "one", ["a.wav"])
    with pytest.raises(CardError, match=r"no field of the names is the label .* vary: none"):
        propose(tmp_path / "one").to_dict()
    touch(tmp_path / "two", ["a.wav", "b_1_2.wav", "c-d_1.wav", "x y z.wav", "q.r.wav"])
    with pytest.raises(CardError, match="no common structure"):
        propose(tmp_path / "two")


def test_a_column_that_is_renamed_leaves_its_old_field(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, names("{s}_{e}_{t}"))
    first, second, third = (one.place for one in proposal.fields.varying)
    proposal.rename(third, "speaker")
    assert columns(proposal) == ["field1", "emotion", "speaker"]
    for wrong in ("file", "Two words"):
        with pytest.raises(InputError):
            proposal.rename(first, wrong)
    proposal.rename(second, "")
    with pytest.raises(CardError, match="no field of the names is the label"):
        proposal.to_dict()
    proposal.rename(second, "stress")
    proposal.lead_by("stress")
    assert proposal.to_dict()["tasks"]["stress"]["classes"] == ["angry", "happy", "sad"]


def test_the_label_stays_the_same_field_if_it_is_renamed(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, names("{s}_{e}_{t}"))
    proposal.rename(proposal.fields.varying[1].place, "mood")
    assert proposal.to_dict()["primary"] == "mood"


def test_a_hostile_name_does_not_leave_its_place_in_the_card(tmp_path: Path) -> None:
    forms = [
        f"x(.*)+[a{{2}}_{s}_{e}_{t}.wav" for s in ("s1", "s2") for e in EMOTIONS for t in (1, 2)
    ]
    folder = tmp_path / "a\nlicence: b"
    assert len(read(folder, proposed(folder, forms))) == 12
    assert "\nlicence" not in propose(folder).to_yaml()
