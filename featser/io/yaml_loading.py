"""YAML from users, read within limits: size, depth, number of values, aliases, names of fields.

YAML allows more than a file of settings needs. A few hundred bytes of aliases expand to billions
of values, deep nesting exhausts the stack, and keys may be numbers or lists. All YAML that featser
reads goes through this module, which refuses such a file with one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from featser.errors import FeatserError, shortened

MAX_BYTES = 256_000
"""The largest card that comes with featser has 3,313."""
MAX_DEPTH = 32
MAX_VALUES = 20_000
"""Keys and values of a document, once its aliases are written out."""

_TEXT_TAG = "tag:yaml.org,2002:str"


class YamlError(FeatserError):
    """A YAML file that cannot be used; the message is one line without the file's name."""


_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser is ten times as fast as PyYAML's own; both build plain values only."""
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def _without_base_60(tag: str, pattern: re.Pattern[str]) -> re.Pattern[str]:
    """Return a pattern of numbers that reads ``1:2`` as text: YAML 1.1 reads it as 62."""
    if tag not in _NUMBER_TAGS:
        return pattern
    return re.compile(f"(?!.*:){pattern.pattern}", pattern.flags)


_Loader: Any = type(
    "_Loader",
    (_Parser,),
    {
        "yaml_implicit_resolvers": {
            first: [(tag, _without_base_60(tag, pattern)) for tag, pattern in resolvers]
            for first, resolvers in _Parser.yaml_implicit_resolvers.items()
        }
    },
)


_WRITE = "write the values out"


@dataclass(frozen=True)
class Limits:
    """What a document may hold.

    Parameters
    ----------
    max_bytes : int
        Size of the file.
    max_values : int
        Keys and values, once aliases are written out.
    aliases : bool
        Whether aliases are expanded, and counted, rather than refused.
    text_keys : bool
        Whether every key has to be text.
    """

    max_bytes: int = MAX_BYTES
    max_values: int = MAX_VALUES
    aliases: bool = False
    text_keys: bool = True


SETTINGS = Limits()
"""For what people write: cards, recipes and values on the command line."""
HEADERS = Limits(max_bytes=20_000_000, max_values=500_000, aliases=True, text_keys=False)
"""For what programs write: headers of databases, which may list thousands of speakers."""


def read_yaml_text(path: Path, limits: Limits = SETTINGS) -> str:
    """Read a YAML file as text.

    Parameters
    ----------
    path : Path
        The file.
    limits : Limits
        How large it may be.

    Returns
    -------
    str
        Its text.

    Raises
    ------
    YamlError
        If it is too large or not UTF-8.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(limits.max_bytes + 1)
    _check_size(len(data), limits)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(f"not UTF-8 text ({error}): save it as UTF-8") from error


def compose_yaml(text: str) -> yaml.Node | None:
    """Return the nodes of a document that a person wrote; their scalars are still text.

    Parameters
    ----------
    text : str
        One document.

    Returns
    -------
    yaml.Node or None
        The outermost value; None for an empty document.

    Raises
    ------
    YamlError
        If the text is not YAML, or exceeds a limit.
    """
    node: yaml.Node | None = _guarded(text, SETTINGS, construct=False)
    return node


def load_yaml(text: str, limits: Limits = SETTINGS) -> Any:
    """Return the values of a document: dicts, lists, text, numbers, dates, None.

    Parameters
    ----------
    text : str
        One document.
    limits : Limits
        What it may hold.

    Returns
    -------
    object
        The value.

    Raises
    ------
    YamlError
        If the text is not YAML, exceeds a limit, has a key twice or one that is not text.

    Examples
    --------
    >>> load_yaml("{model: svm, seed: 1}")
    {'model': 'svm', 'seed': 1}
    """
    return _guarded(text, limits, construct=True)


def _check_size(n_bytes: int, limits: Limits) -> None:
    if n_bytes > limits.max_bytes:
        raise YamlError(f"larger than {limits.max_bytes // 1000} kB: split the file")


def _guarded(text: str, limits: Limits, construct: bool) -> Any:
    """Read a document, and turn everything that a parser may raise into one line."""
    _check_size(len(text), limits)
    try:
        _check_events(text, limits)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None or not construct:
            return node
        _check_keys(node, limits.text_keys, set())
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"{where}not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise YamlError(f"not YAML: {shortened(str(error))}") from error
    # Numbers and dates that Python refuses (2024-99-99, 5,000 digits), tags such as `!!int`,
    # and text with half of a surrogate pair.
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError) as error:
        why = shortened(str(error))
        raise YamlError(f"not YAML: a value cannot be converted ({why})") from error


def _check_events(text: str, limits: Limits) -> None:
    """Refuse what exceeds a limit, before any of it takes memory."""
    n_values = 0
    sizes: dict[str, int] = {}
    open_collections: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_collections.pop()
            if anchor is not None:
                sizes[anchor] = n_values - before
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent):
            name = event.anchor or ""
            if not limits.aliases:
                raise YamlError(f"line {line}: aliases (`*{name[:40]}`) are not allowed: {_WRITE}")
            if any(anchor == name for anchor, _ in open_collections):
                raise YamlError(f"line {line}: an alias contains itself: {_WRITE}")
            n_values += sizes.get(name, 1)
        else:
            n_values += 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_collections.append((event.anchor, n_values - 1))
            elif event.anchor is not None:
                sizes[event.anchor] = 1
            _check_scalar(event, line)
        if len(open_collections) > MAX_DEPTH:
            raise YamlError(f"line {line}: more than {MAX_DEPTH} levels of nesting: remove some")
        if n_values > limits.max_values:
            raise YamlError(f"line {line}: more than {limits.max_values:,} values: split the file")


def _check_scalar(event: yaml.NodeEvent, line: int) -> None:
    if isinstance(event, yaml.ScalarEvent) and "\0" in event.value:
        raise YamlError(f"line {line}: a value holds a zero byte (`\\0`): remove it")


def _check_keys(node: yaml.Node, text_keys: bool, checked: set[int]) -> None:
    """Refuse keys that are not text, and keys that occur twice in one mapping."""
    if id(node) in checked:
        return
    checked.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, text_keys, checked)
    if not isinstance(node, yaml.MappingNode):
        return
    names: set[tuple[str, str]] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError(f"line {line}: a key is a list or a mapping: write text")
        if text_keys and key.tag != _TEXT_TAG:
            raise YamlError(
                f"line {line}: the key `{key.value[:40]}` is not text: write it in quotes"
            )
        if (key.tag, key.value) in names:
            raise YamlError(f"line {line}: `{key.value[:40]}` occurs twice: remove one")
        names.add((key.tag, key.value))
        _check_keys(value, text_keys, checked)
