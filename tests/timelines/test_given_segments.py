"""Which intervals of an annotation belong to a recording that is predicted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import soundfile

import featser
from featser.errors import AnnotationError, InputError
from featser.tasks import Task
from featser.timelines.given_segments import segments_of, split_tier
from featser.timelines.timeline_files import check_outputs, refuse_overlaps, refuse_unfit_outputs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recordings ``a/x.wav``, ``b/x.wav`` and ``y.wav`` below the current folder."""
    for name in ("a/x.wav", "b/x.wav", "y.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, [0.0] * 1600, 16_000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path: str, *files: str | None) -> str:
    """Write an interval for each recording, the first from 1 to 2 s, the next from 2 to 3 s."""
    starts = range(1, len(files) + 1)
    pd.DataFrame(
        {"file": files, "start": starts, "end": [start + 1 for start in starts], "label": "v"}
    ).dropna(axis="columns", how="all").to_csv(path, index=False)
    return path


def starts(source: str, *files: str) -> list[tuple[str, float]]:
    rows = segments_of(source, files)
    return list(zip(rows["file"], rows["start"], strict=True))


def test_one_recording_gets_its_own_intervals_alone(folder: Path) -> None:
    source = table("t.csv", "a/x.wav", "b/x.wav", "y.wav")
    assert starts(source, "b/x.wav") == [("b/x.wav", 2.0)]
    assert starts(source, "y.wav") == [("y.wav", 3.0)]
    assert starts(source, str(folder / "a" / ".." / "y.wav"))[0][1] == 3.0


def test_another_recording_of_the_same_name_is_not_meant(folder: Path) -> None:
    source = table("t.csv", "a/x.wav", "y.wav")
    with pytest.raises(InputError, match=r"has no interval of b/x.wav; it names a/x.wav, y.wav"):
        segments_of(source, ["b/x.wav"])
    with pytest.raises(InputError, match=r"has no interval of b/x.wav"):
        segments_of(source, ["a/x.wav", "b/x.wav"])


def test_names_without_folder_and_lost_paths_are_matched_by_name(folder: Path) -> None:
    assert starts(table("t.csv", "x", "y.wav"), "b/x.wav", "y.wav") == [
        ("b/x.wav", 1.0),
        ("y.wav", 2.0),
    ]
    assert starts(table("t.csv", "/gone/x.wav"), "b/x.wav") == [("b/x.wav", 1.0)]
    Path("t.rttm").write_text(
        "SPEAKER x 1 1 1 <NA> <NA> v <NA> <NA>\nSPEAKER y.2 1 2 1 <NA> <NA> v <NA> <NA>\n",
        encoding="utf-8",
    )
    Path("y.wav").rename("y.2.wav")
    assert starts("t.rttm", "y.2.wav") == [("y.2.wav", 2.0)]


def test_a_name_that_fits_two_recordings_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"'a/x.wav' and 'b/x.wav' have the same name"):
        segments_of(table("t.csv", "x"), ["a/x.wav", "b/x.wav"])
    with pytest.raises(InputError, match=r"'/gone/x.wav' and '/lost/x.wav' have the same name"):
        segments_of(table("t.csv", "/gone/x.wav", "/lost/x.wav"), ["a/x.wav"])


def test_an_annotation_that_names_none_belongs_to_the_only_recording(folder: Path) -> None:
    rows = pd.DataFrame({"start": [1.0], "end": [2.0], "label": ["v"]})
    featser.write_annotation(rows, "y.TextGrid")  # beside y.wav
    featser.write_annotation(rows, "turns.txt")
    assert starts("y.TextGrid", "a/x.wav") == [("a/x.wav", 1.0)]
    assert starts("turns.txt", "a/x.wav") == [("a/x.wav", 1.0)]
    assert starts(table("t.csv", None), "a/x.wav") == [("a/x.wav", 1.0)]


def test_a_file_of_elan_belongs_to_its_medium(folder: Path) -> None:
    rows = pd.DataFrame({"file": "y.wav", "start": [1.0], "end": [2.0], "label": ["v"]})
    featser.write_annotation(rows, "turns.eaf")
    assert starts("turns.eaf", "y.wav") == [("y.wav", 1.0)]
    with pytest.raises(InputError, match=r"has no interval of a/x.wav; it names ./y.wav"):
        segments_of("turns.eaf", ["a/x.wav"])


def test_a_hash_may_be_in_names_of_folders_files_and_tiers(folder: Path) -> None:
    Path("c#1").mkdir()
    rows = pd.DataFrame(
        {"start": [1.0, 1.5], "end": [2.0, 2.5], "tier": ["v#1", "w"], "label": ["v", "w"]}
    )
    featser.write_annotation(rows, "c#1/t#2.TextGrid")
    assert starts("c#1/t#2.TextGrid#w", "y.wav") == [("y.wav", 1.5)]
    assert starts("c#1/t#2.TextGrid#v#1", "y.wav") == [("y.wav", 1.0)]
    featser.write_annotation(rows, "c#1/one.TextGrid", tier="w")
    assert starts("c#1/one.TextGrid", "y.wav") == [("y.wav", 1.5)]
    assert split_tier("absent.eaf#w") == ("absent.eaf", "w")
    assert split_tier("#") == ("#", None)
    with pytest.raises(AnnotationError, match=r"absent\.eaf: cannot be read: No such file"):
        segments_of("absent.eaf#w", ["y.wav"])


def test_overlapping_segments_are_refused_before_they_are_predicted(
    folder: Path, fitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predicted(*_: object) -> pd.DataFrame:
        raise AssertionError("predicted before the outputs were checked")

    monkeypatch.setattr("featser.api.over_time.timeline_predictor.predict_named", predicted)
    Path("t.csv").write_text("start,end,label\n0,0.06,v\n0.05,0.1,v\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'o\.eaf': the segments 0–0\.06 s and 0\.05–0\.1 s over"):
        featser.timeline(fitted / "model.featser", ["y.wav"], segments="t.csv", output="o.eaf")


def test_overlaps_are_accepted_where_a_file_holds_them() -> None:
    intervals = pd.DataFrame({"file": "a.wav", "start": [0.0, 0.5], "end": [1.0, 2.0]})
    tasks = [Task("emotion", classes=("angry", "sad"), role="primary")]
    refuse_overlaps(["o.csv", "o.txt", "o.svg", "o.segments.csv"], intervals, tasks)
    refuse_overlaps(["o.eaf"], intervals, [Task("arousal", "regression")])
    with pytest.raises(InputError, match="overlap"):
        refuse_overlaps(["o.eaf"], intervals, tasks)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ("{file}.eaf", r"unknown placeholder '\{file\}'"),
        ("{name}.csv", r"holds all recordings: leave \{name\} out"),
        ("{name}.segments.csv", r"holds all recordings: leave \{name\} out"),
    ],
)
def test_placeholders_that_mean_nothing_are_refused_before_the_work(
    fitted: Path, output: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        check_outputs([output])
    with pytest.raises(InputError, match=problem):
        featser.timeline(fitted / "model.featser", ["absent.wav"], output=output)


def test_annotation_of_a_person_is_not_replaced_by_a_timeline(folder: Path) -> None:
    rows = pd.DataFrame({"start": [1.0], "end": [2.0], "label": ["v"]})
    featser.write_annotation(rows, "t.x.eaf")
    with pytest.raises(InputError, match=r"'t\.x\.eaf' exists, and is not as featser wrote it"):
        refuse_unfit_outputs(["t.eaf"], ["a/x.wav", "y.wav"])
    refuse_unfit_outputs(["t.csv", "t.svg"], ["a/x.wav", "y.wav"])


def test_names_that_rttm_cannot_hold_are_refused_before_the_work(folder: Path) -> None:
    with pytest.raises(InputError, match=r"cannot distinguish 'a/x\.wav' from 'b/x\.wav'"):
        refuse_unfit_outputs(["t.rttm"], ["a/x.wav", "b/x.wav"])
    with pytest.raises(InputError, match="'my talk' has blanks, which RTTM cannot hold"):
        refuse_unfit_outputs(["t.rttm"], ["my talk.wav"])
    with pytest.raises(InputError, match="cannot distinguish"):
        featser.segment(["a/x.wav", "b/x.wav"], "t.rttm")


def test_an_error_calls_the_standard_input_by_its_name(folder: Path) -> None:
    with pytest.raises(InputError, match=r"has no interval of stdin; it names y.wav"):
        segments_of(table("t.csv", "y.wav"), ["a/x.wav"], lambda _: "stdin")
