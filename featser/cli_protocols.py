"""The options of ``featser fit`` that say how it is evaluated."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Protocol = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol",
        help="speaker-independent (default), leave-one-speaker-out, "
        "speaker-and-sentence-independent, leave-one-corpus-out, cross-corpus, fixed-split; or, "
        "both optimistic, sentence-independent and random. Repeat for several.",
    ),
]
Train = Annotated[
    list[str] | None,
    typer.Option("--train", metavar="CORPUS", help="Of cross-corpus: learn from it; repeatable."),
]
Test = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="CORPUS", help="Of cross-corpus: test on it; repeatable."),
]
Dev = Annotated[
    str | None,
    typer.Option("--dev", help="Of fixed-split, the part dev: train on it (default), or unused."),
]


def sides_of(train: list[str] | None, test: list[str] | None, dev: str | None) -> Any:
    """Return the sides that the options name; None where they name nothing.

    Raises
    ------
    ProtocolError
        If ``--dev`` is neither of its two values.
    """
    if not train and not test and dev is None:
        return None
    from featser.errors import ProtocolError, unknown
    from featser.evaluation.request import Sides

    if dev not in (None, "train", "unused"):
        raise ProtocolError(f"--dev: {unknown('use', dev, ('train', 'unused'))}")
    return Sides(tuple(train or ()), tuple(test or ()), "unused" if dev == "unused" else "train")
