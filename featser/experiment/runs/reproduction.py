"""The command that reproduces a run: complete, quoted for a shell, and independent of the folder.

Paths are absolute, so that the command runs anywhere on this machine; the reproduction is written
beside the run and not over it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from featser.experiment.recipe import RECIPE


@dataclass(frozen=True)
class Reproduction:
    """What a command needs beside the run's recipe.

    Attributes
    ----------
    locations : mapping of str to str
        Where each corpus of the recipe is.
    store : str or Path
        Where the features are.
    """

    locations: Mapping[str, str] = field(default_factory=dict)
    store: str | Path = ""

    def commands(self, folder: Path) -> list[str]:
        """Return the commands that reproduce a run.

        Parameters
        ----------
        folder : Path
            The run's folder, which holds its recipe.

        Examples
        --------
        >>> reproduction = Reproduction({"demo": "/my voices"}, "/store")
        >>> reproduction.commands(Path("/run"))[0]
        "featser run /run/recipe.yaml --data 'demo=/my voices' --store /store -o /run-reproduced"
        """
        run = folder.absolute()
        data = [part for pair in self.locations.items() for part in ("--data", "=".join(pair))]
        store = ["--store", str(Path(self.store).absolute())]
        output = ["-o", f"{run}-reproduced"]
        return [shlex.join(["featser", "run", str(run / RECIPE), *data, *store, *output])]
