"""The maps of a reviewed run, for the page that draws them: positions by place in the queue."""

from __future__ import annotations

from typing import Any

from featser.api.finished.run_maps import run_maps
from featser.experiment.runs.predicted_task import predicted_task
from featser.reporting.exploration.map_data import MapLayer, scaled_positions
from featser.serve.annotating.queue_jobs import QueueJob
from featser.serve.queue_work.run_queue import places_of, reviewed_rows
from featser.workers.task import Step

MAP_S = 900.0


def run_map(job: QueueJob, begin: Step) -> dict[str, Any]:
    """Make the maps of one task, in a worker.

    Returns
    -------
    dict
        ``label``; ``maps``, each with ``name``, ``title``, ``meaning`` and the lists ``x`` and
        ``y`` of all recordings of the queue, from 0 to 1000, None for those that are on no map; and
        ``speakers``, who speaks, empty where it is not known.

    Raises
    ------
    FeatserError
        If the run has no such task, or its features cannot be read.
    """
    begin("making the map", 0.0, MAP_S)
    label = str(job.options["label"])
    predicted = predicted_task(job.source.place, label)
    maps = run_maps(predicted, str(job.options["store"]) or None, umap=False, n_jobs=1)
    every = places_of(reviewed_rows(job.source.place))
    places = [every[key] for key in places_of(predicted.table)]
    speakers = [""] * len(every)
    for place, speaker in zip(places, predicted.speaker.tolist(), strict=True):
        speakers[place] = str(speaker)
    return {
        "label": label,
        "maps": [_by_place(layer, places, len(every)) for layer in maps.layers],
        "speakers": speakers,
    }


def _by_place(layer: MapLayer, places: list[int], n_clips: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": layer.name, "title": layer.title, "meaning": layer.meaning}
    for axis, values in scaled_positions(layer.positions).items():
        shown[axis] = [None] * n_clips
        for place, value in zip(places, values, strict=True):
            shown[axis][place] = value
    return shown
