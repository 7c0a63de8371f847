"""Orders of recordings by how uncertain a model is of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from featser.serve.annotating.clip_orders import entropy


def uncertainties(table: pd.DataFrame, label: str) -> list[float | None]:
    """Return the entropy of the predicted distributions of a label in nats; None without one.

    Examples
    --------
    >>> uncertainties(pd.DataFrame({"e.p[a]": [0.5, 1.0], "e.p[b]": [0.5, 0.0]}), "e")
    [0.6931471805599453, 0.0]
    """
    columns = [name for name in table.columns if str(name).startswith(f"{label}.p[")]
    shares = table[columns].to_numpy(dtype=float) if columns else np.empty((len(table), 0))
    return [
        entropy(row.tolist()) if len(row) and np.isfinite(row).all() else None for row in shares
    ]
