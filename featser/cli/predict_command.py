"""``featser predict``: predictions for recordings, or over the time of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featser.cli.console import say
from featser.cli.display.prediction_results import show_predictions, show_timeline
from featser.cli.shared_options import bars_of
from featser.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def predict(
    model_and_files: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL FILES...",
            help="RUN/model.featser, the folder RUN, or `open`: a model of the corpora that "
            "featser brings. Then recordings, folders of them, URLs, - for the standard input, "
            "and manifests.",
        ),
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="The model, in place of the first argument.")
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Write all probabilities: .csv, .json, .parquet, .xlsx. With --timeline also "
            "stretches of equal label, .TextGrid (Praat), .eaf (ELAN), .rttm, .txt (Audacity), "
            ".segments.csv, and pictures, .svg, .png, .pdf. Repeat for several files. What holds "
            "one recording is written for each of several: {name} stands for its name, which "
            "otherwise comes before the ending.",
        ),
    ] = None,
    timeline: Annotated[
        bool,
        typer.Option(
            "--timeline",
            help="Predict over the time of each recording, not once for all of it.",
            rich_help_panel="Timeline",
        ),
    ] = False,
    window: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="A window of this length moves along the recording; about as long as the "
            "utterances that the model was fitted on. [2]",
            rich_help_panel="Timeline",
        ),
    ] = None,
    hop: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="The step from a window to the next, and the length of a frame: a frame has the "
            "mean of the windows that cover it. [0.5]",
            rich_help_panel="Timeline",
        ),
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option(
            metavar="auto|FILE",
            help="Predict segments in place of windows: auto finds the speech, as `featser "
            "segment` does; or the intervals of an annotation, .TextGrid, .eaf, .rttm, .txt "
            "(Audacity), .csv. Of several tiers one is chosen by FILE#TIER.",
            rich_help_panel="Timeline",
        ),
    ] = None,
    smooth: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:NUMBER]",
            help="How frames are smoothed. hmm: a hidden Markov chain of the classes, whose "
            "probability of a change from a frame to the next is estimated from the recording, or "
            "given (hmm:0.05); numbers by a Kalman smoother. mean: a moving average of 3 s, or as "
            "given (mean:5). [none]",
            rich_help_panel="Timeline",
        ),
    ] = None,
    enrol: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="For a model fitted with --speaker-norm enrol: unlabelled recordings of the "
            "speaker; or a manifest with `speaker`, for several.",
        ),
    ] = None,
    trim: Annotated[
        bool,
        typer.Option(
            "--trim",
            help="Remove the silence before and after the speech, also for a model that was "
            "fitted without --trim.",
        ),
    ] = False,
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="mix|left|right|N|loudest",
            help="Of recordings with several channels: their average, one of them (N from 1 on), "
            "or the loudest [what the model was fitted on].",
        ),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Such as .9: also predict a set of classes that has the true class of 90 % of "
            "the recordings of new speakers, for each class. The model abstains where the set has "
            "not exactly one class. With --timeline a set for each frame, of a model that `featser "
            "calibrate` has calibrated.",
        ),
    ] = None,
    why: Annotated[
        bool,
        typer.Option(
            "--why",
            help="Also say which groups of features moved each prediction against the training "
            "average, and which training utterances are most similar; of at most 200 recordings.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="Worker processes; -1: one per core. [1; with --timeline -1]",
        ),
    ] = None,
    trust_paths: Annotated[
        bool,
        typer.Option(
            "--trust-paths",
            help="Open the files that the bundle names (networks, tables) wherever they are; "
            "otherwise only beside the bundle.",
        ),
    ] = False,
) -> None:
    """Predict every task for recordings, from raw audio.

    A model that was fitted with --trim removes the silence around the speech by itself.

    A recording that cannot be used gets a line with its reason; the others are still predicted,
    and the exit code is 1.
    """
    if model is None:
        model, *files = model_and_files
    else:
        files = model_and_files
    options: dict[str, Any] = {
        "enrol": enrol,
        "trim": trim,
        "trust_paths": trust_paths,
        "channel": channel,
    }
    over_time = {"window": window, "hop": hop, "segments": segments, "smooth": smooth}
    given = {name: value for name, value in over_time.items() if value is not None}
    if timeline:
        if why:
            raise InputError("--why explains whole recordings: leave it out with --timeline")
        given |= {} if coverage is None else {"coverage": coverage}
        _predict_over_time(model, files, output, -1 if jobs is None else jobs, given | options)
        return
    if given:
        raise InputError(f"--{next(iter(given))} is an option of --timeline: add --timeline")
    from featser.api.predict import prediction_sets, refuse_uncalibrated

    if coverage is not None:  # before anything is computed
        refuse_uncalibrated(model, coverage)
    with bars_of(saved="predictions are written at the end"):
        run = _explained if why else _predicted
        result = run(model, files, output=output, n_jobs=1 if jobs is None else jobs, **options)
    if coverage is not None:
        result = prediction_sets(model, result, coverage=coverage, output=output)
    show_predictions(result)
    for file in output or ():
        say(f"predictions: {file}")
    if (result["error"] != "").any():
        raise typer.Exit(1)


def _predicted(model: str, files: list[str], **options: Any) -> pd.DataFrame:
    from featser.api.predict import predict as run

    return run(model, files, **options)


def _explained(model: str, files: list[str], *, enrol: str | None, **options: Any) -> pd.DataFrame:
    if enrol is not None:
        raise InputError("--why explains no model of enrolled speakers: leave --enrol out")
    from featser.api.finished.explain_predictions import explain_predictions

    return explain_predictions(model, files, **options)


def _predict_over_time(
    model: str, files: list[str], output: list[Path] | None, jobs: int, options: dict[str, Any]
) -> None:
    from featser.api.timeline import timeline as run

    with bars_of(saved="no file is half written"):
        result = run(model, files, output=output, n_jobs=jobs, **options)
    show_timeline(result)
    for file in result.attrs["written"]:
        say(f"timeline: {file}")
    if not result.groupby("file", sort=False)["speech"].any().all():
        raise typer.Exit(1)
