"""Sections of the page of ``reports/ablation.py`` on the vote, its calibration and more rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from common import Row, table_lines, with_interval


def figure(values: Row | None, form: str = ".3f") -> str:
    """Write a value with its interval; nothing where there is no value."""
    return "" if values is None else with_interval(values, form)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table."""
    return "\n".join(table_lines(header, rows))


def cases_of(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each corpus and speaker normalisation."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["corpus"], row["norm"]), []).append(row)
    return groups


def best_member(rows: Sequence[Row]) -> Row:
    """Return the row of the member with the highest UAR."""
    return max((row for row in rows if row["member"]), key=lambda row: float(row["uar"]["value"]))


def directions(gains: Sequence[Row]) -> str:
    """Say how many differences have an interval below 0, and above 0."""
    below = sum(gain["high"] < 0 for gain in gains)
    above = sum(gain["low"] > 0 for gain in gains)
    return f"{below} / {above} of {len(gains)}"


def votes_section(results: Row) -> Iterator[str]:
    """Yield the table of the vote and its members."""
    members = " and ".join(f"`{name}`" for name in results["members"])
    yield (
        f"All features. `vote` is the default model: the mean of the probabilities of {members}, "
        f"with the weights that have the least log loss on left-out speakers of the training set. "
        f"The members are those that were fitted for the vote; `logistic` does not read `rocket`. "
        f"*vote − it*: above 0, the vote is better. **Best member**: the best of this very row's "
        f"corpus, known only afterwards, so the vote is compared with more than a user could "
        f"choose."
    )
    lines, against = [], []
    for (corpus, norm), rows in cases_of(results["votes"]).items():
        best = best_member(rows)
        against.append(best["vote_less"])
        for row in rows:
            name = f"{row['name']} **(best member)**" if row is best else row["name"]
            less = "" if row["name"] == "vote" else figure(row["vote_less"], "+.3f")
            chosen = "" if row["chosen"] is None else weights(row["chosen"])
            lines.append([corpus, norm, name, figure(row["uar"]), less, chosen])
    yield table(
        ["corpus", "speaker norm", "model", "UAR", "vote − it", "chosen in the folds"], lines
    )
    yield (
        f"Against the best member, intervals are below 0 / above 0 in {directions(against)} cases. "
        f"Chosen in the folds: the mean weight of each member with its range, and in how many "
        f"folds `rocket` has which share of the kernel."
    )


def weights(chosen: Row) -> str:
    """Write the weights of the members, and the shares of random convolutions."""
    words = [f"{name} {spread(values, '.2f')}" for name, values in chosen["weights"].items()]
    return f"{', '.join(words)}; rocket {counted(chosen['share'])}"


def spread(values: Row, form: str) -> str:
    """Write a mean with its range over the folds."""
    mean, low, high = (format(values[name], form) for name in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def counted(counts: Mapping[str, int]) -> str:
    """Write in how many folds each value was chosen.

    Examples
    --------
    >>> counted({"0": 2, "0.25": 4})
    '0 in 2 folds, 0.25 in 4 folds'
    """
    return ", ".join(
        f"{value} in {count} fold{'' if count == 1 else 's'}" for value, count in counts.items()
    )


def calibration_section(results: Row) -> Iterator[str]:
    """Yield the table of calibration."""
    yield (
        "The vote's mean probabilities are raised to a power that is estimated on left-out "
        "speakers of the training set: 1 changes nothing, above 1 makes them more certain. The "
        "predicted classes, and so UAR, are the same. *Without* is the mean of the same members "
        "with the same weights, which have the least log loss on left-out speakers; `kernel` has a "
        "temperature of its own, `logistic` has none. Of ECE and log loss smaller is better; "
        "*difference*: below 0, calibration helps. ECE is too high where utterances are few, so "
        "its differences have no interval."
    )
    lines = []
    for row in results["calibration"]:
        without, with_ = row["without"], row["with"]
        lines.append([
            row["corpus"], row["norm"], figure(without["ece"]), figure(with_["ece"]),
            f"{with_['ece']['value'] - without['ece']['value']:+.3f}",
            figure(without["log_loss"]), figure(with_["log_loss"]),
            figure(row["loss_gain"], "+.3f"), spread(row["powers"], ".2f"),
        ])  # fmt: skip
    yield table(
        ["corpus", "speaker norm", "ECE without", "ECE with", "difference", "log loss without",
         "log loss with", "difference", "power: mean (range over folds)"],
        lines,
    )  # fmt: skip

    yield "The members by themselves:"
    yield table(
        ["corpus", "speaker norm", "member", "ECE", "log loss"],
        [
            [row["corpus"], row["norm"], name, figure(own["ece"]), figure(own["log_loss"])]
            for row in results["calibration"]
            for name, own in row["members"].items()
        ],
    )


def training_section(results: Row) -> Iterator[str]:
    """Yield the tables of more training rows."""
    yield (
        "The vote, fitted on more rows than the training set of its own recordings. `other "
        "corpora` (`--aux`): the labelled rows of the other two corpora, with a weight that each "
        "fold chooses on left-out speakers (0: not used). `copies: speaker` (`--augment speaker`): "
        "a copy of each training recording with another pitch, and one with another vocal-tract "
        "length. `copies: field` (`--augment field`): a copy each in noise, among other voices, by "
        "telephone and from far away. The test recordings are never altered, so robustness to such "
        "conditions is not measured here ([robustness](robustness/robustness.md) measures it). "
        "*difference*: above 0, UAR is better with them; below 0, log loss is."
    )
    lines = []
    for row in results["training"]:
        without, with_ = row["calibration"]["without"], row["calibration"]["with"]
        lines.append([
            row["corpus"], row["name"], str(row["rows"]), figure(row["without"]),
            figure(row["uar"]), figure(row["gain"], "+.3f"),
            f"{without['ece']['value']:.3f}", f"{with_['ece']['value']:.3f}",
            figure(row["loss_gain"], "+.3f"),
            counted(row["chosen"]["auxiliary"]) if row["name"] == "other corpora" else "",
        ])  # fmt: skip
    yield table(
        ["corpus", "more rows", "how many", "UAR without", "UAR with", "difference",
         "ECE without", "ECE with", "log loss, difference", "weights chosen"],
        lines,
    )  # fmt: skip
