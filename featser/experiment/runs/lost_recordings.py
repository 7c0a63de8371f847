"""A finished run whose recordings are no longer where they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from featser.errors import RunError, counted, shortened
from featser.experiment.runs.reproduction import fit_command
from featser.io.location import is_remote, local_path
from featser.io.nested_files import is_there


def may_be_opened(file: str) -> bool:
    """Whether a recording is there; one that lies elsewhere is looked for when it is examined."""
    try:
        return is_remote(file) or is_there(str(local_path(file)))
    except (OSError, ValueError):  # a name that no file of this machine can have
        return False


def refuse_lost_recordings(
    folder: Path,
    store: str | Path,
    locations: Mapping[str, str | Path],
    files: Sequence[str] = (),
) -> None:
    """Refuse a run whose recordings were moved, with the command that says where they are now.

    Parameters
    ----------
    folder : Path
        The run's folder.
    store : str or Path
        Where its features are.
    locations : mapping of str to path
        Where each corpus was.
    files : sequence of str
        Recordings that are needed, each once.

    Raises
    ------
    RunError
        If a corpus or a recording is not there.
    """
    moved = [name for name, place in locations.items() if not _is_location(place)]
    lost = [file for file in files if not may_be_opened(file)]
    if not moved and not lost:
        return
    if moved:
        problem = f"its recordings were not found at {locations[moved[0]]}"
    else:
        verb = "was" if len(lost) == 1 else "were"
        problem = (
            f"{len(lost)} of its {counted(len(files), 'recording')} {verb} not found, such as "
            f"{shortened(lost[0])}"
        )
    command = _fit_again(folder, store, locations, moved or list(locations))
    raise RunError(
        f"{folder}: {problem}: move them back, or say where they are now and fit again, which "
        f"reuses the features and folds that the store holds: `{command}`"
    )


def _is_location(place: str | Path) -> bool:
    """Whether a folder, an archive or a manifest is there, as far as that can be seen."""
    try:
        return is_remote(place) or local_path(place).exists()
    except (OSError, ValueError):  # a name that no folder of this machine can have
        return False


def _fit_again(
    folder: Path, store: str | Path, locations: Mapping[str, str | Path], moved: Sequence[str]
) -> str:
    """Return the command that fits a run's recipe, with places to fill in for what was moved."""
    places = {name: "PATH" if name in moved else place for name, place in locations.items()}
    return fit_command(folder, store, places, ["-o", str(folder)])
