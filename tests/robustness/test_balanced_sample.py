"""The sample of a stress test: balanced, nested, and the same whatever the order of the rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featser.robustness.balanced_sample import balanced_order

UTTERANCES = st.lists(
    st.tuples(st.sampled_from(["", "anna", "ben", "\udce9\x1b[31m"]), st.sampled_from("abc")),
    min_size=1,
    max_size=30,
)


def ordered(rows: list[tuple[int, str, str]], seed: int = 0) -> list[int]:
    keys = [f"key {number}" for number, *_ in rows]
    speaker = np.array([who for _, who, _ in rows])
    order = balanced_order(keys, speaker, [what for *_, what in rows], seed)
    return [rows[place][0] for place in order]


@given(UTTERANCES, st.randoms())
def test_the_order_is_of_all_and_does_not_depend_on_that_of_the_rows(utterances, shuffler) -> None:
    rows = [(number, *one) for number, one in enumerate(utterances)]
    expected = ordered(rows)
    assert sorted(expected) == list(range(len(rows)))
    shuffler.shuffle(rows)
    assert ordered(rows) == expected


@given(UTTERANCES, st.integers(1, 30))
def test_every_beginning_is_balanced_over_speakers_and_their_classes(utterances, count) -> None:
    rows = [(number, *one) for number, one in enumerate(utterances)]
    first, rest = ordered(rows)[:count], ordered(rows)[count:]

    def counts(numbers: list[int], place: int, who: str | None = None) -> dict[str, int]:
        chosen = [rows[n] for n in numbers if who is None or rows[n][1] == who]
        return {key: sum(row[place] == key for row in chosen) for key in {r[place] for r in rows}}

    taken, left = counts(first, 1), counts(rest, 1)
    open_to_more = [taken[who] for who in taken if left[who]]
    assert max(taken.values()) - min(open_to_more, default=count) <= 1
    for who in taken:
        own, more = counts(first, 2, who), counts(rest, 2, who)
        waiting = [own[what] for what in own if more[what]]
        assert max(own.values()) - min(waiting, default=count) <= 1


def test_another_seed_is_another_sample() -> None:
    rows = [(number, "anna", "a") for number in range(20)]
    assert ordered(rows, 1) != ordered(rows, 2)
