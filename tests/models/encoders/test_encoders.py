from __future__ import annotations

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from featser.errors import TaskError
from featser.models.encoders import (
    ENCODERS,
    BagOfAudioWords,
    Encoder,
    FisherVectors,
    IVectors,
    Supervectors,
    make_encoder,
)
from featser.models.encoders.sequences import sequences
from featser.models.kernel.multiple_kernels import KernelClassifier
from featser.models.routing import fit_routed
from featser.models.storage.allowed_types import ALLOWED
from featser.speakers.normalization import prepared
from tests.models.encoders.frames import WIDTH, made

SMALL = {"width": WIDTH, "cepstra": 4}
EACH = (
    FisherVectors(n_components=3, **SMALL),
    Supervectors(n_components=3, n_dimensions=8, **SMALL),
    IVectors(n_components=3, rank=5, **SMALL),
    IVectors(n_components=3, rank=5, lda=True, **SMALL),
    BagOfAudioWords(n_words=20, **SMALL),
)
every = pytest.mark.parametrize("encoder", EACH, ids=lambda e: type(e).__name__)


@every
def test_vectors_are_as_long_as_promised_and_the_same_each_time(encoder: Encoder) -> None:
    X, y = made()
    model = clone(encoder)
    vectors = model.fit_transform(X, y)
    assert (
        vectors.shape == (len(X), model.dimension) == (len(X), len(model.get_feature_names_out()))
    )
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(clone(encoder).fit(X, y).transform(X), vectors)


@every
def test_an_utterance_has_the_same_vector_alone_as_among_others(encoder: Encoder) -> None:
    X, y = made(40)
    model = clone(encoder).fit(X[:30], y[:30])
    alone = np.vstack([model.transform(row[None]) for row in X[30:]])
    np.testing.assert_allclose(alone, model.transform(X)[30:], atol=1e-3)


@every
def test_a_saved_encoder_encodes_as_before(encoder: Encoder) -> None:
    X, y = made()
    model = clone(encoder).fit(X, y)
    data = skops.io.dumps(model)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(ALLOWED)
    again = skops.io.loads(data, trusted=list(ALLOWED))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


@every
def test_a_class_that_tilts_the_bands_is_predicted_for_new_utterances(encoder: Encoder) -> None:
    X, y = made(80)
    model = clone(encoder).fit(X[:40], y[:40])
    fitted, unseen = model.transform(X[:40]), model.transform(X[40:])
    centre = np.stack([fitted[y[:40] == c].mean(axis=0) for c in (0, 1)])
    nearest = ((unseen[:, None] - centre) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == y[40:]) > 0.9


def test_an_encoder_stands_before_a_model_that_asks_for_speakers() -> None:
    X, y = made(60)
    model = Pipeline([("encode", clone(EACH[0])), *prepared(KernelClassifier()).steps])
    fit_routed(model, X[:40], y[:40], speaker=np.arange(40) // 8)
    assert model.score(X[40:], y[40:]) > 0.9


def test_a_fisher_vector_is_the_gradient_of_the_likelihood() -> None:
    X, _ = made(6)
    model = FisherVectors(n_components=3, deltas=False, silence=None, **SMALL).fit(X)
    vector = model.transform(X)[0].astype(float)
    np.testing.assert_allclose(np.linalg.norm(vector), 1, rtol=1e-5)
    gradient = np.sign(vector) * vector**2
    values = sequences(X[:1], WIDTH, 4, deltas=False, silence=None).values
    z = ((values - model.mean_) / model.deviation_).astype(float)
    weights, means, variances = model.gmm_.weights_, model.gmm_.means_, model.gmm_.variances_

    def likelihood(means: np.ndarray, deviation: np.ndarray) -> float:
        joint = np.log(weights) - np.log(deviation).sum(axis=1)
        joint = joint - 0.5 * (((z[:, None] - means) / deviation) ** 2).sum(axis=2)
        return float(np.log(np.exp(joint).sum(axis=1)).mean())

    deviation, step = np.sqrt(variances), 1e-5
    expected = np.empty((2, *means.shape))
    for place in np.ndindex(means.shape):
        hair = np.zeros(means.shape)
        hair[place] = step * deviation[place]
        by_mean = likelihood(means + hair, deviation) - likelihood(means - hair, deviation)
        by_spread = likelihood(means, deviation + hair) - likelihood(means, deviation - hair)
        expected[0][place] = by_mean / (2 * step) / np.sqrt(weights[place[0]])
        expected[1][place] = by_spread / (2 * step) / np.sqrt(2 * weights[place[0]])
    np.testing.assert_allclose(gradient, expected.ravel() / np.abs(expected).sum(), atol=2e-4)


def test_supervectors_are_as_far_apart_as_the_adapted_means() -> None:
    X, _ = made(10)
    model = Supervectors(n_components=3, n_dimensions=20, relevance=7.0, **SMALL).fit(X)
    sums = model._all_statistics(X)
    adapted = sums.first / (sums.zeroth[:, :, None] + 7) * np.sqrt(model.gmm_.weights_)[:, None]
    vectors = model.transform(X)
    for one, other in ((0, 1), (2, 7)):
        expected = np.linalg.norm(adapted[one] - adapted[other])
        assert np.linalg.norm(vectors[one] - vectors[other]) == pytest.approx(expected, rel=1e-3)


def test_dimensions_that_the_training_set_does_not_have_are_zero() -> None:
    X, _ = made(6)
    vectors = Supervectors(n_components=3, n_dimensions=20, **SMALL).fit_transform(X)
    assert vectors.shape == (6, 20)
    assert not vectors[:, 5:].any()
    assert vectors[:, :5].any(axis=0).all()


def test_a_bag_counts_the_nearest_words_of_each_frame() -> None:
    X, _ = made(6)
    model = BagOfAudioWords(n_words=12, nearest=2, log=False, **SMALL).fit(X)
    values, bounds = model._standardised(X)
    distance = ((values[:, None] - model.words_) ** 2).sum(axis=2)
    near = np.argsort(distance, axis=1)[:, :2]
    own = near[bounds[3] : bounds[4]]
    expected = 100 * np.bincount(own.ravel(), minlength=12) / len(own)
    np.testing.assert_allclose(model.transform(X)[3], expected, rtol=1e-5)
    clustered = BagOfAudioWords(n_words=12, nearest=1, codebook="kmeans", **SMALL)
    assert clustered.fit_transform(X).shape == (6, 12)


def test_discriminant_axes_need_classes_and_are_one_fewer() -> None:
    X, y = made()
    model = IVectors(n_components=3, rank=5, lda=True, **SMALL)
    with pytest.raises(ValueError, match="needs classes"):
        model.fit(X)
    assert model.fit_transform(X, y).shape == (len(X), 1)


def test_i_vectors_have_one_length_about_the_mean_of_the_training_set() -> None:
    X, _ = made(60)
    vectors = IVectors(n_components=3, rank=5, **SMALL).fit_transform(X)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.sqrt(5), rtol=1e-5)
    assert np.abs(vectors.mean(axis=0)).max() < 0.5


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (FisherVectors(WIDTH, 4, cepstra=7), "7 cepstra cannot be computed from 6 bands"),
        (FisherVectors(WIDTH, 5000, cepstra=4), "5000 components need at least as many frames"),
        (FisherVectors(7, 4, cepstra=4), "do not hold frames of 7 values"),
        (Supervectors(WIDTH, 4, cepstra=4, relevance=0.0), "relevance is a number of frames"),
        (BagOfAudioWords(WIDTH, 5000, cepstra=4), "5000 words need at least as many frames"),
        (BagOfAudioWords(WIDTH, 10, cepstra=4, nearest=11), "nearest is from 1 to the 10 words"),
        (BagOfAudioWords(WIDTH, 10, cepstra=4, codebook="book"), "not 'book'"),
    ],
)
def test_what_cannot_be_is_refused(encoder: Encoder, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encoder.fit(made()[0])


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_are_looked_up_by_name_with_their_number(name: str) -> None:
    model = make_encoder(f"{name}:16", WIDTH, seed=3)
    assert (model.width, model.cepstra, model.random_state) == (WIDTH, WIDTH, 3)
    vectors = model.fit_transform(made()[0])
    assert vectors.shape == (24, model.dimension)
    assert model.get_feature_names_out()[12] == f"{name}_0012"
    assert make_encoder(name, 40).cepstra == 20


def test_unknown_encoders_and_numbers_are_refused_with_the_valid_ones() -> None:
    with pytest.raises(TaskError, match=r"did you mean 'fisher'\? valid: fisher, supervector, iv"):
        make_encoder("fischer", 40)
    for number in ("", "1", "-4", "many", "6.5"):
        with pytest.raises(TaskError, match=r"whole number above 1, such as bag:512"):
            make_encoder(f"bag:{number}", 40)
