"""What ``reports/systems.py`` carries out: recipes, their variants, and what was published."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featser.experiment.recipe import load_recipe
from featser.features.spec_names import DEFAULT_FEATURES
from featser.models.registry import reading_frames

Figures = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Entry:
    """A recipe on some corpora.

    Attributes
    ----------
    label : str
        Its folder's name.
    system : str
        The published system's letter.
    what : str
        What it is, in a few words.
    recipe : str
        The recipe's name.
    corpora : sequence of str
        Those it is carried out on.
    figures : tuple of (str, str)
        Which task's which metric stands in the table.
    changes : sequence of str
        Other values for the recipe's fields.
    published : dict of str to str
        ``"TASK METRIC"`` → the published figure.
    note : str
        A remark for the reader of its page.
    """

    label: str
    system: str
    what: str
    recipe: str
    corpora: Sequence[str]
    figures: Figures
    changes: Sequence[str] = ()
    published: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def networks(self) -> bool:
        """Whether it needs the extra ``streams``."""
        return needs_networks(self.recipe, self.changes)

    @property
    def command(self) -> str:
        """What a reader types."""
        places = dict.fromkeys(self.corpora, "FOLDER")
        return typed(self.recipe, places, self.changes, self.label)


def needs_networks(recipe: str, changes: Sequence[str]) -> bool:
    """Say whether a recipe, so changed, needs the extra ``streams``."""
    return bool(reading_frames(load_recipe(recipe, changes).model))


def typed(recipe: str, places: Mapping[str, str], changes: Sequence[str], label: str) -> str:
    """Return the command that carries out a recipe on corpora, each with its place."""
    data = [f"--data {name}={place}" for name, place in places.items()]
    sets = [f"--set {shlex.quote(change)}" for change in changes]
    return " ".join(["featser run", recipe, *data, *sets, f"-o runs/{label}"])


MULTISTREAM = {
    ("banglaser",): "0.852",
    ("ravdess",): "0.677",
    ("emodb",): "0.693",
    ("subesco",): "0.929",
    ("banglaser", "subesco"): "0.906",
}
"""Corpora → the published accuracy of the Bangla multi-stream system; its division of the data is
taken to be at random."""

ACCURACY: Figures = (("emotion", "accuracy"), ("emotion", "uar"))


def _multistream() -> list[Entry]:
    entries = []
    for corpora, accuracy in MULTISTREAM.items():
        changes = () if corpora == ("banglaser",) else (f"corpora=[{', '.join(corpora)}]",)
        name = "-".join(corpora)
        published = {"emotion accuracy": f"{accuracy} (divided at random)"}
        entries += [
            Entry(
                f"multistream-published-{name}", "f", "multi-stream, published vector",
                "bangla-multistream-published", corpora, ACCURACY, changes, published,
            ),
            Entry(
                f"multistream-{name}", "f", "multi-stream, default features",
                "bangla-multistream", corpora, ACCURACY, changes, published,
            ),
        ]  # fmt: skip
    return entries


def _coupled(
    system: str, recipe: str, corpus: str, what: str, figures: Figures, published: str
) -> list[Entry]:
    for_both = {f"{task} {metric}": published for task, metric in figures[:1]}
    return [
        Entry(recipe, system, f"{what}, coupled", recipe, (corpus,), figures, (), for_both),
        Entry(
            f"{recipe}-single", system, f"{what}, each by itself", recipe, (corpus,), figures,
            ("coupling=independent",), for_both,
        ),
        Entry(
            f"{recipe}-stacked", system, f"{what}, stacked", recipe, (corpus,), figures,
            ("coupling=stacked",), for_both,
        ),
    ]  # fmt: skip


UAR: Figures = (("emotion", "uar"),)
FEAR_IN_RAVDESS = (
    "labels={emotion: {angry: fear-type, disgust: fear-type, fearful: fear-type, calm: other, "
    "happy: other, neutral: other, sad: other, surprised: other}}"
)


def _multiscale() -> list[Entry]:
    name, entries = "multiscale-dynamic", []
    for corpus in ("ravdess", "banglaser"):
        changes: tuple[str, ...] = ()
        figures: Figures = (*UAR, ("intensity", "uar"), ("gender", "uar"))
        if corpus == "banglaser":
            changes = ("corpora=[banglaser]", "tasks=[emotion, gender]", "masked={}")
            figures = (*UAR, ("gender", "uar"))
        alone = (*changes, "features=[handcrafted, gemaps]")
        entries += [
            Entry(f"{name}-{corpus}", "a", "windows and whole", name, (corpus,), figures, changes),
            Entry(f"{name}-{corpus}-whole", "a", "whole alone", name, (corpus,), figures, alone),
        ]
    return entries


def _tarma() -> list[Entry]:
    name, entries = "tarma-fear", []
    sets = {
        "": ("time-varying ARMA", ()),
        "-static": ("static AR", ("features=[static-ar]",)),
        "-more": ("time-varying ARMA and defaults", ("features=[tarma, handcrafted, gemaps]",)),
    }
    for corpus in ("emodb", "ravdess"):
        on = () if corpus == "emodb" else ("corpora=[ravdess]", FEAR_IN_RAVDESS)
        entries += [
            Entry(
                f"{name}-{corpus}{suffix}", "j", f"fear-type, {what}", name, (corpus,), UAR,
                (*on, *changes), {},
            )
            for suffix, (what, changes) in sets.items()
        ]  # fmt: skip
    return entries


def _fused() -> list[Entry]:
    """Return aligned streams, six models, and two passes, each beside what is plainer."""
    as_published = {
        "emotion uar": "0.806 (division not stated)",
        "emotion accuracy": "0.803 (the same)",
    }
    stream = ("e", "aligned-streams", ("ravdess",), ACCURACY)
    entries = [
        Entry("aligned-streams", stream[0], "aligned, gated", *stream[1:], (), as_published),
        Entry(
            "aligned-streams-beside",
            stream[0],
            "side by side",
            *stream[1:],
            ("fusion=none",),
            as_published,
        ),
    ]
    for corpus in ("ravdess", "banglaser", "emodb"):
        on = () if corpus == "ravdess" else (f"corpora=[{corpus}]",)
        name = "multi-model-fusion"
        entries += [
            Entry(f"{name}-{corpus}", "i", "six models, voting", name, (corpus,), UAR, on),
            Entry(
                f"{name}-{corpus}-one", "i", "one model of all", name, (corpus,), UAR,
                (*on, "fusion=none", "model=kernel"),
            ),
        ]  # fmt: skip
    corpora = ("banglaser", "ravdess", "emodb")
    condition = "Each language is one corpus here: language equals recording condition."
    entries.append(
        Entry(
            "two-pass-language", "h", "language by i-vectors", "two-pass", corpora,
            (("language", "uar"),),
            (
                "features=[frames]", "encode=ivector", "tasks=[language]", "primary=language",
                "model=logistic", "two_pass=none",
            ),
            {}, condition,
        )
    )  # fmt: skip
    return entries + [
        Entry(
            f"two-pass-{mode}", "h", f"two-pass, {mode}", "two-pass", corpora, UAR,
            () if mode == "weighted" else (f"two_pass={mode}",),
            {"emotion uar": "0.640 and 0.611 (other corpora)"},
            condition,
        )
        for mode in ("weighted", "common", "hard", "soft")
    ]  # fmt: skip


NETWORK = ("features=[frames]", "model=multiscale", "joint=ming")


def _networks() -> list[Entry]:
    three: Figures = (*UAR, ("intensity", "uar"), ("gender", "uar"))
    dimensions: Figures = (("arousal", "ccc"), ("valence", "ccc"))
    clips = ("corpora=[table]", "tasks=[arousal, valence]", "protocols=[random]")
    classical = ("features=[handcrafted, gemaps, pyramid]", "model=kernel", "joint=none")
    note = "47 clips without named speakers: a proof that it runs, no evaluation."
    entries = [
        Entry(
            f"dynamic-weights-{joint}", "g", f"one network, weights {joint}", "dynamic-weights",
            ("ravdess",), three, () if joint == "ming" else (f"joint={joint}",),
        )
        for joint in ("ming", "equal", "uncertainty", "none")
    ]  # fmt: skip
    entries += [
        Entry(
            "attention-clips", "b", "attention for each task", "arousal-valence-attention",
            ("table",), dimensions, clips, {}, note,
        ),
        Entry(
            "attention-clips-kernel", "b", "kernel, a chain", "arousal-valence-attention",
            ("table",), dimensions, (*clips, *classical, "coupling=chain"), {}, note,
        ),
        Entry(
            "multiscale-dynamic-network", "a", "network of windows", "multiscale-dynamic",
            ("ravdess",), three, NETWORK,
        ),
    ]  # fmt: skip
    for corpus in ("banglaser", "ravdess", "emodb"):
        on = () if corpus == "banglaser" else (f"corpora=[{corpus}]",)
        published = {"emotion accuracy": f"{MULTISTREAM[corpus,]} (divided at random)"}
        entries += [
            Entry(
                f"multistream-networks-{corpus}", "f", "multi-stream, networks",
                "bangla-multistream-networks", (corpus,), ACCURACY, on, published,
            ),
            Entry(
                f"multistream-published-networks-{corpus}", "f", "networks, published vector",
                "bangla-multistream-published", (corpus,), ACCURACY,
                (*on, "model=cnn,cnn-lstm,cnn-bilstm"), published,
            ),
            Entry(
                f"multistream-classical-{corpus}", "f", "the same without networks",
                "bangla-multistream-networks", (corpus,), ACCURACY,
                (*on, "model=kernel,logistic", "weights=equal"), published,
            ),
        ]  # fmt: skip
    frames = f"features=[{', '.join((*DEFAULT_FEATURES, 'frames'))}]"
    entries.append(
        Entry(
            "multistream-networks-frames", "f", "multi-stream, networks over frames",
            "bangla-multistream-networks", ("banglaser",), ACCURACY,
            (frames, "protocols=[speaker-independent]"),
            {"emotion accuracy": f"{MULTISTREAM['banglaser',]} (divided at random)"},
        )
    )  # fmt: skip
    return entries


ENTRIES: list[Entry] = [
    *_multiscale(),
    *_coupled(
        "c", "emotion-intensity", "ravdess", "emotion and intensity",
        (("emotion", "uar"), ("intensity", "uar")), "with wav2vec 2.0; not known to us",
    ),
    *_coupled(
        "d", "emotion-naturalness", "emodb", "emotion and naturalness",
        (("emotion", "uar"), ("naturalness", "ccc")), "other corpus (MSP-IMPROV)",
    ),
    *_fused(),
    *_multistream(),
    *_tarma(),
    *_networks(),
]  # fmt: skip
