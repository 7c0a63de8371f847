"""The commands that list what there is: corpus cards, extractors, augmentations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featser.cli.console import say, say_text, table
from featser.cli.display.corpus_results import show_card

if TYPE_CHECKING:
    from featser.features.extractor import ExtractorInfo

cards = typer.Typer(rich_markup_mode=None)


@cards.callback(invoke_without_command=True)
def corpora(context: typer.Context) -> None:
    """List the cards of corpora that `--corpus` can name."""
    if context.invoked_subcommand is not None:
        return
    from featser.api.corpora import corpora as run

    rows = [(card.name, card.language, card.title) for card in run()]
    table("Corpus cards", ["card", "language", "corpus"], rows)
    say_text("`featser corpora show CARD` prints a card: names, classes, counts, licence, faults")


@cards.command()
def show(card: Annotated[str, typer.Argument(help="A card's name, or a YAML file.")]) -> None:
    """Show a card: names, codes, tasks, counts, licence, citation, faults."""
    from featser.api.corpora import show as run

    show_card(run(card))


def features() -> None:
    """List the extractors, their number of values and cost.

    The cost is the time for 3.5 s of speech.
    """
    from featser.features.registry import FILE_EXTRACTORS, extractor_problems, list_extractors
    from featser.features.spec_names import DEFAULT, DEFAULT_FEATURES

    rows = [
        (info.name, _title(info), info.dimension, f"{info.cost_ms:g} ms")
        for info in list_extractors()
    ]
    table("Extractors", ["name", "what it computes", "values", "cost"], rows)
    say(f"{DEFAULT} stands for {', '.join(DEFAULT_FEATURES)}")
    say("Handcrafted extractors take a preset: NAME:basic, NAME:standard (default), NAME:full")
    say(f"{' and '.join(FILE_EXTRACTORS)} take a file: NAME:PATH?KEY=VALUE,KEY=VALUE")
    for problem in extractor_problems():
        say(problem)


def _title(info: ExtractorInfo) -> str:
    return f"{info.title} ({info.package})" if info.package else info.title


def augmentations() -> None:
    """List what `extract --augment` can do to recordings.

    The parameters of each kind of alteration are listed, and the presets.
    """
    from featser.augmentation.augmentation_list import (
        list_augmentation_presets,
        list_augmentations,
    )

    for info in list_augmentations():
        say(f"{info.name}: {info.description} (about {info.cost_ms:g} ms for 3.5 s of speech)")
        for parameter in info.parameters:
            say(
                f"  {parameter.name}={parameter.default}: {parameter.description} "
                f"({parameter.allowed})"
            )
    for preset in list_augmentation_presets():
        say(
            f"{preset.name}: a preset that stands for {' and '.join(preset.specs)}: "
            f"{preset.description} (copies of each utterance: {preset.copies}; about "
            f"{preset.cost_ms:g} ms for 3.5 s of speech)"
        )
