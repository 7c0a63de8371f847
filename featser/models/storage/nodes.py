"""What the skops archive inside a bundle may hold: which types, built in which way, of which size.

skops checks the types that a file names. It does not check what is handed to them, and trusts all
of scikit-learn's estimators. Here each type is bound to the one way in which featser saves it, so
that no constructor is called with arguments from the file (``Booster(model_file=…)``), no type is
built that featser never saves, and every array has the bytes that its header announces.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from featser.models.storage.members import MemberError, pack, refuse_oversized
from featser.models.storage.trees import check_boosted_bytes, check_nodes

SCHEMA = "schema.json"
MAX_SCHEMA = 100_000_000
MAX_ARRAY = 4_000_000_000
MAX_ESTIMATORS = 8_000_000_000
MAX_NODES = 2_000_000
MAX_DEPTH = 120
MAX_HEADER = 10_000
MIN_PROTOCOL = 2
NODE_FIELDS = ("left_child", "right_child", "feature")

SKLEARN = (
    "sklearn.cluster._kmeans.KMeans",
    "sklearn.cluster._kmeans.MiniBatchKMeans",
    "sklearn.compose._target.TransformedTargetRegressor",
    "sklearn.decomposition._pca.PCA",
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    "sklearn.ensemble._forest.ExtraTreesClassifier",
    "sklearn.ensemble._forest.ExtraTreesRegressor",
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.ensemble._forest.RandomForestRegressor",
    "sklearn.impute._base.SimpleImputer",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.linear_model._ridge.Ridge",
    "sklearn.neighbors._classification.KNeighborsClassifier",
    "sklearn.neighbors._regression.KNeighborsRegressor",
    "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
    "sklearn.neural_network._multilayer_perceptron.MLPRegressor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._label.LabelBinarizer",
    "sklearn.svm._classes.SVC",
    "sklearn.svm._classes.SVR",
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._classes.DecisionTreeRegressor",
    "sklearn.tree._classes.ExtraTreeClassifier",
    "sklearn.tree._classes.ExtraTreeRegressor",
)
"""scikit-learn's types that featser's models consist of."""

_NUMPY = re.compile(r"numpy\.(ndarray|bool_?|str_|float(16|32|64)|u?int(8|16|32|64))")
_PLAIN = ("builtins.bool", "builtins.float", "builtins.int", "builtins.str")
_BOOSTER = "xgboost.core.Booster"


class NodeError(ValueError):
    """A part of the estimators that featser never saves in this way."""


class ForeignTypeError(NodeError):
    """Types that featser does not load."""


def check_estimators(data: bytes, allowed: tuple[str, ...]) -> frozenset[str]:
    """Refuse estimators that hold anything that featser does not save; builds nothing.

    Parameters
    ----------
    data : bytes
        The skops archive.
    allowed : tuple of str
        Types beside :data:`SKLEARN`, NumPy's and Python's own.

    Returns
    -------
    frozenset of str
        Those of these types that occur.

    Raises
    ------
    MemberError, NodeError
        With what is wrong.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        refuse_oversized(archive, {SCHEMA: MAX_SCHEMA}, MAX_ARRAY, MAX_ESTIMATORS)
        schema = _read_schema(archive)
        check = _Check(archive, frozenset((*allowed, *SKLEARN)))
        check.root(schema)
    return frozenset(check.occurring & check.types)


def fixed_bytes(data: bytes) -> bytes:
    """Return a skops archive whose bytes depend on its content alone.

    skops numbers objects by where they lie in memory, names files by them or at random, and dates
    the members. Here objects and files are numbered by their order.

    Parameters
    ----------
    data : bytes
        As ``skops.io.dumps`` returns it.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        numbers: dict[int, int] = {}
        files: dict[str, str] = {}
        for node in all_nodes(schema):
            _renumber(node, numbers, files)
        members = [(new, _without_padding(archive.read(old), new)) for old, new in files.items()]
    text = json.dumps(schema, separators=(",", ":")).encode()
    return pack([*members, (SCHEMA, text)], zipfile.ZIP_STORED)


def _without_padding(data: bytes, name: str) -> bytes:
    """Set the bytes between the fields of a tree's nodes to 0: they are left from other uses."""
    if not name.endswith(".npy"):
        return data
    table = np.load(io.BytesIO(data), allow_pickle=False)
    if table.dtype.names is None:
        return data
    clean = np.zeros(table.shape, table.dtype)  # zeros_like leaves the padding as it was
    for field in table.dtype.names:
        clean[field] = table[field]
    # Not by np.save, whose buffer brings such bytes in again.
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(clean))
    return buffer.getvalue() + bytes(clean.tobytes())


def _renumber(node: dict[str, Any], numbers: dict[int, int], files: dict[str, str]) -> None:
    identity = node.pop("__id__", None)
    # Values that cannot change need no identity, and whether two are one object is chance.
    if identity is not None and node.get("__loader__") not in ("JsonNode", "TypeNode"):
        node["__id__"] = numbers.setdefault(identity, len(numbers) + 1)
    if isinstance(node.get("file"), str) and "__loader__" in node:
        old = node["file"]
        ending = old.rpartition(".")[2]
        node["file"] = files.setdefault(old, f"{len(files) + 1}.{ending}")


def all_nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting: list[Any] = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "__class__" in item:
                yield item
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)


def _read_schema(archive: zipfile.ZipFile) -> dict[str, Any]:
    text = archive.read(SCHEMA)
    if text.count(b"{") + text.count(b"[") > MAX_NODES:
        raise NodeError(f"{SCHEMA} has more than {MAX_NODES} parts")
    schema = json.loads(text)
    if not isinstance(schema, dict):
        raise NodeError(f"{SCHEMA} is no object")
    protocol = schema.get("protocol")
    if type(protocol) is not int or protocol < MIN_PROTOCOL:
        raise NodeError(f"{SCHEMA} has protocol {str(protocol)[:20]}, {MIN_PROTOCOL} is needed")
    return schema


class _Check:
    """Goes through the nodes of one archive as skops does, without building anything."""

    def __init__(self, archive: zipfile.ZipFile, types: frozenset[str]) -> None:
        self.archive = archive
        self.types = types
        self.foreign: set[str] = set()
        self.occurring: set[str] = set()
        self._arrays: set[str] = set()
        self._kinds: dict[Any, str] = {}

    def root(self, schema: dict[str, Any]) -> None:
        """Check all nodes; types that are not allowed are collected and named together."""
        waiting = [(schema, 0)]
        while waiting:
            node, depth = waiting.pop()
            if depth > MAX_DEPTH:
                raise NodeError(f"{SCHEMA} is nested more than {MAX_DEPTH} deep")
            waiting += [(child, depth + 1) for child in self._children(node)]
        if self.foreign:
            raise ForeignTypeError(", ".join(sorted(self.foreign)))

    def _children(self, node: Any) -> list[Any]:
        if not isinstance(node, dict):
            raise NodeError(f"{SCHEMA} has {type(node).__name__} where an object is expected")
        kind = f"{node.get('__module__')}.{node.get('__class__')}"
        loader = node.get("__loader__")
        rule = _RULES.get(loader) if isinstance(loader, str) else None
        if rule is None:
            self.foreign.add(f"{kind} (built by {str(loader)[:40]})")
            return []
        self.occurring.add(kind)
        self._refuse_other_kind(node, f"{loader} {kind} {str(node.get('file'))[:60]}")
        return rule(self, node, kind)

    def _refuse_other_kind(self, node: dict[str, Any], kind: str) -> None:
        """Refuse a number that two nodes of different kinds share: skops builds the first only."""
        number = node.get("__id__")
        if number is None:
            return
        if type(number) is not int:
            raise NodeError("an object's number is no integer")
        if self._kinds.setdefault(number, kind) != kind:
            raise NodeError(f"two objects have one number: {self._kinds[number]} and {kind}")

    def _require(self, kind: str, *valid: str) -> None:
        if kind not in valid:
            self.foreign.add(kind)

    def value(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check a plain value, kept as JSON."""
        json.loads(_field(node, "content", str))
        return []

    def kind_of_key(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check the type of a dict's key."""
        self._require(kind, *_PLAIN)
        return []

    def mapping(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check a dict."""
        self._require(kind, "builtins.dict")
        content = _field(node, "content", dict)
        return [_field(node, "key_types", dict), *content.values()]

    def sequence(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check a list or tuple."""
        self._require(
            kind, "builtins.list" if node["__loader__"] == "ListNode" else "builtins.tuple"
        )
        return list(_field(node, "content", list))

    def array(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check an array or a NumPy scalar, and the header of its file."""
        if not _NUMPY.fullmatch(kind):
            self.foreign.add(kind)
        if node.get("type") == "json":
            return [*_field(node, "content", list), _field(node, "shape", dict)]
        self._check_npy(_field(node, "file", str))
        return []

    def data_type(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check a NumPy dtype."""
        self._require(kind, "numpy.dtype")
        return [_field(node, "content", dict)]

    def random_state(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check the state of a random generator."""
        self._require(kind, "numpy.random.mtrand.RandomState")
        return [_field(node, "content", dict)]

    def octets(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check the bytes of a booster."""
        self._require(kind, "builtins.bytearray")
        check_boosted_bytes(self.archive.read(_field(node, "file", str)))
        return []

    def tree(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check what a decision tree is built of, its nodes included."""
        self._require(kind, "sklearn.tree._tree.Tree")
        args = _field(_field(node, "__reduce__", dict), "args", dict)
        content = _field(node, "content", dict)
        nodes = _field(_field(content, "content", dict), "nodes", dict)
        name = _field(nodes, "file", str)
        self._check_npy(name)
        table = np.load(io.BytesIO(self.archive.read(name)), allow_pickle=False)
        if not set(NODE_FIELDS) <= set(table.dtype.names or ()):
            raise NodeError("a tree has nodes without children or feature")
        n_features = json.loads(_field(_field(args, "content", list)[0], "content", str))
        left, right, feature = (table[field] for field in NODE_FIELDS)
        check_nodes(left, right, feature, n_features)
        return [args, content]

    def instance(self, node: dict[str, Any], kind: str) -> list[Any]:
        """Check an object of attributes."""
        self._require(kind, *self.types)
        if kind == "sklearn.tree._tree.Tree":
            self.foreign.add(f"{kind} (built by ObjectNode)")
        if "content" not in node:
            return []
        content = _field(node, "content", dict)
        if kind == _BOOSTER:
            self._check_booster(content)
        return [content]

    def _check_booster(self, content: dict[str, Any]) -> None:
        inside = content.get("content")
        handle = inside.get("handle") if isinstance(inside, dict) and len(inside) == 1 else None
        if not isinstance(handle, dict) or handle.get("__loader__") != "BytearrayNode":
            raise NodeError("boosted trees are not stored as their bytes")

    def _check_npy(self, name: str) -> None:
        if name in self._arrays:
            return
        self._arrays.add(name)
        size = self.archive.getinfo(name).file_size
        with self.archive.open(name) as file:
            header = _raw_header(file, name)
        start = len(header)
        shape, dtype = _parsed_header(header)
        if dtype.hasobject:
            raise NodeError(f"array {name} holds Python objects")
        count = 1
        for length in shape:
            count *= length
        if min(shape, default=0) < 0 or start + count * dtype.itemsize != size:
            raise NodeError(f"array {name} has not the bytes that its header announces")


_RULES: dict[str, Callable[[_Check, dict[str, Any], str], list[Any]]] = {
    "JsonNode": _Check.value,
    "TypeNode": _Check.kind_of_key,
    "DictNode": _Check.mapping,
    "ListNode": _Check.sequence,
    "TupleNode": _Check.sequence,
    "NdArrayNode": _Check.array,
    "DTypeNode": _Check.data_type,
    "RandomStateNode": _Check.random_state,
    "BytearrayNode": _Check.octets,
    "TreeNode": _Check.tree,
    "ObjectNode": _Check.instance,
}
"""The ways of skops in which featser's models are saved."""


def _raw_header(file: Any, name: str) -> bytes:
    start = bytes(file.read(12))
    sizes = {b"\x93NUMPY\x01\x00": start[8:10], b"\x93NUMPY\x02\x00": start[8:12]}
    size = sizes.get(start[:8])
    if size is None:
        raise NodeError(f"array {name} is not in NumPy's format")
    rest = 8 + len(size) + int.from_bytes(size, "little") - len(start)
    if not 0 <= rest <= MAX_HEADER:
        raise NodeError(f"array {name} has a header of {rest} bytes")
    return start + bytes(file.read(rest))


@lru_cache(maxsize=1024)
def _parsed_header(header: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    file = io.BytesIO(header)
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    return shape, dtype


def _field(node: dict[str, Any], name: str, kind: type) -> Any:
    value = node.get(name)
    if not isinstance(value, kind):
        raise NodeError(f"'{name}' of {str(node.get('__class__'))[:40]} is no {kind.__name__}")
    return value


__all__ = ["ForeignTypeError", "MemberError", "NodeError", "check_estimators", "fixed_bytes"]
