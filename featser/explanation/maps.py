"""Two-dimensional maps of recordings, from their features.

``pca`` shows where recordings differ most, whatever their labels. ``lda`` shows the directions that
separate the classes: of each recording by a discriminant analysis that was fitted on the training
set of the fold that tests it, so that classes that only seem separate because the analysis has seen
their labels are not. ``umap`` keeps neighbours together, without labels.

The discriminant axes of two folds differ in rotation and sign. The axes of every fold are rotated
such that the means of its training classes lie closest to those of the first fold (orthogonal
Procrustes analysis; distances do not change). Only training rows decide the rotation.

References
----------
Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31, 1966.
McInnes, Healy and Melville, "UMAP: uniform manifold approximation and projection for dimension
reduction", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featser.errors import ResourceError
from featser.evaluation.protocols.folds import Folds
from featser.speakers.normalization import prepared

COMPONENTS = 50
"""Principal components that discriminant analysis, UMAP and distances of speakers rely on."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RecordingMap:
    """A map.

    Attributes
    ----------
    name, title, meaning : str
        ``meaning`` is a sentence for readers.
    positions : ndarray of float, shape (n, 2)
        NaN for recordings that no fold tests.
    """

    name: str
    title: str
    meaning: str
    positions: Floats


def principal_components(features: NDArray[Any], random_state: int) -> Floats:
    """Return the first principal components of standardised features.

    Parameters
    ----------
    features : ndarray of float, shape (n, d)
        NaN where undefined, which becomes the mean.
    random_state : int

    Returns
    -------
    ndarray of float, shape (n, c)
        At most :data:`COMPONENTS`, two or more, signs such that the largest weight is positive.

    Examples
    --------
    >>> principal_components(np.eye(4), 0).shape
    (4, 4)
    """
    scores = _components(features, random_state).fit_transform(features)
    missing = max(0, 2 - scores.shape[1])
    return np.pad(np.asarray(scores, dtype=np.float64), ((0, 0), (0, missing)))


def _components(features: NDArray[Any], random_state: int) -> Any:
    from sklearn.decomposition import PCA

    count = min(COMPONENTS, *features.shape)
    # Three power iterations place recordings as more do, for half of the time.
    pca = PCA(count, svd_solver="randomized", iterated_power=3, random_state=random_state)
    return prepared(pca)


def pca_map(components: Floats) -> RecordingMap:
    """Return the map of the first two principal components."""
    return RecordingMap(
        "pca",
        "Unsupervised (PCA)",
        "The two directions in which the recordings differ most; labels are not used.",
        components[:, :2],
    )


def lda_map(
    features: NDArray[Any],
    labels: NDArray[np.intp],
    folds: Folds,
    second_axis: Floats,
    random_state: int,
) -> RecordingMap:
    """Return the map of discriminant analyses that were fitted without the recording's fold.

    Parameters
    ----------
    features : ndarray of float, shape (n, d)
    labels : ndarray of int, shape (n,)
        Classes from 0; −1 for rows without a label, which are placed but not fitted on.
    folds : Folds
        Of the run.
    second_axis : ndarray of float, shape (n,)
        The second axis where there are two classes, which have a single discriminant direction.
    random_state : int

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> labels = np.arange(60) % 3
    >>> X = generator.normal(size=(60, 8)) + 4 * np.eye(8)[labels]
    >>> made = lda_map(X, labels, Folds(np.arange(60) // 20), X[:, 0], 0)
    >>> means = np.array([made.positions[labels == one].mean(axis=0) for one in range(3)])
    >>> bool(np.linalg.norm(means[0] - means[1]) > 2)
    True
    """
    positions = np.full((len(labels), 2), np.nan)
    reference: Floats | None = None
    for trained, test in folds.splits():
        train = trained[labels[trained] >= 0]
        placed, means = _discriminant(features, labels, train, test, random_state)
        reference = means if reference is None else reference
        aligned = _rotated(placed, means, reference)
        has_two = aligned.shape[1] > 1
        positions[test, 0] = aligned[:, 0]
        positions[test, 1] = aligned[:, 1] if has_two else second_axis[test]
    return RecordingMap(
        "lda",
        "Supervised (LDA, out of fold)",
        "The two directions that separate the classes best. Each recording is placed by a "
        "discriminant analysis that was fitted without its fold; the axes of folds are rotated "
        "onto each other.",
        positions,
    )


def _discriminant(
    features: NDArray[Any],
    labels: NDArray[np.intp],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    random_state: int,
) -> tuple[Floats, Floats]:
    """Return where the test rows are, and the means of the training classes (NaN for none)."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    components = _components(features[train], random_state)
    scores = components.fit_transform(features[train])
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    fitted = analysis.fit(scores, labels[train]).transform(scores)
    n_classes, width = int(labels.max()) + 1, int(labels.max())
    means = np.full((n_classes, width), np.nan)
    for one in np.unique(labels[train]):
        means[one] = _widened(fitted[labels[train] == one], width).mean(axis=0)
    placed = analysis.transform(components.transform(features[test]))
    return _widened(placed, width), means


def _widened(points: NDArray[Any], width: int) -> Floats:
    """Add axes of zeros: a training set without one of the classes has a direction less."""
    return np.pad(np.asarray(points, dtype=np.float64), ((0, 0), (0, width - points.shape[1])))


def _rotated(points: Floats, means: Floats, reference: Floats) -> Floats:
    """Rotate points such that class means come closest to reference means."""
    shared = ~np.isnan(means).any(axis=1) & ~np.isnan(reference).any(axis=1)
    own, other = means[shared], reference[shared]
    centre, target = own.mean(axis=0), other.mean(axis=0)
    left, _, right = np.linalg.svd((own - centre).T @ (other - target))
    return np.asarray((points - centre) @ (left @ right) + target)


def umap_map(components: Floats, random_state: int) -> RecordingMap:
    """Return the map by UMAP of the principal components.

    Raises
    ------
    ResourceError
        If umap-learn is not installed.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise ResourceError(
            "umap: the package umap-learn is not installed: pip install 'featser[maps]', or leave "
            "out --umap"
        ) from error
    placed = UMAP(
        n_neighbors=min(15, len(components) - 1), random_state=random_state, n_jobs=1
    ).fit_transform(components)
    return RecordingMap(
        "umap",
        "Unsupervised (UMAP)",
        "Recordings with similar features are close; distances between groups mean little. Labels "
        "are not used.",
        np.asarray(placed, dtype=np.float64),
    )


@dataclass(frozen=True)
class SpeakerPlace:
    """A speaker on the unsupervised map.

    Attributes
    ----------
    speaker : str
    position : tuple of float
        The mean of the speaker's recordings.
    nearest : str
        The speaker whose mean in the principal components is the closest; empty for a single one.
    rows : ndarray of int
        The speaker's recordings.
    """

    speaker: str
    position: tuple[float, float]
    nearest: str
    rows: NDArray[np.intp]


def speaker_places(components: Floats, speaker: Sequence[str]) -> list[SpeakerPlace]:
    """Return where the speakers are; rows without a speaker do not count.

    Parameters
    ----------
    components : ndarray of float, shape (n, c)
        Principal components.
    speaker : sequence of str, length n

    Examples
    --------
    >>> places = speaker_places(np.array([[0.0, 0], [1, 0], [5, 0]]), ["a", "b", "c"])
    >>> [place.nearest for place in places]
    ['b', 'a', 'b']
    """
    names = np.asarray(speaker, dtype=np.str_)
    speakers = [str(name) for name in np.unique(names) if name]
    if not speakers:
        return []
    means = np.array([components[names == name].mean(axis=0) for name in speakers])
    apart = np.linalg.norm(means[:, None] - means[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return [
        SpeakerPlace(
            name,
            (float(means[at, 0]), float(means[at, 1])),
            speakers[int(apart[at].argmin())] if len(speakers) > 1 else "",
            np.flatnonzero(names == name),
        )
        for at, name in enumerate(speakers)
    ]
