"""Names in specs of extractors that are no extractors: ``default`` and ``trim``.

``default`` stands for the default extractors wherever specs are read. It is replaced by their names
before anything is stored, so that a run stays the same when the default changes. This module
imports no library that computes: the help of the command line needs these names.
"""

from __future__ import annotations

from collections.abc import Iterable

from featser.errors import FeatureError

TRIM = "trim"
"""What a spec begins with: ``trim:mfcc`` is ``mfcc`` without the silence around the speech."""

DEFAULT = "default"
"""What users write for all of :data:`DEFAULT_FEATURES`."""

DEFAULT_FEATURES = (
    "handcrafted", "gemaps", "gemaps-contours", "voice", "rhythm", "timbre", "covariance",
    "modulation", "contrasts", "rocket",
)  # fmt: skip
"""What ``featser extract`` computes and ``featser fit`` uses where nothing else is asked for."""


def with_default_named(specs: Iterable[str]) -> tuple[str, ...]:
    """Return specs with ``default`` replaced by the names of the default extractors.

    Parameters
    ----------
    specs : iterable of str
        Specs as users write them. ``trim:default`` stands for each of the default extractors on
        recordings without leading and trailing silence.

    Returns
    -------
    tuple of str
        Each spec once, in the order in which they are named first.

    Raises
    ------
    FeatureError
        If ``default`` is given a preset.

    Examples
    --------
    >>> with_default_named(["rocket", "mfcc:basic", "rocket"])
    ('rocket', 'mfcc:basic')
    >>> with_default_named(["rocket", "default"])[:3]
    ('rocket', 'handcrafted', 'gemaps')
    """
    return tuple(dict.fromkeys(name for spec in specs for name in _names_of(spec)))


def _names_of(spec: str) -> tuple[str, ...]:
    head = f"{TRIM}:" if spec.startswith(f"{TRIM}:") else ""
    name, colon, _ = spec.removeprefix(head).partition(":")
    if name != DEFAULT:
        return (spec,)
    if colon:
        raise FeatureError(
            f"'{spec}': {DEFAULT} stands for several extractors and has no presets; write "
            f"'{head}{DEFAULT}', or one extractor with a preset, such as '{head}handcrafted:basic'"
        )
    return tuple(f"{head}{one}" for one in DEFAULT_FEATURES)
