"""The command line: parse, call a verb, print. Everything else is the verbs' work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from featser import __version__
from featser.cli_compare import compare
from featser.cli_curve import curve
from featser.cli_fetch import fetch
from featser.cli_fit import fit
from featser.cli_leakage import leakage
from featser.cli_lists import augmentations, cards, features
from featser.cli_options import Corpus, DataOption, Features, Jobs, Timeout, bars_of
from featser.cli_run import run
from featser.cli_store import DEFAULT_STORE, Store, stores
from featser.console import (
    say,
    show_audit,
    show_extraction,
    show_predictions,
    show_run,
    show_scan,
)
from featser.errors import FeatserError

app = typer.Typer(
    name="featser",
    help="Speech emotion recognition for laboratories with recordings, labels and ordinary "
    "computers.\n\nFrom a folder of recordings to an honest model and report:\n\n"
    "  featser extract RECORDINGS --corpus ravdess\n\n  featser fit\n\n"
    "Try it without recordings: featser demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        say(f"featser {__version__}")
        raise typer.Exit
    del context


@app.command()
def scan(
    card: Annotated[str, typer.Argument(help="A card's name (see `corpora`), or a YAML file.")],
    folder: Annotated[
        str, typer.Argument(help="Where the recordings are: a folder, or a URL (s3://…).")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The manifest to write: .csv, .parquet.")
    ] = None,
) -> None:
    """Read the labels of a corpus from its file names (or database), and count them.

    Files whose names do not fit are listed, never guessed at. Without -o nothing is written.
    """
    from featser.verbs.scan import scan as run

    show_scan(run(card, folder, output))
    if output is not None:
        say(f"manifest: {output}")


@app.command()
def audit(
    source: Annotated[str, typer.Argument(help="A manifest, or a corpus folder with --corpus.")],
    corpus: Corpus = None,
    primary: Annotated[
        str | None, typer.Option(help="The label that leads [the card's, or emotion].")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all findings: .json.")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Find what would make a result wrong, before any training.

    Recordings that are there twice, even altered; labels that contradict or follow from each
    other; damaged recordings; and facts such as the sampling rate that give the label away. The
    exit code is 1 where there are errors.
    """
    from featser.verbs.audit import audit as run

    with bars_of() as bars:
        result = run(source, corpus, output, primary, jobs, progress=bars("Examining recordings"))
    show_audit(result)
    if output is not None:
        say(f"all findings: {output}")
    if result.errors:
        raise typer.Exit(1)


@app.command()
def extract(
    source: Annotated[
        str, typer.Argument(help="A recipe, a manifest, or a corpus folder with --corpus.")
    ],
    store: Store = DEFAULT_STORE,
    features: Features = None,
    corpus: Corpus = None,
    data: DataOption = None,
    jobs: Jobs = -1,
    timeout: Timeout = 60.0,
    backend: Annotated[
        str | None,
        typer.Option(
            help="What hands out the work. Here: threading [default], or loky, no quicker. On a "
            "cluster with the recordings under the same paths: dask, for most; or ray, spark."
        ),
    ] = None,
    augment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND[:PARAMETER=VALUE,…]",
            help="Also extract altered copies, such as noise:snr=5..20,copies=2; repeat for "
            "several. They are learnt from where none of their sound is tested, and never "
            "tested. `featser augmentations` lists the kinds.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Its scheduler: dask tcp://HOST:8786, ray HOST:6379, spark spark://HOST:7077.",
        ),
    ] = None,
) -> None:
    """Compute features into the store. What is there already is not computed again.

    Unusable recordings, and those that crash or hang a decoder or extractor, are listed with the
    reason; the exit code is 0 as long as one utterance has features, else 1. After a kill or a
    full disk, run the same command again.
    """
    from featser.verbs.extract import extract as run
    from featser.verbs.source import parse_data

    with bars_of(store) as bars:
        result = run(
            source,
            store,
            features=features or (),
            corpus=corpus,
            data=parse_data(data or []),
            jobs=jobs,
            timeout=timeout,
            progress=bars("Extracting features"),
            backend=backend,
            cluster=cluster,
            augment=augment or (),
            altering=bars("Extracting augmented copies"),
        )
    show_extraction(result, str(store))
    if not result.done + result.reused:
        raise typer.Exit(1)


app.command()(fit)
app.command()(run)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="RUN/model.featser")],
    files: Annotated[list[str], typer.Argument(help="Recordings (or URLs), or one manifest.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all probabilities: .csv, .parquet.")
    ] = None,
    enrol: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="For a model fitted with --speaker-norm enrol: unlabelled recordings of the "
            "speaker; or a manifest with `speaker`, for several.",
        ),
    ] = None,
    jobs: Jobs = 1,
) -> None:
    """Predict every task for recordings, from raw audio.

    A recording that cannot be used gets a line with its reason; the others are still predicted,
    and the exit code is 1.
    """
    from featser.verbs.predict import predict as run

    with bars_of() as bars:
        result = run(model, files, output, jobs, bars("Predicting"), enrol)
    show_predictions(result)
    if output is not None:
        say(f"predictions: {output}")
    if (result["error"] != "").any():
        raise typer.Exit(1)


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Argument(help="The table to write: .parquet or .csv.")
    ] = None,
    store: Store = DEFAULT_STORE,
    features: Features = None,
    audformat: Annotated[
        Path | None,
        typer.Option(
            "--audformat",
            metavar="FOLDER",
            help="Write the manifest as an audformat database, without audio or features.",
        ),
    ] = None,
) -> None:
    """Write the last extraction as one table: the manifest's columns, then a column a feature."""
    from featser.verbs.export import export as run
    from featser.verbs.export import export_audformat

    if output is None and audformat is None:
        raise FeatserError("export what to? Name a table (.parquet, .csv) or --audformat FOLDER")
    if audformat is not None:
        say(f"{export_audformat(audformat, store)} utterances: {audformat / 'db.yaml'}")
    if output is not None:
        rows, columns = run(output, store, features or ())
        say(f"{rows} utterances, {columns} features: {output}")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where corpus, store and run are written.")] = Path(
        "featser-demo"
    ),
    jobs: Jobs = -1,
    seed: Annotated[int, typer.Option(help="Of the synthetic corpus and the fit.")] = 0,
) -> None:
    """Run everything on a synthetic corpus: 8 voices, 4 emotions, 2 intensities, 384 utterances."""
    from featser.verbs.demo import demo as run

    with bars_of(folder / "store") as bars:
        extraction, result = run(folder, bars, jobs, seed)
    show_extraction(extraction, str(folder / "store"))
    show_run(result)


for command in (compare, curve, leakage, fetch, features, augmentations):
    app.command()(command)
app.add_typer(stores, name="store")
app.add_typer(cards, name="corpora")


def main() -> None:
    """Run the command line; featser's own errors become a line and an exit code."""
    try:
        app()
    except FeatserError as error:
        print(f"featser: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
