"""``featser fetch``: an openly licensed corpus from its publisher, ready to be scanned."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from featser.api.validation import validated
from featser.corpora.card import Card, load_card
from featser.corpora.card_schema import Download
from featser.corpora.download import download
from featser.corpora.scans.scanning import ScanResult, scan
from featser.credentials import without_credentials
from featser.errors import DownloadError
from featser.io.archives import unpack
from featser.io.atomic_write import write_text
from featser.io.lock import exclusive
from featser.progress import Progress, stage

RECORD = ".featser-fetch.json"
"""What was fetched, in the corpus's folder."""


@dataclass(frozen=True, eq=False)
class Fetched:
    """What a fetch did.

    Attributes
    ----------
    folder : Path
        Where the corpus is.
    new : bool
        False where it was there already.
    checksums : dict of str
        By URL, of what was downloaded; ``(compared)`` or ``(none to compare with)`` follows.
    scan : ScanResult
        What the card reads in the folder.
    """

    folder: Path
    new: bool
    checksums: dict[str, str]
    scan: ScanResult


@validated()
def fetch(
    corpus: str,
    to: str | Path,
    accept_licence: bool = False,
) -> Fetched:
    """Download an openly licensed corpus, compare checksums, unpack and scan it.

    What a kill or a lost connection leaves is continued by the same call; the corpus's folder
    appears whole or not at all; a corpus that is there is not downloaded again.

    Parameters
    ----------
    corpus : str
        The name of a card, or a YAML file.
    to : str or Path
        Where the corpus's folder goes, which is named like its card. Beside it, while there is
        work to go on with, lies ``.NAME.fetching``.
    accept_licence : bool
        Whether you have read the licence and keep to it.

    Returns
    -------
    Fetched
        The folder, the checksums, and what the scan found.

    Raises
    ------
    CardError
        If the card is unknown, or does not fit what came.
    DownloadError
        If the corpus is only to be had from its publisher, the licence is not accepted, the
        folder holds something else, or a download or its unpacking fails.
    """
    card = load_card(corpus)
    plan = plan_of(card)
    folder = Path(to) / card.name
    if not is_fetched(card, to) and not accept_licence:
        raise DownloadError(
            f"{card.title}: its licence, {card.licence} ({plan.terms}), is not accepted: nothing "
            f"was downloaded; read it, then run the command with --accept-licence"
        )
    work = Path(to) / f".{card.name}.fetching"
    with exclusive(work / "lock"):  # who waited here finds the corpus done
        new = not is_fetched(card, to)
        if new:
            _fetch_into(folder, work, card, plan)
        checksums = _record(folder).get("checksums", {})
        shutil.rmtree(work)
    return Fetched(folder, new, checksums, scan(card, folder))


def plan_of(card: Card) -> Download:
    """Return what is to be downloaded for a card.

    Raises
    ------
    DownloadError
        If the card names nothing: the corpus is restricted, or its address is not known.
    """
    if card.download is None:
        raise DownloadError(
            f"{card.title} cannot be fetched (licence: {card.licence or 'not stated'}). It is "
            f"available from {card.source}; then give its folder to `featser scan {card.name} "
            f"FOLDER`"
        )
    return card.download


def is_fetched(card: Card, to: str | Path) -> bool:
    """Whether a folder holds a card's corpus as the card describes its download now."""
    urls = [without_credentials(file.url) for file in card.download.files] if card.download else []
    return bool(urls) and list(_record(Path(to) / card.name).get("checksums", {})) == urls


def _record(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / RECORD
    if not path.exists():
        return {}
    try:
        record: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DownloadError(f"{path}: damaged ({error}): remove {folder} to fetch again") from error
    return record


def _fetch_into(folder: Path, work: Path, card: Card, plan: Download) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DownloadError(
            f"{folder}: holds something else than this download of {card.title}: move it away, or "
            f"choose another place with --to"
        )
    checksums, files = {}, []
    for archive in plan.files:
        path, checksum = download(
            archive, work, card.source, _megabytes(stage(f"{archive.name} (MB)"))
        )
        files.append((path, archive.unpack))
        how = "compared" if archive.checksum else "none to compare with"
        checksums[without_credentials(archive.url)] = f"{checksum} ({how})"
    unpacked = work / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    try:
        for path, kind in files:
            unpack(path, kind, unpacked)
        record = {"card": card.name, "licence": card.licence, "checksums": checksums}
        write_text(unpacked / RECORD, json.dumps(record, indent=1, ensure_ascii=False))
        if hasattr(os, "sync"):
            os.sync()  # a power cut must not leave a complete folder of empty files
        if folder.exists():
            folder.rmdir()
        unpacked.rename(folder)
    except OSError as error:
        raise DownloadError(
            f"{folder}: cannot be unpacked ({error.strerror or error}). What was downloaded stays "
            f"in {work}: fix the cause and run the same command again"
        ) from error


def _megabytes(progress: Progress) -> Progress:
    def update(done: int, total: int) -> None:
        progress(done // 10**6, max(1, total // 10**6))

    return update
