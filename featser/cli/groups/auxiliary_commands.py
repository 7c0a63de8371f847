"""The commands about auxiliary corpora: ``featser aux …``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featser.cli.console import say, say_text, table
from featser.cli.display.store_results import show_extraction
from featser.cli.panels import CommandWithPanels
from featser.cli.shared_options import Corpus, Features, Jobs, PathPattern, bars_of
from featser.cli.store_commands import DEFAULT_STORE, Store
from featser.errors import counted

if TYPE_CHECKING:
    from featser.api.stored.auxiliary import ListedTable
    from featser.auxiliary.auxiliary_table import AuxiliaryTable

Folders = Annotated[
    list[str] | None,
    typer.Option(
        "--data", metavar="CORPUS=FOLDER", help="Where a corpus is.", rich_help_panel="Data"
    ),
]

auxiliary = typer.Typer(
    help="Tables of other corpora that models can be trained with.", no_args_is_help=True
)


@auxiliary.command("add", cls=CommandWithPanels)
def aux_add(
    name: Annotated[
        str, typer.Argument(help="The table's name: that of a card (see `corpora`), or another.")
    ],
    source: Annotated[
        str | None,
        typer.Argument(
            help="A manifest, a recipe, or a corpus folder; by default the folder that --data has "
            "for NAME."
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    features: Features = None,
    corpus: Corpus = None,
    pattern: PathPattern = None,
    data: Folders = None,
    jobs: Jobs = -1,
) -> None:
    """Extract the features of a corpus and write them, with its labels, as a table.

    The recordings are not needed any more then. The table is written into the user's cache folder
    (FEATSER_CACHE). After an interruption, run the same command again.

    Such as:

      featser aux add ravdess --data ravdess=~/ravdess

      featser aux add ravdess --data ravdess=~/ravdess -f default -f rocket

      featser aux add clinic recordings.csv
    """
    from featser.api.stored.auxiliary import add_auxiliary
    from featser.cli.shared_options import parse_data

    with bars_of(store):
        added = add_auxiliary(
            name,
            source,
            corpus=corpus,
            pattern=pattern,
            data=parse_data(data or []),
            store=store,
            features=features or (),
            n_jobs=jobs,
        )
    show_extraction(added.extraction, str(store), is_recorded=False)
    _show_terms(added.table)
    shown = added.table
    say_text(
        f"added '{shown.name}': {counted(len(shown), 'utterance')}, "
        f"{counted(shown.n_speakers, 'speaker')}, labels: {_labels(shown)}, "
        f"{added.path.stat().st_size / 1e6:.1f} MB"
    )
    say(f"table: {added.path}")
    say(f"`featser fit --aux {shown.name}` trains with it")


@auxiliary.command("list")
def aux_list() -> None:
    """List the auxiliary corpora that come with featser, and those that were added."""
    from featser.api.stored.auxiliary import listed_auxiliary

    listed = listed_auxiliary()
    rows = [_row(one, one.table) for one in listed if one.table is not None]
    if rows:
        columns = ["name", "rows", "speakers", "labels", "licence", "features", "from"]
        table("Auxiliary corpora", columns, rows)
    else:
        say("no auxiliary corpora: `featser aux add NAME --data NAME=FOLDER` adds one")
    for folder in dict.fromkeys(one.path.parent for one in listed if not one.is_shipped):
        say(f"added ones are in {folder}")
    for one in listed:
        if one.problem:
            say_text(f"not listed: {one.problem}")
        if one.outdated:
            say_text(
                f"note: '{one.name}' has other features {', '.join(one.outdated)} than this "
                f"featser computes: they cannot be used until `featser aux add` computes them again"
            )


@auxiliary.command("remove")
def aux_remove(
    name: Annotated[str, typer.Argument(help="The name of a table that was added.")],
) -> None:
    """Remove an auxiliary corpus that was added.

    Such as: featser aux remove ravdess
    """
    from featser.api.stored.auxiliary import remove_auxiliary

    say(f"removed: {remove_auxiliary(name)}")


def _show_terms(shown: AuxiliaryTable) -> None:
    """Print licence and citation; they hold for what is derived from the recordings."""
    if shown.licence:
        say_text(f"licence: {shown.licence} (it may bind models that are trained with the table)")
    else:
        say_text("licence: not known, because the corpora have no card: check its terms")
    if shown.citation:
        say_text(f"cite: {shown.citation}")


def _labels(shown: AuxiliaryTable) -> str:
    return ", ".join(task.name for task in shown.tasks) or "none"


def _row(listed: ListedTable, shown: AuxiliaryTable) -> tuple[object, ...]:
    return (
        listed.name,
        len(shown),
        shown.n_speakers,
        _labels(shown),
        shown.licence or "not known",
        ", ".join(_feature_names(shown)),
        "featser" if listed.is_shipped else "added",
    )


def _feature_names(shown: AuxiliaryTable) -> list[str]:
    """Return the specs, the default ones as `default` where all of them are present."""
    from featser.features.registry import make_extractor
    from featser.features.spec_names import DEFAULT, DEFAULT_FEATURES

    default = [make_extractor(spec).spec for spec in DEFAULT_FEATURES]
    if not set(default) <= set(shown.origins):
        return list(shown.origins)
    return [DEFAULT, *(spec for spec in shown.origins if spec not in default)]
