"""The page of ``reports/dimensions.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common import Row, signed, table_lines, with_interval
from dimensions_rows import COMPARED, RUNS, Compared, Run

HEADS = {
    "iemocap": "Arousal, valence and dominance: synthetic, laid out as IEMOCAP",
    "msp-improv": "Dimensions with naturalness: synthetic, laid out as MSP-IMPROV",
    "emodb": "Emotion with naturalness and recognition: EmoDB, real recordings",
}
SYNTHETIC = """**The corpora laid out as IEMOCAP and MSP-IMPROV are synthetic**, written by
`python reports/rated_corpora.py FOLDER`: names, folders, rating files, raters and missing ratings
are as in the real ones, the voices are not. Arousal was put into the first part of each utterance
and valence into the second; dominance and naturalness follow both, and otherwise chance. Their
figures show that files, masks, couplings, attention and tails work as they should. They say
nothing about people, nor about what IEMOCAP or MSP-IMPROV would give."""
EMODB = """Real recordings. How natural each is was judged by listeners, and the share of them that
recognised its emotion is known; both are beside emotion here."""
NAMES = {"ccc": "CCC", "tail_ccc": "CCC in the tails", "tail_reach": "reach", "uar": "UAR"}


def page(results: Row) -> list[str]:
    """Write the page."""
    text = [
        "# Dimensions: together, alone, and in the tails",
        "",
        f"Folds by speaker, nothing known of the test speaker; 95 % intervals over "
        f"speakers, seed {results['seed']}. Tails: the "
        f"{results['share']:.0%} of utterances with the lowest and the {results['share']:.0%} with "
        f"the highest ratings, equal ratings together. The ends of a scale lie far apart, so CCC "
        f"in the tails stands beside another model's in the same tails, never beside CCC of all. "
        f"Reach: how far apart predictions hold both tails, as a share of how far they are apart; "
        f"below 1 they are drawn to the middle.",
        "",
        SYNTHETIC,
    ]
    for corpus, head in HEADS.items():
        runs = [run for run in RUNS if run.corpus == corpus and run.label in results["runs"]]
        if runs:
            text += ["", f"## {head}", "", *_section(corpus, runs, results)]
    return text


def _section(corpus: str, runs: list[Run], results: Row) -> Iterator[str]:
    if corpus == "emodb":
        yield from (EMODB, "")
    counts = results["corpora"][corpus]
    yield f"{counts['utterances']} utterances of {counts['speakers']} speakers."
    yield ""
    yield from table_lines(
        ["task", "rated", "not rated", "low tail", "high tail"], [*_counts(counts)]
    )
    yield ""
    heads = ["task", "model", "CCC or UAR", "CCC in the tails", "reach"]
    yield from table_lines(heads, [*_figures(runs, results["runs"])])
    labels = {run.label for run in runs}
    pairs = [p for p in COMPARED if p.with_it in labels and key_of(p) in results["differences"]]
    if pairs:
        yield from ("", "What each idea adds, on the same utterances:", "")
        yield from table_lines(
            ["idea", "task", "figure", "with less without", "so"],
            [row for pair in pairs for row in _gains(pair, results["differences"][key_of(pair)])],
        )
    if attention := {label: row for label, row in results["attention"].items() if label in labels}:
        yield from ("", *_attention(attention))
    yield from ("", "```sh")
    if corpus != "emodb":
        yield "python reports/rated_corpora.py FOLDER"
    yield from (run.command for run in runs)
    yield from ("python reports/dimensions.py FOLDER", "```")


def _counts(counts: Row) -> Iterator[list[Any]]:
    for task, row in counts["tasks"].items():
        yield [task, row["labelled"], row["missing"], row.get("low", ""), row.get("high", "")]


def _figures(runs: list[Run], of_runs: Mapping[str, Row]) -> Iterator[list[str]]:
    """Yield a row for each task of each run, tasks together."""
    for task in of_runs[runs[0].label]["figures"]:
        for run in runs:
            row = of_runs[run.label]["figures"][task]
            kinds = ("ccc", "tail_ccc", "tail_reach") if "ccc" in row else ("uar",)
            cells = [with_interval(row[kind]) for kind in kinds]
            yield [task, run.what, *cells, *[""] * (3 - len(cells))]


def _gains(pair: Compared, gains: Row) -> Iterator[list[str]]:
    for task, row in gains.items():
        for metric, gain in row.items():
            yield [pair.says, task, NAMES[metric], signed(gain), _so(gain)]


def _so(gain: Row) -> str:
    """Return the conclusion that a difference's interval allows."""
    if gain["low"] == gain["high"] == 0:
        return "the same"  # a chain changes only the predictions of its last task
    if gain["low"] > 0:
        return "more"
    return "less" if gain["high"] < 0 else "not significant"


def _attention(of_runs: Mapping[str, Row]) -> Iterator[str]:
    whole = next(iter(of_runs.values()))
    whats = {run.label: run.what for run in RUNS}
    yield (
        f"Where attention falls, in {whole['utterances']} utterances of ten speakers of another "
        f"seed: the share on the first part, which takes {whole['first_part']:.2f} of the time and "
        f"is the only one in which arousal is audible; valence is audible only in the second. "
        f"Recurrent layers carry information on, so attention may fall where it is used, not "
        f"where it is audible."
    )
    yield ""
    tasks = list(whole["shares"])
    rows = [
        [whats[label], *(f"{row['shares'][task]:.2f}" for task in tasks)]
        for label, row in of_runs.items()
    ]
    yield from table_lines(["model", *tasks], rows)


def key_of(pair: Compared) -> str:
    """Return the name of a comparison in the results."""
    return f"{pair.with_it} − {pair.without}"
