"""The command that reproduces a run: complete, quoted for a shell, and independent of the folder.

Paths are absolute, so that the command runs anywhere on this machine; the reproduction is written
beside the run and not over it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
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


def fit_command(
    folder: Path, store: str | Path, locations: Mapping[str, str | Path], options: Sequence[str]
) -> str:
    """Return the command that fits the recipe of a run again, quoted for a shell.

    Parameters
    ----------
    folder : Path
        The run's folder, which holds its recipe.
    store : str or Path
        Where the features are.
    locations : mapping of str to path
        Where each corpus of the recipe is.
    options : sequence of str
        Further options.

    Examples
    --------
    >>> fit_command(Path("run"), "store", {"demo": "my voices"}, ["--protocol", "random"])
    "featser fit run/recipe.yaml --data 'demo=my voices' --store store --protocol random"
    """
    data = [part for name, place in locations.items() for part in ("--data", f"{name}={place}")]
    recipe = str(folder / RECIPE)
    return shlex.join(["featser", "fit", recipe, *data, "--store", str(store), *options])
