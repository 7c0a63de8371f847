"""Ratings of published worked examples."""

from __future__ import annotations

import numpy as np

from featser.ratings.ratings import Ratings, from_counts, from_matrix

_ = np.nan

KRIPPENDORFF = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3),
    (_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _),
)
"""Four observers of twelve units: Krippendorff 2011, section C."""

TWO_OBSERVERS = ("aabbdcccedda", "babbbccceddd")
"""Two observers of twelve articles: Krippendorff 2011, section B."""

SHROUT_FLEISS = (
    (9, 2, 5, 8),
    (6, 1, 3, 2),
    (8, 4, 6, 8),
    (7, 1, 2, 6),
    (10, 5, 6, 9),
    (6, 2, 4, 7),
)
"""Six targets by four judges: Shrout and Fleiss 1979, table 2."""

FLEISS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 "
    "10050 11040 03300 10050 02031 00501 30012 51000 02040 10203 "
    "00006 01050 02013 20040 10041 05010 40002 02040 10500 00006 "
)
"""Thirty patients by six psychiatrists each: Fleiss 1971, table 1. Columns: depression,
personality disorder, schizophrenia, neurosis, other."""

ANAESTHETISTS = (
    "111 1 1 1 1|333 4 3 3 4|112 2 1 2 2|222 3 1 2 1|222 3 2 2 2|222 3 3 2 2|122 2 1 1 1|"
    "333 3 4 3 3|222 2 2 2 3|232 2 2 2 3|444 4 4 4 4|222 3 3 4 3|111 1 1 1 1|222 3 2 1 2|"
    "121 1 1 1 1|111 2 1 1 1|111 1 1 1 1|111 1 1 1 1|222 2 2 2 1|222 1 3 2 2|222 2 2 2 2|"
    "222 2 2 2 1|222 3 2 2 2|221 2 2 2 2|111 1 1 1 1|111 1 1 1 1|232 2 2 2 2|111 1 1 1 1|"
    "111 1 1 1 1|112 1 1 2 1|111 1 1 1 1|333 3 2 3 3|111 1 1 1 1|222 2 2 2 2|222 3 2 3 2|"
    "433 4 3 4 3|221 2 2 3 2|232 3 2 3 3|333 3 4 3 2|111 1 1 1 1|111 1 1 1 1|121 2 1 1 1|"
    "232 2 2 2 2|121 1 1 1 1|222 2 2 2 2"
)
"""Grades of 45 patients by five anaesthetists, the first of whom saw each three times: Dawid and
Skene 1979, table 1."""


def krippendorff() -> Ratings:
    return from_matrix(np.array(KRIPPENDORFF).T)


def two_observers() -> Ratings:
    codes = [["abcde".index(letter) for letter in observer] for observer in TWO_OBSERVERS]
    return from_matrix(np.array(codes).T, classes=tuple("abcde"))


def psychiatrists() -> Ratings:
    return from_counts([[int(n) for n in row] for row in FLEISS.split()], tuple("DPSNO"))


def anaesthetists() -> Ratings:
    item, rater, value = [], [], []
    for patient, row in enumerate(ANAESTHETISTS.split("|")):
        for observer, grades in enumerate(row.split()):
            for grade in grades:
                item.append(patient)
                rater.append(observer)
                value.append(int(grade) - 1)
    raters = tuple("12345")
    return Ratings(
        np.array(item), np.array(rater), np.array(value, float), 45, raters, tuple("1234")
    )
