"""The parts of a card: how names are read, which labels they give, which recordings exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product
from math import prod
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from featser.audio.conversion import MEDIA
from featser.corpora.patterns import Pattern
from featser.errors import CardError, unknown
from featser.tasks import Kind

AUDIO_ENDINGS = (
    ".wav", ".wave", ".flac", ".mp3", ".ogg", ".opus", ".oga", ".aiff", ".aif", ".aifc", ".au",
    ".snd", ".caf", ".w64", ".rf64", ".sph", ".nist", ".mp2", *MEDIA,
)  # fmt: skip
"""Endings by which a file counts as audio, in lower case; decoding goes by content.

Those of :data:`~featser.audio.conversion.MEDIA` need PyAV."""

RESERVED = (
    "file", "start", "end", "speaker", "language", "corpus", "split", "fold", "channel",
    "stream",
)  # fmt: skip
"""Columns of a manifest whose meaning is fixed; none of them is declared by a card's fields
but ``speaker``, ``split`` and ``fold``."""

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_CHECKSUM = re.compile(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)", re.ASCII)

MAX_LEVELS, MAX_CELLS = 10_000, 1_000_000
"""How many numbers a range of a design may stand for, and how many recordings a design."""


class Schema(BaseModel):
    """Frozen, and without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parity(Schema):
    """Labels for odd and even numbers, such as the actors' gender in RAVDESS.

    Numbers above ``up_to`` have no label: they are not of the published corpus.
    """

    odd: str
    even: str
    up_to: int | None = None


class Label(Schema):
    """One column of the manifest, made from the groups of the file name.

    Parameters
    ----------
    value : str
        Text with groups of the grammar in braces, such as ``"{gender}{number}"``; text without
        braces is a constant. In YAML, a plain string is short for this alone.
    case : {'upper', 'lower'}, optional
        The case that the value is written in.
    codes : dict of str, optional
        What each value means; several values may mean the same (ids of one speaker, say), and an
        empty meaning is a missing label. A value that is not listed does not fit the grammar.
    parity : Parity, optional
        What odd and even values mean.
    same_for : str, optional
        Another label, such as ``speaker``, whose every value has one value of this label. Where
        the names contradict that, this label is emptied and a note says for whom.
    """

    value: str
    case: Literal["upper", "lower"] | None = None
    codes: dict[str, str] | None = None
    parity: Parity | None = None
    same_for: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"value": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_meaning(self) -> Label:
        if self.codes is not None and self.parity is not None:
            raise ValueError("has both `codes` and `parity`: keep one of them")
        return self

    @property
    def groups(self) -> list[str]:
        """Names of the grammar's groups that the label is made from."""
        return PLACEHOLDER.findall(self.value)

    def of(self, groups: Mapping[str, str]) -> str:
        """Return the label for the groups of one name.

        Raises
        ------
        ValueError
            If the value has no code, or no parity.
        """
        value = fill(self.value, groups)
        if self.case is not None:
            value = value.upper() if self.case == "upper" else value.lower()
        if self.codes is not None:
            if value not in self.codes:
                raise ValueError(f"'{value}' is not one of the codes {', '.join(self.codes)}")
            return self.codes[value]
        if self.parity is not None:
            if not value.isdecimal():
                raise ValueError(f"'{value}' is neither odd nor even")
            if self.parity.up_to is not None and int(value) > self.parity.up_to:
                return ""
            return self.parity.odd if int(value) % 2 else self.parity.even
        return value


class Grammar(Schema):
    """How a file's name is read.

    Parameters
    ----------
    pattern : str
        Regular expression with named groups that fits the whole stem or path.
    matches : {'stem', 'path'}
        What it fits: the name without its ending, or the path below the corpus's folder without
        its ending, its parts parted by ``/``.
    example : str
        A name that fits, shown in errors; it is checked against the pattern.
    ignore_case : bool
        Whether case matters not.
    endings : tuple of str
        Endings of audio files, in lower case. Of files that differ in their endings alone, the
        one whose ending comes first is read.
    ignore : tuple of str
        Folders below the corpus's folder that hold other material.
    """

    pattern: str
    matches: Literal["stem", "path"] = "stem"
    example: str
    ignore_case: bool = False
    endings: tuple[str, ...] = AUDIO_ENDINGS
    ignore: tuple[str, ...] = ()

    @cached_property
    def regex(self) -> Pattern:
        """The compiled pattern."""
        return Pattern(self.pattern, self.ignore_case)

    @model_validator(mode="after")
    def _compiles_and_fits(self) -> Grammar:
        try:
            fits = self.regex.groups_of(self.example) is not None
        except ValueError as error:
            raise ValueError(f"`pattern` is not a regular expression: {error}") from error
        except CardError as error:
            raise ValueError(f"`pattern`: {error}") from error
        if not fits:
            raise ValueError(
                f"`example` '{self.example}' does not match `pattern`: correct one of them"
            )
        return self

    def groups(self, name: str) -> dict[str, str] | None:
        """Return the named groups of a stem or path, or None where it does not fit."""
        match = self.regex.groups_of(name)
        return None if match is None else {k: v or "" for k, v in match.items()}


class TaskCard(Schema):
    """A label that can be predicted, with its kind and the order of its classes.

    ``classes`` may be empty for ``classification``: they are then those of the data, sorted.
    """

    kind: Kind = "classification"
    classes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _classes_fit_kind(self) -> TaskCard:
        if self.kind == "ordinal" and len(self.classes) < 2:
            raise ValueError("an ordinal task needs `classes`, from low to high")
        if self.kind == "regression" and self.classes:
            raise ValueError("a regression task has no `classes`")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("`classes` names a class twice")
        return self


class Archive(Schema):
    """A file that the publisher offers for download.

    Parameters
    ----------
    url : str
        Where it is, ``http`` or ``https``.
    checksum : str
        ``md5:…`` or ``sha256:…``, as the publisher states it; empty where none is known.
    size : int, optional
        Bytes.
    unpack : {'zip', 'tar', 'no'}
        What to do with it; ``tar`` also where it is compressed, ``no`` to keep it as it is.
    """

    url: str
    checksum: str = ""
    size: int | None = None
    unpack: Literal["zip", "tar", "no"] = "zip"

    @model_validator(mode="after")
    def _can_be_fetched(self) -> Archive:
        bad_name = self.name in ("", ".", "..") or not self.name.isprintable() or "\\" in self.name
        if not self.url.startswith(("http://", "https://")) or bad_name:
            raise ValueError(f"`url` is '{self.url}': write http(s)://SERVER/…/NAME")
        if self.checksum and not _CHECKSUM.fullmatch(self.checksum):
            raise ValueError(
                f"`checksum` is '{self.checksum}': write md5: or sha256: and its hexadecimal digits"
            )
        return self

    @property
    def name(self) -> str:
        """The file's name: the last part of the URL's path."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


class Download(Schema):
    """How an openly licensed corpus is fetched.

    Parameters
    ----------
    terms : str
        Where the licence's text is.
    files : tuple of Archive
        What to download; all of it is unpacked into one folder.
    unverified : str
        What of this could not be verified when the card was written, as a sentence.
    """

    terms: str
    files: tuple[Archive, ...] = Field(min_length=1)
    unverified: str = ""

    @model_validator(mode="after")
    def _names_differ(self) -> Download:
        names = [file.name for file in self.files]
        if len(set(names)) < len(names):
            raise ValueError("`files` names a file twice: keep one of them")
        return self


class Expected(Schema):
    """What the published corpus holds; ``unlabelled`` utterances have no main label."""

    utterances: int | None = None
    speakers: int | None = None
    classes: dict[str, int] = {}
    unlabelled: int = 0


def _expand(values: Any) -> Any:
    """Read ``"01..34"`` as the numbers from 01 to 34, written equally wide."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list):
        return values
    expanded: list[Any] = []
    for value in values:
        span = _RANGE.fullmatch(str(value))
        if span is None:
            expanded.append(value)
        else:
            low, high = span.groups()
            if len(high) > 9 or int(high) - int(low) >= MAX_LEVELS:
                raise ValueError(f"'{value}' has more than {MAX_LEVELS:,} numbers: narrow it")
            expanded += [f"{n:0{len(low)}d}" for n in range(int(low), int(high) + 1)]
    return expanded


Levels = Annotated[tuple[str, ...], BeforeValidator(_expand)]


class Design(Schema):
    """Which recordings exist, as a union of full factorial blocks over the grammar's groups.

    Parameters
    ----------
    name : str
        How a recording's name is written, with groups in braces.
    blocks : tuple of dict
        Levels of each group, as a list whose items may be ranges such as ``01..34``. Every block
        has the same groups.
    each_seen : tuple of str
        Groups whose combinations are those found in the folder (speakers, say), where the card
        does not list them: what is missing is then said only of speakers that are there.
    """

    name: str
    blocks: tuple[dict[str, Levels], ...]
    each_seen: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _same_groups(self) -> Design:
        if not self.blocks or any(set(block) != set(self.blocks[0]) for block in self.blocks):
            raise ValueError("`blocks` must be one or more blocks of the same groups")
        n_cells = sum(prod(len(levels) for levels in block.values()) for block in self.blocks)
        if n_cells > MAX_CELLS:
            raise ValueError(
                f"`blocks` describe {n_cells:,} recordings, more than {MAX_CELLS:,}: narrow them"
            )
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The groups that tell recordings apart."""
        return (*self.each_seen, *self.blocks[0])

    def cells(self, present: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
        """Yield the groups of every recording that exists.

        Parameters
        ----------
        present : iterable of mapping
            Groups of the names in the folder, for ``each_seen``.
        """
        bases = {tuple(groups[key] for key in self.each_seen) for groups in present}
        for base in sorted(bases) if self.each_seen else [()]:
            for block in self.blocks:
                for levels in product(*block.values()):
                    yield dict(zip(self.each_seen, base, strict=True)) | dict(
                        zip(block, levels, strict=True)
                    )


def fill(template: str, groups: Mapping[str, str]) -> str:
    """Put groups into a template's braces; ``*`` where a group is not given."""
    return PLACEHOLDER.sub(lambda match: groups.get(match[1], "*"), template)


def require(field: str, names: Iterable[str], what: str, valid: Iterable[str]) -> None:
    """Raise ValueError unless every name is among the valid ones."""
    valid = list(dict.fromkeys(valid))
    for name in names:
        if name not in valid:
            problem = (
                unknown(what, name, valid)
                if valid
                else f"there is no {what}, so '{name}' cannot be used"
            )
            raise ValueError(f"`{field}`: {problem}")
