"""Check recordings for damage, poor quality and mixed recording conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from featser.audio import RATE
from featser.audio.content import ABSENT
from featser.audit.finding import Finding
from featser.errors import counted

CLIPPED_SHARE = 0.001
"""One clipped sample in a thousand: spectral features change visibly from there on."""
NEAR_SILENCE_DB = -65.0
"""33 dB above 16-bit quantisation noise, which then masks quiet phones."""
DC_SHARE = 0.01
UNANNOUNCED_S = 0.01
ANNOUNCED_S = 0.1
"""Codecs pad the last frame, which lasts up to about 50 ms."""
SHORT_SECONDS = 0.5
LONG_SECONDS = 30.0


def recording_findings(facts: pd.DataFrame, names: Sequence[str]) -> list[Finding]:
    """Check the facts of the recordings.

    Parameters
    ----------
    facts : DataFrame
        As :func:`featser.audit.measure.examination.facts_table` returns it.
    names : sequence of str
        The name of each row.

    Returns
    -------
    list of Finding
        One finding per kind, with the recordings concerned.
    """
    named = facts.assign(recording=list(names))
    return [*_refused(named), *_odd(named), *_mixed(named), *_handled(named)]


def _refused(facts: pd.DataFrame) -> Iterator[Finding]:
    bad = facts[facts["reason"] != ""]
    if len(bad):
        fix = "cannot be used: repair or remove them"
        if (bad["reason"] == ABSENT).all():
            verb = "was" if len(bad) == 1 else "were"
            fix = f"{verb} not found: correct the paths, or remove the rows"
        yield Finding(
            "unusable recordings",
            "error",
            f"{len(bad)} of {len(facts)} recordings {fix}",
            _rows(bad, "reason"),
        )
    longer = facts[facts["unannounced_s"] > UNANNOUNCED_S]
    if len(longer):
        yield Finding(
            "more audio than the header states",
            "error",
            f"{counted(len(longer), 'WAV file')} with more audio than the header states; only the "
            f"stated length is read: save again with correct headers",
            _rows(longer, "unannounced_s", "announced_s", "decoded_s"),
        )


def _odd(facts: pd.DataFrame) -> Iterator[Finding]:
    cases = (
        (
            "channels cancel",
            facts["note"] != "",
            "have channels that cancel each other when averaged, so only one channel is used: "
            "check how they were recorded",
            ("note",),
        ),
        (
            "channels differ",
            facts["channels_differ"].astype(bool),
            "have channels that differ and are averaged, which mixes two speakers or adds the "
            "noise of a channel without speech: choose a channel with --channel, or with a column "
            "`channel` and one row per speaker",
            ("channel_correlation", "channel_level_db", "channel_turns"),
        ),
        (
            "several audio streams",
            facts["default_stream"].notna(),
            "have several audio streams, of which the default one is read: choose one with a "
            "column `stream`",
            ("streams", "default_stream"),
        ),
        (
            "clipping",
            facts["clipped"] > CLIPPED_SHARE,
            "have more than 0.1 % of their samples in runs at full scale: the recordings are "
            "clipped, which adds distortion",
            ("clipped", "peak"),
        ),
        (
            "near silence",
            facts["level"] < NEAR_SILENCE_DB,
            f"are quieter than {NEAR_SILENCE_DB:g} dB re full scale: features may describe noise "
            f"instead of speech",
            ("level", "peak"),
        ),
        (
            "DC offset",
            facts["dc"].abs() > DC_SHARE,
            "have a DC offset of more than 1 % of full scale: remove it with a high-pass filter",
            ("dc",),
        ),
        (
            "very short",
            facts["seconds"] < SHORT_SECONDS,
            f"last less than {SHORT_SECONDS:g} s: functionals over so few frames are imprecise",
            ("seconds",),
        ),
        (
            "very long",
            facts["seconds"] > LONG_SECONDS,
            f"last more than {LONG_SECONDS:g} s: the emotion may change within them; cut them into "
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
            f"recordings below {RATE} Hz lack the frequencies above half their rate: resample "
            f"all to the lowest rate, or check the shortcut `rate`"
            if narrow
            else f"all are resampled to {RATE} Hz, but the rate may reveal recording conditions"
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
    forms = (usable["container"] + " " + usable["codec"]).value_counts()
    if len(forms) > 1:
        yield Finding(
            "mixed formats",
            "note",
            f"{len(forms)} file formats: a model may recognise classes by artefacts of the codec",
            [{"format": str(form), "recordings": int(count)} for form, count in forms.items()],
        )


def _handled(facts: pd.DataFrame) -> Iterator[Finding]:
    """Report recordings whose header announces a wrong length, or that are scaled."""
    usable = facts[facts["reason"] == ""]
    differs = ~((usable["decoded_s"] - usable["announced_s"]).abs() <= ANNOUNCED_S)
    if differs.any():
        yield Finding(
            "wrong length in the header",
            "note",
            f"{int(differs.sum())} of {len(facts)} recordings have headers with no length or a "
            f"wrong one: all of their audio is read",
            _rows(usable[differs], "announced_s", "decoded_s", "codec", "channels", "gain"),
        )
    scaled = usable[usable["gain"] < 1]
    if len(scaled):
        yield Finding(
            "scaled",
            "note",
            f"{len(scaled)} of {len(facts)} recordings exceed full scale and are scaled by the "
            f"factor `gain`",
            _rows(scaled, "gain", "peak", "codec"),
        )


def _rows(facts: pd.DataFrame, *columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for values in facts[["recording", *columns]].to_dict("records"):
        rows.append(
            {str(k): round(v, 5) if isinstance(v, float) else str(v) for k, v in values.items()}
        )
    return rows
