"""Maps: what is fitted without a fold's labels, and how the axes of folds are aligned."""

from __future__ import annotations

import numpy as np
import pytest

from featser.evaluation.protocols.folds import Folds
from featser.explanation.maps import lda_map, pca_map, principal_components, speaker_places


def classes(n: int = 240, k: int = 4, d: int = 12, apart: float = 4.0) -> tuple:
    generator = np.random.default_rng(0)
    labels = np.arange(n) % k
    features = generator.normal(size=(n, d)) + apart * np.eye(d)[labels]
    return features.astype(np.float32), labels, Folds(np.arange(n) // (n // 6))


def overlap(positions: np.ndarray, labels: np.ndarray) -> float:
    """The share of recordings whose nearest other recording has another label."""
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return float((labels[distances.argmin(axis=1)] != labels).mean())


def test_lda_places_separate_classes_apart_in_all_folds_together() -> None:
    features, labels, folds = classes(k=3)
    made = lda_map(features, labels, folds, features[:, 0], 0)
    assert np.isfinite(made.positions).all()
    assert overlap(made.positions, labels) < 0.05
    for one in range(3):  # aligned: the folds of a class are in the same place
        means = [made.positions[(labels == one) & (folds.test == f)].mean(axis=0) for f in range(6)]
        assert np.std(means, axis=0).max() < 0.6


def test_lda_separates_no_classes_that_only_training_labels_know() -> None:
    """Of random labels, an analysis fitted on all recordings would show separate classes."""
    generator = np.random.default_rng(1)
    features = generator.normal(size=(240, 60)).astype(np.float32)
    labels = generator.integers(0, 3, 240)
    made = lda_map(features, labels, Folds(np.arange(240) // 40), features[:, 0], 0)
    assert overlap(made.positions, labels) > 0.55


def test_labels_of_a_fold_do_not_move_its_own_recordings() -> None:
    features, labels, folds = classes()
    one = lda_map(features, labels, folds, features[:, 0], 0).positions
    changed = labels.copy()
    changed[folds.test == 0] = (labels[folds.test == 0] + 1) % 4
    other = lda_map(features, changed, folds, features[:, 0], 0).positions
    np.testing.assert_allclose(one[folds.test == 0], other[folds.test == 0])


def test_two_classes_get_the_given_second_axis_and_unlabelled_rows_a_place() -> None:
    features, labels, folds = classes(k=2)
    labels = labels.copy()
    labels[:5] = -1
    second = np.linspace(0, 1, len(labels))
    made = lda_map(features, labels, folds, second, 0)
    np.testing.assert_array_equal(made.positions[:, 1], second)
    assert np.isfinite(made.positions[:, 0]).all()


def test_rows_that_no_fold_tests_have_no_place() -> None:
    features, labels, folds = classes()
    test = folds.test.copy()
    test[:3] = -1
    made = lda_map(features, labels, Folds(test), features[:, 0], 0)
    assert np.isnan(made.positions[:3]).all()
    assert np.isfinite(made.positions[3:]).all()


def test_a_training_set_without_a_class_still_has_two_axes() -> None:
    features, labels, _ = classes(k=3)
    folds = Folds(np.where(labels == 2, 0, 1 + np.arange(len(labels)) % 2))
    made = lda_map(features, labels, folds, features[:, 0], 0)
    assert np.isfinite(made.positions).all()


def test_pca_takes_undefined_values_and_few_features() -> None:
    features = np.array([[1.0], [2.0], [np.nan], [4.0]], dtype=np.float32)
    components = principal_components(features, 0)
    assert components.shape == (4, 2)
    assert np.isfinite(pca_map(components).positions).all()


def test_pca_is_the_same_each_time() -> None:
    features, _, _ = classes()
    np.testing.assert_array_equal(
        principal_components(features, 0), principal_components(features, 0)
    )


def test_speakers_without_a_name_have_no_place() -> None:
    components = np.array([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]])
    (place,) = speaker_places(components, ["a", "a", ""])
    assert place.position == (1.0, 0.0)
    assert place.nearest == ""
    assert speaker_places(components, ["", "", ""]) == []


@pytest.mark.extras
def test_umap_places_all_recordings() -> None:
    from featser.explanation.maps import umap_map

    features, labels, _ = classes()
    made = umap_map(principal_components(features, 0), 0)
    assert made.positions.shape == (240, 2)
    assert overlap(made.positions, labels) < 0.2
