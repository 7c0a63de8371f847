"""The endpoints of a queue: recordings, clicks, orders, agreement and export."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from featser.errors import InputError
from featser.serve.annotating.clip_orders import ORDERS, ordered
from featser.serve.annotating.clip_queue import ClipQueue
from featser.serve.annotating.journal import NotSavedError
from featser.serve.annotating.served_queue import ServedQueue
from featser.serve.annotating.votes import Entry
from featser.serve.requests.endpoint import Endpoint, Parameter
from featser.serve.requests.responses import (
    NOT_FOUND,
    RequestError,
    file_response,
    json_response,
)
from featser.serve.running import running

CONFLICT = 409
NOT_SAVED = 507
STARTED_WITH = {"annotate": "`featser serve MANIFEST`", "review": "`featser serve RUN`"}
FORMS = {"manifest": "annotated", "long": "ratings"}
"""The forms of an export, and what their files are called."""

QUEUE = Parameter(
    "queue",
    "annotate: the manifest that the server was started with; review: the run.",
    default="annotate",
    choices=tuple(STARTED_WITH),
)
RATER = Parameter("rater", "Who annotates; each rater sees the own values only.")
EXPORTED_RATER = Parameter(
    "rater", "Whose annotations alone; all by default. A review counts all reviewers.", default=""
)
REQUEST = Parameter(
    "request",
    "The client's own name of this click, such as a UUID: it is recorded once if it is repeated.",
)
VERSION = Parameter(
    "version", "The list of recordings that `clip` counts in, as `GET /v1/queue` answers it."
)
CLIP = Parameter("clip", "The position of a recording, from 0 on.", "number", more_than=-1)
LABEL = Parameter("label", "The label.")
VALUE = Parameter("value", "A class or level; empty: the label cannot be given.", default="")
ORDER = Parameter("order", "A name that `GET /v1/queue` lists.")
FORM = Parameter(
    "form",
    "manifest: the manifest with the ratings of each label as JSON, or of a review with the "
    "corrected labels; long: a row for each rating, which a review does not have.",
    default="manifest",
    choices=tuple(FORMS),
)


async def show_queue(request: Request) -> Response:
    """Answer the recordings in an order, and what one rater has said of them."""
    options = _options(request)
    served = _served(request, options)
    queue = served.queue
    rater = queue.rater(options["rater"]) if options["rater"] else ""
    label = options["label"] or queue.content.labels[0].name
    queue.label(label)
    order = options["order"] or queue.first_order
    places = ordered(queue, order, rater, label)
    return json_response(
        {
            "title": queue.content.title,
            "version": queue.version,
            "labels": [
                {
                    "name": one.name,
                    "values": one.values,
                    "is_scale": one.is_scale,
                    "ends": one.ends,
                    "figures": one.figures,
                }
                for one in queue.content.labels
            ],
            "clips": [{"name": one.name, **one.details} for one in queue.clips],
            "order": list(places),
            "order_name": order,
            "orders": _orders(served),
            "values": queue.values_of(rater) if rater else {},
            "rater": rater,
            "notes": [*queue.content.notes, *queue.journal.notes, *queue.left_out],
        }
    )


def _orders(served: ServedQueue) -> list[dict[str, Any]]:
    """Return all orders, with what is to be computed first."""
    rankings = served.queue.rankings
    rankers = {name: one for name, one in served.rankers.items() if name not in rankings}
    listed = [(one.name, one.title, "") for one in ORDERS]
    listed += [(one.name, one.title, one.label) for one in rankings.values()]
    listed += [(one.name, one.title, one.label) for one in rankers.values()]
    return [
        {
            "name": name,
            "title": title,
            "label": label,
            "is_ready": name not in rankers,
            "is_computed": name in served.rankers,
        }
        for name, title, label in listed
    ]


async def click(request: Request) -> Response:
    """Record a value; it is on the disk when the answer comes."""
    options = _options(request)
    queue = _served(request, options).queue
    rater, identity = queue.rater(_given(options, "rater")), _identity(options)
    if _given(options, "version") != queue.version:
        raise RequestError(
            CONFLICT, "the list of recordings has changed: reload the page", "Conflict"
        )
    clip = queue.clips[_place(queue, options)].clip
    label = queue.label(_given(options, "label")).name
    value = queue.checked_value(label, options["value"])
    entry = await _saved(queue.journal.click, identity, rater, clip, label, value)
    return json_response(_recorded(queue, entry))


async def undo(request: Request) -> Response:
    """Undo the rater's latest click."""
    options = _options(request)
    queue = _served(request, options).queue
    rater, identity = queue.rater(_given(options, "rater")), _identity(options)
    entry = await _saved(queue.journal.undo, identity, rater)
    if entry is None:
        raise RequestError(CONFLICT, "there is nothing to undo", "Conflict")
    return json_response(_recorded(queue, entry))


async def _saved(write: Callable[..., Any], *arguments: Any) -> Any:
    """Write to the journal, without holding up other requests.

    Raises
    ------
    RequestError
        If it cannot be written; the same click may be sent again.
    """
    try:
        return await asyncio.to_thread(write, *arguments)
    except NotSavedError as error:
        raise RequestError(NOT_SAVED, str(error), type(error).__name__) from error


def _recorded(queue: ClipQueue, entry: Entry) -> dict[str, Any]:
    """Return what holds after an entry."""
    return {
        "number": entry.number,
        "clip": queue.place_of(entry.clip),
        "label": entry.label,
        "values": queue.votes.of(entry.rater, entry.clip),
    }


async def recording(request: Request) -> Response:
    """Answer a recording as a WAV file."""
    options = _options(request)
    served = _served(request, options)
    place = _place(served.queue, options)
    data = await served.recording(place, running(request).settings.limits.seconds)
    return Response(data, media_type="audio/wav")


async def rank(request: Request) -> Response:
    """Start to compute an order."""
    options = _options(request)
    served = _served(request, options)
    return json_response(served.start(_given(options, "order")).to_dict())


async def progress(request: Request) -> Response:
    """Answer how far the computing of an order is."""
    options = _options(request)
    served = _served(request, options)
    held = served.progress.get(_given(options, "order"))
    if held is None:
        raise RequestError(NOT_FOUND, "this order is not being computed", "NotFound")
    return json_response(held.to_dict())


async def show_map(request: Request) -> Response:
    """Answer where the recordings of a run are on its maps."""
    options = _options(request)
    if options["queue"] != "review":
        raise InputError("a run has a map: write review", "queue")
    served = _served(request, options)
    label = served.queue.label(options["label"] or served.queue.content.labels[0].name)
    return json_response(await served.map(label.name))


async def agreement(request: Request) -> Response:
    """Answer how far raters agree."""
    options = _options(request)
    n_entries, labels = await _served(request, options).agreement()
    return json_response({"after_clicks": n_entries, "labels": labels})


async def export(request: Request) -> Response:
    """Answer all annotations, or those of one rater, as a table."""
    options = _options(request)
    if options["queue"] == "review" and options["form"] == "long":
        raise InputError(
            "'long': a review exports the manifest with the corrected labels alone: leave it out, "
            "or write manifest",
            "form",
        )
    served = _served(request, options)
    votes = served.queue.votes
    rater = served.queue.rater(options["rater"]) if options["rater"] else ""
    if not votes.n_entries or (rater and rater not in votes.raters):
        raise RequestError(CONFLICT, "there is no annotation yet", "Conflict")
    data = await served.export(options["form"], "csv", rater)
    return file_response(data, "text/csv; charset=utf-8", f"{FORMS[options['form']]}.csv")


QUEUE_ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/queue",
        "The recordings of a queue in an order, and what one rater has said of them.",
        show_queue,
        (QUEUE, RATER, ORDER, LABEL),
    ),
    Endpoint(
        "GET",
        "/v1/queue/recording",
        "A recording of a queue.",
        recording,
        (QUEUE, CLIP),
        answers=("audio/wav",),
    ),
    Endpoint(
        "POST",
        "/v1/queue/click",
        "Record a value; it is on the disk when the answer comes.",
        click,
        (QUEUE, VERSION, REQUEST, RATER, CLIP, LABEL, VALUE),
    ),
    Endpoint(
        "POST", "/v1/queue/undo", "Undo a rater's latest click.", undo, (QUEUE, REQUEST, RATER)
    ),
    Endpoint("POST", "/v1/queue/rank", "Start to compute an order.", rank, (QUEUE, ORDER)),
    Endpoint(
        "GET",
        "/v1/queue/progress",
        "How far the computing of an order is.",
        progress,
        (QUEUE, ORDER),
    ),
    Endpoint(
        "GET",
        "/v1/queue/map",
        "Where the recordings of a run are on its maps, from 0 to 1000; it takes some seconds.",
        show_map,
        (QUEUE, LABEL),
    ),
    Endpoint("GET", "/v1/queue/agreement", "How far raters agree.", agreement, (QUEUE,)),
    Endpoint(
        "GET",
        "/v1/queue/export",
        "All annotations as a table, or those of one rater; of a review, the corrected labels.",
        export,
        (QUEUE, FORM, EXPORTED_RATER),
        answers=("text/csv",),
    ),
)
BY_PATH = {endpoint.path: endpoint for endpoint in QUEUE_ENDPOINTS}


def _options(request: Request) -> dict[str, Any]:
    return BY_PATH[request.url.path].options_of(request)


def _served(request: Request, options: dict[str, Any]) -> ServedQueue:
    """Return the queue of a request.

    Raises
    ------
    RequestError
        If the server has none of this kind.
    """
    kind = options["queue"]
    server = running(request)
    served = server.queues.get(kind)
    if served is None and kind in server.pending:
        raise server.pending[kind].opened()
    if served is None:
        raise RequestError(
            NOT_FOUND, f"this server has nothing to {kind}: start {STARTED_WITH[kind]}", "NotFound"
        )
    return served


def _given(options: dict[str, Any], name: str) -> str:
    value = options[name]
    if not value:
        raise InputError("it is missing", name)
    return str(value)


def _identity(options: dict[str, Any]) -> str:
    identity = _given(options, "request")
    if len(identity) > 64 or not identity.isascii() or not identity.isprintable():
        raise InputError("give 1 to 64 printable ASCII characters", "request")
    return identity


def _place(queue: ClipQueue, options: dict[str, Any]) -> int:
    place = options["clip"]
    if place is None:
        raise InputError("it is missing", "clip")
    if place != int(place) or place < 0 or place >= len(queue.clips):
        raise InputError(f"give a whole number from 0 to {len(queue.clips) - 1}", "clip")
    return int(place)
