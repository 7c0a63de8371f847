"""The page on what models listen to, from the figures of reports/explanations.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common import Row, table_lines, with_interval
from voice_literature import AGREES, CONTRADICTS, OPEN, REFERENCES, SOURCES, TITLES

from featser.explanation.feature_groups import group_name

EXAMPLE = "banglaser"
"""The corpus whose figures docs/explanations.md shows."""

VALENCE_GROUPS = ("spectrum", "voice quality", "MFCC", "formants")
"""Groups of spectral balance and noise."""

ARROWS = {1: "higher", -1: "lower"}


def page(results: Row) -> list[str]:
    """Return the lines of docs/listening.md."""
    corpora = results["corpora"]
    return [
        "# What models listen to",
        "",
        "Which features the default model relies on, and what goes with each emotion, on three",
        "acted corpora, beside what reviews of the literature expect. How the figures are made is",
        "described under [explanations](explanations.md). `make explanations CORPORA=FOLDER`",
        "writes this page; all figures are in [reports/explanations](../reports/explanations).",
        "",
        "## Groups of features",
        "",
        *_overview(corpora),
        "",
        "The fall of UAR when a group is permuted within speakers, with its 95 % interval over",
        "speakers; in parentheses the UAR that the group alone keeps when all others are permuted.",
        "",
        *_group_table(corpora),
        "",
        "Recall of which class falls most without a group (three largest for each class):",
        "",
        *_class_table(corpora),
        "",
        *_shortcuts(corpora),
        "## Beside the literature",
        "",
        "Each row is a direction that reviews state for a class, against the other classes. The",
        "cells have the difference within speakers in standard deviations, with the 95 % interval,",
        f"and whether it {AGREES}, **{CONTRADICTS}**, or there is **{OPEN}** (at a false discovery",
        "rate of 5 %).",
        "",
        *_expected_table(corpora),
        "",
        *_counts(corpora),
        "",
        "Fear has no rows for level, range and high frequencies: Scherer expects them higher,",
        "Juslin and Laukka lower. High frequencies of happiness are medium by Juslin and Laukka.",
        "How we read what contradicts:",
        "",
        "- Level depends on gain and distance. The recordings of EmoDB do not keep the level of",
        "  the voice: the DC offset, which is amplified with the recording, predicts sad (above).",
        "- The syllable rate is estimated from peaks of energy, not from a transcript, and the",
        "  sentences are short and acted.",
        "",
        "## Valence",
        "",
        "Goudbeek and Scherer (2010) report that arousal dominates many parameters, and that",
        "spectral balance and spectral noise are specific to valence and control. Happy and angry",
        "are both of high arousal, so what separates them is expected to be spectral. The largest",
        "differences of happy from angry within speakers, one for each descriptor:",
        "",
        *_pair_table(corpora),
        "",
        *_pair_counts(corpora),
        "",
        "Where loudness is among them, the two classes differ in arousal as well.",
        "",
        "## References",
        "",
        *(f"- {reference}" for reference in REFERENCES),
    ]


def example_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the example of docs/explanations.md: groups and classes of one corpus."""
    n, speakers, value = figures["utterances"], figures["speakers"], figures["value"]
    return [
        f"UAR {value:.3f}, {n:,} utterances of {speakers} speakers:",
        "",
        *_falls(figures["groups"]),
        "",
        "With `featser explain run --by correlated`:",
        "",
        *_falls(figures["correlated"]),
        "",
        "What goes with a class:",
        "",
        "```text",
        *figures["class_sentences"],
        "```",
    ]


def _falls(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        [one["group"], one["features"], with_interval(one["fall"]), f"{one['alone']['value']:.3f}"]
        for one in groups
    ]
    return table_lines(["group", "features", "fall of UAR", "UAR alone"], rows)


def _overview(corpora: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            name,
            one["utterances"],
            one["speakers"],
            f"{one['value']:.3f}",
            f"{1 / len(one['classes']):.3f}",
            _first_groups(one["groups"]),
        ]
        for name, one in corpora.items()
    ]
    columns = ["corpus", "utterances", "speakers", "UAR", "chance", "falls most without"]
    return table_lines(columns, rows)


def _first_groups(groups: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(one["group"] for one in groups[:3] if one["fall"]["low"] > 0)


def _group_table(corpora: Mapping[str, Any]) -> list[str]:
    by_corpus = {
        name: {one["group"]: one for one in figures["groups"]} for name, figures in corpora.items()
    }
    names = list(dict.fromkeys(group for groups in by_corpus.values() for group in groups))
    mean = {
        group: sum(
            groups[group]["fall"]["value"] for groups in by_corpus.values() if group in groups
        )
        for group in names
    }
    rows = [
        [group, *(_cell(groups.get(group)) for groups in by_corpus.values())]
        for group in sorted(names, key=lambda group: -mean[group])
    ]
    return table_lines(["group", *by_corpus], rows)


def _cell(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return ""
    return f"{with_interval(one['fall'])} ({one['alone']['value']:.2f})"


def _class_table(corpora: Mapping[str, Any]) -> list[str]:
    rows = []
    for corpus, figures in corpora.items():
        for label in figures["classes"]:
            falls = [
                (one["recalls"][label]["value"], one["group"])
                for one in figures["groups"]
                if label in one["recalls"] and one["recalls"][label]["low"] > 0
            ]
            named = ", ".join(f"{group} {fall:.3f}" for fall, group in sorted(falls)[::-1][:3])
            rows.append([corpus, label, named or "none beyond its interval"])
    return table_lines(["corpus", "class", "groups"], rows)


def _shortcuts(corpora: Mapping[str, Any]) -> list[str]:
    lines = [
        f"- {corpus}: {text}"
        for corpus, figures in corpora.items()
        for text in figures["shortcuts"]
    ]
    if not lines:
        return []
    return ["What the audit names as shortcuts:", "", *lines, ""]


def _expected_table(corpora: Mapping[str, Any]) -> list[str]:
    measured = {
        (row["class"], row["feature"], corpus): row
        for corpus, figures in corpora.items()
        for row in figures["expected"]
    }
    keys = list(
        dict.fromkeys(
            (row["class"], row["feature"], row["direction"])
            for figures in corpora.values()
            for row in figures["expected"]
        )
    )
    rows = [
        [
            label,
            f"{TITLES[feature]} {ARROWS[direction]}",
            SOURCES[label, feature],
            *(_expected_cell(measured.get((label, feature, corpus))) for corpus in corpora),
        ]
        for label, feature, direction in keys
    ]
    return table_lines(["class", "expected", "source", *corpora], rows)


def _expected_cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    words = row["verdict"] if row["verdict"] == AGREES else f"**{row['verdict']}**"
    return f"{row['sd']:+.1f} [{row['sd.low']:.1f}, {row['sd.high']:.1f}] {words}"


def _counts(corpora: Mapping[str, Any]) -> list[str]:
    lines = []
    for corpus, figures in corpora.items():
        verdicts = [row["verdict"] for row in figures["expected"]]
        agree, against, without = (verdicts.count(kind) for kind in (AGREES, CONTRADICTS, OPEN))
        lines.append(
            f"- {corpus}: {agree} of {len(verdicts)} expectations are met, {against} contradicted, "
            f"{without} without a difference beyond chance."
        )
    return lines


def _pair_table(corpora: Mapping[str, Any]) -> list[str]:
    rows = []
    for corpus, figures in corpora.items():
        for row in figures["pair"]:
            span = f"{row['sd']:+.1f} [{row['sd.low']:.1f}, {row['sd.high']:.1f}]"
            in_units = f"{row['difference']:+.3g} {row['unit']}" if row["unit"] else ""
            rows.append([corpus, row["words"], group_name(row["feature"]), span, in_units])
    return table_lines(["corpus", "feature", "group", "SD within speakers", "difference"], rows)


def _pair_counts(corpora: Mapping[str, Any]) -> list[str]:
    lines = []
    for corpus, figures in corpora.items():
        groups = [group_name(row["feature"]) for row in figures["pair"]]
        n_spectral = sum(group in VALENCE_GROUPS for group in groups)
        lines.append(
            f"- {corpus}: {n_spectral} of {len(groups)} are of {', '.join(VALENCE_GROUPS)}."
        )
    return lines
