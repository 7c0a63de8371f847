"""The name of the corpora that featser brings, and of the model fitted on them."""

from __future__ import annotations

OPEN = "open"
"""It stands for all tables that featser brings."""
