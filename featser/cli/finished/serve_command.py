"""``featser serve``: the local page and the API."""

from __future__ import annotations

from typing import Annotated

import typer

LIMITS = "Limits"
ANNOTATION = "Annotation"


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL|RUN|MANIFEST]...",
            help="RUN/model.featser, the folder RUN, or `open`: a model of the corpora that "
            "featser brings [open]. Of several, the first is the default; NAME=MODEL gives a name. "
            "A run is also reviewed. A manifest or a folder of recordings is annotated.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(help="The address to listen on. Any but this machine's own needs --token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free.")] = 8765,
    token: Annotated[
        str,
        typer.Option(
            metavar="auto|TOKEN",
            envvar="FEATSER_TOKEN",
            help="What clients must know; auto: a random one, which is printed.",
            show_default=False,
        ),
    ] = "",
    name: Annotated[
        list[str] | None,
        typer.Option(help="Another name of this server, as a reverse proxy has; repeatable."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    workers: Annotated[int, typer.Option(help="Worker processes, which predict.")] = 1,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="What to annotate: emotion=angry,sad or a scale, arousal=1..9; repeatable. [the "
            "labels of the manifest]",
            rich_help_panel=ANNOTATION,
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="The annotated manifest: .csv, .tsv or .parquet; the journal of all clicks lies "
            "beside it. [MANIFEST-annotations.csv]",
            show_default=False,
            rich_help_panel=ANNOTATION,
        ),
    ] = "",
    corpus: Annotated[
        str | None,
        typer.Option(
            metavar="CARD",
            help="The card of a corpus folder that is annotated (see `corpora`).",
            rich_help_panel=ANNOTATION,
        ),
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            help="A feature store of the recordings: to order them by a model of the annotations; "
            "of a run, for its map, where the store was moved.",
            show_default=False,
            rich_help_panel=ANNOTATION,
        ),
    ] = "",
    max_megabytes: Annotated[
        float, typer.Option(help="Of one request.", rich_help_panel=LIMITS)
    ] = 100.0,
    max_seconds: Annotated[
        float, typer.Option(help="Of one recording.", rich_help_panel=LIMITS)
    ] = 900.0,
    max_files: Annotated[
        int, typer.Option(help="Recordings in one request.", rich_help_panel=LIMITS)
    ] = 50,
    max_waiting: Annotated[
        int,
        typer.Option(
            help="Requests that wait for a worker; more are refused.", rich_help_panel=LIMITS
        ),
    ] = 16,
    timeout: Annotated[
        float,
        typer.Option(
            help="Seconds to compute, and a third of that more for each second of audio.",
            rich_help_panel=LIMITS,
        ),
    ] = 30.0,
) -> None:
    """Try models, annotate and review recordings in a browser.

    Other programs predict over HTTP. The command needs the extra `serve`.

    Everything stays on this machine. Uploaded recordings are removed when they are answered.
    """
    from featser.serve.annotating.annotate_settings import AnnotateSettings
    from featser.serve.server import serve as run
    from featser.serve.settings import Limits, ServeSettings

    limits = Limits(
        megabytes=max_megabytes,
        seconds=max_seconds,
        files=max_files,
        waiting=max_waiting,
        timeout_s=timeout,
    )
    settings = ServeSettings(host, port, token, tuple(name or ()), workers, limits)
    annotating = AnnotateSettings(output, corpus, tuple(label or ()), store)
    run(models or (), settings, annotating=annotating, open_browser=browser)
