"""The page of ``reports/ablation.py``: its figures as tables, with their conditions.

The sections on the vote and on training rows are in ``reports/ablation_page_votes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ablation_page_votes import (
    calibration_section,
    directions,
    figure,
    table,
    training_section,
    votes_section,
)
from common import Row

from featser.evaluation.protocols.registry import PROTOCOLS

BASE = ("handcrafted", "gemaps")
_KINDS = {"all": "", "without": "all without ", "base": "only "}


def page(results: Row) -> str:
    """Write the page.

    Parameters
    ----------
    results : dict
        What ``ablation.json`` holds.
    """
    parts = [
        "# What the parts of the default system add",
        "Written by `make ablation CORPORA=FOLDER`, where FOLDER holds `banglaser/`, `ravdess/` "
        f"and `emodb/`; the run took {results['seconds'] / 60:.0f} minutes, without fits that "
        "earlier runs had cached. All figures, unrounded: [ablation.json](ablation.json).",
        *_unfinished(results),
        *_method(results),
        "## Summary",
        *_summary(results),
        "## Families of features",
        *_families(results),
        "## The vote and its members",
        *votes_section(results),
        "## Calibration of the vote",
        *calibration_section(results),
        "## Other corpora and altered copies",
        *training_section(results),
        "## Cost of features",
        *_costs(results["costs"]),
    ]
    return "\n\n".join(parts) + "\n"


def _unfinished(results: Row) -> Iterator[str]:
    if results["unfinished"]:
        yield (
            f"**Not measured yet**: {'; '.join(results['unfinished'])}. The same command goes on "
            f"where it was."
        )


def _method(results: Row) -> Iterator[str]:
    protocol = PROTOCOLS[results["protocol"]]
    yield (
        f"Emotion (UAR) under `{protocol.name}`: {protocol.title}; recordings "
        f"that the audit found to hold the same sound stay on one side. Seed {results['seed']}, "
        f"the one seed. In brackets 95 % intervals over speakers (docs/intervals.md); "
        f"differences are paired: a speaker is left out of both sides at once. An "
        f"interval that holds 0 says that these speakers cannot tell. Intervals are not corrected "
        f"for there being many of them: of twenty differences that are nothing, one is expected to "
        f"look like something."
    )
    yield table(
        ["corpus", "utterances", "speakers", "emotions", "folds", "chance"],
        [
            [name, *(str(of[k]) for k in ("utterances", "speakers", "classes", "folds")),
             f"{1 / of['classes']:.3f}"]
            for name, of in results["corpora"].items()
        ],
    )  # fmt: skip
    yield (
        "`none`: nothing is known of the test speaker. `transductive`: features are normalised by "
        "each speaker's own unlabelled recordings, the test speaker's scored ones included."
    )
    yield (
        "**What was chosen by looking at what.** These three corpora are not untouched by the "
        "choices that are examined here. Families of features were kept or left out by "
        "leave-one-speaker-out figures over all rows of these three corpora, the kernel's width "
        "likewise (of EmoDB each fold is a speaker, so its figures here are nearly those looked "
        "at). Chosen while looking at figures of these corpora: that `rocket` is a default "
        "feature, which shares of the kernel it may have, and that `logistic` does not read it; "
        "the members of the default vote, and that their weights are estimated and not equal; the "
        "weights of other corpora that are tried, and by how much one must be better than 0. So "
        "what is the default has a small advantage here that a new corpus need not give it. "
        "Nothing is chosen by the figures of this page. Estimated on each training set alone: "
        "standardising, imputation, penalties, temperatures, the share of `rocket`, the weights "
        "of the vote and its power, and the weight of other corpora."
    )


def _summary(results: Row) -> Iterator[str]:
    yield (
        "What each part adds to UAR: with the part less without it; **bold** where the interval "
        "excludes 0. Of a family: the UAR of `kernel` with all features less that without the "
        "family. What one family tells, the others may tell as well, so that these do not add up. "
        "Calibration changes no predicted class: its row is the difference of log loss, where "
        "below 0 is better. Empty cells are not measured."
    )
    lines: dict[str, dict[tuple[str, str], str]] = {}
    for part, case, gain in _gains(results):
        lines.setdefault(part, {})[case] = _marked(gain)
    cases = {case for cells in lines.values() for case in cells}
    corpora = list(results["corpora"])
    order = sorted(cases, key=lambda case: (case[1], corpora.index(case[0])))
    yield table(
        ["part", *(f"{corpus}, `{norm}`" for corpus, norm in order)],
        [[part, *(cells.get(case, "") for case in order)] for part, cells in lines.items()],
    )


def _gains(results: Row) -> Iterator[tuple[str, tuple[str, str], Row]]:
    """Yield what each part adds: its name, corpus and normalisation, and the difference."""
    for row in results["families"]:
        if row["kind"] in ("without", "base"):
            name = row["name"] if row["kind"] == "without" else f"all others than {row['name']}"
            yield f"features: {name}", (row["corpus"], row["norm"]), _reversed(row["to_all"])
    for row in results["votes"]:
        if row["name"] != "vote":
            name = row["name"].removeprefix("vote, ")
            yield f"vote rather than {name}", (row["corpus"], row["norm"]), row["vote_less"]
    for row in results["training"]:
        yield row["name"], (row["corpus"], row["norm"]), row["gain"]
    for row in results["calibration"]:
        case = row["corpus"], row["norm"]
        yield "calibration of the vote: log loss", case, row["loss_gain"]


def _reversed(gain: Row) -> Row:
    """Return a difference with its sides exchanged."""
    return {"value": -gain["value"], "low": -gain["high"], "high": -gain["low"]}


def _marked(gain: Row) -> str:
    text = figure(gain, "+.3f")
    return f"**{text}**" if gain["low"] > 0 or gain["high"] < 0 else text


def _families(results: Row) -> Iterator[str]:
    specs = " ".join(f"`{spec}`" for spec in results["features"])
    yield (
        f"Model `{results['model']}`, a block of its own for each family; all: {specs}. "
        f"*− all*: the set's UAR less that of all: below 0, what was left out was of use. "
        f"First the mean over corpora and normalisations, and in how many of them the interval "
        f"lies wholly below or above 0; means have no interval, corpora being too few. What is "
        f"missed most comes first."
    )
    yield _family_means(results["families"])
    yield _missed(results["families"])
    for corpus in results["corpora"]:
        yield f"### {corpus}"
        yield _family_table([row for row in results["families"] if row["corpus"] == corpus])


def _family_means(rows: Sequence[Row]) -> str:
    """Set the means side by side: what is missed most first."""
    sets = [same for (kind, _), same in _by_set(rows) if kind != "all"]
    gains = [[row["to_all"] for row in same] for same in sets]
    lines = [
        (
            _mean(own),
            [_named(same[0]), str(same[0]["values"]), f"{_mean(own):+.3f}", directions(own)],
        )
        for same, own in zip(sets, gains, strict=True)
    ]
    return table(
        ["features", "values", "− all, mean", "wholly below 0 / above 0"],
        [line for _, line in sorted(lines)],
    )


def _missed(rows: Sequence[Row]) -> str:
    """Say which families are missed anywhere, and of which no interval says so."""
    left_out = [row for row in rows if row["kind"] == "without"]
    missed = dict.fromkeys(row["name"] for row in left_out if row["to_all"]["high"] < 0)
    others = dict.fromkeys(row["name"] for row in left_out if row["name"] not in missed)
    return (
        f"Left out alone, missed somewhere (an interval wholly below 0): "
        f"{', '.join(missed) or 'none'}. No interval says so of {', '.join(others) or 'none'}; "
        f"what one of these tells, the others may tell as well."
    )


def _mean(gains: Sequence[Row]) -> float:
    return float(np.mean([gain["value"] for gain in gains]))


def _family_table(rows: Sequence[Row]) -> str:
    norms = list(dict.fromkeys(row["norm"] for row in rows))
    header = ["features", "values"]
    for norm in norms:
        header += [f"`{norm}`: UAR", "− all"]
    lines = []
    for _, same in _by_set(rows):
        line = [_named(same[0]), str(same[0]["values"])]
        of_norm = {row["norm"]: row for row in same}
        for norm in norms:
            line += _family_cells(of_norm.get(norm))
        lines.append(line)
    return table(header, lines)


def _family_cells(row: Row | None) -> list[str]:
    if row is None:
        return ["", ""]
    return [figure(row["uar"]), "" if row["kind"] == "all" else figure(row["to_all"], "+.3f")]


def _by_set(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, str], list[Row]]]:
    """Yield each set of extractors with its rows, in the order in which sets were tried."""
    order = dict.fromkeys((row["kind"], row["name"]) for row in rows)
    for names in order:
        yield names, [row for row in rows if (row["kind"], row["name"]) == names]


def _named(row: Row) -> str:
    return f"{_KINDS[row['kind']]}{row['name']}"


def _costs(costs: Row) -> Iterator[str]:
    yield (
        f"CPU time in ms for a recording, the median over {costs['recordings']} real recordings "
        f"spread over the corpora (median {costs['seconds']:.1f} s), one core, reading excluded. "
        f"*alone*: on a signal that nothing was computed of; *after the others*: on one of which "
        f"the other default families were computed before, so that spectrum and contours are "
        f"shared. All together: {costs['together']:.1f} ms."
    )
    yield table(
        ["family", "values", "alone", "after the others"],
        [
            [
                row["name"],
                str(row["values"]),
                f"{row['alone']:.1f}",
                f"{row['after']:.1f}",
            ]
            for row in costs["each"]
        ],
    )
