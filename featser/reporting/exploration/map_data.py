"""What the script of the page gets: positions, labels and links of all recordings, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.io.escaping import for_terminal

_SCALE = 1000
_NAMED_SPEAKERS = 30
"""Of more speakers, those with the lowest recall are named on the map."""


@dataclass(frozen=True, eq=False)
class MapLayer:
    """One map: see ``featser.explanation.maps.RecordingMap``."""

    name: str
    title: str
    meaning: str
    positions: NDArray[np.float64]


@dataclass(frozen=True)
class SpeakerMark:
    """A speaker on the map: name, position, average recall per class and number of recordings."""

    speaker: str
    x: float
    y: float
    uar: float
    n_rows: int
    nearest: str


@dataclass(frozen=True, eq=False)
class MapData:
    """All that the map shows.

    Attributes
    ----------
    layers : list of MapLayer
        The first one is shown at first.
    classes : tuple of str
    labels, predictions : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, k)
    names : sequence of str
        Of the recordings.
    links, problems : sequence of str
        Of the players, and why there is none.
    groups : dict of str to sequence of str
        What marks can be coloured by, such as the speakers.
    speakers : sequence of SpeakerMark
        On the map named ``pca``.
    """

    layers: Sequence[MapLayer]
    classes: Sequence[str]
    labels: NDArray[np.intp]
    predictions: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    names: Sequence[str]
    links: Sequence[str]
    problems: Sequence[str]
    groups: Mapping[str, Sequence[str]]
    speakers: Sequence[SpeakerMark] = field(default_factory=list)

    @property
    def colours(self) -> dict[str, str]:
        """What marks can be coloured by: name and title."""
        titles = {"label": "label", "prediction": "prediction", "correct": "right or wrong"}
        return titles | {name: name for name in self.groups}


def map_json(data: MapData | None) -> str:
    """Return the data of the map for a script element of JSON; ``null`` without a map.

    Nothing in it ends the element or is markup: ``<``, ``>`` and ``&`` are written as escapes, and
    names are as :func:`featser.io.escaping.for_terminal` shows them.

    Examples
    --------
    >>> map_json(None)
    'null'
    """
    content = None if data is None else _content(data)
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _content(data: MapData) -> dict[str, Any]:
    file_links = [link for link in data.links if link and not link.startswith("data:")]
    shared = _shared_folder(file_links)
    return {
        "classes": _shown(data.classes),
        "maps": {
            layer.name: {"meaning": layer.meaning} | scaled_positions(layer.positions)
            for layer in data.layers
        },
        "label": data.labels.tolist(),
        "prediction": data.predictions.tolist(),
        "shares": (data.probabilities.ravel() * 1000).round().astype(int).tolist(),
        "names": _shown(data.names),
        "speaker": _shown(data.groups.get("speaker", [""] * len(data.names))),
        "prefix": shared,
        "links": [link if link.startswith("data:") else link[len(shared) :] for link in data.links],
        "problems": _shown(data.problems),
        "colours": _colours(data),
        "speakers": _speakers(data.speakers),
    }


def _shared_folder(links: Sequence[str]) -> str:
    """Return what all links begin with, up to a slash."""
    if not links:
        return ""
    first, last = min(links), max(links)
    pairs = zip(first, last, strict=False)
    length = next((at for at, (a, b) in enumerate(pairs) if a != b), len(first))
    return "".join(first[:length].rpartition("/")[:2])


def _shown(names: Sequence[str]) -> list[str]:
    return [for_terminal(name) for name in names]


def scaled_positions(positions: NDArray[np.float64]) -> dict[str, list[int | None]]:
    """Return positions as a page draws them: whole numbers from 0 to 1000.

    The one recording in 200 that is farthest out in a direction is drawn at the edge.

    Parameters
    ----------
    positions : ndarray of float, shape (n, 2)
        NaN for a recording without a place.

    Returns
    -------
    dict of str to list
        ``x`` and ``y``; None for a recording without a place.

    Examples
    --------
    >>> scaled_positions(np.array([[0.0, 2.0], [4.0, 3.0], [np.nan, np.nan]]))
    {'x': [0, 1000, None], 'y': [0, 1000, None]}
    """
    return _scaled(positions, _edges(positions))


def _edges(positions: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    placed = positions[np.isfinite(positions).all(axis=1)]
    if not len(placed):
        return np.zeros(2), np.ones(2)
    # A few recordings far from all others would leave no room for the rest.
    low, high = np.quantile(placed, [0.005, 0.995], axis=0)
    return low, np.where(high > low, high - low, 1.0)


def _scaled(
    positions: NDArray[np.float64], edges: tuple[NDArray[Any], NDArray[Any]]
) -> dict[str, list[int | None]]:
    shares = np.clip((positions - edges[0]) / edges[1], 0, 1)
    columns = [
        [None if np.isnan(share) else round(_SCALE * float(share)) for share in column]
        for column in shares.T
    ]
    # A recording is on the map with both coordinates or not at all.
    return {"x": columns[0], "y": columns[1]}


def _colours(data: MapData) -> dict[str, dict[str, list[Any]]]:
    correct = (data.labels != data.predictions).astype(int).tolist()
    coded = {
        "label": {"names": _shown(data.classes), "codes": data.labels.tolist()},
        "prediction": {"names": _shown(data.classes), "codes": data.predictions.tolist()},
        "correct": {"names": ["right", "wrong"], "codes": correct},
    }
    for name, values in data.groups.items():
        names, codes = np.unique(np.asarray(values, dtype=np.str_), return_inverse=True)
        shown = [for_terminal(one) or "not given" for one in names.tolist()]
        coded[name] = {"names": shown, "codes": codes.ravel().tolist()}
    return coded


def _speakers(speakers: Sequence[SpeakerMark]) -> list[dict[str, Any]]:
    named = sorted(speakers, key=lambda one: (np.isnan(one.uar), one.uar))[:_NAMED_SPEAKERS]
    positions = np.array([[one.x, one.y] for one in speakers], dtype=float).reshape(-1, 2)
    places = scaled_positions(positions)
    marks = []
    for one, x, y in zip(speakers, places["x"], places["y"], strict=True):
        uar = None if np.isnan(one.uar) else round(one.uar, 3)
        text = f"{for_terminal(one.speaker)} {'–' if uar is None else f'{uar:.2f}'}"
        marks.append({"x": x, "y": y, "uar": uar, "text": text, "named": one in named})
    return marks
