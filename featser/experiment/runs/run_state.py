"""The steps that made a run, stored in its folder so that none is done twice.

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
from featser.experiment.runs.fit_cache import fits_folder
from featser.experiment.schema import Experiment
from featser.features.registry import make_extractor
from featser.io.atomic_write import write_text

FILE = "steps.json"
WRITTEN = (
    "run.json", "metrics.json", "predictions.parquet", "folds.csv", "audit.json", "model.featser",
    "report.html",
)  # fmt: skip
"""What every fit writes; one with enrolled speakers writes more."""


@dataclass
class RunState:
    """The finished steps of a run.

    Attributes
    ----------
    folder : Path
        The run's folder, which need not exist.
    recipe : dict
        The recipe that it was made by; empty where there is none.
    audit : dict
        ``identity`` of the audit and ``summary``; empty where none is done.
    fit : dict
        ``identity`` of the fit and ``files``, name → checksum; empty where none is done.
    """

    folder: Path
    recipe: dict[str, Any] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path) -> RunState:
        """Read the finished steps of a folder; what cannot be read was not done."""
        folder = Path(folder)
        try:
            state = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(folder, dict(state["recipe"]), dict(state["audit"]), dict(state["fit"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls(folder)

    def refuse_another(self, recipe: Experiment) -> None:
        """Refuse to write over the results of another recipe.

        Raises
        ------
        FeatserError
            With the fields that differ.
        """
        if not (self.folder / "run.json").exists():
            return
        fix = "choose another folder (-o), or --again to replace it"
        if not self.recipe:
            raise FeatserError(f"{self.folder}: holds a run that `featser run` did not make: {fix}")
        defaults = {name: field.default for name, field in Experiment.model_fields.items()}
        held, asked = defaults | self.recipe, settings_of(recipe)
        names = [name for name, value in asked.items() if value != held[name]]
        if names:
            differences = "; ".join(
                f"{name}: {held[name]!r} there, {asked[name]!r} now" for name in names
            )
            raise FeatserError(
                f"{self.folder}: holds a run of another recipe ({differences}): {fix}"
            )

    def audited(self, identity: str) -> bool:
        """Whether the audit of these recordings and labels is done."""
        is_same = self.audit.get("identity") == identity and "summary" in self.audit
        return is_same and (self.folder / "audit.json").exists()

    def fitted(self, identity: str) -> bool:
        """Whether this very fit is done, and its files are as it wrote them."""
        if self.fit.get("identity") != identity:
            return False
        files = self.fit["files"]
        return set(WRITTEN) <= set(files) and files == checksums(self.folder, list(files))

    def write(self) -> None:
        """Write it down."""
        steps = {"recipe": self.recipe, "audit": self.audit, "fit": self.fit}
        write_text(self.folder / FILE, json.dumps(steps, indent=1, ensure_ascii=False))


def checksums(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the checksum of each file, empty where there is none."""
    digests = {}
    for name in names:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
        else:
            digests[name] = ""
    return digests


def settings_of(recipe: Experiment) -> dict[str, Any]:
    """Return what of a recipe decides its results."""
    return recipe.model_dump(mode="json", exclude={"title", "paper"})


def audit_identity(table: pd.DataFrame, recipe: Experiment) -> str:
    """Identify the audit of some rows with their keys and labels."""
    return _hash([__version__, recipe.primary, recipe.seed], table)


def fit_identity(
    recipe: Experiment,
    table: pd.DataFrame,
    has_features: NDArray[np.bool_],
    copies: pd.DataFrame,
    store: str | Path,
) -> str:
    """Identify a fit.

    Parameters
    ----------
    recipe : Experiment
        All its experiment.
    table : DataFrame, n rows
        A manifest with column ``key``.
    has_features : ndarray of bool, shape (n,)
        Which rows have all features.
    copies : DataFrame
        The augmented copies that the recipe names.
    store : str or Path
        Where features are.
    """
    features = {spec: make_extractor(spec).fingerprint() for spec in recipe.features}
    how = [
        __version__,
        fits_folder(store).name,
        settings_of(recipe),
        features,
        has_features.tolist(),
    ]
    return _hash(how, table, copies)


def _hash(how: object, *tables: pd.DataFrame) -> str:
    digest = hashlib.blake2b(json.dumps(how, sort_keys=True).encode(), digest_size=16)
    for table in tables:
        digest.update(table.to_csv(index=False).encode())
    return digest.hexdigest()
