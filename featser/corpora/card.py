"""Cards: corpora described as data.

A card says what a corpus is, how its file names are read, and what it contains. A new
corpus is a new YAML file. Every scalar of a card is read as text and converted by the schema, so
that ``01`` stays a code and ``no`` (Norwegian) a language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from featser.corpora.card_schema import (
    PLACEHOLDER,
    RESERVED,
    Archive,
    Design,
    Download,
    Expected,
    Grammar,
    Label,
    Parity,
    Schema,
    TaskCard,
    require,
)
from featser.corpora.side_table_schema import Lines, SideTable
from featser.errors import CardError, shortened, unknown
from featser.io.yaml_loading import YamlError, compose_yaml, read_yaml_text

__all__ = ["Card", "list_cards", "load_card", "parse_card"]

SHOWN_FAULTS = 5
"""Faults of one card that an error lists."""


class Card(Schema):
    """The description of one corpus.

    Parameters
    ----------
    name : str
        Name on the command line and in the manifest's column ``corpus``.
    title, language, licence, citation, source : str
        What the corpus is, its language (ISO 639-1, empty where it varies), its licence, what to
        cite, and where it can be obtained. A private card needs neither licence nor citation.
    size : str
        How large the download is, for people.
    download : Download, optional
        What ``featser fetch`` downloads, for corpora whose licence lets anyone.
    sampling_rates : tuple of int
        Rates of the published recordings in Hz.
    layout : {'files', 'manifest', 'audformat'}
        Whether labels are read from the names of files, from a table, or from an audformat
        database.
    grammar : Grammar, optional
        How names are read; needed for ``layout: files``.
    labels : dict of Label
        Columns made from the name.
    tables : tuple of SideTable
        Tables joined on the name.
    primary : str
        The main label.
    tasks : dict of TaskCard
        Labels that can be predicted. ``language`` becomes a task by itself where it varies.
    never_tasks : dict of str
        Labels that must not be predicted, each with the reason.
    expected : Expected
        Published counts; ``classes`` counts the main label.
    design : Design, optional
        Which recordings exist, so that a missing one can be named.
    known_missing : tuple of str
        Recordings that are absent from the published corpus as well.
    excluded : dict of str
        Recordings that exist and are left out, each with the reason: the last parts of their
        paths, without ending, where ``*`` stands for anything.
    faults : tuple of str
        Known faults, as sentences.
    cautions : tuple of str
        What every scan repeats, because figures mislead who does not know it.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: str
    language: str = ""
    licence: str = ""
    citation: str = ""
    source: str = "your own recordings"
    size: str = ""
    download: Download | None = None
    sampling_rates: tuple[int, ...] = ()
    layout: Literal["files", "manifest", "audformat"] = "files"
    grammar: Grammar | None = None
    labels: dict[str, Label] = Field(default_factory=dict)
    tables: tuple[SideTable, ...] = ()
    primary: str = "emotion"
    tasks: dict[str, TaskCard] = Field(default_factory=dict)
    never_tasks: dict[str, str] = Field(default_factory=dict)
    expected: Expected = Expected()
    design: Design | None = None
    known_missing: tuple[str, ...] = ()
    excluded: dict[str, str] = Field(default_factory=dict)
    faults: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Columns that the card's names and tables give, in order."""
        joined = [name for table in self.tables for name in table.columns]
        return list(dict.fromkeys([*self.labels, *joined]))

    @model_validator(mode="after")
    def _has_terms(self) -> Card:
        if self.download is not None and not (self.licence and self.citation):
            raise ValueError("`download` needs `licence` and `citation`: add them")
        return self

    @model_validator(mode="after")
    def _parts_agree(self) -> Card:
        if self.layout != "files":
            if self.grammar or self.labels or self.tables or self.design or self.excluded:
                raise ValueError(
                    f"`layout: {self.layout}` reads a table: "
                    f"remove grammar, labels, tables, design, excluded"
                )
            return self
        if self.grammar is None:
            raise ValueError("`layout: files` needs `grammar`")
        groups = self.grammar.regex.names
        for name, label in self.labels.items():
            require(f"labels.{name}.value", label.groups, "group of `grammar.pattern`", groups)
            if name in RESERVED and name not in ("speaker", "split", "fold"):
                raise ValueError(f"`labels.{name}`: a card cannot define the column `{name}`")
            if label.same_for is not None:
                require(f"labels.{name}.same_for", [label.same_for], "label", self.labels)
        for number, table in enumerate(self.tables):
            placeholders = PLACEHOLDER.findall(table.join_on or "")
            field = f"tables.{number}.join_on"
            require(field, placeholders, "group of `grammar.pattern`", groups)
        if self.design is not None:
            named = [*self.design.keys, *PLACEHOLDER.findall(self.design.name)]
            require("design", named, "group of `grammar.pattern`", groups)
        for part in ("tasks", "never_tasks"):
            require(part, getattr(self, part), "column", self.columns)
        if self.tasks:
            require("primary", [self.primary], "task", self.tasks)
        self._check_classes()
        try:
            self.row(self.grammar.groups(self.grammar.example) or {})
        except ValueError as error:
            raise ValueError(f"`grammar.example`: {error}: correct one of them") from error
        return self

    def _check_classes(self) -> None:
        coded = {name: label.codes for name, label in self.labels.items() if label.codes}
        for table in self.tables:
            coded |= table.codes
        for name, task in self.tasks.items():
            if task.classes and name in coded:
                meanings = [meaning for meaning in coded[name].values() if meaning]
                require(f"tasks.{name}.classes", task.classes, "code", meanings)
                require(f"codes of `{name}`", meanings, "class", task.classes)
        counts = self.expected.classes
        if counts and not self.tasks:
            raise ValueError(f"`expected.classes` needs `tasks` with `{self.primary}`: add it")
        if counts and self.tasks[self.primary].classes:
            require("expected.classes", counts, "class", self.tasks[self.primary].classes)
        total = sum(counts.values()) + self.expected.unlabelled
        if counts and self.expected.utterances not in (None, total):
            raise ValueError(
                f"`expected.classes` add up to {total}, "
                f"`expected.utterances` is {self.expected.utterances}: correct one of them"
            )

    def row(self, groups: Mapping[str, str]) -> dict[str, str]:
        """Return the labels of one name's groups; raises ValueError where a code is unknown."""
        row = {}
        for name, label in self.labels.items():
            try:
                row[name] = label.of(groups)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return row


def list_cards() -> list[str]:
    """Return the names of the cards that featser brings, sorted.

    Examples
    --------
    >>> "emodb" in list_cards()
    True
    """
    folder = resources.files("featser.corpora") / "cards"
    return sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".yaml"))


def load_card(name_or_path: str | Path) -> Card:
    """Read a card.

    Parameters
    ----------
    name_or_path : str or Path
        The name of a card that featser brings, or a YAML file.

    Returns
    -------
    Card
        The card.

    Raises
    ------
    CardError
        If the name is unknown, the file is missing, or a field is wrong.

    Examples
    --------
    >>> load_card("emodb").primary
    'emotion'
    >>> load_card("emodb").language
    'de'
    """
    text = str(name_or_path)
    if text in list_cards():
        return _built_in(text)
    path = Path(text)
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise CardError(f"{unknown('corpus card', text, list_cards())}; or give a .yaml file")
    try:
        return parse_card(read_yaml_text(path), text)
    except OSError as error:
        raise CardError(f"{text}: the card cannot be read: {error.strerror or error}") from error
    except YamlError as error:
        raise CardError(f"{text}: {error}") from error


@cache
def _built_in(name: str) -> Card:
    file = resources.files("featser.corpora") / "cards" / f"{name}.yaml"
    return parse_card(file.read_text(encoding="utf-8"), f"{name}.yaml")


def parse_card(text: str, file: str) -> Card:
    """Read a card's text.

    Parameters
    ----------
    text : str
        YAML.
    file : str
        What errors call it.

    Raises
    ------
    CardError
        If a field is wrong.
    """
    lines: dict[tuple[str, ...], int] = {}
    try:
        data = _plain(compose_yaml(text), (), lines, file)
    except YamlError as error:
        raise CardError(f"{file}: {error}") from error
    if not isinstance(data, dict):
        raise CardError(f"{file}: a card is a mapping of fields such as `name:` and `grammar:`")
    try:
        return Card.model_validate(data)
    except ValidationError as error:
        faults = list(_explain(error, lines))
        more = f"; and {len(faults) - SHOWN_FAULTS} more" if len(faults) > SHOWN_FAULTS else ""
        raise CardError(f"{file}, {'; '.join(faults[:SHOWN_FAULTS])}{more}") from error


def _plain(node: Any, at: tuple[str, ...], lines: dict[tuple[str, ...], int], file: str) -> Any:
    """Turn a YAML node into dicts, lists and text, keeping the line of each field."""
    if node is None:
        return None
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, str(i)), lines, file) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    data: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise CardError(f"{file}, line {line}: the name of a field is a word, such as `title:`")
        name = str(key.value)
        if name in data:
            raise CardError(
                f"{file}, line {line}: `{'.'.join((*at, name))}` occurs twice: keep one"
            )
        lines[(*at, name)] = line
        data[name] = _plain(value, (*at, name), lines, file)
    return data


_FIXES = {
    "tuple_type": "write a list, such as [a, b]",
    "dict_type": "write names and values below it, such as `name: value`",
    "model_type": "write its fields below it, such as `name: value`",
    "string_type": "write text",
    "int_parsing": "write a whole number",
    "float_parsing": "write a number",
    "bool_parsing": "write true or false",
    "literal_error": "write {expected}",
    "string_pattern_mismatch": "use a-z, 0-9, - and _, beginning with a letter",
    "too_short": "give at least one",
}


def _explain(error: ValidationError, lines: dict[tuple[str, ...], int]) -> Iterator[str]:
    for fault in error.errors():
        at = tuple(str(part) for part in fault["loc"])
        context = fault.get("ctx", {})
        location = at
        if fault["type"] == "value_error":
            # A rule that several fields must keep names the first of them at its beginning.
            named = re.match(r"`([^`]+)`", str(context["error"]))
            location = (*at, *named[1].split(".")) if named else at
        line = next(
            (lines[location[:n]] for n in range(len(location), -1, -1) if location[:n] in lines), 1
        )
        where, field = f"line {line}: ", shortened(".".join(at))
        if fault["type"] == "extra_forbidden":
            valid = _fields_at(at[:-1])
            yield f"{where}{unknown('field', at[-1], valid)} (in `{'.'.join(at[:-1]) or 'card'}`)"
        elif fault["type"] == "missing":
            yield f"{where}the field `{field}` is missing: add it"
        elif fault["type"] == "value_error":
            yield f"{where}{f'`{field}`: ' if at else ''}{context['error']}"
        else:
            fix = fault["msg"]
            if fault["type"] in _FIXES:
                fix = _FIXES[fault["type"]].format(**context)
            yield f"{where}`{field}` is {shortened(repr(fault['input']))}: {fix}"


def _fields_at(at: tuple[str, ...]) -> list[str]:
    """Names of the fields that the schema has at a place."""
    nested: dict[str, type[Schema]] = {"parity": Parity, "lines": Lines}
    if len(at) == 3 and at[-1] in nested:
        return list(nested[at[-1]].model_fields)
    if len(at) == 3 and at[:2] == ("download", "files"):
        return list(Archive.model_fields)
    parts: dict[str, type[Schema]] = {
        "grammar": Grammar, "labels": Label, "tables": SideTable, "tasks": TaskCard,
        "expected": Expected, "design": Design, "download": Download,
    }  # fmt: skip
    return list((parts[at[0]] if at else Card).model_fields)
