"""ELAN's annotation files (EAF), read in all versions and written in version 3.0.

Time slots without a time lie evenly between their neighbours, and annotations that refer to another
one share its time, as ELAN shows them. Times are whole milliseconds. The file is read as a stream
that expands nothing, and the position in it gives errors their line.

References
----------
https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
"""

from __future__ import annotations

import math
import os
import re
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import pandas as pd

from featser.annotation.interval_table import Interval, tiers_of
from featser.errors import AnnotationError, shortened
from featser.io.location import is_local_file, is_remote, local_path, scheme_of

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_UNITS = {"milliseconds": 0.001, "": 0.001}
_TYPES = {".wav": "audio/x-wav", ".mp4": "video/mp4", ".mpg": "video/mpeg", ".mpeg": "video/mpeg"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SAVE = "open it in ELAN and save it again"


@dataclass
class _Annotation:
    """An annotation: its time slots, or the one that it refers to."""

    tier: str
    line: int
    slots: tuple[str, str] | None = None
    parent: str = ""
    text: str = ""


@dataclass
class _Document:
    """What an EAF file holds, as far as intervals need it."""

    unit_s: float = 0.001
    media: list[str] = field(default_factory=list)
    slots: dict[str, float | None] = field(default_factory=dict)
    annotations: dict[str, _Annotation] = field(default_factory=dict)


class _Parser:
    """Calls back for each element of a file, and knows the line."""

    def __init__(self, where: str) -> None:
        self.document = _Document()
        self._where = where
        self._tier = ""
        self._open: _Annotation | None = None
        self._is_value = False
        self._root = ""
        self._expat = expat.ParserCreate()
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype

    def parse(self, path: Path) -> _Document:
        try:
            with path.open("rb") as file:
                self._expat.ParseFile(file)
        except (LookupError, ValueError) as error:  # of the codec that the declaration names
            raise AnnotationError(
                f"{self._where}, line 1: the encoding of the XML declaration cannot be read "
                f"({shortened(str(error))}): save the file as UTF-8, which ELAN writes"
            ) from error
        except expat.ExpatError as error:
            why = expat.ErrorString(error.code)
            raise AnnotationError(
                f"{self._where}, line {error.lineno}: not valid XML ({why}): {_SAVE}"
            ) from error
        return self.document

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error("a document type definition, which ELAN does not write: remove it")

    def _error(self, problem: str) -> AnnotationError:
        return AnnotationError(f"{self._where}, line {self._expat.CurrentLineNumber}: {problem}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = name
            if name != "ANNOTATION_DOCUMENT":
                raise self._error(f"<{shortened(name)}> is not ELAN's ANNOTATION_DOCUMENT")
        handle = getattr(self, f"_start_{name.lower()}", None)
        if handle is not None:
            handle(attributes)

    def _required(self, attributes: dict[str, str], name: str) -> str:
        if name not in attributes:
            raise self._error(f"an element without {name}: {_SAVE}")
        return attributes[name]

    def _start_header(self, attributes: dict[str, str]) -> None:
        unit = attributes.get("TIME_UNITS", "")
        if unit not in _UNITS:
            raise self._error(
                f"TIME_UNITS is '{shortened(unit)}', not 'milliseconds': in ELAN, save it again"
            )
        if attributes.get("MEDIA_FILE"):
            self.document.media.append(attributes["MEDIA_FILE"])

    def _start_media_descriptor(self, attributes: dict[str, str]) -> None:
        for name in ("RELATIVE_MEDIA_URL", "MEDIA_URL"):
            if attributes.get(name):
                self.document.media.append(attributes[name])

    def _start_time_slot(self, attributes: dict[str, str]) -> None:
        text = attributes.get("TIME_VALUE")
        if text is not None and not re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
            raise self._error(f"TIME_VALUE is '{shortened(text)}', not whole milliseconds: {_SAVE}")
        name = self._new_id(attributes, "TIME_SLOT_ID", self.document.slots)
        self.document.slots[name] = None if text is None else int(text) * self.document.unit_s

    def _start_tier(self, attributes: dict[str, str]) -> None:
        self._tier = self._required(attributes, "TIER_ID")

    def _start_alignable_annotation(self, attributes: dict[str, str]) -> None:
        first, last = (self._required(attributes, f"TIME_SLOT_REF{n}") for n in (1, 2))
        self._add(attributes, slots=(first, last))

    def _start_ref_annotation(self, attributes: dict[str, str]) -> None:
        self._add(attributes, parent=self._required(attributes, "ANNOTATION_REF"))

    def _add(self, attributes: dict[str, str], **values: Any) -> None:
        line = self._expat.CurrentLineNumber
        self._open = _Annotation(self._tier, line, **values)
        name = self._new_id(attributes, "ANNOTATION_ID", self.document.annotations)
        self.document.annotations[name] = self._open

    def _new_id(self, attributes: dict[str, str], field: str, others: Container[str]) -> str:
        name = self._required(attributes, field)
        if name in others:
            raise self._error(
                f"{field} is '{shortened(name)}' a second time, so that it is not clear which is "
                f"meant: give one of the two another {field}, also where it is referred to"
            )
        return name

    def _start_annotation_value(self, _: dict[str, str]) -> None:
        self._is_value = self._open is not None

    def _text(self, text: str) -> None:
        if self._is_value and self._open is not None:
            self._open.text += text

    def _end(self, name: str) -> None:
        if name == "ANNOTATION_VALUE":
            self._is_value = False


def read(path: Path, where: str) -> list[Interval]:
    """Read the annotations of all tiers; those that are empty have no label."""
    document = _Parser(where).parse(path)
    times = _all_times(document.slots)
    spans: dict[str, tuple[float, float]] = {}
    children: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, one in document.annotations.items():
        if one.slots is not None:
            first, last = (_time(times, slot, one, where) for slot in one.slots)
            spans[name] = first, last
        else:
            children[one.tier, one.parent].append(name)
    _share_spans(spans, children, document, where)
    recording = _recording(document.media, path.parent)
    return [
        Interval(*spans[name], one.text.strip(), one.tier, recording, one.line)
        for name, one in document.annotations.items()
    ]


def _all_times(slots: dict[str, float | None]) -> dict[str, float]:
    """Return the time of each slot; those without one lie evenly between their neighbours."""
    names = list(slots)
    times = pd.Series([slots[name] for name in names], dtype="float64")
    return dict(zip(names, times.interpolate(limit_area="inside").round(6), strict=True))


def _time(times: dict[str, float], slot: str, one: _Annotation, where: str) -> float:
    value = times.get(slot, float("nan"))
    if math.isnan(value):
        problem = "has no time" if slot in times else "does not exist"
        raise AnnotationError(
            f"{where}, line {one.line}: the time slot '{shortened(slot)}' {problem}: {_SAVE}"
        )
    return value


def _share_spans(
    spans: dict[str, tuple[float, float]],
    children: dict[tuple[str, str], list[str]],
    document: _Document,
    where: str,
) -> None:
    """Give annotations that refer to others their times, parents before children."""
    waiting: dict[str, list[list[str]]] = defaultdict(list)
    for (_, parent), names in children.items():
        waiting[parent].append(names)
    timed = list(spans)
    while timed:
        parent = timed.pop()
        for names in waiting.pop(parent, ()):
            spans.update(zip(names, _divided(*spans[parent], len(names)), strict=True))
            timed += names
    if waiting:
        parent, [names, *_] = next(iter(waiting.items()))
        line = document.annotations[names[0]].line
        raise AnnotationError(
            f"{where}, line {line}: ANNOTATION_REF is '{shortened(parent)}', which has no time or "
            f"does not exist: {_SAVE}"
        )


def _divided(start: float, end: float, count: int) -> list[tuple[float, float]]:
    """Divide an interval into equal parts."""
    width = (end - start) / count
    marks = [start, *(round(start + place * width, 6) for place in range(1, count)), end]
    return list(pairwise(marks))


def _recording(media: list[str], folder: Path) -> str | None:
    """Return the first medium that exists, or else the first one."""
    names = [name for written in media for name in _paths(written)]
    existing = [n for n in names if not is_remote(n) and is_local_file(folder / n)]
    return next(iter([*existing, *names]), None)


def _paths(medium: str) -> list[str]:
    """Return what a medium can mean: ELAN writes names into URLs as they are, others quote them."""
    if scheme_of(medium) != "file":
        return [medium]
    return list(dict.fromkeys([medium.removeprefix("file://"), local_path(medium).as_posix()]))


def write(intervals: pd.DataFrame, path: Path, target: Path) -> None:
    """Write intervals of one recording as an EAF document of version 3.0."""
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "featser",
            "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    ElementTree.register_namespace("xsi", _XSI)
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    for file in intervals["file"].dropna().unique():
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", _media(file, target))
    last = ElementTree.SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId")
    last.text = str(len(intervals))
    order = ElementTree.SubElement(root, "TIME_ORDER")
    number = 0
    for name in tiers_of(intervals):
        tier = ElementTree.SubElement(
            root, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=_text(name)
        )
        for row in intervals[intervals["tier"] == name].to_dict("records"):
            number += 1
            _add_annotation(tier, order, row, number)
    ElementTree.SubElement(
        root,
        "LINGUISTIC_TYPE",
        GRAPHIC_REFERENCES="false",
        LINGUISTIC_TYPE_ID="default-lt",
        TIME_ALIGNABLE="true",
    )
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _add_annotation(
    tier: ElementTree.Element, order: ElementTree.Element, row: dict[Any, Any], number: int
) -> None:
    times = [round(1000 * row[name]) for name in ("start", "end")]
    if times[0] == times[1]:
        raise AnnotationError(
            f"the interval {row['start']:g}–{row['end']:g} s is shorter than a millisecond, which "
            f"ELAN cannot hold: remove it, or write .csv"
        )
    slots = [f"ts{2 * number - 1}", f"ts{2 * number}"]
    for slot, value in zip(slots, times, strict=True):
        ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(value))
    annotation = ElementTree.SubElement(tier, "ANNOTATION")
    aligned = ElementTree.SubElement(
        annotation,
        "ALIGNABLE_ANNOTATION",
        ANNOTATION_ID=f"a{number}",
        TIME_SLOT_REF1=slots[0],
        TIME_SLOT_REF2=slots[1],
    )
    value = ElementTree.SubElement(aligned, "ANNOTATION_VALUE")
    value.text = "" if pd.isna(row["label"]) else _text(row["label"])


def _text(text: str) -> str:
    match = _FORBIDDEN.search(text)
    if match:
        raise AnnotationError(
            f"'{shortened(text)}' contains the control character U+{ord(match[0]):04X}, which XML "
            f"cannot hold: remove it"
        )
    return text


def _media(file: str, target: Path) -> dict[str, str]:
    kind = _TYPES.get(Path(file).suffix.lower(), "unknown")
    if is_remote(file):
        return {"MEDIA_URL": file, "MIME_TYPE": kind}
    path = Path(file).absolute()
    try:
        below = Path(os.path.relpath(path, target.absolute().parent)).as_posix()
    except ValueError:  # on another drive
        return {"MEDIA_URL": path.as_uri(), "MIME_TYPE": kind}
    relative = below if below.startswith("../") else f"./{below}"
    return {"MEDIA_URL": path.as_uri(), "MIME_TYPE": kind, "RELATIVE_MEDIA_URL": relative}
