"""The command line: parse, call a verb, print. Everything else is the verbs' work."""

from __future__ import annotations

import io
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from featser import __version__
from featser.cli.compare_command import compare
from featser.cli.console import say, say_text
from featser.cli.display.corpus_results import show_audit, show_scan
from featser.cli.display.run_results import show_run
from featser.cli.display.store_results import show_extraction
from featser.cli.failures import one_line_errors, warnings_as_notes
from featser.cli.fetch_command import fetch
from featser.cli.finished.calibrate_command import calibrate
from featser.cli.finished.explain_command import explain
from featser.cli.finished.explore_command import explore
from featser.cli.finished.next_steps import step_after_extraction
from featser.cli.finished.relabel_command import relabel
from featser.cli.finished.report_command import report
from featser.cli.finished.serve_command import serve
from featser.cli.finished.stress_command import stress
from featser.cli.fit_command import fit
from featser.cli.generated_options import with_extraction_options
from featser.cli.groups.auxiliary_commands import auxiliary
from featser.cli.groups.card_commands import card as own_cards
from featser.cli.groups.folds_commands import folds
from featser.cli.groups.recipe_commands import recipes
from featser.cli.labels.agreement_command import agreement
from featser.cli.list_commands import augmentations, cards, features
from featser.cli.panels import WIDEST, CommandWithPanels
from featser.cli.predict_command import predict
from featser.cli.run_command import run, show_extraction_forecast
from featser.cli.segment_command import segment
from featser.cli.shared_options import (
    Corpus,
    DataOption,
    Features,
    Jobs,
    LabelNames,
    PathPattern,
    bars_of,
    named_in,
    typed,
)
from featser.cli.store_commands import DEFAULT_STORE, Store, stores
from featser.cli.study_commands import curve, leakage
from featser.errors import EXIT_CODES, FeatserError, counted
from featser.experiment.runs.invocation import invoked_as
from featser.workers.interrupts import guard


def _exit_code(number: int) -> str:
    """Return the line of an exit code in the help, wrapped as the options of commands are."""
    text = f"{number}: {EXIT_CODES[number]}"
    return textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="     ")


app = typer.Typer(
    name="featser",
    help="Speech emotion recognition for laboratories with recordings, labels and ordinary "
    "computers.\n\nFrom a folder of recordings to an honest model and report:\n\n"
    "  featser extract RECORDINGS --corpus ravdess\n\n  featser fit\n\n"
    "Try it without recordings: featser demo",
    epilog="\b\nExit codes:\n" + "\n".join(map(_exit_code, EXIT_CODES)),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
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
    card: Annotated[
        str,
        typer.Argument(
            metavar="CARD|FOLDER",
            help="A card's name (see `corpora`) or YAML file; or the folder itself.",
        ),
    ],
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="FOLDER", help="With a card: where the recordings are, or a URL (s3://…)."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The manifest to write: .csv, .tsv, .parquet."),
    ] = None,
    pattern: PathPattern = None,
    annotation: Annotated[
        str | None,
        typer.Option(
            metavar="TIER",
            help="Read utterances from files beside the recordings: the labelled intervals of this "
            "tier in .TextGrid (Praat), .eaf (ELAN), .txt (Audacity; its tier is `label`) or "
            ".rttm (`speaker`).",
        ),
    ] = None,
    corpus: Corpus = None,
    mapping: LabelNames = None,
) -> None:
    """Read the labels of a corpus, count them, write a manifest.

    Without a card, the layout of the folder is recognised, --pattern describes it, or --annotation
    reads the intervals that Praat, ELAN or Audacity have saved beside the recordings. In a pattern
    {name} and * are any text within one name, {name:d} is digits, and ** any folders. Files whose
    names do not fit are listed, never guessed at. Without -o nothing is written.
    """
    from featser.api.scan import scan as run

    ways: dict[str, Any] = {"pattern": pattern, "annotation": annotation, "corpus": corpus}
    result = run(card, folder, output, **ways, **named_in(mapping))
    show_scan(result)
    if output is not None:
        say(f"manifest: {output}")
        say_text(f"next: {shlex.join(['featser', 'extract', str(output)])}")


@app.command()
@with_extraction_options
def audit(
    source: Annotated[str, typer.Argument(help="A manifest, or a corpus folder.")],
    corpus: Corpus = None,
    pattern: PathPattern = None,
    mapping: LabelNames = None,
    primary: Annotated[
        str | None, typer.Option(help="The label that leads [the card's, or emotion].")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write all findings and the facts of each recording: .json; or the facts alone, "
            "as a table: .csv, .parquet or .xlsx.",
        ),
    ] = None,
    jobs: Jobs = -1,
    **options: Any,
) -> None:
    """Find what would make a result wrong, before any training.

    Recordings that are there twice, even altered; labels that contradict or follow from each
    other; damaged recordings, also those that crash or hang the decoder; and facts such as the
    sampling rate that give the label away. The exit code is 1 where there are errors.
    """
    from featser.api.audit import audit as run

    with bars_of():
        result = run(
            source,
            corpus=corpus,
            pattern=pattern,
            **named_in(mapping),
            output=output,
            primary=primary,
            n_jobs=jobs,
            **options,
        )
    show_audit(result)
    if output is not None:
        is_json = output.suffix.lower() == ".json"
        say(f"{'all findings' if is_json else 'facts of each recording'}: {output}")
    if result.errors:
        raise typer.Exit(1)


@app.command()
@with_extraction_options
def extract(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A recipe, a manifest, or a corpus folder; by default the corpora of --data."
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    features: Features = None,
    corpus: Corpus = None,
    pattern: PathPattern = None,
    mapping: LabelNames = None,
    data: DataOption = None,
    jobs: Jobs = -1,
    augment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PRESET|KIND[:PARAMETER=VALUE,…]",
            help="Also extract altered copies, such as speaker or noise:snr=5..20,copies=2; repeat "
            "for several. They are in a training set only if the test set has none of their "
            "sources, and never in a test set. `featser augmentations` lists kinds and presets.",
        ),
    ] = None,
    **options: Any,
) -> None:
    """Compute features into the store. What is there already is not computed again.

    Unusable recordings, and those that crash or hang a decoder or extractor, are listed with the
    reason; the exit code is 0 as long as one utterance has features, else 1. After a kill or a
    full disk, run the same command again.
    """
    from featser.api.extract import extract as run
    from featser.cli.shared_options import parse_data

    with bars_of(store):
        result = run(
            source,
            store=store,
            features=features or (),
            augment=augment or (),
            data=parse_data(data or []),
            corpus=corpus,
            pattern=pattern,
            **named_in(mapping),
            n_jobs=jobs,
            **options,
        )
    if result.forecast is not None:
        show_extraction_forecast(result.forecast, result.notes)
        return
    show_extraction(result, str(store))
    if not result.done + result.reused:
        raise typer.Exit(1)
    say_text(
        step_after_extraction(result, [] if store == DEFAULT_STORE else ["--store", str(store)])
    )


app.command(cls=CommandWithPanels)(fit)
app.command(cls=CommandWithPanels)(run)
app.command(cls=CommandWithPanels)(predict)


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
    """Write the last extraction as one table.

    It has the columns of the manifest, then a column for each feature.
    """
    from featser.api.stored.export import export as run
    from featser.api.stored.export import export_audformat

    if output is None and audformat is None:
        raise FeatserError("export what to? Name a table (.parquet, .csv) or --audformat FOLDER")
    if audformat is not None:
        say(f"{counted(export_audformat(audformat, store), 'utterance')}: {audformat / 'db.yaml'}")
    if output is not None:
        rows, columns = run(output, store, features or ())
        say(f"{counted(rows, 'utterance')}, {counted(columns, 'feature')}: {output}")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where corpus, store and run are written.")] = Path(
        "featser-demo"
    ),
    jobs: Jobs = -1,
    seed: Annotated[
        int, typer.Option(help="Random seed of the synthetic corpus and of the fit.")
    ] = 0,
) -> None:
    """Run everything on a synthetic corpus.

    It has 384 utterances of 8 voices, with 4 emotions in 2 intensities.
    """
    from featser.api.demo import demo as run

    with bars_of(folder / "store"):
        extraction, result = run(folder, jobs, seed)
    show_extraction(extraction, str(folder / "store"))
    show_run(result)


for command in (
    segment, agreement, compare, explain, explore, relabel, report, stress, calibrate, curve,
    leakage, serve, fetch, features, augmentations,
):  # fmt: skip
    app.command(cls=CommandWithPanels)(command)
app.add_typer(folds, name="folds")
app.add_typer(recipes, name="recipe")
app.add_typer(stores, name="store")
app.add_typer(cards, name="corpora")
app.add_typer(own_cards, name="card")
app.add_typer(auxiliary, name="aux")


def main() -> None:
    """Run the command line; every error becomes a line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whose encoding may lack a letter
            stream.reconfigure(errors="backslashreplace")
    with guard(), one_line_errors(), warnings_as_notes(), invoked_as(typed()):
        app()
