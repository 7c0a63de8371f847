"""Write the leakage tables and learning curves of reports/: the default recipe, real recordings.

Run ``make studies CORPORA=FOLDER``, where FOLDER holds ``banglaser/``, ``ravdess/`` and
``emodb/``. Features, copies and fits go to a working folder (``--work``) and are kept, so a run
that was interrupted goes on where it was. What is written here are tables and figures: no audio,
nothing about single utterances.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from common import REPORTS, report_parser

import featser
from featser.experiment.runs.invocation import invoked_as

RECIPES = ("emodb", "banglaser", "ravdess")
COPIES = ("noise:snr=5..20",)
"""One copy of each recording with noise: what published systems of this kind augment by."""


def main() -> None:
    """Extract with copies, and study every corpus."""
    arguments = report_parser(__doc__, "studies").parse_args()
    for name in RECIPES:
        study(name, arguments.corpora, arguments.work)


def study(name: str, corpora: Path, work: Path) -> None:
    """Write one corpus' leakage table and learning curve."""
    store, data = work / f"store-{name}", {name: corpora / name}
    extract = f"featser extract {name} --data {name}=FOLDER"
    featser.extract(name, store=store, data=data)
    _write(name, "curve", work, lambda **to: featser.curve(None, store=store, **to), extract)
    featser.extract(name, store=store, data=data, augment=COPIES)
    altered = f"{extract} --augment {COPIES[0]}"
    _write(name, "leakage", work, lambda **to: featser.leakage(None, store=store, **to), altered)


def _write(name: str, kind: str, work: Path, verb: Callable[..., object], extract: str) -> None:
    output, target = work / f"{name}-{kind}", REPORTS / f"{name}-{kind}"
    shutil.rmtree(output, ignore_errors=True)
    with invoked_as(f"{extract} && featser {kind}"):
        verb(output=output)
    shutil.rmtree(target, ignore_errors=True)
    # The page has what the Markdown and the figure have.
    shutil.copytree(output, target, ignore=shutil.ignore_patterns("*.html"))
    print(f"{target}: written", flush=True)


if __name__ == "__main__":
    main()
