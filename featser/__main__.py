"""``python -m featser``, and the command ``featser``: the command line as a process of its own."""

from __future__ import annotations

import sys

from featser.cli.failures import one_line_errors
from featser.workers.interrupts import guard


def main() -> None:
    """Run the command line; Ctrl-C is heeded while it is loaded and while Python ends, too."""
    with guard(is_last=True), one_line_errors():
        from featser.cli.main import main as run

        try:
            run()
        finally:
            if "featser.workers.joblib_workers" in sys.modules:  # else there are no workers
                sys.modules["featser.workers.joblib_workers"].close_workers()


if __name__ == "__main__":
    main()
