"""The methods paragraph of a run, in English, and the bibliography that goes with it."""

from __future__ import annotations

from collections.abc import Iterator

from featser.audio.channels import MIX
from featser.errors import counted
from featser.evaluation.protocols.enrolment_split import enrolled_recordings
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.reporting.methods.bibtex import Reference
from featser.reporting.methods.citations import WORKS, keys_of, mark
from featser.reporting.methods.corpus_sentences import (
    auxiliary_sentences,
    corpus_references,
    data_sentences,
    joined,
)
from featser.reporting.numbers import count, estimate, number, shows_interval
from featser.reporting.statements.verdict import chance_level, shortcut_of
from featser.reporting.summary import RunSummary
from featser.reporting.wording import (
    headline_metric,
    is_optimistic,
    metric_title,
    optimistic_because,
)

_OPTIONS = {
    "select": "Features were selected on the training fold ({value}).",
    "encode": "Frames were encoded by {value}, which was fitted on the training fold.",
    "coupling": "The tasks were coupled ({value}).",
    "two_pass": "The language was identified first, and then a model of that language was used "
    "({value}).",
    "joint": "One network was fitted for all tasks, with the losses weighted by {value}.",
    "fusion": "The extractors were combined by fusion ({value}).",
}
"""Fields of the experiment that change the model, with the sentence where they are not off."""
_COUNTABLE = ("machine", "perceptron", "forest", "network")
"""Ends of the names of models that need an article."""
_OFF = ("none", "independent", "", None)
_SOFTWARE = ("python", "scikit-learn", "numpy", "scipy", "xgboost", "torch", "opensmile")
"""The software whose versions the paragraph names."""


def methods_paragraph(run: RunSummary) -> str:
    """Return how a run was made and what came of it, as a paragraph for a paper.

    Parameters
    ----------
    run : RunSummary
        A run, with its :class:`~featser.reporting.methods.method_facts.MethodFacts`.

    Returns
    -------
    str
        Sentences in the past tense; citations as Pandoc reads them, such as ``[@eyben2016gemaps]``,
        with keys of :func:`references`.
    """
    sentences = (
        *data_sentences(run),
        *_features(run),
        *_model(run),
        *_training(run),
        *_normalisation(run),
        *_evaluation(run),
        *_result(run),
        _software(run),
    )
    return " ".join(sentences)


def references(run: RunSummary) -> list[Reference]:
    """Return the works that the methods paragraph cites.

    Parameters
    ----------
    run : RunSummary
        A run.

    Returns
    -------
    list of Reference
        The corpora first, then methods and software. Each key occurs once.
    """
    facts = run.methods
    text = methods_paragraph(run)
    corpora = corpus_references([*facts.corpora, *facts.auxiliary])
    works = [work for key, work in WORKS.items() if f"@{key};" in text or f"@{key}]" in text]
    return list({reference.key: reference for reference in [*works, *corpora]}.values())


def bibliography(run: RunSummary) -> str:
    """Return the references of a run as a file of BibTeX."""
    return "\n\n".join(reference.bibtex() for reference in references(run)) + "\n"


def _features(run: RunSummary) -> Iterator[str]:
    sizes = dict(zip(run.features["extractor"], run.features["dimension"], strict=True))
    if not sizes:
        return
    total = sum(int(size) for size in sizes.values())
    if len(sizes) == 1:
        (spec,) = sizes
        yield (
            f"Each utterance was described by {counted(total, 'feature')} of {spec}"
            f"{_meaning(run, spec)}{mark(_feature_keys(spec))}."
        )
    else:
        texts = [_sized(run, spec, int(size)) for spec, size in sizes.items()]
        yield (
            f"Each utterance was described by {count(total)} features in {len(sizes)} sets of "
            f"featser: {joined(texts)}."
        )
    channel = run.methods.options.get("channel")
    if channel == MIX:
        yield "Recordings with several channels were averaged."
    elif channel:
        yield f"Of recordings with several channels, {channel} was read."


def _sized(run: RunSummary, spec: str, size: int) -> str:
    """Return a set of features with its size, what it describes, and its sources."""
    meaning = run.methods.extractors.get(spec, "")
    about = f"{count(size)}: {meaning}" if meaning else count(size)
    return f"{spec} ({about}){mark(_feature_keys(spec))}"


def _meaning(run: RunSummary, spec: str) -> str:
    meaning = run.methods.extractors.get(spec, "")
    return f" ({meaning})" if meaning else ""


def _feature_keys(spec: str) -> list[str]:
    families = spec.removeprefix("trim:").partition(":")[0].split("+")
    return keys_of(*(f"features {name}" for name in families))


def _model(run: RunSummary) -> Iterator[str]:
    models = [
        f"{_with_article(title)}{mark(keys_of(f'model {name}'))}"
        for name, title in run.methods.models.items()
    ]
    options = run.methods.options
    what = "Classes were" if run.primary.categorical else f"Values of {run.primary.name} were"
    if len(models) == 1:
        yield f"{what} predicted by {models[0]}."
    elif models:
        how = f" with {run.methods.weights}" if run.methods.weights else ""
        yield f"{what} predicted by a soft vote of {joined(models)}{how}."
    elif run.model:
        yield f"The model was {run.model}."
    if options.get("tune"):
        yield "Its settings were tuned on speakers left out of the training fold."
    for name, sentence in _OPTIONS.items():
        if (value := options.get(name)) not in _OFF:
            keys = keys_of(f"{name} {str(value).partition(':')[0]}")
            yield sentence.format(value=f"{value}{mark(keys)}")
    yield (
        "Everything that was estimated from data, such as means for standardising and imputing "
        "features, was estimated on the training folds."
    )


def _with_article(title: str) -> str:
    """Return what a model is, such that it can stand within a sentence.

    Examples
    --------
    >>> _with_article("support vector machine, RBF kernel"), _with_article("logistic regression")
    ('a support vector machine (RBF kernel)', 'logistic regression')
    """
    name, _, rest = title.partition(", ")
    article = "a " * name.endswith(_COUNTABLE)
    return f"{article}{name} ({rest})" if rest else f"{article}{name}"


def _training(run: RunSummary) -> Iterator[str]:
    yield from auxiliary_sentences(run.methods.auxiliary, run.methods.auxiliary_weight)
    if run.methods.augmented_copies:
        n_copies = run.methods.augmented_copies
        copies = f"{n_copies} augmented cop{'y' if n_copies == 1 else 'ies'}"
        kinds = ", ".join(run.methods.options.get("augmentation", ()))
        yield f"They also contained {copies} of recordings ({kinds}), which were never tested."


def _normalisation(run: RunSummary) -> Iterator[str]:
    if run.speaker_norm == "transductive":
        yield (
            "Features were standardised within each speaker, for test speakers with all of their "
            "own unlabelled recordings (transductive)."
        )
    elif n_enrolled := enrolled_recordings(run.speaker_norm):
        yield (
            f"Features were standardised within each speaker, for test speakers with "
            f"{counted(n_enrolled, 'unlabelled recording')} that were drawn at random and not "
            f"scored, combined with the average over the speakers of the training fold"
            f"{mark(keys_of('enrolment'))}."
        )
    else:
        yield "Features were not normalised by speaker."


def _evaluation(run: RunSummary) -> Iterator[str]:
    n_folds = run.predictions["fold"].nunique()
    yield f"Evaluation was by {_written(run.protocol, n_folds)}."
    if is_optimistic(run, run.protocol):
        yield (
            f"The figures are optimistic for new speakers, because "
            f"{optimistic_because(run, run.protocol)}."
        )
    others = [_written(name, None) for name in run.protocols[1:]]
    if others:
        yield f"The model was also evaluated by {joined(others)}."
    yield _metric_sentence(run)


def _written(protocol: str, n_folds: int | None) -> str:
    """Return a protocol as a paper writes it."""
    if n_folds is None or protocol not in PROTOCOLS:
        return f"the protocol {protocol}"
    text = PROTOCOLS[protocol].written or f"the protocol {protocol} ({counted(n_folds, 'fold')})"
    return text.format(count=n_folds)


def _metric_sentence(run: RunSummary) -> str:
    name = headline_metric(run.primary)
    title = metric_title(name)
    named = {
        "UAR": "unweighted average recall (UAR)",
        "CCC": "the concordance correlation coefficient (CCC)",
    }.get(title, title)
    text = f"The primary metric was {named}{mark(keys_of(f'metric {name}'))}"
    if not shows_interval(run.figures(run.primary).get(name)):
        return f"{text}."
    units = counted(run.resampled.count, run.resampled.words.removesuffix("s"))
    return (
        f"{text}, with a 95 % confidence interval by the jackknife over {units}"
        f"{mark(keys_of('interval'))}."
    )


def _result(run: RunSummary) -> Iterator[str]:
    task = run.primary
    name = headline_metric(task)
    figures = run.figures(task)
    reference = "chance level" if task.categorical else "mean baseline"
    text = (
        f"The {metric_title(name)} of {task.name} was {estimate(figures.get(name))} "
        f"({reference} {number(chance_level(task, figures))})"
    )
    shortcut = shortcut_of(run)
    if shortcut is not None:
        text += f"; {shortcut.name} alone reached {number(shortcut.value)}"
    yield f"{text}."


def _software(run: RunSummary) -> str:
    keys = {"scikit-learn": keys_of("scikit-learn")}
    names = [name for name in _SOFTWARE if name in run.environment]
    versions = [f"{name} {run.environment[name]}{mark(keys.get(name, []))}" for name in names]
    with_versions = f" with {joined(versions)}" if versions else ""
    return (
        f"The experiment was carried out with featser{mark(keys_of('featser'))}{with_versions} "
        f"(random seed {run.seed})."
    )
