"""Checks of decision trees and boosted trees, whose compiled code follows indices unchecked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.models.storage.ubjson import UbjsonError, parse

_NODE_ARRAYS = (
    "base_weights",
    "default_left",
    "left_children",
    "loss_changes",
    "parents",
    "right_children",
    "split_conditions",
    "split_indices",
    "split_type",
    "sum_hessian",
)

Integers = NDArray[np.intp]


class TreeError(ValueError):
    """A tree whose prediction would loop, or read outside its arrays."""


def check_tree(tree: Any, n_features: int) -> None:
    """Check a fitted tree of scikit-learn.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    n_features : int
        How many features it is given.

    Raises
    ------
    TreeError
        If a child does not come after its parent, or a child or feature is out of range.
    """
    # First, since the arrays below are views of node_count nodes, whatever was allocated.
    if not 0 < tree.node_count == tree.capacity:
        raise TreeError(f"a tree claims a node count of {tree.node_count}, it has {tree.capacity}")
    if tree.n_features != n_features:
        raise TreeError(f"a tree reads {tree.n_features} features of {n_features}")
    if tree.n_outputs != 1:
        raise TreeError(f"a tree has {tree.n_outputs} outputs, not 1")
    check_nodes(tree.children_left, tree.children_right, tree.feature, n_features)


def check_boosted_bytes(data: bytes) -> None:
    """Check stored boosted trees before XGBoost's loader, which trusts them, reads them.

    Parameters
    ----------
    data : bytes
        As an ``xgboost.Booster`` writes itself: configuration and model.

    Raises
    ------
    TreeError
        If they are not well formed, no trees, or trees that read or write out of range.
    """
    try:
        content = parse(data)
        learner, config = content["Model"]["learner"], content["Config"]["learner"]
        params = learner["learner_model_param"]
        _check_same(params, config["learner_model_param"])
        model = learner["gradient_booster"]
        if {model["name"], config["gradient_booster"]["name"]} != {"gbtree"}:
            raise TreeError("its boosted trees are of another kind than featser grows")
        n_outputs = max(1, int(params["num_class"]))
        if int(params["num_target"]) > 1:
            raise TreeError("its boosted trees predict several targets")
        _check_boosted_model(model["model"], int(params["num_feature"]), n_outputs)
    except TreeError:
        raise
    except (UbjsonError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise TreeError(f"its boosted trees are damaged ({error})") from error


def check_booster(booster: Any, n_features: int, n_outputs: int) -> None:
    """Check that boosted trees fit the estimator that they belong to.

    Parameters
    ----------
    booster : xgboost.Booster
        Of bytes that :func:`check_boosted_bytes` has accepted.
    n_features : int
        How many features it is given.
    n_outputs : int
        Values for each row: classes, or 1.

    Raises
    ------
    TreeError
        With both.
    """
    config = json.loads(booster.save_config())["learner"]["learner_model_param"]
    stated = (booster.num_features(), max(1, int(config["num_class"])))
    if stated != (n_features, n_outputs):
        raise TreeError(
            f"its boosted trees read {stated[0]} features and give {stated[1]} values, "
            f"where {n_features} and {n_outputs} are expected"
        )


def _check_same(params: dict[str, Any], config: dict[str, Any]) -> None:
    for name in ("num_class", "num_feature", "num_target"):
        if config[name] != params[name]:
            raise TreeError(f"its boosted trees contradict their configuration: {name}")


def _check_boosted_model(model: dict[str, Any], n_features: int, n_outputs: int) -> None:
    trees, groups = model["trees"], np.asarray(model["tree_info"], dtype=np.int64)
    rounds = np.asarray(model["iteration_indptr"], dtype=np.int64)
    if int(model["gbtree_model_param"]["num_trees"]) != len(trees) or len(groups) != len(trees):
        raise TreeError("its boosted trees are counted wrongly")
    if ((groups < 0) | (groups >= n_outputs)).any():
        raise TreeError("its boosted trees belong to classes that do not exist")
    ends = (0, len(trees))
    if len(rounds) < 1 or (rounds[0], rounds[-1]) != ends or (np.diff(rounds) < 0).any():
        raise TreeError("the rounds of its boosted trees are counted wrongly")
    for tree in trees:
        _check_boosted_tree(tree, n_features)


def _check_boosted_tree(tree: dict[str, Any], n_features: int) -> None:
    params = tree["tree_param"]
    categories = [name for name in tree if name.startswith("categories")]
    if int(params["size_leaf_vector"]) > 1 or any(len(tree[name]) for name in categories):
        raise TreeError("its boosted trees are of another kind than featser grows")
    count = int(params["num_nodes"])
    arrays = {name: np.asarray(tree[name]) for name in _NODE_ARRAYS}
    if any(values.shape != (count,) for values in arrays.values()):
        raise TreeError(f"a boosted tree of {count} nodes has arrays of other lengths")
    if arrays["split_type"].any() or int(params["num_feature"]) not in (0, n_features):
        raise TreeError("its boosted trees are of another kind than featser grows")
    left, right, feature = (
        arrays[name].astype(np.intp)
        for name in ("left_children", "right_children", "split_indices")
    )
    _check_boosted_nodes(left, right, feature, n_features)


def check_nodes(left: Integers, right: Integers, feature: Integers, n_features: int) -> None:
    """Check the nodes of a tree of scikit-learn, where children come after their parent.

    Parameters
    ----------
    left, right : ndarray of int, shape (nodes,)
        Positions of the children; −1 on the left marks a leaf.
    feature : ndarray of int, shape (nodes,)
        What each node reads.
    n_features : int
        Of how many.

    Raises
    ------
    TreeError
        With what is wrong.
    """
    inner = np.flatnonzero(left != -1)
    children = np.stack([left[inner], right[inner]])
    _check_range(children, feature[inner], len(left), n_features)
    if (children <= inner).any():
        raise TreeError("a node of a tree comes before its parent, so predicting would not end")


def _check_boosted_nodes(
    left: Integers, right: Integers, feature: Integers, n_features: int
) -> None:
    """Check the nodes of a tree of XGBoost, where a child may reuse the place of a pruned node."""
    inner = np.flatnonzero(left != -1)
    children = np.stack([left[inner], right[inner]])
    _check_range(children, feature[inner], len(left), n_features)
    # With one parent each, and none for the root, no path from the root comes back to itself.
    if len(np.unique(children)) < children.size or (children == 0).any():
        raise TreeError("a node of a tree has two parents, so predicting might not end")


def _check_range(children: Integers, feature: Integers, count: int, n_features: int) -> None:
    if not count:
        raise TreeError("a tree has no nodes")
    if (children < 0).any() or (children >= count).any():
        raise TreeError(f"a node of a tree has a child that is not among its {count} nodes")
    if (feature < 0).any() or (feature >= n_features).any():
        raise TreeError(f"a node of a tree reads a feature that is not among {n_features}")
