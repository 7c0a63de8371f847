"""A process that has imported the libraries, and forks a child for each run of tests.

Started by :class:`~tests.mutants.trial.Nursery` as a script of its own, with the names of the
libraries as arguments, so that it imports nothing of the package nor of the tests: each child
imports those of the copy it is given. A request is a line of JSON with ``project``, ``tests``,
``output`` and ``timeout``; the answer is a line with the child's exit code, negative where a
signal ended it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

OTHER_PACKAGE = 90
"""Exit code of a child that would test another package than that of the copy."""
PACKAGE = "featser"


def main() -> None:
    """Answer requests until the input ends."""
    for library in sys.argv[1:]:
        with suppress(ImportError):
            import_module(library)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_tested(request))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _tested(request: dict[str, Any]) -> int:
    """Run the tests in the copy, as ``python -m pytest`` would there; return the exit code."""
    import pytest

    project = str(Path(request["project"]).resolve())
    with open(os.devnull, "rb") as nothing, open(request["output"], "wb") as output:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    signal.alarm(request["timeout"])
    os.chdir(project)
    sys.path.insert(0, project)
    os.environ["PYTHONPATH"] = project
    file = import_module(PACKAGE).__file__
    if file is None or not Path(file).resolve().is_relative_to(project):
        print(f"Python imports {file}, not the copy in {project}", flush=True)
        return OTHER_PACKAGE
    code = int(pytest.main([*request["tests"], "-x", "-q", "-p", "no:cacheprovider"]))
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
