"""Write reports/robustness/robustness.md and .json: the default system on altered recordings.

It is fitted on the recordings alone, and with their altered copies (``--augment field``) as well.

Run ``make robustness CORPORA=FOLDER``, where FOLDER holds ``emodb/``; ``--only NAME`` measures
another corpus, ``--utterances N`` or ``all`` alters another number of recordings. The recipe of the
corpus is carried out (``featser run``), then its models are tested (``featser stress``). Features
and runs go to a working folder (``--work``) and are not computed again. What is written are tables
and one figure: no audio, nothing about single utterances.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from common import CORPORA, REPORTS, Row, report_parser, table_lines, write_report

import featser
from featser.augmentation.spec import parse_augmentations
from featser.io.atomic_write import write_text
from featser.reporting.sections.stress_figure import Curve, stress_figure
from featser.reporting.svg import standalone_svg
from featser.robustness.conditions import CONDITIONS

UTTERANCES = "100"
PRESET = "field"
TASK = "emotion"
CSS = Path(featser.__file__).parent / "reporting" / "templates" / "report.css"


def main() -> None:
    """Test the models of each corpus, and write the page."""
    parser = report_parser(__doc__, "robustness", "emodb/")
    parser.add_argument("--only", choices=CORPORA, default="emodb", help="measure this corpus")
    parser.add_argument("--utterances", default=UTTERANCES, help="how many are altered, or all")
    arguments = parser.parse_args()
    name = arguments.only
    results = measured(name, arguments.corpora, arguments.work, arguments.utterances)
    write_report("robustness", "robustness", results, page(results))
    write_text(REPORTS / "robustness" / "robustness.svg", picture(results))


def measured(name: str, corpora: Path, work: Path, utterances: str) -> Row:
    """Carry out the recipe of a corpus, test its models, and return the figures."""
    figures = tested(name, corpora, work, name, utterances)
    copies = [str(one) for one in parse_augmentations([PRESET])]
    others = tested(name, corpora, work, f"{name}-{PRESET}", utterances, augmentation=copies)
    return {**figures, "copies": {"augmentation": copies, **others}}


def tested(
    name: str, corpora: Path, work: Path, run: str, utterances: str, **options: object
) -> Row:
    """Carry out a recipe with other options, and test its models."""
    store, folder = work / "store", work / run
    if not (folder / "run.json").exists():
        data = {name: corpora / name}
        featser.run(name, data=data, store=store, output=folder, tasks=[TASK], **options)
    featser.stress(folder, utterances=utterances, store=store)
    figures: Row = json.loads((folder / "stress.json").read_text(encoding="utf-8"))
    described = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {"corpus": name, "model": described["model"], **figures}


def page(results: Row) -> list[str]:
    """Write the page."""
    copies = results["copies"]
    rows = [["clean", "", estimate(results["clean"]), "", estimate(copies["clean"]), "", ""]]
    rows += [
        [CONDITIONS[one["condition"]].title, one["level"], estimate(one["figure"]),
         estimate(one["difference"], "+.3f"), estimate(other["figure"]),
         estimate(other["difference"], "+.3f"), str(one["utterances"])]
        for one, other in zip(results["levels"], copies["levels"], strict=True)
    ]  # fmt: skip
    metric = results["metric"].upper()
    made = ", ".join(f"`{one}`" for one in copies["augmentation"])
    return [
        "# Altered recordings",
        "",
        f"{results['corpus']}, task `{results['task']}`, protocol `{results['protocol']}`: "
        f"{results['utterances']} of {results['utterances_available']} recordings of the test "
        f"sets, balanced over speakers. Model: {results['model']}. Chance is "
        f"{results['chance']:.3f}; 95 % intervals over speakers, of differences paired. "
        "In the first two columns of figures nothing altered was in a training set. In the others "
        f"the training sets also had one copy of each recording by {made}: "
        f"`--augment {PRESET}`. So noise, babble, telephone and far microphones are no new "
        "conditions for that model; their levels are drawn by chance, and codecs, rooms without "
        "noise, clipping and gain are new to it.",
        "",
        "![One panel for each condition](robustness.svg)",
        "",
        *table_lines(
            [
                "condition",
                "level",
                metric,
                "difference to clean",
                f"{metric} with copies",
                "difference to clean",
                "n",
            ],
            rows,
        ),
        "",
        *(f"- {sentence}" for sentence in results["sentences"]),
        "",
        *(f"- {CONDITIONS[name].title}: {text}." for name, text in results["conditions"].items()),
        *(f"- Note: {note}." for note in results["notes"]),
        "",
        "```sh",
        "make robustness CORPORA=FOLDER",
        "```",
    ]


def estimate(figure: Row, form: str = ".3f") -> str:
    """Write a figure with its interval, where it has one."""
    value, low, high = (figure[end] for end in ("value", "low", "high"))
    if low is None or high is None or low == high:
        return format(value, form)
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def picture(results: Row) -> str:
    """Draw the figure of the report as a file of its own."""
    curves = []
    for name in results["conditions"]:
        own = [one for one in results["levels"] if one["condition"] == name]
        labels = [one["level"] for one in own]
        figures = [defined(one["figure"]) for one in own]
        condition = CONDITIONS[name]
        curves.append(Curve(condition.title, labels, figures, condition.is_graded))
    axis = results["metric"].upper()
    markup = stress_figure(curves, defined(results["clean"]), results["chance"], axis)
    colours = re.search(r":root \{.*?\}", CSS.read_text(encoding="utf-8"), re.DOTALL)
    if colours is None:
        raise SystemExit(f"{CSS}: has no colours")
    return standalone_svg(markup, colours.group().replace("color-scheme: light dark;", ""))


def defined(figure: Row) -> Row:
    """Return a figure with NaN where JSON has null."""
    ends = ("value", "low", "high")
    return {end: float("nan") if figure[end] is None else figure[end] for end in ends}


if __name__ == "__main__":
    main()
