"""The demo corpus is the same everywhere, matches its card, and has a true table."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from featser.audio import read_audio
from featser.corpora.card import load_card
from featser.corpora.scans.scanning import scan
from featser.corpora.synthetic.demo_corpus import SPEAKERS, demo_utterances, write_demo_corpus
from featser.errors import CardError


def digest(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_the_card_reads_the_whole_corpus(demo: Path) -> None:
    result = scan(load_card("demo"), demo)
    assert len(result.manifest) == 384
    assert result.missing == result.unmatched == result.notes == []
    assert (result.by_class["found"] == 96).all()
    assert (result.by_speaker["found"] == 48).all()
    assert result.manifest.groupby("gender", observed=True)["speaker"].nunique().to_list() == [4, 4]
    assert [(t.name, t.kind) for t in result.tasks] == [
        ("emotion", "classification"),
        ("gender", "classification"),
        ("intensity", "ordinal"),
    ]


def test_writing_again_gives_the_same_bytes(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "featser.corpora.synthetic.demo_corpus"
    monkeypatch.setattr(f"{module}.TAKES", [1])
    monkeypatch.setattr(f"{module}.SPEAKERS", {"f1": SPEAKERS["f1"], "m1": SPEAKERS["m1"]})
    again = tmp_path / "again"
    first = digest(write_demo_corpus(again))
    assert len(first) == 16 + 1
    assert digest(write_demo_corpus(again)) == first
    name = "f1-neutral-normal-1.flac"  # the first one, whose random stream TAKES leaves as it is
    assert first[name] == digest(demo)[name]


def test_another_seed_gives_other_takes() -> None:
    one, other = (next(demo_utterances(seed))[1].samples for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_the_truth_table_describes_every_file(demo: Path) -> None:
    truth = pd.read_csv(demo / "truth.csv")
    assert len(truth) == 384
    assert truth["seconds"].between(1.19, 1.61).all()
    for _, row in truth.iloc[::60].iterrows():
        signal = read_audio(demo / row["file"])
        assert signal.rate == 16_000
        assert signal.seconds == pytest.approx(row["seconds"], abs=5e-4)
    levels = truth.groupby("emotion")["mean_f0"].mean()
    assert levels["sad"] < levels["neutral"] < levels["angry"] < levels["happy"]


def test_no_recording_reaches_full_scale(demo: Path) -> None:
    peaks = [np.abs(read_audio(file).samples).max() for file in sorted(demo.glob("*.flac"))]
    assert max(peaks) < 0.98


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(CardError, match=r"demo: is a file: name another folder"):
        write_demo_corpus(tmp_path / "demo")
