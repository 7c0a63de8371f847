"""What each published system's idea must show, as a difference between two rows of its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import table_lines

import featser

PROTOCOL = "speaker-independent"
Measured = Mapping[str, Mapping[str, Any]]
"""A claim's key → the difference's ``value``, ``low``, ``high`` and ``p``."""


@dataclass(frozen=True)
class Claim:
    """What an idea is to show.

    Attributes
    ----------
    system : str
        The published system's letter.
    says : str
        The claim, in a few words.
    with_it, without : str
        Labels of the entries with the idea and without.
    task, metric : str
        What they are compared by: the task's headline metric.
    least : float
        How great the difference must be.
    why : str
        How we interpret it if it is not shown.
    """

    system: str
    says: str
    with_it: str
    without: str
    task: str = "emotion"
    metric: str = "uar"
    least: float = 0.0
    why: str = ""

    @property
    def key(self) -> str:
        """Its key in the file of differences."""
        return f"{self.with_it} - {self.without}, {self.task}"

    def judged(self, difference: Mapping[str, Any]) -> str:
        """Return whether a difference shows it, or is too small for recordings like these."""
        # As printed, so that no reader sees a sufficient difference fail.
        if round(difference["value"], 3) >= self.least:
            return "yes"
        high = difference["high"]
        return "**no**" if high is None or high < self.least else "no, within chance"


def differences(work: Path, label: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Compare an entry's run with those that a claim names, as far as they exist.

    Parameters
    ----------
    work : Path
        Where runs are, each by its entry's label.
    label : str

    Yields
    ------
    tuple of (str, dict)
        The claim's key; the difference, and its interval and p, by speaker.
    """
    for claim in CLAIMS:
        sides = [work / claim.without, work / claim.with_it]
        if label not in (claim.with_it, claim.without):
            continue
        if not all((side / "metrics.json").exists() for side in sides):
            continue
        compared = featser.compare(sides, protocol=PROTOCOL)
        (pair,) = (pair for pair in compared.pairs if pair.task == claim.task)
        if pair.result.metric != claim.metric:
            raise ValueError(f"{claim.key}: compared by {pair.result.metric}, not {claim.metric}")
        difference = asdict(pair.result.difference)
        figures = {name: difference[name] for name in ("value", "low", "high")}
        yield claim.key, figures | {"p": pair.result.p}


def keep(path: Path, measured: Iterator[tuple[str, dict[str, Any]]]) -> Measured:
    """Put differences beside those that a file has; return all."""
    differences: dict[str, Any] = {}
    if path.exists():
        differences = json.loads(path.read_text(encoding="utf-8"))
    differences |= dict(measured)
    path.write_text(
        json.dumps(dict(sorted(differences.items())), indent=1) + "\n", encoding="utf-8"
    )
    return differences


def claims_table(differences: Measured) -> list[str]:
    """Return the lines of a table: each claim, its difference, and whether it holds."""
    header = ["system", "to be shown", "compared", "difference", "p", "at least", "shown"]
    rows = []
    for claim in CLAIMS:
        if claim.key not in differences:
            continue
        difference = differences[claim.key]
        interval = ""
        if difference["low"] is not None:
            interval = f" [{difference['low']:+.3f}, {difference['high']:+.3f}]"
        rows.append(
            [
                claim.system,
                claim.says,
                f"{claim.with_it} − {claim.without}, {claim.task} {claim.metric.upper()}",
                f"{difference['value']:+.3f}{interval}",
                f"{difference['p']:.2g}",
                f"{claim.least:+.3f}",
                claim.judged(difference),
            ]
        )
    return [*table_lines(header, rows), *_read(differences)]


def _read(differences: Measured) -> list[str]:
    """Return the interpretations of claims that are not shown, each once."""
    red = [claim for claim in CLAIMS if claim.key in differences and claim.why]
    red = [claim for claim in red if claim.judged(differences[claim.key]) != "yes"]
    reasons = dict.fromkeys(f"- {claim.system}: {claim.why}" for claim in red)
    return ["", "How we read what is not shown:", "", *reasons] if reasons else []


WINDOWS = "windows and the whole tell no less than the whole alone"
RICHER = "features that tell of dynamics beat a vector of means"
MOVING = "coefficients that move tell no less than static ones"

CLAIMS = (
    *(
        Claim(
            "a", WINDOWS, f"multiscale-dynamic-{name}", f"multiscale-dynamic-{name}-whole",
            why="the short sentences of BanglaSER are said in one emotion throughout, and the "
            "statistics of the whole already have its maxima and quantiles; RAVDESS gains.",
        )
        for name in ("ravdess", "banglaser")
    ),
    Claim(
        "c", "coupled with intensity, emotion does not suffer", "emotion-intensity",
        "emotion-intensity-single", least=-0.005,
    ),
    Claim(
        "d", "naturalness gains from emotion", "emotion-naturalness-stacked",
        "emotion-naturalness-single", "naturalness", "ccc",
    ),
    Claim(
        "e", "aligned and gated streams are no worse than side by side", "aligned-streams",
        "aligned-streams-beside", least=-0.01,
    ),
    *(
        Claim("f", RICHER, f"multistream-{name}", f"multistream-published-{name}", least=0.05)
        for name in ("banglaser", "ravdess", "emodb")
    ),
    *(
        Claim(
            "f", "with networks in it the vote is no worse", f"multistream-networks-{name}",
            f"multistream-classical-{name}", least=-0.005,
            why="with so few recordings networks have few steps to learn in, and say less than "
            "what they vote with.",
        )
        for name in ("banglaser", "ravdess", "emodb")
    ),
    Claim(
        "g", "weights that change are no worse than equal ones", "dynamic-weights-ming",
        "dynamic-weights-equal",
    ),
    Claim(
        "h", "models that also learn from other languages", "two-pass-weighted",
        "two-pass-common",
        why="each language is one corpus here, with its own speakers, room and sentences; one "
        "model of all tells them apart by itself, so little is left to gain, and the other folds "
        "of two-pass.md have the difference on the other side.",
    ),
    *(
        Claim(
            "j", MOVING, f"tarma-fear-{name}", f"tarma-fear-{name}-static",
            why="static coefficients come with functionals over windows, which already tell how "
            "they move from one window to the next; what moves within a window of 120 ms adds "
            "little to that.",
        )
        for name in ("ravdess", "emodb")
    ),
)  # fmt: skip
"""What each idea would have to do on real recordings to be worth its cost."""

TESTED = (
    ("a", "a burst in one band and one window is found where means are at chance",
     "tests/features/sets/test_pyramid.py::"
     "test_a_burst_in_one_band_and_window_is_classified_where_means_are_at_chance"),
    ("b", "each task attends to its own moment; one shared attention scores lower",
     "tests/models/streams/test_estimators.py::"
     "test_attention_finds_each_tasks_moment_and_a_shared_attention_scores_lower"),
    ("c", "a network of embeddings and a table of them are extractors like any other",
     "tests/features/embeddings/test_onnx_embedding.py::test_values_are_the_networks_pooled_over_time"),
    ("e", "fused streams are no worse than the better one",
     "tests/models/test_fusion.py::"
     "test_what_two_streams_say_together_is_no_worse_than_the_better_of_them"),
    ("e", "a stream of pure noise costs no more than .01",
     "tests/models/test_fusion.py::test_a_stream_of_pure_noise_costs_no_more_than_a_hundredth"),
    ("f", "no test recording has a copy in the training set",
     "tests/evaluation/test_rows.py::"
     "test_no_row_is_predicted_by_a_model_that_saw_it_or_a_copy_of_it"),
    ("g", "weights keep to their bounds",
     "tests/models/streams/test_weighting.py::"
     "test_the_unit_norm_bounds_weights_and_the_bounds_are_reached"),
    ("g", "equal losses, equal weights",
     "tests/models/streams/test_weighting.py::test_equal_losses_leave_equal_weights"),
    ("g", "the harder task gains; the naive variant drifts to the easy one",
     "tests/models/streams/test_weighting.py::"
     "test_the_harder_task_gains_weight_and_the_naive_variant_drifts_to_the_easy_one"),
    ("g", "the gradient is the published one, and that of finite differences",
     "tests/models/streams/test_weighting.py::"
     "test_the_gradient_of_the_weight_loss_is_the_published_one_and_that_of_differences"),
    ("h", "where languages show emotions the other way round, two passes beat one model",
     "tests/models/test_language.py::"
     "test_two_passes_beat_one_common_model_where_languages_show_emotions_the_other_way_round"),
    ("h", "in i-vectors' EM the likelihood never falls",
     "tests/models/encoders/test_variability.py::test_the_likelihood_never_falls"),
    ("h", "i-vectors tell languages apart as well as the generator allows",
     "tests/models/encoders/test_variability.py::"
     "test_languages_are_separated_as_well_as_by_the_true_model"),
    ("i", "members by maximum and by mean differ",
     "tests/models/test_fusion.py::"
     "test_members_pooled_by_maximum_and_mean_see_the_features_of_that_name_and_differ"),
    ("i", "a continued model beats the one before and one fitted from scratch",
     "tests/test_continued.py::"
     "test_a_continued_model_beats_the_one_before_and_one_fitted_from_scratch"),
    ("j", "known moving poles are recovered within 5 %",
     "tests/features/lowlevel/test_timevarying.py::test_moving_poles_are_recovered_within_5_percent"),
    ("j", "a stationary signal's index is about zero",
     "tests/features/lowlevel/test_timevarying.py::"
     "test_the_index_is_about_zero_where_nothing_moves_and_far_above_where_poles_do"),
)  # fmt: skip
"""What tests hold on sounds and data whose truth is known: system, claim, test."""


def tested_table() -> list[str]:
    """Return the lines of a table of claims that tests hold."""
    rows = []
    for system, says, test in TESTED:
        file, name = test.split("::")
        rows.append([system, says, f"[{name}](../{file})"])
    return table_lines(["system", "to be shown", "test"], rows)
