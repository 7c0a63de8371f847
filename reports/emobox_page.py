"""The page of ``reports/emobox.py`` and its section of reports/README.md, from its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common import Row, median_figure, table_lines, with_interval

MARKS = ("<!-- emobox: begin (written by reports/emobox.py) -->", "<!-- emobox: end -->")
NAMES = {"emodb": "EmoDB", "ravdess": "RAVDESS"}


def page(results: Row) -> list[str]:
    """Write reports/emobox/emobox.md."""
    corpora = results["corpora"]
    return [
        "# EmoBox: featser beside ten frozen pretrained networks",
        "",
        *_introduction(results),
        "",
        "## Unweighted average recall (UAR), mean over folds",
        "",
        *ranking(results),
        "",
        _counted(corpora),
        "",
        "## featser",
        "",
        *_own_figures(results),
        "",
        "## Cost of featser",
        "",
        *_costs(results),
        "",
        "```sh",
        *(_command(name, row) for name, row in corpora.items()),
        "python reports/emobox.py CORPORA FOLDS",
        "```",
    ]


def section(results: Row) -> list[str]:
    """Write the section of reports/README.md."""
    sentences = [_position(name, row, results["networks"]) for name, row in _of_corpora(results)]
    return [
        "## EmoBox",
        "",
        f"On the folds that EmoBox publishes, UAR as the mean over folds: {'; '.join(sentences)}. "
        f"The networks' figures are published ones, without intervals. All figures, and what they "
        f"cost: [emobox/emobox.md](emobox/emobox.md), written by "
        f"`make emobox CORPORA=FOLDER FOLDS=FOLDER`.",
        "",
        *ranking(results),
    ]


def ranking(results: Row) -> list[str]:
    """Return a table of featser among the networks, the best on the last corpus first."""
    corpora = results["corpora"]
    own = {name: _fold_mean(row) for name, row in corpora.items()}
    counts = [f"{row['cost']['values'] / 1e6:.2f}" for row in corpora.values()]
    rows = [("**featser**", own, " / ".join(dict.fromkeys(counts)), "stored values")]
    for network in results["networks"]:
        uar = {name: network[name] / 100 for name in corpora}
        millions = "" if network["millions"] is None else f"{network['millions']:,.2f}"
        rows.append((network["name"], uar, millions, network["source"]))
    rows.sort(key=lambda row: list(row[1].values())[::-1], reverse=True)
    heads = [_heading(name, row) for name, row in corpora.items()]
    return table_lines(
        ["model", *heads, "parameters, millions", "source of the number"],
        [[name, *(f"{value:.3f}" for value in uar.values()), *rest] for name, uar, *rest in rows],
    )


def _of_corpora(results: Row) -> list[tuple[str, Row]]:
    return list(results["corpora"].items())


def _command(name: str, row: Row) -> str:
    first, *more = row["seeds"]
    command = f"featser run {row['recipe']} --data {name}=FOLDER --set folds=FILE"
    command += f" --set seed={first}" * (first != "0")
    others = ", ".join(f"--set seed={seed}" for seed in more)
    return f"{command}  # then {others}" if others else command


def _introduction(results: Row) -> list[str]:
    corpora = results["corpora"]
    recipes = ", ".join(
        f"[{row['recipe']}](../../pipelines/{row['recipe']}.yaml)" for row in corpora.values()
    )
    lines = [
        f"The networks' figures are published: {results['source']}. A small classifier is fitted "
        f"on the frozen embedding of each network; the publication has no intervals. featser's "
        f"figures are on the same folds, with the recipes {recipes}: {_seeds(results)}, 95 % "
        f"intervals over speakers.",
    ]
    for name, row in corpora.items():
        for shared in row["shared"]:
            lines += [
                "",
                f"{NAMES[name]}: **{shared}**, so its figures, those of the networks too, are "
                f"optimistic for people who are not in the corpus.",
            ]
    return lines


def _seeds(results: Row) -> str:
    seeds = sorted({int(seed) for row in results["corpora"].values() for seed in row["seeds"]})
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    return f"the median of seeds {', '.join(map(str, seeds))}"


def _heading(name: str, row: Row) -> str:
    return f"{NAMES[name]}{' **(optimistic)**' if row['shared'] else ''}"


def _fold_mean(row: Row) -> float:
    return float(
        median_figure([figures["fold_mean"] for figures in row["seeds"].values()])["value"]
    )


def _below(uar: float, name: str, networks: Sequence[Mapping[str, float]]) -> int:
    """Count the networks with a lower figure."""
    return sum(network[name] / 100 < uar for network in networks)


def _position(name: str, row: Row, networks: Sequence[Mapping[str, float]]) -> str:
    uar = _fold_mean(row)
    optimistic = ", optimistic" if row["shared"] else ""
    return (
        f"{uar:.3f} on {NAMES[name]} ({row['folds']} folds{optimistic}), above "
        f"{_below(uar, name, networks)} of {len(networks)} frozen pretrained networks"
    )


def _counted(corpora: Mapping[str, Row]) -> str:
    names = " and ".join(NAMES[name] for name in corpora)
    return (
        f"Parameters of networks are those of the embedding alone, without the classifier. Of "
        f"featser all numbers in the model's file are counted, for {names}: the landmarks of the "
        f"kernel, which are the standardised features of the recordings that it was fitted on, "
        f"the coefficients, and the means and scales of the features. No number is published "
        f"where the field is empty, as far as we know."
    )


def _own_figures(results: Row) -> list[str]:
    heads = [
        "corpus", "utterances", "speakers", "folds", "UAR, mean over folds", "seeds",
        "UAR of all predictions", "accuracy (WA) of all predictions", "networks below",
    ]  # fmt: skip
    cells = []
    for name, row in _of_corpora(results):
        seeds = list(row["seeds"].values())
        means = [figures["fold_mean"]["value"] for figures in seeds]
        cells.append(
            [
                _heading(name, row),
                row["utterances"],
                row["speakers"],
                row["folds"],
                f"{_fold_mean(row):.3f}",
                f"{min(means):.3f}–{max(means):.3f}" if len(means) > 1 else "",
                *(
                    with_interval(median_figure([figures[metric] for figures in seeds]))
                    for metric in ("uar", "accuracy")
                ),
                f"{_below(_fold_mean(row), name, results['networks'])} of "
                f"{len(results['networks'])}",
            ]
        )
    return table_lines(heads, cells)


def _costs(results: Row) -> list[str]:
    timed = results["timed"]
    heads = [
        "model of", "features", "classes", "stored values", "bundle, MB", "features, ms",
        "prediction, ms", "together, ms",
    ]  # fmt: skip
    cells = []
    for name, row in _of_corpora(results):
        cost = row["cost"]
        together = cost["features_ms"] + cost["prediction_ms"]
        cells.append(
            [
                NAMES[name],
                cost["features"],
                cost["classes"],
                f"{cost['values']:,}",
                f"{cost['megabytes']:.1f}",
                f"{cost['features_ms']:.0f}",
                f"{cost['prediction_ms']:.1f}",
                f"**{together:.0f}**",
            ]
        )
    return [
        f"CPU time for one recording on one core, from the file to the probabilities: the median "
        f"of {timed['recordings']} recordings of RAVDESS of {timed['seconds']:.1f} s, after one "
        f"that is not counted ({timed['machine']}). The cost of the networks was not measured.",
        "",
        *table_lines(heads, cells),
    ]
