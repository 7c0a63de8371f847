"""What a run's folder remembers of the steps that made it, so that none is done twice.

``steps.json`` holds the recipe and, for the audit and the fit, the identity of all that they
depended on; for the fit also the checksums of the files that it wrote. A step is done where its
identity is still the same and its files are as they were written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser import __version__
from featser.errors import FeatserError
from featser.features.extractor import make_extractor
from featser.files import write_text
from featser.recipe import Recipe
from featser.verbs.fits import fits_folder

FILE = "steps.json"
RECIPE = "recipe.yaml"
WRITTEN = (
    "run.json", "metrics.json", "predictions.parquet", "folds.csv", "audit.json", "model.featser",
    "report.html",
)  # fmt: skip
"""What every fit writes; one with enrolled speakers writes more."""


@dataclass
class Kept:
    """What a run's folder remembers.

    Attributes
    ----------
    folder : Path
        The run's folder, which need not exist.
    recipe : dict
        The recipe that it was made by; empty where there is none.
    audit : dict
        ``identity`` of the audit and ``told``, its summary; empty where none is done.
    fit : dict
        ``identity`` of the fit and ``files``, name → checksum; empty where none is done.
    """

    folder: Path
    recipe: dict[str, Any] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path) -> Kept:
        """Read what a folder remembers; what cannot be read was not done."""
        folder = Path(folder)
        try:
            kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(folder, dict(kept["recipe"]), dict(kept["audit"]), dict(kept["fit"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls(folder)

    def refuse_another(self, recipe: Recipe) -> None:
        """Refuse to write over the results of another recipe.

        Raises
        ------
        FeatserError
            With the fields that differ.
        """
        if not (self.folder / "run.json").exists():
            return
        mend = "choose another folder (-o), or --again to replace it"
        if not self.recipe:
            raise FeatserError(
                f"{self.folder}: holds a run that `featser run` did not make: {mend}"
            )
        defaults = {name: field.default for name, field in Recipe.model_fields.items()}
        held, wanted = defaults | self.recipe, settings_of(recipe)
        names = [name for name, value in wanted.items() if value != held[name]]
        if names:
            told = "; ".join(
                f"{name}: {held[name]!r} there, {wanted[name]!r} now" for name in names
            )
            raise FeatserError(f"{self.folder}: holds a run of another recipe ({told}): {mend}")

    def audited(self, identity: str) -> bool:
        """Whether the audit of these recordings and labels is done."""
        return self.audit.get("identity") == identity and (self.folder / "audit.json").exists()

    def fitted(self, identity: str) -> bool:
        """Whether this very fit is done, and its files are as it wrote them."""
        if self.fit.get("identity") != identity:
            return False
        files = self.fit["files"]
        return set(WRITTEN) <= set(files) and files == checksums(self.folder, list(files))

    def write(self) -> None:
        """Write it down."""
        told = {"recipe": self.recipe, "audit": self.audit, "fit": self.fit}
        write_text(self.folder / FILE, json.dumps(told, indent=1, ensure_ascii=False))


def checksums(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the checksum of each file, empty where there is none."""
    found = {}
    for name in names:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
        else:
            found[name] = ""
    return found


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return what of a recipe decides its results."""
    return recipe.model_dump(mode="json", exclude={"title", "paper"})


def audit_identity(table: pd.DataFrame, recipe: Recipe) -> str:
    """Identify the audit of some rows with their keys and labels."""
    return _hash([__version__, recipe.primary, recipe.seed], table)


def fit_identity(
    recipe: Recipe,
    table: pd.DataFrame,
    there: NDArray[np.bool_],
    copies: pd.DataFrame,
    store: str | Path,
) -> str:
    """Identify a fit.

    Parameters
    ----------
    recipe : Recipe
        All its settings.
    table : DataFrame, n rows
        A manifest with column ``key``.
    there : ndarray of bool, shape (n,)
        Which rows have all features.
    copies : DataFrame
        The augmented copies that the recipe names.
    store : str or Path
        Where features are.
    """
    features = {spec: make_extractor(spec).fingerprint() for spec in recipe.features}
    how = [__version__, fits_folder(store).name, settings_of(recipe), features, there.tolist()]
    return _hash(how, table, copies)


def _hash(how: object, *tables: pd.DataFrame) -> str:
    told = hashlib.blake2b(json.dumps(how, sort_keys=True).encode(), digest_size=16)
    for table in tables:
        told.update(table.to_csv(index=False).encode())
    return told.hexdigest()
