"""The endpoints that predict, and what they answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from featser.serve.predicting.jobs import JSON, Job
from featser.serve.predicting.retries import WorkerLostError, answer_of_usable
from featser.serve.predicting.worker_entry import run_job
from featser.serve.requests.endpoint import Endpoint, Parameter
from featser.serve.requests.responses import (
    UNEXPECTED,
    UNPROCESSABLE,
    RequestError,
    file_response,
    json_response,
)
from featser.serve.requests.uploads import Upload
from featser.serve.running import Running, running
from featser.workers.task import Failure

WORKER_ERROR = "WorkerError"
AUTO = "auto"
MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "TextGrid": "text/plain; charset=utf-8",
}
"""The formats of answers."""

MODEL = Parameter("model", "The name of a model; the first by default.")
CHANNEL = Parameter(
    "channel",
    "Of recordings with several channels: mix, left, right, a number from 1 on, or loudest; what "
    "the model was fitted on by default.",
)
TRIM = Parameter("trim", "Whether to remove the silence around the speech.", "flag", False)
COVERAGE = Parameter(
    "coverage",
    "Also predict a set of classes that has the true class with this probability.",
    "number",
    more_than=0,
    at_most=0.9999,
)
WHY = Parameter(
    "why",
    "Also say which groups of features moved each prediction; takes about a second each.",
    "flag",
    False,
)
WINDOW = Parameter("window", "Seconds of a window.", "number", 2.0, more_than=0.09, at_most=60)
HOP = Parameter(
    "hop", "Seconds from a window to the next.", "number", 0.5, more_than=0.009, at_most=60
)
SMOOTH = Parameter("smooth", "none, hmm, hmm:NUMBER, mean or mean:NUMBER.", default="none")
SEGMENTS = Parameter(
    "segments",
    "auto: find the speech, and predict each stretch of it once, in place of windows; nothing is "
    "smoothed then.",
    choices=(AUTO,),
)
EXTRACTORS = Parameter(
    "features", "Extractors, such as gemaps; those of the model by default.", is_list=True
)


def _format(*names: str) -> Parameter:
    return Parameter("format", "Of the answer.", default=JSON, choices=names)


async def work(server: Running, job: Job) -> Any:
    """Let a worker do a job.

    Raises
    ------
    RequestError
        If featser refuses, the worker ends, or too many requests wait.
    """
    result = await server.queue.run(run_job, job)
    if isinstance(result, RequestError):
        raise result
    if isinstance(result, Failure):
        if result.kind == "error":
            raise RequestError(UNEXPECTED, result.reason("the request"), WORKER_ERROR)
        raise WorkerLostError(UNPROCESSABLE, result.reason("decoding or predicting"), WORKER_ERROR)
    return result


def job_of(server: Running, task: str, uploads: list[Upload], options: dict[str, Any]) -> Job:
    """Return the job of a request.

    Raises
    ------
    InputError
        If there is no such model.
    """
    name = server.models.name(options.get("model") or "")
    seconds = server.settings.limits.seconds
    return Job(task, name, server.models.file(name), tuple(uploads), options, seconds)


async def _answer(task: str, endpoint: str, request: Request) -> Response:
    """Receive recordings, and answer what a worker makes of them."""
    server = running(request)
    options = BY_PATH[endpoint].options_of(request)
    job_of(server, task, [], options)  # an unknown model is refused before anything is received
    async with server.gate.received(request) as uploads:
        if task == "view" and len(uploads) > 1:
            raise RequestError(400, "one recording can be drawn at a time: send one", "InputError")
        job = job_of(server, task, uploads, options)
        answer = await answer_of_usable(partial(work, server), job)
    media_type = MEDIA_TYPES[answer.format]
    if answer.format == JSON:
        return Response(answer.data, media_type=media_type)
    return file_response(answer.data, media_type, f"featser-{task}.{answer.format}")


async def model(request: Request) -> Response:
    """Answer what a model is."""
    server = running(request)
    options = BY_PATH["/v1/model"].options_of(request)
    return json_response(server.descriptions[server.models.name(options["model"] or "")])


async def models(request: Request) -> Response:
    """Answer which models there are, and the limits of requests."""
    server = running(request)
    BY_PATH["/v1/models"].options_of(request)
    limits = server.settings.limits
    return json_response(
        {
            "models": list(server.descriptions.values()),
            "default": next(iter(server.models), ""),
            "limits": {
                "megabytes": limits.megabytes,
                "seconds": limits.seconds,
                "files": limits.files,
            },
        }
    )


def _recordings(task: str, meaning: str, *parameters: Parameter) -> Endpoint:
    path = f"/v1/{task}"
    formats = [one.choices for one in parameters if one.name == "format"]
    answers = tuple(MEDIA_TYPES[name] for name in (formats[0] if formats else (JSON,)))
    handler = partial(_answer, task, path)
    return Endpoint("POST", path, meaning, handler, (MODEL, *parameters), True, answers)


PREDICT_ENDPOINTS = (
    _recordings(
        "predict",
        "Predict every task for recordings.",
        *(CHANNEL, TRIM, COVERAGE, WHY, _format("json", "csv")),
    ),
    _recordings(
        "timeline",
        "Predict every task over the time of recordings.",
        *(WINDOW, HOP, SEGMENTS, SMOOTH, CHANNEL, TRIM, COVERAGE),
        _format("json", "csv", "TextGrid"),
    ),
    _recordings(
        "features", "Compute features of recordings.", EXTRACTORS, CHANNEL, _format("json", "csv")
    ),
    _recordings("view", "Describe the sound of a recording, to be drawn.", CHANNEL),
    Endpoint("GET", "/v1/model", "What a model is.", model, (MODEL,)),
    Endpoint("GET", "/v1/models", "Which models there are, and the limits of requests.", models),
)
BY_PATH = {endpoint.path: endpoint for endpoint in PREDICT_ENDPOINTS}
