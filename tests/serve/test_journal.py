"""No confirmed click is lost, whatever happens to the server; a journal is never misread."""

from __future__ import annotations

import json
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featser.errors import AnnotationError, InputError
from featser.serve.annotating.journal import (
    Journal,
    JournalInUse,
    NotSavedError,
    open_journal,
    read_journal,
)
from featser.serve.annotating.votes import Clip, Votes

RATERS, CLIPS, LABELS = ("anna", "Bén"), (Clip("a.wav"), Clip("b.wav", 0.5, 1.25, "left")), "el"
ACTIONS = st.one_of(
    st.tuples(
        st.just("click"),
        st.sampled_from(RATERS),
        st.sampled_from(CLIPS),
        st.sampled_from(LABELS),
        st.sampled_from(["sad", "=1+1", "", "\x1b[2J\n"]),
    ),
    st.tuples(st.just("undo"), st.sampled_from(RATERS)),
    st.tuples(st.just("crash"), st.binary(max_size=30).filter(lambda data: b"\n" not in data)),
    st.tuples(st.just("repeat")),
)


def held(votes: Votes) -> dict[tuple[object, ...], str]:
    return {(rater, clip, label): value for rater, clip, label, value in votes.all()}


class Model:
    """What should hold: each rater's clicks in order, of which the latest are taken back."""

    def __init__(self) -> None:
        self.clicks: dict[str, list[tuple[tuple[object, ...], str]]] = {}

    def values(self) -> dict[tuple[object, ...], str]:
        return dict(click for clicks in self.clicks.values() for click in clicks)


@given(st.lists(ACTIONS, max_size=40))
@settings(max_examples=60)
def test_clicks_undos_and_crashes_give_the_state_of_a_simple_model(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[object, ...]]
) -> None:
    """A crash leaves bytes of a line that was never confirmed, and the journal is opened again."""
    path = tmp_path_factory.mktemp("journal") / "votes.jsonl"
    model, number = Model(), 0
    opened = open_journal(path)
    journal = opened.__enter__()
    for action in actions:
        if action[0] == "click":
            number += 1
            _, rater, clip, label, value = action
            journal.click(str(number), *action[1:])  # type: ignore[arg-type]
            click = ((rater, clip, label), str(value))
            model.clicks.setdefault(str(rater), []).append(click)
        elif action[0] == "undo":
            number += 1
            undone = journal.undo(str(number), str(action[1]))
            clicks = model.clicks.get(str(action[1]), [])
            assert (undone is None) == (not clicks)
            if clicks:
                clicks.pop()
        elif action[0] == "repeat" and number and str(number) in journal._requests:
            before, entry = path.read_bytes(), journal._requests[str(number)]
            if entry.undoes:
                assert journal.undo(str(number), entry.rater) == entry
            else:
                click = (entry.rater, entry.clip, entry.label, entry.value)
                assert journal.click(str(number), *click) == entry
            assert path.read_bytes() == before
        elif action[0] == "crash":
            opened.__exit__(None, None, None)
            with path.open("ab") as file:
                file.write(bytes(action[1]))  # type: ignore[arg-type]
            opened = open_journal(path)
            journal = opened.__enter__()
            assert bool(journal.notes) == bool(action[1])
        assert held(journal.votes) == model.values()
        if path.stat().st_size:
            assert held(read_journal(path)) == model.values()
    opened.__exit__(None, None, None)
    assert path.exists() == bool(journal.votes.n_entries)


def test_every_place_of_a_crash_leaves_all_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    with open_journal(path) as journal:
        for number in range(3):
            journal.click(str(number), "anna", CLIPS[1], "emotion", "sad")
    whole = path.read_bytes()
    for size in range(1, len(whole) + 1):
        path.write_bytes(whole[:size])
        with open_journal(path) as journal:
            assert journal.votes.n_entries == max(0, whole[:size].count(b"\n") - 1)
            journal.click("later", "ben", CLIPS[0], "emotion", "angry")
        entries = read_journal(path).n_entries
        assert entries == max(0, whole[:size].count(b"\n") - 1) + 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (2, b"{}"),
        (2, b"[]"),
        (2, b"\x00\x00"),
        (2, b'{"number": 7}'),
        (1, b'{"kind": "annotations", "format": 9}'),
        (1, b"file,emotion"),
    ],
)
def test_damaged_line_is_named_and_nothing_is_changed(
    tmp_path: Path, line: int, why: bytes
) -> None:
    path = tmp_path / "votes.jsonl"
    with open_journal(path) as journal:
        for number in range(3):
            journal.click(str(number), "anna", CLIPS[0], "emotion", "sad")
    lines = path.read_bytes().splitlines()
    lines[line - 1] = why
    path.write_bytes(b"\n".join(lines) + b"\n")
    before = path.read_bytes()
    with pytest.raises(AnnotationError, match=f"votes.jsonl: line {line}"), open_journal(path):
        pass
    assert path.read_bytes() == before


def test_lost_line_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    with open_journal(path) as journal:
        for number in range(4):
            journal.click(str(number), "anna", CLIPS[0], "emotion", "sad")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(AnnotationError, match=r"line 3.*entry 3 follows entry 1"):
        read_journal(path)


def test_second_server_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    with (
        open_journal(path),
        pytest.raises(JournalInUse, match="another `featser serve` writes"),
        open_journal(path),
    ):
        pass
    assert not path.exists()


def test_full_disk_is_an_error_and_leaves_no_half_line(tmp_path: Path) -> None:
    """The limit on the size of files stands for a full disk: a line is written in part."""
    path = tmp_path / "votes.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_journal(path) as journal:
        journal.click("1", "anna", CLIPS[0], "emotion", "sad")
        whole = path.read_bytes()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, hard))
            with pytest.raises(NotSavedError, match=r"File too large.*try again"):
                journal.click("2", "anna", CLIPS[0], "emotion", "angry")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == whole
        assert journal.votes.of("anna", CLIPS[0]) == {"emotion": "sad"}
        journal.click("2", "anna", CLIPS[0], "emotion", "angry")
    assert read_journal(path).of("anna", CLIPS[0]) == {"emotion": "angry"}


def test_disk_that_fails_ends_the_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an input/output error nobody knows what is on the disk."""
    with open_journal(tmp_path / "votes.jsonl") as journal:
        journal.click("1", "anna", CLIPS[0], "emotion", "sad")
        monkeypatch.setattr("os.fsync", _failing)
        with pytest.raises(NotSavedError, match="start the server again"):
            journal.click("2", "anna", CLIPS[0], "emotion", "angry")
        monkeypatch.undo()
        with pytest.raises(NotSavedError, match="check the disk, start the server again"):
            journal.click("3", "anna", CLIPS[0], "emotion", "angry")


def _failing(handle: int) -> None:
    del handle
    raise OSError(5, "Input/output error")


def test_lines_are_plain_json_with_time_and_rater(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    with open_journal(path) as journal:
        assert isinstance(journal, Journal)
        journal.click("1", "আন্না", Clip("\udce9.wav", 1.0), "emotion", "sad")
        journal.undo("2", "আন্না")
    header, click, undo = map(json.loads, path.read_text("ascii").splitlines())
    assert header == {"kind": "annotations", "format": 1}
    assert {name: click[name] for name in ("number", "rater", "file", "start", "value")} == {
        "number": 1, "rater": "আন্না", "file": "\udce9.wav", "start": 1.0, "value": "sad",
    }  # fmt: skip
    assert click["time"].endswith("+00:00")
    assert undo["undoes"] == 1


def test_name_of_another_click_is_refused(tmp_path: Path) -> None:
    """A confirmed click is recorded, and no answer has the value of another rater."""
    with open_journal(tmp_path / "votes.jsonl") as journal:
        journal.click("1", "anna", CLIPS[0], "e", "sad")
        journal.click("2", "bert", CLIPS[0], "e", "angry")
        for rater, clip, value in (("bert", CLIPS[0], "sad"), ("anna", CLIPS[1], "sad"),
                                   ("anna", CLIPS[0], "angry")):  # fmt: skip
            with pytest.raises(InputError, match="request: another click has this name"):
                journal.click("1", rater, clip, "e", value)
        with pytest.raises(InputError, match="another click has this name"):
            journal.undo("1", "anna")
        assert journal.votes.n_entries == 2


def test_raters_who_click_at_once_have_one_spelling(tmp_path: Path) -> None:
    """Of names that differ in case or joiners, the first one is used."""
    names = ["zoe", "ZOE", "Zoe", "zo\u200de"] * 8
    with open_journal(tmp_path / "votes.jsonl") as journal, ThreadPoolExecutor(8) as threads:
        clicks = [threads.submit(journal.click, f"{n}", name, CLIPS[0], "e", "sad")
                  for n, name in enumerate(names)]  # fmt: skip
        failures = [click.exception() for click in clicks]
        assert len(journal.votes.raters) == 1
        assert sum(isinstance(one, InputError) for one in failures) == 24


@pytest.mark.parametrize("is_replaced", [False, True])
def test_click_is_refused_while_the_journal_is_elsewhere(tmp_path: Path, is_replaced: bool) -> None:
    """What goes into a file without a name is lost; a file of others in its place is kept."""
    path = tmp_path / "votes.jsonl"
    with open_journal(path) as journal:
        path.rename(tmp_path / "moved.jsonl")
        if is_replaced:
            path.write_text("mine", encoding="utf-8")
        with pytest.raises(NotSavedError, match="moved, deleted or replaced"):
            journal.click("1", "anna", CLIPS[0], "e", "sad")
        assert not journal.votes.n_entries
    assert path.exists() == is_replaced
