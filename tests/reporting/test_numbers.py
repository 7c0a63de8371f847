"""Numbers are written one way: three decimals, an interval in brackets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from featser.reporting.numbers import count, duration, estimate, number
from featser.reporting.svg import label


def test_an_estimate_is_a_value_with_its_interval() -> None:
    assert estimate({"value": 0.6123, "low": 0.58, "high": 0.6449}) == "0.612 [0.580, 0.645]"


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ({"value": 0.25, "low": 0.25, "high": 0.25}, "0.250"),
        ({"value": 0.25, "low": None, "high": None}, "0.250"),
        ({"value": 0.25, "low": float("nan"), "high": float("nan")}, "0.250"),
        ({"value": None, "low": None, "high": None}, "n/a"),
        ({"value": float("nan"), "low": 0.1, "high": 0.2}, "n/a"),
        (None, "n/a"),
    ],
)
def test_missing_values_are_not_written(figure: dict[str, float] | None, text: str) -> None:
    assert estimate(figure) == text


def test_zero_has_no_sign() -> None:
    assert number(-1e-9) == "0.000"
    assert number(-0.5) == "-0.500"


def test_counts_and_durations_are_readable() -> None:
    assert count(12345) == "12\u2009345"
    assert [duration(s) for s in (3.21, 59.99, 192.4, 7260)] == [
        "3.2 s",
        "60.0 s",
        "3 min 12 s",
        "2 h 1 min",
    ]


def test_long_and_unprintable_names_are_made_fit_for_a_figure() -> None:
    assert label("x" * 30) == "x" * 23 + "…"
    assert label("a\x00b") == r"a\x00b"
    assert label("\udce9") == "\\udce9"


def test_importing_the_report_imports_no_heavy_library() -> None:
    code = (
        "import sys, featser.reporting.html; "
        "print([m for m in ('sklearn', 'matplotlib', 'jinja2', 'scipy') if m in sys.modules])"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert completed.stdout.strip() == "[]"
