"""What each extractor costs, measured on real recordings."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from common import Row

from featser.audio import Signal
from featser.features.extractor import Extractor
from featser.features.registry import make_extractor
from featser.features.spec_names import DEFAULT_FEATURES

TIMED = 48
"""Recordings that costs are measured on."""


def spread(items: Sequence[str], count: int) -> list[str]:
    """Return so many items, evenly over the whole."""
    return [items[i] for i in np.linspace(0, len(items) - 1, count).astype(int)]


def costs(signals: Sequence[Signal]) -> Row:
    """Measure what each extractor costs: CPU time in ms, the median over recordings."""
    from threadpoolctl import threadpool_limits

    made = {spec: make_extractor(spec) for spec in DEFAULT_FEATURES}
    rows: list[Row] = []
    with threadpool_limits(1):
        for spec, extractor in made.items():
            extractor(signals[0])  # what is built at first use is no cost of a recording
            others = [one for one in made.values() if one is not extractor]
            after = milliseconds([extractor], signals, others)
            alone = milliseconds([extractor], signals, [])
            rows.append(
                {"name": spec, "values": extractor.dimension, "alone": alone, "after": after}
            )
        together = milliseconds(list(made.values()), signals, [])
    seconds = float(np.median([signal.seconds for signal in signals]))
    return {"recordings": len(signals), "seconds": seconds, "together": together, "each": rows}


def milliseconds(
    timed: Sequence[Extractor], signals: Sequence[Signal], before: Sequence[Extractor]
) -> float:
    """Return the median CPU time of extractors, each signal fresh but for what went before."""
    times = []
    for signal in signals:
        fresh = Signal(signal.samples, signal.rate)
        for extractor in before:
            extractor(fresh)
        start = time.process_time()
        for extractor in timed:
            extractor(fresh)
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times))
