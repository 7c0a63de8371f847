"""Where a part file belongs that lies in the folder of another extractor."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from featser.errors import MisplacedPart
from featser.store.index_files import parts_in_index_files


class Elsewhere:
    """Where the part files of an extractor's folder belong.

    A part file names its extractor; one of an older version does not, and belongs to another
    folder where an index there names it and none here does.

    Parameters
    ----------
    folder : Path
        The extractor's folder that is looked at.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._named: dict[Path, set[str]] = {}

    def refuse(self, name: str) -> None:
        """Raise if a part file that names no extractor belongs to another folder.

        Raises
        ------
        MisplacedPart
            With the folder.
        """
        if self._indexed(self._folder, name):
            return
        home = self._home_by_index(name)
        if home is not None:
            raise MisplacedPart(
                f"{self._folder / name}: belongs to {home}, whose index lists it; run `featser "
                f"extract` again, which moves it there"
            )

    def vouches(self, name: str) -> bool:
        """Return whether an index of the folder itself names a part file."""
        return self._indexed(self._folder, name)

    def home(self, name: str, fingerprint: str) -> Path | None:
        """Return the folder that a part file belongs to; None where the store has none."""
        if not fingerprint:
            return self._home_by_index(name)
        folders = sorted(self._folder.parent.glob(f"*-{fingerprint}"))
        return folders[0] if folders else None

    def _home_by_index(self, name: str) -> Path | None:
        homes = [path for path in self._others if self._indexed(path, name)]
        return homes[0] if len(homes) == 1 else None

    @cached_property
    def _others(self) -> list[Path]:
        folders = sorted(path for path in self._folder.parent.glob("*") if path.is_dir())
        return [path for path in folders if path != self._folder]

    def _indexed(self, folder: Path, name: str) -> bool:
        if folder not in self._named:
            self._named[folder] = parts_in_index_files(folder)
        return name in self._named[folder]
