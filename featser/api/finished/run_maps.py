"""The maps of a run's recordings and speakers, from the features it was fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from featser.evaluation.metrics.metrics import uar
from featser.evaluation.protocols.folds import Folds
from featser.experiment.runs.predicted_task import PredictedTask
from featser.experiment.runs.reopened_run import ReopenedRun, reopen_run
from featser.experiment.runs.run_reading import utterances
from featser.explanation.maps import (
    RecordingMap,
    SpeakerPlace,
    lda_map,
    pca_map,
    principal_components,
    speaker_places,
    umap_map,
)
from featser.progress import stage
from featser.reporting.exploration.map_data import MapLayer, SpeakerMark
from featser.reporting.numbers import count, number
from featser.reporting.tables import Table


@dataclass(frozen=True, eq=False)
class RunMaps:
    """The maps.

    Attributes
    ----------
    layers : list of MapLayer
        Of the rows of the predictions, in their order.
    speakers : list of SpeakerMark
        On the unsupervised map; empty where no speaker is named.
    table : DataFrame
        As ``map.csv`` has it: ``file``, ``start``, ``end``, ``speaker``, ``label``, ``predicted``,
        and ``{map}_x`` and ``{map}_y`` of each map.
    """

    layers: list[MapLayer]
    speakers: list[SpeakerMark]
    table: pd.DataFrame

    @property
    def speaker_table(self) -> pd.DataFrame:
        """The speakers, as ``speakers.csv`` has them, those recognised worst first."""
        columns = ["speaker", "uar", "utterances", "x", "y", "nearest"]
        rows = [
            (one.speaker, one.uar, one.n_rows, one.x, one.y, one.nearest)
            for one in sorted(self.speakers, key=lambda one: (np.isnan(one.uar), one.uar))
        ]
        return pd.DataFrame(rows, columns=columns)

    def shown_speakers(self) -> Table:
        """Return the speakers as a table of the page."""
        rows = [
            [str(name), number(value), count(n), str(nearest)]
            for name, value, n, nearest in self.speaker_table[
                ["speaker", "uar", "utterances", "nearest"]
            ].itertuples(index=False)
        ]
        columns = ["speaker", "UAR", "utterances", "most similar speaker"]
        return Table("Speakers, those recognised worst first", columns, rows, text={0, 3})


def run_maps(
    predicted: PredictedTask, store: str | Path | None, umap: bool, n_jobs: int
) -> RunMaps:
    """Make the maps of a run.

    Parameters
    ----------
    predicted : PredictedTask
    store : str or Path, optional
        Where the features are.
    umap : bool
        Whether to add a map by UMAP.
    n_jobs : int
        Worker processes for reading, as joblib counts them.

    Raises
    ------
    FeatserError
        As :func:`~featser.experiment.runs.reopened_run.reopen_run`; or if umap-learn is missing.
    """
    opened = reopen_run(predicted.folder, store, predicted.protocol, n_jobs)
    own = opened.task(predicted.task.name)
    features = _without_frames(opened)
    labels = opened.plan.labels[own.name].map(predicted.task.classes.index, na_action="ignore")
    codes = np.asarray(labels.astype(float).fillna(-1), dtype=np.intp)
    seed = opened.experiment.seed
    progress = stage("Making maps")
    progress(0, 3)
    components = principal_components(features, seed)
    progress(1, 3)
    folds: Folds = opened.plan.folds
    maps = [lda_map(features, codes, folds, components[:, 0], seed), pca_map(components)]
    progress(2, 3)
    if umap:
        maps.append(umap_map(components, seed))
    progress(3, 3)
    rows = _rows_of(opened, predicted)
    layers = [_layer(one, rows) for one in maps]
    places = speaker_places(components[rows], predicted.speaker.tolist())
    return RunMaps(layers, _marks(predicted, places), _table(predicted, layers))


def _without_frames(opened: ReopenedRun) -> NDArray[np.float32]:
    """Return the features without packed frames, which are no columns of a table."""
    frames = opened.data.frames
    if frames is None:
        return opened.features
    return np.delete(opened.features, np.s_[frames.first : frames.last], axis=1)


def _rows_of(opened: ReopenedRun, predicted: PredictedTask) -> NDArray[np.intp]:
    """Return the row of the data that each prediction is of."""
    keys = pd.MultiIndex.from_frame(utterances(opened.predictions))
    rows = pd.Series(opened.predictions.index.to_numpy(), index=keys)
    return rows.loc[predicted.keys].to_numpy(dtype=np.intp)


def _layer(made: RecordingMap, rows: NDArray[np.intp]) -> MapLayer:
    return MapLayer(made.name, made.title, made.meaning, made.positions[rows])


def _marks(predicted: PredictedTask, places: list[SpeakerPlace]) -> list[SpeakerMark]:
    classes = np.asarray(predicted.task.classes, dtype=object)
    labels, predictions = classes[predicted.labels], classes[predicted.predictions]
    return [
        SpeakerMark(
            place.speaker,
            *place.position,
            uar(labels[place.rows], predictions[place.rows], predicted.task.classes),
            len(place.rows),
            place.nearest,
        )
        for place in places
    ]


def _table(predicted: PredictedTask, layers: list[MapLayer]) -> pd.DataFrame:
    classes = np.asarray(predicted.task.classes, dtype=object)
    table = predicted.table[["file", "start", "end"]].assign(
        speaker=predicted.speaker,
        label=classes[predicted.labels],
        predicted=classes[predicted.predictions],
    )
    for layer in layers:
        table[f"{layer.name}_x"] = layer.positions[:, 0].round(4)
        table[f"{layer.name}_y"] = layer.positions[:, 1].round(4)
    return table
