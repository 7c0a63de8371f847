"""Errors in what joins several models: couplings of tasks, votes, stacking, fusion, tuning."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "predictions-of-rows-trained-on",
        "models/coupling/task_predictions.py",
        "        part = training.part(train)\n",
        "        part = training\n",
        "couplers are fitted on predictions for rows of the training set",
        (
            "tests/models/test_coupling.py::test_predictions_are_of_estimators_fitted_on_neither_the_row_nor_its_copies",
        ),
    ),
    Mutant(
        "pairs-of-one",
        "models/coupling/couplers.py",
        "cells = cells[count >= TOO_FEW]",
        "cells = cells[count > TOO_FEW]",
        "combinations of classes that two utterances have are not fitted",
        ("tests/models/test_coupling.py::test_a_combination_is_fitted_from_two_utterances_on",),
    ),
    Mutant(
        "joint-not-summed",
        "models/coupling/couplers.py",
        "joint @ np.eye(self.widths_[name])[self.cells_[:, position]]",
        "joint @ np.eye(self.widths_[name])[self.cells_[:, 0]]",
        "the second task has the first one's probabilities",
        (
            "tests/models/test_coupling.py::test_powerset_recovers_a_dependence_that_no_task_alone_can_see",
            "tests/models/test_coupling.py::test_combinations_that_training_lacks_have_probability_zero",
        ),
    ),
    Mutant(
        "stacked-without-weights",
        "models/coupling/couplers.py",
        "training_set = Training(X, part.y, part.sample_weight, part.speaker)",
        "training_set = Training(X, part.y, None, part.speaker)",
        "the stacked coupling drops sample weights",
        (
            "tests/models/test_coupling.py::test_the_last_models_of_the_stacked_coupling_are_weighted",
        ),
    ),
    Mutant(
        "vote-weights-ignored",
        "models/ensemble/voting.py",
        "mean = np.asarray(np.average(predictions, axis=0, weights=self.weights_)",
        "mean = np.asarray(np.average(predictions, axis=0)",
        "all members of a vote have equal weights",
        (
            "tests/models/test_parts.py::test_inner_weights_favour_the_informative_member",
            "tests/models/test_parts.py::test_an_equal_vote_is_the_mean_of_probabilities",
        ),
    ),
    Mutant(
        "members-weighed-on-training",
        "models/ensemble/vote_base.py",
        "fitted = [fit_routed(clone(m), rows_of(X, train), y[train], **part) for m in models]",
        "fitted = [self.members_[place] for place in places]",
        "members' weights come from rows that they were trained on",
        (
            "tests/models/test_parts.py::test_inner_weights_are_the_uar_over_chance_on_left_out_speakers",
        ),
    ),
    Mutant(
        "vote-calibrated-on-copies",
        "models/selection/left_out.py",
        "folds = inner_folds(strata, speaker, n_folds, random_state, provenance)",
        "folds = inner_folds(strata, speaker, n_folds, random_state, None)",
        "the power of a vote is estimated on augmented copies too",
        ("tests/models/test_vote_calibration.py::test_copies_are_not_calibrated_on",),
    ),
    Mutant(
        "stacked-weights-unbalanced",
        "models/ensemble/stacking.py",
        "= balanced_targets(targets, np.ones(rows) if weight is None else weight)",
        "= (np.ones(rows) if weight is None else weight), targets",
        "stacked weights are those of the largest class",
        ("tests/models/test_tuning.py::test_stacked_weights_have_the_largest_likelihood",),
    ),
    Mutant(
        "power-inverted",
        "models/ensemble/temperature.py",
        "return softmax(_logarithms(probabilities, even_share), power)",
        "return softmax(_logarithms(probabilities, even_share), 1 / power)",
        "underconfident votes become less confident",
        ("tests/models/test_vote_calibration.py::test_planted_confidence_is_brought_to_the_truth",),
    ),
    Mutant(
        "chance-weighs-something",
        "models/ensemble/voting.py",
        "return uar_of_targets(truth, predicted.argmax(axis=1)) - 1 / len(self.classes_)",
        "return uar_of_targets(truth, predicted.argmax(axis=1))",
        "a member that guesses weighs about as much as one that knows",
        ("tests/models/test_parts.py::test_inner_weights_favour_the_informative_member",),
    ),
    Mutant(
        "gate-not-sharpened",
        "models/fusion/gated_vote.py",
        "max(super()._above_chance(truth, predicted), 0.0) ** self.sharpness)",
        "max(super()._above_chance(truth, predicted), 0.0) * self.sharpness)",
        "the gate multiplies by the sharpness instead of raising to it",
        ("tests/models/test_fusion.py::test_the_gate_raises_what_a_vote_weighs_to_its_sharpness",),
    ),
    Mutant(
        "blocks-not-centred",
        "models/fusion/alignment.py",
        "centred = [part - mean for part, mean in zip(parts, self.means_, strict=True)]",
        "centred = list(parts)",
        "blocks are not centred before they are aligned",
        (
            "tests/models/test_fusion.py::test_the_first_direction_is_that_of_partial_least_squares_and_of_canonical_correlation",
        ),
    ),
    Mutant(
        "stacking-without-prior",
        "models/ensemble/stacking.py",
        "@ own_weight + 1.0",
        "@ own_weight",
        "few utterances give a member no weight at all",
        ("tests/models/test_tuning.py::test_stacked_weights_have_the_largest_likelihood",),
    ),
    Mutant(
        "worse-half-stays",
        "models/selection/tuning.py",
        "key=lambda place: -contest[place].score)",
        "key=lambda place: contest[place].score)",
        "the worse half of the settings stays in the contest (sign)",
        (
            "tests/models/test_tuning.py::test_worse_halves_are_discarded_and_the_estimators_own_setting_stays",
        ),
    ),
)
"""In the order couplings, votes, fusion, stacking, tuning."""
