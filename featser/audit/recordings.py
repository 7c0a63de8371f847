"""Recordings that are damaged, odd, or unlike the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from featser.audio import RATE
from featser.audit.finding import Finding

CLIPPED_SHARE = 0.001
"""One sample in a thousand cut off: the level at which spectral features visibly change."""
NEAR_SILENCE_DB = -65.0
"""33 dB above 16-bit quantisation noise: the quiet phones then drown in it."""
DC_SHARE = 0.01
SHORT_SECONDS = 0.5
LONG_SECONDS = 30.0


def recording_findings(facts: pd.DataFrame, names: Sequence[str]) -> list[Finding]:
    """Find what is wrong with the recordings themselves.

    Parameters
    ----------
    facts : DataFrame
        As :func:`featser.audit.examine.facts_table` returns it.
    names : sequence of str
        What each row is called.

    Returns
    -------
    list of Finding
        Each kind once, with the recordings it is about.
    """
    named = facts.assign(recording=list(names))
    return [*_refused(named), *_odd(named), *_mixed(named)]


def _refused(facts: pd.DataFrame) -> Iterator[Finding]:
    bad = facts[facts["reason"] != ""]
    if len(bad):
        yield Finding(
            "unusable recordings",
            "error",
            f"{len(bad)} of {len(facts)} recordings cannot be used: mend or remove them",
            _rows(bad, "reason"),
        )
    longer = facts[facts["unannounced"] > 0]
    if len(longer):
        yield Finding(
            "more sound than announced",
            "error",
            f"{len(longer)} WAV files hold more sound than their headers say, and only what is "
            f"announced is read: write them anew",
            _rows(longer, "unannounced", "seconds"),
        )


def _odd(facts: pd.DataFrame) -> Iterator[Finding]:
    cases = (
        (
            "channels cancel",
            facts["note"] != "",
            "have channels that cancel each other when averaged, so that one of them is used: "
            "check how they were recorded",
            ("note",),
        ),
        (
            "clipping",
            facts["clipped"] > CLIPPED_SHARE,
            "have more than 0.1 % of their samples in runs at full scale: they were recorded too "
            "loud, which adds harmonics that no voice made",
            ("clipped", "peak"),
        ),
        (
            "near silence",
            facts["level"] < NEAR_SILENCE_DB,
            f"are quieter than {NEAR_SILENCE_DB:g} dB re full scale: features may describe noise",
            ("level", "peak"),
        ),
        (
            "DC offset",
            facts["dc"].abs() > DC_SHARE,
            "have a mean sample beyond 1 % of full scale: a high-pass filter removes it",
            ("dc",),
        ),
        (
            "very short",
            facts["seconds"] < SHORT_SECONDS,
            f"last less than {SHORT_SECONDS:g} s: functionals over so few frames are rough",
            ("seconds",),
        ),
        (
            "very long",
            facts["seconds"] > LONG_SECONDS,
            f"last more than {LONG_SECONDS:g} s: emotion changes within them; cut them into "
            f"segments",
            ("seconds",),
        ),
    )
    for kind, rows, message, columns in cases:
        if rows.any():
            text = f"{int(rows.sum())} of {len(facts)} recordings {message}"
            yield Finding(kind, "warning", text, _rows(facts[rows], *columns))


def _mixed(facts: pd.DataFrame) -> Iterator[Finding]:
    usable = facts[facts["reason"] == ""]
    rates = usable["rate"].value_counts().sort_index()
    if len(rates) > 1:
        narrow = rates.index.min() < RATE
        effect = (
            f"those below {RATE} Hz lack what the others have above half their rate: bring all to "
            f"the lowest, or look at the give-away `rate`"
            if narrow
            else f"all are brought to {RATE} Hz, yet the rate may tell recording conditions apart"
        )
        yield Finding(
            "mixed sampling rates",
            "warning" if narrow else "note",
            f"{len(rates)} sampling rates: {effect}",
            [
                {"rate": int(rate), "recordings": int(count)}
                for rate, count in zip(rates.index.to_numpy(), rates.to_numpy(), strict=True)
            ],
        )
    forms = (usable["container"] + " " + usable["subtype"]).value_counts()
    if len(forms) > 1:
        yield Finding(
            "mixed formats",
            "note",
            f"{len(forms)} file formats: codecs leave traces that a model can learn",
            [{"format": str(form), "recordings": int(count)} for form, count in forms.items()],
        )


def _rows(facts: pd.DataFrame, *columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for values in facts[["recording", *columns]].to_dict("records"):
        rows.append(
            {str(k): round(v, 5) if isinstance(v, float) else str(v) for k, v in values.items()}
        )
    return rows
