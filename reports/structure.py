"""The structure of the code in numbers: what a default fit runs through, how folders fill.

``python reports/structure.py`` prints a table and writes it to ``reports/structure.md``.
A fit of the demo corpus is traced: a module counts where one of its functions ran, an edge where a
function of one module called a function of another.
"""

from __future__ import annotations

import ast
import inspect
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "featser"


def module_of(file: str) -> str | None:
    """Return the dotted name of a module of featser, or None for other files."""
    path = Path(file)
    if not path.is_relative_to(PACKAGE):
        return None
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def trace_default_fit() -> tuple[set[str], set[tuple[str, str]]]:
    """Return the modules and the edges of a default fit on the demo corpus."""
    from featser import extract, fit
    from featser.corpora.synthetic.demo_corpus import write_demo_corpus

    modules: set[str] = set()
    edges: set[tuple[str, str]] = set()
    names: dict[str, str | None] = {}

    def name_of(frame: FrameType) -> str | None:
        file = frame.f_code.co_filename
        if file not in names:
            names[file] = module_of(file)
        return names[file]

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        callee = name_of(frame)
        if callee is None or frame.f_code.co_name == "<module>":
            return
        modules.add(callee)
        caller = name_of(frame.f_back) if frame.f_back else None
        if caller is not None and caller != callee:
            edges.add((caller, callee))

    with tempfile.TemporaryDirectory() as folder:
        recordings, store = Path(folder, "recordings"), Path(folder, "store")
        write_demo_corpus(recordings)
        extract(recordings, store=store, corpus="demo")
        sys.setprofile(profile)
        try:
            fit(store=store, output=Path(folder, "run"), n_jobs=1)
        finally:
            sys.setprofile(None)
    return modules, edges


def import_graph() -> dict[str, set[str]]:
    """Return for each module the modules that it imports, also inside its functions."""
    files = {module_of(str(file)): file for file in PACKAGE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        assert name is not None
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for_types_only = {
            id(child)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for child in ast.walk(node)
        }
        imported: set[str] = set()
        for node in ast.walk(tree):
            if id(node) in for_types_only:
                continue
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    imported.add(inner if inner in files else node.module)
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
        graph[name] = {target for target in imported if target in files and target != name}
    return graph


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components with more than one module (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in graph[node]:
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            component = []
            while True:
                component.append(stack.pop())
                if component[-1] == node:
                    break
            if len(component) > 1:
                components.append(sorted(component))

    for node in graph:
        if node not in order:
            visit(node)
    return components


def longest_signature() -> tuple[str, int]:
    """Return the public function with the most parameters, and their number."""
    import featser

    counts = {
        name: len(inspect.signature(getattr(featser, name)).parameters)
        for name in featser.__all__
        if inspect.isfunction(getattr(featser, name))
    }
    return max(counts.items(), key=lambda item: item[1])


def table() -> str:
    """Return the figures as a Markdown table."""
    modules, edges = trace_default_fit()
    graph = import_graph()
    files = [file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"]
    folders = Counter(str(file.parent.relative_to(ROOT)) for file in files)
    lines = sum(
        len(file.read_text(encoding="utf-8").splitlines()) for file in PACKAGE.rglob("*.py")
    )
    name, count = longest_signature()
    fullest = ", ".join(f"`{folder}` {number}" for folder, number in folders.most_common(5))
    rows = [
        ("modules that a default fit runs through", len(modules)),
        ("edges between them", len(edges)),
        ("folders that it runs through", len({module.rpartition(".")[0] for module in modules})),
        (f"parameters of the longest public function (`{name}`)", count),
        ("modules in all", len(files)),
        ("folders", len(folders)),
        ("modules in the fullest folders", fullest),
        ("modules in cycles of imports", sum(map(len, cycles(graph)))),
        ("lines of `featser/`", lines),
    ]
    return (
        "\n".join(["| what | number |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]) + "\n"
    )


if __name__ == "__main__":
    text = table()
    sys.stdout.write(text)
    (ROOT / "reports" / "structure.md").write_text(
        "Written by `python reports/structure.py`.\n\n" + text, encoding="utf-8"
    )
