"""The page ``explore.html``: a map of the recordings, and lists of those to listen to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from featser import __version__
from featser.io.atomic_write import write_text
from featser.reporting.exploration.map_data import MapData, map_json
from featser.reporting.exploration.recording_media import RecordingMedia
from featser.reporting.exports.data_links import policy_of
from featser.reporting.page_environment import TEMPLATES, page_environment
from featser.reporting.tables import Table


@dataclass(frozen=True)
class PageItem:
    """A recording of a list.

    Attributes
    ----------
    name : str
        The file, as the page shows it.
    label, prediction : str
        Classes.
    probabilities : list of tuple of str and float
        The classes that the page shows, the most probable one first.
    reason : str
        Why it is in the list, a sentence.
    speaker, part : str
        Who speaks, and which segment of the file; empty where there is none.
    audio, audio_problem : str
        The address for the player, or why there is none.
    media : RecordingMedia
    elsewhere, elsewhere_title : str
        The id of an earlier item of the page that is the same recording, with its heading; empty
        where there is none.
    """

    name: str
    label: str
    prediction: str
    probabilities: Sequence[tuple[str, float]]
    reason: str
    speaker: str = ""
    part: str = ""
    audio: str = ""
    audio_problem: str = ""
    media: RecordingMedia = field(default_factory=lambda: RecordingMedia(None))
    elsewhere: str = ""
    elsewhere_title: str = ""


@dataclass(frozen=True)
class PageSection:
    """A list of recordings: its id, heading, meaning, items and table.

    ``nothing`` is the sentence that stands where there are no items.
    """

    name: str
    title: str
    meaning: str
    items: Sequence[PageItem]
    nothing: str = "There are none."
    table: Table | None = None


@dataclass(frozen=True)
class ExplorePage:
    """All that the page shows.

    Attributes
    ----------
    title, task, protocol : str
    n_rows, n_mistakes : int
        How many recordings were predicted, and how many of them wrongly.
    sections : sequence of PageSection
    notes : sequence of str
        What a reader must know first.
    map_data : MapData or None
    speakers : Table or None
    command : str
        As the user typed it.
    """

    title: str
    task: str
    protocol: str
    n_rows: int
    n_mistakes: int
    sections: Sequence[PageSection]
    notes: Sequence[str] = ()
    map_data: MapData | None = None
    speakers: Table | None = None
    command: str = ""

    @property
    def maps(self) -> Sequence[object]:
        """The maps; empty without any."""
        return () if self.map_data is None else self.map_data.layers

    @property
    def colours(self) -> dict[str, str]:
        """What marks can be coloured by."""
        return {} if self.map_data is None else self.map_data.colours


def write_explore_page(path: str | Path, page: ExplorePage) -> None:
    """Write the page as one file, whole or not at all.

    All names are escaped. The page loads nothing but the recordings, from their places; its content
    security policy forbids the rest.
    """
    text = render_explore_page(page)
    # File names that are not valid UTF-8 reach us as lone surrogates: write them as escapes.
    write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def render_explore_page(page: ExplorePage) -> str:
    """Return the page as a string."""
    from markupsafe import Markup

    template = page_environment().get_template("explore.html.j2")
    return template.render(
        page=page,
        version=__version__,
        script=Markup(_script()),
        script_policy=policy_of(_script()),
        data=Markup(map_json(page.map_data)),
    )


@cache
def _script() -> str:
    return (TEMPLATES / "explore.js").read_text(encoding="utf-8")
