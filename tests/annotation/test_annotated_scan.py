"""Files of intervals beside recordings are sources of utterances for every command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import featser
from featser.corpora.manifest import read_manifest
from featser.errors import AnnotationError, CardError, InputError, ManifestError
from featser.experiment.loading.sources.named_sources import read_source
from tests.annotation.praat_files import LONG
from tests.flow import featser_here


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four recordings: with a TextGrid, with Audacity's labels, with an EAF, with a diary."""
    root = tmp_path / "interviews"
    rng = np.random.default_rng(0)
    for name in ("a/talk.wav", "b/talk.flac", "c.wav", "d.wav"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        noise = rng.normal(0, 0.1, 48_000).astype(np.float32)
        soundfile.write(root / name, noise, 16_000)
    (root / "a/talk.TextGrid").write_text(LONG, encoding="utf-8")
    labels = pd.DataFrame({"start": [0.5, 1.5], "end": [1.0, 2.5], "label": ["sad", "angry"]})
    featser.write_annotation(labels.assign(tier="emotion"), root / "b/talk.eaf")
    featser.write_annotation(labels, root / "c.txt")
    (root / "d.txt").write_text("Dear diary,\n", encoding="utf-8")
    return root


def test_a_folder_with_intervals_becomes_a_manifest(folder: Path) -> None:
    m = folder.parent / "m.csv"
    shown = featser_here("scan", folder, "--annotation", "emotion", "-o", m).stdout
    assert "4 utterances" in shown
    assert "1 recording without the tier 'emotion'" in " ".join(shown.split())
    assert "'Dear diary,' is no label of Audacity" in " ".join(shown.split())
    table = read_manifest(folder.parent / "m.csv")
    assert (
        table["file"].map(lambda file: Path(file).name).tolist()
        == ["talk.wav"] * 2 + ["talk.flac"] * 2
    )
    assert table["emotion"].tolist()[2:] == ["sad", "angry"]
    assert table["end"].tolist() == [1.25, 3.0, 1.0, 2.5]


def test_points_are_left_out_with_a_note(folder: Path) -> None:
    text = LONG.replace('"clicks"', '"emotion"')
    (folder / "a/talk.TextGrid").write_text(text, encoding="utf-8")
    result = featser.scan(folder, annotation="emotion")
    assert "1 label at points in time: left out" in result.notes


def test_columns_and_classes_of_intervals_can_be_renamed(folder: Path) -> None:
    result = featser.scan(
        folder / "c.txt",
        annotation="label",
        columns={"label": "emotion"},
        labels={"emotion": {"sad": "sadness"}},
    )
    assert result.manifest["emotion"].tolist() == ["sadness", "angry"]
    assert [task.name for task in result.tasks] == ["emotion"]


@pytest.mark.parametrize(
    ("tier", "error", "expected"),
    [
        ("emotoin", AnnotationError, "did you mean 'emotion'. valid: emotion, clicks, label"),
        ("clicks", AnnotationError, "has points only"),
        ("file", AnnotationError, "unknown tier 'file'"),
    ],
)
def test_a_tier_without_intervals_is_refused(
    folder: Path, tier: str, error: type[Exception], expected: str
) -> None:
    with pytest.raises(error, match=expected):
        featser.scan(folder, annotation=tier)


def test_places_without_intervals_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CardError, match="no such folder or file"):
        featser.scan(tmp_path / "none", annotation="emotion")
    soundfile.write(tmp_path / "x.wav", np.zeros(100, np.float32), 16_000)
    (folder / "a/talk.TextGrid").unlink()
    with pytest.raises(CardError, match=r"no recording has a file of intervals .*\.textgrid"):
        featser.scan(folder / "a", annotation="emotion")
    with pytest.raises(InputError, match="takes the place of a card"):
        featser.scan("demo", folder, annotation="emotion")
    with pytest.raises(InputError, match="cannot be used with --pattern"):
        featser.scan(folder, annotation="emotion", pattern="{emotion}.wav")


def test_a_file_of_one_tier_is_a_source_of_every_command(folder: Path, tmp_path: Path) -> None:
    source = read_source(folder / "b/talk.eaf")
    assert source.table["emotion"].tolist() == ["sad", "angry"]
    store = tmp_path / "store"
    done = featser_here("extract", folder / "b/talk.eaf", "-f", "rms:basic", "--store", store)
    assert (done.returncode, "2 done" in done.stdout) == (0, True), done.stdout
    with pytest.raises(AnnotationError, match=r"2 tiers .'emotion', 'clicks'.: choose one with"):
        read_source(folder / "a/talk.TextGrid")


def test_intervals_without_a_recording_are_refused(folder: Path) -> None:
    (folder / "c.wav").unlink()
    (folder / "c.txt").rename(folder / "e.txt")
    with pytest.raises(AnnotationError, match="none is beside it: put the recording"):
        featser.scan(folder / "e.txt", annotation="label")


def test_a_segment_that_occurs_twice_is_refused(folder: Path) -> None:
    (folder / "c.txt").write_text("0\t1\ta\n0\t1\tb\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="in row 1 already"):
        featser.scan(folder / "c.txt", annotation="label")


def test_the_error_of_an_unknown_layout_names_the_command(folder: Path) -> None:
    with pytest.raises(CardError, match=r"featser scan .* --annotation TIER"):
        featser.scan(folder)
