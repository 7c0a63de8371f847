"""The conclusion of a comparison is a sentence on fixed numbers."""

from __future__ import annotations

import pytest

from featser.reporting.statements.conclusions import conclusion

NAN = float("nan")


@pytest.mark.parametrize(
    ("difference", "p", "better"),
    [
        ((0.05, 0.01, 0.09), 0.01, "B is better than A by 0.050 UAR"),
        ((-0.05, -0.09, -0.01), 0.01, "A is better than B by 0.050 UAR"),
        ((0.05, 0.01, 0.09), 0.05, None),
        ((0.05, -0.01, 0.09), 0.01, None),
        ((0.05, 0.0, 0.09), 0.01, None),
        ((0.05, 0.01, 0.09), NAN, None),
    ],
)
def test_run_is_better_only_if_interval_and_p_agree(
    difference: tuple[float, float, float], p: float, better: str | None
) -> None:
    sentence = conclusion(("A", "B"), "emotion", "UAR", difference, p)
    if better is not None:
        assert f"emotion: {better} (95 % interval 0.010 to 0.090, corrected p = 0.010)" in sentence
    else:
        assert "no significant difference between A and B" in sentence
        missed = "so a difference of up to 0.090 could be missed."
        unclear = "p corrected for the number of comparisons is not below 0.05."
        assert sentence.endswith(unclear if difference[1] > 0 else missed)


def test_largest_difference_that_could_be_missed_is_the_farther_bound() -> None:
    sentence = conclusion(("A", "B"), "emotion", "UAR", (-0.01, -0.08, 0.05), 0.7)
    assert "-0.010 (95 % interval -0.080 to +0.050, corrected p = 0.700)" in sentence
    assert "a difference of up to 0.080 could be missed" in sentence


def test_without_interval_or_value_no_run_is_better() -> None:
    sentence = conclusion(("A", "B"), "emotion", "UAR", (0.1, NAN, NAN), 0.001)
    assert sentence.endswith("The UAR of B minus that of A is +0.100.")
    assert "not tested, because it has no interval" in sentence
    assert "is undefined" in conclusion(("A", "B"), "emotion", "UAR", (NAN, NAN, NAN), NAN)
