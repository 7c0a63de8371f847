"""Write reports/human-ceiling: how well people recognise the emotions of CREMA-D and EmoDB.

Run ``make human-ceiling RATINGS=FOLDER CORPORA=FOLDER``, where RATINGS holds
``crema-d-voice-votes.csv``, which counts for each recording how many listeners to the voice chose
each of six emotions (made of ``tabulatedVotes.csv`` of CREMA-D), and CORPORA holds ``emodb/`` with
``erkennung.txt``, the table of its listeners, and the names of its recordings in ``wav/``.
No audio is read. The script writes figures only, nothing about single recordings.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
from common import REPORTS, Row, table_lines, with_interval, write_report, write_section

from featser.evaluation.metrics.scales import LOGIT
from featser.evaluation.metrics.sums import half_an_error, uar_of
from featser.evaluation.statistics.human_ceiling import human_ceiling
from featser.evaluation.statistics.intervals import evaluate_with_intervals
from featser.evaluation.statistics.jackknife_interval import interval_of_sums
from featser.evaluation.statistics.resampling import resampling_units
from featser.ratings.aggregation import majority
from featser.ratings.agreement.agreement import agreement_of
from featser.ratings.ratings import Ratings, from_counts
from featser.tasks import Task

ACTED = {
    "ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad",
}  # fmt: skip
GERMAN = {
    "W": "angry", "L": "bored", "E": "disgust", "A": "fearful", "F": "happy", "N": "neutral",
    "T": "sad",
}  # fmt: skip
MARKS = ("<!-- figures of reports/human_ceiling.py -->", "<!-- end of figures -->")
DOCS = REPORTS.parent / "docs" / "raters.md"


def main() -> None:
    """Measure, and write figures, page and section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ratings", type=Path, help="holds crema-d-voice-votes.csv")
    parser.add_argument("corpora", type=Path, help="holds emodb/")
    given = parser.parse_args()
    results = {
        "crema-d": crema_d(given.ratings / "crema-d-voice-votes.csv"),
        "emodb": emodb(given.corpora / "emodb"),
        "model": model_on_emodb(),
    }
    write_report("human-ceiling", "human-ceiling", results, page(results))
    write_section(DOCS, MARKS, section(results))


def crema_d(file: Path) -> Row:
    """Measure the votes on the voices of CREMA-D."""
    table = pd.read_csv(file)
    classes = tuple(table.columns[1:])
    votes = from_counts(table[list(classes)].to_numpy(), classes)
    acted = table["name"].str.split("_").str[2].map(ACTED).to_numpy(object)
    speaker = table["name"].str[:4].to_numpy(object)
    task = Task("emotion", classes=classes)
    ceiling = human_ceiling(votes, task, speaker)
    assert ceiling is not None
    agreement = agreement_of(votes, "emotion")
    return {
        "recordings": len(table),
        "speakers": len(set(speaker)),
        "votes": len(votes.value),
        "acted_named": float((acted[votes.item] == _names(votes)).mean()),
        "against_acted": against_acted(votes, acted, speaker, task),
        "majority_against_acted": _majority_against_acted(votes, acted, speaker, task),
        "undecided": int(np.isnan(majority(votes)).sum()),
        "against_others": ceiling.figure,
        "coefficients": [figure.to_dict() for figure in agreement.figures],
    }


def _names(votes: Ratings) -> np.ndarray:
    return np.array(votes.classes, dtype=object)[votes.value.astype(np.intp)]


def against_acted(
    votes: Ratings, acted: np.ndarray, speaker: np.ndarray, task: Task
) -> dict[str, Row]:
    """Score all votes against the emotion that the actor was asked for."""
    figures = evaluate_with_intervals(task, acted[votes.item], _names(votes), speaker[votes.item])
    return {name: figures[name] for name in ("uar", "accuracy")} | {
        name: figure for name, figure in figures.items() if name.startswith("recall[")
    }


def _majority_against_acted(
    votes: Ratings, acted: np.ndarray, speaker: np.ndarray, task: Task
) -> Row:
    """Score the majority of the votes, where it is one class, against the acted emotion."""
    codes = majority(votes)
    rows = np.flatnonzero(~np.isnan(codes))
    labels = np.array(votes.classes, dtype=object)[codes[rows].astype(np.intp)]
    return evaluate_with_intervals(task, acted[rows], labels, speaker[rows])["uar"]


def emodb(folder: Path) -> Row:
    """Measure how well listeners recognised what they were tested with, and what was published."""
    table = listener_table(folder / "erkennung.txt")
    names = {file.stem for file in (folder / "wav").iterdir()}
    published = table[table["name"].isin(names)]
    return {"tested": recognised(table), "published": recognised(published)}


def listener_table(file: Path) -> pd.DataFrame:
    """Read EmoDB's listener table: names, speakers, emotions, recognition in per cent."""
    with file.open(encoding="latin-1", newline="") as stream:
        rows = [[cell.strip() for cell in row] for row in csv.reader(stream, delimiter="\t")]
    records = [
        {
            "name": Path(name).stem,
            "speaker": name[:2],
            "emotion": GERMAN[name[5]],
            "recognition": float(recognition.replace(",", ".")),
        }
        for _, name, recognition, *_ in rows[1:]
    ]
    return pd.DataFrame(records)


def recognised(table: pd.DataFrame) -> Row:
    """Return the listeners' recall of the acted emotions, averaged over the emotions."""
    classes = sorted(table["emotion"].unique())
    code = table["emotion"].map(classes.index).to_numpy(np.intp)
    share = table["recognition"].to_numpy(float) / 100
    units = resampling_units(table["speaker"].to_numpy(object), len(table))
    k = len(classes) + 1  # the last stands for any other answer
    sums = np.zeros((units.count, k, k))
    np.add.at(sums, (units.of_row, code, code), share)
    np.add.at(sums, (units.of_row, code, k - 1), 1 - share)
    uar = interval_of_sums(uar_of, sums, units, LOGIT, 0.95, half_error=half_an_error(k))
    recalls = table.groupby("emotion")["recognition"].mean() / 100
    return {
        "recordings": len(table),
        "speakers": int(table["speaker"].nunique()),
        "uar": uar.to_dict(),
        "recalls": {str(name): float(value) for name, value in recalls.items()},
    }


def model_on_emodb() -> Row:
    """Return the UAR of featser on EmoDB, speaker-independent, without normalisation."""
    file = REPORTS / "emodb-none" / "metrics.json"
    metrics = json.loads(file.read_text(encoding="utf-8"))
    return dict(metrics["speaker-independent"]["emotion"]["uar"])


def page(results: Row) -> list[str]:
    """Write the page."""
    crema, recalls = results["crema-d"], results["emodb"]["tested"]["recalls"]
    acted = crema["against_acted"]
    classes = [name[7:-1] for name in acted if name.startswith("recall[")]
    by_class = [[name, with_interval(acted[f"recall[{name}]"])] for name in classes]
    return [
        "# The human ceiling",
        "",
        "By `make human-ceiling RATINGS=FOLDER CORPORA=FOLDER`; [docs/raters.md]"
        "(../../docs/raters.md) explains the terms.",
        "",
        *section(results),
        "",
        "Recall of the acted emotions by single votes on the voices of CREMA-D:",
        "",
        *table_lines(["acted", "recall"], by_class),
        "",
        "Recall of the acted emotions by the listeners of EmoDB's test, all recordings:",
        "",
        *table_lines(["acted", "recall"], [[name, f"{one:.3f}"] for name, one in recalls.items()]),
    ]


def section(results: Row) -> list[str]:
    """Write the figures of both corpora as tables."""
    crema, emo = results["crema-d"], results["emodb"]
    rows = [
        ["CREMA-D, voice alone", "a vote, against the acted emotion",
         crema["votes"], with_interval(crema["against_acted"]["uar"])],
        ["CREMA-D, voice alone", "a vote, against the other votes",
         crema["votes"], with_interval(crema["against_others"])],
        ["CREMA-D, voice alone", "the majority, against the acted emotion",
         crema["recordings"] - crema["undecided"], with_interval(crema["majority_against_acted"])],
        ["EmoDB, all that were tested", "a listener, against the acted emotion",
         emo["tested"]["recordings"], with_interval(emo["tested"]["uar"])],
        ["EmoDB, published", "a listener, against the acted emotion",
         emo["published"]["recordings"], with_interval(emo["published"]["uar"])],
        ["EmoDB, published", "featser, speaker-independent",
         emo["published"]["recordings"], with_interval(results["model"])],
    ]  # fmt: skip
    coefficients = [
        [figure["title"], with_interval(figure), figure["note"]] for figure in crema["coefficients"]
    ]
    return [
        "UAR of people, 95 % intervals over speakers:",
        "",
        *table_lines(["recordings", "who", "n", "UAR"], rows),
        "",
        f"{crema['acted_named']:.3f} of the {crema['votes']} votes on the {crema['recordings']} "
        f"voices of CREMA-D name the acted emotion; the votes on {crema['undecided']} recordings "
        f"are tied. EmoDB published recordings that more than 80 % of the listeners recognised, so "
        f"the figure of these is high by selection. Agreement of the votes on CREMA-D:",
        "",
        *table_lines(["coefficient", "value", "interval"], coefficients),
    ]


if __name__ == "__main__":
    main()
