"""The worked examples of CONTRIBUTING.md work as they stand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from featser.evaluation.metrics import metrics, registry, sums
from featser.evaluation.metrics.registry import Metric
from featser.evaluation.metrics.scales import LOGIT
from featser.evaluation.protocols.folding import make_folds
from featser.evaluation.protocols.registry import PROTOCOLS, Protocol
from featser.tasks import Task

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def code_of(section: str) -> list[str]:
    """The Python blocks below a heading."""
    text = GUIDE.split(f"## {section}\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_protocol_of_the_guide_makes_folds_by_session(monkeypatch: pytest.MonkeyPatch) -> None:
    function, row = code_of("How to add a protocol")
    module = ModuleType("featser.evaluation.protocols.sessions")
    exec(function, vars(module))
    protocol = eval(row, {"Protocol": Protocol})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(PROTOCOLS, protocol.name, protocol)
    table = pd.DataFrame({"file": list("abcdef"), "session": ["1", "1", "2", "2", "3", "3"]})
    folds = make_folds(
        "leave-one-session-out", table, list("xyxyxy"), ["a", "b", "c", "d", "e", "c"]
    )
    # Sessions 2 and 3 share a recording.
    assert folds.test.tolist() == [0, 0, 1, 1, 1, 1]


def test_metric_of_the_guide_is_computed_with_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    function, row = code_of("How to add a metric")
    names: dict[str, Any] = dict(vars(sums))
    exec(function, names)
    metric = eval(row, {"Metric": Metric, "LOGIT": LOGIT, **names})
    monkeypatch.setattr(registry, "REGISTRY", (*registry.REGISTRY, metric))
    task = Task("emotion", "classification", ("a", "b"))
    assert "worst_recall" in metrics.metric_names(task)
    confusion = np.array([[[3.0, 1.0], [1.0, 1.0]], [[4.0, 0.0], [0.0, 2.0]]])
    assert metrics.scores(task, confusion)["worst_recall"].tolist() == [0.5, 1.0]


def test_map_of_folders_names_every_folder_in_the_order_of_the_layers() -> None:
    from tests.test_layers import LAYERS, PACKAGE

    named = re.findall(r"^\| `featser/([a-z]+)` \|", GUIDE, re.MULTILINE)
    assert set(named) == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert [LAYERS[name] for name in named] == sorted(
        (LAYERS[name] for name in named), reverse=True
    )


def test_commands_of_the_guide_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    used = re.findall(r"`make ([a-z-]+)", GUIDE)
    assert len(used) >= 10
    assert sorted(set(used) - set(targets)) == []


def test_files_that_the_guide_names_exist() -> None:
    named = re.findall(r"`((?:featser|tests|reports|pipelines)/[\w/.]*)`", GUIDE)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_files_that_the_makefile_names_exist() -> None:
    named = re.findall(r"\b((?:tests|reports)/[\w/.]*\w)", (ROOT / "Makefile").read_text())
    assert "tests/test_layers.py" in named
    assert [name for name in named if not (ROOT / name).exists()] == []
