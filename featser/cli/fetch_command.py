"""The command that downloads a corpus: ``featser fetch``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from featser.cli.console import say
from featser.cli.display.corpus_results import show_scan
from featser.credentials import without_credentials
from featser.errors import DownloadError
from featser.progress import shown_by
from featser.progress_bars import Bars


def fetch(
    corpus: Annotated[str, typer.Argument(help="A card's name (see `corpora`), or a YAML file.")],
    to: Annotated[Path, typer.Option("--to", help="Where the corpus's folder is made.")],
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="I have read the licence and keep to it.")
    ] = False,
) -> None:
    """Download an openly licensed corpus from its publisher.

    The archive is unpacked and the labels are counted.

    The licence is shown first and must be accepted. A download that was broken off is continued
    by the same command. For corpora that are given on request, it says where to ask.
    """
    from featser.api.fetch import fetch as run
    from featser.api.fetch import is_fetched, plan_of
    from featser.corpora.card import load_card

    card = load_card(corpus)
    plan = plan_of(card)
    say(card.title)
    say(f"licence: {card.licence} ({plan.terms})")
    say(f"cite: {card.citation}")
    if not is_fetched(card, to):
        for file in plan.files:
            size = f", {file.size / 1e6:.1f} MB" if file.size else ""
            url = without_credentials(file.url)
            say(f"download: {url}{size}, {file.checksum or 'no checksum is known'}")
        if plan.unverified:
            say(f"note: {plan.unverified}")
        accept_licence = accept_licence or _accepted()
    try:
        with Bars() as bars, shown_by(bars):
            result = run(corpus, to, accept_licence)
    except KeyboardInterrupt:
        print(
            "\nfeatser: interrupted; what came is kept: run the same command again",
            file=sys.stderr,
        )
        sys.exit(130)
    for url, checksum in result.checksums.items():
        say(f"{url}: {checksum}")
    say(f"{'fetched into' if result.new else 'already in'} {result.folder}")
    show_scan(result.scan)


def _accepted() -> bool:
    if not sys.stdin.isatty():
        raise DownloadError(
            "the licence must be accepted, and there is no terminal to ask on: read it, then run "
            "the command with --accept-licence"
        )
    if not typer.confirm("Do you accept the licence?"):
        raise DownloadError("the licence was not accepted: nothing was downloaded")
    return True
