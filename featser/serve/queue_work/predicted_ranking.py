"""How uncertain a model is of recordings of a queue."""

from __future__ import annotations

import pandas as pd

from featser.api.predict import predict_named
from featser.experiment.loading.named_recordings import NamedRecordings
from featser.serve.annotating.queue_jobs import QueueJob
from featser.serve.predicting.worker_tasks import loaded_model
from featser.serve.queue_work.rankings import uncertainties
from featser.workers.task import Step


def rank(job: QueueJob, begin: Step) -> list[float | None]:
    """Predict a label of recordings with a model; return how uncertain each is, in nats."""
    begin("predicting", 60.0 * len(job.clips))
    loaded = loaded_model(job.options["model"])
    named = NamedRecordings(
        pd.DataFrame(
            {
                "file": [one.file for one in job.clips],
                "start": [one.clip.start for one in job.clips],
                "end": [one.clip.end for one in job.clips],
                "channel": [one.clip.channel or loaded.bundle.channel for one in job.clips],
            }
        ).astype({"start": float, "end": float}),
        [],
    )
    table = predict_named(
        loaded.file, loaded.bundle, loaded.extractors, named, 1, None, loaded.bundle.channel
    )
    return uncertainties(table, job.options["label"])
