"""The command that shows a run's recordings on a page: ``featser explore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say, say_text, table
from featser.cli.shared_options import Jobs, bars_of
from featser.errors import counted


def explore(
    run: Annotated[Path, typer.Argument(help="A folder that `fit` or `run` wrote.")],
    task: Annotated[str | None, typer.Option(help="A task with classes [the primary one].")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol whose predictions are shown [the leading one].")
    ] = None,
    most: Annotated[int, typer.Option("--most", "-n", help="Recordings of each list.")] = 20,
    umap: Annotated[
        bool, typer.Option("--umap", help="Add a map by UMAP; it needs the extra `maps`.")
    ] = False,
    embed_audio: Annotated[
        bool,
        typer.Option(
            "--embed-audio",
            help="Put the sound of the listed recordings into the page, so that it can be given to "
            "others; by default the page plays recordings from their places.",
        ),
    ] = False,
    audio_limit: Annotated[
        float, typer.Option(metavar="MB", help="With --embed-audio: how much sound the page holds.")
    ] = 20.0,
    store: Annotated[
        Path | None, typer.Option(help="Where the features are [where the run had them].")
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Show a run's recordings: a map, errors, doubtful labels.

    The map places recordings by their features (unsupervised, and by discriminant analyses fitted
    on the training folds); a click plays one. Lists have the most confident mistakes, the least
    certain recordings, and labels that the out-of-fold predictions contradict, each with a player,
    waveform, spectrogram, pitch and formants.

    Writes explore.html, errors.csv, label_errors.csv, map.csv and speakers.csv into the run's
    folder, and links the page from report.html. `featser relabel` writes a table to correct labels.
    """
    from featser.api.finished.explore import explore as run_explore

    with bars_of(store):
        result = run_explore(
            run,
            task=task,
            protocol=protocol,
            most=most,
            umap=umap,
            embed_mb=audio_limit if embed_audio else None,
            store=store,
            n_jobs=jobs,
        )
    content = result.display()
    table(f"{result.task} ({result.protocol})", content.columns, content.rows)
    for title in result.maps:
        say_text(f"map: {title}")
    if result.n_unreadable:
        say(f"{counted(result.n_unreadable, 'recording')} could not be read: see the page")
    for note in result.notes:
        say_text(f"note: {note}")
    size = result.page.stat().st_size / 1e6
    say(f"page ({size:.1f} MB, {result.seconds:.1f} s): {result.page}")
