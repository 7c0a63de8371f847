"""``featser fit``: its options, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from featser.cli_options import (
    Cache,
    Corpus,
    DataOption,
    Features,
    Jobs,
    Seed,
    bars_of,
    typed,
    what_is_kept,
)
from featser.cli_protocols import Dev, Protocol, Test, Train, sides_of
from featser.cli_store import DEFAULT_STORE, Store
from featser.console import show_run
from featser.errors import FeatserError
from featser.tasks import Coupling, Fusion, Joint, TwoPass


def fit(
    source: Annotated[
        str | None,
        typer.Argument(help="As for `extract`; omitted: what was last extracted into the store."),
    ] = None,
    store: Store = DEFAULT_STORE,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", "-t", help="A label to predict; default: every usable one."),
    ] = None,
    primary: Annotated[
        str | None, typer.Option(help="The task that leads [the card's, or emotion].")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="kernel, svm, logistic, lda, mlp, xgboost, forest, extra-trees, knn, ridge, svr; "
            "with featser[streams] cnn, cnn-lstm, cnn-bilstm, attention, attention-together, "
            "multiscale; several with commas vote; or `vote`, the default."
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Of a vote: equal, inner or stacked (from inner folds), or 1,2,1."),
    ] = None,
    tune: Annotated[
        bool | None,
        typer.Option(
            help="Choose every estimator's setting of up to 8 on speakers left out inside the "
            "training part."
        ),
    ] = None,
    coupling: Annotated[
        str | None,
        typer.Option(
            help="How tasks learn from each other: independent (default), chain, powerset, "
            "stacked, or auto, which takes the best of them on inner folds."
        ),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:NUMBER]",
            help="Which features models see, chosen in the fold: none (default), anova:0.5, "
            "mutual:0.5, speakers:0.1, stability:0.6.",
        ),
    ] = None,
    two_pass: Annotated[
        str | None,
        typer.Option(
            help="A model for each language, which is identified first: weighted (each also "
            "learns from the others), soft, hard; common: one model, to compare with; none "
            "(default)."
        ),
    ] = None,
    encode: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:NUMBER]",
            help="What models see of the features `frames`, learnt in the fold: none (default), "
            "fisher:64, supervector:64, ivector:64, bag:512.",
        ),
    ] = None,
    joint: Annotated[
        str | None,
        typer.Option(
            help="One network (--model attention, cnn, …) for all tasks, losses weighted: equal, "
            "ming, uncertainty, dwa, druw, primary-gate; none (default): one for each task."
        ),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option(
            help="How extractors are put together: none (default), side by side; aligned, two of "
            "them; gated, those voting by how well they do; pooled, each by its maximum and its "
            "mean over time, voting."
        ),
    ] = None,
    protocol: Protocol = None,
    train: Train = None,
    test: Test = None,
    dev: Dev = None,
    speaker_norm: Annotated[
        str | None,
        typer.Option(
            metavar="NORM",
            help="none (default); transductive: uses all of the test speaker's recordings; "
            "enrol[:N]: uses N of them (8) that are given beforehand and not scored.",
        ),
    ] = None,
    enrolment_curve: Annotated[
        bool,
        typer.Option(
            "--enrolment-curve",
            help="With enrol: also the figures of 0, 1, 2, 4, 8 and 16 enrolled recordings.",
        ),
    ] = False,
    features: Features = None,
    corpus: Corpus = None,
    data: DataOption = None,
    seed: Seed = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run's folder [a new one in runs/].")
    ] = None,
    augmented: Annotated[
        bool, typer.Option(help="Learn from the augmented copies that were extracted, if any.")
    ] = True,
    audit: Annotated[
        bool,
        typer.Option(help="Audit recordings first; keep altered copies of them in one fold."),
    ] = True,
    batches: Annotated[
        bool | None,
        typer.Option(help="Read features in batches: xgboost alone can [from 1 GB of them on]."),
    ] = None,
    cache: Cache = True,
    jobs: Jobs = -1,
) -> None:
    """Evaluate a multi-task model out of fold, fit it on all data, and write the report.

    The run's folder holds run.json, metrics.json, predictions.parquet, folds.csv, audit.json,
    model.featser and report.html; with enrolled speakers also enrolment.csv and enrolled.csv.

    Each fold that is fitted is kept beside the store. Where nothing that it depends on has changed
    (features, labels, folds, model, seed, versions) it is read and not fitted again; after Ctrl-C
    or a kill the same command does what is missing.
    """
    from featser.verbs.fit import fit as run
    from featser.verbs.source import parse_data

    with bars_of(kept=what_is_kept(cache)) as bars:
        result = run(
            source,
            store,
            tasks=task or (),
            primary=primary,
            model=model,
            weights=_weights(weights),
            tune=tune,
            protocols=protocol or (),
            sides=sides_of(train, test, dev),
            speaker_norm=speaker_norm,
            enrolment_curve=enrolment_curve,
            features=features or (),
            corpus=corpus,
            data=parse_data(data or []),
            seed=seed,
            output=output,
            jobs=jobs,
            command=typed(),
            augmented=augmented,
            batches=batches,
            coupling=_choice("--coupling", coupling, get_args(Coupling)),
            select=select,
            two_pass=_choice("--two-pass", two_pass, get_args(TwoPass)),
            encode=encode,
            joint=_choice("--joint", joint, get_args(Joint)),
            fusion=_choice("--fusion", fusion, get_args(Fusion)),
            audit=audit,
            cache=cache,
            examining=bars("Examining recordings"),
            progress=bars("Fitting (folds × tasks × members)"),
        )
    show_run(result)


def _weights(text: str | None) -> Any:
    if text is None or text in ("equal", "inner", "stacked"):
        return text
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise FeatserError(
            f"--weights '{text}': equal, inner, stacked, or numbers such as 1,2,1"
        ) from None


def _choice(option: str, value: str | None, valid: tuple[str, ...]) -> Any:
    if value is not None and value not in valid:
        raise FeatserError(f"{option} '{value}': valid are {', '.join(valid)}")
    return value
