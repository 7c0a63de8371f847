"""What ``reports/dimensions.py`` carries out and compares: recipes and their variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from systems_rows import needs_networks, typed

SYNTHETIC = ("iemocap", "msp-improv")
"""Corpora that are synthetic here."""


@dataclass(frozen=True)
class Run:
    """A recipe on one corpus.

    Attributes
    ----------
    label : str
        Its folder's name.
    what : str
        The model, in a few words.
    recipe, corpus : str
        Names of a recipe and of a card.
    changes : sequence of str
        Other values for the recipe's fields.
    """

    label: str
    what: str
    recipe: str
    corpus: str
    changes: Sequence[str] = ()

    @property
    def networks(self) -> bool:
        """Whether it needs the extra ``streams``."""
        return needs_networks(self.recipe, self.changes)

    @property
    def command(self) -> str:
        """What a reader types; of synthetic corpora FOLDER is what ``rated_corpora.py`` wrote."""
        return typed(self.recipe, {self.corpus: f"FOLDER/{self.corpus}"}, self.changes, self.label)


@dataclass(frozen=True)
class Compared:
    """Two runs of which one has an idea that the other lacks.

    Attributes
    ----------
    says : str
        The idea.
    with_it, without : str
        Labels of runs on the same corpus.
    """

    says: str
    with_it: str
    without: str


_ATTENTION, _NATURALNESS = "arousal-valence-attention", "emotion-naturalness"
_KERNEL = ("features=[handcrafted, gemaps, pyramid]", "model=kernel", "joint=none")
_IMPROV = (
    "corpora=[msp-improv]", "tasks=[valence, arousal, dominance, naturalness]", "primary=valence",
)  # fmt: skip
_FEWER = "features=[handcrafted, gemaps]"
_NETWORK = ("features=[frames]", "model=attention", "coupling=independent")
_RECOGNITION = "tasks=[emotion, naturalness, recognition]"

RUNS = (
    Run("attention", "one network, an attention for each task", _ATTENTION, "iemocap"),
    Run(
        "attention-together", "one network, one attention for all tasks", _ATTENTION, "iemocap",
        ("model=attention-together",),
    ),
    Run("attention-single", "a network for each task", _ATTENTION, "iemocap", ("joint=none",)),
    Run(
        "kernel-chain", "kernels, arousal after the others", _ATTENTION, "iemocap",
        (*_KERNEL, "coupling=chain"),
    ),
    Run("kernel-single", "a kernel model for each task", _ATTENTION, "iemocap", _KERNEL),
    Run(
        "naturalness-network", "one network, an attention for each task", _NATURALNESS,
        "msp-improv", (*_IMPROV, *_NETWORK, "joint=equal"),
    ),
    Run(
        "naturalness-network-single", "a network for each task", _NATURALNESS, "msp-improv",
        (*_IMPROV, *_NETWORK),
    ),
    Run(
        "naturalness-kernel-stacked", "kernels, stacked", _NATURALNESS, "msp-improv",
        (*_IMPROV, _FEWER, "coupling=stacked"),
    ),
    Run(
        "naturalness-kernel-single", "a kernel model for each task", _NATURALNESS, "msp-improv",
        (*_IMPROV, _FEWER, "coupling=independent"),
    ),
    Run(
        "emodb-stacked", "kernels, stacked", _NATURALNESS, "emodb",
        (_RECOGNITION, "coupling=stacked"),
    ),
    Run(
        "emodb-single", "a kernel model for each task", _NATURALNESS, "emodb",
        (_RECOGNITION, "coupling=independent"),
    ),
)  # fmt: skip
"""In the order of the page."""

COMPARED = (
    Compared("tasks fitted together, by a network", "attention", "attention-single"),
    Compared("an attention for each task, not one for all", "attention", "attention-together"),
    Compared("a chain of tasks, by kernels", "kernel-chain", "kernel-single"),
    Compared(
        "tasks fitted together, by a network", "naturalness-network", "naturalness-network-single"
    ),
    Compared(
        "tasks stacked, by kernels", "naturalness-kernel-stacked", "naturalness-kernel-single"
    ),
    Compared("tasks stacked, by kernels", "emodb-stacked", "emodb-single"),
)

ATTENDING = ("attention", "attention-together")
"""Runs whose attention is examined."""
