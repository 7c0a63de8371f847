"""How a card describes a table or label list that lies beside the recordings."""

from __future__ import annotations

import codecs
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from featser.corpora.card_schema import PLACEHOLDER, Schema, require
from featser.corpora.patterns import Pattern
from featser.ratings.rating_columns import ratings_column


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
"""A name, or a list of alternatives of which the first that is there counts."""


class Lines(Schema):
    """How a list that is no table is read, line by line.

    Parameters
    ----------
    row : str
        Regular expression that fits a whole line which tells of a recording; its named groups
        take the place of a table's columns.
    rating : str, optional
        Regular expression of the lines that follow a row, one for each rater. A line that
        repeats an earlier one of the same row counts once.
    vote : str, optional
        The same, of further lines with a rater's category.
    other : str, optional
        Regular expression of lines that hold nothing of interest. Any other line that is not
        blank is counted in a note.
    """

    row: str
    rating: str | None = None
    vote: str | None = None
    other: str | None = None

    @model_validator(mode="after")
    def _compiles(self) -> Lines:
        for name in ("row", "rating", "vote", "other"):
            try:
                Pattern(getattr(self, name) or "")
            except ValueError as error:
                raise ValueError(f"`{name}` is not a regular expression: {error}") from error
        return self

    @cached_property
    def regexes(self) -> tuple[Pattern, list[Pattern], Pattern | None]:
        """The compiled patterns of rows, of ratings, and of other lines."""
        ratings = [Pattern(text) for text in (self.rating, self.vote) if text]
        return Pattern(self.row), ratings, Pattern(self.other) if self.other else None


class SideTable(Schema):
    """A table, or several of the same form, that is joined to the recordings.

    Parameters
    ----------
    file : str or list of str
        The table's name, in the corpus's folder or the one above it, or a glob pattern such as
        ``**/ratings/*.txt`` for several; of a list, the first that finds something.
    key : str or list of str
        Column that names the recording, with or without an ending. With ``lines`` it is text
        with groups in braces, such as ``"{name}"``.
    matches : {'stem', 'path'}
        Whether the key is a bare name or a path below the corpus's folder.
    join_on : str, optional
        What the key is compared with instead of the recording's name: text with groups of the
        grammar in braces, such as ``"{speaker}"`` for a table of speakers.
    numbers, texts : dict of str, or of list of str
        Columns of the manifest, and the table's columns (or groups) that they are read from.
    codes : dict of dict
        For columns of ``texts``: what each value means; an empty meaning is a missing label.
    bounds : pair of float, optional
        Least and greatest value of ``numbers`` and ``ratings``. What lies outside is no value:
        it is missing, and a note says so.
    ratings : dict of str
        Names of ratings and the groups of ``lines.rating`` that they are read from. Each gives
        ``NAME_raters``, how many raters gave one, ``NAME_sd``, their standard deviation (sample;
        missing below two), and ``NAME.ratings``, what each rater gave, by the group ``rater``.
        Ratings never fill in for a missing number.
    votes : dict of str
        Labels and the groups of ``lines.rating`` or ``lines.vote`` that have a rater's class. Each
        gives ``LABEL.ratings``. ``codes`` of ``LABEL.ratings`` say what the classes mean; what is
        no code, or means nothing, is no vote.
    counts : dict of dict
        Labels, and for each class the column that counts its votes. Each gives ``LABEL.ratings``.
    rows : dict of str
        Columns and regular expressions; only the rows that fit are used.
    lines : Lines, optional
        For lists that are no table.
    encoding, separator, decimal : str
        How the table is written. Blanks around a cell, non-breaking ones too, are dropped.
    """

    file: Names
    key: Names
    matches: Literal["stem", "path"] = "stem"
    join_on: str | None = None
    numbers: dict[str, Names] = Field(default_factory=dict)
    texts: dict[str, Names] = Field(default_factory=dict)
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    bounds: tuple[float, float] | None = None
    ratings: dict[str, str] = Field(default_factory=dict)
    votes: dict[str, str] = Field(default_factory=dict)
    counts: dict[str, dict[str, str]] = Field(default_factory=dict)
    rows: dict[str, str] = Field(default_factory=dict)
    lines: Lines | None = None
    encoding: str = "utf-8-sig"
    separator: str = ","
    decimal: Literal[".", ","] = "."

    @property
    def columns(self) -> list[str]:
        """Columns that the table gives."""
        raters = [f"{name}_{what}" for name in self.ratings for what in ("raters", "sd")]
        return [*self.numbers, *self.texts, *raters, *self.rated]

    @property
    def rated(self) -> list[str]:
        """Columns with what each rater gave."""
        return [ratings_column(name) for name in (*self.ratings, *self.votes, *self.counts)]

    @model_validator(mode="after")
    def _parts_agree(self) -> SideTable:
        coded = (*self.texts, *map(ratings_column, self.votes))
        require("codes", self.codes, "column of `texts` or `votes`", coded)
        for name, text in self.rows.items():
            try:
                Pattern(text)
            except ValueError as error:
                raise ValueError(f"`rows` `{name}`: no regular expression: {error}") from error
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise ValueError(
                f"`encoding` '{self.encoding}' is unknown: write for example utf-8 or latin-1"
            ) from error
        if len(self.separator) != 1:
            raise ValueError(f"`separator` '{self.separator}': write one character")
        if self.bounds is not None and self.bounds[0] >= self.bounds[1]:
            raise ValueError("`bounds`: write the least value, then the greatest")
        if self.lines is None:
            if self.ratings or self.votes:
                name = "ratings" if self.ratings else "votes"
                raise ValueError(f"`{name}` need `lines.rating`: add it")
            return self
        if self.counts or self.rows:
            raise ValueError("`counts` and `rows` are of tables: leave out `lines`")
        row, ratings, _ = self.lines.regexes
        groups = [
            name for names in (*self.numbers.values(), *self.texts.values()) for name in names
        ]
        require("numbers` and `texts", groups, "group of `lines.row`", row.names)
        placeholders = PLACEHOLDER.findall(self.key[0])
        require("key", placeholders, "group of `lines.row`", row.names)
        if not placeholders:
            raise ValueError(f"`key` '{self.key[0]}': put groups of `lines.row` in braces")
        valid = [name for pattern in ratings for name in pattern.names]
        require("ratings", self.ratings.values(), "group of `lines.rating`", valid)
        require("votes", self.votes.values(), "group of `lines.rating` or `lines.vote`", valid)
        return self
